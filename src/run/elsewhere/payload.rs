// SPDX-License-Identifier: Apache-2.0
//! What the release payload of a cluster has in its registry: its manifests, which name its components.

use super::{Mirrors, Registry, Sought};
use crate::digest::Digest;
use crate::reference::Reference;

impl Registry<'_> {
    /// Hands out the last layer of a payload, or those of all instances of a list. They are what the digest of the payload
    /// stands for: each is hashed.
    ///
    /// # Errors
    /// When one of them cannot be had, or `take` refuses it; in words that are safe to print.
    pub(in crate::run) fn last_layers(
        &mut self,
        mirrors: &mut dyn FnMut() -> Mirrors,
        payload: &Reference,
        digest: &Digest,
        take: &mut dyn FnMut(&[u8]) -> Result<(), String>,
    ) -> Result<(), String> {
        let sought = Sought {
            reference: &payload.to_string(),
            is_managed: false,
            signatures: &[],
            is_signed: false,
        };
        let found = self.places(mirrors, sought, digest);
        let taken = found.and_then(|(asked, locations)| self.registries.take(&asked, &locations));
        let taken = taken.map_err(|refusal| refusal.message)?;
        if taken.digest != *digest {
            return Err(format!("its manifest hashes to {}", taken.digest));
        }
        self.registries.last_layers(&taken, take)
    }
}
