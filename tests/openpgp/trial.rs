// SPDX-License-Identifier: Apache-2.0
//! One signature, one key file, one verdict of the shipped binary.

use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use crate::support::gpg::Signer;
use crate::support::images::{image, payload, D1};
use crate::support::program::{word, Outcome, Sandbox};

pub const REFERENCE: &str = "registry.local:5000/foo/bar:v1";

/// The payload that all signatures are over, unless a test says otherwise.
pub fn signed_payload() -> Vec<u8> {
    payload(D1, REFERENCE)
}

/// A sandbox with a key file.
#[derive(Debug)]
pub struct Trial {
    pub sandbox: Sandbox,
    pub key_files: Vec<PathBuf>,
}

impl Trial {
    /// Keys as they stand in a file.
    pub fn with_keys(keys: &[u8]) -> Self {
        let sandbox = Sandbox::new();
        let key_files = vec![sandbox.file("key.gpg", keys)];
        Self { sandbox, key_files }
    }

    /// An elliptic curve key made by gpg.
    pub fn with_signer() -> (Self, Signer, String) {
        let signer = Signer::new();
        let key = signer.simple_key("Example Release <release@example.com>");
        let exported = signer.gpg(&["--export", &key], b"");
        (Self::with_keys(&exported), signer, key)
    }

    /// `verify -f -o json` of an image with these signatures.
    pub fn command(&self, blobs: &[&[u8]]) -> Command {
        self.command_of(self.sandbox.command(), blobs)
    }

    /// The same as arguments to another program that starts ours.
    pub fn command_of(&self, mut command: Command, blobs: &[&[u8]]) -> Command {
        let object = self.sandbox.file("image.json", image(D1, blobs).to_string());
        command.args(["verify", "-o", "json", "--expected-identity", REFERENCE]);
        command.arg("-f").arg(object);
        for file in &self.key_files {
            command.arg("--public-key").arg(file);
        }
        command
    }

    pub fn run(&self, blobs: &[&[u8]], more: &[&str]) -> Outcome {
        let mut command = self.command(blobs);
        command.args(more);
        self.sandbox.finish(&mut command, b"")
    }

    /// The only signature of the only image.
    #[track_caller]
    pub fn signature(&self, blob: &[u8]) -> Value {
        let outcome = self.run(&[blob], &[]);
        assert!(outcome.status <= 3 && outcome.status != 2, "{outcome:#?}");
        let signature = outcome.item()["signatures"][0].clone();
        let status = match signature["verdict"].as_str().unwrap() {
            "Verified" => 0,
            "Unchecked" => 3,
            _ => 1,
        };
        outcome.expect(status);
        signature
    }

    /// `Verdict/Reason` of a signature.
    #[track_caller]
    pub fn judge(&self, blob: &[u8]) -> String {
        word(&self.signature(blob))
    }

    /// A verdict and words that the message must have.
    #[track_caller]
    pub fn expect(&self, blob: &[u8], verdict: &str, message: &str) {
        let signature = self.signature(blob);
        assert_eq!(word(&signature), verdict, "{signature:#}");
        assert!(
            signature["message"].as_str().unwrap().contains(message),
            "no {message:?} in {signature:#}"
        );
        // Nothing of the payload is used or shown before the signature is good.
        if signature["checks"][0]["result"] != "pass" {
            assert!(signature["claim"].is_null(), "{signature:#}");
        }
    }

    #[track_caller]
    pub fn expect_verified(&self, blob: &[u8]) {
        self.expect(blob, "Verified/Verified", "");
    }
}
