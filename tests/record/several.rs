// SPDX-License-Identifier: Apache-2.0
//! Several signatures, identities, keys and images in one run.

use serde_json::Value;

use crate::record::{assert_server_takes, conditions, facts, record_trusted, view_of, Desk, Records, IDENTITY, OTHER};
use crate::support::gpg::Signer;
use crate::support::images::{image, list, payload, D1, D2};
use crate::support::program::word;

#[test]
fn signatures_for_different_expected_identities_are_all_recorded() {
    let desk = Desk::new();
    let before = image(D1, &[&desk.sign(D1, IDENTITY), &desk.sign(D1, OTHER)]);
    desk.store(&before);
    let identities = ["--expected-identity", IDENTITY, "--expected-identity", OTHER];
    desk.verify_as(&identities, &["--confirm"]).expect(0);
    let after = desk.read();
    assert_server_takes(&after, &before);
    for (n, identity) in [IDENTITY, OTHER].into_iter().enumerate() {
        let entry = &after["signatures"][n];
        assert_eq!(conditions(entry), ["Trusted=True(Verified)", "ForImage=True(Verified)"]);
        assert_eq!(entry["imageIdentity"], identity);
    }
}

#[test]
fn one_that_passes_is_enough_and_the_others_are_recorded_as_what_they_are() {
    let desk = Desk::new();
    let stranger = Signer::new();
    let unknown = stranger.simple_key("Stranger <s@example.com>");
    let blobs = [
        stranger.sign(&unknown, &payload(D1, IDENTITY)),
        desk.sign(D1, IDENTITY),
        desk.sign(D2, IDENTITY),
    ];
    let blobs: Vec<&[u8]> = blobs.iter().map(Vec::as_slice).collect();
    desk.record(&image(D1, &blobs), &[], 0);
    let after = desk.read();
    let trusted: Vec<String> = (0..3).map(|n| conditions(&after["signatures"][n])[0].clone()).collect();
    assert_eq!(
        trusted,
        [
            "Trusted=False(UnknownKey)",
            "Trusted=True(Verified)",
            "Trusted=False(DigestMismatch)"
        ]
    );
}

#[test]
fn the_threshold_is_counted_for_one_identity() {
    let desk = Desk::new();
    let second = desk.signer.simple_key("Second <second@example.com>");
    let both = desk
        .signer
        .export(&[&desk.key, &second], &desk.sandbox.path("both.gpg"));
    let sign = |identity: &str| desk.signer.sign(&second, &payload(D1, identity));
    let args = |object: &Value| {
        desk.store(object);
        let fixed = [
            "verify",
            "-f",
            "image.json",
            "--require",
            "2",
            "--confirm",
            "-o",
            "json",
            "--public-key",
        ];
        let identities = ["--expected-identity", IDENTITY, "--expected-identity", OTHER];
        desk.sandbox
            .run([&fixed[..], &[both.to_str().unwrap()], &identities].concat())
    };
    // Each key for another identity: two keys, but none of the identities has both.
    let apart = image(D1, &[&desk.sign(D1, IDENTITY), &sign(OTHER)]);
    args(&apart).expect_verdict(1, "Rejected/ThresholdNotReached");
    for n in 0..2 {
        let entry = &desk.read()["signatures"][n];
        assert_eq!(conditions(entry)[0], "Trusted=False(ThresholdNotReached)");
        assert!(facts(entry).is_empty());
    }
    // One key twice is one key.
    args(&image(D1, &[&desk.sign(D1, IDENTITY), &desk.sign(D1, IDENTITY)]))
        .expect_verdict(1, "Rejected/ThresholdNotReached");
    let together = image(D1, &[&desk.sign(D1, IDENTITY), &sign(IDENTITY)]);
    args(&together).expect_verdict(0, "Verified/Verified");
    for n in 0..2 {
        assert_eq!(conditions(&desk.read()["signatures"][n])[0], "Trusted=True(Verified)");
    }
}

#[test]
fn signature_limits_judging_and_recording() {
    let desk = Desk::new();
    let mut before = image(D1, &[&desk.sign(D1, IDENTITY), &desk.sign(D2, IDENTITY)]);
    record_trusted(&mut before["signatures"][1], IDENTITY, &desk.key);
    for name in ["s1".to_owned(), format!("{D1}@s1")] {
        desk.record(&before, &["--signature", &name], 0);
        let after = desk.read();
        assert_eq!(conditions(&after["signatures"][0])[0], "Trusted=True(Verified)");
        assert_eq!(after["signatures"][1], before["signatures"][1], "spared");
    }
    // The last run decides: without the option the other one loses its record.
    desk.record(&before, &[], 0);
    assert_eq!(
        conditions(&desk.read()["signatures"][1])[0],
        "Trusted=False(DigestMismatch)"
    );
}

#[test]
fn a_signature_that_no_image_carries_is_not_found() {
    let desk = Desk::new();
    let before = desk.signed();
    desk.store(&before);
    for more in [
        &["--signature", "s9", "--confirm"][..],
        &["--signature", "s9", "--confirm", D1],
    ] {
        let outcome = desk
            .verify(&[more, &["-o", "json"]].concat())
            .expect_verdict(3, "Unchecked/NotFound");
        assert!(outcome.item()["message"].as_str().unwrap().contains("s9"));
        assert_ne!(outcome.item()["image"], "", "named by what was asked for");
        assert_eq!(desk.read(), before);
    }
}

#[test]
fn many_images_with_many_identities_are_refused() {
    let desk = Desk::new();
    let before = list(&[
        image(D1, &[&desk.sign(D1, IDENTITY)]),
        image(D2, &[&desk.sign(D2, OTHER)]),
    ]);
    desk.store(&before);
    let identities = ["--expected-identity", IDENTITY, "--expected-identity", OTHER];
    desk.verify_as(&identities, &["--confirm"]).expect_usage("IMAGE=REF");
    desk.verify_as(&identities, &["--confirm", D1, D2])
        .expect_usage("IMAGE=REF");
    assert_eq!(desk.read(), before);
}

#[test]
fn each_image_of_a_list_gets_its_own_record() {
    let desk = Desk::new();
    let before = list(&[
        image(D1, &[&desk.sign(D1, IDENTITY)]),
        image(D2, &[&desk.sign(D2, OTHER)]),
    ]);
    desk.store(&before);
    let (first, second) = (format!("{D1}={IDENTITY}"), format!("{D2}={IDENTITY}"));
    let outcome = desk
        .verify_as(&[], &["--confirm", "-o", "json", &first, &second])
        .expect(1);
    let words: Vec<String> = outcome.json()["items"].as_array().unwrap().iter().map(word).collect();
    assert_eq!(words, ["Verified/Verified", "Rejected/IdentityMismatch"]);
    let after = desk.read();
    assert_eq!(
        conditions(&after["items"][0]["signatures"][0])[0],
        "Trusted=True(Verified)"
    );
    assert_eq!(
        conditions(&after["items"][1]["signatures"][0])[0],
        "Trusted=False(IdentityMismatch)"
    );
    assert_eq!(after["metadata"], before["metadata"]);
}

#[test]
fn a_view_of_an_image_is_judged_and_its_record_failed() {
    let desk = Desk::new();
    let view = view_of(&desk);
    desk.store(&view);
    let outcome = desk
        .verify(&["--confirm", "-o", "json"])
        .expect_verdict(3, "Verified/Verified");
    assert_eq!(outcome.item()["recorded"], "failed");
    assert!(outcome.stderr.contains("view"), "{outcome:?}");
    assert_eq!(desk.read(), view);
}
