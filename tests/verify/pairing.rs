// SPDX-License-Identifier: Apache-2.0
//! Which image is expected to be what.

use serde_json::json;

use crate::support::images::{image, list, D1, D2};
use crate::support::program::word;
use crate::verify::{words, Desk, IDENTITY, OTHER};

pub(super) const OK: &str = "Verified/Verified";

/// D1 signed as [`IDENTITY`], D2 as [`OTHER`].
pub(super) fn desk() -> Desk {
    let desk = Desk::new();
    let images = [
        image(D1, &[&desk.sign(D1, IDENTITY)]),
        image(D2, &[&desk.sign(D2, OTHER)]),
    ];
    desk.put("list.json", list(&images).to_string());
    desk.put("one.json", images[0].to_string());
    desk
}

#[test]
fn one_identity_for_many_images() {
    let desk = desk();
    let outcome = desk
        .run(&["-o", "json", "-f", "list.json", "--expected-identity", IDENTITY, D1, D2])
        .expect(1);
    assert_eq!(words(&outcome), [OK, "Rejected/IdentityMismatch"]);
}

#[test]
fn many_identities_for_one_image_are_alternatives_and_each_is_told() {
    let desk = desk();
    let args = [
        "-f",
        "one.json",
        "--expected-identity",
        OTHER,
        "--expected-identity",
        IDENTITY,
    ];
    let outcome = desk.run(&[&args[..], &["-o", "json"]].concat()).expect_verdict(0, OK);
    let item = outcome.item();
    assert_eq!(item["expectedIdentities"], json!([OTHER, IDENTITY]));
    assert_eq!(item["matchedIdentities"], json!([IDENTITY]));
    assert_eq!(item["signatures"][0]["matchedIdentities"], json!([IDENTITY]));
    let text = desk.run(&args).expect(0).stdout;
    assert!(text.starts_with(&format!("Verified: {IDENTITY}\n")), "{text}");
    assert!(text.contains(&format!("\n  not as     {OTHER}\n")), "{text}");
}

#[test]
fn many_identities_for_many_images_is_a_usage_error() {
    let desk = desk();
    let identities = ["--expected-identity", IDENTITY, "--expected-identity", OTHER];
    desk.run(&[&identities[..], &["-f", "list.json"]].concat())
        .expect_usage("IMAGE=REF");
    desk.run(&[&identities[..], &["-f", "list.json", D1, D2]].concat())
        .expect_usage("IMAGE=REF");
    // One object only: alternatives.
    desk.run(&[&identities[..], &["-f", "one.json", "-o", "json"]].concat())
        .expect_verdict(0, OK);
}

#[test]
fn an_identity_of_its_own_for_each_image() {
    let desk = desk();
    let (first, second) = (format!("{D1}={IDENTITY}"), format!("{D2}={OTHER}"));
    let outcome = desk.run(&["-o", "json", "-f", "list.json", &first, &second]).expect(0);
    assert_eq!(words(&outcome), [OK, OK]);
    // Several for one image are alternatives too.
    let also = format!("{D1}={OTHER}");
    let outcome = desk
        .run(&["-o", "json", "-f", "list.json", &also, &first])
        .expect_verdict(0, OK);
    assert_eq!(outcome.item()["expectedIdentities"], json!([OTHER, IDENTITY]));
    desk.run(&["-f", "list.json", "--expected-identity", IDENTITY, &first])
        .expect_usage("cannot be used with --expected-identity");
    desk.run(&["-f", "list.json", &first, D2])
        .expect_usage("no expected identity for");
}

