// SPDX-License-Identifier: Apache-2.0
//! Signatures that take trust away and may be over another part of the key than the one behind which they stand.
//!
//! Where a signature stands is not covered, nor are the octets of the digest that tell the honest from garbage: whoever hands
//! a key on can move a revocation, or a self-signature by which the key expires, behind another part, where GnuPG finds
//! it bad. So each is given to GnuPG at every place where it may belong, unless it is good at one: that of an honest key are.

use super::{insert, Certificate, Kind, Signatures};
use crate::openpgp::keys::key_signature::{Core, Loose};

/// Most places, over all such signatures, at which they are given to GnuPG besides their own.
const MAX_GUESSES: usize = 2048;

/// More signatures than are looked at may belong to other parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) struct TooMany;

impl Certificate {
    /// The signatures that take trust away and that may be over any of the subkeys, or of the user IDs and pictures;
    /// of those that `counts` tells and whose part is not known.
    pub(in super::super) fn wandering(
        &self,
        of_subkeys: bool,
        counts: impl Fn(&Core, &Loose) -> bool,
    ) -> Result<Signatures, TooMany> {
        let is_meant = |(core, loose): &(&Core, &Loose)| core.is_of_subkeys() == of_subkeys && counts(core, loose);
        let parts = self.parts.iter();
        let parts: Vec<_> = parts
            .filter(|((kind, _), _)| (*kind == Kind::Subkey) == of_subkeys)
            .map(|(_, part)| &part.signatures)
            .collect();
        let mut found = Signatures::new();
        let mut in_place = 0;
        for (core, loose) in self.strays.iter().filter(is_meant) {
            insert(&mut found, core.clone(), loose.clone());
        }
        // Those of the only part are where they may be.
        if parts.len() > 1 || !found.is_empty() {
            for (core, loose) in parts.iter().flat_map(|own| own.iter()).filter(is_meant) {
                insert(&mut found, core.clone(), loose.clone());
                in_place += 1;
            }
        }
        if found.len().saturating_mul(parts.len()) - in_place > MAX_GUESSES {
            return Err(TooMany);
        }
        Ok(found)
    }
}
