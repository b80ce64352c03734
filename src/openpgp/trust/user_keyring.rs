// SPDX-License-Identifier: Apache-2.0
//! The user's own keyring: the keys in it, and which of them the user's trust accepts.
//!
//! The key that a signature names is looked up by our own reader. Its validity comes from gpg on a copy of the keyring
//! and of the trust database; nothing else does.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use crate::openpgp::error::EngineError;
use crate::openpgp::keys::certificate::Certificate;
use crate::openpgp::keys::key::{Fingerprint, Key, Validity};
use crate::openpgp::keys::ring::Ring;
use crate::openpgp::keys::signed_by::SignedBy;
use crate::openpgp::roles::{Facts, KeySet, Listed, Maker, Standing};
use crate::openpgp::trust::shadow::Shadow;
use crate::openpgp::trust::user_home;
use crate::reason::{Reason, Refusal};
use crate::text::safe;

/// Which keys of a user's keyring count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TrustModel {
    /// Those whose validity is full or ultimate.
    #[default]
    Gpg,
    /// All that are not revoked, expired or disabled.
    Always,
}

/// Keys out of the user's keyring.
#[derive(Debug)]
pub struct UserKeyring {
    shadow: Shadow,
    trust_model: TrustModel,
    signed_by: SignedBy,
    now: i64,
    /// How the user calls gpg for this keyring.
    gpg: String,
    /// Keys as the copy of the keyring lists them, by their place in the ring.
    listed: HashMap<usize, Key>,
    /// Those about which gpg was asked twice.
    confirmed: HashSet<usize>,
    /// Why it is not known whether those are valid that gpg calls valid.
    doubts: HashMap<usize, Option<String>>,
}

impl UserKeyring {
    /// Takes the keys of `shadow`, at the time `now` (seconds since 1970). `named` is its home where gpg
    /// would take another one by itself.
    #[must_use]
    pub fn new(shadow: Shadow, trust_model: TrustModel, signed_by: SignedBy, now: i64, named: Option<&Path>) -> Self {
        Self {
            shadow,
            trust_model,
            signed_by,
            now,
            gpg: safe(&user_home::gpg(named)),
            listed: HashMap::new(),
            confirmed: HashSet::new(),
            doubts: HashMap::new(),
        }
    }

    /// Lists keys of the ring, as far as they are not known yet.
    fn list(&mut self, places: impl IntoIterator<Item = usize>) -> Result<(), EngineError> {
        let missing = places.into_iter().filter(|place| !self.listed.contains_key(place));
        let missing: Vec<usize> = missing.collect();
        if !missing.is_empty() {
            self.listed.extend(self.shadow.keys(&missing, self.now)?);
        }
        Ok(())
    }

    /// The keys of a large keyring about which gpg need be asked: they are named, or their owner trust or validity is
    /// known to the trust database, or another key of the ring is said to have certified them.
    fn may_count(&self) -> HashSet<usize> {
        let ring = &self.shadow.ring;
        if self.signed_by.is_limited() {
            let named = self.signed_by.0.iter();
            return named.flat_map(|f| ring.with_fingerprint(f)).copied().collect();
        }
        let is_certified = |place| ring.certifiers(place).iter().any(|id| ring.has_key_id(*id));
        (0..ring.len())
            .filter(|place| self.shadow.in_trustdb(ring.fingerprint_bytes(*place)) || is_certified(*place))
            .collect()
    }

    fn decides_by_validity(&self) -> bool {
        !self.signed_by.is_limited() && self.trust_model == TrustModel::Gpg
    }

