// SPDX-License-Identifier: Apache-2.0
//! Why GnuPG passes over what a designated revoker says, without a word.

use crate::openpgp::keys::key::Key;

/// Why GnuPG passes over a revocation by a designated revoker, good or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overlooked {
    /// The revoker's key may certify and not sign: gpg 2.2 believes it and 2.4 does not.
    MayNotSign,
    /// GnuPG takes nothing of the revoker's key.
    NotTaken,
    /// A subkey of another key was designated.
    IsSubkey,
    /// A subkey was revoked, not the whole key.
    OfSubkey,
}

impl Overlooked {
    /// Why it may pass over the revocations by `revoker`, as it lists that key; `None` where every version checks them.
    #[must_use]
    pub fn of(revoker: Option<&Key>) -> Option<Self> {
        match revoker {
            // It lists some keys without valid self-signature, and believes nothing that they sign.
            None => Some(Overlooked::NotTaken),
            Some(key) if key.invalid || key.primary().invalid => Some(Overlooked::NotTaken),
            Some(key) if !key.primary().can_sign => Some(Overlooked::MayNotSign),
            Some(_) => None,
        }
    }
}

impl std::fmt::Display for Overlooked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Overlooked::MayNotSign => "and gpg does not check revocations by keys that may not sign",
            Overlooked::NotTaken => "and gpg takes no key of that fingerprint or lacks its algorithm",
            Overlooked::IsSubkey => "and that key is a subkey of another key, whose revocations gpg does not check",
            Overlooked::OfSubkey => "and gpg does not check revocations of subkeys by designated revokers",
        })
    }
}
