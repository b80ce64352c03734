// SPDX-License-Identifier: Apache-2.0
//! Revocations as they are given to GnuPG: in the name of everybody who may have made them.

use std::collections::BTreeSet;

use super::Writer;
use crate::openpgp::framing::algorithm::HashAlgorithm;
use crate::openpgp::framing::key_id::KeyId;
use crate::openpgp::keys::key_signature::{class, Core, Loose};

impl Writer<'_> {
    pub(super) fn revocations(&mut self, revocations: &[(&Core, &Loose)], data: &[&[u8]]) {
        for (core, loose) in revocations {
            // GnuPG ends at once at one of a designated revoker over a digest that it does not know.
            let is_taken = self.is_whole || HashAlgorithm(core.hash).is_taken_in_keys();
            if !is_taken || self.is_over() || self.only_honest && !core.seems_over(loose, data) {
                continue;
            }
            for maker in self.revoking(core, loose) {
                self.out.extend(core.encode(loose, maker, data));
            }
        }
    }

    /// The keys as whose a revocation is given to GnuPG. Whom it names where that is not covered may have been altered.
    fn revoking(&self, core: &Core, loose: &Loose) -> BTreeSet<KeyId> {
        let mut makers = BTreeSet::from([self.own.id()]);
        if core.class == class::KEY_REVOCATION {
            makers.extend(&self.revokers);
        }
        if let Some(sure) = self.vouched.makers.get(core) {
            makers.extend(sure);
        } else if let Some(vouchers) = &self.vouchers {
            makers.extend(core.makers(loose));
            makers.extend(&loose.issuers);
            if core.class == class::CERTIFICATION_REVOCATION && !self.own.settled().has(core) {
                makers.extend(vouchers.iter().filter(|own| !self.vouched.is_denied(core, **own)));
            }
        }
        makers.retain(|maker| core.may_be_by(loose, *maker));
        makers
    }
}
