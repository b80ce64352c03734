// SPDX-License-Identifier: Apache-2.0
//! `--public-key`: what is taken from a file, what is left out and said, what is a mistake.

use std::fs;
use std::path::{Path, PathBuf};

use super::trial::{signed_payload, REFERENCE};
use crate::support::calls::verify_image_json;
use crate::support::forge::{Draft, Key, CERTIFY, SIGN};
use crate::support::gpg::Signer;
use crate::support::images::{image, D1};
use crate::support::packets::packet;
use crate::support::program::{Outcome, Sandbox};

/// Two keys of one signer, and an image signed by both.
struct Scene {
    sandbox: Sandbox,
    signer: Signer,
    first: String,
    second: String,
}

impl Scene {
    fn new() -> Self {
        let signer = Signer::new();
        let first = signer.simple_key("First <first@example.com>");
        let second = signer.simple_key("Second <second@example.com>");
        let sandbox = Sandbox::new();
        let blobs = [&first, &second].map(|key| signer.sign(key, &signed_payload()));
        sandbox.file("image.json", image(D1, &[&blobs[0], &blobs[1]]).to_string());
        Self {
            sandbox,
            signer,
            first,
            second,
        }
    }

    fn export(&self, key: &str, armor: bool) -> Vec<u8> {
        let option = if armor { "--armor" } else { "--no-armor" };
        self.signer.gpg(&[option, "--export", key], b"")
    }

    fn file(&self, name: &str, parts: &[&[u8]]) -> PathBuf {
        self.sandbox.file(name, parts.concat())
    }

    fn verify(&self, files: &[&Path]) -> Outcome {
        let mut command = self.sandbox.command();
        command.args(verify_image_json(REFERENCE));
        for file in files {
            command.arg("--public-key").arg(file);
        }
        self.sandbox.finish(&mut command, b"")
    }

    fn list(&self, files: &[&Path], format: &str) -> Outcome {
        let mut command = self.sandbox.command();
        command.args(["keys", "-o", format]);
        for file in files {
            command.arg("--public-key").arg(file);
        }
        self.sandbox.finish(&mut command, b"")
    }

    /// Reasons of the two signatures.
    #[track_caller]
    fn expect(&self, files: &[&Path], first: &str, second: &str) -> Outcome {
        let outcome = self.verify(files).expect(0);
        let signatures = outcome.item()["signatures"].clone();
        assert_eq!(signatures[0]["reason"], first, "{signatures:#}");
        assert_eq!(signatures[1]["reason"], second, "{signatures:#}");
        outcome
    }

    /// A file of no use: exit status 2 and what it was, from `verify` and from `keys`.
    #[track_caller]
    fn useless(&self, content: &[u8], message: &str) {
        let file = self.file("useless.gpg", &[content]);
        let outcome = self.verify(&[&file]).expect_usage(message);
        assert!(outcome.stderr.contains("useless.gpg"), "{outcome:#?}");
        self.list(&[&file], "text").expect_usage(message);
        // A good file beside it does not mend it: the user meant its keys to count.
        let good = self.file("good.gpg", &[&self.export(&self.first, false)]);
        self.verify(&[&good, &file]).expect_usage(message);
        self.verify(&[&file, &good]).expect_usage(message);
    }
}

const VERIFIED: &str = "Verified";
const UNKNOWN: &str = "UnknownKey";

#[test]
fn only_keys_of_the_files_count() {
    let s = Scene::new();
    let first = s.file("a.gpg", &[&s.export(&s.first, false)]);
    let second = s.file("b.asc", &[&s.export(&s.second, true)]);
    s.expect(&[&first], VERIFIED, UNKNOWN);
    s.expect(&[&second], UNKNOWN, VERIFIED);
    s.expect(&[&first, &second], VERIFIED, VERIFIED);
    // The user's own keyring is not consulted, nor made.
    let home = s.sandbox.path("home/.gnupg");
    assert!(!home.exists());
    fs::create_dir(&home).unwrap();
    fs::write(home.join("pubring.gpg"), s.export(&s.second, false)).unwrap();
    fs::write(
        home.join("gpg.conf"),
        format!("output {}\n", s.sandbox.path("out").display()),
    )
    .unwrap();
    s.expect(&[&first], VERIFIED, UNKNOWN);
    let mut files: Vec<_> = fs::read_dir(&home).unwrap().map(|e| e.unwrap().file_name()).collect();
    files.sort();
    assert_eq!(files, ["gpg.conf", "pubring.gpg"]);
}

