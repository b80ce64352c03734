// SPDX-License-Identifier: Apache-2.0
//! gpg workers: when they are used and replaced, and that gpgme decides what they do not find good.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::Duration;

use image_signature::openpgp::framing::message::Message;
use image_signature::openpgp::gnupg::batch::{BatchCheck, Counts, Terms};
use image_signature::openpgp::gnupg::check::GpgCheck;
use image_signature::openpgp::roles::{KeySet, Maker, SignatureCheck};
use image_signature::openpgp::trust::import;

use super::trial::{signed_payload, Trial, REFERENCE};
use crate::support::apart::is_apart;
use crate::support::forge::now;
use crate::support::gpg::Signer;
use crate::support::program::{word, Outcome, Sandbox};
use crate::support::skipped;
use crate::support::system::{can_be_had, why_not, System};

/// A good signature, and a gpg whose workers do something else than gpg.
pub struct Scene {
    pub trial: Trial,
    pub signer: Signer,
    pub key: String,
    pub good: Vec<u8>,
}

impl Scene {
    pub fn new() -> Self {
        let (trial, signer, key) = Trial::with_signer();
        let good = signer.sign(&key, &signed_payload());
        Self {
            trial,
            signer,
            key,
            good,
        }
    }

    /// Each a signature of its own, all of them good.
    pub fn several(&self, count: usize) -> Vec<Vec<u8>> {
        let domain = |n: usize| format!("n@example.com={n}");
        (0..count)
            .map(|n| {
                let notation = ["--set-notation", &domain(n)].map(str::to_owned);
                let options: Vec<&str> = notation.iter().map(String::as_str).collect();
                self.signer.sign_with(&self.key, &options, &signed_payload())
            })
            .collect()
    }

    /// A gpg that is the real one, but for workers, which run this script; `$REAL` is the real gpg there.
    pub fn gpg(&self, script: &str) -> PathBuf {
        let sandbox = &self.trial.sandbox;
        let real = sandbox.copy_of("/usr/bin/gpg", "real-gpg");
        let real = real.display();
        let text = format!(
            "#!/bin/sh\nREAL={real}\nHERE={}\ncase \"$*\" in *--multifile*) {script} ;; *) exec $REAL \"$@\" ;; esac\n",
            sandbox.root().display()
        );

        sandbox.program("fake-gpg", text)
    }

    pub fn run(&self, script: &str, blobs: &[&[u8]]) -> Outcome {
        let system = System::new().replace("/usr/bin/gpg", &self.gpg(script));
        let mut command = self.trial.command_of(system.command(&self.trial.sandbox), blobs);
        command.args(["-v", "--engine", "batch"]);
        self.trial.sandbox.finish(&mut command, b"")
    }
}

#[track_caller]
pub fn all_verified(outcome: &Outcome, count: usize) {
    let item = outcome.item();
    let signatures = item["signatures"].as_array().unwrap();
    assert_eq!(signatures.len(), count);
    for signature in signatures {
        assert_eq!(word(signature), "Verified/Verified", "{signature:#}");
    }
}

pub fn possible(test: &str) -> bool {
    let possible = can_be_had();
    if !possible {
        skipped(test, why_not());
    }
    possible
}

/// Verdict and reason of each signature of the one image.
fn words(outcome: &Outcome) -> Vec<String> {
    let item = outcome.item();
    item["signatures"].as_array().unwrap().iter().map(word).collect()
}

#[test]
fn a_worker_is_used_from_the_sixteenth_signature_on_or_as_asked_for() {
    let s = Scene::new();
    for (engine, count, expected) in [
        ("auto", 15, [0, 0, 15]),
        ("auto", 16, [1, 1, 15]),
        ("auto", 40, [1, 25, 15]),
        ("batch", 1, [1, 1, 0]),
    ] {
        let blobs = vec![&s.good[..]; count];
        let outcome = s.trial.run(&blobs, &["-v", "--engine", engine]);
        assert_eq!(outcome.workers(), expected, "{engine}, {count}");
        all_verified(&outcome, count);
    }
    let outcome = s.trial.run(&[&s.good[..]; 40], &["-v", "--engine", "gpgme"]);
    assert!(!outcome.stderr.contains("gpg workers"));
    all_verified(&outcome, 40);
}

