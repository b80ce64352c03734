// SPDX-License-Identifier: Apache-2.0
//! A gpg that cannot check a key says of it what it says of a key that is not bound, and nothing of its certifications.
//! That is not knowledge: FIPS mode stands here for every libgcrypt that is without an algorithm.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::trial::{signed_payload, REFERENCE};
use crate::support::gpg::Signer;
use crate::support::images::{image, D1};
use crate::support::program::{Outcome, Sandbox};
use crate::support::skipped;

const MODE: (&str, &str) = ("LIBGCRYPT_FORCE_FIPS_MODE", "1");

/// An algorithm whose signatures gpg cannot check in FIPS mode: which ones they are has changed from one libgcrypt to another.
/// None, and it says so, where the mode has no effect.
fn lacking() -> Option<&'static str> {
    let signer = Signer::new();
    for algorithm in ["ed25519", "brainpoolP256r1"] {
        let key = signer.key(&format!("{algorithm} <key@example.com>"), algorithm, "sign", "never");
        let file = signer.home().join("message.gpg");
        fs::write(&file, signer.sign(&key, b"message")).unwrap();
        let mut command = signer.command();
        command.arg("--verify").arg(&file);
        assert!(command.output().unwrap().status.success(), "{algorithm}");
        if !command.env(MODE.0, MODE.1).output().unwrap().status.success() {
            return Some(algorithm);
        }
    }
    skipped(
        "a gpg in FIPS mode",
        &format!("with {}={} this gpg can check all that it can without", MODE.0, MODE.1),
    );
    None
}

fn unable(algorithm: &str) -> String {
    format!(
        "cannot check signatures by {} keys on this system",
        algorithm.to_lowercase()
    )
}

struct Scene {
    sandbox: Sandbox,
    signer: Signer,
    algorithm: &'static str,
}

impl Scene {
    /// An image signed by `key`, and what gpg cannot check.
    fn new(signer: Signer, key: &str, algorithm: &'static str) -> Self {
        let sandbox = Sandbox::new();
        let blob = signer.sign(key, &signed_payload());
        sandbox.file("image.json", image(D1, &[&blob]).to_string());
        Self {
            sandbox,
            signer,
            algorithm,
        }
    }

    fn run(&self, keys: &[&str], is_fips: bool) -> Outcome {
        let mut command = self.sandbox.command();
        command.args([
            "verify",
            "-o",
            "json",
            "-f",
            "image.json",
            "--confirm",
            "--expected-identity",
            REFERENCE,
        ]);
        command.args(keys);
        if is_fips {
            command.env(MODE.0, MODE.1);
        }
        self.sandbox.finish(&mut command, b"")
    }

    /// What is recorded as true stays as it is, and the answer is not a verdict.
    fn assert_nothing_is_known(&self, keys: &[&str]) {
        self.run(keys, false).expect(0);
        let before = fs::read(self.sandbox.path("image.json")).unwrap();
        let outcome = self.run(keys, true).expect(3);
        assert_eq!(outcome.verdict(), "Unchecked/EngineFailed", "{keys:?}");
        let item: Value = outcome.item();
        assert!(
            item["message"].as_str().unwrap().contains(&unable(self.algorithm)),
            "{item}"
        );
        assert_eq!(fs::read(self.sandbox.path("image.json")).unwrap(), before, "{keys:?}");
    }

    fn export(&self, keys: &[&str], name: &str) -> String {
        let file = self.sandbox.path(name);
        self.signer.export(keys, &file).display().to_string()
    }

    fn home(&self) -> String {
        let home: &Path = self.signer.home();
        home.display().to_string()
    }
}

#[test]
fn a_signer_whose_algorithm_gpg_lacks_is_not_unknown() {
    let Some(algorithm) = lacking() else { return };
    let signer = Signer::new();
    let other = signer.key("Other <other@example.com>", "rsa2048", "sign", "never");
    let key = signer.key("Signer <signer@example.com>", algorithm, "sign", "never");
    let scene = Scene::new(signer, &key, algorithm);
    let home = scene.home();
    let both = scene.export(&[&key, &other], "both.pgp");
    for keys in [
        &["--homedir", &home][..],
        &["--homedir", &home, "--trust-model", "always"],
        &["--homedir", &home, "--signed-by", &key],
        &["--homedir", &home, "--engine", "batch"],
        &["--public-key", &both],
        &["--public-key", &both, "--engine", "batch"],
    ] {
        scene.assert_nothing_is_known(keys);
    }
    let listed = scene.sandbox.finish(
        scene
            .sandbox
            .command()
            .args(["keys", "--homedir", &home])
            .env(MODE.0, MODE.1),
        b"",
    );
    assert!(listed.stdout.contains(&other), "{}", listed.stdout);
    // A file with nothing else is of no use; it is said why.
    let alone = scene.export(&[&key], "alone.pgp");
    scene
        .run(&["--public-key", &alone], true)
        .expect_usage(&unable(algorithm));
}

#[test]
fn a_subkey_whose_algorithm_gpg_lacks_is_not_misused() {
    let Some(algorithm) = lacking() else { return };
    let signer = Signer::new();
    let key = signer.key("Signer <signer@example.com>", "rsa2048", "cert", "never");
    // Which of its two algorithms a curve is for, where both are possible.
    let subkey = match algorithm {
        "brainpoolP256r1" => "brainpoolP256r1/ecdsa",
        other => other,
    };
    signer.gpg(&["--quick-add-key", &key, subkey, "sign", "never"], b"");
    let scene = Scene::new(signer, &key, algorithm);
    let home = scene.home();
    let file = scene.export(&[&key], "key.pgp");
    scene.assert_nothing_is_known(&["--homedir", &home]);
    scene.assert_nothing_is_known(&["--public-key", &file]);
}

