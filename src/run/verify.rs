// SPDX-License-Identifier: Apache-2.0
//! `verify`: judges images, prints the verdicts and records them where that is asked for.

mod aside;
mod attach;
mod beside;
mod cluster;
mod cluster_policy;
mod files;
mod judged;
mod object;
mod places;
mod plan;
mod registry;
mod scope;

use self::aside::Aside;
use self::judged::Judged;
use self::places::Reach;
use self::registry::Tags;
use self::scope::Scope;
use super::cluster::SOURCE;
use super::elsewhere;
use super::held::HeldReports;
use super::judging::Judging;
use super::printer::Printer;
use crate::digest::Digest;
use crate::openpgp::framing::lost::no_message;
use crate::reason::{Reason, Refusal, Verdict};
use crate::reference::Reference;
use crate::report::console::{Console, Messages};
use crate::report::exit::Exit;
use crate::report::progress::Progress;
use crate::report::{ImageReport, RecordResult};
use crate::settings::images::Source;
use crate::settings::objects::Recording;
use crate::settings::requests::Requests;
use crate::settings::verify::{Verify, VerifyOutput};
use crate::settings::UsageError;
use crate::source::objects::ObjectFiles;
use crate::source::registry::Registries;
use crate::subject::Subject;
use crate::text::safe;
use crate::verdict::{IdentitySource, ImageOutcome};

/// Judges images one after the other, and records the verdicts where that is asked for.
///
/// # Errors
/// When a key file is of no use, or TLS cannot be set up.
pub fn run(settings: &Verify, console: &mut Console<'_>) -> Result<Exit, UsageError> {
    let mut session = cluster_policy::session(settings, &mut console.err)?;
    let criteria = cluster_policy::criteria(settings, session.as_mut());
    if let (Some(_), Some(session)) = (&settings.cluster_policy, &mut session) {
        session.tell_warnings(&mut console.err);
    }
    let criteria = match &criteria {
        Ok(criteria) => criteria,
        Err(refusal) => return Ok(refuse(settings, refusal, console)),
    };
    match &settings.source {
        Source::Objects { places, requests } => {
            // Read before gpg is started: how many objects there are decides whether the call makes sense.
            let files = ObjectFiles::open(places, settings.is_recursive);
            files::check_count(&files, requests, settings.digest.as_ref())?;
            if matches!(requests, Requests::Everything(_)) {
                files.parts().for_each(|part| console.err.warning(part));
            }
            Judging::check(criteria)?;
            let mut judging = Judging::new(criteria, settings.source.identities(), &mut console.err)?;
            judging.expect(requests.count().unwrap_or_else(|| files.count()));
            let scope = Scope::of(settings, Some(&files));
            Ok(judge(settings, judging, &scope, console, |run| {
                run.objects(&files, places, requests);
            }))
        }
        Source::Places {
            targets, registries, ..
        } => {
            let mut judging = match cluster_policy::judging(settings, criteria, &mut console.err)? {
                Ok(judging) => judging,
                Err(refusal) => return Ok(refuse(settings, &refusal, console)),
            };
            judging.expect(targets.len());
            let named = places::named(session.as_mut(), targets)?;
            let mut configuration = registries.as_deref().cloned();
            let mut own = None;
            if let (Some(wanted), Some(session), Some(configuration)) =
                (&settings.cluster_registry, &mut session, &mut configuration)
            {
                let (hosts, warning) = elsewhere::prepare(wanted, session, configuration);
                own = Some(hosts);
                if let Some(warning) = warning {
                    console.err.warning(warning);
                }
            }
            let new_registries = |configuration| Registries::new(configuration, settings.clock, no_message);
            let mut reach = Reach {
                session,
                named,
                registries: configuration.as_ref().map(new_registries),
                elsewhere: match (&settings.cluster_registry, &configuration, own) {
                    (Some(wanted), Some(configuration), Some(own)) => {
                        let registries = new_registries(configuration);
                        Some(elsewhere::Registry::new(wanted, configuration, registries, own))
                    }
                    _ => None,
                },
            };
            let scope = Scope::of(settings, None);
            Ok(judge(settings, judging, &scope, console, |run| {
                run.places(&mut reach, targets);
            }))
        }
        Source::Parts(parts) => {
            let judging = match cluster_policy::judging(settings, criteria, &mut console.err)? {
                Ok(judging) => judging,
                Err(refusal) => return Ok(refuse(settings, &refusal, console)),
            };
            let scope = Scope::of(settings, None);
            Ok(judge(settings, judging, &scope, console, |run| run.parts(parts)))
        }
    }
}

