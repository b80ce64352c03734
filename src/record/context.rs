// SPDX-License-Identifier: Apache-2.0
//! What is recorded that the verdict itself does not say.

use crate::reference::Reference;
use crate::verdict::ImageOutcome;

/// Who records, when, and what was asked.
#[derive(Debug, Clone)]
pub struct Context {
    /// The time of recording, in seconds since 1970.
    pub now: i64,
    /// Who verified, with a note where that is not sure: `alice`, `alice (local)`, `alice (unconfirmed)`.
    pub user: String,
    /// The identities that were expected of the image.
    pub expected: Vec<Reference>,
    /// Options other than the default that decided: `--identity-match`, `--trust-model`.
    pub options: Vec<String>,
    /// How far our clock is ahead of the server's, in seconds; negative where it is behind, `None` where there is no
    /// server or it told no time.
    pub clock_skew: Option<i64>,
}

impl Context {
    /// The same of what else an image was judged as, by these options.
    #[must_use]
    pub fn of(&self, image: &ImageOutcome, options: Vec<String>) -> Self {
        Self {
            expected: image.tallies().iter().map(|tally| tally.identity.clone()).collect(),
            options,
            ..self.clone()
        }
    }
}
