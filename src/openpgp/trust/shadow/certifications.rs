// SPDX-License-Identifier: Apache-2.0
//! Which certifications of keys are good, as gpg checks them; and without which key nobody vouches for another one.

use std::collections::{BTreeMap, BTreeSet};

use super::{Shadow, KEYS};
use crate::openpgp::error::EngineError;
use crate::openpgp::framing::key_id::KeyId;
use crate::openpgp::gnupg::home;
use crate::openpgp::keys::key::Key;
use crate::openpgp::trust::vouchers::Circle;

impl Shadow {
    /// A key that must not vouch though it might have, and without which nobody vouches for the key at `place`, be it one
    /// that certified it (true) or one behind these. Of several, one that can be mended. Of those that [`Shadow::keys`]
    /// met. Whoever sends a key may write any key ID into a certification: only those count that gpg finds good.
    ///
    /// # Errors
    /// When gpg fails.
    pub fn unfit_behind(&mut self, place: usize) -> Result<Option<(Key, bool)>, EngineError> {
        let said = Circle::around(&[place], |place| self.vouchers_of(place)).places();
        if !said.iter().any(|own| *own != place && self.unfit.contains_key(own)) {
            return Ok(None);
        }
        let (unfit, others): (Vec<usize>, Vec<usize>) = said.iter().partition(|own| self.unfit.contains_key(own));
        let good = self.certifications(&[unfit, others].concat())?;
        let is_good = |key: usize, voucher: &usize| good.contains(&(key, *voucher));
        let behind = Circle::around(&[place], |key| {
            let mut vouchers = self.vouchers_of(key);
            vouchers.retain(|voucher| is_good(key, voucher));
            vouchers
        });
        let behind = behind.places();
        let unfit = self
            .unfit
            .iter()
            .filter(|(own, _)| **own != place && behind.contains(own));
        let found = unfit.min_by_key(|(_, key)| key.revoked || key.primary().revoked);
        Ok(found.map(|(own, key)| (key.clone(), is_good(place, own))))
    }

    /// Why it is not known whether anybody vouches for the key at `place`, in a sentence: gpg passes over something that those
    /// who may have said of it, or of one of them.
    pub fn doubt_behind(&mut self, place: usize) -> Option<String> {
        // Nobody need vouch for a key that is trusted by itself.
        let vouchers_of = |own: &mut Self, place| match own.is_ultimate(place) {
            true => Vec::new(),
            false => own.vouchers_of(place),
        };
        let places = Circle::around(&[place], |place| vouchers_of(self, place)).places();
        for place in places {
            let vouchers = vouchers_of(self, place);
            let vouchers: Vec<_> = vouchers.into_iter().filter_map(|own| self.certificate(own)).collect();
            let Some(own) = self.certificate(place) else {
                continue;
            };
            if let Some(doubt) = own.doubt_of_vouchers(&vouchers) {
                let key = own.fingerprint();
                return Some(format!(
                    "key {key} {doubt}; ask its owner, or get the key again from its owner"
                ));
            }
        }
        None
    }

    /// Which of some keys have certified the one at `place`, as gpg checks it.
    ///
    /// # Errors
    /// When gpg fails.
    pub fn certifiers_among(&mut self, candidates: &[usize], place: usize) -> Result<Vec<usize>, EngineError> {
        if candidates.is_empty() {
            return Ok(Vec::new());
        }
        let good = self.certifications(&[candidates, &[place]].concat())?;
        let mut certifiers = candidates.to_vec();
        certifiers.retain(|own| good.contains(&(place, *own)));
        Ok(certifiers)
    }

    /// The good certifications among some keys of the ring: a key and one that certified it, by their places. Of an expired
    /// key gpg checks those only on keys that stand behind it in the keyring, so that `places` has such keys first.
    fn certifications(&mut self, places: &[usize]) -> Result<BTreeSet<(usize, usize)>, EngineError> {
        const DOING: &str = "checking certifications";
        let mut packets = Vec::new();
        // Keys of other versions are none that gpg could check.
        let mut asked: BTreeMap<String, usize> = BTreeMap::new();
        let mut by_id: BTreeMap<KeyId, usize> = BTreeMap::new();
        for place in places {
            let written = self.written(*place)?;
            if !written.is_empty() {
                packets.extend(written);
                asked.insert(self.ring.fingerprint(*place), *place);
                // Of two keys with one ID none is known to be the maker.
                if let Some(id) = self.ring.fingerprint_bytes(*place).map(KeyId::of) {
                    by_id
                        .entry(id)
                        .and_modify(|place| *place = usize::MAX)
                        .or_insert(*place);
                }
            }
        }
        let wrong = |error: home::HomeError| EngineError::failed("copying keys", error);
        self.home.replace(KEYS, &packets).map_err(wrong)?;
        let mut good = BTreeSet::new();
        for (fingerprint, makers) in self.gpg.certifications()? {
            let Some(place) = asked.remove(fingerprint.as_str()) else {
                return Err(EngineError::failed(
                    DOING,
                    format!("it shows key {fingerprint} unasked or twice"),
                ));
            };
            good.extend(makers.iter().filter_map(|id| Some((place, *by_id.get(id)?))));
        }
        match asked.into_keys().next() {
            Some(fingerprint) => Err(EngineError::failed(
                DOING,
                format!("it does not show key {fingerprint}"),
            )),
            None => Ok(good),
        }
    }
}
