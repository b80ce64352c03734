// SPDX-License-Identifier: Apache-2.0
//! A report in several formats at once: on standard output, and in files that appear when they are whole.

use std::io::{self, Write};
use std::path::PathBuf;

use crate::audit::entry::Entry;
use crate::audit::head::Head;
use crate::audit::tail::Tail;
use crate::audit::totals::Totals;
use crate::files::fresh::Fresh;
use crate::report::appearance::{room, width};
use crate::report::audit::renderer;
use crate::report::audit::renderer::{Look, ReportRenderer};
use crate::report::listing::Quiet;
use crate::settings::audit::reporting::Reporting;
use crate::settings::audit::Report;
use crate::settings::UsageError;
use crate::text::{io_message, safe};

/// All formats of a report.
pub(super) struct Outputs<'s> {
    out: &'s mut dyn Write,
    printed: Box<dyn ReportRenderer>,
    /// Why not everything was printed that is not the matter of standard output itself.
    trouble: Option<io::Error>,
    files: Vec<InFile>,
}

/// A report in a file, which appears when it is whole.
struct InFile {
    path: PathBuf,
    renderer: Box<dyn ReportRenderer>,
    /// Nothing once writing has failed.
    file: Result<Fresh, io::Error>,
}

impl InFile {
    fn write(&mut self, write: impl FnOnce(&mut dyn ReportRenderer, &mut dyn Write) -> io::Result<()>) {
        if let Ok(file) = &mut self.file {
            if let Err(error) = write(&mut *self.renderer, file) {
                self.file = Err(error);
            }
        }
    }
}

impl<'s> Outputs<'s> {
    /// Makes the files of these reports; nothing is printed yet.
    ///
    /// # Errors
    /// When one cannot be made.
    pub(super) fn new<'r>(
        reporting: &Reporting,
        reports: impl Iterator<Item = &'r Report>,
        out: &'s mut dyn Write,
    ) -> Result<Self, UsageError> {
        let look = |colour, width, room| Look {
            colour,
            width,
            room,
            fail_on: reporting.fail_on.clone(),
            controls: reporting.controls.clone(),
        };
        let mut files = Vec::new();
        for report in reports {
            let file = Fresh::create(&report.path).map_err(|error| {
                UsageError::new(format!(
                    "--report {}: it cannot be written: {}",
                    safe(&report.path.display().to_string()),
                    io_message(&error)
                ))
            })?;
            files.push(InFile {
                path: report.path.clone(),
                renderer: renderer(report.format, &look(false, width(None), room(None))),
                file: Ok(file),
            });
        }
        Ok(Self {
            out,
            printed: renderer(
                reporting.format,
                &look(reporting.colour, width(reporting.columns), room(reporting.columns)),
            ),
            trouble: None,
            files,
        })
    }

    /// Begins all of them.
    pub(super) fn begin(&mut self, head: &Head) {
        let begun = self.printed.begin(&mut Quiet(self.out), head);
        self.note(begun);
        for file in &mut self.files {
            file.write(|renderer, out| renderer.begin(out, head));
        }
    }

    /// Takes an image into all of them.
    pub(super) fn entry(&mut self, entry: &Entry) {
        let printed = self.printed.entry(&mut Quiet(self.out), entry);
        self.note(printed);
        for file in &mut self.files {
            file.write(|renderer, out| renderer.entry(out, entry));
        }
    }

    fn note(&mut self, printed: io::Result<()>) {
        if let Err(error) = printed {
            self.trouble.get_or_insert(error);
        }
    }

    /// Ends all of them. What could not be written is added to the reasons why the audit is not complete. Of a run that
    /// was interrupted no file takes its place.
    pub(super) fn end(&mut self, tail: &mut Tail, totals: &Totals, has_files: bool) {
        for mut file in std::mem::take(&mut self.files) {
            if !has_files {
                continue;
            }
            file.write(|renderer, out| renderer.end(out, tail, totals));
            if let Err(error) = file.file.and_then(Fresh::commit) {
                let path = safe(&file.path.display().to_string());
                tail.incomplete.push(format!("writing {path}: {}", io_message(&error)));
            }
        }
        let printed = self.printed.end(&mut Quiet(self.out), tail, totals);
        self.note(printed);
        if let Some(error) = self.trouble.take() {
            tail.incomplete
                .push(format!("storing the report temporarily: {}", io_message(&error)));
        }
        let _ = self.out.flush();
    }
}
