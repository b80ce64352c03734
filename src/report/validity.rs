// SPDX-License-Identifier: Apache-2.0
//! Validity of keys, in words.

use crate::openpgp::keys::key::Validity;

/// The word for a validity: keys that were named explicitly need none.
#[must_use]
pub(crate) fn validity_word(validity: Option<Validity>) -> &'static str {
    validity.map_or("explicit", Validity::word)
}