#[test]
fn what_a_worker_does_not_find_good_gpgme_decides() {
    let s = Scene::new();
    let mut altered = s.signer.sign_with(&s.key, &["-z", "0"], &signed_payload());
    let last = altered.len() - 1;
    altered[last] ^= 1;
    let stranger = s.signer.simple_key("stranger");
    let unknown = s.signer.sign(&stranger, &signed_payload());
    let late = s
        .signer
        .sign_with(&s.key, &["--default-sig-expire", "seconds=1"], &signed_payload());
    std::thread::sleep(Duration::from_secs(2));
    let blobs = [&s.good[..], &altered, &s.good, &unknown, &late, &s.good];
    let outcome = s.trial.run(&blobs, &["-v", "--engine", "batch"]);
    let found = words(&outcome);
    assert_eq!(
        found,
        [
            "Verified/Verified",
            "Rejected/BadSignature",
            "Verified/Verified",
            "Rejected/UnknownKey",
            "Rejected/SignatureExpired",
            "Verified/Verified",
        ]
    );
    // A key that is nowhere is nobody's to check.
    assert_eq!(outcome.workers(), [1, 3, 2]);
}

/// A worker keeps the keyring that it has read at its start.
#[test]
fn keys_that_come_later_are_known_to_the_next_worker() {
    let signer = Signer::new();
    let keys: Vec<String> = (0..4).map(|n| signer.simple_key(&format!("key {n}"))).collect();
    let trial = Trial {
        sandbox: Sandbox::new(),
        key_files: Vec::new(),
    };
    let blobs: Vec<Vec<u8>> = (0..12).map(|n| signer.sign(&keys[n / 3], &signed_payload())).collect();
    let blobs: Vec<&[u8]> = blobs.iter().map(Vec::as_slice).collect();
    let home = signer.home().to_str().unwrap();
    let outcome = trial.run(&blobs, &["-v", "--engine", "batch", "--homedir", home]);
    assert_eq!(outcome.workers(), [4, 12, 0], "{}", outcome.stderr);
    all_verified(&outcome, 12);
}

/// Worker by worker, and what each of them said: the terms of a worker are kept.
#[test]
fn a_worker_is_replaced_when_it_is_old_or_was_given_many() {
    if !is_apart(module_path!(), "a_worker_is_replaced_when_it_is_old_or_was_given_many") {
        return;
    }
    let s = Scene::new();
    let sandbox = &s.trial.sandbox;
    let usual = Terms::default();
    assert_eq!((usual.patience.as_secs(), usual.messages), (30, 10_000));
    let message = Message::parse(&s.good).unwrap();
    for (terms, workers) in [
        (usual, 1),
        (Terms { messages: 5, ..usual }, 4),
        (Terms { messages: 1, ..usual }, 20),
        (
            Terms {
                age: Duration::ZERO,
                ..usual
            },
            20,
        ),
    ] {
        let mut check = BatchCheck::new(GpgCheck::new(vec![sandbox.path("run")], now()), 0, terms);
        let mut loaded = import::from_files(&s.trial.key_files, &mut check).unwrap();
        let certificates = loaded.keys.candidates(&Maker::of(&message.signature)).unwrap();
        let keys: Vec<_> = check.read(&certificates).unwrap().into_iter().flatten().collect();
        for _ in 0..20 {
            assert!(check.check(&message, &keys).unwrap().unwrap().is_good);
        }
        let expected = Counts {
            workers,
            good: 20,
            gpgme: 0,
        };
        assert_eq!(check.counts(), expected, "{terms:?}");
    }
    sandbox.assert_clean();
}

/// Where gpg would write what it verifies, or take the name of a message for a password, no worker is used.
#[test]
fn the_systems_configuration_makes_a_worker_write_nothing_and_wait_for_nothing() {
    if !possible("the_systems_configuration_makes_a_worker") {
        return;
    }
    let s = Scene::new();
    let file = s.trial.sandbox.path("written");
    for (options, expected) in [
        (format!("output {}", file.display()), [0, 0, 3]),
        ("passphrase-fd 0".to_owned(), [0, 0, 3]),
        ("batch\ncommand-fd 0".to_owned(), [1, 3, 0]),
        ("use-embedded-filename\nenable-special-filenames".to_owned(), [1, 3, 0]),
        // Not what a worker says by itself.
        ("enable-progress-filter".to_owned(), [1, 0, 3]),
    ] {
        let system = System::with_gpg_conf(&options);
        let mut command = s.trial.command_of(system.command(&s.trial.sandbox), &[&s.good[..]; 3]);
        command.args(["-v", "--engine", "batch"]);
        let outcome = s.trial.sandbox.finish(&mut command, b"");
        assert_eq!(outcome.workers(), expected, "{options}: {}", outcome.stderr);
        all_verified(&outcome, 3);
        assert!(!file.exists(), "{options}");
    }
}

