// SPDX-License-Identifier: Apache-2.0
//! Keys out of files: all of them count, and only they.

use std::sync::Arc;

use crate::openpgp::error::EngineError;
use crate::openpgp::keys::certificate::Certificate;
use crate::openpgp::keys::index::Index;
use crate::openpgp::keys::key::{Fingerprint, Key};
use crate::openpgp::roles::{Facts, KeySet, Listed, Maker, Standing};
use crate::reason::{Reason, Refusal};

/// The keys of some files, each united from all copies in them.
#[derive(Debug)]
pub struct KeyFiles {
    keys: Vec<Arc<Certificate>>,
    index: Index,
    /// Keys that do not count and may revoke those that do.
    revokers: Vec<Arc<Certificate>>,
    name: String,
}

impl KeyFiles {
    /// Takes the keys, and others that may do nothing but revoke them; `name` is what they are called in messages.
    #[must_use]
    pub fn new(keys: Vec<Arc<Certificate>>, revokers: Vec<Arc<Certificate>>, name: String) -> Self {
        let mut index = Index::default();
        for (number, key) in keys.iter().enumerate() {
            for fingerprint in key.holds() {
                index.add(fingerprint, number);
            }
        }
        Self {
            keys,
            index,
            revokers,
            name,
        }
    }
}

impl KeySet for KeyFiles {
    fn candidates(&mut self, maker: &Maker) -> Result<Vec<Arc<Certificate>>, EngineError> {
        let found = match maker {
            Maker::Fingerprint(fingerprint) => match fingerprint.bytes() {
                Some(bytes) => self.index.with_fingerprint(&bytes),
                None => &[],
            },
            Maker::KeyId(id) => self.index.with_id(*id),
        };
        Ok(found.iter().map(|number| Arc::clone(&self.keys[*number])).collect())
    }

    fn revokers(&mut self, fingerprint: &Fingerprint) -> Result<Vec<Arc<Certificate>>, EngineError> {
        let mut found = self.candidates(&Maker::Fingerprint(fingerprint.clone()))?;
        let bytes = fingerprint.bytes();
        let others = self.revokers.iter();
        let others = others.filter(|own| bytes.is_some_and(|bytes| own.holds().contains(&bytes)));
        found.extend(others.cloned());
        Ok(found)
    }

    fn standing(&mut self, _: &Key) -> Result<Standing, EngineError> {
        Ok(Standing::default())
    }

    fn vouchers(&mut self, _: &Key) -> Vec<Arc<Certificate>> {
        Vec::new()
    }

    fn has(&self, fingerprint: &Fingerprint) -> bool {
        let bytes = fingerprint.bytes();
        bytes.is_some_and(|bytes| !self.index.with_fingerprint(&bytes).is_empty())
    }

    fn all(&mut self) -> Result<Vec<Listed>, EngineError> {
        let listed = |key: &Arc<Certificate>| Listed {
            certificate: Arc::clone(key),
            facts: Facts::AskChecker,
        };
        Ok(self.keys.iter().map(listed).collect())
    }

    fn objection_unasked(&self) -> Refusal {
        Refusal::new(Reason::KeyNotAccepted, "it is not looked into")
    }

    fn name(&self) -> String {
        self.name.clone()
    }
}
