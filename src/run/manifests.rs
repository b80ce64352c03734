// SPDX-License-Identifier: Apache-2.0
//! Judging a manifest in a registry or a directory: by its own signatures, and a list that is not signed itself by its
//! instances.

mod place;

pub(super) use self::place::{not_counted, Manifest, Place};
use super::judging::Judging;
use crate::digest::Digest;
use crate::limits::MAX_INSTANCES;
use crate::reason::{Reason, Refusal, Verdict};
use crate::reference::Reference;
use crate::report::console::Messages;
use crate::report::Instance;
use crate::source::registry::signatures::MAX_NAMED;
use crate::subject::instances::{self, Entry};
use crate::subject::{ManifestState, NamingList, SourceAnswer, Subject};
use crate::verdict::of_list::OfList;
use crate::verdict::{ImageOutcome, SignatureOutcome};

/// How deep lists may stand in lists: an instance may be a list, whose instances may not.
const MAX_DEPTH: usize = 1;

/// What is found out about a manifest and its instances.
pub(super) struct Findings {
    pub(super) outcome: ImageOutcome,
    pub(super) sources: Vec<SourceAnswer>,
    pub(super) instances: Vec<Instance>,
    /// The instances of the lists among its instances.
    pub(super) below: Vec<Instance>,
    pub(super) left_out: Vec<String>,
    /// The digest of an instance by which signatures name it, where its bytes are known; its entry may have another one.
    pub(super) digest: Option<Digest>,
}

impl From<Refusal> for Findings {
    fn from(refusal: Refusal) -> Self {
        Self {
            outcome: ImageOutcome::refused(refusal, Vec::new()),
            sources: Vec::new(),
            instances: Vec::new(),
            below: Vec::new(),
            left_out: Vec::new(),
            digest: None,
        }
    }
}

impl Findings {
    /// The signatures of everything below it, at any depth, each with the digest of its manifest.
    pub(super) fn take_inner(&mut self) -> Vec<(String, SignatureOutcome)> {
        let instances = self.instances.drain(..).chain(self.below.drain(..));
        let own = |Instance { image, outcome, .. }| {
            let signatures = ImageOutcome::into_signatures(outcome).into_iter();
            signatures.map(move |own| (String::clone(&image), own))
        };
        instances.flat_map(own).collect()
    }
}

/// What the manifests of a list have taken of what all of them may take together.
#[derive(Default)]
pub(super) struct Spent {
    /// How many instances were looked at.
    instances: usize,
    /// How many signatures were named that are not judged, because their manifest has too many.
    named: usize,
    /// What was found out about signatures of instances.
    of_list: OfList,
}

/// Judges manifests of what is in one place.
pub(super) struct Manifests<'m, 'c, 'r> {
    pub(super) judging: &'m mut Judging<'c>,
    pub(super) place: Place<'m, 'r>,
    /// The digest that the user expects, if any.
    pub(super) digest: Option<Digest>,
    pub(super) stderr: Messages<'m>,
    pub(super) spent: &'m mut Spent,
}

