// SPDX-License-Identifier: Apache-2.0
//! The last layer of an image: a release payload has there what says which components it has.

use crate::digest::Digest;
use crate::json;
use crate::manifest::{media_type, OCI_MANIFEST, SCHEMA2};
use crate::text::{quoted, safe};

/// What layers are called that are read: archives that are compressed by gzip.
const TYPES: [&str; 2] = [
    "application/vnd.docker.image.rootfs.diff.tar.gzip",
    "application/vnd.oci.image.layer.v1.tar+gzip",
];

/// A layer, as the manifest names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Layer {
    /// The digest of its bytes as they are served.
    pub(crate) digest: Digest,
    /// How many bytes these are.
    pub(crate) size: u64,
}

/// The last layer of the image with this manifest.
///
/// # Errors
/// When the manifest is malformed or none of an image, and where the layer is of a type that is not read.
pub(crate) fn last_layer(manifest: &[u8]) -> Result<Layer, String> {
    if !matches!(media_type(manifest), SCHEMA2 | OCI_MANIFEST) {
        return Err("its manifest is not that of an image with layers".into());
    }
    let document = json::parse(manifest).map_err(|error| format!("its manifest: {}", safe(&error.to_string())))?;
    let layers = document["layers"].as_array().and_then(|layers| layers.last());
    let layer = layers.ok_or("its manifest has no layers")?;
    let text = |name: &str| layer[name].as_str().unwrap_or_default();
    if !TYPES.contains(&text("mediaType")) {
        let kind = quoted(text("mediaType"));
        return Err(format!("its last layer is of the type {kind}, which is not read"));
    }
    let digest = Digest::parse(text("digest"));
    let digest =
        digest.map_err(|error| format!("the digest {} of its last layer is {error}", quoted(text("digest"))))?;
    let size = layer["size"].as_u64().ok_or("its last layer has no size")?;
    Ok(Layer { digest, size })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(layers: &str) -> String {
        format!("{{\"schemaVersion\":2,\"mediaType\":\"{SCHEMA2}\",\"config\":{{}},\"layers\":{layers}}}")
    }

    fn layer(c: char, kind: &str, size: &str) -> String {
        let digest = c.to_string().repeat(64);
        format!("{{\"mediaType\":\"{kind}\",\"digest\":\"sha256:{digest}\",\"size\":{size}}}")
    }

    #[test]
    fn the_last_layer_counts_and_its_type() {
        for kind in TYPES {
            let text = manifest(&format!("[{},{}]", layer('a', "x", "1"), layer('b', kind, "7")));
            let last = last_layer(text.as_bytes()).unwrap();
            assert_eq!((last.digest.hex(), last.size), ("b".repeat(64).as_str(), 7));
        }
    }

    #[test]
    fn what_is_no_such_layer_is_refused() {
        let of_layer = |kind: &str, size: &str| manifest(&format!("[{}]", layer('a', kind, size)));
        for (text, why) in [
            (manifest("[]"), "no layers"),
            (manifest("null"), "no layers"),
            (of_layer("application/vnd.oci.image.layer.v1.tar+zstd", "1"), "not read"),
            (of_layer("application/vnd.oci.image.layer.v1.tar", "1"), "not read"),
            (of_layer(TYPES[0], "-1"), "no size"),
            (of_layer(TYPES[0], "\"1\""), "no size"),
            (of_layer(TYPES[0], "1,\"size\":2"), "its manifest: "),
            (of_layer(TYPES[0], "1").replace("sha256:", "sha256-"), "the digest"),
            (
                of_layer(TYPES[0], "1").replace("manifest.v2", "manifest.list.v2"),
                "not that of",
            ),
            ("{\"schemaVersion\":1,\"fsLayers\":[]}".into(), "not that of"),
        ] {
            let found = last_layer(text.as_bytes()).unwrap_err();
            assert!(found.contains(why), "{text}: {found}");
        }
    }
}
