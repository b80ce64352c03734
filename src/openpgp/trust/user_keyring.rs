// SPDX-License-Identifier: Apache-2.0
//! The engine for the user's own keyring.
//!
//! The key that a signature names is looked up in the copy of the keyring, where the trust model gives its validity;
//! its packets are then imported into an isolated home, and there the signature is checked. What the signature says
//! about its maker is used for the look-up only.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

use crate::openpgp::answers::checked_signature;
use crate::openpgp::checks::{judge_key, not_named, signer, sole_key};
use crate::openpgp::engine::{Engine, Finding, SignedBy, Signer};
use crate::openpgp::framing::message::Message;
use crate::openpgp::gnupg::gpgme::{Error, Gpg};
use crate::openpgp::gnupg::home::Home;
use crate::openpgp::gnupg::system::{self, SYSTEM_CONFIG};
use crate::openpgp::keys::key::{Key, Validity};
use crate::openpgp::keys::listing::ListedKey;
use crate::openpgp::keys::ring::Ring;
use crate::openpgp::trust::import::check_empty;
use crate::openpgp::trust::shadow::Shadow;
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
pub struct UserKeysEngine {
    shadow: Shadow,
    isolated: Option<Isolated>,
    places: Vec<PathBuf>,
    trust_model: TrustModel,
    signed_by: SignedBy,
    now: i64,
    /// Keys as the copy of the keyring lists them, by their place in the ring.
    listed: HashMap<usize, Key>,
}

/// An isolated home and the keys, by their place in the ring, that were imported into it.
#[derive(Debug)]
struct Isolated {
    gpg: Gpg,
    imported: HashSet<usize>,
    _home: Home,
}

impl UserKeysEngine {
    /// Judges by the keys of `shadow`, at the time `now` (seconds since 1970).
    #[must_use]
    pub fn new(shadow: Shadow, places: Vec<PathBuf>, trust_model: TrustModel, signed_by: SignedBy, now: i64) -> Self {
        Self {
            shadow,
            isolated: None,
            places,
            trust_model,
            signed_by,
            now,
            listed: HashMap::new(),
        }
    }

    /// The places in the ring of the keys that may have made a signature.
    fn candidates(&self, message: &Message) -> Result<Vec<usize>, Error> {
        let of = |ring: &Ring| match &message.signature.fingerprint {
            Some(fingerprint) => ring.with_fingerprint(fingerprint),
            None => ring.with_key_id(message.signature.key_id),
        };
        let found = of(&self.shadow.ring);
        if found.is_empty() {
            self.shadow.confirm_absence(|ring| !of(ring).is_empty())?;
        }
        Ok(found)
    }

    /// Lists keys of the ring as the copy has them; only those that stand in the user's own file, whatever keyrings
    /// the system's configuration adds.
    fn list(&mut self, places: &[usize]) -> Result<(), Error> {
        let missing: Vec<usize> = places
            .iter()
            .copied()
            .filter(|n| !self.listed.contains_key(n))
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        let fingerprints: Vec<String> = missing.iter().map(|n| self.shadow.ring.fingerprint(*n)).collect();
        let patterns: Vec<&str> = fingerprints.iter().map(String::as_str).collect();
        let places: HashMap<&str, usize> = patterns.iter().copied().zip(missing).collect();
        for key in self.shadow.gpg.keys(&patterns)? {
            let place = places.get(key.fingerprint().as_str()).copied();
            if let Some(key) = place.and_then(|place| self.listed.insert(place, key)) {
                return Err(Error::Answer {
                    doing: "listing keys",
                    why: format!(
                        "it shows key {} twice: {SYSTEM_CONFIG} names another keyring that has it",
                        key.fingerprint()
                    ),
                });
            }
        }
        Ok(())
    }

