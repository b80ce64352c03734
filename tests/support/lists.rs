// SPDX-License-Identifier: Apache-2.0
//! Image objects that are manifest lists.

use image_signature::digest::Digest;
use serde_json::{json, Value};

use super::images::image;

/// The bytes of an OCI index with these instances.
pub fn index(instances: &[&str]) -> String {
    let kind = "application/vnd.oci.image.manifest.v1+json";
    let entry = |digest: &&str| {
        json!({"mediaType": kind, "size": 7, "digest": digest,
               "platform": {"os": "linux", "architecture": "amd64"}})
    };
    let entries: Vec<Value> = instances.iter().map(entry).collect();
    json!({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": entries})
        .to_string()
}

/// The Image object of an index, whose manifest names `instances` and whose own member names `said`; and its digest.
pub fn list_object(instances: &[&str], said: &[&str]) -> (Value, String) {
    let manifest = index(instances);
    let digest = Digest::of_bytes(manifest.as_bytes()).to_string();
    let mut object = image(&digest, &[]);
    let kind = "application/vnd.oci.image.manifest.v1+json";
    let entry = |digest: &&str| json!({"digest": digest, "mediaType": kind, "manifestSize": 7, "os": "linux", "architecture": "amd64"});
    object["dockerImageManifests"] = said.iter().map(entry).collect();
    object["dockerImageManifestMediaType"] = "application/vnd.oci.image.index.v1+json".into();
    object["dockerImageManifest"] = manifest.into();
    (object, digest)
}