#[test]
fn a_certifier_whose_algorithm_gpg_lacks_may_have_vouched() {
    let Some(algorithm) = lacking() else { return };
    let signer = Signer::new();
    let key = signer.key("Signer <signer@example.com>", "rsa2048", "sign", "never");
    let scene = Scene::new(signer, &key, algorithm);
    let file = scene.export(&[&key], "key.pgp");
    let admin = Signer::new();
    admin.key("Admin <admin@example.com>", algorithm, "cert", "never");
    admin.import(Path::new(&file));
    let keys = ["--homedir", &admin.home().display().to_string()];
    scene.run(&keys, true).expect_verdict(1, "Rejected/KeyNotAccepted");
    admin.gpg(&["--quick-lsign-key", &key], b"");
    scene.assert_nothing_is_known(&keys);
    // The key itself is one that gpg can check.
    scene.run(&["--public-key", &file], true).expect(0);
}

#[test]
fn a_revocation_by_a_revoker_whose_algorithm_gpg_lacks_is_not_overlooked() {
    let Some(algorithm) = lacking() else { return };
    let signer = Signer::new();
    let key = signer.key("Signer <signer@example.com>", "rsa2048", "sign", "never");
    let revoker = signer.key("Revoker <revoker@example.com>", algorithm, "sign,cert", "never");
    let answers = ["--no-batch", "--yes", "--command-fd", "0"];
    let designation = format!("addrevoker\n{revoker}\ny\nsave\n");
    signer.gpg(&[&answers[..], &["--edit-key", &key]].concat(), designation.as_bytes());
    let scene = Scene::new(signer, &key, algorithm);
    let (signer, sandbox) = (&scene.signer, &scene.sandbox);
    let revocation = sandbox.path("revocation.asc");
    let revoke = ["--output", revocation.to_str().unwrap(), "--desig-revoke", &key];
    signer.gpg(&[&answers[..], &revoke].concat(), b"y\n0\n\ny\n");
    // gpg 2.4 takes it and says that it did not; what is seen below is what counts.
    signer.command().arg("--import").arg(&revocation).output().unwrap();
    let file = scene.export(&[&key, &revoker], "keys.pgp");
    let home = scene.home();
    for keys in [
        &["--homedir", &home][..],
        &["--homedir", &home, "--engine", "batch"],
        &["--public-key", &file],
        &["--public-key", &file, "--engine", "batch"],
    ] {
        scene.run(keys, false).expect_verdict(1, "Rejected/KeyRevoked");
        let before = fs::read(sandbox.path("image.json")).unwrap();
        let outcome = scene.run(keys, true).expect(3);
        assert_eq!(outcome.verdict(), "Unchecked/EngineFailed", "{keys:?}");
        // In a keyring the revoker is seen before anything is tried.
        let told = [unable(algorithm), "or lacks its algorithm".to_owned()];
        let is_told = told.iter().any(|told| outcome.stdout.contains(told));
        assert!(is_told, "{outcome:#?}");
        assert_eq!(fs::read(sandbox.path("image.json")).unwrap(), before, "{keys:?}");
    }
}

/// Who vouches for a key may have been revoked by what gpg cannot check.
#[test]
fn a_certifier_that_is_revoked_by_a_digest_that_gpg_lacks_does_not_vouch_unseen() {
    let signer = Signer::new();
    let key = signer.key("Signer <signer@example.com>", "rsa2048", "sign", "never");
    let scene = Scene::new(signer, &key, "rsa2048");
    let file = scene.export(&[&key], "key.pgp");
    let admin = Signer::new();
    let own = admin.key("Admin <admin@example.com>", "rsa2048", "cert", "never");
    admin.import(Path::new(&file));
    admin.gpg(&["--quick-lsign-key", &key], b"");
    let keys = ["--homedir", &admin.home().display().to_string()];
    for is_fips in [false, true] {
        scene.run(&keys, is_fips).expect(0);
    }
    let revocation = scene.sandbox.path("revocation.asc");
    let answers = [
        "--no-batch",
        "--yes",
        "--command-fd",
        "0",
        "--cert-digest-algo",
        "RIPEMD160",
    ];
    let revoke = ["--output", revocation.to_str().unwrap(), "--gen-revoke", &own];
    admin.gpg(&[&answers[..], &revoke].concat(), b"y\n0\n\ny\n");
    admin.import(&revocation);
    let before = fs::read(scene.sandbox.path("image.json")).unwrap();
    let outcome = scene.run(&keys, true);
    let is_lacking = outcome.stdout.contains("signatures with RIPEMD160");
    if !is_lacking && outcome.verdict() == "Rejected/KeyNotAccepted" {
        return skipped("a gpg in FIPS mode", "this gpg has RIPEMD160 there");
    }
    outcome.expect_verdict(3, "Unchecked/EngineFailed");
    assert_eq!(fs::read(scene.sandbox.path("image.json")).unwrap(), before);
    scene.run(&keys, false).expect_verdict(1, "Rejected/KeyNotAccepted");
}
