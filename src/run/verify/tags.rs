// SPDX-License-Identifier: Apache-2.0
//! The warning that tags can move.

use crate::digest::Digest;
use crate::reference::Reference;
use crate::text::safe;

/// The tags through which images were verified, for the warning that tags can move.
#[derive(Debug, Default)]
pub(super) struct Tags {
    first: Option<String>,
    count: usize,
}

impl Tags {
    /// Counts an image that was verified by this tag.
    pub(super) fn add(&mut self, tag: &str, asked: &Reference, digest: &Digest) {
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