    /// What is to be said against a key for its validity. Where it would have had one by a certification of a key that
    /// has gone bad, that is the thing to mend.
    fn objection(&mut self, key: &Key, place: usize) -> Result<Option<Refusal>, EngineError> {
        if !self.decides_by_validity() {
            return Ok(None);
        }
        if key.validity().is_enough() {
            let shadow = &mut self.shadow;
            let doubt = self.doubts.entry(place).or_insert_with(|| shadow.doubt_behind(place));
            return Ok(doubt.clone().map(|why| Refusal::new(Reason::EngineFailed, why)));
        }
        if !self.confirmed.contains(&place) {
            self.shadow.confirm(place, key, self.now)?;
            self.confirmed.insert(place);
        }
        let certifiers = self.shadow.certificate(place).map(|own| own.certifiers());
        let certifiers = certifiers.unwrap_or_default();
        if let Some((unfit, is_certifier)) = self.shadow.unfit_behind(place)? {
            return Ok(Some(not_valid(key, Some((&unfit, is_certifier)), self.now, &self.gpg)));
        }
        // gpg takes the owner trust away from a key that is revoked.
        let places = certifiers
            .iter()
            .flat_map(|id| self.shadow.ring.with_key_id(*id))
            .copied();
        let known: Vec<usize> = places
            .filter(|own| self.shadow.in_trustdb(self.shadow.ring.fingerprint_bytes(*own)))
            .collect();
        let mut revoked = known;
        revoked.retain(|own| {
            let certificate = self.shadow.certificate(*own);
            certificate.is_some_and(|own| {
                own.revocations()
                    .any(|(core, loose)| core.is_said_to_be_by(loose, own.id()))
            })
        });
        // Whoever sends a key may write any key ID into a certification.
        if let Some(revoked) = self.shadow.certifiers_among(&revoked, place)?.first() {
            self.list([*revoked])?;
            let revoked = self.listed.get(revoked).filter(|own| own.revoked);
            return Ok(Some(not_valid(
                key,
                revoked.map(|own| (own, true)),
                self.now,
                &self.gpg,
            )));
        }
        Ok(Some(not_valid(key, None, self.now, &self.gpg)))
    }
}

impl KeySet for UserKeyring {
    fn candidates(&mut self, maker: &Maker) -> Result<Vec<Arc<Certificate>>, EngineError> {
        let of = |ring: &Ring| match maker {
            Maker::Fingerprint(fingerprint) => ring.with_fingerprint(fingerprint).to_vec(),
            Maker::KeyId(id) => ring.with_key_id(*id).to_vec(),
        };
        let places = of(&self.shadow.ring);
        if places.is_empty() {
            self.shadow.confirm_absence(|ring| !of(ring).is_empty())?;
        }
        // Asked in one go, while the validity of one of them will be needed in any case.
        self.list(places.iter().copied())?;
        let found: Vec<_> = places
            .iter()
            .filter_map(|place| self.shadow.certificate(*place))
            .collect();
        if let (true, Some(place)) = (found.is_empty(), places.first()) {
            // It is there, in a version or form that is not read here.
            let fingerprint = self.shadow.ring.fingerprint(*place);
            return Err(EngineError::Elsewhere(format!(
                "its maker belongs to key {fingerprint} of {}, which cannot be read here",
                self.name()
            )));
        }
        Ok(found)
    }

    fn standing(&mut self, key: &Key) -> Result<Standing, EngineError> {
        let fingerprint = key.fingerprint();
        let mut places = self.shadow.ring.with_fingerprint(fingerprint).iter().copied();
        let place = places.find(|place| self.shadow.ring.fingerprint(*place) == fingerprint.as_str());
        let Some(place) = place else {
            return Err(EngineError::failed(
                "looking up the signer",
                format!("key {fingerprint} is not in the keyring"),
            ));
        };
        self.list([place])?;
        self.shadow.certificate(place);
        let Some(own) = self.listed.get(&place).cloned() else {
            return Err(EngineError::failed(
                "looking up the signer",
                format!("gpg does not list key {fingerprint}, which is in the keyring"),
            ));
        };
        let by_validity = self.decides_by_validity() && own.validity().is_enough();
        Ok(Standing {
            validity: Some(own.validity()),
            disabled: own.disabled,
            revoked: own.revoked,
            owner: Some(own.owner(by_validity)),
            objection: self.objection(&own, place)?,
        })
    }

