// SPDX-License-Identifier: Apache-2.0
//! An image at its source and at its mirrors: which of them have the manifest, and which signatures of each kind.
//!
//! Facts only, each by itself: that a place does not answer says nothing about what is there.

use std::collections::BTreeSet;

use sha2::{Digest as _, Sha256};

use super::signatures::Gathered;
use super::{digest_of, Registries, MAX_LOCATIONS};
use crate::digest::Digest;
use crate::reason::Reason;
use crate::reference::Reference;
use crate::registry::attachments;
use crate::registry::registries_conf::Location;
use crate::registry::trouble::Trouble;
use crate::subject::{Answer, Content, SourceKind};

/// The kinds of signatures that are looked for.
pub const KINDS: [SourceKind; 3] = [SourceKind::Extension, SourceKind::Lookaside, SourceKind::Attachment];

/// What a place has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Held {
    /// It has these, by their hashes.
    These(BTreeSet<[u8; 32]>),
    /// It says that it has none.
    None,
    /// It is not known, and why; safe to print.
    Unknown(String),
}

/// One location of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComparedPlace {
    /// The image's name there.
    pub reference: Reference,
    /// Whether it is a mirror.
    pub is_mirror: bool,
    /// Plain http and certificates that cannot be verified are allowed for it, as it is configured.
    pub is_insecure: bool,
    /// The manifest, by the hash of its digest.
    pub manifest: Held,
    /// The signatures of each of [`KINDS`], and where they are looked for.
    pub signatures: Vec<(SourceKind, String, Held)>,
}

/// An image at its locations.
#[derive(Debug)]
pub struct Compared {
    /// Each location, in order.
    pub places: Vec<ComparedPlace>,
    /// The bytes of the manifest that was asked for, if any location has it.
    pub manifest: Option<Vec<u8>>,
}

impl ComparedPlace {
    /// Whether it has the manifest of this digest.
    #[must_use]
    pub fn has(&self, digest: &Digest) -> bool {
        let hash = digest.hash();
        matches!((&self.manifest, hash), (Held::These(own), Some(hash)) if own.contains(&hash))
    }
}

impl Registries<'_> {
    /// Asks each of these locations for an image, which is asked for by its digest, and for its signatures.
    pub fn compare(&mut self, asked: &Reference, digest: &Digest, locations: &[Location]) -> Compared {
        self.budget.begin();
        self.compare_further(asked, digest, locations)
    }

    /// The same for what belongs to the image that was asked for last, such as an instance of a list: they share its time.
    pub fn compare_further(&mut self, asked: &Reference, digest: &Digest, locations: &[Location]) -> Compared {
        let mut manifest = None;
        let (asked_for, left_out) = locations.split_at(locations.len().min(MAX_LOCATIONS));
        let asked_for = asked_for.iter().map(|location| ComparedPlace {
            reference: location.reference.clone(),
            is_mirror: location.is_mirror,
            is_insecure: location.insecure,
            manifest: self.manifest_at(asked, digest, location, &mut manifest),
            signatures: KINDS
                .into_iter()
                .map(|kind| self.signatures_of(kind, asked, digest, location))
                .collect(),
        });
        let mut places: Vec<ComparedPlace> = asked_for.collect();
        places.extend(left_out.iter().map(not_asked));
        Compared { places, manifest }
    }

    fn manifest_at(
        &mut self,
        asked: &Reference,
        digest: &Digest,
        location: &Location,
        kept: &mut Option<Vec<u8>>,
    ) -> Held {
        let bytes = match self.fetch(asked, location, digest.as_str()) {
            Ok(bytes) => bytes,
            Err(trouble) => return held_back(&trouble),
        };
        let found = digest_of(&location.reference, &bytes, None);
        if kept.is_none() && digest.is_of_manifest(&bytes) {
            *kept = Some(bytes);
        }
        match found {
            Ok(found) => Held::These(found.hash().into_iter().collect()),
            // What has no digest is not this image.
            Err(refusal) if refusal.reason == Reason::ManifestMismatch => Held::These(BTreeSet::new()),
            Err(refusal) => Held::Unknown(refusal.message),
        }
    }

    fn signatures_of(
        &mut self,
        kind: SourceKind,
        asked: &Reference,
        digest: &Digest,
        location: &Location,
    ) -> (SourceKind, String, Held) {
        let mut gathered = Gathered::default();
        // A place that must not be contacted has no files beside it that may be.
        if location.blocked {
            let trouble = Trouble::Blocked {
                url: location.reference.name().to_owned(),
                by: self.configuration.mirrors.blocker(location),
            };
            return (kind, location.reference.to_string(), held_back(&trouble));
        }
        match kind {
            SourceKind::Lookaside => self.lookaside(location, digest, &mut gathered),
            SourceKind::Attachment => {
                let tag = attachments::tag(digest);
                let (found, trouble) = self.attached(asked, location, &tag);
                let place = format!("{}:{tag}", location.reference.name());
                gathered.add(kind, place, found.signatures, trouble.as_ref());
            }
            _ => self.extension(asked, location, digest, &mut gathered),
        }
        // A registry without the extension has none by it.
        let Some(source) = gathered.sources.first() else {
            return (kind, location.reference.domain().to_owned(), Held::None);
        };
        let held = match &source.answer {
            Answer::Found => hashes(&gathered),
            Answer::Absent | Answer::NotAsked => Held::None,
            Answer::Forbidden(why) | Answer::Unreachable(why) | Answer::Page(why) | Answer::Unusable(why) => {
                Held::Unknown(why.clone())
            }
        };
        (kind, source.location.clone(), held)
    }
}

/// A location beyond those that are asked: what is there is not known.
fn not_asked(location: &Location) -> ComparedPlace {
    let unknown = || Held::Unknown(format!("only the first {MAX_LOCATIONS} locations are asked"));
    let place = location.reference.to_string();
    ComparedPlace {
        reference: location.reference.clone(),
        is_mirror: location.is_mirror,
        is_insecure: location.insecure,
        manifest: unknown(),
        signatures: KINDS.into_iter().map(|kind| (kind, place.clone(), unknown())).collect(),
    }
}

fn held_back(trouble: &Trouble) -> Held {
    match trouble {
        Trouble::Absent { .. } => Held::None,
        trouble => Held::Unknown(trouble.to_string()),
    }
}

/// The hashes of signatures; not known where one of them could not be read.
fn hashes(gathered: &Gathered) -> Held {
    let mut hashes = BTreeSet::new();
    for blob in &gathered.signatures {
        let mut hash = Sha256::new();
        match &blob.content {
            Content::Gpg(Ok(bytes)) => hash.update(bytes),
            Content::Sigstore(Ok(attachment)) => {
                // Each part with its length before it, so that no two signatures are the same bytes.
                let annotations = attachment.annotations.iter().flat_map(|(name, value)| [name, value]);
                let parts = annotations.map(String::as_bytes).chain([attachment.payload.as_slice()]);
                for part in parts {
                    hash.update(part.len().to_be_bytes());
                    hash.update(part);
                }
            }
            Content::Gpg(Err(refusal)) | Content::Sigstore(Err(refusal)) | Content::Other(refusal) => {
                return Held::Unknown(format!("one of its signatures cannot be compared: {}", refusal.message));
            }
        }
        hashes.insert(hash.finalize().into());
    }
    Held::These(hashes)
}
