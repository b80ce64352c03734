// SPDX-License-Identifier: Apache-2.0
//! Keys named by their fingerprints.

use crate::openpgp::keys::key::Fingerprint;

/// Narrows the accepted keys to named ones.
#[derive(Debug, Clone, Default)]
pub struct SignedBy(pub Vec<Fingerprint>);

impl SignedBy {
    /// Whether any keys are named.
    #[must_use]
    pub fn is_limited(&self) -> bool {
        !self.0.is_empty()
    }

    /// Whether a signature by this key or subkey of this primary key is one that is asked for. Naming the primary key
    /// admits its subkeys; naming a subkey admits that one only.
    #[must_use]
    pub fn admits(&self, fingerprint: &Fingerprint, primary: &Fingerprint) -> bool {
        !self.is_limited() || self.0.contains(primary) || self.0.contains(fingerprint)
    }
}

impl std::fmt::Display for SignedBy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (n, fingerprint) in self.0.iter().enumerate() {
            write!(f, "{}{fingerprint}", if n == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}
