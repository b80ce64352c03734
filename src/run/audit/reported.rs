// SPDX-License-Identifier: Apache-2.0
//! What is reported of an image, as far as a record must agree with it.

use crate::audit::entry::Entry;
use crate::reason::Reason;

/// The verdict on an image and on its signatures, by whom and for what they are.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Reported {
    reason: Reason,
    matched: Vec<String>,
    /// Name, reason, and the primary fingerprint of the signer.
    signatures: Vec<(String, Reason, Option<String>)>,
}

impl Reported {
    /// What an entry says, which is cut to its bounds as every one is.
    pub(super) fn of(entry: &Entry) -> Self {
        let signatures = entry.signatures.iter().map(|own| {
            let signer = own.signer.as_ref().map(|signer| signer.primary.clone());
            (own.name.clone(), own.reason, signer)
        });
        Self {
            reason: entry.reason,
            matched: entry.matched.clone(),
            signatures: signatures.collect(),
        }
    }
}
