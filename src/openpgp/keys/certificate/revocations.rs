// SPDX-License-Identifier: Apache-2.0
//! Who may revoke a key, and the revocations that are in it.

use std::collections::BTreeSet;

use super::{hashed_key, Certificate, MAX_REVOKERS};
use crate::openpgp::framing::key_id::KeyId;
use crate::openpgp::keys::key_signature::{class, Core, Loose, Revoker};

impl Certificate {
    /// The keys that may revoke this one in its place, by what it says itself.
    #[must_use]
    pub fn revokers(&self) -> BTreeSet<Revoker> {
        let of_parts = self.parts.values().flat_map(|part| &part.signatures);
        let own = self
            .direct
            .iter()
            .chain(of_parts)
            .filter(|(core, loose)| core.is_said_to_be_by(loose, self.id));
        own.flat_map(|(core, _)| core.revokers()).take(MAX_REVOKERS).collect()
    }

    /// The designated revokers that are said to have revoked it, or may have where what names the maker is not covered.
    #[must_use]
    pub fn revoked_by(&self) -> BTreeSet<Revoker> {
        let mut revokers = self.revokers();
        if !revokers.is_empty() {
            let said = |revoker: &Revoker| {
                let id = KeyId::of(revoker);
                let by = |(core, loose): (&Core, &Loose)| {
                    core.is_said_to_be_by(loose, id) || core.may_be_by(id) && self.seems_revoked_by(core, loose)
                };
                self.revocations().any(by)
            };
            revokers.retain(said);
        }
        revokers
    }

    /// Revocations of the primary key that are in it, whoever made them.
    pub fn revocations(&self) -> impl Iterator<Item = (&Core, &Loose)> {
        self.direct
            .iter()
            .filter(|(core, _)| core.class == class::KEY_REVOCATION)
    }

    /// Whether a revocation may be of this key, by the digest that stands in it.
    #[must_use]
    pub fn seems_revoked_by(&self, core: &Core, loose: &Loose) -> bool {
        core.prefix(&[&hashed_key(&self.body)])
            .is_some_and(|prefix| loose.has_prefix(prefix))
    }
}
