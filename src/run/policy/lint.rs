// SPDX-License-Identifier: Apache-2.0
//! `policy lint`: finds what cannot work, or may mean something else than was meant.

use std::path::PathBuf;

use super::load::{load, tell_left_out, Failure};
use super::{lint_keys, lint_machine, mirror_sets};
use crate::policy::finding::{Code, Finding, Severity};
use crate::policy::lint;
use crate::policy::place::Place;
use crate::policy::rulebook::Spot;
use crate::report::console::Console;
use crate::report::exit::Exit;
use crate::report::policy_lint::{write_json, write_text};
use crate::run::documents::Documents as _;
use crate::settings::policy::Lint;
use crate::settings::UsageError;

/// Says what is wrong with a policy.
///
/// # Errors
/// When a file cannot be read.
pub(super) fn run(settings: &Lint, console: &mut Console<'_>) -> Result<Exit, UsageError> {
    let mut trouble = Vec::new();
    let mut files: Vec<PathBuf> = settings.ground.files.clone();
    let mut left_out = Vec::new();
    let mut findings = match load(&settings.ground, &mut console.err) {
        Ok(book) => {
            tell_left_out(&book, &mut console.err);
            left_out.clone_from(&book.combined.left_out);
            files = book.sources.iter().map(|source| source.file.clone()).collect();
            let mirrors = mirror_sets::Mirrored::of(&book, settings);
            let mut findings = lint::of(&book, &|own| mirrors.of_repository(own));
            findings.extend(lint_keys::of(&book, &settings.ground, &mut trouble));
            findings.extend(lint_machine::of(&book, settings));
            let not_looked_at = match (settings.checks_conf, settings.checks_stores) {
                (true, true) => None,
                (true, false) => Some("registries.d was not looked at; name it with --registries.d"),
                (false, true) => Some("registries.conf was not looked at; name it with --registries-conf"),
                (false, false) => Some(
                    "registries.conf and registries.d were not looked at; name them with --registries-conf and --registries.d",
                ),
            };
            if let Some(what) = not_looked_at {
                console.err.note(what);
            }
            findings
        }
        // That a file breaks its format is what is looked for here.
        Err(Failure::Broken(broken)) => {
            let spot = Spot {
                file: broken.file,
                place: Place {
                    line: broken.error.line,
                    column: broken.error.column,
                },
                path: broken.error.path,
            };
            vec![Finding::new(Code::InvalidPolicy, Some(spot), broken.error.what)]
        }
        Err(failure) => return failure.tell("policy lint", settings.output.syntax(), console),
    };
    findings.sort_by_key(|finding| {
        let spot = finding.spot.as_ref();
        (
            spot.is_none(),
            spot.map(|spot| (spot.file.clone(), spot.place)),
            finding.code,
        )
    });
    findings.dedup();
    trouble.dedup();
    for line in &trouble {
        console.err.error(line);
    }
    // Failures are told at the end: see report::output.
    let _ = match settings.output.syntax() {
        None => write_text(console.out, &findings, &files, &left_out, &trouble),
        Some(syntax) => write_json(console.out, &findings, &files, &trouble, syntax),
    };
    // A note is something to know, and true of what distributions ship.
    let is_alarm = findings.iter().any(|finding| finding.severity != Severity::Note);
    Ok(match (trouble.is_empty(), is_alarm) {
        (false, _) => Exit::Trouble,
        (true, true) => Exit::Negative,
        (true, false) => Exit::Success,
    })
}
