// SPDX-License-Identifier: Apache-2.0
//! What a copy of a key that is not united with it says against it.

use super::{insert, Certificate};
use crate::openpgp::keys::key_signature::{class, Core};

impl Certificate {
    /// Notes that it was not given every revocation that may be of it.
    pub fn overrun(&mut self) {
        self.is_overrun = true;
    }

    /// Takes over what another copy of the key says against it: that it, a subkey or a user ID is revoked, and who may
    /// revoke it. Nothing that lets it count for more, as a renewal.
    pub fn adopt(&mut self, other: &Self) {
        self.settled.take();
        self.lost = self.lost.take().or_else(|| other.lost.clone());
        self.is_overrun |= other.is_overrun;
        for (core, loose) in other.direct.iter().filter(|(core, _)| is_against(core)) {
            insert(&mut self.direct, core.clone(), loose.clone());
        }
        for (name, part) in &other.parts {
            for (core, loose) in part.signatures.iter().filter(|(core, _)| is_against(core)) {
                if let Some(own) = self.parts.get_mut(name) {
                    insert(&mut own.signatures, core.clone(), loose.clone());
                } else if core.may_be_by(loose, self.id) && !other.settled().is_over(core, name) {
                    // It may be over another part, which is here.
                    self.add_stray(core.clone(), loose.clone());
                }
            }
        }
        for (core, loose) in other.strays.iter().filter(|(core, _)| is_against(core)) {
            self.add_stray(core.clone(), loose.clone());
        }
        let told = self.revokers();
        self.named_elsewhere.extend(other.revokers().difference(&told));
    }
}

/// Whether it takes something back, or does nothing but name a revoker in the way in which GnuPG reads it.
fn is_against(core: &Core) -> bool {
    core.is_revocation() || core.class == class::DIRECT && core.revokers().next().is_some() && !core.limits()
}
