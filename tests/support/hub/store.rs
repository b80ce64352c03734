// SPDX-License-Identifier: Apache-2.0
//! What an honest registry has: manifests, blobs, and signatures by its extension.

use std::collections::BTreeMap;

use serde_json::{json, Value};
use sha2::{Digest as _, Sha256};

use super::answer::Answer;
use crate::support::api::http::HttpRequest;

/// Media type of the manifests that tests make.
pub const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// Media type of lists of them.
pub const LIST: &str = "application/vnd.oci.image.index.v1+json";

/// The digest of bytes: `sha256:HEX`.
pub fn sha256(bytes: &[u8]) -> String {
    let hash = Sha256::digest(bytes);
    let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}

/// What a repository has.
#[derive(Debug, Default)]
pub struct Repository {
    /// By tag and digest: media type and bytes.
    manifests: BTreeMap<String, (String, Vec<u8>)>,
    blobs: BTreeMap<String, Vec<u8>>,
    /// Entries of the signature extension, by digest of the image.
    signatures: BTreeMap<String, Vec<Value>>,
}

impl Repository {
    /// Stores a manifest under its digest, which it gives, and a tag, unless that is empty.
    pub fn push(&mut self, tag: &str, media_type: &str, manifest: &[u8]) -> String {
        let digest = sha256(manifest);
        let entry = (media_type.to_owned(), manifest.to_vec());
        self.manifests.insert(digest.clone(), entry.clone());
        if !tag.is_empty() {
            self.manifests.insert(tag.to_owned(), entry);
        }
        digest
    }

    /// The media type and bytes of a manifest, by tag or digest.
    pub fn manifest(&self, reference: &str) -> (String, Vec<u8>) {
        self.manifests[reference].clone()
    }

    /// Stores an image without layers; `note` makes it differ from others.
    pub fn image(&mut self, tag: &str, note: &str) -> String {
        let config = format!("{{\"note\":\"{note}\"}}").into_bytes();
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "size": config.len(), "digest": sha256(&config)},
            "layers": [],
        });
        self.blob(&config);
        self.push(tag, MANIFEST, manifest.to_string().as_bytes())
    }

    /// Stores a blob and gives its digest.
    pub fn blob(&mut self, content: &[u8]) -> String {
        let digest = sha256(content);
        self.blobs.insert(digest.clone(), content.to_vec());
        digest
    }

    /// Hangs payloads with their sigstore signatures at the `.sig` tag of an image, as cosign lays them out.
    pub fn attach(&mut self, image: &str, signed: &[(&[u8], &[u8])]) {
        let layers: Vec<Value> = signed
            .iter()
            .map(|(payload, signature)| {
                let digest = self.blob(payload);
                let signature = crate::support::images::base64(signature);
                json!({
                    "mediaType": "application/vnd.dev.cosign.simplesigning.v1+json",
                    "size": payload.len(),
                    "digest": digest,
                    "annotations": {"dev.cosignproject.cosign/signature": signature},
                })
            })
            .collect();
        let manifest = json!({"schemaVersion": 2, "mediaType": MANIFEST, "layers": layers});
        let tag = format!("{}.sig", image.replace(':', "-"));
        self.push(&tag, MANIFEST, manifest.to_string().as_bytes());
    }

    /// Adds a simple signing signature to what the extension lists.
    pub fn sign(&mut self, image: &str, name: &str, blob: &[u8]) {
        let entry = json!({
            "schemaVersion": 2,
            "name": format!("{image}@{name}"),
            "type": "atomic",
            "content": crate::support::images::base64(blob),
        });
        self.signatures.entry(image.to_owned()).or_default().push(entry);
    }
}

/// All repositories of a hub, by name.
#[derive(Debug, Default)]
pub struct Store {
    repositories: BTreeMap<String, Repository>,
    /// Whether it has the signature extension.
    pub has_extension: bool,
}

impl Store {
    /// A repository, which is made if need be.
    pub fn repository(&mut self, name: &str) -> &mut Repository {
        self.repositories.entry(name.to_owned()).or_default()
    }

    /// The answer to a request.
    pub(super) fn answer(&self, request: &HttpRequest) -> Answer {
        self.mark(self.find(&request.path).unwrap_or_else(|| Answer::status(404)))
    }

    /// Says that there is the extension, if there is.
    pub(super) fn mark(&self, answer: Answer) -> Answer {
        if self.has_extension {
            answer.header("X-Registry-Supports-Signatures", "1")
        } else {
            answer
        }
    }

    fn find(&self, path: &str) -> Option<Answer> {
        if path == "/v2/" {
            return Some(Answer::ok("application/json", "{}"));
        }
        if let Some(rest) = path.strip_prefix("/extensions/v2/") {
            let (name, image) = rest.split_once("/signatures/")?;
            let entries = self.repositories.get(name)?.signatures.get(image).cloned();
            let list = json!({"signatures": entries.unwrap_or_default()});
            return self
                .has_extension
                .then(|| Answer::ok("application/json", list.to_string()));
        }
        let rest = path.strip_prefix("/v2/")?;
        if let Some((name, reference)) = rest.split_once("/manifests/") {
            let (media_type, manifest) = self.repositories.get(name)?.manifests.get(reference)?;
            let answer = Answer::ok(media_type, manifest.clone());
            return Some(answer.header("Docker-Content-Digest", &sha256(manifest)));
        }
        let (name, digest) = rest.split_once("/blobs/")?;
        let blob = self.repositories.get(name)?.blobs.get(digest)?;
        Some(Answer::ok("application/octet-stream", blob.clone()))
    }
}
