// SPDX-License-Identifier: Apache-2.0
//! What most tests of registries begin with: a signer, a place for configuration and a registry.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use flate2::write::GzEncoder;
use flate2::Compression;
use serde_json::{json, Value};
use sha2::{Digest as _, Sha256};

use crate::support::gpg::Signer;
use crate::support::images::payload;
use crate::support::program::{has, skopeo, Outcome, Sandbox};
use crate::support::skipped;

/// A signer, its key in a file, and configuration of registries that leaves this machine's out.
#[derive(Debug)]
pub struct Town {
    pub sandbox: Sandbox,
    pub signer: Signer,
    pub key: String,
    pub key_file: PathBuf,
}

/// SHA-256 of bytes in lower case, as digests have it.
pub fn hex(bytes: &[u8]) -> String {
    image_signature::text::hex(&Sha256::digest(bytes)).to_lowercase()
}

/// The digest of bytes, `sha256:HEX`.
pub fn sha256(bytes: &[u8]) -> String {
    format!("sha256:{}", hex(bytes))
}

impl Town {
    pub fn new() -> Self {
        let (sandbox, signer) = (Sandbox::new(), Signer::new());
        let key = signer.key("Example Release <release@example.com>", "rsa2048", "sign,cert", "never");
        let key_file = signer.export(&[&key], &sandbox.path("key.gpg"));
        let town = Self {
            sandbox,
            signer,
            key,
            key_file,
        };
        town.conf("");
        town.stores("");
        town
    }

    /// Replaces the `registries.conf` that runs are given.
    pub fn conf(&self, text: &str) {
        self.sandbox.file("registries.conf", text);
    }

    /// These hosts may be asked over plain http.
    pub fn insecure(&self, hosts: &[&str]) {
        let entries = hosts
            .iter()
            .map(|host| format!("[[registry]]\nlocation = \"{host}\"\ninsecure = true\n"));
        self.conf(&entries.collect::<String>());
    }

    /// Writes the one file of `registries.d`.
    pub fn stores(&self, text: &str) {
        self.sandbox.file("registries.d/test.yaml", text);
    }

    /// A lookaside store on disk for everything.
    pub fn store_on_disk(&self) -> PathBuf {
        let store = self.sandbox.path("lookaside");
        std::fs::create_dir_all(&store).unwrap();
        let url = format!("file://{}", store.display());
        self.stores(&format!(
            "default-docker:\n  lookaside: {url}\n  lookaside-staging: {url}\n"
        ));
        store
    }

    /// Puts a signature into the store on disk.
    pub fn keep(&self, path: &str, digest: &str, number: usize, blob: &[u8]) {
        let digest = digest.replace(':', "=");
        self.sandbox
            .file(&format!("lookaside/{path}@{digest}/signature-{number}"), blob);
    }

    /// A signature by the town's key.
    pub fn sign(&self, digest: &str, reference: &str) -> Vec<u8> {
        self.signer.sign(&self.key, &payload(digest, reference))
    }

    /// The program with configuration of the test's own.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = self.sandbox.command();
        command.args(args);
        if args.first() == Some(&"verify") {
            command.args(["--public-key", self.key_file.to_str().unwrap()]);
        }
        command
            .args(["--registries.d", self.sandbox.path("registries.d").to_str().unwrap()])
            .args([
                "--registries-conf",
                self.sandbox.path("registries.conf").to_str().unwrap(),
            ]);
        command
    }

    /// `verify` with the key file.
    pub fn verify(&self, args: &[&str]) -> Outcome {
        let args = [&["verify"], args].concat();
        self.sandbox.finish(&mut self.command(&args), b"")
    }

    /// The same as JSON.
    pub fn verify_json(&self, args: &[&str]) -> Outcome {
        self.verify(&[&["-o", "json"], args].concat())
    }

    /// Debian's skopeo; `None` where it is not installed.
    pub fn skopeo(&self, args: &[&str]) -> Option<Output> {
        if !has("skopeo") {
            skipped("a registry filled by skopeo", "skopeo is not installed");
            return None;
        }
        let output = skopeo(&self.sandbox, self.signer.home())
            .args(["--registries.d", self.sandbox.path("registries.d").to_str().unwrap()])
            .args(args)
            .output()
            .unwrap();
        Some(output)
    }

    /// Copies an image with skopeo, which signs it with the town's key unless `sign` is false.
    #[track_caller]
    pub fn push(&self, from: &str, reference: &str, sign: bool, more: &[&str]) -> Option<()> {
        let to = format!("docker://{reference}");
        let mut args = vec!["copy", "--insecure-policy", "-q", "--dest-tls-verify=false"];
        if sign {
            args.extend(["--sign-by", &self.key]);
        }
        args.extend(more);
        args.extend([from, &to]);
        let output = self.skopeo(&args)?;
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "skopeo {args:?}: {stderr}");
        Some(())
    }
}

/// Writes an image of one layer into a directory, as skopeo does, and gives its manifest.
pub fn image(directory: &Path, architecture: &str) -> Vec<u8> {
    std::fs::create_dir_all(directory).unwrap();
    let tar = [0; 1024];
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    std::io::Write::write_all(&mut encoder, &tar).unwrap();
    let layer = encoder.finish().unwrap();
    let config = json!({
        "architecture": architecture, "os": "linux", "config": {},
        "rootfs": {"type": "layers", "diff_ids": [sha256(&tar)]},
    });
    let blob = |media: &str, content: &[u8]| {
        std::fs::write(directory.join(hex(content)), content).unwrap();
        json!({"mediaType": media, "size": content.len(), "digest": sha256(content)})
    };
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
        "config": blob("application/vnd.docker.container.image.v1+json", config.to_string().as_bytes()),
        "layers": [blob("application/vnd.docker.image.rootfs.diff.tar.gzip", &layer)],
    });
    let manifest = serde_json::to_vec(&manifest).unwrap();
    std::fs::write(directory.join("version"), "Directory Transport Version: 1.1\n").unwrap();
    std::fs::write(directory.join("manifest.json"), &manifest).unwrap();
    manifest
}

/// Writes a list of two images into a directory, and gives the list and the digests of its instances.
pub fn list(directory: &Path) -> (Vec<u8>, Vec<String>) {
    let mut entries: Vec<Value> = Vec::new();
    let mut digests = Vec::new();
    for architecture in ["amd64", "arm64"] {
        let manifest = image(directory, architecture);
        let digest = hex(&manifest);
        std::fs::write(directory.join(format!("{digest}.manifest.json")), &manifest).unwrap();
        entries.push(json!({
            "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
            "size": manifest.len(), "digest": format!("sha256:{digest}"),
            "platform": {"os": "linux", "architecture": architecture},
        }));
        digests.push(format!("sha256:{digest}"));
    }
    let list = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.docker.distribution.manifest.list.v2+json",
        "manifests": entries,
    });
    let list = serde_json::to_vec(&list).unwrap();
    std::fs::write(directory.join("manifest.json"), &list).unwrap();
    (list, digests)
}

/// What each place that was asked answered, in order: `KIND ANSWER COUNT`.
pub fn answers(item: &Value) -> Vec<String> {
    let sources = item["sources"].as_array().cloned().unwrap_or_default();
    sources
        .iter()
        .filter(|source| source["answer"] != "notAsked")
        .map(|source| {
            format!(
                "{} {} {}",
                source["kind"].as_str().unwrap(),
                source["answer"].as_str().unwrap(),
                source["signatures"]
            )
        })
        .collect()
}
