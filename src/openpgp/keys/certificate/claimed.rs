// SPDX-License-Identifier: Apache-2.0
//! Whether the keys in a certificate have consented to being there.

use std::collections::BTreeSet;

use super::parts::{hashed_key, hashed_part, Kind, Name};
use super::Certificate;
use crate::openpgp::keys::key_signature::proof::Prover;
use crate::openpgp::keys::key_signature::{class, parse, Core};
use crate::openpgp::keys::material;

/// Most signatures of a key that are checked for it.
const MAX_CHECKED: usize = 64;

/// Whether a key has consented to being that of a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// A signature of its own says so.
    Sure,
    /// It takes GnuPG to tell.
    Open,
    /// It has surely not.
    Void,
}

impl Certificate {
    /// The fingerprints of the primary key and of the subkeys in it, bound or not; each once.
    #[must_use]
    pub fn keys_in(&self) -> BTreeSet<[u8; 20]> {
        let subkeys = self.parts.keys().filter(|(kind, _)| *kind == Kind::Subkey);
        let bodies = std::iter::once(&self.body).chain(subkeys.map(|(_, body)| body));
        bodies.map(|body| material::fingerprint_4(body)).collect()
    }

    /// Whether a key in it has consented to that: the primary key by a self-signature, a subkey by one in a binding.
    #[must_use]
    pub fn claim_to(&self, held: &[u8; 20]) -> Claim {
        let key = hashed_key(&self.body);
        if material::fingerprint_4(&self.body) == *held {
            let of_names = self.parts.iter().filter(|((kind, _), _)| *kind != Kind::Subkey);
            let of_names = of_names.flat_map(|((kind, body), part)| {
                let data = hashed_part(*kind, body);
                part.signatures.iter().map(move |signature| (signature, data.clone()))
            });
            let all = self
                .direct
                .iter()
                .map(|signature| (signature, Vec::new()))
                .chain(of_names);
            let own = all.filter(|((core, loose), _)| self.may_be_own(core, loose));
            return claim(&self.body, own.map(|((core, _), data)| (core.clone(), data)), &key);
        }
        let mut subkeys = self.parts.keys().filter(|(kind, _)| *kind == Kind::Subkey);
        let Some((_, body)) = subkeys.find(|(_, body)| material::fingerprint_4(body) == *held) else {
            return Claim::Void;
        };
        let bindings = self.said().filter(|(core, _)| core.class == class::SUBKEY_BINDING);
        let consents = bindings.flat_map(|(core, loose)| core.consents(loose).filter_map(parse));
        claim(body, consents.map(|(core, _)| (core, hashed_key(body))), &key)
    }

    /// Takes a subkey out; whether it is the primary key, which cannot be. What stands behind it may be about other subkeys: only
    /// what is surely over it goes with it.
    pub fn disown(&mut self, held: &[u8; 20]) -> bool {
        self.settled.take();
        let is_it = |body: &[u8]| material::fingerprint_4(body) == *held;
        let names = self
            .parts
            .keys()
            .filter(|(kind, body)| *kind == Kind::Subkey && is_it(body));
        let names: Vec<Name> = names.cloned().collect();
        let (prover, key) = (Prover::of(&self.body), hashed_key(&self.body));
        for name in names {
            let data = hashed_key(&name.1);
            let part = self.parts.remove(&name).unwrap_or_default();
            let own = part
                .signatures
                .into_iter()
                .filter(|(core, loose)| core.may_be_by(loose, self.id));
            let mut over_it = BTreeSet::new();
            for (number, (core, loose)) in own.collect::<Vec<_>>().into_iter().enumerate() {
                let is_over_it = |prover: &Prover| prover.has_made(&core, &[&key, &data]);
                if number < MAX_CHECKED && prover.as_ref().is_some_and(is_over_it) {
                    over_it.insert(core);
                } else {
                    self.add_stray(core, loose);
                }
            }
            self.as_read.disown(held, &over_it);
        }
        is_it(&self.body)
    }
}

/// Whether the key of this packet has made one of some signatures over `key` and what comes with each of them.
fn claim(maker: &[u8], signatures: impl Iterator<Item = (Core, Vec<u8>)>, key: &[u8]) -> Claim {
    let Some(prover) = Prover::of(maker) else {
        return Claim::Open;
    };
    let mut claim = Claim::Void;
    for (number, (core, data)) in signatures.enumerate() {
        if number >= MAX_CHECKED {
            return Claim::Open;
        }
        if prover.has_made(&core, &[key, &data]) {
            return Claim::Sure;
        }
        if !prover.can_tell(&core) {
            claim = Claim::Open;
        }
    }
    claim
}
