// SPDX-License-Identifier: Apache-2.0
//! Who may revoke a key, and the revocations that are in it.

use std::collections::BTreeSet;

use super::{hashed_key, Certificate, Kind, MAX_REVOKERS};
use crate::openpgp::framing::algorithm::HashAlgorithm;
use crate::openpgp::framing::key_id::KeyId;
use crate::openpgp::keys::key::Fingerprint;
use crate::openpgp::keys::key_signature::{class, Core, Loose, Revoker};
use crate::openpgp::keys::material;

/// Of how many odd signatures that limit a key it is looked whether something later lifts the doubt; an honest key has few.
const MAX_ODD: usize = 64;

/// What is odd about something that takes trust from a key, so that GnuPG passes over it whether or not it is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doubt {
    /// A revocation is over a digest that GnuPG takes in no key.
    Digest(HashAlgorithm),
    /// A revocation names several makers.
    Makers,
    /// Something in a revocation is critical that not every GnuPG knows.
    Critical,
    /// A revocation is by a designated revoker that GnuPG does not see designated.
    Designation,
    /// A signature by which the key expires or may not sign names several makers.
    Limits,
    /// Something in such a signature is critical that not every GnuPG knows.
    CriticalLimits,
    /// Such a signature is over a digest that GnuPG takes in no key.
    DigestOfLimits(HashAlgorithm),
    /// What those who may vouch for it have said of it, or taken back, is written in a way in which GnuPG passes over it.
    Vouching,
    /// A signature is in a form that GnuPG does not read, or of which too much can be altered.
    Form,
}

impl std::fmt::Display for Doubt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        const OF_SEVERAL: &str = "in the name of several keys, and versions of gpg differ in which of them they \
            believe";
        match self {
            Doubt::Digest(digest) => write!(f, "is said to be revoked with {digest}, which gpg does not check in keys"),
            Doubt::Makers => write!(f, "is said to be revoked {OF_SEVERAL}"),
            Doubt::Critical => {
                f.write_str("is said to be revoked by a signature with a critical part that some versions of gpg do \
                    not know")
            }
            Doubt::Designation => f.write_str(
                "is said to be revoked by a key that it names as its revoker in a way that gpg does not read",
            ),
            Doubt::Limits => write!(f, "is said to expire or not to sign {OF_SEVERAL}"),
            Doubt::CriticalLimits => f.write_str(
                "is said to expire or not to sign by a signature with a critical part that some versions of gpg do not \
                    know",
            ),
            Doubt::DigestOfLimits(digest) => {
                write!(f, "is said to expire or not to sign with {digest}, which gpg does not check in keys")
            }
            Doubt::Vouching => f.write_str(
                "has a certification, or a revocation of one, by a key that may vouch for it, which gpg does not check for its digest or for what is critical in it, or which was altered",
            ),
            Doubt::Form => f.write_str(
                "has a signature that may revoke or limit it, in a form that gpg does not read or that others may have altered",
            ),
        }
    }
}

impl Certificate {
    /// The keys that may revoke this one in its place, by what it says itself.
    #[must_use]
    pub fn revokers(&self) -> BTreeSet<Revoker> {
        let own = self.said().filter(|(core, loose)| self.may_be_own(core, loose));
        let own = own.flat_map(|(core, _)| core.revokers());
        own.chain(self.named_elsewhere.iter().copied()).collect()
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
        let makers = |(core, loose): (&Core, &Loose)| core.named().into_iter().chain(loose.issuers.clone());
        let said: BTreeSet<KeyId> = self.revocations().flat_map(makers).collect();
        let (mut all, others): (Vec<_>, Vec<_>) = revokers.into_iter().partition(|own| said.contains(&KeyId::of(own)));
        if self.revocations().any(|(core, _)| core.named().is_empty()) {
            all.extend(others);
        }
        all
    }

    /// The designated revokers that are said to have revoked one of its subkeys, as the standard lets them (RFC 4880 section
    /// 5.2.1) and GnuPG does not.
    #[must_use]
    pub fn subkey_revoked_by(&self, subkey: &Fingerprint) -> Vec<Revoker> {
        let mut revocations = self.subkey_revocations(subkey);
        // Those of the key itself are its own.
        revocations.retain(|(core, _)| !self.settled().has(core));
        let revoked = |own: &Revoker| {
            let is_by = |(core, loose): &(&Core, &Loose)| core.may_be_by(loose, KeyId::of(own));
            revocations.iter().any(is_by)
        };
        self.revokers().into_iter().filter(revoked).take(MAX_REVOKERS).collect()
    }

