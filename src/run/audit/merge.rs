// SPDX-License-Identifier: Apache-2.0
//! `audit merge`

use std::io::BufReader;

use super::outputs::Outputs;
use crate::audit::merge::Merge;
use crate::audit::totals::Totals;
use crate::files::read::open_named;
use crate::report::console::{Console, Messages};
use crate::report::exit::Exit;
use crate::settings::audit::merge::Merge as Settings;
use crate::settings::UsageError;
use crate::text::safe;

/// Adds up the reports of all shards.
///
/// # Errors
/// When a report cannot be made.
pub(in crate::run) fn run(settings: &Settings, console: &mut Console<'_>) -> Result<Exit, UsageError> {
    let mut opened = Vec::new();
    let mut faults = Vec::new();
    for path in &settings.files {
        let name = path.display().to_string();
        match open_named(path) {
            Ok(file) => opened.push((name, BufReader::new(file))),
            Err(error) => faults.push(format!("{}: {error}", safe(&name))),
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
    let mut totals = Totals::new(reporting.fail_on.clone(), merge.head().started + reporting.warn_expiry);
    let mut outputs = Outputs::new(reporting, reporting.files.iter(), console.out)?;
    outputs.begin(merge.head());
    let mut tail = merge.each(&mut |entry| {
        totals.add(entry);
        outputs.entry(entry);
    });
    outputs.end(&mut tail, &totals, true);
    if !tail.incomplete.is_empty() {
        return Ok(complain(tail.incomplete, &mut console.err));
    }
    Ok(match (totals.images, totals.failing) {
        (0, _) => complain(vec!["there is no image in these reports".to_owned()], &mut console.err),
        (_, 0) => Exit::Success,
        _ => Exit::Negative,
    })
}

fn complain(faults: Vec<String>, stderr: &mut Messages<'_>) -> Exit {
    for fault in faults {
        stderr.error(fault);
    }
    Exit::Trouble
}
