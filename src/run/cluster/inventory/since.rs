// SPDX-License-Identifier: Apache-2.0
//! What became of Images while an audit reads.

use std::collections::BTreeSet;

/// What became of Images since the beginning.
#[derive(Debug, Default)]
pub(super) struct Since {
    /// How many came: all of what uses them need not be known.
    pub(super) new: usize,
    /// How many that nothing uses were removed.
    pub(super) gone: usize,
    /// How many are there, or may be, and were not in the second list.
    pub(super) lost: usize,
    /// When the first list began, by the server's clock, in seconds since 1970; none where the server tells no time.
    pub(super) began: Option<i64>,
    /// How many are older than the first list, and were not in it.
    pub(super) older: usize,
    /// Those that came and that a pod runs, or that are the release.
    pub(super) run: BTreeSet<[u8; 32]>,
    /// How many the second list had.
    pub(super) listed: usize,
}

impl Since {
    /// What to know of images that are left out.
    pub(super) fn left_out(&self) -> Vec<String> {
        let gone = match self.gone {
            0 => None,
            1 => Some("1 image that nothing uses was removed while the audit ran; it is left out".to_owned()),
            count => Some(format!(
                "{count} images that nothing uses were removed while the audit ran; they are left out"
            )),
        };
        let new = match self.new {
            0 => None,
            1 => Some("1 image came while the audit ran; it is left out".to_owned()),
            count => Some(format!("{count} images came while the audit ran; they are left out")),
        };
        gone.into_iter().chain(new).collect()
    }
}
