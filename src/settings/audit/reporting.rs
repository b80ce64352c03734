// SPDX-License-Identifier: Apache-2.0
//! How an audit, or the sum of several, is reported.

use std::path::Path;

use super::duration;
use super::inputs::Inputs;
use super::reports::{reports, Report};
use crate::audit::controls::Control;
use crate::audit::entry::FindingKind;
use crate::audit::fail_on::{FailOn, Failure};
use crate::audit::format::ReportFormat;
use crate::cli::audit::report::{FailOnFlag, ReportOptions};
use crate::reason::Verdict;
use crate::settings::controls::controls;
use crate::settings::environment::Environment;
use crate::settings::verify::colour;
use crate::settings::UsageError;

/// How an audit is reported.
#[derive(Debug, Clone)]
pub struct Reporting {
    /// The report on standard output.
    pub format: ReportFormat,
    /// Reports that are written into files besides.
    pub files: Vec<Report>,
    /// Verdicts are coloured: the report goes to a terminal.
    pub colour: bool,
    /// Whether a person reads the report and the messages together, as text on one terminal: what it says of itself is not said
    /// once more then.
    pub is_beside_messages: bool,
    /// Columns of the terminal that the report is printed on.
    pub columns: Option<usize>,
    /// What makes the audit fail.
    pub fail_on: FailOn,
    /// Keys that expire in fewer seconds are told.
    pub warn_expiry: i64,
    /// The controls that the report has evidence for.
    pub controls: Vec<Control>,
}

impl Reporting {
    /// Validates the options. `resume`: the report that is gone on from.
    ///
    /// # Errors
    /// When one is malformed, a report is to take the place of a file that is read, or the installed table of controls cannot be used.
    pub(super) fn new(
        options: &ReportOptions,
        resume: Option<&Path>,
        inputs: &Inputs,
        environment: &Environment,
    ) -> Result<Self, UsageError> {
        let files = reports(&options.report, resume)?;
        inputs.refuse(&files)?;
        Ok(Self {
            format: options.format.output,
            files,
            colour: colour(options.colour.color, false, environment),
            is_beside_messages: options.format.output.is_for_people()
                && environment.terminal.stdout
                && environment.terminal.stderr,
            columns: environment.columns(),
            fail_on: match options.fail_on.as_slice() {
                [] => FailOn::default(),
                named => named.iter().copied().map(failure).collect(),
            },
            warn_expiry: match &options.warn_expiry {
                Some(text) => duration::seconds("--warn-expiry", text)?,
                None => duration::DEFAULT_EXPIRY,
            },
            controls: controls(environment)?,
        })
    }

    /// Whether there is a new report of JSON lines: such reports are gone on from, compared and added up.
    pub(super) fn has_lines(&self) -> bool {
        let mut formats = self.files.iter().map(|report| report.format).chain([self.format]);
        formats.any(|format| format == ReportFormat::Jsonl)
    }
}

fn failure(named: FailOnFlag) -> Failure {
    match named {
        FailOnFlag::Rejected => Failure::Verdict(Verdict::Rejected),
        FailOnFlag::Unsupported => Failure::Verdict(Verdict::Unsupported),
        FailOnFlag::Unsigned => Failure::Verdict(Verdict::Unsigned),
        FailOnFlag::Allowed => Failure::Verdict(Verdict::Allowed),
        FailOnFlag::Unchecked => Failure::Verdict(Verdict::Unchecked),
        FailOnFlag::Stale => Failure::Finding(FindingKind::Stale),
        FailOnFlag::Expiring => Failure::Finding(FindingKind::Expiring),
        FailOnFlag::Gap => Failure::Finding(FindingKind::Gap),
    }
}
