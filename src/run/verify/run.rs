// SPDX-License-Identifier: Apache-2.0
//! A run of `verify`: what is printed before, beside and after its images.

use super::aside::Aside;
use super::judged::Judged;
use super::scope::Scope;
use super::tags::Tags;
use crate::digest::Digest;
use crate::reason::{Reason, Refusal, Verdict};
use crate::reference::Reference;
use crate::report::console::{Console, Messages};
use crate::report::exit::Exit;
use crate::report::progress::Progress;
use crate::report::{ImageReport, RecordResult};
use crate::run::cluster::SOURCE;
use crate::run::held::HeldReports;
use crate::run::judging::Judging;
use crate::run::printer::Printer;
use crate::settings::objects::Recording;
use crate::settings::verify::Verify;
use crate::subject::Subject;
use crate::text::safe;
use crate::verdict::{IdentitySource, ImageOutcome};

/// Does the work of a run, with what is printed before, beside and after it; the exit status comes back.
pub(super) fn judge<'r>(
    settings: &'r Verify,
    judging: Judging<'r>,
    scope: &Scope,
    console: &mut Console<'_>,
    work: impl FnOnce(&mut Run<'_, '_>),
) -> Exit {
    let is_recording = settings.recording == Recording::Confirm;
    let progress = Progress::start(scope.images, settings.shows_progress, is_recording);
    let width = console.err.width();
    let (mut out, mut stderr) = (progress.over(console.out), progress.over(console.err.stream()));
    let mut run = Run {
        settings,
        judging,
        printer: Printer::new(scope.appearance(settings), &mut out),
        progress: &progress,
        stderr: Messages::to(&mut stderr).within(width),
        aside: Aside::new(scope.prints_table(settings)),
        asked: None,
        identity_source: IdentitySource::User,
        told_changes: false,
        told_distrust: false,
        held: HeldReports::new(),
        carried: vec![false; settings.signatures.len()],
        any_not_found: false,
        any_unverified: false,
        tags: Tags::default(),
    };
    work(&mut run);
    run.end()
}

/// The state of a run, from the first image to the last line.
pub(super) struct Run<'r, 's> {
    pub(super) settings: &'r Verify,
    pub(super) judging: Judging<'r>,
    pub(super) printer: Printer<'s>,
    pub(super) progress: &'r Progress,
    /// How the user named the image that is judged.
    pub(super) asked: Option<String>,
    /// Who named what is expected of the image that is judged.
    pub(super) identity_source: IdentitySource,
    pub(super) stderr: Messages<'s>,
    pub(super) aside: Aside,
    pub(super) told_changes: bool,
    /// A change would record that a signature is not trusted.
    pub(super) told_distrust: bool,
    /// Where verdicts are recorded in files, reports wait for what becomes of the records.
    pub(super) held: HeldReports,
    /// Which of the signatures asked for some image carries.
    pub(super) carried: Vec<bool>,
    pub(super) any_not_found: bool,
    pub(super) any_unverified: bool,
    /// Tags of registries that images were verified by.
    pub(super) tags: Tags,
}