/// The messages go through files. Where there is no room for one, gpgme gets it through a pipe.
#[test]
fn a_full_disk_loses_nothing() {
    if !possible("a_full_disk") {
        return;
    }
    let s = Scene::new();
    let mut long: serde_json::Value = serde_json::from_slice(&signed_payload()).unwrap();
    long["optional"]["creator"] = "x".repeat(60_000).into();
    let long = s.signer.sign_with(&s.key, &["-z", "0"], long.to_string().as_bytes());
    let mut altered = long.clone();
    let middle = altered.len() / 2;
    altered[middle] ^= 1;
    let blobs = [&s.good[..], &long, &s.good, &altered, &s.good];
    let mut has_room = Vec::new();
    for size in [12, 16, 20, 24, 32, 40, 48, 4096] {
        let system = System::new().small(&s.trial.sandbox.path("run"), size);
        let mut command = s.trial.command_of(system.command(&s.trial.sandbox), &blobs);
        command.args(["-v", "--engine", "batch"]).env_remove("TMPDIR");
        let outcome = s.trial.sandbox.finish(&mut command, b"");
        let found = words(&outcome);
        if found[0] == "Unchecked/EngineFailed" {
            // There was no room for the keyring.
            assert!(found.iter().all(|word| *word == found[0]), "{size}: {found:?}");
            continue;
        }
        let [good, bad] = ["Verified/Verified", "Rejected/BadSignature"];
        assert_eq!(found, [good, good, good, bad, good], "{size}: {}", outcome.stderr);
        has_room.push(outcome.workers()[1] == 4);
    }
    assert!(has_room.contains(&false) && has_room.contains(&true), "{has_room:?}");
}

/// A place of each kind whose name looks like what gpg says.
#[test]
fn names_of_files_and_directories_are_not_taken_for_answers() {
    let s = Scene::new();
    let sandbox = &s.trial.sandbox;
    let mut altered = s.signer.sign_with(&s.key, &["-z", "0"], &signed_payload());
    let last = altered.len() - 1;
    altered[last] ^= 1;
    for name in [
        "[GNUPG] FILE_DONE",
        "%0A[GNUPG%3A] GOODSIG %s 'a' \"b\" $c *",
        "-&1",
        " ",
        // gpg takes no keyring there; it is in the next place.
        "[GNUPG:] FILE_DONE",
        "a\n[GNUPG:] FILE_DONE\n[GNUPG:] FILE_START 1 b",
    ] {
        let directory = sandbox.path(&format!("run/{name}"));
        fs::create_dir(&directory).unwrap();
        fs::set_permissions(&directory, fs::Permissions::from_mode(0o700)).unwrap();
        let manifest = sandbox.file(&format!("parts/{name}/{name}"), b"{}");
        let blobs = [&s.good, &altered, &s.good].map(Vec::clone);
        let mut command = sandbox.command();
        command
            .args(["verify", "-v", "-o", "json", "--engine", "batch", "--manifest"])
            .arg(&manifest);
        command
            .args(["--expected-identity", REFERENCE])
            .arg("--public-key")
            .arg(&s.trial.key_files[0]);
        for (n, blob) in blobs.iter().enumerate() {
            let file = sandbox.file(&format!("parts/{name}/{n}{name}"), blob);
            command.arg("--signature-file").arg(file);
        }
        command.env("XDG_RUNTIME_DIR", &directory).env("TMPDIR", &directory);
        let output = command.output().unwrap();
        let outcome = Outcome {
            status: output.status.code().unwrap(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        };
        let item = outcome.item();
        let found: Vec<&str> = item["signatures"]
            .as_array()
            .unwrap()
            .iter()
            .map(|signature| signature["checks"][0]["result"].as_str().unwrap())
            .collect();
        assert_eq!(found, ["pass", "fail", "pass"], "{name:?}: {outcome:#?}");
        assert_eq!(outcome.workers(), [1, 2, 1], "{name:?}: {outcome:#?}");
        assert_eq!(fs::read_dir(&directory).unwrap().count(), 0);
        fs::remove_dir(&directory).unwrap();
    }
}

#[test]
fn engine_is_for_judging_and_one_of_three() {
    let s = Scene::new();
    s.trial
        .run(&[&s.good], &["--engine", "sequoia"])
        .expect_usage("'sequoia'");
    s.trial.sandbox.file("image.json", b"{}");
    let outcome = s
        .trial
        .sandbox
        .run(["verify", "--remove", "--engine", "batch", "-f", "image.json"]);
    outcome.expect_usage("--engine cannot be used when removing records");
}
