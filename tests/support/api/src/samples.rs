// SPDX-License-Identifier: Apache-2.0
//! Payloads and Image objects.

use base64::Engine as _;
use serde_json::{json, Value};

pub const D1: &str = "sha256:1111111111111111111111111111111111111111111111111111111111111111";
pub const D2: &str = "sha256:2222222222222222222222222222222222222222222222222222222222222222";
pub const D3: &str = "sha256:3333333333333333333333333333333333333333333333333333333333333333";

/// A well-formed payload of simple signing.
pub fn payload(digest: &str, reference: &str) -> Vec<u8> {
    let payload = json!({
        "critical": {
            "type": "atomic container signature",
            "image": {"docker-manifest-digest": digest},
            "identity": {"docker-reference": reference},
        },
        "optional": {"creator": "test", "timestamp": 1_700_000_000},
    });
    serde_json::to_vec(&payload).unwrap()
}

pub fn base64(bytes: &[u8]) -> String {
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

/// An entry of `signatures`.
pub fn signature(image: &str, name: &str, blob: &[u8]) -> Value {
    json!({"metadata": {"name": format!("{image}@{name}")}, "type": "atomic", "content": base64(blob)})
}

/// An Image object whose signatures are named s1, s2 ...
pub fn image(digest: &str, blobs: &[&[u8]]) -> Value {
    let signatures: Vec<Value> = blobs
        .iter()
        .enumerate()
        .map(|(n, blob)| signature(digest, &format!("s{}", n + 1), blob))
        .collect();
    json!({
        "apiVersion": "image.openshift.io/v1",
        "kind": "Image",
        "metadata": {"name": digest, "uid": "4f1c", "resourceVersion": "7"},
        "dockerImageReference": format!("registry.example.com/ns/app@{digest}"),
        "signatures": signatures,
    })
}

pub fn list(items: &[Value]) -> Value {
    json!({"apiVersion": "v1", "items": items, "kind": "List", "metadata": {"resourceVersion": ""}})
}
