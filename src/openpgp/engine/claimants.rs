// SPDX-License-Identifier: Apache-2.0
//! Who may have made a signature that is not checked.

use super::Engine;
use crate::openpgp::error::EngineError;
use crate::openpgp::keys::key::Fingerprint;
use crate::openpgp::roles::Maker;

impl Engine {
    /// The primary keys that count and claim the maker of a signature. That is not proof that one of them made it.
    ///
    /// # Errors
    /// When the keys cannot be read, so that it is not known which they are.
    pub(crate) fn claimants(&mut self, maker: &Maker) -> Result<Vec<Fingerprint>, EngineError> {
        let mut found = Vec::new();
        for certificate in self.keys.candidates(maker)? {
            let primary = certificate.fingerprint();
            let held = certificate.holds();
            let mut held = held.iter().map(Fingerprint::of);
            if held.any(|own| maker.is(&own) && self.signed_by.admits(&own, primary)) {
                found.push(primary.clone());
            }
        }
        Ok(found)
    }
}
