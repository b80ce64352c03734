// SPDX-License-Identifier: Apache-2.0
//! A signer with one key, and a place for files: what most tests of `verify` and of records begin with.

use std::path::PathBuf;

use serde_json::Value;

use super::gpg::Signer;
use super::images::{image, payload, D1};
use super::program::{Outcome, Sandbox};

pub const IDENTITY: &str = "registry.local:5000/foo/bar:v1";
pub const OTHER: &str = "registry.local:5000/foo/bar:v2";
pub const OWNER: &str = "Example Release <release@example.com>";

/// `verify` of image.json by policy.json.
pub fn by_policy(identity: &str) -> [&str; 7] {
    let by = ["verify", "-f", "image.json", "--policy", "policy.json"];
    [by[0], by[1], by[2], by[3], by[4], "--expected-identity", identity]
}

#[derive(Debug)]
pub struct Desk {
    pub sandbox: Sandbox,
    pub signer: Signer,
    pub key: String,
    pub key_file: PathBuf,
}

impl Default for Desk {
    fn default() -> Self {
        Self::new()
    }
}

impl Desk {
    pub fn new() -> Self {
        let (sandbox, signer) = (Sandbox::new(), Signer::new());
        let key = signer.simple_key(OWNER);
        let key_file = signer.export(&[&key], &sandbox.path("key.gpg"));
        Self {
            sandbox,
            signer,
            key,
            key_file,
        }
    }

    /// A signature by the key.
    pub fn sign(&self, digest: &str, reference: &str) -> Vec<u8> {
        self.signer.sign(&self.key, &payload(digest, reference))
    }

    /// D1, signed for [`IDENTITY`].
    pub fn signed(&self) -> Value {
        image(D1, &[&self.sign(D1, IDENTITY)])
    }

    pub fn put(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        self.sandbox.file(name, text)
    }

    /// `verify` with the key file.
    pub fn run(&self, args: &[&str]) -> Outcome {
        let key = self.key_file.to_str().unwrap();
        self.sandbox.run([&["verify", "--public-key", key][..], args].concat())
    }

    /// `verify -o json` of a file for [`IDENTITY`].
    pub fn file(&self, name: &str) -> Outcome {
        self.files(&[name])
    }

    /// The same of several files.
    pub fn files(&self, names: &[&str]) -> Outcome {
        let mut args = vec!["-o", "json", "--expected-identity", IDENTITY];
        args.extend(names.iter().flat_map(|name| ["-f", name]));
        self.run(&args)
    }
}
