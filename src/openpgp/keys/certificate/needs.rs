// SPDX-License-Identifier: Apache-2.0
//! The algorithms that it takes to check what a key says of itself, what others say of it, and what takes it back.

use std::collections::BTreeSet;

use super::{Certificate, Kind};
use crate::openpgp::framing::algorithm::HashAlgorithm;
use crate::openpgp::keys::key::Fingerprint;
use crate::openpgp::keys::key_signature::{class, Core, Loose};
use crate::openpgp::keys::material;
use crate::openpgp::keys::needs::Needs;

impl Certificate {
    /// What it takes to tell that the key, and those of its subkeys that `is_maker` tells, are bound as they should be.
    #[must_use]
    pub fn needs(&self, is_maker: impl Fn(&Fingerprint) -> bool) -> Needs {
        let own = self.said().filter(|(core, loose)| self.may_be_own(core, loose));
        let mut digests = BTreeSet::new();
        for (core, loose) in own {
            digests.insert(core.hash);
            digests.extend(core.digests_of_consent(loose));
        }
        let subkeys = self.parts.keys().filter(|(kind, _)| *kind == Kind::Subkey);
        let subkeys = subkeys.filter(|(_, body)| material::fingerprint(body).is_some_and(|own| is_maker(&own)));
        let bodies = std::iter::once(&self.body).chain(subkeys.map(|(_, body)| body));
        Needs {
            kinds: bodies.map(|body| material::kind(body)).collect(),
            digests,
        }
    }

    /// What it takes to tell who has certified the key, as far as that depends on the key itself.
    #[must_use]
    pub fn needs_for_certifications(&self) -> Needs {
        let certifications = self
            .said()
            .filter(|(core, _)| class::CERTIFICATION.contains(&core.class));
        let digests = certifications.map(|(core, _)| core.hash).collect();
        let certified = Needs {
            digests,
            ..Needs::default()
        };
        self.needs(|_| false).and(certified)
    }

    /// What it takes to tell whether it still vouches for others, or others for it: it may have been taken back,
    /// or the certification may.
    #[must_use]
    pub fn needs_for_vouching(&self) -> Needs {
        let taken_back = self
            .said()
            .filter(|(core, _)| core.class == class::CERTIFICATION_REVOCATION);
        let digests = taken_back.map(|(core, _)| core.hash).collect();
        let taken_back = Needs {
            digests,
            ..Needs::default()
        };
        self.needs_for_revocations().and(taken_back)
    }

    /// What it takes to tell whether it has taken itself or one of its subkeys back, or says that it expires.
    #[must_use]
    pub fn needs_for_revocations(&self) -> Needs {
        // Once for all of them: anybody can add thousands.
        let is_by_other = !self.revoked_by().is_empty();
        let own = |(core, loose): &(&Core, &Loose)| match core.class {
            // Whom it names where that is not covered may have been altered.
            class::KEY_REVOCATION | class::SUBKEY_REVOCATION => is_by_other || core.may_be_by(loose, self.id),
            _ if !self.may_be_own(core, loose) => false,
            // A gpg that checks signatures over data has what they are over.
            _ if core.limits() && !HashAlgorithm(core.hash).is_sha2() => true,
            _ => is_by_other && core.revokers().next().is_some(),
        };
        Needs {
            digests: self.said().filter(own).map(|(core, _)| core.hash).collect(),
            ..Needs::default()
        }
    }

    /// All signatures in it.
    pub(in super::super) fn said(&self) -> impl Iterator<Item = (&Core, &Loose)> {
        let of_parts = self.parts.values().flat_map(|part| &part.signatures);
        self.direct.iter().chain(of_parts).chain(&self.strays)
    }
}
