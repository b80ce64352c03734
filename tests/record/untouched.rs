// SPDX-License-Identifier: Apache-2.0
//! Records that stay as they are: what was not judged, and what may pass.

use serde_json::Value;

use crate::record::{conditions, record_trusted, recorded, Desk, Records, IDENTITY, OWNER};
use crate::support::forge::{now, Draft, Key};
use crate::support::gpg::Signer;
use crate::support::images::{image, payload, signature, D1};
use crate::support::program::word;

/// A signature by the desk's key, dated in 2099.
fn from_the_future(desk: &Desk) -> Vec<u8> {
    let faked = ["--faked-system-time", "20990101T000000!"];
    desk.signer.sign_with(&desk.key, &faked, &payload(D1, IDENTITY))
}

/// An image with more signatures than are judged: 128 of `filler`, then a good one that is recorded as trusted.
fn crowded(desk: &Desk, filler: &[u8]) -> Value {
    let mut object = desk.signed();
    let mut all = vec![signature(D1, "x", filler); 128];
    all.push(object["signatures"][0].clone());
    record_trusted(&mut all[128], IDENTITY, &desk.key);
    object["signatures"] = all.into();
    object
}

#[test]
fn a_signature_dated_ahead_of_our_clock_keeps_its_record() {
    let desk = Desk::new();
    let before = recorded(&from_the_future(&desk), IDENTITY, &desk.key);
    desk.store(&before);
    let outcome = desk
        .verify(&["--confirm", "-o", "json"])
        .expect_verdict(1, "Rejected/SignatureNotYetValid");
    assert_eq!(outcome.item()["recorded"], "unchanged");
    assert_eq!(desk.read(), before);
}

#[test]
fn a_signature_dated_ahead_of_our_clock_that_was_never_recorded_is_not_now() {
    let desk = Desk::new();
    let before = image(D1, &[&from_the_future(&desk)]);
    desk.store(&before);
    desk.verify(&["--confirm"]).expect(1);
    assert_eq!(desk.read(), before);
}

#[test]
fn beside_one_dated_ahead_of_our_clock_others_are_recorded_as_what_they_are() {
    let desk = Desk::new();
    let mut before = image(D1, &[&from_the_future(&desk), &desk.sign(D1, IDENTITY)]);
    for entry in before["signatures"].as_array_mut().unwrap() {
        record_trusted(entry, IDENTITY, &desk.key);
    }
    desk.record(&before, &["--require", "2"], 1);
    let after = desk.read();
    assert_eq!(after["signatures"][0], before["signatures"][0]);
    assert_eq!(
        conditions(&after["signatures"][1])[0],
        "Trusted=False(ThresholdNotReached)"
    );
}

#[test]
fn a_129th_signature_is_not_judged_and_keeps_its_record() {
    let desk = Desk::new();
    let before = crowded(&desk, b"\x90garbage");
    desk.store(&before);
    let outcome = desk
        .verify(&["--confirm", "-o", "json"])
        .expect_verdict(1, "Rejected/NotASignature");
    let last = &outcome.item()["signatures"][128];
    assert_eq!(word(last), "Rejected/LimitExceeded");
    assert_eq!(last["recorded"], "unchanged");
    assert_eq!(desk.read()["signatures"][128], before["signatures"][128]);
}

#[test]
fn a_129th_signature_spoils_no_image() {
    let desk = Desk::new();
    desk.store(&crowded(&desk, &desk.sign(D1, IDENTITY)));
    desk.verify(&["-o", "json"]).expect_verdict(0, "Verified/Verified");
    let armoured = desk.signer.sign_with(&desk.key, &["--armor"], &payload(D1, IDENTITY));
    desk.store(&crowded(&desk, &armoured));
    desk.verify(&["-o", "json"])
        .expect_verdict(1, "Unsupported/UnsupportedSignature");
}

#[test]
fn a_129th_signature_asked_for_alone_is_over_the_limit() {
    let desk = Desk::new();
    let before = crowded(&desk, b"\x90garbage");
    desk.store(&before);
    desk.verify(&["--confirm", "-o", "json", "--signature", "s1"])
        .expect_verdict(1, "Rejected/LimitExceeded");
    assert_eq!(desk.read(), before);
}

