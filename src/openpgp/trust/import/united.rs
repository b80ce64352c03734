// SPDX-License-Identifier: Apache-2.0
//! Keys, each united from its copies, and what is said against them anywhere.

use std::collections::{HashMap, HashSet};

use crate::openpgp::framing::key_id::KeyId;
use crate::openpgp::keys::certificate::Certificate;
use crate::openpgp::keys::key::Fingerprint;
use crate::openpgp::keys::key_file::{Contents, Revocation};
use crate::openpgp::keys::key_signature::{Core, Loose, Revoker};

/// Most bytes of keys that are compared with the revocations of a file by digest, each with each.
const MAX_COMPARED: usize = 1 << 26;

/// Most revocations that are given to keys which they may be of, over all files. One that names many keys counts as several.
const MAX_GIVEN: usize = 1 << 16;

/// So many names in a revocation make it count as one more.
const NAMES_AT_ONCE: usize = 8;

/// Keys in the order in which they come.
#[derive(Default)]
pub(super) struct United {
    pub(super) keys: Vec<Certificate>,
    by_fingerprint: HashMap<Fingerprint, usize>,
    given: usize,
    /// Names of which there is too much for it to be given to the keys.
    exhausted: HashSet<KeyId>,
}

/// What became of the revocations of a file.
#[derive(Default)]
pub(super) struct Applied {
    /// Whether one that stands by itself has a key.
    pub(super) alone: bool,
    /// The makers of those that have none.
    pub(super) homeless: Vec<Vec<KeyId>>,
}

impl United {
    pub(super) fn add(&mut self, copy: Certificate) {
        match self.by_fingerprint.get(copy.fingerprint()) {
            Some(number) => self.keys[*number].unite(copy),
            None => {
                self.by_fingerprint.insert(copy.fingerprint().clone(), self.keys.len());
                self.keys.push(copy);
            }
        }
    }

    /// Adds what copies of these keys in another file say against them.
    pub(super) fn adopt(&mut self, other: &Contents) {
        for copy in &other.certificates {
            if let Some(number) = self.by_fingerprint.get(copy.fingerprint()) {
                self.keys[*number].adopt(copy);
            }
        }
    }

    /// The keys of other files that these name as their revokers, and that are not among them.
    pub(super) fn revokers(&self, others: &[(String, Contents)]) -> Vec<Certificate> {
        let named: HashSet<Revoker> = self.keys.iter().flat_map(Certificate::revokers).collect();
        let mut found = Self::default();
        for copy in others.iter().flat_map(|(_, other)| &other.certificates) {
            let is_named = || copy.holds().iter().any(|own| named.contains(own));
            if !self.by_fingerprint.contains_key(copy.fingerprint()) && is_named() {
                found.add(copy.clone());
            }
        }
        found.keys
    }

    /// Adds revocations of a file to the keys that they may be of.
    pub(super) fn revoke(&mut self, revocations: &[Revocation]) -> Applied {
        let mut applied = Applied::default();
        if revocations.is_empty() {
            return applied;
        }
        let mut by_id: HashMap<KeyId, Vec<usize>> = HashMap::new();
        for (number, key) in self.keys.iter().enumerate() {
            by_id.entry(key.id()).or_default().push(number);
            for revoker in key.revokers() {
                by_id.entry(KeyId::of(&revoker)).or_default().push(number);
            }
        }
        let bytes: usize = self.keys.iter().map(Certificate::hashed_length).sum();
        let by_digest = revocations.len().saturating_mul(bytes) <= MAX_COMPARED;
        for Revocation { core, loose, alone } in revocations {
            let makers = core.makers(loose);
            let mut has_key = false;
            let mut targets = HashSet::new();
            for id in &makers {
                let named = by_id.get(id).map(Vec::as_slice).unwrap_or_default();
                has_key |= !named.is_empty();
                if self.has_room(*id, named, loose) {
                    targets.extend(named);
                }
            }
            if by_digest {
                let seems = |own: &usize| self.keys[*own].seems_revoked_by(core, loose);
                targets.extend((0..self.keys.len()).filter(seems));
                has_key |= !targets.is_empty();
            }
            self.give(core, loose, &targets);
            applied.alone |= *alone && has_key;
            if !has_key {
                applied.homeless.push(makers.into_iter().collect());
            }
        }
        applied
    }

    /// Whether a revocation by `maker` is given to the keys which name that. Where it is not, nothing is known of them.
    fn has_room(&mut self, maker: KeyId, named: &[usize], loose: &Loose) -> bool {
        if self.exhausted.contains(&maker) {
            return false;
        }
        self.given += named.len().saturating_mul(1 + loose.issuers.len() / NAMES_AT_ONCE);
        if self.given <= MAX_GIVEN {
            return true;
        }
        for number in named {
            self.keys[*number].overrun();
        }
        self.exhausted.insert(maker);
        false
    }

    fn give(&mut self, core: &Core, loose: &Loose, targets: &HashSet<usize>) {
        for number in targets {
            self.keys[*number].add_revocation(core, loose);
        }
    }
}
