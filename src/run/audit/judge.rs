// SPDX-License-Identifier: Apache-2.0
//! Judging one image, on a thread of its own: keys, gpg and homes are this thread's alone.

use crate::openpgp::framing::lost::no_message;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::Arc;

use super::job::{Done, Job, What};
use super::judged::{has_failed, refused, Judged};
use super::mirrors::Mirrors;
use super::registries::Lookups;
use crate::image;
use crate::reason::{Reason, Refusal};
use crate::reference::Reference;
use crate::report::console::Messages;
use crate::run::elsewhere::Sought;
use crate::run::judging::Judging;
use crate::run::manifests::{Manifest, Manifests, Place, Spent};
use crate::run::planning::Author;
use crate::settings::audit::{Audit, Images};
use crate::settings::UsageError;
use crate::source::directory::Directory;
use crate::source::objects::Loaded;
use crate::source::registry::Registries;
use crate::subject::instances::is_list;
use crate::subject::{Content, SignatureBlob, Subject};
use crate::text::safe;
use crate::verdict::ImageOutcome;

/// After how many failures in a row gpg and its homes are not set up anew any more.
const MAX_FAILURES: usize = 3;

/// Judges images, one after the other.
pub(super) struct Judge<'s> {
    pub(super) settings: &'s Audit,
    pub(super) judging: Judging<'s>,
    /// How registries are reached, if an image is in one.
    registries: Option<Registries<'s>>,
    /// Who records, or why that is not known; safe to print.
    pub(super) author: Result<Author, String>,
    failures: usize,
    /// Compares what mirrors have, where that is asked for.
    pub(super) mirrors: Option<Mirrors<'s>>,
    /// Asks registries for images of a cluster, where that is asked for.
    pub(super) lookups: Option<Arc<Lookups<'s>>>,
    /// Why no image can be judged, if none can.
    trouble: Option<Refusal>,
}

/// So many. What a user should know of the keys is told once. Where there is `trouble`, they refuse every image.
///
/// # Errors
/// When a key file is of no use.
pub(super) fn judges<'s>(
    settings: &'s Audit,
    count: usize,
    trouble: Option<&Refusal>,
    stderr: &mut Messages<'_>,
) -> Result<Vec<Judge<'s>>, UsageError> {
    if trouble.is_none() {
        Judging::check(&settings.criteria)?;
    }
    let mut judges = Vec::with_capacity(count);
    for number in 0..count {
        let mut nowhere = std::io::sink();
        let mut tell = if number == 0 {
            stderr.lend()
        } else {
            Messages::to(&mut nowhere)
        };
        let judging = match trouble {
            Some(refusal) => Judging::refusing(refusal.clone()),
            None => Judging::new(&settings.criteria, std::iter::empty(), &mut tell)?,
        };
        judges.push(Judge {
            settings,
            judging,
            registries: match &settings.images {
                Images::Places { registries, .. } | Images::Cluster { registries, .. } => registries
                    .as_ref()
                    .map(|configuration| Registries::new(configuration, settings.clock, no_message)),
                Images::Files { .. } => None,
            },
            author: Ok(Author::default()),
            failures: 0,
            mirrors: None,
            lookups: None,
            trouble: trouble.cloned(),
        });
    }
    Ok(judges)
}

impl<'s> Judge<'s> {
    /// Says that it will be given about so many images.
    pub(super) fn expect(&mut self, images: usize) {
        self.judging.expect(images);
    }

    /// Compares what mirrors have of each image from now on.
    pub(super) fn comparing(&mut self, mirrors: Mirrors<'s>) {
        self.mirrors = Some(mirrors);
    }

    /// Asks registries for images of a cluster from now on.
    pub(super) fn looking(&mut self, lookups: &Arc<Lookups<'s>>) {
        self.lookups = Some(Arc::clone(lookups));
    }

    /// Says who records, for what is worked out from now on.
    pub(super) fn recording_for(&mut self, author: &Result<Author, Refusal>) {
        self.author = match author {
            Ok(author) => Ok(author.again()),
            Err(refusal) => Err(refusal.message.clone()),
        };
    }

    /// Judges images, one after the other.
    pub(super) fn jobs(&mut self, jobs: Vec<Job>) -> Vec<Done> {
        if jobs.len() > 1 {
            self.prepare(&jobs);
        }
        jobs.into_iter().map(|job| self.job(job)).collect()
    }

    /// Has signatures looked at together that are about to be judged.
    fn prepare(&mut self, jobs: &[Job]) {
        let objects = jobs
            .iter()
            .filter(|job| !job.expected.identities.is_empty())
            .filter_map(|job| match &job.what {
                What::Object(object) => Some(&object.loaded.image),
                _ => None,
            });
        let contents = objects.flat_map(|image| &image.signatures).map(|own| &own.content);
        let blobs = contents.filter_map(|content| content.as_deref().ok());
        let prepared = catch_unwind(AssertUnwindSafe(|| self.judging.prepare(blobs)));
        if prepared.is_err() {
            self.renew();
        }
    }

    /// Judges an image. Whatever happens, something comes of it.
    fn job(&mut self, mut job: Job) -> Done {
        let mut told = Vec::new();
        let judged = self.judged(&mut job, &mut Messages::to(&mut told));
        self.conclude(job, &judged, told)
    }

    /// What an image is. Whatever happens, something comes of it.
    pub(super) fn judged(&mut self, job: &mut Job, told: &mut Messages<'_>) -> Judged {
        let judged = catch_unwind(AssertUnwindSafe(|| self.attempt(job, told)));
        judged.unwrap_or_else(|_| {
            self.renew();
            let what = "the thread that judged it ended because of a fault in this program; what it was doing is printed above";
            ImageOutcome::refused(Refusal::new(Reason::EngineFailed, what), Vec::new()).into()
        })
    }

