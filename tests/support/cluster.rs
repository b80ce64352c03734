// SPDX-License-Identifier: Apache-2.0
//! A test API server with an auditor, a kubeconfig for it, and a signer: what most tests of clusters begin with.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::Command;

use base64::Engine as _;
use serde_json::{json, Value};

use super::api::{Rule, Server, User};
use super::gpg::Signer;
use super::images::{image, payload, D1};
use super::program::{Outcome, Sandbox};
use super::secrets::assert_hidden;

/// The token of the auditor, which nothing may show.
pub const TOKEN: &str = "sha256~auditor-token-that-nobody-may-see";

/// The reference that [`Scene::signed`] signs for.
pub const IDENTITY: &str = "registry.local:5000/foo/bar:v1";

/// A cluster and its user.
#[derive(Debug)]
pub struct Scene {
    pub sandbox: Sandbox,
    pub server: Server,
    pub signer: Signer,
    pub key: String,
    pub key_file: PathBuf,
}

impl Scene {
    /// A server that knows the auditor `alice`, and nothing stored.
    pub fn new() -> Self {
        let (sandbox, server, signer) = (Sandbox::new(), Server::start(), Signer::new());
        let key = signer.simple_key("Example Release <release@example.com>");
        let key_file = signer.export(&[&key], &sandbox.path("key.gpg"));
        server.user(TOKEN, User::new("alice"));
        server.allow_auditor("alice");
        let scene = Self {
            sandbox,
            server,
            signer,
            key,
            key_file,
        };
        scene.kubeconfig(json!({"token": TOKEN}));
        scene
    }

    /// The same with D1 stored, signed for [`IDENTITY`].
    pub fn signed() -> Self {
        let scene = Self::new();
        let blob = scene.sign(D1, IDENTITY);
        scene.server.image(image(D1, &[&blob]));
        scene
    }

    /// A signature by the scene's key.
    #[track_caller]
    pub fn sign(&self, digest: &str, reference: &str) -> Vec<u8> {
        self.signer.sign(&self.key, &payload(digest, reference))
    }

    /// Writes `~/.kube/config` for a user of the server.
    pub fn kubeconfig(&self, user: Value) -> PathBuf {
        self.kubeconfig_with(self.cluster(), user)
    }

    /// The server as a kubeconfig has it.
    pub fn cluster(&self) -> Value {
        let ca = base64::engine::general_purpose::STANDARD.encode(self.server.ca_pem());
        json!({"server": self.server.url(), "certificate-authority-data": ca})
    }

    /// Writes `~/.kube/config` for a cluster and a user.
    pub fn kubeconfig_with(&self, cluster: Value, user: Value) -> PathBuf {
        let config = config(cluster, user);
        self.sandbox.file("home/.kube/config", config.to_string())
    }

    /// `verify` of one image with the key file and the identity.
    pub fn verify(&self, name: &str) -> Vec<String> {
        let key = self.key_file.to_str().unwrap();
        ["verify", name, "--expected-identity", IDENTITY, "--public-key", key]
            .map(str::to_owned)
            .to_vec()
    }

    /// Runs `verify` with more arguments.
    pub fn run_verify(&self, name: &str, more: &[&str]) -> Outcome {
        let mut args = self.verify(name);
        args.extend(more.iter().map(|arg| (*arg).to_owned()));
        self.run(&args)
    }

    /// Runs the program; what it prints has no secret in it.
    #[track_caller]
    pub fn run<S: AsRef<OsStr>>(&self, args: &[S]) -> Outcome {
        let mut command = self.sandbox.command();
        command.args(args);
        self.finish(&mut command)
    }

    /// Runs a command of the sandbox in the same way.
    #[track_caller]
    pub fn finish(&self, command: &mut Command) -> Outcome {
        let outcome = self.sandbox.finish(command, b"");
        for text in [&outcome.stdout, &outcome.stderr] {
            assert_hidden(text, &[TOKEN.as_bytes()]);
            assert!(!text.contains("PRIVATE KEY"), "a key is shown: {text}");
        }
        outcome
    }
}

impl Default for Scene {
    fn default() -> Self {
        Self::new()
    }
}

/// A kubeconfig with one context.
pub fn config(cluster: Value, user: Value) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "c", "cluster": cluster}],
        "users": [{"name": "u", "user": user}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u", "namespace": "myproject"}}],
        "current-context": "x",
    })
}

/// Grants the user what the role `cluster-reader` has of a cluster's configuration of images.
pub fn allow_configuration(server: &Server, user: &str) {
    for (group, resources) in [
        (
            "config.openshift.io",
            vec!["images", "imagedigestmirrorsets", "imagetagmirrorsets"],
        ),
        ("operator.openshift.io", vec!["imagecontentsourcepolicies"]),
        ("route.openshift.io", vec!["routes"]),
    ] {
        for resource in resources {
            let rule = Rule::new(user, &["get", "list"], "images");
            server.allow(rule.api_group(group, resource));
        }
    }
}
