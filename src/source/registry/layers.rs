// SPDX-License-Identifier: Apache-2.0
//! The last layer of an image in a registry, or of each instance of a list.

use super::{none_of, Registries, Taken};
use crate::digest::Digest;
use crate::limits::MAX_INSTANCES;
use crate::subject::instances::{entries, is_list};
use crate::subject::layers::last_layer;
use crate::text::safe;

/// Largest layer as it is served, in bytes: as large as a page of an API server.
const MAX_LAYER_BYTES: u64 = 64 << 20;

impl Registries<'_> {
    /// Hands out the last layer of an image, or those of all instances of a list, from where the manifest was taken. Each
    /// hashes to the digest that the manifest says.
    ///
    /// # Errors
    /// When one of them cannot be had, or `take` refuses it; in words that are safe to print.
    pub fn last_layers(
        &mut self,
        taken: &Taken,
        take: &mut dyn FnMut(&[u8]) -> Result<(), String>,
    ) -> Result<(), String> {
        if !is_list(&taken.bytes) {
            return take(&self.last_layer(taken, &taken.bytes)?);
        }
        let instances = entries(&taken.bytes)?.into_iter().filter(|entry| !entry.is_attestation);
        let instances: Vec<Digest> = instances.map(|entry| entry.digest).collect();
        if instances.is_empty() || instances.len() > MAX_INSTANCES {
            return Err(format!(
                "it is a manifest list with {} instances; from 1 to {MAX_INSTANCES} are looked at",
                instances.len()
            ));
        }
        for instance in &instances {
            let manifest = self.instance(taken, instance).map_err(|refusal| refusal.message)?;
            let layer = self.last_layer(taken, &manifest);
            let taken = layer.and_then(|layer| take(&layer));
            taken.map_err(|why| format!("instance {instance}: {why}"))?;
        }
        Ok(())
    }

    fn last_layer(&mut self, taken: &Taken, manifest: &[u8]) -> Result<Vec<u8>, String> {
        let layer = last_layer(manifest)?;
        // A size that is no lie needs no request.
        if layer.size > MAX_LAYER_BYTES {
            return Err(format!(
                "its last layer has {} bytes, more than {MAX_LAYER_BYTES}",
                layer.size
            ));
        }
        let repository = self.repository(&taken.asked, &taken.location);
        let bytes = repository.and_then(|repository| {
            let session = self.session(&taken.location)?;
            session.content(&repository, &layer.digest, MAX_LAYER_BYTES)
        });
        let bytes = bytes.map_err(|trouble| none_of(&[trouble]).message)?;
        if bytes.len() as u64 != layer.size {
            return Err(format!(
                "its last layer has {} bytes, and the manifest of {} says {}",
                bytes.len(),
                safe(taken.location.reference.name()),
                layer.size
            ));
        }
        Ok(bytes)
    }
}
