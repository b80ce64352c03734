// SPDX-License-Identifier: Apache-2.0
//! What the release payload of a cluster has in its registry: its manifests, which name its components.

use std::time::{Duration, Instant};

use super::{Elsewhere, Registry};
use crate::reason::{Reason, Refusal};
use crate::source::objects::Loaded;
use crate::subject::{Answer, Content, SignatureBlob, SourceAnswer, SourceKind};

impl Elsewhere {
    /// Joins what was found in another place. Each keeps the bound of its own: however many signatures one place has, none of
    /// another is left out for them.
    pub(in crate::run) fn beside(mut self, other: Self) -> Self {
        self.signatures.extend(other.signatures);
        self.sources.extend(other.sources);
        self.taken = self.taken.or(other.taken);
        self
    }

    /// Leaves out what was joined after these many signatures and places.
    pub(in crate::run) fn cut(&mut self, signatures: usize, sources: usize) {
        self.signatures.truncate(signatures);
        self.sources.truncate(sources);
    }

    /// The signatures that the object of an image has.
    pub(in crate::run) fn of_object(loaded: &Loaded, location: &str) -> Self {
        let own = &loaded.image.signatures;
        let blobs = own.iter().map(|own| SignatureBlob {
            name: own.name.clone(),
            content: Content::Gpg(own.content.clone()),
        });
        Self::kept(
            blobs.collect(),
            SourceAnswer {
                kind: SourceKind::Object,
                location: location.to_owned(),
                answer: Answer::Found,
                signatures: own.len(),
                note: None,
            },
        )
    }
}

impl Registry<'_> {
    /// Bounds the time of several looks together; `None` takes that back.
    pub(in crate::run) fn within(&self, bound: Option<(Duration, Instant)>) {
        self.registries.within(bound);
    }

    /// What the locations of an image have beside the one that its manifest was taken from.
    pub(in crate::run) fn further(&mut self, found: &Elsewhere) -> Elsewhere {
        let Some(taken) = &found.taken else {
            return Elsewhere::default();
        };
        let (signatures, sources) = self.registries.further(taken, &taken.digest);
        Elsewhere {
            signatures,
            sources,
            ..Elsewhere::default()
        }
    }

    /// Hands out the last layer of an image that was looked up, or those of all instances of a list: each is hashed.
    ///
    /// # Errors
    /// When one of them cannot be had, or `take` refuses it; the others are handed out all the same.
    pub(in crate::run) fn last_layers(
        &mut self,
        found: &Elsewhere,
        take: &mut dyn FnMut(&[u8]) -> Result<(), String>,
    ) -> Result<(), Refusal> {
        if let Some(taken) = &found.taken {
            return self.registries.last_layers(taken, take);
        }
        let registries = found.sources.iter().filter(|own| own.kind == SourceKind::Registry);
        let troubles = registries.filter_map(|source| source.answer.trouble());
        let messages: Vec<String> = troubles.map(|trouble| trouble.message).collect();
        Err(Refusal::new(Reason::SourceUnavailable, messages.join("; ")))
    }
}
