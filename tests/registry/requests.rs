// SPDX-License-Identifier: Apache-2.0
//! What is asked of a registry and a store: no more than is needed.

use std::path::PathBuf;

use serde_json::{json, Value};

use super::sources::{blob, lookaside, lookaside_path, registry, REPOSITORY};
use crate::registry::town::sha256;
use crate::support::cosign::{self, Cosign};
use crate::support::hub::{Answer, MANIFEST};

/// However many keys there are, each thing is asked for once.
#[test]
fn requests_do_not_depend_on_how_many_keys_there_are() {
    let (town, hub, digest, reference) = registry();
    let store = lookaside(&town, &hub, "    use-sigstore-attachments: true\n");
    store.answer(&lookaside_path(&digest, 1), blob(&town.sign(&digest, &reference)));
    let mut files = Vec::new();
    for n in 0..9 {
        let key = town.signer.simple_key(&format!("Key {n} <k{n}@example.com>"));
        files.push(town.signer.export(&[&key], &town.sandbox.path(&format!("k{n}.gpg"))));
    }
    let image = format!("docker://{reference}");
    let requests = |option: &str, files: &[PathBuf]| {
        let mut args = vec![image.as_str()];
        for file in files {
            args.extend([option, file.to_str().unwrap()]);
        }
        town.verify_json(&args).expect_verdict(0, "Verified/Verified");
        let lines = (hub.lines(), store.lines());
        hub.take_seen();
        store.take_seen();
        lines
    };
    let counts = [1, 3, 10].map(|keys| requests("--public-key", &files[..keys - 1]));
    println!(
        "requests: {} of the registry, {} of the store",
        counts[0].0.len(),
        counts[0].1.len()
    );
    assert_eq!(counts[0], counts[1]);
    assert_eq!(counts[0], counts[2]);
    let registry = ["GET /v2/".to_owned(), format!("GET /v2/{REPOSITORY}/manifests/v1")];
    assert_eq!(counts[0].0[..2], registry);
    assert_eq!(counts[0].0.len(), 3, "{:?}", counts[0].0);
    // By sigstore keys alone: nothing in the store is good.
    let keys: Vec<Cosign> = (0..10).map(|_| Cosign::new()).collect();
    let pems = keys.iter().enumerate();
    let files: Vec<PathBuf> = pems
        .map(|(n, key)| town.sandbox.file(&format!("{n}.pub"), key.pem()))
        .collect();
    let signed = cosign::payload(&digest, &reference);
    let layers: [(&[u8], &[u8]); 1] = [(&signed, &keys[0].sign(&signed))];
    hub.store(|store| store.repository(REPOSITORY).attach(&digest, &layers));
    store.answer(&lookaside_path(&digest, 1), Answer::status(404));
    let counts = [1, 3, 10].map(|keys| requests("--sigstore-key", &files[..keys]));
    assert_eq!(counts[0], counts[1]);
    assert_eq!(counts[0], counts[2]);
    assert_eq!(counts[0].0[..2], registry);
    // The manifest at the tag, and its payload.
    assert_eq!(counts[0].0.len(), 4, "{:?}", counts[0].0);
}

/// Manifests and payloads of signatures: never a layer, and never the configuration of an image.
#[test]
fn no_layer_is_fetched() {
    let (town, hub, _, reference) = registry();
    let store = lookaside(&town, &hub, "    use-sigstore-attachments: true\n");
    let key = Cosign::new();
    let file = town.sandbox.file("cosign.pub", key.pem());
    let (manifest, digest, signed) = hub.store(|store| {
        let repository = store.repository(REPOSITORY);
        let mut stored = |media: &str, content: &[u8]| {
            json!({"mediaType": media, "size": content.len(), "digest": repository.blob(content)})
        };
        let config = stored("application/vnd.oci.image.config.v1+json", b"{}");
        let layers: Vec<Value> = (0..3)
            .map(|n| stored("application/vnd.oci.image.layer.v1.tar+gzip", &[n; 1000]))
            .collect();
        let manifest = json!({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": layers});
        let digest = repository.push("v1", MANIFEST, manifest.to_string().as_bytes());
        let signed = cosign::payload(&digest, &reference);
        repository.attach(&digest, &[(&signed, &key.sign(&signed))]);
        (manifest, digest, signed)
    });
    store.answer(&lookaside_path(&digest, 1), blob(&town.sign(&digest, &reference)));
    let sigstore = ["--sigstore-key", file.to_str().unwrap(), "--require", "2"];
    let image = format!("docker://{reference}");
    town.verify_json(&[&sigstore[..], &[image.as_str()]].concat())
        .expect_verdict(0, "Verified/Verified");
    let payload = sha256(&signed);
    let blobs: Vec<String> = hub
        .lines()
        .into_iter()
        .filter(|line| line.contains("/blobs/"))
        .collect();
    assert_eq!(blobs, [format!("GET /v2/{REPOSITORY}/blobs/{payload}")], "{manifest}");
    assert_eq!(hub.lines().len(), 4, "{:?}", hub.lines());
}
