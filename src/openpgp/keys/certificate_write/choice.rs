// SPDX-License-Identifier: Apache-2.0
//! Which of many signatures are given to GnuPG, where it looks at the newest or at some of them: late dates are cheap to forge.
//!
//! The newest that holds by OpenSSL is always among them. Whether it counts, GnuPG decides.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use crate::limits::MAX_SELF_SIGNATURES;
use crate::openpgp::keys::certificate::Signatures;
use crate::openpgp::keys::key_signature::proof::Prover;
use crate::openpgp::keys::key_signature::{class, parse, Core, Loose};

/// Most signatures of one key that are checked for it, each time that the key is written: of its own, and of its subkeys.
const MAX_CHECKED: usize = 1024;

/// What chooses; it does not check more than is worth it.
#[derive(Debug, Default)]
pub(super) struct Choice {
    own: Cell<usize>,
    of_subkeys: Cell<usize>,
}

impl Choice {
    /// The place of the newest of some signatures that holds, if one does. They come in any order.
    fn newest<'s>(
        checked: &Cell<usize>,
        maker: &[u8],
        all: impl Iterator<Item = (&'s Core, &'s Loose)>,
        data: &[&[u8]],
    ) -> Option<usize> {
        let mut all: Vec<_> = all
            .enumerate()
            .filter(|(_, (core, loose))| core.seems_over(loose, data))
            .collect();
        all.sort_by_key(|(_, (core, _))| std::cmp::Reverse(core.created));
        let prover = Prover::of(maker)?;
        let holds = |(_, (core, _)): &(usize, (&Core, &Loose))| {
            checked.set(checked.get() + 1);
            checked.get() <= MAX_CHECKED && prover.has_made(core, data)
        };
        all.into_iter().find(holds).map(|(place, _)| place)
    }

    /// As many signatures of a key over `data` that take nothing away as there is room for: the newest that holds, then the
    /// newest that look honest. Whether none of them is known to hold, so that what was left out may be what counts.
    pub(super) fn narrow(&self, maker: &[u8], giving: &mut Vec<(&Core, &Loose)>, data: &[&[u8]]) -> bool {
        if giving.len() <= MAX_SELF_SIGNATURES {
            return false;
        }
        let newest = Self::newest(&self.own, maker, giving.iter().copied(), data);
        let newest = newest.map(|place| giving.swap_remove(place));
        giving.sort_by_cached_key(|(core, loose)| (core.seems_over(loose, data), core.created));
        giving.drain(..giving.len() - MAX_SELF_SIGNATURES + usize::from(newest.is_some()));
        giving.extend(newest);
        newest.is_none()
    }

    /// Whether a binding of a subkey has several signatures of that in it.
    pub(super) fn has_several(bindings: &Signatures) -> bool {
        !of_subkey(bindings).is_empty()
    }

    /// Whether not all signatures in the bindings of all subkeys are checked, where there are several in one.
    pub(super) fn passes_over<'s>(all: impl Iterator<Item = &'s Signatures>) -> bool {
        let several = all.flat_map(|bindings| of_subkey(bindings).into_values().map(|own| own.len()));
        several.sum::<usize>() > MAX_CHECKED
    }

    /// The signature of a subkey over `data` that each of its bindings is given, where it has several: the newest that
    /// holds. By what the bindings cover, since a copy of one can be written in other numbers.
    pub(super) fn consents(&self, subkey: &[u8], bindings: &Signatures, data: &[&[u8]]) -> BTreeMap<Vec<u8>, Vec<u8>> {
        let chosen = of_subkey(bindings).into_iter().filter_map(|(binding, own)| {
            let parsed: Vec<_> = own.into_iter().filter_map(|body| Some((body, parse(body)?))).collect();
            let signatures = parsed.iter().map(|(_, (core, loose))| (core, loose));
            let newest = Self::newest(&self.of_subkeys, subkey, signatures, data)?;
            Some((binding, parsed[newest].0.to_vec()))
        });
        chosen.collect()
    }
}

/// The signatures of the subkey in bindings that have several, by what these cover.
fn of_subkey(bindings: &Signatures) -> BTreeMap<Vec<u8>, BTreeSet<&[u8]>> {
    let mut all: BTreeMap<Vec<u8>, BTreeSet<&[u8]>> = BTreeMap::new();
    let bindings = bindings.iter().filter(|(core, _)| core.class == class::SUBKEY_BINDING);
    for (core, loose) in bindings {
        all.entry(core.trailer()).or_default().extend(core.consents(loose));
    }
    all.retain(|_, own| own.len() > 1);
    all
}
