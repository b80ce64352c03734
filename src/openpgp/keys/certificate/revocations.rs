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

    /// The designated revokers that are said to have revoked it, and then those that may have where what names the maker is not
    /// covered; no more than are looked at, see [`Self::has_many_revokers`].
    #[must_use]
    pub fn revoked_by(&self) -> Vec<Revoker> {
        let mut revokers = self.all_revoked_by();
        revokers.truncate(MAX_REVOKERS);
        revokers
    }

    /// Whether more designated revokers than are looked at may have revoked it, as no honest key has it.
    #[must_use]
    pub fn has_many_revokers(&self) -> bool {
        self.all_revoked_by().len() > MAX_REVOKERS
    }

    fn all_revoked_by(&self) -> Vec<Revoker> {
        let revokers = self.revokers();
        if revokers.is_empty() {
            return Vec::new();
        }
        let said: BTreeSet<KeyId> = self
            .revocations()
            .flat_map(|(core, loose)| core.makers(loose))
            .collect();
        let (mut all, others): (Vec<_>, Vec<_>) = revokers.into_iter().partition(|own| said.contains(&KeyId::of(own)));
        let is_open = |(core, loose): (&Core, &Loose)| core.named().is_none() && self.seems_revoked_by(core, loose);
        if self.revocations().any(is_open) {
            all.extend(others);
        }
        all
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
