// SPDX-License-Identifier: Apache-2.0
//! What is known of an image that is used.

use std::collections::HashSet;

use super::super::entry::{IdentitySource, Use};
use crate::reference::Reference;

/// Most different demands on one image that are looked at. More than any cluster has: whoever may write streams could hide
/// with them what others expect.
pub(super) const MAX_DEMANDS: usize = 4096;

/// Who named what is expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Namer {
    /// A tag of an image stream, or where it is imported from.
    Stream,
    /// What uses it names the image by its digest.
    Digest,
}

impl Namer {
    /// As reports have it.
    #[must_use]
    pub fn source(self) -> IdentitySource {
        match self {
            Namer::Stream => IdentitySource::Stream,
            Namer::Digest => IdentitySource::Named,
        }
    }
}

/// What one use of an image expects: that it is signed as one of these.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Demand {
    /// The use that expects it.
    pub by: Use,
    /// Who named the references.
    pub namer: Namer,
    /// References, of which one is enough.
    pub references: Vec<Reference>,
}

/// What is known of an image.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known {
    /// What uses it, sorted, [`MAX_USES`](crate::audit::entry::MAX_USES) at most.
    pub uses: Vec<Use>,
    /// How many uses are left out.
    pub more_uses: u64,
    /// What uses expect of it, each reference list once. An image is what it should be only where all of these are met:
    /// what one namespace calls it must not vouch for it in another one.
    pub demands: Vec<Demand>,
    /// How many demands are left out: an image with such cannot be said to meet all.
    pub more_demands: u64,
    /// References that it is had from, whether or not they say what to expect.
    pub places: Vec<Reference>,
    /// Those of them from which a namespace has it that says nothing of what to expect.
    pub unsaid: Vec<Reference>,
    /// How many of these are left out.
    pub more_unsaid: u64,
    /// Something may be expected of it that is not known.
    pub is_doubted: bool,
    /// Which of the uses that are told has it from which place, without saying what to expect.
    pub had: Vec<(Use, Reference)>,
}

impl Known {
    /// All references that are expected, each once.
    #[must_use]
    pub fn expected(&self) -> Vec<Reference> {
        let mut seen = HashSet::new();
        let all = self.demands.iter().flat_map(|demand| &demand.references);
        all.filter(|reference| seen.insert(*reference)).cloned().collect()
    }

    /// Who named them: a digest that is named says more than a tag.
    #[must_use]
    pub fn identity_source(&self) -> IdentitySource {
        let namer = self.demands.iter().map(|demand| demand.namer).max();
        namer.map_or(IdentitySource::None, Namer::source)
    }

    /// The first demand that none of these references meets; of demands that are left out nothing is known.
    #[cfg(test)]
    pub(super) fn unmet(&self, matched: &[Reference]) -> Option<&Demand> {
        let is_met = |demand: &Demand| demand.references.iter().any(|reference| matched.contains(reference));
        self.demands.iter().find(|demand| !is_met(demand))
    }

    /// Adds what a use expects that no other one expects.
    pub(super) fn demand(&mut self, by: &Use, references: Vec<Reference>) {
        if references.is_empty() {
            return;
        }
        // Tags beside it are other names of the same: where only tags are known, nobody has named the digest.
        let is_digest = references.iter().any(|reference| reference.digest().is_some());
        if self.demands.len() == MAX_DEMANDS {
            self.more_demands += 1;
            return;
        }
        self.demands.push(Demand {
            by: by.clone(),
            namer: if is_digest { Namer::Digest } else { Namer::Stream },
            references,
        });
    }
}
