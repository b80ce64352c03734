// SPDX-License-Identifier: Apache-2.0
//! Keys of other versions beside those that GnuPG reads: what is right while GnuPG decides.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::images::image;
use crate::support::program::{word, Outcome, Sandbox};

const IMAGE: &str = "sha256:abababababababababababababababababababababababababababababababab";
const IDENTITY: &str = "quay.io/example/app:1.0";

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/fixtures/v6")
}

fn verify(sandbox: &Sandbox, blob: &[u8], keys: &Path) -> Outcome {
    let object = sandbox.file("image.json", image(IMAGE, &[blob]).to_string());
    let mut command = sandbox.command();
    command.args(["verify", "-o", "json", "--expected-identity", IDENTITY, "-f"]);
    command.arg(object).arg("--public-key").arg(keys);
    sandbox.finish(&mut command, b"")
}

#[test]
fn version_6_fixtures_give_what_is_right_with_gnupg() {
    let cases: Value = serde_json::from_slice(&fs::read(fixtures().join("README.json")).unwrap()).unwrap();
    let twin = fs::read(fixtures().join("keys/twin-v4-rsa3072.pgp")).unwrap();
    let sandbox = Sandbox::new();
    let mut count = 0;
    for (name, case) in cases.as_object().unwrap() {
        let Some(wanted) = case["with_gpg_now"].as_str() else {
            continue;
        };
        let blob = fs::read(fixtures().join("sigs").join(name)).unwrap();
        let own: Vec<u8> = case["keys"]
            .as_array()
            .unwrap()
            .iter()
            .flat_map(|key| fs::read(fixtures().join(format!("keys/{}.pgp", key.as_str().unwrap()))).unwrap())
            .collect();
        for keys in [[&own[..], &twin].concat(), [&twin[..], &own].concat()] {
            let outcome = verify(&sandbox, &blob, &sandbox.file("keys.pgp", keys));
            assert_eq!(word(&outcome.item()["signatures"][0]), wanted, "{name}: {outcome:#?}");
        }
        count += 1;
    }
    assert!(count >= 25, "{count}");
    println!("{count} cases, each with its keys before and behind a version 4 key");
}

#[test]
fn of_a_mixed_file_what_gnupg_reads_is_taken_and_the_rest_named() {
    let sandbox = Sandbox::new();
    let blob = fs::read(fixtures().join("sigs/twin-v4-rsa3072.sig")).unwrap();
    for (name, version) in [("mixed-v4-v6", 6), ("mixed-v6-first", 6), ("mixed-v3-v4", 3)] {
        let keys = fixtures().join(format!("keys/{name}.pgp"));
        let outcome = verify(&sandbox, &blob, &keys);
        let skipped = format!("skipped an OpenPGP version {version} key");
        assert!(outcome.stderr.contains(&skipped), "{name}: {outcome:#?}");
        assert_ne!(outcome.status, 2, "{name}: {outcome:#?}");
        let listed = sandbox
            .run(["keys", "-o", "name", "--public-key", keys.to_str().unwrap()])
            .expect(0);
        assert!(listed.stdout.lines().count() >= 1, "{name}: {listed:#?}");
    }
    // Alone, what GnuPG does not read is no key file.
    for name in [
        "v6-ed25519",
        "twin-v6-ed25519",
        "v3-rsa2048",
        "v6-mldsa65-ed25519",
        "v4-ed25519-new",
    ] {
        let keys = fixtures().join(format!("keys/{name}.pgp"));
        verify(&sandbox, &blob, &keys).expect_usage("cannot use key file");
    }
}

/// GnuPG skips a packet that it does not know before a key; behind the key it is one of its packets.
#[test]
fn an_unknown_packet_before_a_key_is_named_and_the_key_taken() {
    let sandbox = Sandbox::new();
    let blob = fs::read(fixtures().join("sigs/twin-v4-rsa3072.sig")).unwrap();
    let key = fs::read(fixtures().join("keys/twin-v4-rsa3072.pgp")).unwrap();
    let unknown = b"\xff\x03abc";
    let warning = "skipped data of an unknown kind, which is not a key";
    for (keys, is_named) in [
        ([unknown, &key[..]].concat(), true),
        ([&key[..], unknown].concat(), false),
    ] {
        let outcome = verify(&sandbox, &blob, &sandbox.file("keys.pgp", keys)).expect_verdict(0, "Verified/Verified");
        assert_eq!(outcome.stderr.contains(warning), is_named, "{outcome:#?}");
    }
}