/// Both images are signed, by an accepted key, and neither is what it is passed off as.
#[test]
fn a_signed_image_under_the_name_of_another_is_rejected() {
    let desk = desk();
    let (first, second) = (format!("{D1}={OTHER}"), format!("{D2}={IDENTITY}"));
    let outcome = desk.run(&["-o", "json", "-f", "list.json", &first, &second]).expect(1);
    assert_eq!(words(&outcome), ["Rejected/IdentityMismatch"; 2]);
    // The other one's signature as its own.
    let swapped = [
        image(D1, &[&desk.sign(D2, OTHER)]),
        image(D2, &[&desk.sign(D1, IDENTITY)]),
    ];
    desk.put("swapped.json", list(&swapped).to_string());
    let outcome = desk
        .run(&["-o", "json", "-f", "swapped.json", &first, &second])
        .expect(1);
    assert_eq!(words(&outcome), ["Rejected/DigestMismatch"; 2]);
}

#[test]
fn a_pair_is_split_at_its_last_sign() {
    let desk = Desk::new();
    let manifest = r#"{"schemaVersion":2,"mediaType":"application/vnd.docker.distribution.manifest.v2+json"}"#;
    let digest = image_signature::digest::Digest::of_manifest(manifest.as_bytes()).unwrap();
    desk.put("a=b/manifest.json", manifest);
    desk.put("a=b/signature-1", desk.sign(digest.as_str(), IDENTITY));
    desk.run(&["-o", "json", &format!("dir:a=b={IDENTITY}")])
        .expect_verdict(0, OK);
}

#[test]
fn a_list_of_images_and_identities() {
    let desk = desk();
    let good = format!("# comment\n\n  {D1}\t{IDENTITY}  \n{D2} {OTHER}\r\n");
    desk.put("list.txt", &good);
    let outcome = desk
        .run(&["-o", "json", "-f", "list.json", "--images-from", "list.txt"])
        .expect(0);
    assert_eq!(words(&outcome), [OK, OK]);
    let key = desk.key_file.to_str().unwrap();
    let args = [
        "verify",
        "-o",
        "json",
        "-f",
        "list.json",
        "--images-from",
        "-",
        "--public-key",
        key,
    ];
    let outcome = desk.sandbox.run_with_input(args, good.as_bytes()).expect(0);
    assert_eq!(words(&outcome), [OK, OK]);
}

#[test]
fn lists_of_no_use_name_the_line() {
    let desk = desk();
    for (text, message) in [
        (
            format!("{D1} {IDENTITY}\n{D2}\n"),
            "list.txt, line 2: expected an image and its identity",
        ),
        (format!("{D1} {IDENTITY} more\n"), "line 1"),
        (
            format!("\n{D1} registry.local:5000/foo/bar\n"),
            "line 2: expected identity",
        ),
        ("# nothing\n".to_owned(), "it names no image"),
    ] {
        desk.put("list.txt", &text);
        desk.run(&["-f", "list.json", "--images-from", "list.txt"])
            .expect_usage(message);
    }
    desk.put("list.txt", b"\xff");
    desk.run(&["-f", "list.json", "--images-from", "list.txt"])
        .expect_usage("UTF-8");
    desk.run(&["-f", "list.json", "--images-from", "absent"])
        .expect_usage("absent");
    desk.put("list.txt", format!("{D1} {IDENTITY}\n"));
    desk.run(&["-f", "list.json", "--images-from", "list.txt", D1])
        .expect_usage("cannot be used with IMAGE");
}

#[test]
fn the_expected_digest() {
    let desk = desk();
    let fixed = ["-o", "json", "-f", "one.json", "--expected-identity", IDENTITY];
    // With one object in the files, IMAGE may be left out.
    for image in [&[D1][..], &[]] {
        desk.run(&[&fixed[..], &["--expected-digest", D1], image].concat())
            .expect_verdict(0, OK);
        desk.run(&[&fixed[..], &["--expected-digest", D2], image].concat())
            .expect_verdict(1, "Rejected/DigestMismatch");
    }
    desk.run(&[&fixed[..], &["--expected-digest", "sha256:12", D1]].concat())
        .expect_usage("--expected-digest");
    // Nothing is recorded on an image that is not the one asked for.
    let before = std::fs::read(desk.sandbox.path("one.json")).unwrap();
    desk.run(&[&fixed[..], &["--expected-digest", D2, "--confirm"]].concat())
        .expect(1);
    assert_eq!(std::fs::read(desk.sandbox.path("one.json")).unwrap(), before);
    let reference = format!("registry.local:5000/foo/bar@{D1}");
    desk.run(&[&fixed[..], &["--expected-digest", &reference, D1]].concat())
        .expect_usage(&format!("the digest in it is {D1}"));
}

