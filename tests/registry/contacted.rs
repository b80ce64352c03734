// SPDX-License-Identifier: Apache-2.0
//! Whom the program contacts: those that the reference, the configuration or the user name, and nobody that what is fetched
//! names.

use std::path::Path;

use serde_json::{json, Value};

use crate::registry::town::Town;
use crate::support::cosign::{payload, Cosign, SIGNATURE_TYPE};
use crate::support::hub::{sha256, Answer, Hub, MANIFEST};
use crate::support::images::base64;
use crate::support::program::{has, Outcome};
use crate::support::skipped;

const NAME: &str = "registry.example.com/ns/app";

/// An image with signatures of both kinds, in a registry that has a mirror. Its manifests say that layers and payloads are at
/// a bystander's too, and the bystander has them.
struct Scene {
    town: Town,
    key: Cosign,
    source: Hub,
    mirror: Hub,
    store: Hub,
    bystander: Hub,
    payload: Vec<u8>,
}

impl Scene {
    fn new() -> Self {
        let scene = Self {
            town: Town::new(),
            key: Cosign::new(),
            source: Hub::plain(),
            mirror: Hub::plain(),
            store: Hub::plain(),
            bystander: Hub::plain(),
            payload: Vec::new(),
        };
        scene.town.sandbox.file("cosign.pub", scene.key.pem());
        scene
            .town
            .stores(&format!("default-docker:\n  lookaside: {}/store\n", scene.store.url()));
        scene
    }

    /// Puts the image into a repository of one of the registries.
    fn fill(&mut self, is_mirror: bool, repository: &str) {
        let hub = if is_mirror { &self.mirror } else { &self.source };
        let elsewhere = format!("{}/elsewhere", self.bystander.url());
        let urls = json!([elsewhere, elsewhere.replace("http:", "https:")]);
        let layer = json!({"mediaType": "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", "size": 5,
                           "digest": sha256(b"layer"), "urls": urls});
        let config = json!({"mediaType": "application/vnd.oci.image.config.v1+json", "size": 2,
                            "digest": sha256(b"{}"), "urls": urls});
        let manifest = json!({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [layer]});
        let manifest = manifest.to_string();
        let digest = sha256(manifest.as_bytes());
        let reference = format!("{NAME}:v1");
        self.payload = payload(&digest, &reference);
        let signature = json!({"mediaType": SIGNATURE_TYPE, "size": self.payload.len(), "digest": sha256(&self.payload),
            "urls": urls, "annotations": {"dev.cosignproject.cosign/signature": base64(&self.key.sign(&self.payload))}});
        let attached = json!({"schemaVersion": 2, "mediaType": MANIFEST, "layers": [signature]}).to_string();
        hub.store(|store| {
            let store = store.repository(repository);
            store.push("v1", MANIFEST, manifest.as_bytes());
            store.blob(&self.payload);
            store.push(
                &format!("{}.sig", digest.replace(':', "-")),
                MANIFEST,
                attached.as_bytes(),
            );
        });
        let octets = |bytes: &[u8]| Answer::ok("application/octet-stream", bytes);
        self.bystander.answer("/elsewhere", octets(&self.payload));
        let file = format!("/store/{repository}@{}/signature-1", digest.replace(':', "="));
        self.store.answer(&file, octets(&self.town.sign(&digest, &reference)));
    }

    fn configure(&self, is_blocked: bool) {
        self.town.conf(&format!(
            "[[registry]]\nprefix = \"registry.example.com/ns\"\nlocation = \"{}/ns\"\ninsecure = true\nblocked = {is_blocked}\n[[registry.mirror]]\nlocation = \"{}/up\"\ninsecure = true\n",
            self.source.host(),
            self.mirror.host()
        ));
    }

    /// `verify` by keys of both kinds, both of which must have signed, under a program that looks on.
    fn judged(&self, onlooker: &[&str]) -> Outcome {
        let path = |name: &str| self.town.sandbox.path(name).to_str().unwrap().to_owned();
        let mut command = self.town.sandbox.command();
        if let Some((program, args)) = onlooker.split_first() {
            let own = command.get_program().to_owned();
            command = self.town.sandbox.command_of(Path::new(program));
            command.args(args).arg(own);
        }
        command
            .args(["verify", "-o", "json", &format!("docker://{NAME}:v1"), "--require", "2"])
            .args(["--public-key", &path("key.gpg"), "--sigstore-key", &path("cosign.pub")])
            .args([
                "--registries.d",
                &path("registries.d"),
                "--registries-conf",
                &path("registries.conf"),
            ]);
        self.town.sandbox.finish(&mut command, b"")
    }
}

/// The format lets a layer name other places, and podman fetches a payload from there before it asks the registry.
#[test]
fn places_that_layers_name_are_not_contacted() {
    let mut scene = Scene::new();
    scene.configure(false);
    scene.fill(false, "ns/app");
    let item = scene.judged(&[]).expect_verdict(0, "Verified/Verified").item();
    let kinds: Vec<&Value> = item["signatures"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["kind"])
        .collect();
    assert_eq!(kinds, ["gpg", "sigstore"]);
    // Not where the registry has lost it, either.
    let blob = format!("/v2/ns/app/blobs/{}", sha256(&scene.payload));
    scene.source.answer(&blob, Answer::status(404));
    scene.judged(&[]).expect_verdict(3, "Unchecked/SourceUnavailable");
    assert_eq!(scene.bystander.connections(), 0);
}

/// Seen by the kernel, with a mirror that has the image in place of a source that is blocked, and one that does not have it.
#[test]
fn nobody_else_is_contacted() {
    if !has("strace") {
        return skipped("connections of verify docker://", "strace is not installed");
    }
    for is_blocked in [true, false] {
        let mut scene = Scene::new();
        scene.configure(is_blocked);
        scene.fill(is_blocked, if is_blocked { "up/app" } else { "ns/app" });
        let log = scene.town.sandbox.path("strace.log");
        let calls = "trace=connect,sendto,sendmsg,sendmmsg";
        let strace = ["/usr/bin/strace", "-f", "-qq", "-e", calls, "-o", log.to_str().unwrap()];
        scene.judged(&strace).expect_verdict(0, "Verified/Verified");
        let mut allowed = vec![&scene.mirror, &scene.store];
        if !is_blocked {
            allowed.push(&scene.source);
        }
        let text = std::fs::read_to_string(&log).unwrap();
        let mut seen = vec![0; allowed.len()];
        for line in text.lines().filter(|line| line.contains("AF_INET")) {
            let is_to = |hub: &&Hub| line.contains(&format!("htons({})", hub.address().port()));
            let place = allowed.iter().position(is_to);
            seen[place.unwrap_or_else(|| panic!("somebody else is contacted: {line}"))] += 1;
        }
        assert!(seen.iter().all(|count| *count > 0), "{seen:?}: {text}");
        assert_eq!(scene.source.connections() == 0, is_blocked);
        assert_eq!(scene.bystander.connections(), 0);
    }
}
