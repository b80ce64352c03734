// SPDX-License-Identifier: Apache-2.0
//! The tables of registries.conf, as they are compared and applied.

use std::hash::{Hash, Hasher};
use std::path::PathBuf;

/// Where a table stands: its file and the line of its header, where that is known. For messages alone: it decides nothing, and
/// tables are compared without it.
#[derive(Debug, Clone, Default)]
pub(super) struct Spot(pub(super) Option<(PathBuf, usize)>);

impl PartialEq for Spot {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Spot {}

impl Hash for Spot {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

/// One `[[registry]]` table of the file.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Registry {
    pub(super) prefix: String,
    pub(super) location: String,
    pub(super) insecure: bool,
    pub(super) blocked: bool,
    /// It is blocked by a mirror set.
    pub(super) is_forbidden_source: bool,
    pub(super) mirrors_by_digest_only: bool,
    pub(super) mirrors: Vec<Mirror>,
    pub(super) spot: Spot,
}

/// One `[[registry.mirror]]` table of a registry.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Mirror {
    pub(super) location: String,
    pub(super) insecure: bool,
    pub(super) pull: PullFromMirror,
}

impl Registry {
    /// Whether a mirror of this entry is used for an image that is asked for by digest, or by tag.
    pub(super) fn uses(&self, mirror: &Mirror, by_digest: bool) -> bool {
        match mirror.pull {
            PullFromMirror::All => by_digest || !self.mirrors_by_digest_only,
            PullFromMirror::DigestOnly => by_digest,
            PullFromMirror::TagOnly => !by_digest,
        }
    }
}

impl Mirror {
    pub(super) fn location(&self) -> &str {
        &self.location
    }
}

/// For which references a mirror is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum PullFromMirror {
    All,
    DigestOnly,
    TagOnly,
}
