// SPDX-License-Identifier: Apache-2.0
//! `inspect docker://REFERENCE`: what is there at every source, of an image or of a list and its instances.

use super::inspected::shown;
use crate::digest::Digest;
use crate::manifest::list;
use crate::reference::Reference;
use crate::report::inspection::{Inspected, Inspection};
use crate::source::registry::{Registries, Taken};

/// Shows what is there of an image.
pub(super) fn image(registries: &mut Registries<'_>, reference: &Reference) -> Vec<Inspection> {
    let taken = match registries.resolve(reference) {
        Ok(taken) => taken,
        Err(refusal) => {
            return vec![Inspection {
                file: format!("docker://{reference}"),
                kind: None,
                content: Inspected::Refused(refusal),
            }]
        }
    };
    let mut found = manifest(registries, &taken, &taken.digest);
    if list::is_list(&taken.bytes) {
        // What is malformed has no instances to show.
        let entries = list::entries(&taken.bytes).unwrap_or_default();
        for entry in entries.iter().filter(|entry| !entry.is_attestation) {
            found.extend(manifest(registries, &taken, &entry.digest));
        }
    }
    found
}

fn manifest(registries: &mut Registries<'_>, taken: &Taken, digest: &Digest) -> Vec<Inspection> {
    let image = format!("docker://{}@{digest}", taken.asked.name());
    let gathered = registries.signatures(taken, digest);
    let mut found = Vec::new();
    for (place, source) in gathered.sources.iter().enumerate() {
        found.push(Inspection {
            file: image.clone(),
            kind: None,
            content: Inspected::Source(source.clone()),
        });
        let own = gathered.signatures.iter().zip(&gathered.origins);
        for (blob, _) in own.filter(|(_, origin)| **origin == place) {
            found.push(shown(format!("{image} {}", blob.name), blob.content.clone()));
        }
    }
    found
}
