// SPDX-License-Identifier: Apache-2.0
//! Who is said to have made a signature in a key, where that is covered and where anybody can change it.

use std::collections::BTreeSet;

use super::subpackets::{issuer, kind, subpackets};
use super::{Core, Loose};
use crate::openpgp::framing::key_id::KeyId;

impl Core {
    /// The keys that the covered part names as the maker: one, unless its maker wanted readers to differ.
    #[must_use]
    pub fn named(&self) -> BTreeSet<KeyId> {
        let named = subpackets(&self.hashed).filter_map(|(kind, body)| issuer(kind, body));
        named.collect()
    }

    /// Whether the covered part names several makers, or one of another version: versions of GnuPG believe different ones.
    #[must_use]
    pub fn names_several(&self) -> bool {
        let is_odd = |(kind, body): (u8, &[u8])| kind == kind::ISSUER_FINGERPRINT && issuer(kind, body).is_none();
        self.named().len() > 1 || subpackets(&self.hashed).any(is_odd)
    }

    /// The keys that it is said to be made by: the covered one, or else all that copies of it name.
    #[must_use]
    pub fn makers(&self, loose: &Loose) -> BTreeSet<KeyId> {
        let named = self.named();
        if named.is_empty() {
            loose.issuers.clone()
        } else {
            named
        }
    }

    /// Whether a GnuPG may take it for one of a key: it names no other one where that is covered, or that key where it is
    /// not, which some versions believe all the same.
    #[must_use]
    pub fn may_be_by(&self, loose: &Loose, id: KeyId) -> bool {
        let named = self.named();
        named.is_empty() || named.contains(&id) || loose.issuers.contains(&id)
    }

    /// Whether one GnuPG may take it for one of a key and another does not.
    #[must_use]
    pub fn is_disputed(&self, loose: &Loose, id: KeyId) -> bool {
        let named = self.named();
        let is_told_twice = !named.is_empty() && !named.contains(&id) && loose.issuers.contains(&id);
        is_told_twice || self.names_several() && self.may_be_by(loose, id)
    }

    /// Whether it is said to be made by a key.
    #[must_use]
    pub fn is_said_to_be_by(&self, loose: &Loose, id: KeyId) -> bool {
        self.makers(loose).contains(&id)
    }

    /// Whether a GnuPG may take it for one of a key as it is: it names that key, or none at all.
    #[must_use]
    pub fn seems_by(&self, loose: &Loose, id: KeyId) -> bool {
        let makers = self.makers(loose);
        makers.is_empty() || makers.contains(&id) || loose.issuers.contains(&id)
    }
}