impl Manifests<'_, '_, '_> {
    /// An instance of a list, by its own bytes.
    pub(super) fn instance(&mut self, identities: &[Reference], list: &[u8], entry: &Entry, depth: usize) -> Findings {
        // Lists in lists multiply, and each instance costs several requests.
        self.spent.instances += 1;
        if self.spent.instances > MAX_INSTANCES {
            let message =
                format!("the manifest list has more than {MAX_INSTANCES} instances; the others are not looked at");
            return Refusal::new(Reason::ManifestUnavailable, message).into();
        }
        match self.place.instance(&entry.digest) {
            Ok(bytes) => {
                // The digest by which signatures name it, whatever the algorithm of the list's entry.
                let digest = Digest::of_manifest(&bytes).unwrap_or_else(|_| entry.digest.clone());
                let state = ManifestState::of_bytes(&bytes, &digest);
                let manifest = Manifest {
                    bytes: &bytes,
                    list: NamingList::of_bytes(list, &digest, &state),
                    digest,
                    depth,
                };
                let findings = self.manifest(identities, &manifest);
                Findings {
                    digest: Some(manifest.digest),
                    ..findings
                }
            }
            Err(refusal) => refusal.into(),
        }
    }

    /// A manifest; a list that is not signed itself is what its instances are.
    pub(super) fn manifest(&mut self, identities: &[Reference], manifest: &Manifest<'_>) -> Findings {
        let is_list = instances::is_list(manifest.bytes);
        if is_list && manifest.depth > MAX_DEPTH {
            return Refusal::new(
                Reason::UnsupportedSignature,
                "it is a manifest list in a list in a list: lists are not read that deep",
            )
            .into();
        }
        let own = self.own(identities, manifest);
        // Instances do not make a list of another digest the image that was asked for.
        let is_other = self
            .digest_asked_for(manifest)
            .is_some_and(|digest| digest != manifest.digest);
        if !is_list || is_other || own.outcome.reason() == Reason::Verified {
            return own;
        }
        let entries = match instances::entries(manifest.bytes) {
            Ok(entries) => entries,
            Err(what) => return malformed(&what).into(),
        };
        let (left_out, entries): (Vec<Entry>, Vec<Entry>) = entries.into_iter().partition(|entry| entry.is_attestation);
        // Instances vouch for their list, so by no digest that is not the list's.
        let (whole, _) = self.place.whole();
        let is_of_list = |digest: &Digest| digest.is_of_manifest(manifest.bytes) || digest.is_of_manifest(whole);
        let mut identities = identities.to_vec();
        identities.retain(|identity| identity.digest().is_none_or(is_of_list));
        if identities.is_empty() {
            let message = format!(
                "this image is the manifest list {}, and every expected identity has another digest",
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
        let mut below = Vec::new();
        for entry in &entries {
            let findings = self.instance(&identities, manifest.bytes, entry, manifest.depth + 1);
            instances.push(Instance {
                image: entry.digest.to_string(),
                platform: entry.platform(),
                outcome: findings.outcome,
            });
            below.extend(findings.instances.into_iter().chain(findings.below));
        }
        let called = |own: &Instance| format!("{} ({})", own.platform, own.image);
        let outcomes: Vec<_> = instances.iter().map(|own| (called(own), &own.outcome)).collect();
        Findings {
            outcome: ImageOutcome::of_list(own.outcome, &outcomes),
            sources: own.sources,
            instances,
            below,
            left_out: named(&left_out),
            digest: None,
        }
    }

    /// The digest that a manifest must have; the one that is asked for may be that of the list.
    fn digest_asked_for(&self, manifest: &Manifest<'_>) -> Option<Digest> {
        let digest = self.digest.clone();
        digest.filter(|digest| manifest.depth == 0 || digest != self.place.whole().1)
    }

    /// A manifest by its own signatures alone.
    pub(super) fn own(&mut self, identities: &[Reference], manifest: &Manifest<'_>) -> Findings {
        let mut gathered = self.place.signatures(manifest);
        let mut elsewhere = Vec::new();
        // One of them stays at every manifest, which says that there are more.
        let most = MAX_NAMED.saturating_sub(self.spent.named).max(1);
        self.spent.named += gathered.name_beyond_limit(most);
        let has_signatures = !gathered.signatures.is_empty();
        if !has_signatures {
            self.place.referrers(manifest, &mut gathered);
            elsewhere = self.place.elsewhere(manifest, &[]);
        }
        let no_signature = self.place.no_signature(manifest, &gathered, &elsewhere);
        let subject = Subject {
            digest: manifest.digest.clone(),
            manifest: ManifestState::of_bytes(manifest.bytes, &manifest.digest),
            lists: manifest.list.iter().cloned().collect(),
            signatures: gathered.signatures,
            sources: gathered.sources,
            is_object_alone: false,
        };
        let digest = self.digest_asked_for(manifest);
        let (of_list, stderr) = (&mut self.spent.of_list, &mut self.stderr);
        let outcome = match manifest.depth {
            0 => self.judging.judge(&subject, identities, digest, &no_signature, stderr),
            _ => self
                .judging
                .judge_instance(of_list, &subject, identities, digest, &no_signature, stderr),
        };
        if has_signatures && !matches!(outcome.verdict(), Verdict::Verified | Verdict::Allowed) {
            elsewhere = self.place.elsewhere(manifest, &[&subject.signatures]);
        }
        let mut sources = subject.sources;
        sources.extend(elsewhere);
        Findings {
            outcome,
            sources,
            instances: Vec::new(),
            below: Vec::new(),
            left_out: Vec::new(),
            digest: None,
        }
    }
}

/// A list that cannot be read.
pub(super) fn malformed(what: &str) -> Refusal {
    Refusal::new(
        Reason::ManifestUnavailable,
        format!("the manifest list is malformed: {what}"),
    )
}

/// The digests of entries.
pub(super) fn named(entries: &[Entry]) -> Vec<String> {
    entries.iter().map(|entry| entry.digest.to_string()).collect()
}