    /// Judges an image, and once more with everything set up anew where gpg has failed: what keeps it from answering may
    /// be over, and a gpgme that was waited for in vain is of no more use.
    fn attempt(&mut self, job: &mut Job, told: &mut Messages<'_>) -> Judged {
        if let Some(refusal) = &self.trouble {
            return ImageOutcome::refused(refusal.clone(), Vec::new()).into();
        }
        let judged = self.judge(job, told);
        if !has_failed(judged.outcome()) {
            self.failures = 0;
            return judged;
        }
        self.failures += 1;
        if self.failures > MAX_FAILURES || !self.renew() {
            return judged;
        }
        log::info!("{}: gpg has failed; it is set up again", safe(&job.image));
        self.judge(job, told)
    }

    /// Sets everything up anew; tells whether that succeeded.
    fn renew(&mut self) -> bool {
        match Judging::new(
            &self.settings.criteria,
            std::iter::empty(),
            &mut Messages::to(&mut std::io::sink()),
        ) {
            Ok(judging) => {
                self.judging = judging;
                true
            }
            Err(error) => {
                log::warn!("setting up gpg again: {error}");
                false
            }
        }
    }

    fn judge(&mut self, job: &mut Job, told: &mut Messages<'_>) -> Judged {
        match &job.what {
            What::Nothing(refusal) => ImageOutcome::refused(refusal.clone(), Vec::new()).into(),
            What::Directory(path) => match Directory::open(path) {
                Ok(directory) if is_list(&directory.manifest) => {
                    whole(&mut self.judging, Place::Directory(&directory), job, told)
                }
                Ok(directory) => {
                    let subject = directory.subject();
                    let mut judged = self.subject(&subject, job, "", told);
                    judged.digest = Some(subject.digest.to_string());
                    judged
                }
                Err(refusal) => ImageOutcome::refused(refusal, Vec::new()).into(),
            },
            What::Registry(reference) => self.registry(reference, job, told),
            What::Absent(refusal, places) => self.absent(refusal, places, job, told),
            What::Found(refusal, found) => self.found(refusal, found, job, told),
            What::Object(object) => self.object(&object.loaded, job, told),
        }
    }

    fn registry(&mut self, reference: &Reference, job: &Job, told: &mut Messages<'_>) -> Judged {
        let Some(registries) = &mut self.registries else {
            let what = "there is no configuration of registries";
            return ImageOutcome::refused(Refusal::new(Reason::SourceUnavailable, what), Vec::new()).into();
        };
        let judged = match registries.resolve(reference) {
            Ok(taken) => whole(&mut self.judging, Place::Registry(registries, &taken), job, told),
            Err(refusal) => ImageOutcome::refused(refusal, Vec::new()).into(),
        };
        for warning in registries.take_warnings() {
            told.warning(warning);
        }
        judged
    }

    pub(super) fn object(&mut self, loaded: &Loaded, job: &Job, told: &mut Messages<'_>) -> Judged {
        let image = &loaded.image;
        let signatures = image.signatures.iter().map(|signature| SignatureBlob {
            name: signature.name.clone(),
            content: Content::Gpg(signature.content.clone()),
        });
        let mut signatures: Vec<SignatureBlob> = signatures.collect();
        // What is recorded on an object of no image must not stand either.
        let digest = match image.digest() {
            Ok(digest) => digest,
            Err(refusal) => return refused(refusal, &signatures).into(),
        };
        let looked_up = self.elsewhere(Sought::object(loaded), &digest, job, told);
        let elsewhere = job.aside.clone().and(looked_up);
        let mut absence = image::absence(&loaded.object);
        let mut sources = Vec::new();
        if !elsewhere.is_nothing() {
            sources = elsewhere.sources(&job.source, signatures.len());
            elsewhere.add_to(&mut signatures);
            absence = format!("{}{absence}", elsewhere.places());
        }
        match image.manifest_state(&digest) {
            Ok(manifest) => {
                let subject = Subject {
                    manifest: elsewhere.manifest_state(manifest, &digest),
                    digest,
                    lists: Vec::new(),
                    signatures,
                    is_object_alone: !elsewhere.looked_in_registries(),
                    sources,
                };
                let mut judged = self.subject(&subject, job, &absence, told);
                judged.as_recorded = self.as_recorded(loaded, &subject, job, &judged.first, told);
                judged
            }
            Err(refusal) => ImageOutcome::refused(refusal, Vec::new()).into(),
        }
    }
}

/// Judges what is in a place, a list that is not signed itself by its instances.
fn whole(judging: &mut Judging<'_>, place: Place<'_, '_>, job: &Job, told: &mut Messages<'_>) -> Judged {
    let (bytes, digest) = place.whole();
    let name = Some(digest.to_string());
    if job.expected.identities.is_empty() {
        return Judged {
            digest: name.filter(|_| matches!(place, Place::Directory(_))),
            ..ImageOutcome::refused(job.refusal(), Vec::new()).into()
        };
    }
    let manifest = Manifest {
        bytes,
        digest: digest.clone(),
        list: None,
        depth: 0,
    };
    let mut manifests = Manifests {
        judging,
        place,
        digest: None,
        stderr: told.lend(),
        spent: &mut Spent::default(),
    };
    let mut findings = manifests.manifest(&job.expected.identities, &manifest);
    Judged {
        digest: name,
        instances: findings.take_inner(),
        sources: findings.sources,
        ..findings.outcome.into()
    }
}
