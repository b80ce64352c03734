// SPDX-License-Identifier: Apache-2.0
//! The engine: is this framed message signed, and by a key that may say so?
//!
//! One pipeline for every set of keys and every way to check. A signature is accepted for the fingerprint of its primary
//! key, which must be in an explicit set; never on the validity that the implementation assigns.

mod claimants;
mod revokers;
mod second;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::limits::{CLOCK_SKEW, MAX_SELF_SIGNATURES};
use crate::openpgp::candidates::{Candidate, Candidates};
use crate::openpgp::checks::{judge_key, not_named};
use crate::openpgp::error::EngineError;
use crate::openpgp::framing::message::Message;
use crate::openpgp::judgement::Judgement;
use crate::openpgp::keys::certificate::Certificate;
use crate::openpgp::keys::key::{Fingerprint, Key};
use crate::openpgp::keys::listing::ListedKey;
use crate::openpgp::keys::needs::Needs;
use crate::openpgp::keys::signed_by::SignedBy;
use crate::openpgp::refusals::not_yet_valid;
use crate::openpgp::roles::{Facts, KeySet, Listed, Maker, SignatureCheck, Standing};
use crate::openpgp::signer::GpgSigner;
use crate::reason::{Reason, Refusal};
use crate::text::safe;

/// Judges signatures by a set of keys.
#[derive(Debug)]
pub struct Engine {
    keys: Box<dyn KeySet>,
    check: Box<dyn SignatureCheck>,
    signed_by: SignedBy,
    now: i64,
    warnings: Vec<String>,
    /// How many of them were handed out.
    told: usize,
    /// Keys, each with the one of its keys that signed, of which no revocation was left unchecked.
    sure: HashSet<(Fingerprint, Fingerprint)>,
    /// How many times the checker was asked about a signature.
    pub checked: usize,
    /// As in `sure`: the checker makes the same key of the copies as they were read.
    read_alike: HashSet<(Fingerprint, Fingerprint)>,
}

impl Engine {
    /// Judges by `keys`, narrowed to `signed_by`, at the time `now` (seconds since 1970).
    #[must_use]
    pub fn new(keys: Box<dyn KeySet>, check: Box<dyn SignatureCheck>, signed_by: SignedBy, now: i64) -> Self {
        let absent = signed_by.0.iter().filter(|named| !keys.has(named));
        let warnings = absent
            .map(|named| format!("no key in {} has the fingerprint {named} of --signed-by", keys.name()))
            .collect();
        Self {
            keys,
            check,
            signed_by,
            now,
            warnings,
            told: 0,
            sure: HashSet::new(),
            checked: 0,
            read_alike: HashSet::new(),
        }
    }

