// SPDX-License-Identifier: Apache-2.0
//! What streams, pods and lists say about the images that they use.

use serde_json::Value;

use crate::audit::entry::{Use, UseKind};
use crate::audit::uses::Uses;
use crate::cluster::{pods, streams};
use crate::digest::Digest;
use crate::image;
use crate::reference::Reference;
use crate::text::safe;

pub(super) fn used(kind: UseKind, namespace: &str, name: &str) -> Use {
    Use {
        kind,
        namespace: namespace.to_owned(),
        name: name.to_owned(),
        expects_nothing: false,
    }
}

/// Notes what the tags of a stream stand for; what is wrong with others comes back.
pub(in crate::run) fn add_stream(uses: &mut Uses, object: &Value) -> Vec<String> {
    let (tags, troubles) = streams::tags(object);
    for tag in tags {
        let by = used(UseKind::Tag, &tag.namespace, &tag.name);
        uses.add(&tag.digest, &by, &tag.references);
    }
    troubles
}

/// Notes what a pod runs; what cannot be told comes back.
pub(in crate::run) fn add_pod(uses: &mut Uses, object: &Value) -> Vec<String> {
    let containers = match pods::containers(object) {
        Ok(containers) => containers,
        Err(trouble) => return vec![trouble],
    };
    let mut troubles = Vec::new();
    for container in containers {
        let by = used(UseKind::Pod, &container.namespace, &container.name);
        let named: Option<(&Digest, &Reference)> = container
            .asked
            .as_ref()
            .and_then(|asked| Some((asked.digest()?, asked)));
        if let Some((digest, reference)) = named {
            // With a tag beside it, the digest is what decides.
            let by_digest = Reference::parse(&format!("{}@{digest}", reference.name())).ok();
            uses.add(digest, &by, by_digest.as_slice());
        }
        match container.runs {
            Ok(digest) if named.is_none_or(|(own, _)| *own != digest) => {
                uses.add_had(&digest, &by, container.asked.as_ref());
            }
            Ok(_) => {}
            Err(trouble) => troubles.push(safe(&trouble)),
        }
    }
    troubles
}

/// Notes an image and, if it is a list, its instances; none where it is not named by a digest.
pub(super) fn add_outline(uses: &mut Uses, object: &Value) -> Option<[u8; 32]> {
    let list = Digest::parse(object["metadata"]["name"].as_str()?).ok()?;
    for child in image::children(object) {
        if let Some(child) = Digest::parse(&child.digest).ok().filter(|child| child.hash().is_some()) {
            uses.add_instance(&list, &child);
        }
    }
    list.hash()
}
