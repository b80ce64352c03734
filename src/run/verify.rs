// SPDX-License-Identifier: Apache-2.0
//! `verify`

use std::io::{self, Write};
use std::path::Path;

use super::engine;
use super::objects::{self as session, Edits, Selected};
use super::printer::Printer;
use crate::cli;
use crate::edit::SignatureEdit;
use crate::judge::{judge_image, EngineOrTrouble};
use crate::record::{self, Plan};
use crate::reference::Reference;
use crate::report::{ImageReport, Recorded};
use crate::settings::environment::Environment;
use crate::settings::requests::Requests;
use crate::settings::verify::{Recording, Source, Verify};
use crate::settings::UsageError;
use crate::source::objects::{Loaded, ObjectFiles, Place, Position};
use crate::source::{directory, parts, Blob, Subject};
use crate::text::safe;
use crate::verdict::reason::{Reason, Refusal, Verdict};
use crate::verdict::{Expectation, IdentitySource, ImageOutcome, SignatureOutcome};

/// Judges images one after the other, and records the verdicts where that is asked for.
///
/// # Errors
/// When the options are wrong or a key file is of no use.
pub fn run(
    options: &cli::verify::Verify,
    environment: &Environment,
    out: &mut dyn Write,
    stderr: &mut dyn Write,
) -> Result<u8, UsageError> {
    let settings = Verify::new(options, environment)?;
    // Read before gpg is started: how many objects there are decides whether the call makes sense.
    let files = match &settings.source {
        Source::Objects { places, requests } => {
            let files = ObjectFiles::open(places);
            check_identity_count(&files, requests)?;
            Some(files)
        }
        _ => None,
    };
    let engine = engine::set_up(&settings.keys, stderr)?;
    let mut run = Run {
        settings: &settings,
        engine,
        printer: Printer::new(settings.format, out),
        stderr,
        told_changes: false,
        held: Vec::new(),
        edits: Edits::new(),
        carried: vec![false; settings.signatures.len()],
        any_not_found: false,
    };
    match (&settings.source, &files) {
        (Source::Objects { places, requests }, Some(files)) => run.objects(files, places, requests),
        (Source::Objects { .. }, None) => {}
        (Source::Directories(directories), _) => {
            for (path, identities) in directories {
                run.directory(path, identities);
            }
        }
        (
            Source::Parts {
                manifest,
                signatures,
                identities,
            },
            _,
        ) => {
            let source = format!("file:{}", manifest.display());
            let subject = parts::read(manifest, signatures);
            run.subject(&source, &source, subject, identities);
        }
    }
    Ok(run.end())
}

/// Several identities for several images would make any of them good enough for each.
fn check_identity_count(files: &ObjectFiles, requests: &Requests) -> Result<(), UsageError> {
    match requests {
        Requests::Everything(identities) if identities.len() > 1 && files.positions().count() > 1 => {
            Err(UsageError::new(
                "several expected identities and several objects in the files: write IMAGE=REF for each, or use --images-from",
            ))
        }
        _ => Ok(()),
    }
}

/// An image that was judged, and which object its record belongs to.
struct Judged {
    report: ImageReport,
    position: Option<Position>,
    /// Changes that would be or are recorded, in words.
    changes: Vec<String>,
}

/// A run in progress.
struct Run<'r, 's> {
    settings: &'r Verify,
    engine: EngineOrTrouble,
    printer: Printer<'s>,
    stderr: &'s mut dyn Write,
    told_changes: bool,
    /// Where verdicts are recorded, reports wait for what becomes of the records.
    held: Vec<Judged>,
    edits: Edits,
    /// Which of the signatures asked for some image carries.
    carried: Vec<bool>,
    any_not_found: bool,
}

