// SPDX-License-Identifier: Apache-2.0
//! Where manifests are that are judged, their instances and their signatures.

use crate::digest::Digest;
use crate::reason::Refusal;
use crate::report::signatures;
use crate::source::directory::Directory;
use crate::source::registry::signatures::Gathered;
use crate::source::registry::{Registries, Taken};
use crate::subject::{NamingList, SignatureBlob, SourceAnswer};

/// A manifest to be judged.
pub(in crate::run) struct Manifest<'m> {
    pub(in crate::run) bytes: &'m [u8],
    pub(in crate::run) digest: Digest,
    /// The list that names it.
    pub(in crate::run) list: Option<NamingList>,
    /// In how many lists it stands.
    pub(in crate::run) depth: usize,
}

/// A place with a manifest and with everything that belongs to it.
pub(in crate::run) enum Place<'m, 'r> {
    /// Registries, and what a reference stands for there.
    Registry(&'m mut Registries<'r>, &'m Taken),
    /// A directory in skopeo's layout.
    Directory(&'m Directory),
}

impl<'m> Place<'m, '_> {
    /// The manifest that was asked for, of which every other one here is an instance.
    pub(in crate::run) fn whole(&self) -> (&'m [u8], &'m Digest) {
        match self {
            Place::Registry(_, taken) => (&taken.bytes, &taken.digest),
            Place::Directory(directory) => (&directory.manifest, &directory.digest),
        }
    }

    /// The bytes of an instance, which hash to the digest.
    pub(super) fn instance(&mut self, digest: &Digest) -> Result<Vec<u8>, Refusal> {
        match self {
            Place::Registry(registries, taken) => registries.instance(taken, digest),
            Place::Directory(directory) => directory.instance(digest),
        }
    }

    pub(super) fn signatures(&mut self, manifest: &Manifest<'_>) -> Gathered {
        match self {
            Place::Registry(registries, taken) => registries.signatures(taken, &manifest.digest),
            Place::Directory(directory) => Gathered {
                signatures: match manifest.depth {
                    0 => directory.signatures(),
                    _ => directory.signatures_of(manifest.bytes, &manifest.digest),
                },
                ..Gathered::default()
            },
        }
    }

    /// Adds what refers to a manifest, where the place knows that.
    pub(super) fn referrers(&mut self, manifest: &Manifest<'_>, gathered: &mut Gathered) {
        if let Place::Registry(registries, taken) = self {
            registries.referrers(taken, &manifest.digest, gathered);
        }
    }

    /// Places with signatures beside these, which do not count.
    pub(super) fn elsewhere(&mut self, manifest: &Manifest<'_>, counted: &[&[SignatureBlob]]) -> Vec<SourceAnswer> {
        match self {
            Place::Registry(registries, taken) => registries.elsewhere(taken, &manifest.digest, counted),
            Place::Directory(_) => Vec::new(),
        }
    }

    /// What to say where a manifest has no signature.
    pub(super) fn no_signature(
        &self,
        manifest: &Manifest<'_>,
        gathered: &Gathered,
        elsewhere: &[SourceAnswer],
    ) -> String {
        match self {
            Place::Registry(..) => {
                let places = gathered.places();
                format!("there is no signature in {places}{}", not_counted(elsewhere))
            }
            Place::Directory(directory) => {
                let of_it = if manifest.depth == 0 { "" } else { " of it" };
                format!("there is no signature{of_it} in {}", directory.shown())
            }
        }
    }
}

/// The places that have signatures which do not count, in words.
pub(in crate::run) fn not_counted(places: &[SourceAnswer]) -> String {
    let places = places.iter().map(|place| format!("; {}", signatures::source(place)));
    places.collect()
}