impl<'s> Run<'_, 's> {
    fn end(&mut self) -> Exit {
        for warning in self.judging.take_warnings() {
            self.stderr.warning(warning);
        }
        let (status, trouble) = if self.settings.prints_document {
            self.printer.end_apart(self.stderr.stream())
        } else {
            self.printer.end()
        };
        if let Some(trouble) = trouble {
            self.stderr.error(trouble);
        }
        self.aside.end(&mut self.stderr);
        if self.any_unverified && self.settings.names_explain {
            self.stderr
                .note("--explain shows each check with the values compared, and what to do next");
        }
        if let Some(warning) = self.tags.warning() {
            self.stderr.warning(warning);
        }
        if self.told_changes {
            let done = match self.settings.recording {
                Recording::Trial => "nothing was stored (server dry run)",
                _ => "nothing was written",
            };
            let too = match self.told_distrust {
                true => "; rejections are recorded too",
                false => "",
            };
            let how = self.settings.to_write;
            self.tell(&format!("{done}; to record this, run the command again {how}{too}"));
        }
        status
    }

    pub(super) fn tell(&mut self, line: &str) {
        self.stderr.tell(line);
    }

    /// Tells something beside the images: where they are a table, after it.
    pub(super) fn put_aside(&mut self, tell: impl FnOnce(&mut Messages<'_>)) {
        let mut lines = Vec::new();
        tell(&mut Messages::to(&mut lines));
        self.aside.put(&mut self.stderr, &lines);
    }

    /// Names the changes that are made or would be, and prints the image.
    pub(super) fn print(&mut self, judged: &Judged) {
        self.print_unless(judged, None);
    }

    /// [`Run::print`] where `refusal` may say why nothing of this object can be recorded.
    pub(super) fn print_unless(&mut self, judged: &Judged, refusal: Option<&str>) {
        if judged.report.is_for_information() {
            return self.printer.inform(&judged.report);
        }
        self.any_not_found |= judged.report.outcome.reason() == Reason::NotFound;
        self.report(&judged.report);
        self.tell_record(judged, refusal);
    }

    /// Prints the report on an image, and counts it as judged.
    pub(super) fn report(&mut self, report: &ImageReport) {
        if let Some(line) = self.beside(report) {
            self.tell(&line);
        }
        self.progress.judged(report.outcome.verdict());
        self.any_unverified |= report.outcome.verdict() != Verdict::Verified;
        self.printer.print(report);
    }

    /// What is told beside an image that is printed: names on standard output are those of verified images only, and the
    /// others must not go unsaid.
    pub(super) fn beside(&self, report: &ImageReport) -> Option<String> {
        let outcome = &report.outcome;
        let is_unsaid = self.settings.output.is_of_verified() && outcome.verdict() != Verdict::Verified;
        // One short line an image, like those on standard output; other formats have the message.
        is_unsaid.then(|| match outcome.verdict() {
            Verdict::Allowed => format!("{}: {}", safe(&report.title()), outcome.verdict()),
            verdict => format!("{}: {verdict}: {}", safe(&report.title()), outcome.reason()),
        })
    }

    pub(super) fn subject(
        &mut self,
        name: &str,
        source: &str,
        subject: Result<Subject, Refusal>,
        identities: &[Reference],
    ) {
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
    pub(super) fn judge(
        &mut self,
        subject: &Subject,
        source: &str,
        absence: &str,
        identities: &[Reference],
    ) -> ImageOutcome {
        let place = if source == SOURCE { "the cluster" } else { source };
        let no_signature = format!("there is no signature in {}{absence}", safe(place));
        self.judge_expecting(subject, identities, self.settings.digest.clone(), &no_signature)
    }

    /// `digest` is the one that the image must have, `no_signature` what to say where there is no signature.
    pub(super) fn judge_expecting(
        &mut self,
        subject: &Subject,
        identities: &[Reference],
        digest: Option<Digest>,
        no_signature: &str,
    ) -> ImageOutcome {
        self.judging
            .judge(subject, identities, digest, no_signature, &mut self.stderr)
    }

    pub(super) fn refused(&self, name: &str, source: &str, refusal: Refusal, identities: &[Reference]) -> Judged {
        self.judged(name, source, ImageOutcome::refused(refusal, Vec::new()), identities)
    }

    pub(super) fn judged(&self, name: &str, source: &str, outcome: ImageOutcome, identities: &[Reference]) -> Judged {
        Judged::new(ImageReport {
            image: name.to_owned(),
            requested: self.asked.clone().filter(|asked| asked != name),
            source: source.to_owned(),
            expected: identities.to_vec(),
            identity_source: self.identity_source,
            registry: None,
            sources: Vec::new(),
            attached: Vec::new(),
            recorded: RecordResult::No,
            recorded_signatures: vec![RecordResult::No; outcome.signatures().len()],
            outcome,
        })
    }
}