impl<'s> Run<'_, 's> {
    fn end(&mut self) -> u8 {
        if self.told_changes {
            self.tell("nothing was written; to record this, run the command again with --confirm");
        }
        self.printer.end()
    }

    fn tell(&mut self, line: &str) {
        // There is nowhere else to tell that standard error is gone.
        let _ = writeln!(self.stderr, "{line}");
    }

    /// Takes an image that was judged: prints it, with what recording would change, or holds it until that is done.
    fn take(&mut self, judged: Judged) {
        self.any_not_found |= judged.report.outcome.reason() == Reason::NotFound;
        if self.settings.recording == Recording::Confirm {
            self.held.push(judged);
            return;
        }
        for change in &judged.changes {
            self.tell(change);
            self.told_changes = true;
        }
        self.printer.print(&judged.report);
    }

    fn objects(&mut self, files: &ObjectFiles, places: &[Place], requests: &Requests) {
        let names: Option<Vec<String>> = match requests {
            Requests::Everything(_) => None,
            Requests::Named(requests) => Some(requests.iter().map(|r| r.image.to_string()).collect()),
        };
        for selected in session::select(files, names.as_deref(), places) {
            let identities = match requests {
                Requests::Everything(identities) => identities,
                Requests::Named(requests) => &requests[selected.request].identities,
            };
            self.object(files, &selected, identities, names.is_some());
        }
        self.signatures_not_found();
        if self.settings.recording == Recording::Confirm {
            self.record(files);
        }
    }

    fn object(&mut self, files: &ObjectFiles, selected: &Selected, identities: &[Reference], by_name: bool) {
        let (name, source) = (&selected.name, &selected.source);
        let position = match &selected.found {
            Ok(position) => *position,
            Err(refusal) => return self.refuse(name, source, refusal.clone(), identities),
        };
        let loaded = match files.load(position) {
            Ok(loaded) => loaded,
            Err(refusal) => return self.refuse(name, source, refusal, identities),
        };
        let chosen = self.choose(&loaded);
        if !self.settings.signatures.is_empty() && chosen.is_empty() {
            // Of all objects, those without the signature are none of the user's business.
            if by_name {
                let wanted = self.settings.signatures.join(", ");
                let refusal = Refusal::new(Reason::NotFound, format!("it carries no signature {}", safe(&wanted)));
                self.refuse(name, source, refusal, identities);
            }
            return;
        }
        let blobs: Vec<Blob> = chosen.iter().map(|n| blob(&loaded, *n)).collect();
        let outcome = match loaded.image.digest() {
            Ok(digest) => {
                let subject = Subject {
                    manifest: loaded.image.manifest_state(&digest),
                    digest,
                    signatures: blobs,
                };
                self.judge(&subject, source, identities)
            }
            // What is recorded on an object of no image must not stand either.
            Err(refusal) => {
                let signatures = blobs
                    .into_iter()
                    .map(|blob| SignatureOutcome::refused(blob.name, refusal.clone(), None))
                    .collect();
                ImageOutcome::refused(refusal, signatures)
            }
        };
        let mut judged = self.judged(name, source, outcome, identities);
        self.plan(files, position, &loaded, &chosen, &mut judged);
        self.take(judged);
    }

    /// Which signatures of an object are to be judged.
    fn choose(&mut self, loaded: &Loaded) -> Vec<usize> {
        let wanted = &self.settings.signatures;
        let all = loaded.image.signatures.iter().enumerate();
        if wanted.is_empty() {
            return all.map(|(n, _)| n).collect();
        }
        let mut chosen = Vec::new();
        for (n, signature) in all {
            for (carried, name) in self.carried.iter_mut().zip(wanted) {
                if signature.is_named(name) {
                    *carried = true;
                    chosen.push(n);
                }
            }
        }
        chosen.dedup();
        chosen
    }

    /// Signatures that no image carries are not found.
    fn signatures_not_found(&mut self) {
        let missing: Vec<String> = self
            .settings
            .signatures
            .iter()
            .zip(&self.carried)
            .filter(|(_, carried)| !**carried)
            .map(|(name, _)| safe(name))
            .collect();
        if !missing.is_empty() && !self.any_not_found {
            let message = format!("no image carries a signature {}", missing.join(", "));
            self.refuse("", "file", Refusal::new(Reason::NotFound, message), &[]);
        }
    }

    /// Works out what is to be recorded about an object.
    fn plan(
        &mut self,
        files: &ObjectFiles,
        position: Position,
        loaded: &Loaded,
        chosen: &[usize],
        judged: &mut Judged,
    ) {
        let outcome = &judged.report.outcome;
        let not_asked_for = self
            .settings
            .digest
            .as_ref()
            .is_some_and(|d| loaded.image.name != d.as_str());
        // Nothing is recorded about an image that is not the one asked for.
        if not_asked_for {
            return;
        }
        let mut context = self.settings.record.clone();
        context.expected.clone_from(&judged.report.expected);
        let confirm = self.settings.recording == Recording::Confirm;
        let mut edits = Vec::new();
        let mut recorded = Vec::new();
        for (index, signature) in chosen.iter().zip(outcome.signatures()) {
            let plan = record::plan(&loaded.object["signatures"][*index], signature, outcome, &context);
            recorded.push(match plan {
                Plan::Untouched if signature.verdict() == Verdict::Unchecked => Recorded::No,
                Plan::Untouched => Recorded::Unchanged,
                Plan::Kept => {
                    let name = safe(signature.name());
                    judged.changes.push(format!(
                        "{name}: kept as it is recorded: trusted for the reference that it is signed for"
                    ));
                    Recorded::Kept
                }
                Plan::Write { changes, summary } => {
                    judged.changes.push(format!("{}: {summary}", safe(signature.name())));
                    edits.push(SignatureEdit { index: *index, changes });
                    Recorded::Yes
                }
            });
        }
        if !confirm {
            return;
        }
        judged.report.recorded = if recorded.contains(&Recorded::Yes) {
            Recorded::Yes
        } else if recorded.iter().all(|r| *r == Recorded::No) {
            Recorded::No
        } else {
            Recorded::Unchanged
        };
        judged.report.recorded_signatures = recorded;
        judged.position = Some(position);
        if files.entry(position).is_read_only() {
            judged.fail();
        } else {
            session::add(&mut self.edits, position, edits);
        }
    }

    /// Writes what was worked out, then prints: to standard error where the document itself goes to standard output.
    fn record(&mut self, files: &ObjectFiles) {
        let mut nowhere = io::sink();
        let stdout: &mut dyn Write = match (self.settings.prints_document, &mut self.printer.out) {
            (true, Some(out)) => *out,
            _ => &mut nowhere,
        };
        let failed = session::write_back(files, &self.edits, stdout);
        for message in failed.values() {
            self.tell(&format!("error: {message}"));
        }
        for mut judged in std::mem::take(&mut self.held) {
            if let Some(position) = judged.position {
                if files.entry(position).is_read_only() {
                    self.tell(&format!(
                        "error: {}: the object is only a view of the image; records are written to Image objects",
                        safe(&judged.report.image)
                    ));
                } else if failed.contains_key(&position.0) && judged.report.recorded == Recorded::Yes {
                    judged.fail();
                }
            }
            if self.settings.prints_document {
                let text = self.printer.render_apart(&judged.report);
                self.tell(text.trim_end());
            } else {
                self.printer.print(&judged.report);
            }
        }
    }

    fn directory(&mut self, path: &Path, identities: &[Reference]) {
        let source = format!("dir:{}", path.display());
        self.subject(&source, &source, directory::read(path), identities);
    }

    fn subject(&mut self, name: &str, source: &str, subject: Result<Subject, Refusal>, identities: &[Reference]) {
        match subject {
            Ok(subject) => {
                let outcome = self.judge(&subject, source, identities);
                let judged = self.judged(subject.digest.as_str(), source, outcome, identities);
                self.take(judged);
            }
            Err(refusal) => self.refuse(name, source, refusal, identities),
        }
    }

    fn judge(&mut self, subject: &Subject, source: &str, identities: &[Reference]) -> ImageOutcome {
        let expectation = Expectation {
            identities: identities.to_vec(),
            rule: self.settings.rule.clone(),
            digest: self.settings.digest.clone(),
            require: self.settings.require,
        };
        let no_signature = format!("there is no signature in {}", safe(source));
        judge_image(&mut self.engine, subject, &expectation, &no_signature)
    }

    fn refuse(&mut self, name: &str, source: &str, refusal: Refusal, identities: &[Reference]) {
        let judged = self.judged(name, source, ImageOutcome::refused(refusal, Vec::new()), identities);
        self.take(judged);
    }

    fn judged(&self, name: &str, source: &str, outcome: ImageOutcome, identities: &[Reference]) -> Judged {
        Judged {
            report: ImageReport {
                image: name.to_owned(),
                source: source.to_owned(),
                expected: identities.to_vec(),
                identity_source: IdentitySource::User,
                recorded: Recorded::No,
                recorded_signatures: vec![Recorded::No; outcome.signatures().len()],
                outcome,
            },
            position: None,
            changes: Vec::new(),
        }
    }
}

impl Judged {
    /// What was to be written is not.
    fn fail(&mut self) {
        self.report.recorded = Recorded::Failed;
        for recorded in &mut self.report.recorded_signatures {
            if *recorded == Recorded::Yes {
                *recorded = Recorded::Failed;
            }
        }
    }
}

fn blob(loaded: &Loaded, index: usize) -> Blob {
    let signature = &loaded.image.signatures[index];
    Blob {
        name: signature.name.clone(),
        content: signature.content.clone(),
    }
}