#[test]
fn a_file_may_hold_several_keys_in_every_form() {
    let s = Scene::new();
    let [a, b] = [&s.first, &s.second].map(|key| s.export(key, false));
    let [a_asc, b_asc] = [&s.first, &s.second].map(|key| s.export(key, true));
    let both = s.signer.gpg(&["--armor", "--export"], b"");
    let dos = String::from_utf8(both.clone())
        .unwrap()
        .replace('\n', "\r\n")
        .into_bytes();
    let text = String::from_utf8(both.clone()).unwrap();
    let commented = text.replacen("-----\n", "-----\nVersion: X\nComment:\nCharset: utf-8\n", 1);
    let sum = text.lines().find(|line| line.starts_with('=')).unwrap();
    let without_sum = text.replacen(&format!("{sum}\n"), "", 1);
    for parts in [
        &[commented.as_bytes()][..],
        &[without_sum.as_bytes()],
        &[&a[..], &b][..],
        &[&both[..]],
        &[&dos[..]],
        &[&a_asc[..], &b_asc],
        &[&b"\xef\xbb\xbf"[..], &both],
        &[&b"a note\n\n"[..], &a_asc, b"\nanother\n", &b_asc, b"the end\n"],
        &[&a[..], &a, &b],
    ] {
        let file = s.file("keys.gpg", parts);
        let outcome = s.expect(&[&file], VERIFIED, VERIFIED);
        assert!(!outcome.stderr.contains("warning"), "{outcome:#?}");
    }
    // The same file twice is no other set of keys.
    let file = s.file("keys.gpg", &[&a, &b]);
    s.expect(&[&file, &file], VERIFIED, VERIFIED);
    let listed = s.list(&[&file, &file], "name").expect(0);
    assert_eq!(listed.stdout, format!("{}\n{}\n", s.first, s.second));
}

#[test]
fn of_a_secret_key_file_only_the_public_part_is_taken() {
    let s = Scene::new();
    for armor in ["--no-armor", "--armor"] {
        let secret = s.signer.gpg(&[armor, "--export-secret-keys"], b"");
        let file = s.file("secret.gpg", &[&secret]);
        let outcome = s.expect(&[&file], VERIFIED, VERIFIED);
        assert!(!outcome.stderr.contains("warning"), "{outcome:#?}");
    }
    // With a passphrase likewise: nobody is asked for it.
    let signer = Signer::new();
    signer.gpg(
        &[
            "--passphrase",
            "secret",
            "--quick-generate-key",
            "locked",
            "rsa2048",
            "sign,cert",
            "never",
        ],
        b"",
    );
    let secret = signer.gpg(&["--passphrase", "secret", "--export-secret-keys"], b"");
    let file = s.file("locked.gpg", &[&secret]);
    let listed = s.list(&[&file], "name").expect(0);
    assert_eq!(listed.stdout.trim(), signer.fingerprints("locked")[0]);
}

/// A key of OpenPGP version 6 (RFC 9580 section 5.5.2.3), which no GnuPG reads.
fn version_6() -> Vec<u8> {
    let material = [7; 32];
    let body = [&[6, 0x63, 0x87, 0x7f, 0xe3, 27, 0, 0, 0, 32], &material[..]].concat();
    [packet(6, &body), packet(13, b"Six <six@example.com>")].concat()
}

#[test]
fn keys_that_this_gpg_cannot_read_are_skipped_and_named() {
    let s = Scene::new();
    let key = s.export(&s.first, false);
    for parts in [&[&key[..], &version_6()][..], &[&version_6()[..], &key]] {
        let file = s.file("mixed.gpg", parts);
        let outcome = s.expect(&[&file], VERIFIED, UNKNOWN);
        for said in ["mixed.gpg: skipped", "version 6 key", "does not read such keys"] {
            assert!(outcome.stderr.contains(said), "{outcome:#?}");
        }
        let listed = s.list(&[&file], "name").expect(0);
        assert_eq!(listed.stdout.trim(), s.first);
        assert!(listed.stderr.contains("version 6 key"), "{listed:#?}");
    }
    // Of many it is told how many.
    let file = s.file("many.gpg", &[&key, &version_6().repeat(50)]);
    let listed = s.list(&[&file], "name").expect(0);
    assert_eq!(listed.stderr.lines().count(), 11, "{listed:#?}");
    assert!(listed.stderr.contains("skipped 40 more keys"), "{listed:#?}");
    s.useless(&version_6(), "version 6 key");
}

#[test]
fn keys_without_a_valid_self_signature_are_skipped_and_named() {
    let s = Scene::new();
    let (nameless, stranger) = (Key::new(), Key::new());
    let draft = Draft::certification(&nameless).flags(CERTIFY | SIGN);
    let forged = [nameless.packet(), nameless.user_id("Forged", &stranger, &draft)].concat();
    let file = s.file("mixed.gpg", &[&s.export(&s.first, false), &forged]);
    let outcome = s.expect(&[&file], VERIFIED, UNKNOWN);
    assert!(outcome.stderr.contains(&nameless.fingerprint()), "{outcome:#?}");
    assert!(outcome.stderr.contains("self-signature"), "{outcome:#?}");
}

