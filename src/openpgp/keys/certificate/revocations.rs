// SPDX-License-Identifier: Apache-2.0
//! Who may revoke a key, and the revocations that are in it.

use std::collections::BTreeSet;

use super::{hashed_key, Certificate, Kind, MAX_REVOKERS};
use crate::openpgp::framing::algorithm::HashAlgorithm;
use crate::openpgp::framing::key_id::KeyId;
use crate::openpgp::keys::key::Fingerprint;
use crate::openpgp::keys::key_signature::{class, Core, Loose, Revoker};
use crate::openpgp::keys::material;

/// What is odd about a revocation, so that GnuPG passes over it whether or not it is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doubt {
    /// It is over a digest that GnuPG takes in no key.
    Digest(HashAlgorithm),
    /// It names several makers.
    Makers,
    /// It is by a designated revoker that GnuPG does not see designated.
    Designation,
}

impl std::fmt::Display for Doubt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Doubt::Digest(digest) => write!(f, "with {digest}, which gpg does not check in keys"),
            Doubt::Makers => {
                f.write_str("in the name of several keys, of which versions of gpg believe different ones")
            }
            Doubt::Designation => f.write_str("by a key that it names as its revoker in a way that gpg does not read"),
        }
    }
}

impl Certificate {
    /// The keys that may revoke this one in its place, by what it says itself.
    #[must_use]
    pub fn revokers(&self) -> BTreeSet<Revoker> {
        let own = self
            .said()
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
        let is_open = |(core, loose): (&Core, &Loose)| core.named().is_empty() && self.seems_revoked_by(core, loose);
        if self.revocations().any(is_open) {
            all.extend(others);
        }
        all
    }

    /// The designated revokers that are said to have revoked one of its subkeys, as the standard lets them (RFC 4880 section
    /// 5.2.1) and GnuPG does not.
    #[must_use]
    pub fn subkey_revoked_by(&self, subkey: &Fingerprint) -> Vec<Revoker> {
        let revocations = self.subkey_revocations(subkey);
        let revoked = |own: &Revoker| {
            let is_by = |(core, _): &(&Core, &Loose)| core.may_be_by(KeyId::of(own));
            revocations.iter().any(is_by)
        };
        self.revokers().into_iter().filter(revoked).take(MAX_REVOKERS).collect()
    }

    /// Why what a checker finds says nothing of a revocation of the key or of its subkey `maker`, which is said to be by
    /// itself or by one of `others`.
    #[must_use]
    pub fn doubt(&self, maker: &Fingerprint, others: &BTreeSet<KeyId>) -> Option<Doubt> {
        let key = hashed_key(&self.body);
        let of_key = self
            .revocations()
            .filter(|(core, loose)| core.seems_over(loose, &[&key]));
        // Whom it names where that is not covered may have been altered.
        let of_key = of_key.filter(|(core, _)| core.may_be_by(self.id) || !core.named().is_disjoint(others));
        let of_subkey = self.subkey_revocations(maker).into_iter();
        let of_subkey = of_subkey.filter(|(core, _)| core.may_be_by(self.id));
        let odd = of_key.chain(of_subkey).find_map(|(core, _)| {
            let digest = HashAlgorithm(core.hash);
            if !digest.is_taken_in_keys() {
                return Some(Doubt::Digest(digest));
            }
            core.names_several().then_some(Doubt::Makers)
        });
        odd.or_else(|| self.is_designation_odd(others).then_some(Doubt::Designation))
    }

    /// Whether it designates one of `others` in a way that GnuPG passes over, whether or not it does so in another way as well.
    fn is_designation_odd(&self, others: &BTreeSet<KeyId>) -> bool {
        let is_odd = |core: &Core| {
            core.class != class::DIRECT || !HashAlgorithm(core.hash).is_taken_in_keys() || core.names_several()
        };
        let names_one = |core: &Core| core.revokers().any(|own| others.contains(&KeyId::of(&own)));
        self.said()
            .any(|(core, loose)| core.is_said_to_be_by(loose, self.id) && is_odd(core) && names_one(core))
    }

    /// Revocations of a subkey that seem to be over it, whoever made them.
    fn subkey_revocations(&self, subkey: &Fingerprint) -> Vec<(&Core, &Loose)> {
        let key = hashed_key(&self.body);
        let is_it = |(kind, body): &(Kind, Vec<u8>)| {
            *kind == Kind::Subkey && material::fingerprint(body).as_ref() == Some(subkey)
        };
        let Some(((_, body), part)) = self.parts.iter().find(|(name, _)| is_it(name)) else {
            return Vec::new();
        };
        let data = [&key[..], &hashed_key(body)];
        let all = part.signatures.iter().chain(&self.strays);
        all.filter(|(core, loose)| core.class == class::SUBKEY_REVOCATION && core.seems_over(loose, &data))
            .collect()
    }

    /// Revocations of the primary key that are in it, whoever made them.
    pub fn revocations(&self) -> impl Iterator<Item = (&Core, &Loose)> {
        self.direct
            .iter()
            .filter(|(core, _)| core.class == class::KEY_REVOCATION)
    }

    /// Whether anything is taken back in it, whoever says so.
    #[must_use]
    pub fn has_revocations(&self) -> bool {
        self.said().any(|(core, _)| core.is_revocation())
    }

    /// Whether a revocation may be of this key, by the digest that stands in it.
    #[must_use]
    pub fn seems_revoked_by(&self, core: &Core, loose: &Loose) -> bool {
        core.prefix(&[&hashed_key(&self.body)])
            .is_some_and(|prefix| loose.has_prefix(prefix))
    }
}
