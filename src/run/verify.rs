// SPDX-License-Identifier: Apache-2.0
//! `verify`

mod aside;
mod attach;
mod cluster;
mod elsewhere;
mod files;
mod judged;
mod plan;
mod registry;
mod scope;

use std::io::Write;
use std::path::Path;

use self::aside::Aside;
use self::elsewhere::Elsewhere;
use self::judged::Judged;
use self::registry::Tags;
use self::scope::Scope;
use super::cluster::{Session, SOURCE};
use super::held::HeldReports;
use super::judging::Judging;
use super::printer::Printer;
use crate::cli;
use crate::digest::Digest;
use crate::image;
use crate::limits::MAX_SIGNATURES;
use crate::reason::{Reason, Refusal, Verdict};
use crate::reference::Reference;
use crate::report::progress::Progress;
use crate::report::{Format, ImageReport, Recorded};
use crate::settings::environment::Environment;
use crate::settings::objects::Recording;
use crate::settings::verify::{Bare, Source, Target, Verify};
use crate::settings::UsageError;
use crate::source::objects::{Loaded, ObjectFiles};
use crate::source::registry::signatures::places;
use crate::source::registry::Registries;
use crate::source::{directory, parts};
use crate::subject::{Answer, Content, ManifestState, SignatureBlob, SourceAnswer, SourceKind, Subject};
use crate::text::safe;
use crate::verdict::{IdentitySource, ImageOutcome, SignatureOutcome};

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
            let files = ObjectFiles::open(places, settings.is_recursive);
            files::check_count(&files, requests, settings.digest.as_ref())?;
            Some(files)
        }
        _ => None,
    };
    let mut session = match &settings.source {
        Source::Places {
            access: Some(access), ..
        } => Some(Session::new((**access).clone(), stderr)?),
        _ => None,
    };
    let judging = Judging::new(&settings.criteria, settings.identities(), stderr)?;
    let mut configuration = match &settings.source {
        Source::Places { registries, .. } => registries.as_deref().cloned(),
        _ => None,
    };
    let mut own = None;
    if let (Some(wanted), Some(session), Some(configuration)) =
        (&settings.cluster_registry, &mut session, &mut configuration)
    {
        let (hosts, warning) = elsewhere::prepare(wanted, session, configuration);
        own = Some(hosts);
        if let Some(warning) = warning {
            let _ = writeln!(stderr, "warning: {warning}");
        }
    }
    let new_registries = |configuration| Registries::new(configuration, environment.clock());
    let mut registries = configuration.as_ref().map(new_registries);
    let mut elsewhere = match (&settings.cluster_registry, &configuration, own) {
        (Some(wanted), Some(configuration), Some(own)) => {
            let registries = new_registries(configuration);
            Some(elsewhere::Registry::new(wanted, configuration, registries, own))
        }
        _ => None,
    };
    let scope = Scope::of(&settings, files.as_ref());
    let is_recording = settings.recording == Recording::Confirm;
    let progress = Progress::start(scope.images, settings.shows_progress, is_recording);
    let (mut out, mut stderr) = (progress.over(out), progress.over(stderr));
    let mut run = Run {
        settings: &settings,
        judging,
        printer: Printer::new(scope.appearance(&settings), &mut out),
        progress: &progress,
        stderr: &mut stderr,
        aside: Aside::new(scope.prints_table(&settings)),
        asked: None,
        identity_source: IdentitySource::User,
        told_changes: false,
        held: HeldReports::new(),
        carried: vec![false; settings.signatures.len()],
        any_not_found: false,
        tags: Tags::default(),
        instances: 0,
    };
    match (&settings.source, &files) {
        (Source::Objects { places, requests }, Some(files)) => run.objects(files, places, requests),
        (Source::Objects { .. }, None) => {}
        (Source::Places { targets, .. }, _) => {
            for wanted in targets {
                let identities = &wanted.identities;
                run.asked = Some(wanted.asked.clone());
                match (&wanted.target, &mut session) {
                    (Target::Directory(path), _) => run.directory(path, identities),
                    (Target::Cluster(name), Some(session)) => {
                        run.cluster_image(session, elsewhere.as_mut(), name, identities, targets.len() == 1);
                        session.tell_warnings(run.stderr);
                        for warning in elsewhere.iter_mut().flat_map(elsewhere::Registry::take_warnings) {
                            run.tell(&format!("warning: {warning}"));
                        }
                    }
                    (Target::Cluster(_), None) => {}
                    (Target::Registry(reference), _) => {
                        if let Some(registries) = &mut registries {
                            run.registry_image(registries, wanted, reference);
                        }
                    }
                }
            }
            run.asked = None;
            run.signatures_not_found(SOURCE);
        }
        (
            Source::Parts {
                image,
                signatures,
                identities,
            },
            _,
        ) => {
            let (source, subject) = match image {
                Bare::Manifest(manifest) => (
                    format!("file:{}", manifest.display()),
                    parts::read(manifest, signatures),
                ),
                Bare::Digest(digest) => {
                    run.tell("note: no manifest is given: the digest stands for it, and the signatures are checked for that digest");
                    let files: Vec<String> = signatures.iter().map(|file| file.display().to_string()).collect();
                    (
                        format!("file:{}", files.join(", ")),
                        Ok(parts::of_digest(digest, signatures)),
                    )
                }
            };
            run.subject(&source, &source, subject, identities);
        }
    }
    Ok(run.end())
}

