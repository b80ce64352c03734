// SPDX-License-Identifier: Apache-2.0
//! `inspect`: claims, every line of which is marked as unverified.

use crate::support::images::D1;
use crate::support::program::Sandbox;
use crate::verify::{Desk, IDENTITY};

fn desk() -> Desk {
    let desk = Desk::new();
    desk.put("good.sig", desk.sign(D1, IDENTITY));
    desk.put("bad.sig", b"\x90garbage");
    desk.put("malformed.sig", desk.signer.sign(&desk.key, b"{}"));
    desk
}

#[test]
fn every_line_is_marked() {
    let desk = desk();
    let formats = crate::support::text_formats("inspect").into_iter();
    for format in formats.map(|format| format!("-o={format}")).chain(["--explain".into()]) {
        let args = ["inspect", "good.sig", "bad.sig", "malformed.sig", &format];
        let outcome = desk.sandbox.run(args).expect(0);
        assert!(!outcome.stdout.is_empty());
        for line in outcome.stdout.lines() {
            assert!(line.starts_with("UNVERIFIED "), "{line}");
        }
    }
}

#[test]
fn what_a_blob_claims() {
    let desk = desk();
    let text = desk.sandbox.run(["inspect", "good.sig"]).expect(0).stdout;
    assert_eq!(
        text,
        format!(
            "UNVERIFIED good.sig: claims that key {} signed {D1} as {IDENTITY}\n",
            desk.key
        )
    );
    let text = desk.sandbox.run(["inspect", "--explain", "good.sig"]).expect(0).stdout;
    for part in [
        "1. one signed message",
        "signature version 4",
        "claims creator test",
        "payload of",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let text = desk.sandbox.run(["inspect", "bad.sig"]).expect(0).stdout;
    assert!(text.contains("NotASignature"), "{text}");
}

#[test]
fn json_says_that_nothing_is_verified() {
    let desk = desk();
    let outcome = desk
        .sandbox
        .run(["inspect", "-o", "json", "good.sig", "bad.sig"])
        .expect(0);
    let document = outcome.json();
    assert_eq!(document["unverified"], true);
    assert_eq!(document["items"][0]["unverified"], true);
    assert_eq!(document["items"][0]["claim"]["dockerReference"], IDENTITY);
    assert_eq!(document["items"][0]["signature"]["fingerprint"], desk.key.as_str());
    assert_eq!(document["items"][1]["reason"], "NotASignature");
    assert!(!outcome.stdout.contains("\"Verified\""));
}

#[test]
fn standard_input_and_what_cannot_be_read() {
    let desk = desk();
    let blob = desk.sign(D1, IDENTITY);
    let outcome = desk.sandbox.run_with_input(["inspect", "-"], &blob).expect(0);
    assert!(outcome.stdout.contains(IDENTITY), "{outcome:?}");
    let outcome = desk.sandbox.run(["inspect", "absent", "good.sig"]).expect(3);
    assert!(
        outcome.stdout.contains("absent") || outcome.stderr.contains("absent"),
        "{outcome:?}"
    );
    assert!(outcome.stdout.contains(IDENTITY), "the others are shown: {outcome:?}");
    desk.sandbox.run(["inspect"]).expect_usage("FILE");
}

#[test]
fn a_directory_stands_for_the_signatures_in_it() {
    let desk = desk();
    for name in ["d/signature-1", "d/signature-10", "d/signature-2"] {
        desk.put(name, desk.sign(D1, IDENTITY));
    }
    let instance = "ab".repeat(32);
    desk.put(&format!("d/{instance}.signature-1"), desk.sign(D1, IDENTITY));
    for other in [
        "d/manifest.json",
        "d/version",
        "d/signature-x",
        "d/signature-0",
        "d/x.signature-1",
    ] {
        desk.put(other, "not a signature");
    }
    for place in ["d", "d/", "dir:d"] {
        let text = desk.sandbox.run(["inspect", place]).expect(0).stdout;
        let names: Vec<&str> = text
            .lines()
            .map(|line| line.split([' ', ':']).nth(1).unwrap())
            .collect();
        let place = place.trim_start_matches("dir:").trim_end_matches('/');
        let expected = [
            "signature-1",
            "signature-2",
            "signature-10",
            &format!("{instance}.signature-1"),
        ];
        assert_eq!(names, expected.map(|name| format!("{place}/{name}")));
    }
    let document = desk
        .sandbox
        .run(["inspect", "d", "good.sig", "-o", "json"])
        .expect(0)
        .json();
    assert_eq!(document["items"].as_array().unwrap().len(), 5);
    assert_eq!(document["items"][4]["file"], "good.sig");
}

#[test]
fn a_directory_without_signatures_is_no_answer() {
    let desk = desk();
    desk.put("empty/notes.txt", "x");
    let outcome = desk.sandbox.run(["inspect", "empty", "good.sig"]).expect(3);
    assert!(
        outcome
            .words()
            .contains("no file in empty is called signature-1, signature-2 ...; give files with other names"),
        "{outcome:?}"
    );
    assert!(outcome.stdout.contains(IDENTITY), "the others are shown: {outcome:?}");
}

#[test]
fn a_directory_with_something_else_is_told_as_what_it_is() {
    let desk = desk();
    desk.put("image/manifest.json", "{}");
    desk.put("store/foo/bar@sha256=aa/signature-1", "x");
    for (directory, told) in [
        ("image", "it is an image without signatures"),
        (
            "store",
            "they are further down: name a directory called NAME@sha256=DIGEST",
        ),
    ] {
        let outcome = desk.sandbox.run(["inspect", directory]).expect(3);
        assert!(outcome.words().contains(told), "{outcome:?}");
    }
}

#[test]
fn more_signatures_in_a_directory_than_are_looked_at() {
    let desk = desk();
    for n in 1..=129 {
        desk.put(&format!("d/signature-{n}"), b"x");
    }
    let document = desk.sandbox.run(["inspect", "d", "-o", "json"]).expect(0).json();
    assert_eq!(document["items"][127]["reason"], "NotASignature");
    assert_eq!(document["items"][128]["reason"], "LimitExceeded");
}

#[test]
fn its_help_promises_no_verdict() {
    let desk = desk();
    let help = desk.sandbox.run(["inspect", "--help"]).expect(0).stdout;
    assert!(!help.contains("verified images"), "{help}");
    assert!(help.contains("Nothing that inspect shows is verified"), "{help}");
    // Every format that it offers is one that it has.
    for format in crate::support::formats("inspect") {
        assert!(help.contains(&format!("- {format}:")), "{format}: {help}");
        let outcome = desk.sandbox.run(["inspect", "good.sig", "-o", &format]).expect(0);
        assert!(
            outcome.stdout.contains("UNVERIFIED") || outcome.stdout.contains("unverified"),
            "{outcome:?}"
        );
    }
    desk.sandbox
        .run(["inspect", "good.sig", "-o", "json", "--explain"])
        .expect_usage("--explain prints text");
    desk.sandbox
        .run(["inspect", "-", "-"])
        .expect_usage("`-` may be given only once");
}

/// What stands where a file is expected, and the other way round.
#[test]
fn images_are_told_apart_from_files_with_signatures_or_objects() {
    let sandbox = Sandbox::new();
    let meant = "; for an image in a registry write docker://nginx:latest";
    let outcome = sandbox.run(["inspect", "nginx:latest"]).expect(3);
    let text = |outcome: &crate::verify::Outcome| format!("{}{}", outcome.stdout, outcome.stderr);
    let joined = |text: String| text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(joined(text(&outcome)).contains(meant), "{outcome:?}");
    let outcome = sandbox.run(["inspect", "signature-1"]).expect(3);
    assert!(!text(&outcome).contains("docker://"), "{outcome:?}");
    sandbox.file("image/manifest.json", r#"{"schemaVersion": 2}"#);
    sandbox.file("objects/other.json", r#"{"schemaVersion": 2}"#);
    let meant = "it has no kind; it looks like an image that skopeo wrote: verify and audit take dir:image, and image-signature inspect image shows its signatures";
    let outcome = sandbox.run(["describe", "-f", "image"]).expect(3);
    assert!(joined(text(&outcome)).contains(meant), "{outcome:?}");
    let outcome = sandbox.run(["describe", "-f", "objects/other.json"]).expect(3);
    assert!(!text(&outcome).contains("skopeo"), "{outcome:?}");
}
