// SPDX-License-Identifier: Apache-2.0
//! Images of registries: one manifest, or a list of them with instances for platforms.

use super::{Judged, Run};
use crate::digest::Digest;
use crate::limits::MAX_INSTANCES;
use crate::manifest::list::{self, Entry};
use crate::reason::{Reason, Refusal, Verdict};
use crate::reference::Reference;
use crate::registry::registries_conf::Location;
use crate::report::{signatures, InRegistry, Instance};
use crate::settings::image_name::short_name;
use crate::settings::images::Wanted;
use crate::settings::platforms::Platforms;
use crate::source::registry::{Registries, Taken};
use crate::subject::{ManifestState, NamingList, SourceAnswer, Subject};
use crate::text::safe;
use crate::verdict::{IdentitySource, ImageOutcome};

/// How deep lists may stand in lists: an instance may be a list, whose instances may not.
const MAX_DEPTH: usize = 1;

/// A manifest to be judged.
struct Manifest<'m> {
    bytes: &'m [u8],
    digest: Digest,
    /// The list that names it.
    list: Option<NamingList>,
    /// In how many lists it stands.
    depth: usize,
}

/// What is found out about a manifest and its instances.
struct Findings {
    outcome: ImageOutcome,
    sources: Vec<SourceAnswer>,
    instances: Vec<Instance>,
    left_out: Vec<String>,
}

impl From<Refusal> for Findings {
    fn from(refusal: Refusal) -> Self {
        Self {
            outcome: ImageOutcome::refused(refusal, Vec::new()),
            sources: Vec::new(),
            instances: Vec::new(),
            left_out: Vec::new(),
        }
    }
}

impl Run<'_, '_> {
    /// Judges what a reference stands for.
    pub(super) fn registry_image(&mut self, registries: &mut Registries<'_>, wanted: &Wanted, reference: &Reference) {
        if let Some(warning) = short_name(&wanted.asked, reference) {
            self.tell(&format!("warning: {warning}"));
        }
        match registries.resolve(reference) {
            Ok(taken) => {
                for why in &taken.passed_over {
                    self.tell(&format!("note: not taken from there: {why}"));
                }
                self.taken(registries, wanted, &taken);
            }
            Err(refusal) => {
                let source = format!("docker://{reference}");
                let mut judged = self.refused(&source, &source, refusal, &wanted.identities);
                judged.report.identity_source = source_of(wanted);
                self.print(&judged);
            }
        }
        for warning in registries.take_warnings() {
            self.tell(&format!("warning: {warning}"));
        }
    }

    fn taken(&mut self, registries: &mut Registries<'_>, wanted: &Wanted, taken: &Taken) {
        let whole = Manifest {
            bytes: &taken.bytes,
            digest: taken.digest.clone(),
            list: None,
            depth: 0,
        };
        self.instances = 0;
        let platforms = &self.settings.platforms;
        if matches!(platforms, Platforms::Default) || !list::is_list(&taken.bytes) {
            if let Platforms::One(platform) = platforms {
                self.tell(&format!(
                    "note: {} is a single manifest, not a list: --platform {platform} chooses nothing",
                    safe(&wanted.asked)
                ));
            }
            let findings = self.manifest(registries, wanted, taken, &whole);
            return self.print_found(wanted, taken, &taken.digest, findings, None, true);
        }
        let own = self.own(registries, wanted, taken, &whole);
        let entries = match list::entries(&taken.bytes) {
            Ok(entries) => entries,
            Err(what) => {
                let findings = Findings::from(malformed(&what));
                return self.print_found(wanted, taken, &taken.digest, findings, None, true);
            }
        };
        let (left_out, instances): (Vec<Entry>, Vec<Entry>) =
            entries.into_iter().partition(|entry| entry.is_attestation);
        let chosen: Vec<Entry> = match platforms {
            Platforms::One(platform) => list::choose(&instances, platform).cloned().into_iter().collect(),
            _ => instances.clone(),
        };
        let whole = Findings {
            left_out: named(&left_out),
            ..own
        };
        let counts = self.settings.require_list || chosen.is_empty() && matches!(platforms, Platforms::All);
        let missing = match platforms {
            Platforms::One(platform) if chosen.is_empty() => Some(platform.clone()),
            _ => None,
        };
        self.print_found(wanted, taken, &taken.digest, whole, None, counts);
        for entry in &chosen {
            let findings = self.instance(registries, wanted, taken, &taken.bytes, entry, 1);
            self.print_found(wanted, taken, &entry.digest, findings, Some(entry.platform()), true);
        }
        if let Some(platform) = missing {
            let there: Vec<String> = instances.iter().map(Entry::platform).collect();
            let there = if there.is_empty() {
                "none".to_owned()
            } else {
                there.join(", ")
            };
            let message = format!("the list has no instance for {platform}; it has: {there}");
            let findings = Findings::from(Refusal::new(Reason::NotFound, message));
            self.print_found(wanted, taken, &taken.digest, findings, Some(platform.to_string()), true);
        }
    }

