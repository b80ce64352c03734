// SPDX-License-Identifier: Apache-2.0
//! The engine for keys out of files.

use std::collections::HashMap;

use crate::openpgp::answers::checked_signature;
use crate::openpgp::checks::{judge_key, not_named, signer, sole_key};
use crate::openpgp::engine::{Engine, Finding, SignedBy};
use crate::openpgp::framing::message::Message;
use crate::openpgp::gnupg::gpgme::{Error, Gpg};
use crate::openpgp::gnupg::home::Home;
use crate::openpgp::keys::key::{Fingerprint, Key};
use crate::openpgp::keys::listing::ListedKey;

/// Keys out of files: all of them count, and only they.
#[derive(Debug)]
pub struct KeyFileEngine {
    gpg: Gpg,
    accepted: Vec<Fingerprint>,
    signed_by: SignedBy,
    now: i64,
    listed: HashMap<Fingerprint, Vec<Key>>,
    _home: Home,
}

impl KeyFileEngine {
    /// Judges by the keys `accepted`, which stand in the keyring of `gpg`, at the time `now` (seconds since 1970).
    #[must_use]
    pub fn new(home: Home, gpg: Gpg, accepted: Vec<Fingerprint>, signed_by: SignedBy, now: i64) -> Self {
        Self {
            gpg,
            accepted,
            signed_by,
            now,
            listed: HashMap::new(),
            _home: home,
        }
    }

    /// The keys that have this primary key or subkey, looked up once.
    fn lookup(&mut self, fingerprint: &Fingerprint) -> Result<&[Key], Error> {
        if !self.listed.contains_key(fingerprint) {
            let keys = self.gpg.keys(&[fingerprint.as_str()])?;
            self.listed.insert(fingerprint.clone(), keys);
        }
        Ok(&self.listed[fingerprint])
    }
}

impl Engine for KeyFileEngine {
    fn verify(&mut self, message: &Message) -> Result<Finding, Error> {
        let answer = self.gpg.verify(&message.detached_signature(), &message.payload)?;
        let lookup = |maker: &str| self.gpg.keys(&[maker]);
        let valid = match checked_signature(&answer, &message.signature, self.now, lookup)? {
            Ok(valid) => valid,
            Err(refusal) => {
                return Ok(Finding {
                    signer: None,
                    refusal: Some(refusal),
                });
            }
        };
        let keys = self.lookup(&valid.fingerprint)?.to_vec();
        let key = match sole_key(&keys, &valid)? {
            Ok(key) => key,
            Err(refusal) => {
                return Ok(Finding {
                    signer: None,
                    refusal: Some(refusal),
                });
            }
        };
        let signer = signer(key, &valid, None, key.owner(false));
        let refusal = judge_key(key, &valid, &answer, &message.signature, self.now)
            .err()
            .or_else(|| {
                let in_files = self.accepted.contains(&valid.primary);
                (!in_files || !self.signed_by.admits(&valid.fingerprint, &valid.primary))
                    .then(|| not_named(&signer, &self.signed_by))
            });
        Ok(Finding {
            signer: Some(signer),
            refusal,
        })
    }

    fn keys(&mut self) -> Result<Vec<ListedKey>, Error> {
        let patterns: Vec<&str> = self.accepted.iter().map(Fingerprint::as_str).collect();
        let mut keys = self.gpg.keys(&patterns)?;
        // In the order of their files.
        let places: HashMap<&Fingerprint, usize> = self.accepted.iter().enumerate().map(|(n, f)| (f, n)).collect();
        keys.sort_by_key(|key| places.get(key.fingerprint()).copied());
        Ok(keys
            .iter()
            .map(|key| ListedKey::checked(key, key.owner(false), None, &self.signed_by, None, self.now))
            .collect())
    }
}