/// One key stands twice in an old keyring: it is one key, and its signature is as good as it was.
#[test]
fn a_key_that_stands_twice_takes_no_record_back() {
    let desk = Desk::new();
    let second = Signer::new();
    let other = second.simple_key("Second <second@example.com>");
    let read = |name: &str| std::fs::read(desk.sandbox.path(name)).unwrap();
    second.export(&[&other], &desk.sandbox.path("second.gpg"));
    let keys = [read("key.gpg"), read("second.gpg"), read("second.gpg")].concat();
    let mut before = image(
        D1,
        &[&desk.sign(D1, IDENTITY), &second.sign(&other, &payload(D1, IDENTITY))],
    );
    record_trusted(&mut before["signatures"][0], IDENTITY, &desk.key);
    record_trusted(&mut before["signatures"][1], IDENTITY, &other);
    desk.store(&before);
    desk.sandbox.file("ring/pubring.gpg", keys);
    let fixed = ["verify", "-f", "image.json", "--homedir", "ring", "--trust-model"];
    let more = ["always", "--expected-identity", IDENTITY, "--require", "2", "--confirm"];
    desk.sandbox.run([&fixed[..], &more].concat()).expect(0);
    for n in 0..2 {
        let entry = &desk.read()["signatures"][n];
        assert_eq!(conditions(entry), ["Trusted=True(Verified)", "ForImage=True(Verified)"]);
        assert_eq!(entry["imageIdentity"], IDENTITY);
    }
}

/// Trouble that stays trouble: GnuPG finds no valid signature on a key of which some were left out. So two keys are not
/// reached, and neither record is taken back for it.
#[test]
fn a_flooded_key_fails_the_threshold_and_takes_no_record_back() {
    let desk = Desk::new();
    let flooded = Key::new();
    let blob = flooded.message(&Draft::new(now() - 500), &payload(D1, IDENTITY));
    let mut before = image(D1, &[&desk.sign(D1, IDENTITY), &blob]);
    let fingerprint = flooded.fingerprint().to_uppercase();
    record_trusted(&mut before["signatures"][0], IDENTITY, &desk.key);
    record_trusted(&mut before["signatures"][1], IDENTITY, &fingerprint);
    let good = std::fs::read(desk.sandbox.path("key.gpg")).unwrap();
    let fixed = ["verify", "-f", "image.json", "--homedir", "ring", "--trust-model"];
    let more = [
        "always",
        "--expected-identity",
        IDENTITY,
        "--require",
        "2",
        "-o",
        "json",
    ];
    let run = |key: Vec<u8>, more_yet: &[&str]| {
        desk.store(&before);
        desk.sandbox.file("ring/pubring.gpg", [&good[..], &key].concat());
        desk.sandbox.run([&fixed[..], &more, more_yet].concat())
    };
    // Without the flood both count.
    run(flooded.certificate(OWNER), &[]).expect_verdict(0, "Verified/Verified");
    let outcome = run(flooded.flooded(OWNER), &["--confirm"]);
    let outcome = outcome.expect_verdict(3, "Unchecked/EngineFailed");
    let signatures = &outcome.item()["signatures"];
    assert_eq!(word(&signatures[0]), "Verified/Verified");
    assert_eq!(word(&signatures[1]), "Unchecked/EngineFailed");
    assert_eq!(desk.read(), before);
}

#[test]
fn no_gnupg_home_takes_no_record_back_though_another_signature_is_refused_before_gpg() {
    let desk = Desk::new();
    let mut before = image(D1, &[&desk.sign(D1, IDENTITY), b"x"]);
    for entry in before["signatures"].as_array_mut().unwrap() {
        record_trusted(entry, IDENTITY, &desk.key);
    }
    desk.store(&before);
    let args = ["verify", "-f", "image.json", "--expected-identity", IDENTITY];
    let outcome = desk
        .sandbox
        .run([&args[..], &["--confirm", "-o", "json"]].concat())
        .expect_verdict(3, "Unchecked/EngineFailed");
    let after = desk.read();
    assert_eq!(after["signatures"][0], before["signatures"][0]);
    // This one is garbage whatever the keys.
    assert_eq!(conditions(&after["signatures"][1])[0], "Trusted=False(NotASignature)");
    assert_eq!(outcome.item()["signatures"][0]["recorded"], "no");
    assert_eq!(outcome.item()["signatures"][1]["recorded"], "yes");
}
