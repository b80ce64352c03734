// SPDX-License-Identifier: Apache-2.0
//! `audit merge`: makes one report of the reports on the parts of an inventory.

use std::io::BufReader;

use super::lines::images;
use super::outputs::Outputs;
use crate::audit::merge::Merge;
use crate::audit::totals::Totals;
use crate::files::read::open_named;
use crate::report::console::{Console, Messages};
use crate::report::exit::Exit;
use crate::report::progress::Progress;
use crate::settings::audit::merge::Merging;
use crate::settings::UsageError;
use crate::text::{cut, io_message, safe, sentence};

/// Adds up the reports of all shards.
///
/// # Errors
/// When a report cannot be made.
pub(in crate::run) fn run(settings: &Merging, console: &mut Console<'_>) -> Result<Exit, UsageError> {
    let mut opened = Vec::new();
    let mut faults = Vec::new();
    let mut total = Some(0);
    for path in &settings.files {
        let name = path.display().to_string();
        match open_named(path).and_then(|mut file| Ok((images(&mut file)?, file))) {
            Ok((images, file)) => {
                total = total.zip(images).map(|(known, more)| u64::saturating_add(known, more));
                opened.push((name, BufReader::new(file)));
            }
            Err(error) => faults.push(format!("{}: {}", safe(&name), io_message(&error))),
        }
    }
    let merge = match Merge::new(opened) {
        Ok(merge) if faults.is_empty() => merge,
        Ok(_) => return Ok(complain(faults, &mut console.err)),
        Err(others) => {
            faults.extend(others);
            return Ok(complain(faults, &mut console.err));
        }
    };
    let reporting = &settings.reporting;
    let total = total.and_then(|total| usize::try_from(total).ok()).unwrap_or(0);
    let progress = Progress::reading(total, settings.shows_progress);
    let width = console.err.width();
    let (mut out, mut stderr) = (progress.over(console.out), progress.over(console.err.stream()));
    let mut stderr = Messages::to(&mut stderr).within(width);
    let mut totals = Totals::new(reporting.fail_on.clone(), merge.head().started + reporting.warn_expiry);
    let mut outputs = Outputs::new(reporting, reporting.files.iter(), &mut out)?;
    outputs.begin(merge.head());
    let mut tail = merge.each(&mut |entry| {
        totals.add(entry);
        outputs.entry(entry);
        progress.judged(entry.verdict);
    });
    outputs.end(&mut tail, &totals, true);
    if !tail.incomplete.is_empty() && reporting.is_beside_messages {
        return Ok(Exit::Trouble);
    }
    if !tail.incomplete.is_empty() {
        return Ok(complain(tail.incomplete, &mut stderr));
    }
    Ok(match (totals.images, totals.failing) {
        (0, _) => complain(vec!["there is no image in these reports".to_owned()], &mut stderr),
        (_, 0) => Exit::Success,
        _ => Exit::Negative,
    })
}

/// Most characters that are told of one reason.
const MAX_REASON: usize = 4096;

/// Says why there is no sum. What reports say of themselves may be by anybody.
fn complain(faults: Vec<String>, stderr: &mut Messages<'_>) -> Exit {
    for fault in faults {
        stderr.error(cut(sentence(&fault), MAX_REASON));
    }
    Exit::Trouble
}