/// Judges no image, because the policy cannot be had.
fn refuse(settings: &Verify, refusal: &Refusal, console: &mut Console<'_>) -> Exit {
    let scope = Scope::of(settings, None);
    let judging = Judging::refusing(refusal.clone());
    judge(settings, judging, &scope, console, |run| run.refuse_all(refusal))
}

/// Does the work of a run, with what is printed before, beside and after it; the exit status comes back.
fn judge<'r>(
    settings: &'r Verify,
    judging: Judging<'r>,
    scope: &Scope,
    console: &mut Console<'_>,
    work: impl FnOnce(&mut Run<'_, '_>),
) -> Exit {
    let is_recording = settings.recording == Recording::Confirm;
    let progress = Progress::start(scope.images, settings.shows_progress, is_recording);
    let (mut out, mut stderr) = (progress.over(console.out), progress.over(console.err.stream()));
    let mut run = Run {
        settings,
        judging,
        printer: Printer::new(scope.appearance(settings), &mut out),
        progress: &progress,
        stderr: Messages::to(&mut stderr),
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
    stderr: Messages<'s>,
    aside: Aside,
    told_changes: bool,
    /// A change would record that a signature is not trusted.
    told_distrust: bool,
    /// Where verdicts are recorded in files, reports wait for what becomes of the records.
    held: HeldReports,
    /// Which of the signatures asked for some image carries.
    carried: Vec<bool>,
    any_not_found: bool,
    any_unverified: bool,
    /// Tags of registries that images were verified by.
    tags: Tags,
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

    fn tell(&mut self, line: &str) {
        self.stderr.tell(line);
    }

    /// Tells something beside the images: where they are a table, after it.
    fn put_aside(&mut self, tell: impl FnOnce(&mut Messages<'_>)) {
        let mut lines = Vec::new();
        tell(&mut Messages::to(&mut lines));
        self.aside.put(&mut self.stderr, &lines);
    }

    /// Names the changes that are made or would be, and prints the image.
    fn print(&mut self, judged: &Judged) {
        self.print_unless(judged, None);
    }

    /// [`Run::print`] where `refusal` may say why nothing of this object can be recorded.
    fn print_unless(&mut self, judged: &Judged, refusal: Option<&str>) {
        if judged.report.is_for_information() {
            return self.printer.inform(&judged.report);
        }
        self.any_not_found |= judged.report.outcome.reason() == Reason::NotFound;
        self.report(&judged.report);
        self.tell_record(judged, refusal);
    }

    /// Prints the report on an image, and counts it as judged.
    fn report(&mut self, report: &ImageReport) {
        if let Some(line) = self.beside(report) {
            self.tell(&line);
        }
        self.progress.judged(report.outcome.verdict());
        self.any_unverified |= report.outcome.verdict() != Verdict::Verified;
        self.printer.print(report);
    }

    /// What is told beside an image that is printed: names on standard output are those of verified images only, and the
    /// others must not go unsaid.
    fn beside(&self, report: &ImageReport) -> Option<String> {
        let outcome = &report.outcome;
        let is_unsaid = self.settings.output == VerifyOutput::Name && outcome.verdict() != Verdict::Verified;
        // One short line an image, like those on standard output; other formats have the message.
        is_unsaid.then(|| match outcome.verdict() {
            Verdict::Allowed => format!("{}: {}", safe(report.asked()), outcome.verdict()),
            verdict => format!("{}: {verdict}: {}", safe(report.asked()), outcome.reason()),
        })
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
            .judge(subject, identities, digest, no_signature, &mut self.stderr)
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
            attached: Vec::new(),
            recorded: RecordResult::No,
            recorded_signatures: vec![RecordResult::No; outcome.signatures().len()],
            outcome,
        })
    }
}