    /// Judges one message.
    ///
    /// # Errors
    /// When the engine itself fails, so that nothing can be said about the signature.
    pub fn verify(&mut self, message: &Message) -> Result<Judgement, EngineError> {
        let signature = &message.signature;
        let maker = Maker::of(signature);
        let candidates = self.candidates(&maker)?;
        if candidates.0.is_empty() {
            return Ok(self.unknown(message, "is not in").into());
        }
        let keys: Vec<Arc<Key>> = candidates.keys().cloned().collect();
        let is_there = keys
            .iter()
            .any(|key| key.subkeys.iter().any(|subkey| maker.is(&subkey.fingerprint)));
        let fit = if is_there {
            self.checked += 1;
            match self.check.check(message, &keys) {
                // What it lacks says more than the number of an error.
                Err(error @ EngineError::Unreliable { .. }) => {
                    self.ensure_able(candidates.needs(&maker))?;
                    return Err(error);
                }
                answer => answer?,
            }
        } else {
            Err(self.not_taken(message, &candidates)?)
        };
        // Nobody can tell whose signature it is, whichever of the keys the checker looked at.
        let fit = match fit {
            Ok(fit) => fit,
            Err(refusal) => {
                if let Some(refusal) = candidates.claimed_twice(&maker) {
                    return Ok(refusal.into());
                }
                // A primary key that was taken is one that the checker could check: its own signatures on it.
                let by_primary = is_there && candidates.certificates().all(|own| maker.is(own.fingerprint()));
                let is_proven = by_primary && refusal.reason == Reason::BadSignature;
                if !is_proven && refusal.reason != Reason::SignatureNotYetValid {
                    candidates.ensure_whole(&maker)?;
                    self.ensure_able(candidates.needs(&maker))?;
                }
                if refusal.reason == Reason::WrongKeyUsage {
                    for own in candidates.certificates() {
                        self.ensure_bad_as_read(message, &candidates, own)?;
                    }
                }
                return Ok(refusal.into());
            }
        };
        let key = match candidates.sole_claimant(&fit.maker) {
            Ok(Some(key)) if *key.fingerprint() == fit.primary => key,
            Ok(_) => {
                return Err(EngineError::failed(
                    "looking up the signer",
                    format!("the keyring does not show key {} as it signed", fit.maker),
                ));
            }
            Err(refusal) => return Ok(refusal.into()),
        };
        let standing = self.keys.standing(key)?;
        let certificate = candidates.certificate(key.fingerprint());
        let materials = certificate.map_or(Vec::new(), |own| own.materials(&fit.maker));
        let signer = GpgSigner::of(signature, &fit.maker, key, &standing, materials);
        let refusal = judge_key(key, &fit, &standing, signature, self.now).err();
        let needs = match (&refusal, certificate) {
            // What the checker does not find in a key: the signature that would say otherwise.
            (Some(refusal), Some(own)) if depends_on_checks(refusal.reason) => {
                if own.is_cut() {
                    return Err(EngineError::crowded(own.fingerprint().as_str()));
                }
                if !fit.is_good {
                    self.ensure_bad_as_read(message, &candidates, own)?;
                }
                own.needs(|own| *own == fit.maker)
            }
            (None, Some(own)) => {
                self.ensure_revocations_are_checked(own, &fit.maker)?;
                self.ensure_good_as_read(message, &candidates, own, &fit.maker)?;
                Needs::default()
            }
            _ => Needs::default(),
        };
        let by_validity = refusal.is_none() && !self.signed_by.is_limited() && standing.objection.is_some();
        let objection = refusal.or_else(|| self.objection(key, &signer, &standing));
        let needs = match &objection {
            // Whoever vouches for the key may have been taken back.
            None if !self.signed_by.is_limited() => needs.and(self.needs_for_vouching(key)),
            Some(_) if by_validity => needs.and(self.needs_for_validity(key)),
            _ => needs,
        };
        self.ensure_able(needs)?;
        Ok(match objection {
            // Nothing is known of the key.
            Some(refusal) if refusal.reason == Reason::EngineFailed => {
                return Err(EngineError::failed("checking the key of a signature", refusal.message))
            }
            Some(refusal) => Judgement::Refused {
                refusal,
                signer: Some(signer),
            },
            None => Judgement::Good(signer),
        })
    }

    /// The keys that claim the maker, as they are and as the checker reads them. What may revoke them is loaded as well.
    fn candidates(&mut self, maker: &Maker) -> Result<Candidates, EngineError> {
        let certificates = self.keys.candidates(maker)?;
        let mut to_read = certificates.clone();
        for certificate in &certificates {
            to_read.extend(self.revokers_of(certificate)?.into_iter().flat_map(|(_, keys)| keys));
        }
        // Those that may revoke come last, and are no candidates.
        let read = self.check.read(&to_read)?;
        let candidates = certificates.into_iter().zip(read);
        let candidates = candidates.map(|(certificate, key)| Candidate { certificate, key });
        Ok(Candidates(candidates.collect()))
    }

    /// Says that about so many signatures will come.
    pub fn expect(&mut self, signatures: usize) {
        self.check.expect(signatures);
    }

    /// Says which messages are about to be judged, most likely.
    pub fn prepare(&mut self, messages: &[&Message]) {
        self.check.prepare(messages);
    }

    /// What the set of keys is called in messages.
    #[must_use]
    pub fn name_of_keys(&self) -> String {
        self.keys.name()
    }

    /// Adds to what a user should know; it must be safe to print.
    pub fn warn(&mut self, warning: String) {
        self.warnings.push(warning);
    }

    /// What a user should know besides the verdicts, each once; safe to print.
    pub fn take_warnings(&mut self) -> Vec<String> {
        let told = std::mem::replace(&mut self.told, self.warnings.len());
        self.warnings[told..].to_vec()
    }

    fn unknown(&self, message: &Message, how: &str) -> Refusal {
        let signature = &message.signature;
        let maker = signature.maker();
        if signature.created > self.now + CLOCK_SKEW {
            return not_yet_valid(&format!("the signature by key {maker}"), signature.created, self.now);
        }
        Refusal::new(
            Reason::UnknownKey,
            format!("it is made by key {maker}, which {how} {}", self.keys.name()),
        )
    }