    /// An instance of a list, by its own bytes.
    fn instance(
        &mut self,
        registries: &mut Registries<'_>,
        wanted: &Wanted,
        taken: &Taken,
        list: &[u8],
        entry: &Entry,
        depth: usize,
    ) -> Findings {
        // Lists in lists multiply, and each instance costs several requests.
        self.instances += 1;
        if self.instances > MAX_INSTANCES {
            let message = format!("the list has more than {MAX_INSTANCES} instances; the others are not looked at");
            return Refusal::new(Reason::ManifestUnavailable, message).into();
        }
        match registries.instance(taken, &entry.digest) {
            Ok(bytes) => {
                // The digest by which signatures name it, whatever the algorithm of the list's entry.
                let digest = Digest::of_manifest(&bytes).unwrap_or_else(|_| entry.digest.clone());
                let manifest = Manifest {
                    bytes: &bytes,
                    list: NamingList::of_bytes(list, &digest),
                    digest,
                    depth,
                };
                self.manifest(registries, wanted, taken, &manifest)
            }
            Err(refusal) => refusal.into(),
        }
    }

    /// A manifest; a list that is not signed itself is what its instances are.
    fn manifest(
        &mut self,
        registries: &mut Registries<'_>,
        wanted: &Wanted,
        taken: &Taken,
        manifest: &Manifest<'_>,
    ) -> Findings {
        let is_list = list::is_list(manifest.bytes);
        if is_list && manifest.depth > MAX_DEPTH {
            return Refusal::new(
                Reason::UnsupportedSignature,
                "it is a list in a list in a list, which is not looked into",
            )
            .into();
        }
        let own = self.own(registries, wanted, taken, manifest);
        // Instances do not make a list of another digest the image that was asked for.
        let is_other = self
            .digest_asked_for(taken, manifest)
            .is_some_and(|digest| digest != manifest.digest);
        if !is_list || is_other || own.outcome.reason() == Reason::Verified {
            return own;
        }
        let entries = match list::entries(manifest.bytes) {
            Ok(entries) => entries,
            Err(what) => return malformed(&what).into(),
        };
        let (left_out, entries): (Vec<Entry>, Vec<Entry>) = entries.into_iter().partition(|entry| entry.is_attestation);
        // Instances vouch for their list, so by no digest that is not the list's.
        let is_of_list = |digest: &Digest| digest.names(&manifest.digest) || digest.names(&taken.digest);
        let mut wanted = wanted.clone();
        wanted
            .identities
            .retain(|identity| identity.digest().is_none_or(is_of_list));
        if wanted.identities.is_empty() {
            let message = format!(
                "this image is the list {}, and every expected identity has another digest",
                manifest.digest
            );
            return Findings {
                outcome: ImageOutcome::refused(
                    Refusal::new(Reason::DigestMismatch, message),
                    own.outcome.signatures().to_vec(),
                ),
                ..own
            };
        }
        let mut instances = Vec::new();
        let mut outcomes = Vec::new();
        for entry in &entries {
            let findings = self.instance(registries, &wanted, taken, manifest.bytes, entry, manifest.depth + 1);
            instances.push(Instance {
                image: entry.digest.to_string(),
                platform: entry.platform(),
                outcome: findings.outcome.clone(),
            });
            outcomes.push((format!("{} ({})", entry.platform(), entry.digest), findings.outcome));
        }
        Findings {
            outcome: ImageOutcome::of_list(own.outcome, &outcomes),
            sources: own.sources,
            instances,
            left_out: named(&left_out),
        }
    }