    fn vouchers(&mut self, key: &Key) -> Vec<Arc<Certificate>> {
        let places = self.shadow.ring.with_fingerprint(key.fingerprint()).to_vec();
        self.shadow.behind(&places)
    }

    fn has(&self, fingerprint: &Fingerprint) -> bool {
        !self.shadow.ring.with_fingerprint(fingerprint).is_empty()
    }

    fn all(&mut self) -> Result<Vec<Listed>, EngineError> {
        let ring = &self.shadow.ring;
        let asked: BTreeSet<usize> =
            if ring.len() <= LISTED_AT_ONCE || self.trust_model == TrustModel::Always && !self.signed_by.is_limited() {
                (0..ring.len()).collect()
            } else {
                self.may_count().into_iter().collect()
            };
        self.list(asked.iter().copied())?;
        let mut all = Vec::new();
        // Those about which gpg was asked first.
        let rest = (0..self.shadow.ring.len()).filter(|place| !asked.contains(place));
        for place in asked.iter().copied().chain(rest) {
            let Some(certificate) = self.shadow.certificate(place) else {
                continue;
            };
            let facts = match self.listed.get(&place) {
                Some(key) => Facts::Known(key.clone()),
                None => Facts::NotAsked,
            };
            all.push(Listed { certificate, facts });
        }
        Ok(all)
    }

    fn objection_unasked(&self) -> Refusal {
        if self.signed_by.is_limited() {
            Refusal::new(Reason::KeyNotAccepted, "it is not named with --signed-by")
        } else {
            Refusal::new(
                Reason::KeyNotAccepted,
                format!(
                    "its validity is {}; full or ultimate is needed",
                    Validity::Unknown.word()
                ),
            )
        }
    }

    fn name(&self) -> String {
        format!("the keyring {}", safe(&self.shadow.place().display().to_string()))
    }
}

/// Up to how many keys gpg is asked about each of them. It checks all self-signatures of a keyring that it did not
/// write itself: 10,000 keys take 4 s and more (measured).
const LISTED_AT_ONCE: usize = 500;

/// What is to be said against a key whose owner nobody vouches for; `unfit` must not though it might have, and whether it
/// certified the key itself. The ways out are told; none of them loosens a check.
fn not_valid(key: &Key, unfit: Option<(&Key, bool)>, now: i64, gpg: &str) -> Refusal {
    let fingerprint = key.fingerprint();
    let validity = key.validity().word();
    let mut passes = false;
    let message = match unfit {
        Some((certifier, is_direct)) => {
            // An expired or disabled key may be used again tomorrow.
            passes = !certifier.revoked && !certifier.primary().revoked;
            let name = format!("{} ({})", safe(&certifier.owner(false)), certifier.fingerprint());
            let own = certifier.fingerprint();
            let who_vouches = if is_direct {
                "it is certified by"
            } else {
                "a key that certified it depends on a certification by"
            };
            let another = format!("certify the signer's key with another key: {gpg} --lsign-key {fingerprint}");
            let (state, remedy) = if certifier.revoked || certifier.primary().revoked {
                ("revoked", format!("certify it with a key that is not: {gpg} --lsign-key {fingerprint}"))
            } else if certifier.primary().is_expired(now) {
                ("expired", format!("renew that key with {gpg} --quick-set-expire {own} 1y if it is yours, or {another}"))
            } else if certifier.disabled {
                ("disabled", format!("enable that key with: {gpg} --edit-key {own} enable save; or {another}"))
            } else {
                ("without valid self-signature", format!("get that key again from its owner, or {another}"))
            };
            format!("the validity of this key in the keyring is {validity}: {who_vouches} {name}, which is {state}, \
                and such a certification is ignored; {remedy}")
        }
        None => format!("the validity of this key in the keyring is {validity}; if this is the fingerprint that its owner publishes, certify the key with {gpg} --lsign-key {fingerprint} (that takes a secret key of your own) or name it with --signed-by {fingerprint}"),
    };
    let refusal = Refusal::new(Reason::KeyNotAccepted, message);
    if passes {
        refusal.sparing_record()
    } else {
        refusal
    }
}