#[test]
fn a_file_of_no_use_says_what_it_was() {
    let s = Scene::new();
    let key = s.export(&s.first, false);
    let armored = s.export(&s.first, true);
    s.useless(b"", "it is empty");
    s.useless(b" \n", "white space");
    s.useless(b"garbage\n", "neither an armoured nor a binary OpenPGP key");
    s.useless(b"\xff\xfe\xfd", "");
    s.useless(br#"{"keyData": "x"}"#, "it looks like JSON");
    s.useless(&key[..key.len() / 3], "it ends early");
    s.useless(&[&key[..], b"garbage"].concat(), "not OpenPGP data follows a key");
    s.useless(&fs::read(s.signer.home().join("pubring.kbx")).unwrap(), "keybox");
    s.useless(&s.signer.detach_sign(&s.first, b"x"), "a signature, not a key");
    s.useless(&s.signer.sign(&s.first, b"x"), "perhaps a signature, not a key");
    let plain = s.signer.sign_with(&s.first, &["--compress-algo", "none"], b"x");
    s.useless(&plain, "a signature, not a key");
    s.useless(
        &s.signer.gpg(&["-u", &s.first, "--clear-sign"], b"x"),
        "a signed text, not a key",
    );
    s.useless(&armored[..armored.len() / 2], "armour is damaged");
    s.useless(
        b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
        "neither",
    );
    let corrected = String::from_utf8(armored).unwrap();
    let sum = corrected.lines().find(|line| line.starts_with('=')).unwrap();
    s.useless(corrected.replace(sum, "=AAAA").as_bytes(), "armour is damaged");
}

/// Compressed packets in a key file kept gpg busy for minutes.
#[test]
fn a_key_file_with_compressed_data_is_not_given_to_gpg() {
    let s = Scene::new();
    let key = s.export(&s.first, false);
    let compressed = crate::support::packets::zip(&key);
    s.useless(&compressed, "a message");
    s.useless(&[&key[..], &compressed].concat(), "compressed data");
    s.useless(&[&compressed, &key[..]].concat(), "compressed data");
}

/// What is missing may be the revocation of the key that is left.
#[test]
fn a_damaged_file_is_refused_even_where_a_whole_key_is_left() {
    let s = Scene::new();
    let [a, b] = [&s.first, &s.second].map(|key| s.export(key, false));
    let [a_asc, b_asc] = [&s.first, &s.second].map(|key| s.export(key, true));
    s.useless(&[&a[..], &b[..b.len() / 2]].concat(), "ends early");
    s.useless(&[&a[..], &b[..b.len() - 1]].concat(), "ends early");
    s.useless(&[&a_asc[..], &b_asc[..b_asc.len() / 2]].concat(), "armour is damaged");
    s.useless(&[&a[..], &a_asc].concat(), "binary with ASCII armour in it");
}

/// Given to gpg, six megabytes of them keep it busy for half a minute.
#[test]
fn garbage_is_not_given_to_gpg() {
    let s = Scene::new();
    let armor = format!("-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n{}", "AAAA\n".repeat(2_000_000));
    s.useless(armor.as_bytes(), "armour is damaged");
    let whole = format!("{armor}-----END PGP PUBLIC KEY BLOCK-----\n");
    s.useless(whole.as_bytes(), "not OpenPGP data");
    s.useless(
        &[&s.export(&s.first, false)[..], &[0; 6 << 20]].concat(),
        "not OpenPGP data follows",
    );
}

#[test]
fn a_file_that_cannot_be_read_is_a_mistake_that_is_named() {
    let s = Scene::new();
    let missing = s.sandbox.path("missing.gpg");
    let outcome = s.verify(&[&missing]).expect_usage("missing.gpg");
    assert!(outcome.stderr.contains("No such file"), "{outcome:#?}");
    let directory = s.sandbox.path("home");
    s.verify(&[&directory]).expect_usage("Is a directory");
    // Root may read everything: an ordinary user is needed for this one.
    let file = s.file("secret.gpg", &[&s.export(&s.first, false)]);
    fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o000)).unwrap();
    if fs::read(&file).is_ok() {
        crate::support::skipped("a key file without permission", "root may read it");
    } else {
        s.verify(&[&file]).expect_usage("Permission denied");
    }
}

#[test]
fn a_key_file_without_end_is_read_within_bounds() {
    let s = Scene::new();
    let outcome = s.verify(&[Path::new("/dev/zero")]);
    outcome.expect_usage("has more than 16777216 bytes");
}