    /// Puts keys of the ring into the isolated home.
    fn import(&mut self, places: &[usize]) -> Result<&mut Isolated, Error> {
        if self.isolated.is_none() {
            let engine = |error: String| Error::Answer {
                doing: "making an isolated keyring",
                why: error,
            };
            let home = Home::isolated(&self.places).map_err(|error| engine(error.to_string()))?;
            let mut gpg = Gpg::start(home.path())?;
            check_empty(&mut gpg).map_err(|error| engine(error.to_string()))?;
            let imported = HashSet::new();
            self.isolated = Some(Isolated {
                gpg,
                imported,
                _home: home,
            });
        }
        let Some(isolated) = self.isolated.as_mut() else {
            // Set just above.
            return Err(Error::Missing("no isolated keyring".into()));
        };
        let missing: Vec<usize> = places
            .iter()
            .copied()
            .filter(|n| !isolated.imported.contains(n))
            .collect();
        if !missing.is_empty() {
            let packets: Vec<u8> = missing
                .iter()
                .flat_map(|n| self.shadow.ring.packets(*n))
                .copied()
                .collect();
            isolated.gpg.import(&packets)?;
            isolated.imported.extend(missing);
        }
        Ok(isolated)
    }

    /// Lists every key of the ring.
    fn list_all(&mut self) -> Result<(), Error> {
        let places: HashMap<String, usize> = (0..self.shadow.ring.len())
            .map(|n| (self.shadow.ring.fingerprint(n), n))
            .collect();
        for key in self.shadow.gpg.keys(&[])? {
            if let Some(place) = places.get(key.fingerprint().as_str()) {
                self.listed.insert(*place, key);
            }
        }
        Ok(())
    }

    /// The keys of a large keyring about which gpg need be asked: they are named, or their owner trust or validity is
    /// known to the trust database, or another key of the ring is said to have certified them.
    fn may_count(&self) -> HashSet<usize> {
        let ring = &self.shadow.ring;
        if self.signed_by.is_limited() {
            let named = self.signed_by.0.iter();
            return named.flat_map(|f| ring.with_fingerprint(f.as_str())).collect();
        }
        let in_ring = ring.key_ids();
        let is_certified = |place| {
            let claims = ring.claims(place);
            claims.is_some_and(|claims| claims.certifiers.iter().any(|id| in_ring.contains(id)))
        };
        (0..ring.len())
            .filter(|place| self.shadow.in_trustdb(ring.fingerprint_bytes(*place)) || is_certified(*place))
            .collect()
    }

    /// Why a key does not count though it fits the signature; `None` where it counts.
    fn objection(&self, key: &Key, signer: &Signer) -> Option<Refusal> {
        if self.signed_by.is_limited() {
            let named = self.signed_by.admits(&signer.fingerprint, &signer.primary);
            return (!named).then(|| not_named(signer, &self.signed_by));
        }
        let counts = self.trust_model == TrustModel::Always || key.validity().is_enough();
        (!counts).then(|| not_valid(key))
    }

    /// Whose key it is: where validity decides, by validity.
    fn owner<'k>(&self, key: &'k Key) -> &'k str {
        let by_validity = self.decides_by_validity() && key.validity().is_enough();
        key.owner(by_validity)
    }

    fn decides_by_validity(&self) -> bool {
        !self.signed_by.is_limited() && self.trust_model == TrustModel::Gpg
    }
}