#[test]
fn a_directory_in_a_list_or_with_an_equals_sign_in_its_name() {
    let desk = Desk::new();
    let manifest = r#"{"schemaVersion":2,"mediaType":"application/vnd.docker.distribution.manifest.v2+json"}"#;
    let digest = image_signature::digest::Digest::of_manifest(manifest.as_bytes()).unwrap();
    for directory in ["a b", "c=d:e"] {
        desk.put(&format!("{directory}/manifest.json"), manifest);
        desk.put(
            &format!("{directory}/signature-1"),
            desk.sign(digest.as_str(), IDENTITY),
        );
    }
    desk.put("list.txt", format!("dir:a b\t{IDENTITY}\ndir:c=d:e {IDENTITY}\n"));
    let outcome = desk.run(&["-o", "json", "--images-from", "list.txt"]).expect(0);
    assert_eq!(words(&outcome), [OK, OK]);
    // It is not split where the identity is given by itself.
    desk.run(&["-o", "json", "dir:c=d:e", "--expected-identity", IDENTITY])
        .expect_verdict(0, OK);
    desk.run(&["-o", "json", &format!("dir:c=d:e={IDENTITY}")])
        .expect_verdict(0, OK);
    desk.run(&["dir:c=d:e"])
        .expect_usage("no expected identity for dir:c=d:e");
    desk.run(&["dir:x=d:e", "--expected-identity", IDENTITY])
        .expect_usage("cannot be used with --expected-identity");
    // Only directories may have white space in their names, and with files there are no directories.
    desk.put("list.txt", format!("{D1} {D2} {IDENTITY}\n"));
    desk.run(&["--images-from", "list.txt"]).expect_usage("line 1");
    desk.put("list.txt", format!("dir:a b {IDENTITY}\n"));
    desk.put("one.json", desk.signed().to_string());
    desk.run(&["-f", "one.json", "--images-from", "list.txt"])
        .expect_usage("verify a directory without --filename");
}

#[test]
fn the_expected_digest_is_for_one_image() {
    let desk = desk();
    desk.put("two.json", list(&[desk.signed(), image(D2, &[])]).to_string());
    let fixed = [
        "-f",
        "two.json",
        "--expected-identity",
        IDENTITY,
        "--expected-digest",
        D1,
    ];
    desk.run(&fixed).expect_usage("--expected-digest is for one image");
    desk.run(&[&fixed[..], &[D1, D2]].concat())
        .expect_usage("--expected-digest is for one image");
    desk.run(&[&fixed[..], &[D1]].concat()).expect(0);
}

/// The signature and the image are each held against it: an image without a signature is still the wrong one, and the
/// signature of a wrong image is still no good.
#[test]
fn the_expected_digest_counts_for_the_image_and_for_each_signature() {
    let desk = desk();
    desk.put("unsigned.json", image(D1, &[]).to_string());
    let fixed = ["-o", "json", "--expected-identity", IDENTITY, "--expected-digest", D2];
    let outcome = desk.run(&[&fixed[..], &["-f", "unsigned.json"]].concat());
    let message = outcome.item()["message"].as_str().unwrap().to_owned();
    outcome.expect_verdict(1, "Rejected/DigestMismatch");
    assert!(message.contains(D1) && message.contains(D2), "{message}");
    let item = desk.run(&[&fixed[..], &["-f", "one.json"]].concat()).item();
    let signature = &item["signatures"][0];
    assert_eq!(word(signature), "Rejected/DigestMismatch");
    assert_eq!(signature["checks"][2]["check"], "digest");
    assert_eq!(signature["checks"][2]["result"], "fail");
    assert_eq!(signature["matchedIdentities"], json!([]));
}
