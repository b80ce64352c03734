// SPDX-License-Identifier: Apache-2.0
//! `inspect docker://REFERENCE`: what is there at every source, of an image or of a list and its instances.

use super::inspected::shown;
use crate::digest::Digest;
use crate::limits::MAX_INSTANCES;
use crate::reason::{Reason, Refusal};
use crate::reference::Reference;
use crate::report::inspection::{Inspected, InspectedImage, Inspection};
use crate::source::registry::{Registries, Taken};
use crate::subject::instances;

/// Shows what is there of an image.
pub(super) fn image(registries: &mut Registries<'_>, reference: &Reference) -> Vec<Inspection> {
    let taken = match registries.resolve(reference) {
        Ok(taken) => taken,
        Err(refusal) => return vec![trouble(reference, refusal)],
    };
    let mut found = manifest(registries, &taken, &taken.digest, None);
    if instances::is_list(&taken.bytes) {
        match instances::entries(&taken.bytes) {
            Ok(entries) => {
                let instances = entries.iter().filter(|entry| !entry.is_attestation);
                for entry in instances.clone().take(MAX_INSTANCES) {
                    found.extend(manifest(registries, &taken, &entry.digest, Some(entry.platform())));
                }
                if instances.count() > MAX_INSTANCES {
                    let message =
                        format!("the manifest list has more than {MAX_INSTANCES} instances; the others are not shown");
                    found.push(trouble(reference, Refusal::new(Reason::ManifestUnavailable, message)));
                }
            }
            Err(what) => {
                let message = format!("the manifest list is malformed: {what}");
                found.push(trouble(reference, Refusal::new(Reason::ManifestUnavailable, message)));
            }
        }
    }
    found
}

fn trouble(reference: &Reference, refusal: Refusal) -> Inspection {
    Inspection {
        file: format!("docker://{reference}"),
        image: None,
        kind: None,
        content: Inspected::Refused(refusal),
    }
}

fn manifest(
    registries: &mut Registries<'_>,
    taken: &Taken,
    digest: &Digest,
    platform: Option<String>,
) -> Vec<Inspection> {
    let image = InspectedImage {
        repository: format!("docker://{}", taken.asked.name()),
        digest: digest.to_string(),
        platform,
    };
    let mut gathered = registries.signatures(taken, digest);
    registries.referrers(taken, digest, &mut gathered);
    let mut found = Vec::new();
    for (place, source) in gathered.sources.iter().enumerate() {
        found.push(Inspection {
            file: image.name(),
            image: Some(image.clone()),
            kind: None,
            content: Inspected::Source(source.clone()),
        });
        let own = gathered.signatures.iter().zip(&gathered.origins);
        for (blob, _) in own.filter(|(_, origin)| **origin == place) {
            let file = format!("{} {}", image.name(), blob.name);
            found.push(Inspection {
                image: Some(image.clone()),
                ..shown(file, blob.content.clone())
            });
        }
    }
    found
}
