// SPDX-License-Identifier: Apache-2.0
//! `verify`

use std::io::Write;
use std::path::Path;

use super::{engine, NEGATIVE, SUCCESS, TROUBLE};
use crate::cli;
use crate::judge::{judge_image, EngineOrTrouble};
use crate::reference::Reference;
use crate::report::{renderer, ImageReport, Recorded, Renderer, Summary};
use crate::settings::environment::Environment;
use crate::settings::requests::{ImageName, Requests};
use crate::settings::verify::{Source, Verify};
use crate::settings::UsageError;
use crate::source::objects::{self, ObjectFiles, Place, Position};
use crate::source::{directory, parts, Subject};
use crate::text::safe;
use crate::verdict::reason::{Reason, Refusal};
use crate::verdict::{Expectation, IdentitySource, ImageOutcome};

/// Judges images one after the other.
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
    let objects = match &settings.source {
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
        renderer: renderer(settings.format, Box::new(out)),
        summary: Summary::default(),
    };
    match (&settings.source, &objects) {
        (Source::Objects { requests, .. }, Some(files)) => run.objects(files, requests),
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
        (Source::Objects { .. }, None) => {}
    }
    // Output never fails: see report::output.
    let _ = run.renderer.end(&run.summary);
    Ok(exit_status(&run.summary))
}

/// The exit status of a run with these verdicts. Nothing judged is no success.
fn exit_status(summary: &Summary) -> u8 {
    let Summary {
        verified,
        rejected,
        unsupported,
        unsigned,
        allowed,
        unchecked,
    } = *summary;
    if unchecked > 0 {
        TROUBLE
    } else if rejected + unsupported + unsigned + allowed > 0 {
        NEGATIVE
    } else if verified > 0 {
        SUCCESS
    } else {
        TROUBLE
    }
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

/// A run in progress.
struct Run<'r> {
    settings: &'r Verify,
    engine: EngineOrTrouble,
    renderer: Box<dyn Renderer + 'r>,
    summary: Summary,
}

impl Run<'_> {
    fn objects(&mut self, files: &ObjectFiles, requests: &Requests) {
        for unreadable in &files.unreadable {
            let place = source_of(&unreadable.place);
            self.refuse(&place, &place, unreadable.refusal.clone(), &[]);
        }
        match requests {
            Requests::Everything(identities) => {
                let mut any = !files.unreadable.is_empty();
                for position in files.positions() {
                    self.object(files, position, identities);
                    any = true;
                }
                if !any {
                    let places: Vec<String> = match &self.settings.source {
                        Source::Objects { places, .. } => places.iter().map(ToString::to_string).collect(),
                        _ => Vec::new(),
                    };
                    let places = places.join(", ");
                    let refusal = Refusal::new(Reason::NotFound, format!("there is no image in {places}"));
                    self.refuse("", &format!("file:{places}"), refusal, identities);
                }
            }
            Requests::Named(requests) => {
                for request in requests {
                    let ImageName::Object(name) = &request.image else {
                        continue;
                    };
                    let positions = files.find(name);
                    if positions.is_empty() {
                        let refusal =
                            Refusal::new(Reason::NotFound, format!("no object {} is in the files", safe(name)));
                        self.refuse(name, "file", refusal, &request.identities);
                    }
                    // Of objects that stand there twice, one is enough to say so.
                    for position in positions.into_iter().take(1) {
                        self.object(files, position, &request.identities);
                    }
                }
            }
        }
    }

    fn object(&mut self, files: &ObjectFiles, position: Position, identities: &[Reference]) {
        let entry = files.entry(position);
        let source = source_of(files.place(position));
        let name = match entry.image_name() {
            "" => source.clone(),
            name => name.to_owned(),
        };
        let twins = files.twins(position);
        if let Some(twin) = twins.first() {
            let refusal = Refusal::new(
                Reason::SourceUnavailable,
                format!(
                    "the object stands there {} times, in {} and {}: nobody can tell which one is meant",
                    twins.len() + 1,
                    files.place(position),
                    files.place(*twin)
                ),
            );
            self.refuse(&name, &source, refusal, identities);
            return;
        }
        let subject = files.load(position).and_then(objects::subject);
        self.subject(&name, &source, subject, identities);
    }

    fn directory(&mut self, path: &Path, identities: &[Reference]) {
        let source = format!("dir:{}", path.display());
        self.subject(&source, &source, directory::read(path), identities);
    }

    fn subject(&mut self, name: &str, source: &str, subject: Result<Subject, Refusal>, identities: &[Reference]) {
        let subject = match subject {
            Ok(subject) => subject,
            Err(refusal) => return self.refuse(name, source, refusal, identities),
        };
        let expectation = Expectation {
            identities: identities.to_vec(),
            rule: self.settings.rule.clone(),
            digest: self.settings.digest.clone(),
            require: self.settings.require,
        };
        let no_signature = format!("there is no signature in {}", safe(source));
        let outcome = judge_image(&mut self.engine, &subject, &expectation, &no_signature);
        self.report(subject.digest.as_str(), source, outcome, identities);
    }

    fn refuse(&mut self, name: &str, source: &str, refusal: Refusal, identities: &[Reference]) {
        self.report(name, source, ImageOutcome::refused(refusal, Vec::new()), identities);
    }

    fn report(&mut self, name: &str, source: &str, outcome: ImageOutcome, identities: &[Reference]) {
        self.summary.add(outcome.verdict());
        let report = ImageReport {
            image: name.to_owned(),
            source: source.to_owned(),
            expected: identities.to_vec(),
            identity_source: IdentitySource::User,
            recorded: Recorded::No,
            recorded_signatures: vec![Recorded::No; outcome.signatures().len()],
            outcome,
        };
        // Output never fails: see report::output.
        let _ = self.renderer.image(&report);
    }
}

fn source_of(place: &Place) -> String {
    format!("file:{place}")
}