    /// The digest that a manifest must have; the one that is asked for may be that of the list.
    fn digest_asked_for(&self, taken: &Taken, manifest: &Manifest<'_>) -> Option<Digest> {
        let digest = self.settings.digest.clone();
        digest.filter(|digest| manifest.depth == 0 || *digest != taken.digest)
    }

    /// A manifest by its own signatures alone.
    fn own(
        &mut self,
        registries: &mut Registries<'_>,
        wanted: &Wanted,
        taken: &Taken,
        manifest: &Manifest<'_>,
    ) -> Findings {
        let mut gathered = registries.signatures(taken, &manifest.digest);
        let mut elsewhere = Vec::new();
        let has_signatures = !gathered.signatures.is_empty();
        if !has_signatures {
            registries.referrers(taken, &manifest.digest, &mut gathered);
            elsewhere = registries.elsewhere(taken, &manifest.digest);
        }
        let no_signature = format!(
            "there is no signature in {}{}",
            gathered.places(),
            not_counted(&elsewhere)
        );
        let subject = Subject {
            digest: manifest.digest.clone(),
            manifest: ManifestState::of_bytes(manifest.bytes, &manifest.digest),
            list: manifest.list.clone(),
            signatures: gathered.signatures,
            sources: gathered.sources,
        };
        let digest = self.digest_asked_for(taken, manifest);
        let outcome = self.judge_expecting(&subject, &wanted.identities, digest, &no_signature);
        if has_signatures && !matches!(outcome.verdict(), Verdict::Verified | Verdict::Allowed) {
            elsewhere = registries.elsewhere(taken, &manifest.digest);
        }
        let mut sources = subject.sources;
        sources.extend(elsewhere);
        Findings {
            outcome,
            sources,
            instances: Vec::new(),
            left_out: Vec::new(),
        }
    }

    fn print_found(
        &mut self,
        wanted: &Wanted,
        taken: &Taken,
        digest: &Digest,
        findings: Findings,
        platform: Option<String>,
        counts: bool,
    ) {
        let Location { reference, .. } = &taken.location;
        let source = format!("docker://{reference}");
        let mut judged = self.judged(digest.as_str(), &source, findings.outcome, &wanted.identities);
        judged.report.identity_source = source_of(wanted);
        judged.report.sources = findings.sources;
        judged.report.registry = Some(InRegistry {
            pinned: format!("{}@{digest}", taken.asked.name()),
            platform,
            instances: findings.instances,
            left_out: findings.left_out,
            for_information: !counts,
        });
        if judged.report.outcome.reason() == Reason::Verified && counts {
            if let Some(tag) = taken.asked.tag() {
                self.tags.add(tag, &taken.asked, digest);
            }
        }
        self.print(&judged);
    }
}

/// The places that have signatures which do not count, in words.
fn not_counted(places: &[SourceAnswer]) -> String {
    let places = places.iter().map(|place| format!("; {}", signatures::source(place)));
    places.collect()
}

fn malformed(what: &str) -> Refusal {
    Refusal::new(
        Reason::ManifestUnavailable,
        format!("the list of manifests is malformed: {what}"),
    )
}

fn named(entries: &[Entry]) -> Vec<String> {
    entries.iter().map(|entry| entry.digest.to_string()).collect()
}

fn source_of(wanted: &Wanted) -> IdentitySource {
    if wanted.names_itself {
        IdentitySource::Reference
    } else {
        IdentitySource::User
    }
}

/// The tags through which images were verified, for the warning that tags can move.
#[derive(Debug, Default)]
pub(super) struct Tags {
    first: Option<String>,
    count: usize,
}

impl Tags {
    fn add(&mut self, tag: &str, asked: &Reference, digest: &Digest) {
        self.count += 1;
        self.first.get_or_insert_with(|| {
            format!(
                "the tag {} can move to another image; what was verified is {}@{digest}",
                safe(tag),
                safe(asked.name())
            )
        });
    }

    /// What to say at the end of the run.
    pub(super) fn warning(&self) -> Option<String> {
        match self.count {
            0 => None,
            1 => self.first.clone(),
            _ => Some(
                "tags can move to other images; use the verified images by their digests, as -o name and -o json print them"
                    .to_owned(),
            ),
        }
    }
}

impl Judged {
    /// Whether the image's line is for information only.
    pub(super) fn is_for_information(&self) -> bool {
        self.report
            .registry
            .as_ref()
            .is_some_and(|registry| registry.for_information)
    }
}