impl Engine for UserKeysEngine {
    fn verify(&mut self, message: &Message) -> Result<Finding, Error> {
        let refused = |refusal| {
            Ok(Finding {
                signer: None,
                refusal: Some(refusal),
            })
        };
        let maker = message.signature.maker();
        let unknown = || {
            Refusal::new(
                Reason::UnknownKey,
                format!("it is made by key {maker}, which is not in the keyring"),
            )
        };
        let candidates = self.candidates(message)?;
        if candidates.is_empty() {
            return refused(unknown());
        }
        self.list(&candidates)?;
        // A key without a valid self-signature is in the file, but no key as far as gpg is concerned.
        let keys: Vec<Key> = candidates.iter().filter_map(|n| self.listed.get(n)).cloned().collect();
        if keys.is_empty() {
            return refused(unknown());
        }
        let isolated = self.import(&candidates)?;
        let answer = isolated.gpg.verify(&message.detached_signature(), &message.payload)?;
        let lookup = |_: &str| Ok(keys.clone());
        let valid = match checked_signature(&answer, &message.signature, self.now, lookup)? {
            Ok(valid) => valid,
            Err(refusal) => {
                if let (Reason::UnknownKey, Some(option)) = (refusal.reason, system::refusal()) {
                    return Err(Error::Answer {
                        doing: "looking up the signer",
                        why: format!("{SYSTEM_CONFIG} has {option}, which may be why it does not take key {maker}"),
                    });
                }
                return refused(refusal);
            }
        };
        // Several keys may have the key ID that a signature names; those with the fingerprint that made it matter.
        let keys: Vec<Key> = keys
            .into_iter()
            .filter(|key| key.subkey(&valid.fingerprint).is_some())
            .collect();
        let key = match sole_key(&keys, &valid)? {
            Ok(key) => key,
            Err(refusal) => return refused(refusal),
        };
        let signer = signer(key, &valid, Some(key.validity()), self.owner(key));
        let refusal = judge_key(key, &valid, &answer, &message.signature, self.now)
            .err()
            .or_else(|| self.objection(key, &signer));
        Ok(Finding {
            signer: Some(signer),
            refusal,
        })
    }

    fn keys(&mut self) -> Result<Vec<ListedKey>, Error> {
        let all: Vec<usize> = (0..self.shadow.ring.len()).collect();
        let (asked, rest) =
            if all.len() <= LISTED_AT_ONCE || self.trust_model == TrustModel::Always && !self.signed_by.is_limited() {
                (all, Vec::new())
            } else {
                let may_count = self.may_count();
                all.into_iter().partition(|place| may_count.contains(place))
            };
        if rest.is_empty() {
            self.list_all()?;
        } else {
            self.list(&asked)?;
        }
        let mut keys: Vec<ListedKey> = asked
            .iter()
            .filter_map(|place| self.listed.get(place))
            .map(|key| {
                let counts =
                    self.signed_by.is_limited() || self.trust_model == TrustModel::Always || key.validity().is_enough();
                let objection = (!counts).then(|| not_valid_listed(key.validity()));
                ListedKey::checked(
                    key,
                    self.owner(key),
                    Some(key.validity()),
                    &self.signed_by,
                    objection,
                    self.now,
                )
            })
            .collect();
        for place in rest {
            let refusal = if self.signed_by.is_limited() {
                Refusal::new(Reason::KeyNotAccepted, "it is not named with --signed-by")
            } else {
                not_valid_listed(Validity::Unknown)
            };
            keys.extend(
                self.shadow
                    .ring
                    .claims(place)
                    .map(|claims| ListedKey::claimed(claims, refusal)),
            );
        }
        Ok(keys)
    }
}

/// Up to how many keys gpg is asked about each of them. It checks all self-signatures of a keyring that it did not
/// write itself: 10,000 keys take 4 s and more (measured).
const LISTED_AT_ONCE: usize = 500;

/// A good signature by a key whose owner nobody vouches for. The two ways out are told; neither loosens a check.
fn not_valid(key: &Key) -> Refusal {
    let fingerprint = key.fingerprint();
    Refusal::new(
        Reason::KeyNotAccepted,
        format!(
            "it is made by {} ({fingerprint}), whose validity in the keyring is {}; if this is the fingerprint that its owner publishes, certify the key with gpg --lsign-key {fingerprint} or name it with --signed-by {fingerprint}",
            safe(key.owner(false)),
            key.validity().word(),
        ),
    )
}

fn not_valid_listed(validity: Validity) -> Refusal {
    Refusal::new(
        Reason::KeyNotAccepted,
        format!("its validity is {}; full or ultimate is needed", validity.word()),
    )
}
