// SPDX-License-Identifier: Apache-2.0
//! `inspect`: claims, every line of which is marked as unverified.

use crate::support::images::D1;
use crate::{Desk, IDENTITY};

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
    for format in [&[][..], &["-o", "wide"], &["--explain"], &["-o", "name"]] {
        let args = [&["inspect", "good.sig", "bad.sig", "malformed.sig"][..], format].concat();
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
