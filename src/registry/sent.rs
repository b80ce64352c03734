// SPDX-License-Identifier: Apache-2.0
//! What was sent to a registry: logins and tokens, also those that it refused, which may be good elsewhere.

use std::collections::VecDeque;

use super::url_text::decoded;
use crate::http::secret::{without, Secret};

/// Most secrets that are kept.
const MAX_SENT: usize = 1000;

/// The secrets that were sent last, each once.
#[derive(Debug, Default)]
pub(super) struct Sent(VecDeque<Secret>);

impl Sent {
    /// Keeps what is about to be sent.
    pub(super) fn keep(&mut self, secrets: impl IntoIterator<Item = Secret>) {
        for secret in secrets {
            self.0.retain(|own| *own != secret);
            if self.0.len() >= MAX_SENT {
                self.0.pop_front();
            }
            self.0.push_back(secret);
        }
    }

    /// Whether a text repeats any of it.
    pub(super) fn is_in(&self, text: &str) -> bool {
        let secrets: Vec<Secret> = self.0.iter().cloned().collect();
        let decoded = decoded(text);
        without(text, &secrets) != text || without(&decoded, &secrets) != decoded
    }
}
