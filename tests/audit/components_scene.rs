// SPDX-License-Identifier: Apache-2.0
//! A cluster that runs a release payload with components, and the registry that they are in.

use std::io::Write as _;

use flate2::write::GzEncoder;
use flate2::Compression;
use serde_json::{json, Value};

use super::bench::Report;
use super::elsewhere::Town;
use super::fleet::{pod, stored, Fleet};
use crate::support::hub::{sha256, Hub, LIST, MANIFEST};
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
        runs(&self.town.fleet, &format!("{host}/ocp/release@{payload}"));
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

/// A cluster that runs a payload with one component, which a tag calls something else: it is signed as that and as nothing
/// that the payload says. Another image is signed as its tag says, and no component.
pub(super) struct Dispute {
    pub(super) town: Town,
    pub(super) component: String,
    own: String,
    pub(super) payload: String,
    pub(super) layer: String,
}

impl Dispute {
    pub(super) fn new() -> Self {
        let town = Town::new();
        let [component, own] = ["web", "own"].map(|name| {
            let image = town
                .hub
                .store(|store| store.repository(&format!("shop/{name}")).image("", name));
            tagged(&town, "shop", name, &image);
            image
        });
        let host = town.hub.host();
        town.fleet.scene.sandbox.file("map", format!("{host} {host}\n"));
        let component_of_art = format!("{host}/ocp/art@{component}");
        let layer = gzip(&archive(&references(&[("etcd", &component_of_art)])));
        let payload = store(&town.hub, ("ocp/release", ""), &layer, &|_| {});
        let scene = Self {
            component,
            own,
            layer: sha256(&layer),
            payload,
            town,
        };
        scene.runs(&format!("{host}/ocp/release@{}", scene.payload));
        scene
    }

    /// Has the cluster name the payload so.
    pub(super) fn runs(&self, image: &str) {
        runs(&self.town.fleet, image);
    }

    pub(super) fn blob(&self) -> Vec<u8> {
        let as_upstream = "quay.io/openshift-release-dev/ocp-release:4.21.3-x86_64";
        self.town.fleet.sign(&self.payload, as_upstream)
    }

    /// Has the registry have a signature of the payload, in a repository of it.
    pub(super) fn sign_in(&self, repository: &str) {
        let blob = self.blob();
        self.town
            .hub
            .store(|store| store.repository(repository).sign(&self.payload, "s", &blob));
    }

    /// Has the cluster keep a signature of the payload.
    pub(super) fn keep(&self) {
        self.town.fleet.server().grant("alice", &["list"], "configmaps");
        let key = format!("{}-1", self.payload.replace(':', "-"));
        super::release::keep(&self.town.fleet, &[(&key, &self.blob())]);
    }

    /// Has the payload have an object, with its good signature behind others.
    pub(super) fn object(&self, others: &[Vec<u8>], has_good: bool) {
        let good = self.blob();
        let blobs = others.iter().chain(has_good.then_some(&good));
        let blobs: Vec<&[u8]> = blobs.map(Vec::as_slice).collect();
        let mut object = stored(&self.payload, &blobs);
        object["dockerImageReference"] = json!(format!("{}/ocp/release@{}", self.town.hub.host(), self.payload));
        self.town.fleet.server().image(object);
    }

    /// Has the cluster run a list of two payloads: the first one is not served any more, and the second one is that of the scene.
    pub(super) fn runs_list(&self) {
        let host = self.town.hub.host();
        let hub = &self.town.hub;
        let gone = "0".repeat(64);
        let list = json!({"schemaVersion": 2, "mediaType": LIST, "manifests": [
            {"mediaType": MANIFEST, "digest": format!("sha256:{gone}"), "size": 1,
             "platform": {"os": "linux", "architecture": "arm64"}},
            {"mediaType": MANIFEST, "digest": self.payload, "size": 1,
             "platform": {"os": "linux", "architecture": "amd64"}}]});
        let list = hub.store(|store| {
            let repository = store.repository("ocp/release");
            repository.push("", LIST, list.to_string().as_bytes())
        });
        let blob = self.town.fleet.sign(&list, &format!("{host}/ocp/release:4.21.3-multi"));
        hub.store(|store| store.repository("ocp/release").sign(&list, "s", &blob));
        self.runs(&format!("{host}/ocp/release@{list}"));
    }

    /// Takes back all that was recorded.
    pub(super) fn forget(&self) {
        self.town.fleet.server().objects(|objects| {
            for image in [&self.component, &self.own] {
                objects.edit_image(image, |image| {
                    image["signatures"][0].as_object_mut().unwrap().remove("conditions");
                });
            }
        });
    }

    pub(super) fn recorded(&self, image: &str) -> Value {
        self.town.fleet.server().stored(image)["signatures"][0]["conditions"][0]["status"].clone()
    }

    /// What an audit that records says of the component, and what comes to be recorded of both; the outcome comes back.
    #[track_caller]
    pub(super) fn assert(&self, args: &[&str], status: i32, component: (&str, Value), own: Value) -> Outcome {
        self.forget();
        let common = ["--confirm", "--expected-identity-map", "map"];
        let outcome = match args.is_empty() {
            true => self.town.fleet.run(&[&common[..], &["-o", "jsonl"]].concat()),
            false => self.town.run(&[&common[..], args].concat()),
        };
        let outcome = outcome.expect(status);
        let found = word(&Report::read(&outcome.stdout), &self.component);
        let recorded = (self.recorded(&self.component), self.recorded(&self.own));
        assert_eq!(
            (found.as_str(), recorded),
            (component.0, (component.1, own)),
            "{outcome:#?}"
        );
        outcome
    }
}

/// An Image object that is signed as the tag v1 of its stream says, which is imported from the registry.
pub(super) fn tagged(town: &Town, namespace: &str, name: &str, image: &str) {
    let place = format!("{}/{namespace}/{name}", town.hub.host());
    let mut object = stored(image, &[&town.fleet.sign(image, &format!("{place}:v1"))]);
    object["dockerImageReference"] = json!(format!("{place}@{image}"));
    town.fleet.server().image(object);
    stands_for(town, namespace, name, image);
}

/// A stream whose tag v1 is imported from the registry and stands for an image.
pub(super) fn stands_for(town: &Town, namespace: &str, name: &str, image: &str) {
    let from = format!("{}/{namespace}/{name}:v1", town.hub.host());
    let stream = json!({"spec": {"tags": [{"name": "v1", "from": {"kind": "DockerImage", "name": from}}]},
        "status": {"tags": [{"tag": "v1", "items": [{"image": image}]}]}});
    town.fleet.server().stream(namespace, name, stream);
}

/// Has a cluster run a payload, by this name.
fn runs(fleet: &Fleet, image: &str) {
    let version = json!({
        "kind": "ClusterVersion", "apiVersion": "config.openshift.io/v1", "metadata": {"name": "version"},
        "status": {"history": [{"state": "Completed", "version": "4.21.3", "image": image}]},
    });
    fleet.server().document(VERSION, version);
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
