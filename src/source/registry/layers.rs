// SPDX-License-Identifier: Apache-2.0
//! The last layer of an image in a registry, or of each instance of a list.

use std::time::{Duration, Instant};

use super::{digest_of, none_of, Registries, Taken, MAX_LOCATIONS};
use crate::digest::Digest;
use crate::limits::MAX_INSTANCES;
use crate::reason::{Reason, Refusal};
use crate::registry::registries_conf::Location;
use crate::registry::trouble::Trouble;
use crate::subject::instances::{entries, is_list};
use crate::subject::layers::last_layer;

/// Largest layer as it is served, in bytes: as large as a page of an API server.
const MAX_LAYER_BYTES: u64 = 64 << 20;

impl Registries<'_> {
    /// Bounds the time of several looks together, as the budget says.
    pub fn within(&self, bound: Option<(Duration, Instant)>) {
        self.budget.within(bound);
    }

    /// Hands out the last layer of an image, or those of all instances of a list, from where the manifest was taken or, where
    /// that has it not, another location of the image. Each hashes to the digest that the manifest says.
    ///
    /// # Errors
    /// When one of them cannot be had, or `take` refuses it; the others are handed out all the same.
    pub fn last_layers(
        &mut self,
        taken: &Taken,
        take: &mut dyn FnMut(&[u8]) -> Result<(), String>,
    ) -> Result<(), Refusal> {
        self.budget.begin();
        if !is_list(&taken.bytes) {
            let layer = self.last_layer(taken, &taken.bytes)?;
            return take(&layer).map_err(malformed);
        }
        let instances = entries(&taken.bytes).map_err(malformed)?.into_iter();
        let instances = instances.filter(|entry| !entry.is_attestation);
        let instances: Vec<Digest> = instances.map(|entry| entry.digest).collect();
        if instances.is_empty() || instances.len() > MAX_INSTANCES {
            return Err(malformed(format!(
                "it is a manifest list with {} instances; from 1 to {MAX_INSTANCES} are looked at",
                instances.len()
            )));
        }
        let mut failed = Vec::new();
        for instance in &instances {
            let manifest = self.first(taken, |own, location| {
                own.fetch(&taken.asked, location, instance.as_str())
            });
            let layer = manifest.and_then(|manifest| {
                digest_of(&taken.location.reference, &manifest, Some(instance))?;
                self.last_layer(taken, &manifest)
            });
            if let Err(refusal) = layer.and_then(|layer| take(&layer).map_err(malformed)) {
                failed.push((instance, refusal));
            }
        }
        let Some((instance, first)) = failed.first() else {
            return Ok(());
        };
        let more = match failed.len() - 1 {
            0 => String::new(),
            more => format!("; the same goes for {more} more of its {} instances", instances.len()),
        };
        Err(Refusal {
            message: format!("instance {instance}: {}{more}", first.message),
            ..first.clone()
        })
    }

    fn last_layer(&mut self, taken: &Taken, manifest: &[u8]) -> Result<Vec<u8>, Refusal> {
        let layer = last_layer(manifest).map_err(malformed)?;
        // A size that is no lie needs no request.
        if layer.size > MAX_LAYER_BYTES {
            let size = layer.size;
            return Err(malformed(format!(
                "its last layer has {size} bytes, more than {MAX_LAYER_BYTES}"
            )));
        }
        let bytes = self.first(taken, |own, location| {
            let repository = own.repository(&taken.asked, location)?;
            own.session(location)?
                .content(&repository, &layer.digest, MAX_LAYER_BYTES)
        })?;
        if bytes.len() as u64 != layer.size {
            return Err(malformed(format!(
                "its last layer has {} bytes, and its manifest says {}",
                bytes.len(),
                layer.size
            )));
        }
        Ok(bytes)
    }

    /// What the first location has: the one that the manifest was taken from, then the others.
    fn first<F>(&mut self, taken: &Taken, fetch: F) -> Result<Vec<u8>, Refusal>
    where
        F: Fn(&mut Self, &Location) -> Result<Vec<u8>, Trouble>,
    {
        let mut troubles = Vec::new();
        for location in std::iter::once(&taken.location)
            .chain(&taken.others)
            .take(MAX_LOCATIONS)
        {
            match fetch(self, location) {
                Ok(bytes) => return Ok(bytes),
                Err(trouble) => troubles.push(trouble),
            }
        }
        Err(none_of(&troubles))
    }
}

fn malformed(why: String) -> Refusal {
    Refusal::new(Reason::MalformedImage, why)
}
