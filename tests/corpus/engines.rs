// SPDX-License-Identifier: Apache-2.0
//! However GnuPG is asked, the outcome is the same: verdict, reason, message, signer and checks of every message here.

use std::collections::BTreeMap;
use std::path::PathBuf;

use base64::Engine as _;
use serde_json::Value;

use crate::support::gpg::Signer;
use crate::support::images::image;
use crate::support::program::{timeless, Outcome, Sandbox};
use crate::support::vectors::{data, fixture, shared, text};

/// What the corpus' payloads claim.
const DIGEST: &str = "sha256:abababababababababababababababababababababababababababababababab";
const REFERENCE: &str = "quay.io/example/app:1.0";

/// Signatures that one image may have.
const AT_ONCE: usize = 128;

/// Messages by the key files that they are judged with.
#[derive(Default)]
struct Messages(BTreeMap<Vec<PathBuf>, Vec<Vec<u8>>>);

impl Messages {
    fn add(&mut self, keys: Vec<PathBuf>, blob: PathBuf) {
        self.0.entry(keys).or_default().push(std::fs::read(blob).unwrap());
    }

    fn add_corpus(&mut self) {
        let readme: Value = serde_json::from_slice(&std::fs::read(data("corpus/README.json")).unwrap()).unwrap();
        for (message, case) in readme.as_object().unwrap() {
            let keys = case["keys"].as_array().unwrap().iter();
            let keys = keys.map(|stem| corpus_key(stem.as_str().unwrap())).collect();
            self.add(keys, data("corpus/sigs").join(message));
        }
    }

    fn add_vectors(&mut self, table: &str) {
        let path = data("vectors").join(table);
        let table: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        for case in table["cases"].as_array().unwrap() {
            let keys = case["keys"].as_array().unwrap().iter();
            let keys: Option<Vec<PathBuf>> = keys.map(|key| fixture(key.as_str().unwrap())).collect();
            if let (Some(keys), Some(blob)) = (keys, fixture(text(case, "signature"))) {
                self.add(keys, blob);
            }
        }
    }

    /// Blobs of all kinds, most of which are no OpenPGP message, and every other signature that lies about, of whatever key.
    fn add_others(&mut self) {
        let key = vec![data("fixtures/extra/good.pub.gpg")];
        let path = data("vectors/signature-blob.json");
        let table: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        let mut blobs: Vec<Vec<u8>> = table["cases"].as_array().unwrap().iter().map(blob).collect();
        let mut directories = vec![data("fixtures")];
        directories.extend(shared("vectors/fixtures"));
        while let Some(directory) = directories.pop() {
            for entry in std::fs::read_dir(directory).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    directories.push(path);
                } else if path.file_name().unwrap().to_string_lossy().contains("signature") {
                    blobs.push(std::fs::read(path).unwrap());
                }
            }
        }
        blobs.sort();
        blobs.dedup();
        // An empty entry is no signature in an object.
        blobs.retain(|blob| !blob.is_empty());
        self.0.entry(key).or_default().extend(blobs);
    }

    fn add_real(&mut self) {
        let Some(real) = shared("real") else {
            return;
        };
        for entry in std::fs::read_dir(&real).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "sig") {
                for keys in ["redhat-release-keys.asc", "combined-keys.asc", "simple-keys.asc"] {
                    self.add(vec![real.join(keys)], path.clone());
                }
            }
        }
    }
}

fn blob(case: &Value) -> Vec<u8> {
    base64::engine::general_purpose::STANDARD
        .decode(text(case, "input_base64"))
        .unwrap()
}

fn corpus_key(stem: &str) -> PathBuf {
    let paths = ["asc", "gpg"].map(|extension| data(&format!("corpus/keys/{stem}.{extension}")));
    paths.into_iter().find(|path| path.exists()).unwrap()
}

/// What was compared, for people to see.
#[derive(Debug, Default)]
struct Counts {
    messages: usize,
    good: usize,
    by_workers: usize,
    usage: usize,
}

/// Judges messages with one engine and the other.
fn compare(sandbox: &Sandbox, keys: &[String], blobs: &[Vec<u8>], counts: &mut Counts) {
    for chunk in blobs.chunks(AT_ONCE) {
        let chunk: Vec<&[u8]> = chunk.iter().map(Vec::as_slice).collect();
        let object = sandbox.file("image.json", image(DIGEST, &chunk).to_string());
        let run = |engine: &str| -> Outcome {
            let mut command = sandbox.command();
            command.args(["verify", "-v", "-o", "json", "--expected-identity", REFERENCE, "-f"]);
            command.arg(&object).args(keys).args(["--engine", engine]);
            sandbox.finish(&mut command, b"")
        };
        let (gpgme, batch) = (run("gpgme"), run("batch"));
        assert_eq!(gpgme.status, batch.status, "{keys:?}: {gpgme:#?} {batch:#?}");
        counts.messages += chunk.len();
        if gpgme.status == 2 {
            counts.usage += chunk.len();
            continue;
        }
        let (one, other) = (timeless(&gpgme.item()), timeless(&batch.item()));
        for at in 0..chunk.len() {
            let (one, other) = (&one["signatures"][at], &other["signatures"][at]);
            assert_eq!(one, other, "{keys:?}");
            counts.good += usize::from(one["checks"][0]["result"] == "pass");
        }
        assert_eq!(one, other, "{keys:?}");
        counts.by_workers += batch.workers()[1];
    }
}

#[test]
fn every_message_has_one_outcome_with_both_engines() {
    let sandbox = Sandbox::new();
    let mut messages = Messages::default();
    messages.add_corpus();
    messages.add_vectors("mechanism.json");
    messages.add_vectors("verify-docker.json");
    messages.add_others();
    messages.add_real();
    let mut counts = Counts::default();
    for (keys, blobs) in &messages.0 {
        let mut options = Vec::new();
        for key in keys {
            options.extend(["--public-key".to_owned(), key.display().to_string()]);
        }
        if keys.is_empty() {
            sandbox.file("empty/pubring.kbx", b"");
            options = vec!["--homedir".into(), "empty".into()];
        }
        compare(&sandbox, &options, blobs, &mut counts);
    }
    println!("both engines, key files: {counts:?}, {} sets of keys", messages.0.len());
    assert!(counts.messages > 200 && counts.good > 60, "{counts:?}");
    // Some that are good for gpg are refused by a rule of ours.
    assert!(counts.by_workers >= counts.good, "{counts:?}");
}

/// All of the corpus by one keyring, out of which keys come one by one.
#[test]
fn every_message_has_one_outcome_by_a_keyring_too() {
    let sandbox = Sandbox::new();
    let signer = Signer::new();
    let mut messages = Messages::default();
    messages.add_corpus();
    let files: Vec<PathBuf> = messages.0.keys().flatten().cloned().collect();
    for file in files {
        // gpg takes some of them with an error, and some not at all.
        let _ = signer.command().arg("--import").arg(file).output().unwrap();
    }
    let home = signer.home().display().to_string();
    let options = ["--homedir", &home, "--trust-model", "always"].map(str::to_owned);
    let blobs: Vec<Vec<u8>> = messages.0.into_values().flatten().collect();
    let mut counts = Counts::default();
    compare(&sandbox, &options, &blobs, &mut counts);
    println!("both engines, a keyring: {counts:?}");
    assert!(
        counts.messages > 100 && counts.good >= 25 && counts.by_workers >= counts.good,
        "{counts:?}"
    );
}
