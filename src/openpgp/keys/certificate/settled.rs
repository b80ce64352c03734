// SPDX-License-Identifier: Apache-2.0
//! Where signatures in a key belong that are good over one of its parts. Those need be looked for nowhere else.

use super::parts::{hashed_key, hashed_part, insert, Kind, Name};
use super::places::{Budget, Settled};
use super::Certificate;
use crate::limits::MAX_SELF_SIGNATURES;
use crate::openpgp::framing::algorithm::HashAlgorithm;
use crate::openpgp::keys::key::Fingerprint;
use crate::openpgp::keys::key_signature::proof::Prover;
use crate::openpgp::keys::key_signature::{class, Core, Loose};
use crate::openpgp::keys::material;

impl Certificate {
    /// What the key itself has said that takes trust from one of its parts.
    pub(in super::super) fn settled(&self) -> &Settled {
        self.settled.get_or_init(|| {
            let prover = Prover::of(&self.body);
            let all = |own| self.settle(&own, &mut Budget::default(), false, |core, _| core.takes_away());
            prover.map_or_else(Settled::default, all)
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

    /// Where the signatures of `maker` belong, of those that `is_meant` tells. They are looked for over each part (`everywhere`),
    /// or else over the one behind which they stand and those that the octets in them of the digest fit.
    pub(super) fn settle(
        &self,
        maker: &Prover,
        budget: &mut Budget,
        everywhere: bool,
        is_meant: impl Fn(&Core, &Loose) -> bool,
    ) -> Settled {
        let key = hashed_key(&self.body);
        let parts: Vec<_> = self
            .parts
            .iter()
            .map(|(name, part)| (name, hashed_part(name.0, &name.1), &part.signatures))
            .collect();
        let mut found = Settled::default();
        for (name, data, signatures) in &parts {
            for (core, _) in signatures.iter().filter(|(core, loose)| is_meant(core, loose)) {
                if !found.has(core) && budget.check() && maker.has_made(core, &[&key, data]) {
                    found.places.insert(core.clone(), (*name).clone());
                }
            }
        }
        let of_parts = parts.iter().flat_map(|(_, _, signatures)| *signatures);
        for (core, loose) in of_parts
            .chain(&self.strays)
            .filter(|(core, loose)| is_meant(core, loose))
        {
            let place = found.places.get(core).cloned().or_else(|| {
                if everywhere && (!budget.digest() || maker.has_never_made(core)) {
                    return None;
                }
                let of_kind = |name: &Name| core.is_of_subkeys() == (name.0 == Kind::Subkey);
                let mut places = parts.iter().filter(|(name, _, _)| of_kind(name));
                let place = places.find(|(_, data, _)| {
                    let data: [&[u8]; 2] = [&key, data];
                    let seems = || core.prefix(&data).is_some_and(|prefix| loose.has_prefix(prefix));
                    let is_tried = if everywhere {
                        budget.check()
                    } else {
                        budget.digest() && seems() && budget.check()
                    };
                    let by_another = || everywhere && maker.has_made_by_another_digest(core, &data);
                    is_tried && (maker.has_made(core, &data) || by_another() && found.by_another.insert(core.clone()))
                });
                place.map(|(name, _, _)| (*name).clone())
            });
            if let Some(place) = place {
                let there = self.parts.get(&place);
                if !there.is_some_and(|part| part.signatures.contains_key(core)) {
                    let moved = found.moved.entry(place.clone()).or_default();
                    insert(moved, core.clone(), loose.clone());
                }
                found.places.insert(core.clone(), place);
            }
        }
        found
    }
}
