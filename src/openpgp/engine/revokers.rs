// SPDX-License-Identifier: Apache-2.0
//! Keys that others have designated to revoke them.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Engine;
use crate::openpgp::error::EngineError;
use crate::openpgp::framing::key_id::KeyId;
use crate::openpgp::keys::certificate::Certificate;
use crate::openpgp::keys::key::{Fingerprint, Key};
use crate::openpgp::keys::listing::ListedKey;
use crate::openpgp::keys::overlooked::Overlooked;
use crate::reason::{Reason, Refusal};
use crate::text::safe;

/// A designated revoker, and the keys at hand that claim its fingerprint as that of theirs or of a subkey; not none.
type AtHand = (Fingerprint, Vec<Arc<Certificate>>);

impl Engine {
    /// The designated revokers at hand that are said to have revoked a key.
    pub(super) fn revokers_of(&mut self, certificate: &Certificate) -> Result<Vec<AtHand>, EngineError> {
        let revokers = certificate.revoked_by();
        let revokers = revokers.iter().map(Fingerprint::of).collect();
        self.at_hand(certificate, revokers)
    }

    /// Those designated revokers of a key that are at hand. One that is not is warned of: it alone could tell.
    fn at_hand(&mut self, certificate: &Certificate, revokers: Vec<Fingerprint>) -> Result<Vec<AtHand>, EngineError> {
        let mut found = Vec::new();
        for fingerprint in revokers {
            let keys = self.keys.revokers(&fingerprint)?;
            if !keys.is_empty() {
                found.push((fingerprint, keys));
                continue;
            }
            let warning = format!(
                "key {} has a revocation by its designated revoker, key {fingerprint}, which is not in {}: without that key the revocation cannot be checked",
                certificate.fingerprint(),
                self.keys.name()
            );
            if !self.warnings.contains(&warning) {
                self.warnings.push(warning);
            }
        }
        Ok(found)
    }

    /// Says of a key, and of each of its subkeys that would count, why it is not known whether it does.
    pub(super) fn tell_doubts(&mut self, certificate: &Certificate, key: &Key, listed: &mut ListedKey) {
        if listed.refusal.is_some() {
            return;
        }
        let mut doubt_of = |maker: &Fingerprint| {
            let doubt = self.ensure_revocations_are_checked(certificate, maker).err();
            doubt.map(|error| Refusal::new(Reason::EngineFailed, safe(&error.to_string())))
        };
        let of_primary = doubt_of(key.fingerprint());
        let mut counts = key.primary().can_sign && of_primary.is_none();
        let mut first = of_primary;
        for part in listed.subkeys.iter_mut().filter(|part| part.refusal.is_none()) {
            part.refusal = doubt_of(&part.subkey.fingerprint);
            counts |= part.refusal.is_none();
            first = first.or_else(|| part.refusal.clone());
        }
        if !counts {
            listed.refusal = first;
        }
    }

    /// Makes sure that a key which the checker does not call revoked, nor its subkey `maker`, has no revocation that it could
    /// not check: for want of an algorithm, because it does not believe who is said to have made it, or because it
    /// passes over such revocations.
    pub(super) fn ensure_revocations_are_checked(
        &mut self,
        certificate: &Certificate,
        maker: &Fingerprint,
    ) -> Result<(), EngineError> {
        let key = certificate.fingerprint();
        // It takes a look at each signature in the key, of which there may be thousands.
        let asked = (key.clone(), maker.clone());
        if self.sure.contains(&asked) {
            return Ok(());
        }
        if certificate.is_crowded() || certificate.has_many_revokers() {
            return Err(EngineError::crowded(key.as_str()));
        }
        let revokers = self.revokers_of(certificate)?;
        let own = certificate.needs_for_revocations();
        let keys = revokers.iter().flat_map(|(_, keys)| keys);
        let needs = keys.fold(own, |needs, own| needs.and(own.needs(|_| false)));
        self.ensure_able(needs)?;
        let unchecked =
            |revoker: &Fingerprint, why| Err(EngineError::unchecked_revocation(key.as_str(), revoker.as_str(), why));
        for (revoker, keys) in &revokers {
            let Some(own) = keys.iter().find(|own| own.fingerprint() == revoker) else {
                return unchecked(revoker, Overlooked::IsSubkey);
            };
            let read = self.check.read(&[Arc::clone(own)])?.into_iter().next().flatten();
            if let Some(why) = Overlooked::of(read.as_deref()) {
                return unchecked(revoker, why);
            }
        }
        let of_subkey = certificate.subkey_revoked_by(maker);
        let of_subkey = self.at_hand(certificate, of_subkey.iter().map(Fingerprint::of).collect())?;
        if let Some((revoker, _)) = of_subkey.first() {
            return Err(EngineError::unchecked_revocation(
                maker.as_str(),
                revoker.as_str(),
                Overlooked::OfSubkey,
            ));
        }
        let others: BTreeSet<KeyId> = revokers
            .iter()
            .filter_map(|(own, _)| Some(KeyId::of(&own.bytes()?)))
            .collect();
        match certificate.doubt(maker, &others) {
            Some(doubt) => Err(EngineError::odd_revocation(key.as_str(), doubt)),
            None => {
                self.sure.insert(asked);
                Ok(())
            }
        }
    }
}
