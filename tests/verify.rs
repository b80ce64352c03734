// SPDX-License-Identifier: Apache-2.0
//! `verify` and `inspect`: where images come from, what is expected of them, what is printed, how it ends.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, missing_docs)]

mod support;

#[path = "verify/directories.rs"]
mod directories;
#[path = "verify/endings.rs"]
mod endings;
#[path = "verify/explain.rs"]
mod explain;
#[path = "verify/files.rs"]
mod files;
#[path = "verify/inspect.rs"]
mod inspect;
#[path = "verify/limits.rs"]
mod limits;
#[path = "verify/output.rs"]
mod output;
#[path = "verify/pairing.rs"]
mod pairing;
#[path = "verify/parts.rs"]
mod parts;
#[path = "verify/strings.rs"]
mod strings;
#[path = "verify/unverified.rs"]
mod unverified;

use std::path::PathBuf;

use serde_json::Value;
use support::gpg::Signer;
use support::images::{image, payload, D1};
use support::program::{word, Outcome, Sandbox};

pub const IDENTITY: &str = "registry.local:5000/foo/bar:v1";
pub const OTHER: &str = "registry.local:5000/foo/bar:v2";
pub const OWNER: &str = "Example Release <release@example.com>";

/// A signer with one key, and a place for files.
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
        self.run(&["-o", "json", "--expected-identity", IDENTITY, "-f", name])
    }
}

/// `Verdict/Reason` of each item.
pub fn words(outcome: &Outcome) -> Vec<String> {
    outcome.json()["items"].as_array().unwrap().iter().map(word).collect()
}
