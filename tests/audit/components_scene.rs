// SPDX-License-Identifier: Apache-2.0
//! A cluster that runs a release payload with components, and the registry that they are in.

use std::io::Write as _;

use flate2::write::GzEncoder;
use flate2::Compression;
use serde_json::{json, Value};

use super::bench::Report;
use super::elsewhere::Town;
use super::fleet::{pod, stored};
use crate::support::hub::{Hub, MANIFEST};
use crate::support::program::Outcome;

const LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
const VERSION: &str = "/apis/config.openshift.io/v1/clusterversions/version";

pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// An archive as `oc adm release new` writes it, with this file that says the components.
pub(super) fn archive(references: &[u8]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (path, content) in [
        ("release-manifests/image-references", references),
        ("release-manifests/release-metadata", b"{}"),
    ] {
        let mut header = tar::Header::new_ustar();
        header.set_size(content.len() as u64);
        builder.append_data(&mut header, path, content).unwrap();
    }
    builder.into_inner().unwrap()
}

pub(super) fn references(tags: &[(&str, &str)]) -> Vec<u8> {
    let tag = |(name, image): &(&str, &str)| json!({"name": name, "from": {"kind": "DockerImage", "name": image}});
    let tags: Vec<Value> = tags.iter().map(tag).collect();
    let stream = json!({"kind": "ImageStream", "apiVersion": "image.openshift.io/v1",
        "metadata": {"name": "4.21.3"}, "spec": {"lookupPolicy": {"local": false}, "tags": tags}, "status": {}});
    stream.to_string().into_bytes()
}

/// Stores an image with this last layer, as its manifest is to have it, in a repository under a tag.
pub(super) fn store(hub: &Hub, place: (&str, &str), layer: &[u8], edit: &dyn Fn(&mut Value)) -> String {
    let (repository, tag) = place;
    hub.store(|store| {
        let repository = store.repository(repository);
        let (config, other) = (repository.blob(b"{}"), repository.blob(b"other"));
        let own = repository.blob(layer);
        let mut last = json!({"mediaType": LAYER, "digest": own, "size": layer.len()});
        edit(&mut last);
        let manifest = json!({"schemaVersion": 2, "mediaType": MANIFEST,
            "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "size": 2, "digest": config},
            "layers": [{"mediaType": LAYER, "digest": other, "size": 5}, last]});
        repository.push(tag, MANIFEST, manifest.to_string().as_bytes())
    })
}

/// A cluster with three components, of which one is an Image that nothing uses, one runs, and one is nowhere but in the payload.
pub(super) struct Scene {
    pub(super) town: Town,
    pub(super) image: String,
    pub(super) running: String,
    pub(super) nowhere: String,
}

impl Scene {
    /// The first component is signed by `first`, the second one by `second`: repositories.
    pub(super) fn new(first: &str, second: &str) -> Self {
        let town = Town::new();
        town.fleet.server().grant("alice", &["list"], "configmaps");
        let host = town.hub.host();
        let [image, running, nowhere] = ["a", "b", "c"].map(|note| {
            let own = town.hub.store(|store| store.repository("ocp/art").image("", note));
            let repository = if note == "a" { first } else { second };
            let blob = town.fleet.sign(&own, &format!("{host}/{repository}@{own}"));
            town.hub
                .store(|store| store.repository("ocp/art").sign(&own, "s", &blob));
            own
        });
        let mut object = stored(&image, &[]);
        object["dockerImageReference"] = json!(format!("{host}/ocp/art@{image}"));
        town.fleet.server().image(object);
        let runs = format!("{host}/ocp/art@{running}");
        let pod = pod("Running", &format!("{host}/ocp/art:latest"), &runs);
        town.fleet
            .server()
            .objects(|objects| objects.put_pod("shop", "web", pod));
        Self {
            town,
            image,
            running,
            nowhere,
        }
    }

    pub(super) fn of_art(&self, digest: &str) -> String {
        format!("{}/ocp/art@{digest}", self.town.hub.host())
    }

    /// What the payload says of its components.
    pub(super) fn references(&self) -> Vec<u8> {
        let [one, two, three] = [&self.image, &self.running, &self.nowhere].map(|own| self.of_art(own));
        references(&[("etcd", &one), ("cli", &two), ("tests", &three)])
    }

    /// Stores an image with this last layer, as its manifest is to have it.
    pub(super) fn with_layer(&self, layer: &[u8], edit: &dyn Fn(&mut Value)) -> String {
        store(&self.town.hub, ("ocp/release", ""), layer, edit)
    }

    /// Has the cluster run a payload, which is signed as this repository, if any.
    pub(super) fn run(&self, payload: &str, signed: Option<&str>) {
        let host = self.town.hub.host();
        let image = format!("{host}/ocp/release@{payload}");
        let version = json!({
            "kind": "ClusterVersion", "apiVersion": "config.openshift.io/v1", "metadata": {"name": "version"},
            "status": {"history": [{"state": "Completed", "version": "4.21.3", "image": image}]},
        });
        self.town.fleet.server().document(VERSION, version);
        if let Some(repository) = signed {
            let blob = self
                .town
                .fleet
                .sign(payload, &format!("{host}/{repository}:4.21.3-x86_64"));
            self.town
                .hub
                .store(|store| store.repository("ocp/release").sign(payload, "s", &blob));
        }
    }

    /// Has the cluster run a payload with this layer that is signed; its digest.
    pub(super) fn runs_layer(&self, layer: &[u8]) -> String {
        let payload = self.with_layer(layer, &|_| {});
        self.run(&payload, Some("ocp/release"));
        payload
    }

    pub(super) fn audit(&self, args: &[&str], status: i32) -> (Report, Outcome) {
        let outcome = self.town.run(args).expect(status);
        (Report::read(&outcome.stdout), outcome)
    }
}

/// What is said of an image.
pub(super) fn entry<'r>(report: &'r Report, image: &str) -> Option<&'r Value> {
    report.entries.iter().find(|entry| entry["image"] == image)
}

pub(super) fn word(report: &Report, image: &str) -> String {
    let entry = entry(report, image).unwrap_or_else(|| panic!("{image}: {report:#?}"));
    format!(
        "{}/{}",
        entry["verdict"].as_str().unwrap(),
        entry["reason"].as_str().unwrap()
    )
}
