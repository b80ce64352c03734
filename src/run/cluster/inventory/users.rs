// SPDX-License-Identifier: Apache-2.0
//! What streams and pods say about the images that they use.

use serde_json::Value;

use crate::audit::entry::{Use, UseKind};
use crate::audit::uses::Uses;
use crate::cluster::{containers, origins, streams};
use crate::digest::Digest;
use crate::reference::Reference;
use crate::text::quoted;

/// A use of an image.
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
    troubles.into_iter().map(|own| own.what).collect()
}

/// Notes what the view of a tag says that it stands for: an image that is imported from a reference with a tag. What it
/// was resolved to is not an expectation.
pub(in crate::run) fn add_tag(uses: &mut Uses, object: &Value) -> Vec<String> {
    let metadata = &object["metadata"];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let digest = Digest::parse(&text(&object["image"]["metadata"]["name"])).ok();
    // Without a digest it is no view of an image, which is told where that is judged.
    if let Some(digest) = digest.filter(|digest| digest.hash().is_some()) {
        let by = used(UseKind::Tag, &text(&metadata["namespace"]), &text(&metadata["name"]));
        let (references, trouble) = origins::imported_from(&object["tag"]);
        uses.add(&digest, &by, &references);
        let name = quoted(&format!("{}/{}", by.namespace, by.name));
        return trouble
            .into_iter()
            .map(|what| format!("ImageStreamTag {name}: {what}"))
            .collect();
    }
    Vec::new()
}

/// Notes what a pod runs. What cannot be told comes back: first what may be about any image, then what is not.
pub(in crate::run) fn add_pod(uses: &mut Uses, object: &Value) -> (Vec<String>, Vec<String>) {
    let (found, troubles) = containers::of(object);
    for container in found {
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
        if named.is_none_or(|(own, _)| *own != container.runs) {
            uses.add_had(&container.runs, &by, container.asked.as_ref());
        }
    }
    let (mut of_all, mut others) = (Vec::new(), Vec::new());
    for trouble in troubles {
        match &trouble.images {
            None => of_all.push(trouble.what),
            Some(images) => {
                images.iter().for_each(|image| uses.doubt(image));
                others.push(trouble.what);
            }
        }
    }
    (of_all, others)
}
