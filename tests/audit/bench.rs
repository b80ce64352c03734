// SPDX-License-Identifier: Apache-2.0
//! A bench for audits: a key, files with many images, and reports read back.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::{json, Value};

use crate::support::desk::Desk;
use crate::support::images::{image, list};
use crate::support::program::{word, Outcome};

/// Where the images of a bench are, and as what they are signed.
pub const PLACE: &str = "mirror.local:5000/ns/app";
pub const SIGNED: &str = "registry.local:5000/foo/bar";

/// The digest of image number `n`.
pub fn digest(n: usize) -> String {
    format!("sha256:{n:064x}")
}

/// A desk with a map from [`PLACE`] to [`SIGNED`].
pub struct Bench {
    pub desk: Desk,
}

impl Bench {
    pub fn new() -> Self {
        let desk = Desk::new();
        desk.put("map", format!("{PLACE} {SIGNED}\n"));
        Self { desk }
    }

    /// Image `n` at [`PLACE`] with tag v1, with these signatures.
    pub fn image(&self, n: usize, blobs: &[&[u8]]) -> Value {
        let mut object = image(&digest(n), blobs);
        object["dockerImageReference"] = json!(format!("{PLACE}:v1"));
        object
    }

    /// Image `n`, signed for the tag that it is asked for by.
    pub fn good(&self, n: usize) -> Value {
        let blob = self.desk.sign(&digest(n), &format!("{SIGNED}:v1"));
        self.image(n, &[&blob])
    }

    /// A file of images: of ten, seven are verified, one is signed for another tag, one has garbage, one is not signed.
    pub fn mixed(&self, name: &str, count: usize) -> PathBuf {
        let images: Vec<Value> = (0..count)
            .map(|n| match n % 10 {
                7 => self.image(n, &[&self.desk.sign(&digest(n), &format!("{SIGNED}:v2"))]),
                8 => self.image(n, &[b"garbage"]),
                9 => self.image(n, &[]),
                _ => self.good(n),
            })
            .collect();
        self.desk.put(name, list(&images).to_string())
    }

    /// `audit` with the key file and the map.
    pub fn run(&self, args: &[&str]) -> Outcome {
        let key = self.desk.key_file.to_str().unwrap();
        let common = ["audit", "--public-key", key, "--expected-identity-map", "map"];
        self.desk.sandbox.run([&common[..], args].concat())
    }

    /// A requirement of a policy: signed by the key in a file of the desk, for the repository.
    pub fn signed_by(&self, file: &str) -> Value {
        json!({"type": "signedBy", "keyType": "GPGKeys", "keyPath": self.desk.sandbox.path(file),
            "signedIdentity": {"type": "matchRepository"}})
    }

    /// `audit` with `policy.json` and the map.
    pub fn by_policy(&self, args: &[&str]) -> Outcome {
        let common = ["audit", "--policy", "policy.json", "--expected-identity-map", "map"];
        self.desk.sandbox.run([&common[..], args].concat())
    }

    /// The report of JSON lines of a run.
    #[track_caller]
    pub fn lines(&self, args: &[&str], status: i32) -> Report {
        Report::read(&self.run(&[&["-o", "jsonl"][..], args].concat()).expect(status).stdout)
    }

    /// The report of JSON lines in a file.
    #[track_caller]
    pub fn report(&self, name: &str) -> Report {
        Report::read(&std::fs::read_to_string(self.desk.sandbox.path(name)).unwrap())
    }
}

/// A report of JSON lines.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    pub head: Value,
    pub entries: Vec<Value>,
    pub tail: Value,
}

impl Report {
    /// A whole one: its last line counts the others.
    #[track_caller]
    pub fn read(text: &str) -> Self {
        assert!(text.ends_with('\n'), "{text}");
        let mut lines: Vec<Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
            .collect();
        let (head, tail) = (lines.remove(0), lines.pop().unwrap());
        assert_eq!(head["kind"], "AuditReport", "{head}");
        assert_eq!(tail["kind"], "AuditEnd", "{tail}");
        assert_eq!(tail["images"], lines.len(), "{tail}");
        let mut counts: BTreeMap<String, u64> = BTreeMap::new();
        for entry in &lines {
            *counts.entry(entry["verdict"].as_str().unwrap().to_owned()).or_default() += 1;
        }
        assert_eq!(tail["verdicts"], json!(counts));
        Self {
            head,
            entries: lines,
            tail,
        }
    }

    /// `Verdict/Reason` of each image.
    pub fn words(&self) -> Vec<String> {
        self.entries.iter().map(word).collect()
    }

    /// The entry of a report on one image.
    #[track_caller]
    pub fn entry(&self) -> &Value {
        assert_eq!(self.entries.len(), 1, "{self:#?}");
        &self.entries[0]
    }
}
