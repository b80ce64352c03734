// SPDX-License-Identifier: Apache-2.0
//! The keys that may have made one signature, and which of them its maker belongs to.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::openpgp::error::EngineError;
use crate::openpgp::keys::certificate::Certificate;
use crate::openpgp::keys::key::{Fingerprint, Key};
use crate::openpgp::keys::needs::Needs;
use crate::openpgp::refusals::claimed_by_several;
use crate::openpgp::roles::Maker;
use crate::reason::Refusal;

/// One key that claims the maker of a signature.
#[derive(Debug)]
pub(super) struct Candidate {
    /// Its packets, all copies merged.
    pub(super) certificate: Arc<Certificate>,
    /// What the checker reads of it; `None` where the checker does not take it.
    pub(super) key: Option<Arc<Key>>,
}

/// All keys at hand that claim the maker of one signature.
#[derive(Debug)]
pub(super) struct Candidates(pub(super) Vec<Candidate>);

impl Candidates {
    /// Their packets, of those too that the checker does not take.
    pub(super) fn certificates(&self) -> impl Iterator<Item = &Arc<Certificate>> {
        self.0.iter().map(|candidate| &candidate.certificate)
    }

    /// Those that the checker takes, as it reads them.
    pub(super) fn keys(&self) -> impl Iterator<Item = &Arc<Key>> {
        self.0.iter().filter_map(|candidate| candidate.key.as_ref())
    }

    /// The packets of the one with this primary fingerprint.
    pub(super) fn certificate(&self, primary: &Fingerprint) -> Option<&Arc<Certificate>> {
        self.certificates().find(|own| own.fingerprint() == primary)
    }

    /// What it takes to tell that one of them holds the maker.
    pub(super) fn needs(&self, maker: &Maker) -> Needs {
        let needs = self.certificates().map(|own| own.needs(|own| maker.is(own)));
        needs.fold(Needs::default(), Needs::and)
    }

    /// Makes sure that nothing was left out of them by which one would hold the maker.
    pub(super) fn ensure_whole(&self, maker: &Maker) -> Result<(), EngineError> {
        let is_open = |own: &&Arc<Certificate>| {
            let held = own.holds().iter().map(Fingerprint::of).collect::<Vec<_>>();
            own.is_cut() || held.iter().any(|held| maker.is(held) && own.is_consent_open(held))
        };
        match self.certificates().find(is_open) {
            Some(own) => Err(EngineError::crowded(own.fingerprint().as_str())),
            None => Ok(()),
        }
    }

    /// What is to be said where several of them claim a key that may be the maker.
    pub(super) fn claimed_twice(&self, maker: &Maker) -> Option<Refusal> {
        let parts = self.keys().flat_map(|key| &key.subkeys);
        let primaries = self.certificates().map(|own| own.fingerprint());
        let claimed = parts.map(|subkey| &subkey.fingerprint).chain(primaries);
        claimed
            .filter(|own| maker.is(own))
            .find_map(|own| self.sole_claimant(own).err())
    }

    /// The one that a signing key or subkey belongs to, `None` where the checker takes none; several primary keys may
    /// claim one subkey.
    ///
    /// # Errors
    /// When several do: the signer is ambiguous.
    pub(super) fn sole_claimant(&self, maker: &Fingerprint) -> Result<Option<&Key>, Refusal> {
        let holds = |candidate: &&Candidate| {
            candidate.certificate.fingerprint() == maker
                || candidate.key.as_ref().is_some_and(|key| key.subkey(maker).is_some())
        };
        let claimants: Vec<&Candidate> = self.0.iter().filter(holds).collect();
        if claimants.len() > 1 {
            let primaries: BTreeSet<&str> = claimants
                .iter()
                .map(|candidate| candidate.certificate.fingerprint().as_str())
                .collect();
            return Err(claimed_by_several(maker.as_str(), &primaries));
        }
        Ok(claimants.first().and_then(|candidate| candidate.key.as_deref()))
    }
}