/// A run in progress.
struct Run<'r, 's> {
    settings: &'r Verify,
    judging: Judging<'r>,
    printer: Printer<'s>,
    progress: &'r Progress,
    /// How the user named the image that is judged.
    asked: Option<String>,
    /// Who named what is expected of the image that is judged.
    identity_source: IdentitySource,
    stderr: &'s mut dyn Write,
    aside: Aside,
    told_changes: bool,
    /// Where verdicts are recorded in files, reports wait for what becomes of the records.
    held: HeldReports,
    /// Which of the signatures asked for some image carries.
    carried: Vec<bool>,
    any_not_found: bool,
    /// Tags of registries that images were verified by.
    tags: Tags,
    /// How many instances of the list that is judged were looked at.
    instances: usize,
}

impl<'s> Run<'_, 's> {
    fn end(&mut self) -> u8 {
        for warning in self.judging.take_warnings() {
            self.tell(&format!("warning: {warning}"));
        }
        let (status, trouble) = if self.settings.prints_document {
            self.printer.end_apart(self.stderr)
        } else {
            self.printer.end()
        };
        if let Some(trouble) = trouble {
            self.tell(&trouble);
        }
        self.aside.end(self.stderr);
        if let Some(warning) = self.tags.warning() {
            self.tell(&format!("warning: {warning}"));
        }
        if self.told_changes {
            let line = match self.settings.recording {
                Recording::Trial => {
                    "nothing was stored (server dry run); to record this, run the command again with --confirm"
                }
                _ => "nothing was written; to record this, run the command again with --confirm",
            };
            self.tell(line);
        }
        status
    }

    fn tell(&mut self, line: &str) {
        // There is nowhere else to tell that standard error is gone.
        let _ = writeln!(self.stderr, "{line}");
    }

    /// Names the changes that are made or would be, and prints the image.
    fn print(&mut self, judged: &Judged) {
        self.print_unless(judged, None);
    }

    /// [`Run::print`] where `refusal` may say why nothing of this object can be recorded.
    fn print_unless(&mut self, judged: &Judged, refusal: Option<&str>) {
        if judged.is_for_information() {
            return self.printer.inform(&judged.report);
        }
        self.any_not_found |= judged.report.outcome.reason() == Reason::NotFound;
        self.report(&judged.report);
        self.tell_record(judged, refusal);
    }

    /// Prints the image.
    fn report(&mut self, report: &ImageReport) {
        if let Some(line) = self.beside(report) {
            self.tell(&line);
        }
        self.progress.judged(report.outcome.verdict());
        self.printer.print(report);
    }

    /// What is told beside an image that is printed: names on standard output are those of verified images only, and the
    /// others must not go unsaid.
    fn beside(&self, report: &ImageReport) -> Option<String> {
        let outcome = &report.outcome;
        let is_unsaid = self.settings.format == Format::Name && outcome.verdict() != Verdict::Verified;
        // One short line an image, like those on standard output; other formats have the message.
        is_unsaid.then(|| format!("{}: {}: {}", safe(report.asked()), outcome.verdict(), outcome.reason()))
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
    fn signatures_not_found(&mut self, source: &str) {
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
            let refusal = Refusal::new(Reason::NotFound, message);
            let judged = self.refused(source, source, refusal, &[]);
            self.print(&judged);
        }
    }

    /// What is said of an image that carries none of the signatures asked for.
    fn carries_none(&self) -> Refusal {
        let wanted = self.settings.signatures.join(", ");
        Refusal::new(Reason::NotFound, format!("it carries no signature {}", safe(&wanted)))
    }

    /// Judges the chosen signatures of an object.
    fn judge_object(
        &mut self,
        loaded: &Loaded,
        chosen: &[usize],
        name: &str,
        source: &str,
        identities: &[Reference],
        elsewhere: Option<&Elsewhere>,
    ) -> Judged {
        let mut blobs: Vec<SignatureBlob> = chosen.iter().map(|n| blob(loaded, *n)).collect();
        let mut sources = Vec::new();
        if let Some(elsewhere) = elsewhere {
            sources.push(SourceAnswer {
                kind: SourceKind::Object,
                location: source.to_owned(),
                answer: if blobs.is_empty() {
                    Answer::Absent
                } else {
                    Answer::Found
                },
                signatures: blobs.len(),
                note: None,
            });
            sources.extend(elsewhere.sources.iter().cloned());
            add(&mut blobs, &elsewhere.signatures);
        }
        let mut attachable = Vec::new();
        let outcome = match loaded.image.digest() {
            Ok(digest) => match loaded.image.manifest_state(&digest) {
                Ok(manifest) => {
                    let served = elsewhere.and_then(|elsewhere| elsewhere.manifest.as_ref());
                    let manifest = match (manifest, served) {
                        (ManifestState::NotAtHand, Some(bytes)) => ManifestState::of_bytes(bytes, &digest),
                        (manifest, _) => manifest,
                    };
                    let mut absence = image::absence(&loaded.object);
                    if !sources.is_empty() {
                        absence = format!(" and in {}{absence}", places(&sources[1..]));
                    }
                    let subject = Subject {
                        manifest,
                        digest,
                        list: None,
                        signatures: blobs,
                        sources: sources.clone(),
                    };
                    let outcome = self.judge(&subject, source, &absence, identities);
                    attachable = attach::attachable(&outcome, &subject.signatures, chosen.len());
                    outcome
                }
                Err(refusal) => ImageOutcome::refused(refusal, Vec::new()),
            },
            // What is recorded on an object of no image must not stand either.
            Err(refusal) => {
                let signatures = blobs
                    .into_iter()
                    .map(|blob| SignatureOutcome::refused(blob.name, blob.content.kind(), refusal.clone(), None))
                    .collect();
                ImageOutcome::refused(refusal, signatures)
            }
        };
        let mut judged = self.judged(name, source, outcome, identities);
        judged.report.sources = sources;
        judged.attachable = attachable;
        judged
    }

    fn directory(&mut self, path: &Path, identities: &[Reference]) {
        let source = format!("dir:{}", path.display());
        self.subject(&source, &source, directory::read(path), identities);
    }

    fn subject(&mut self, name: &str, source: &str, subject: Result<Subject, Refusal>, identities: &[Reference]) {
        let judged = match subject {
            Ok(subject) => {
                let outcome = self.judge(&subject, source, "", identities);
                let mut judged = self.judged(subject.digest.as_str(), source, outcome, identities);
                judged.report.sources = subject.sources;
                judged
            }
            Err(refusal) => self.refused(name, source, refusal, identities),
        };
        self.print(&judged);
    }

    /// `absence` is what to know where there is no signature.
    fn judge(&mut self, subject: &Subject, source: &str, absence: &str, identities: &[Reference]) -> ImageOutcome {
        let place = if source == SOURCE { "the cluster" } else { source };
        let no_signature = format!("there is no signature in {}{absence}", safe(place));
        self.judge_expecting(subject, identities, self.settings.digest.clone(), &no_signature)
    }

    /// `digest` is the one that the image must have, `no_signature` what to say where there is no signature.
    fn judge_expecting(
        &mut self,
        subject: &Subject,
        identities: &[Reference],
        digest: Option<Digest>,
        no_signature: &str,
    ) -> ImageOutcome {
        self.judging
            .judge(subject, identities, digest, no_signature, self.stderr)
    }

    fn refused(&self, name: &str, source: &str, refusal: Refusal, identities: &[Reference]) -> Judged {
        self.judged(name, source, ImageOutcome::refused(refusal, Vec::new()), identities)
    }

    fn judged(&self, name: &str, source: &str, outcome: ImageOutcome, identities: &[Reference]) -> Judged {
        Judged::new(ImageReport {
            image: name.to_owned(),
            requested: self.asked.clone().filter(|asked| asked != name),
            source: source.to_owned(),
            expected: identities.to_vec(),
            identity_source: self.identity_source,
            registry: None,
            sources: Vec::new(),
            recorded: Recorded::No,
            recorded_signatures: vec![Recorded::No; outcome.signatures().len()],
            outcome,
        })
    }
}

/// Adds signatures that were found elsewhere and are not on the object.
fn add(blobs: &mut Vec<SignatureBlob>, found: &[SignatureBlob]) {
    for blob in found {
        let is_there = blobs.iter().any(|own| match (&own.content, &blob.content) {
            (Content::Gpg(Ok(own)), Content::Gpg(Ok(found))) => own == found,
            _ => false,
        });
        if is_there {
            continue;
        }
        let mut blob = blob.clone();
        if blobs.len() >= MAX_SIGNATURES {
            let refusal = image::too_many(blobs.len());
            blob.content = blob.content.refused(refusal);
        }
        blobs.push(blob);
    }
}

fn blob(loaded: &Loaded, index: usize) -> SignatureBlob {
    let signature = &loaded.image.signatures[index];
    SignatureBlob {
        name: signature.name.clone(),
        content: Content::Gpg(signature.content.clone()),
    }
}