    /// Why what a checker finds says nothing of a revocation of the key or of its subkey `maker`, which is said to be by
    /// itself or by one of `others`, or of what limits the key.
    #[must_use]
    pub fn doubt(&self, maker: &Fingerprint, others: &BTreeSet<KeyId>) -> Option<Doubt> {
        if self.lost.is_some() {
            return Some(Doubt::Form);
        }
        // Whom it names where that is not covered may have been altered.
        let is_own = |core: &Core, loose: &Loose| core.may_be_by(loose, self.id);
        let of_key = self
            .revocations()
            .filter(|(core, loose)| is_own(core, loose) || others.iter().any(|other| core.may_be_by(loose, *other)));
        let of_subkey = self.subkey_revocations(maker).into_iter();
        let of_subkey = of_subkey.filter(|(core, loose)| is_own(core, loose));
        let odd = of_key.chain(of_subkey).find_map(|(core, loose)| {
            let digest = HashAlgorithm(core.hash);
            let mut makers = others.iter().chain([&self.id]);
            if !digest.is_taken_in_keys() {
                Some(Doubt::Digest(digest))
            } else if makers.any(|own| core.is_disputed(loose, *own)) {
                Some(Doubt::Makers)
            } else if core.has_unknown_critical() {
                Some(Doubt::Critical)
            } else {
                // Its digest algorithm is not covered either.
                (core.version == 3).then_some(Doubt::Form)
            }
        });
        odd.or_else(|| self.is_designation_odd(others).then_some(Doubt::Designation))
            .or_else(|| self.doubt_of_limits(maker))
    }

    /// Why what a checker finds says nothing of a signature by which the key or its subkey `maker` expires or may not sign.
    fn doubt_of_limits(&self, maker: &Fingerprint) -> Option<Doubt> {
        let limits = self
            .said()
            .filter(|(core, loose)| core.limits() && core.may_be_by(loose, self.id));
        let odd = limits.filter_map(|(core, loose)| {
            let digest = HashAlgorithm(core.hash);
            let doubt = if core.is_disputed(loose, self.id) {
                Doubt::Limits
            } else if core.has_unknown_critical() {
                Doubt::CriticalLimits
            } else if !digest.is_taken_in_keys() {
                Doubt::DigestOfLimits(digest)
            } else {
                return None;
            };
            Some((core, doubt))
        });
        let odd: Vec<_> = odd.take(MAX_ODD + 1).collect();
        let is_lifted = |core: &Core| self.is_over_other(core, maker) || self.is_superseded(core);
        let mut counting = odd.iter().filter(|(core, _)| odd.len() > MAX_ODD || !is_lifted(core));
        counting.next().map(|(_, doubt)| *doubt)
    }

    /// Whether it designates one of `others` in a way that GnuPG passes over, whether or not it does so in another way as well.
    fn is_designation_odd(&self, others: &BTreeSet<KeyId>) -> bool {
        let is_odd = |core: &Core, loose: &Loose| {
            core.class != class::DIRECT
                || !HashAlgorithm(core.hash).is_taken_in_keys()
                || core.is_disputed(loose, self.id)
                || core.has_unknown_critical()
        };
        if self.named_elsewhere.iter().any(|own| others.contains(&KeyId::of(own))) {
            return true;
        }
        let names_one = |core: &Core| core.revokers().any(|own| others.contains(&KeyId::of(&own)));
        self.said()
            .any(|(core, loose)| self.may_be_own(core, loose) && is_odd(core, loose) && names_one(core))
    }

    /// Revocations that may be of a subkey, whoever made them and wherever they stand: not those of other subkeys.
    fn subkey_revocations(&self, subkey: &Fingerprint) -> Vec<(&Core, &Loose)> {
        let is_it = |(kind, body): &(Kind, Vec<u8>)| {
            *kind == Kind::Subkey && material::fingerprint(body).as_ref() == Some(subkey)
        };
        if !self.parts.keys().any(is_it) {
            return Vec::new();
        }
        let all = self.said().filter(|(core, _)| core.class == class::SUBKEY_REVOCATION);
        all.filter(|(core, _)| !self.is_over_other(core, subkey)).collect()
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
        self.lost.is_some() || self.said().any(|(core, _)| core.is_revocation())
    }

    /// How many bytes of it are hashed for a signature over it.
    #[must_use]
    pub fn hashed_length(&self) -> usize {
        hashed_key(&self.body).len()
    }

    /// Whether a revocation may be of this key, by the digest that stands in it.
    #[must_use]
    pub fn seems_revoked_by(&self, core: &Core, loose: &Loose) -> bool {
        core.prefix(&[&hashed_key(&self.body)])
            .is_some_and(|prefix| loose.has_prefix(prefix))
    }
}
