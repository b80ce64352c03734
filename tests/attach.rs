// SPDX-License-Identifier: Apache-2.0
//! Images of a cluster and the registries that they come from: which ones the cluster names.

#[path = "attach/everywhere.rs"]
mod everywhere;
#[path = "attach/found.rs"]
mod found;
#[path = "attach/hosts.rs"]
mod hosts;
#[path = "attach/interrupted.rs"]
mod interrupted;
#[path = "attach/mirror_lists.rs"]
mod mirror_lists;
#[path = "attach/mirrors.rs"]
mod mirrors;
#[path = "attach/origins.rs"]
mod origins;
#[path = "attach/posting.rs"]
mod posting;
#[path = "attach/rules.rs"]
mod rules;
#[path = "attach/secrets.rs"]
mod secrets;
#[path = "attach/served.rs"]
mod served;
#[path = "attach/token.rs"]
mod token;
#[path = "attach/vectors.rs"]
mod vectors;

use std::process::Command;

pub use self::hosts::{api, TOKEN};
use crate::support::api::Server;
pub use crate::support::cluster::allow_configuration;
use crate::support::cluster::{Scene, IDENTITY};
use crate::support::hub::{sha256, Hub};
use crate::support::images::{image, payload};
use crate::support::program::Outcome;
use serde_json::{json, Value};

/// The image configuration of a cluster.
pub fn configuration(server: &Server, sources: &Value, status: &Value) {
    server.document(
        "/apis/config.openshift.io/v1/images/cluster",
        json!({"apiVersion": "config.openshift.io/v1", "kind": "Image", "metadata": {"name": "cluster"},
               "spec": {"registrySources": sources}, "status": status}),
    );
}

/// Stores the mirror sets of one kind.
pub fn mirror_sets(server: &Server, kind: &str, sets: &[(&str, Value)]) {
    let (version, resource, member) = match kind {
        "ImageDigestMirrorSet" => ("config.openshift.io/v1", "imagedigestmirrorsets", "imageDigestMirrors"),
        "ImageTagMirrorSet" => ("config.openshift.io/v1", "imagetagmirrorsets", "imageTagMirrors"),
        _ => (
            "operator.openshift.io/v1alpha1",
            "imagecontentsourcepolicies",
            "repositoryDigestMirrors",
        ),
    };
    let items: Vec<Value> = sets
        .iter()
        .map(|(name, entries)| {
            json!({"apiVersion": version, "kind": kind, "metadata": {"name": name, "uid": name}, "spec": {member: entries}})
        })
        .collect();
    let list =
        json!({"apiVersion": version, "kind": format!("{kind}List"), "metadata": {"continue": ""}, "items": items});
    server.document(&format!("/apis/{version}/{resource}"), list);
}

/// Stores the route of the registry, admitted or not.
pub fn route(server: &Server, host: &str, admitted: &str) {
    server.document(
        "/apis/route.openshift.io/v1/namespaces/openshift-image-registry/routes/default-route",
        json!({"apiVersion": "route.openshift.io/v1", "kind": "Route",
               "metadata": {"name": "default-route", "namespace": "openshift-image-registry"},
               "spec": {"host": host},
               "status": {"ingress": [{"host": host, "conditions": [{"type": "Admitted", "status": admitted}]}]}}),
    );
}

/// A cluster, and a registry with an image that the cluster has an object of.
#[derive(Debug)]
pub struct Town {
    pub scene: Scene,
    pub hub: Hub,
    pub digest: String,
}

impl Town {
    /// The object has no signatures, and its reference names the registry.
    pub fn founded() -> Self {
        let (scene, hub) = (Scene::new(), Hub::tls());
        let digest = hub.store(|store| {
            store.has_extension = true;
            store.repository("ns/app").image("v1", "attached")
        });
        allow_configuration(&scene.server, "alice");
        let town = Self { scene, hub, digest };
        town.store(&[], &town.hub.host(), false);
        // No signature is there.
        town.scene
            .sandbox
            .file("registries.d/none.yaml", "default-docker:\n  lookaside: file:///usr\n");
        town.scene.sandbox.file("registries.conf", "");
        town.scene.sandbox.file("ca.pem", town.hub.ca_pem());
        town
    }

    /// Stores the object with signatures, as one that is at a host, pushed to the cluster's registry or not.
    pub fn store(&self, blobs: &[&[u8]], host: &str, managed: bool) {
        let mut object = image(&self.digest, blobs);
        object["dockerImageReference"] = format!("{host}/ns/app@{}", self.digest).into();
        if managed {
            object["metadata"]["annotations"] = json!({"openshift.io/image.managed": "true"});
        }
        self.scene.server.image(object);
    }

    /// Another registry, without TLS, that has the image and a signature of it.
    pub fn plain(&self) -> Hub {
        let plain = Hub::plain();
        plain.store(|store| {
            store.has_extension = true;
            let repository = store.repository("ns/app");
            assert_eq!(repository.image("v1", "attached"), self.digest);
            repository.sign(&self.digest, "a", &self.sign());
        });
        plain
    }

    /// A signature by the accepted key.
    pub fn sign(&self) -> Vec<u8> {
        self.scene.sign(&self.digest, IDENTITY)
    }

    /// Puts a signature into the registry.
    pub fn offer(&self, name: &str, blob: &[u8]) {
        self.hub
            .store(|store| store.repository("ns/app").sign(&self.digest, name, blob));
    }

    /// Puts two signatures by the accepted key into the registry, which finds them in this order.
    pub fn offer_two(&self) -> (Vec<u8>, Vec<u8>) {
        let second = self.scene.signer.sign_with(
            &self.scene.key,
            &["--sig-notation", "n@example.com=2"],
            &payload(&self.digest, IDENTITY),
        );
        let first = self.sign();
        self.offer("a", &first);
        self.offer("b", &second);
        (first, second)
    }

    /// The name that a signature gets on the Image.
    pub fn name(&self, blob: &[u8]) -> String {
        format!("{}@{}", self.digest, sha256(blob).trim_start_matches("sha256:"))
    }

    /// `verify` of the image with more arguments.
    pub fn verify(&self, more: &[&str]) -> Outcome {
        self.scene.finish(&mut self.command(more))
    }

    /// The same, to be run.
    pub fn command(&self, more: &[&str]) -> Command {
        let path = |name: &str| self.scene.sandbox.path(name).to_str().unwrap().to_owned();
        let (stores, conf, ca) = (path("registries.d"), path("registries.conf"), path("ca.pem"));
        let own = [
            "--registries.d",
            &stores,
            "--registries-conf",
            &conf,
            "--registry-ca",
            &ca,
        ];
        let mut command = self.scene.sandbox.command();
        command.args(self.scene.verify(&self.digest)).args(own).args(more);
        command
    }

    /// Names of the signatures of the object now.
    pub fn names(&self) -> Vec<String> {
        let object = self.scene.server.stored(&self.digest);
        let signatures = object["signatures"].as_array().cloned().unwrap_or_default();
        let names = signatures
            .iter()
            .map(|s| s["metadata"]["name"].as_str().unwrap().to_owned());
        names.collect()
    }

    /// Requests that would change something in the cluster.
    pub fn writes(&self) -> usize {
        self.scene
            .server
            .requests()
            .iter()
            .filter(|request| request.is_write())
            .count()
    }
}
