// SPDX-License-Identifier: Apache-2.0
//! `dir:PATH`: skopeo's directory layout.

use std::fs;
use std::os::unix::fs::symlink;

use crate::support::images::payload;
use crate::verify::{Desk, IDENTITY, OTHER};

const MANIFEST: &str =
    r#"{"schemaVersion":2,"mediaType":"application/vnd.docker.distribution.manifest.v2+json","n":1}"#;
const OK: &str = "Verified/Verified";

fn digest() -> String {
    let digest = image_signature::digest::Digest::of_manifest(MANIFEST.as_bytes()).unwrap();
    digest.as_str().to_owned()
}

/// A directory `d` with the manifest and these signatures.
fn desk(signatures: &[&str]) -> Desk {
    let desk = Desk::new();
    desk.put("d/manifest.json", MANIFEST);
    for name in signatures {
        desk.put(&format!("d/{name}"), desk.sign(&digest(), IDENTITY));
    }
    desk
}

fn run(desk: &Desk) -> crate::verify::Outcome {
    desk.run(&["dir:d", "-o", "json", "--expected-identity", IDENTITY])
}

#[test]
fn an_image_is_named_by_the_digest_of_its_manifest() {
    let outcome = run(&desk(&["signature-1"])).expect_verdict(0, OK);
    assert_eq!(outcome.item()["image"], digest());
    assert_eq!(outcome.item()["source"], "dir:d");
    assert_eq!(outcome.item()["signatures"][0]["name"], "signature-1");
}

#[test]
fn versions_of_the_layout() {
    let desk = desk(&["signature-1"]);
    for (text, verdict) in [
        ("Directory Transport Version: 1.1\n", OK),
        ("Directory Transport Version: 1.2\n", OK),
        ("Directory Transport Version: 1.1", OK),
        ("Directory Transport Version: 9.9\n", "Unchecked/SourceUnavailable"),
        ("garbage", "Unchecked/SourceUnavailable"),
        ("", "Unchecked/SourceUnavailable"),
    ] {
        desk.put("d/version", text);
        assert_eq!(run(&desk).verdict(), verdict, "{text:?}");
    }
}

