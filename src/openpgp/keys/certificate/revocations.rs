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
        own.flat_map(|(core, _)| core.revokers()).collect()
    }

    /// The designated revokers that are said to have revoked it, or may have where what names the maker is not covered. They
    /// are as many as somebody has written into it: see [`Self::has_many_revokers`].
    #[must_use]
    pub fn revoked_by(&self) -> BTreeSet<Revoker> {
        let mut revokers = self.revokers();
        if revokers.is_empty() {
            return revokers;
        }
        let said: BTreeSet<KeyId> = self
            .revocations()
            .flat_map(|(core, loose)| core.makers(loose))
            .collect();
        let is_open = |(core, loose): (&Core, &Loose)| core.named().is_none() && self.seems_revoked_by(core, loose);
        if !self.revocations().any(is_open) {
            revokers.retain(|revoker| said.contains(&KeyId::of(revoker)));
        }
        revokers
    }

    /// Whether more designated revokers than are looked at are said to have revoked it, as no honest key has it.
    #[must_use]
    pub fn has_many_revokers(&self) -> bool {
        self.revoked_by().len() > MAX_REVOKERS
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
