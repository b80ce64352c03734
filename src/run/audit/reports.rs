// SPDX-License-Identifier: Apache-2.0
//! The reports of a run: on standard output, in files, and the one of JSON lines that another run can go on from.

use std::io::{self, Write};
use std::path::PathBuf;

use super::lines::{Known, LinesFile, Unfinished};
use crate::audit::entry::Entry;
use crate::audit::format::Format;
use crate::audit::head::Head;
use crate::audit::tail::Tail;
use crate::audit::totals::Totals;
use crate::files::fresh::Fresh;
use crate::report::appearance::{width, WIDTH};
use crate::report::audit::renderer;
use crate::report::audit::renderer::{Look, Renderer};
use crate::settings::audit::Audit;
use crate::settings::UsageError;
use crate::text::safe;

/// All reports of a run.
pub(super) struct Reports<'s> {
    out: &'s mut dyn Write,
    printed: Box<dyn Renderer>,
    /// Why not everything was printed that is not the matter of standard output itself.
    trouble: Option<io::Error>,
    files: Vec<InFile>,
    lines: Option<LinesFile>,
}

/// A report in a file, which appears when it is whole.
struct InFile {
    path: PathBuf,
    renderer: Box<dyn Renderer>,
    /// Nothing once writing has failed.
    file: Result<Fresh, io::Error>,
}

impl InFile {
    fn write(&mut self, write: impl FnOnce(&mut dyn Renderer, &mut dyn Write) -> io::Result<()>) {
        if let Ok(file) = &mut self.file {
            if let Err(error) = write(&mut *self.renderer, file) {
                self.file = Err(error);
            }
        }
    }
}

impl<'s> Reports<'s> {
    /// Begins all reports. What the one that is gone on from has is handed to `take`, and is known.
    ///
    /// # Errors
    /// When one cannot be begun or gone on from.
    pub(super) fn begin(
        settings: &Audit,
        head: &Head,
        out: &'s mut dyn Write,
        totals: &mut Totals,
    ) -> Result<(Self, Known), UsageError> {
        // Whatever cannot be gone on from is told before anything is made.
        let unfinished = settings
            .resume
            .as_ref()
            .map(|path| Unfinished::open(path, head, settings.uid))
            .transpose()?;
        let begun = unfinished.as_ref().map(|unfinished| unfinished.head.clone());
        let head = begun.as_ref().unwrap_or(head);
        let mut files = Vec::new();
        for report in settings.reports.iter().filter(|report| report.format != Format::Jsonl) {
            let look = Look {
                colour: false,
                width: WIDTH,
                fail_on: settings.fail_on.clone(),
                controls: settings.controls.clone(),
            };
            let file = Fresh::create(&report.path).map_err(|error| {
                UsageError::new(format!(
                    "--report {}: it cannot be written: {error}",
                    safe(&report.path.display().to_string())
                ))
            })?;
            files.push(InFile {
                path: report.path.clone(),
                renderer: renderer(report.format, &look),
                file: Ok(file),
            });
        }
        let jsonl = settings.reports.iter().find(|report| report.format == Format::Jsonl);
        let lines = match (&unfinished, jsonl) {
            (None, Some(report)) => Some(LinesFile::create(&report.path, head)?),
            _ => None,
        };
        // From here on nothing can be wrong with the call.
        let look = Look {
            colour: settings.colour,
            width: width(settings.columns),
            fail_on: settings.fail_on.clone(),
            controls: settings.controls.clone(),
        };
        let mut reports = Self {
            out,
            printed: renderer(settings.format, &look),
            trouble: None,
            files,
            lines,
        };
        let begun = reports.printed.begin(&mut Quiet(reports.out), head);
        reports.note(begun);
        for file in &mut reports.files {
            file.write(|renderer, out| renderer.begin(out, head));
        }
        let mut known = Known::default();
        if let Some(unfinished) = unfinished {
            let (lines, images) = unfinished.go_on(&mut |entry| {
                totals.add(&entry);
                reports.put(&entry);
            })?;
            reports.lines = Some(lines);
            known = images;
        }
        Ok((reports, known))
    }

    /// Takes an image into all reports.
    pub(super) fn entry(&mut self, entry: &Entry) {
        if let Some(lines) = &mut self.lines {
            lines.put(entry);
        }
        self.put(entry);
    }

    fn put(&mut self, entry: &Entry) {
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

    /// Ends all reports. What could not be written is added to the reasons why the audit is not complete. Of a run that
    /// was interrupted no file takes its place but that of JSON lines.
    pub(super) fn end(&mut self, tail: &mut Tail, totals: &Totals) {
        let mut troubles = Vec::new();
        if let Some(lines) = &mut self.lines {
            lines.put(tail);
            troubles.extend(lines.trouble());
        }
        for mut file in std::mem::take(&mut self.files) {
            if tail.interrupted {
                continue;
            }
            file.write(|renderer, out| renderer.end(out, tail, totals));
            if let Err(error) = file.file.and_then(Fresh::commit) {
                troubles.push(format!("writing {}: {error}", safe(&file.path.display().to_string())));
            }
        }
        tail.incomplete.extend(troubles);
        let printed = self.printed.end(&mut Quiet(self.out), tail, totals);
        self.note(printed);
        if let Some(error) = self.trouble.take() {
            tail.incomplete.push(format!("keeping the report: {error}"));
        }
        let _ = self.out.flush();
    }
}

/// Standard output, whose failures are told at the end of the run: see [`crate::report::output`].
struct Quiet<'o>(&'o mut dyn Write);

impl Write for Quiet<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let _ = self.0.write_all(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let _ = self.0.flush();
        Ok(())
    }
}