#[test]
fn a_gap_or_a_damaged_signature_hides_none() {
    let desk = desk(&["signature-3", "signature-12"]);
    desk.put("d/signature-7", b"garbage");
    desk.put("d/signature-0", b"not numbered from one");
    desk.put("d/signature-x", b"no number");
    let outcome = run(&desk).expect_verdict(0, OK);
    let names: Vec<String> = outcome.item()["signatures"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| s["name"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(names, ["signature-3", "signature-7", "signature-12"]);
}

#[test]
fn without_a_signature_it_is_unsigned() {
    let unsigned = desk(&[]);
    run(&unsigned).expect_verdict(1, "Unsigned/NoSignature");
    // Which image that is stands there too.
    let text = unsigned
        .run(&["dir:d", "--expected-identity", IDENTITY])
        .expect(1)
        .stdout;
    assert!(
        text.starts_with("Unsigned: NoSignature: ") && text.contains(&format!("\n  image      {}\n", digest())),
        "{text}"
    );
}

#[test]
fn an_empty_signature_file_is_none() {
    let desk = desk(&[]);
    desk.put("d/signature-1", b"");
    run(&desk).expect_verdict(1, "Rejected/NotASignature");
}

#[test]
fn a_manifest_that_is_not_there_is_too_large_or_is_none() {
    let missing = desk(&["signature-1"]);
    fs::remove_file(missing.sandbox.path("d/manifest.json")).unwrap();
    run(&missing).expect_verdict(3, "Unchecked/ManifestUnavailable");
    let large = desk(&["signature-1"]);
    large.put("d/manifest.json", vec![b' '; (4 << 20) + 1]);
    run(&large).expect_verdict(3, "Unchecked/ManifestUnavailable");
}

#[test]
fn a_changed_manifest_is_another_image() {
    let desk = desk(&["signature-1"]);
    desk.put("d/manifest.json", format!("{MANIFEST}\n"));
    run(&desk).expect_verdict(1, "Rejected/DigestMismatch");
}

#[test]
fn paths_that_are_no_directory() {
    let desk = desk(&[]);
    desk.put("file", "x");
    for (path, verdict) in [
        ("dir:absent", "Unchecked/NotFound"),
        ("dir:file", "Unchecked/SourceUnavailable"),
    ] {
        desk.run(&[path, "-o", "json", "--expected-identity", IDENTITY])
            .expect_verdict(3, verdict);
    }
    desk.run(&["dir:", "--expected-identity", IDENTITY])
        .expect_usage("dir: needs the path");
}

#[test]
fn pipes_and_devices_in_a_directory_are_not_read() {
    let desk = desk(&["signature-2"]);
    symlink("/dev/zero", desk.sandbox.path("d/signature-1")).unwrap();
    let pipe = desk.sandbox.path("d/signature-3");
    assert!(std::process::Command::new("mkfifo")
        .arg(pipe)
        .status()
        .unwrap()
        .success());
    run(&desk).expect_verdict(0, OK);
    fs::remove_file(desk.sandbox.path("d/manifest.json")).unwrap();
    symlink("/dev/zero", desk.sandbox.path("d/manifest.json")).unwrap();
    run(&desk).expect_verdict(3, "Unchecked/ManifestUnavailable");
}

#[test]
fn more_signatures_than_are_looked_at() {
    let desk = desk(&[]);
    for n in 1..=128 {
        desk.put(&format!("d/signature-{n}"), b"x");
    }
    let good = desk.signer.sign(&desk.key, &payload(&digest(), IDENTITY));
    desk.put("d/signature-129", &good);
    run(&desk).expect_verdict(1, "Rejected/NotASignature");
    desk.put("d/signature-128", &good);
    run(&desk).expect_verdict(0, OK);
}

#[test]
fn several_directories_in_one_call() {
    let desk = desk(&["signature-1"]);
    desk.put("e/manifest.json", MANIFEST);
    let outcome = desk
        .run(&["dir:d", "dir:e", "-o", "json", "--expected-identity", IDENTITY])
        .expect(1);
    assert_eq!(crate::verify::words(&outcome), [OK, "Unsigned/NoSignature"]);
}

/// Who has several images in one directory names it, or writes a pattern that no shell replaces behind `dir:`.
#[test]
fn a_directory_of_images_is_no_image_and_is_told_so() {
    let desk = Desk::new();
    desk.put("set/b/manifest.json", MANIFEST);
    desk.put("set/a/manifest.json", MANIFEST);
    desk.put("set/0/other", "");
    desk.put("empty/other", "");
    for (command, status) in [("verify", 3), ("audit", 3)] {
        let said = |directory: &str| {
            let outcome = desk
                .sandbox
                .run([command, &format!("dir:{directory}={IDENTITY}")])
                .expect(status);
            format!("{}{}", outcome.stdout, outcome.stderr)
                .split_whitespace()
                .collect::<Vec<_>>()
                .join(" ")
        };
        let text = said("set");
        let each = "directories in it have images: name each, such as dir:set/a, or list them for --images-from";
        assert!(text.contains("ManifestUnavailable"), "{text}");
        assert!(text.contains(each), "{text}");
        let text = said("set/*");
        let pattern =
            "there is no directory set/*; patterns are not supported: name each directory, or list them for --images-from";
        assert!(text.contains(pattern), "{text}");
        assert!(!said("empty").contains("--images-from"));
    }
}

/// A list may be without images in registries today, and the options of the job that names it stay.
#[test]
fn options_for_registries_with_a_list_that_has_none() {
    let desk = desk(&["signature-1"]);
    desk.put("list", format!("dir:d {IDENTITY}\n"));
    let none = desk.sandbox.path("d").display().to_string();
    let options = ["--registries.d", &none, "--insecure"];
    desk.run(&[&["--images-from", "list"], &options[..]].concat()).expect(0);
    let key = desk.sandbox.path("key.gpg").display().to_string();
    let audit = ["audit", "--public-key", &key, "--images-from", "list"];
    desk.sandbox.run([&audit[..], &options].concat()).expect(0);
    // Who names the image sees that there is none.
    let said = "applies only to images in registries";
    desk.run(&[&["dir:d", "--expected-identity", IDENTITY], &options[..]].concat())
        .expect_usage(said);
    desk.put("image.json", desk.signed().to_string());
    desk.put("names", format!("{} {IDENTITY}\n", crate::support::images::D1));
    desk.run(&[&["-f", "image.json", "--images-from", "names"], &options[..]].concat())
        .expect_usage(said);
}

#[test]
fn the_file_of_the_one_signature_is_named_where_it_is_none() {
    let desk = desk(&[]);
    for content in [&b""[..], b"<!doctype html><html></html>", b"no signature"] {
        desk.put("d/signature-1", content);
        let outcome = desk.run(&["dir:d", "--expected-identity", IDENTITY]).expect(1);
        assert!(outcome.stdout.contains("\n  signature  signature-1\n"), "{outcome:?}");
    }
    desk.put("d/signature-1", desk.sign(&digest(), IDENTITY));
    for identity in [IDENTITY, OTHER] {
        let outcome = desk.run(&["dir:d", "--expected-identity", identity]);
        assert!(!outcome.stdout.contains("  signature"), "{outcome:?}");
    }
}

#[test]
fn what_to_do_next_is_what_the_message_says() {
    let desk = desk(&["signature-1"]);
    let next = |desk: &Desk| {
        let outcome = desk
            .run(&["dir:d", "--expected-identity", IDENTITY, "--explain"])
            .expect(1);
        outcome.words().split_once(" Next: ").unwrap().1.to_owned()
    };
    desk.put("d/manifest.json", format!("{MANIFEST} "));
    assert_eq!(next(&desk), "fetch the manifest again, byte by byte, and verify that.");
    desk.put("d/manifest.json", MANIFEST.replace("\"n\":1", "\"n\":2"));
    let other = next(&desk);
    assert_eq!(other, "check which image was meant: the signature is for another one.");
    desk.put("d/signature-1", "<!doctype html><html></html>");
    let shown = "image-signature inspect dir:d shows the blob; tell whoever published the signature.";
    let again = format!("fetch the signature again: if it stays as it is, {shown}");
    assert_eq!(next(&desk), again);
    desk.put("d/signature-1", "");
    assert_eq!(next(&desk), shown);
}
