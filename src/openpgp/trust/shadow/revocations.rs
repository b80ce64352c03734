// SPDX-License-Identifier: Apache-2.0
//! Revocations of keys of the ring by those that they have named for that.

use std::collections::{BTreeMap, BTreeSet};

use super::Shadow;
use crate::openpgp::error::EngineError;
use crate::openpgp::framing::key_id::KeyId;
use crate::openpgp::keys::certificate::Certificate;
use crate::openpgp::keys::key::{Fingerprint, Key};
use crate::openpgp::keys::overlooked::Overlooked;

impl Shadow {
    /// The keys of the ring that one names as its designated revokers and that are said to have revoked it.
    pub(super) fn revokers_of(&mut self, place: usize) -> Vec<usize> {
        let revokers = self.certificate(place).map(|own| own.revoked_by()).unwrap_or_default();
        let keys = revokers
            .iter()
            .map(|own| self.ring.with_fingerprint(&Fingerprint::of(own)));
        keys.flatten().copied().collect()
    }

    /// Makes sure that gpg, which has `listed` keys, believes those who are said to have revoked one that may vouch for
    /// others and that it calls fit.
    pub(super) fn ensure_revokers_are_believed(
        &mut self,
        fit: &BTreeSet<usize>,
        listed: &BTreeMap<usize, Key>,
    ) -> Result<(), EngineError> {
        for place in fit {
            if !self.may_vouch(*place) {
                continue;
            }
            let is_crowded = |own: &Certificate| own.is_crowded() || own.has_many_revokers();
            if self.certificate(*place).is_some_and(|own| is_crowded(&own)) {
                return Err(EngineError::crowded(&self.ring.fingerprint(*place)));
            }
            let Some(own) = self.certificate(*place) else {
                continue;
            };
            let mut others = BTreeSet::new();
            for revoker in own.revoked_by() {
                let name = Fingerprint::of(&revoker);
                let holders = self.ring.with_fingerprint(&name);
                if holders.is_empty() {
                    continue;
                }
                others.insert(KeyId::of(&revoker));
                let primary = holders
                    .iter()
                    .find(|own| self.ring.fingerprint_bytes(**own) == Some(&revoker));
                let why = match primary {
                    Some(primary) => Overlooked::of(listed.get(primary)),
                    None => Some(Overlooked::IsSubkey),
                };
                if let Some(why) = why {
                    let key = own.fingerprint().as_str();
                    return Err(EngineError::unchecked_revocation(key, name.as_str(), why));
                }
            }
            if let Some(doubt) = own.doubt(own.fingerprint(), &others) {
                return Err(EngineError::odd_revocation(own.fingerprint().as_str(), doubt));
            }
        }
        Ok(())
    }
}