    /// Why the checker has no key though there is one.
    fn not_taken(&mut self, message: &Message, candidates: &Candidates) -> Result<Refusal, EngineError> {
        let future = candidates
            .certificates()
            .find(|own| own.created() > self.now + CLOCK_SKEW);
        if let Some(own) = future {
            return Ok(not_yet_valid(
                &format!("key {}", own.fingerprint()),
                own.created(),
                self.now,
            ));
        }
        if let Some(own) = candidates.certificates().find(|own| own.is_flooded()) {
            return Err(EngineError::Elsewhere(format!(
                "key {} carries {MAX_SELF_SIGNATURES} or more signatures in its own name on one part, and none of those that were looked at is valid; get the key again from its owner",
                own.fingerprint()
            )));
        }
        let checker = self.check.name()?;
        let is_in = format!("has no valid self-signature or binding by what {checker} says, though it is in");
        Ok(self.unknown(message, &is_in))
    }

    /// Why a good signature is not accepted.
    fn objection(&self, key: &Key, signer: &GpgSigner, standing: &Standing) -> Option<Refusal> {
        if self.signed_by.is_limited() {
            let named = self.signed_by.admits(&signer.fingerprint, &signer.primary);
            return (!named).then(|| not_named(signer, &self.signed_by));
        }
        let own = standing.objection.clone()?;
        let who = format!("{} ({})", safe(&key.owner(false)), key.fingerprint());
        Some(Refusal {
            message: format!("it is made by {who}; {}", own.message),
            ..own
        })
    }

    /// What it takes to tell that nobody vouches for a key.
    fn needs_for_validity(&mut self, key: &Key) -> Needs {
        let vouchers = self.keys.vouchers(key);
        let needs = vouchers.iter().map(|own| own.needs_for_certifications());
        needs.fold(Needs::default(), Needs::and)
    }

    /// What it takes to tell that somebody vouches for a key.
    fn needs_for_vouching(&mut self, key: &Key) -> Needs {
        let vouchers = self.keys.vouchers(key);
        let needs = vouchers.iter().map(|own| own.needs_for_vouching());
        needs.fold(Needs::default(), Needs::and)
    }

    /// Makes sure that what the checker did not find is not for want of an algorithm.
    fn ensure_able(&mut self, needs: Needs) -> Result<(), EngineError> {
        if needs == Needs::default() {
            return Ok(());
        }
        match self.check.lacks(&needs)? {
            Some(why) => Err(EngineError::failed("checking the key of a signature", why)),
            None => Ok(()),
        }
    }

    /// Lists the keys, accepted and others.
    ///
    /// # Errors
    /// When the keyring cannot be read.
    pub fn keys(&mut self) -> Result<Vec<ListedKey>, EngineError> {
        let listing = self.keys.all()?;
        let asked: Vec<Arc<Certificate>> = listing
            .iter()
            .filter(|listed| matches!(listed.facts, Facts::AskChecker))
            .map(|listed| Arc::clone(&listed.certificate))
            .collect();
        let mut read = self.check.read(&asked)?.into_iter();
        let claims = listing.iter().flat_map(|listed| listed.certificate.holds());
        let mut counts: HashMap<[u8; 20], usize> = HashMap::new();
        for claim in claims {
            *counts.entry(claim).or_default() += 1;
        }
        let mut keys = Vec::new();
        for Listed { certificate, facts } in listing {
            self.revokers_of(&certificate)?;
            let is_of_file = matches!(facts, Facts::AskChecker);
            let key = match facts {
                Facts::Known(key) => Some(key),
                Facts::AskChecker => match read.next().flatten() {
                    Some(key) => Some(Arc::unwrap_or_clone(key)),
                    // Left out with a warning.
                    None => continue,
                },
                Facts::NotAsked => None,
            };
            let Some(key) = key else {
                let refusal = self.keys.objection_unasked();
                keys.push(ListedKey::claimed(&certificate, refusal));
                continue;
            };
            let mut standing = self.keys.standing(&key)?;
            if standing.objection.is_some() {
                let needs = self.needs_for_validity(&key);
                if let Some(why) = self.check.lacks(&needs)? {
                    standing.objection = Some(Refusal::new(Reason::EngineFailed, why));
                }
            }
            let mut own = ListedKey::checked(&key, &certificate, standing, &self.signed_by, &counts, self.now);
            if is_of_file {
                self.tell_doubts(&certificate, &key, &mut own);
            }
            keys.push(own);
        }
        Ok(keys)
    }
}

/// Whether a refusal for a key says that something in it was not found good.
fn depends_on_checks(reason: Reason) -> bool {
    matches!(
        reason,
        Reason::KeyExpired | Reason::WrongKeyUsage | Reason::BadSignature | Reason::UnknownKey
    )
}
