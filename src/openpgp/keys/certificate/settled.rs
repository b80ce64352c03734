// SPDX-License-Identifier: Apache-2.0
//! Where signatures in a key belong that are good over one of its parts. Those need be looked for nowhere else.

use std::collections::BTreeMap;

use super::{hashed_key, hashed_part, insert, Certificate, Kind, Signatures};
use crate::limits::MAX_SELF_SIGNATURES;
use crate::openpgp::framing::algorithm::HashAlgorithm;
use crate::openpgp::keys::key::Fingerprint;
use crate::openpgp::keys::key_signature::proof::Prover;
use crate::openpgp::keys::key_signature::{class, Core, Loose};
use crate::openpgp::keys::material;

/// Most signatures that are checked for it.
const MAX_CHECKED: usize = 4096;

/// Most digests that are computed to find signatures at a wrong place.
const MAX_DIGESTS: usize = 1 << 16;

/// Of which kind a part is, and what it is.
type Name = (Kind, Vec<u8>);

/// Signatures and the parts that they are over.
#[derive(Debug, Clone, Default)]
pub(in super::super) struct Settled {
    places: BTreeMap<Core, Name>,
    /// Those that stand elsewhere.
    moved: BTreeMap<Name, Signatures>,
}

impl Settled {
    /// Whether it is known what a signature is over.
    pub(in super::super) fn has(&self, core: &Core) -> bool {
        self.places.contains_key(core)
    }

    /// The signatures over a part that stand elsewhere.
    pub(in super::super) fn moved_from(&self, name: &Name) -> Option<&Signatures> {
        self.moved.get(name)
    }
}

impl Certificate {
    /// What the key itself has said that takes trust from one of its parts.
    pub(in super::super) fn settled(&self) -> &Settled {
        self.settled.get_or_init(|| {
            let prover = Prover::of(&self.body);
            prover.map_or_else(Settled::default, |own| self.settle(&own, |core, _| core.takes_away()))
        })
    }

    /// Whether a signature is known to be over another subkey than this one.
    pub(super) fn is_over_other(&self, core: &Core, subkey: &Fingerprint) -> bool {
        let place = self.settled().places.get(core);
        place.is_some_and(|(kind, body)| *kind == Kind::Subkey && material::fingerprint(body).as_ref() != Some(subkey))
    }

    /// Whether the key has surely said something later, in a way that GnuPG reads, of what a signature in its name is about:
    /// only the last of what it says counts.
    pub(super) fn is_superseded(&self, core: &Core) -> bool {
        let place = self.settled().places.get(core);
        let (data, signatures) = match place.and_then(|place| self.parts.get_key_value(place)) {
            Some(((kind, body), part)) => (hashed_part(*kind, body), &part.signatures),
            None if core.class == class::DIRECT => (Vec::new(), &self.direct),
            None => return false,
        };
        let later = signatures.iter().filter(|(own, loose)| {
            let is_of_kind =
                own.class == core.class || [own, core].iter().all(|own| class::CERTIFICATION.contains(&own.class));
            let is_read = HashAlgorithm(own.hash).is_taken_in_keys() && !own.has_unknown_critical();
            is_of_kind && own.created > core.created && is_read && !own.is_disputed(loose, self.id)
        });
        let Some(prover) = Prover::of(&self.body) else {
            return false;
        };
        let key = hashed_key(&self.body);
        // The newest honest one is among the last.
        later
            .rev()
            .take(MAX_SELF_SIGNATURES)
            .any(|(own, _)| prover.has_made(own, &[&key, &data]))
    }

    /// Where the signatures of `maker` belong, of those that `is_meant` tells.
    pub(in super::super) fn settle(&self, maker: &Prover, is_meant: impl Fn(&Core, &Loose) -> bool) -> Settled {
        let key = hashed_key(&self.body);
        let parts: Vec<_> = self
            .parts
            .iter()
            .map(|(name, part)| (name, hashed_part(name.0, &name.1), &part.signatures))
            .collect();
        let mut checked = 0;
        let mut is_good = |core: &Core, data: &[u8]| {
            checked += 1;
            checked <= MAX_CHECKED && maker.has_made(core, &[&key, data])
        };
        let mut found = Settled::default();
        for (name, data, signatures) in &parts {
            for (core, _) in signatures.iter().filter(|(core, loose)| is_meant(core, loose)) {
                if !found.has(core) && is_good(core, data) {
                    found.places.insert(core.clone(), (*name).clone());
                }
            }
        }
        let mut digests = 0;
        let all = parts
            .iter()
            .flat_map(|(_, _, signatures)| *signatures)
            .chain(&self.strays);
        for (core, loose) in all.filter(|(core, loose)| is_meant(core, loose)) {
            let place = match found.places.get(core) {
                Some(place) => Some(place.clone()),
                None => {
                    let fits = |(name, data): &(&Name, &Vec<u8>)| {
                        digests += 1;
                        let prefix = || core.prefix(&[&key, data]);
                        digests <= MAX_DIGESTS
                            && core.is_of_subkeys() == (name.0 == Kind::Subkey)
                            && prefix().is_some_and(|prefix| loose.has_prefix(prefix))
                            && is_good(core, data)
                    };
                    let mut places = parts.iter().map(|(name, data, _)| (*name, data));
                    places.find(fits).map(|(name, _)| name.clone())
                }
            };
            if let Some(place) = place {
                let there = self.parts.get(&place);
                if !there.is_some_and(|part| part.signatures.contains_key(core)) {
                    insert(
                        found.moved.entry(place.clone()).or_default(),
                        core.clone(),
                        loose.clone(),
                    );
                }
                found.places.insert(core.clone(), place);
            }
        }
        found
    }
}

impl Core {
    /// Whether it is about a subkey, not about the key or a name.
    pub(in super::super) fn is_of_subkeys(&self) -> bool {
        matches!(self.class, class::SUBKEY_BINDING | class::SUBKEY_REVOCATION)
    }
}
