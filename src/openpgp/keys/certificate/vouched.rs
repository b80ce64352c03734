// SPDX-License-Identifier: Apache-2.0
//! What those who may vouch for a key have said of its names, wherever it stands and whomever it names where that is not
//! covered. GnuPG goes by the last thing that each says of a name: what hides it makes an older one count.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::places::{Budget, Settled};
use super::revocations::Doubt;
use super::Certificate;
use crate::openpgp::framing::algorithm::HashAlgorithm;
use crate::openpgp::framing::key_id::KeyId;
use crate::openpgp::keys::key_signature::proof::Prover;
use crate::openpgp::keys::key_signature::{class, Core, Loose};

/// What is known of what some keys have said of the names of another one.
#[derive(Debug, Default)]
pub(in super::super) struct Vouched {
    /// The parts that their signatures are over.
    pub(in super::super) settled: Settled,
    /// Who has surely made them, whomever they name.
    pub(in super::super) makers: BTreeMap<Core, BTreeSet<KeyId>>,
    /// Who has surely not made them, whomever they name.
    denied: BTreeMap<Core, BTreeSet<KeyId>>,
    /// Those that somebody may have made over another name than the one behind which they stand.
    open: BTreeSet<Core>,
    /// Whether GnuPG passes over any.
    pub(in super::super) doubt: Option<Doubt>,
    /// Whether more would have to be looked at.
    pub(in super::super) is_crowded: bool,
}

impl Vouched {
    /// Whether it takes GnuPG to tell what a signature is over.
    pub(in super::super) fn is_open(&self, core: &Core) -> bool {
        self.open.contains(core)
    }

    /// Whether a voucher has surely not made a signature.
    pub(in super::super) fn is_denied(&self, core: &Core, voucher: KeyId) -> bool {
        self.denied.get(core).is_some_and(|own| own.contains(&voucher))
    }
}

impl Certificate {
    /// Looks for what `vouchers` have said of its names.
    pub(in super::super) fn vouched(&self, vouchers: &[Arc<Certificate>]) -> Vouched {
        let mut all = Vouched::default();
        let mut budget = Budget::default();
        for voucher in vouchers.iter().filter(|own| own.id() != self.id()) {
            self.add_voucher(voucher, &mut budget, &mut all);
        }
        all.is_crowded = budget.is_spent();
        all
    }

    /// Why it is not known what `vouchers` have said of its names.
    #[must_use]
    pub fn doubt_of_vouchers(&self, vouchers: &[Arc<Certificate>]) -> Option<Doubt> {
        self.vouched(vouchers).doubt
    }

    fn add_voucher(&self, voucher: &Certificate, budget: &mut Budget, all: &mut Vouched) {
        let id = voucher.id();
        let prover = Prover::of(&voucher.body);
        let certifies = |core: &Core| class::CERTIFICATION.contains(&core.class);
        let is_odd = |core: &Core, loose: &Loose| {
            !HashAlgorithm(core.hash).is_taken_in_keys() || core.has_unknown_critical() || core.is_disputed(loose, id)
        };
        let says = |core: &Core, loose: &Loose| certifies(core) && core.is_said_to_be_by(loose, id);
        let mut found = match &prover {
            Some(prover) => self.settle(prover, budget, false, says),
            None => Settled::default(),
        };
        // What was said before the first thing that counts takes nothing away.
        let counting = self
            .said()
            .filter(|(core, loose)| says(core, loose) && !is_odd(core, loose) && (prover.is_none() || found.has(core)));
        let Some(first) = counting.map(|(core, _)| core.created).min() else {
            return;
        };
        let may_matter = |core: &Core, loose: &Loose| {
            let is_of_kind = certifies(core) || core.class == class::CERTIFICATION_REVOCATION;
            is_of_kind && core.created >= first && core.may_be_by(loose, id)
        };
        if let Some(prover) = &prover {
            found.extend(self.settle(prover, budget, true, may_matter));
        }
        let said: Vec<_> = self.said().filter(|(core, loose)| may_matter(core, loose)).collect();
        for (core, loose) in &said {
            if found.has(core) {
                all.makers.entry((*core).clone()).or_default().insert(id);
            } else if certifies(core) && (core.named().contains(&id) || prover.is_none() && says(core, loose)) {
                all.open.insert((*core).clone());
            } else if !certifies(core) && prover.as_ref().is_some_and(|prover| prover.can_tell(core)) {
                all.denied.entry((*core).clone()).or_default().insert(id);
            }
        }
        let is_passed_over = |core: &Core, loose: &Loose| {
            let may_be_open = core.named().contains(&id) || prover.is_none() && core.named().is_empty();
            (found.has(core) || may_be_open) && (is_odd(core, loose) || found.is_by_another_digest(core))
        };
        let is_superseded = |core: &Core| {
            let later = |(own, loose): &(&Core, &Loose)| {
                own.created > core.created && found.are_together(own, core) && !is_passed_over(own, loose)
            };
            found.has(core) && said.iter().any(later)
        };
        if said
            .iter()
            .any(|(core, loose)| is_passed_over(core, loose) && !is_superseded(core))
        {
            all.doubt = Some(Doubt::Vouching);
        }
        all.settled.extend(found);
    }
}
