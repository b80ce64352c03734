// SPDX-License-Identifier: Apache-2.0
//! No byte of a payload is used before its signature was found good.

use crate::support::gpg::Signer;
use crate::support::images::{image, D1};
use crate::verify::{Desk, IDENTITY};

const MARK: &str = "evil.example.com/chosen/by:attacker";

fn evil(digest: &str) -> Vec<u8> {
    let payload = crate::support::images::payload(digest, MARK);
    String::from_utf8(payload)
        .unwrap()
        .replace("\"test\"", "\"EVILCREATOR\"")
        .into_bytes()
}

/// No format shows anything that the payload says.
#[track_caller]
fn shows_nothing(desk: &Desk, blob: &[u8], reason: &str) {
    desk.put("image.json", image(D1, &[blob]).to_string());
    for more in [
        &[][..],
        &["--explain"],
        &["-o", "json"],
        &["-o", "yaml"],
        &["-o", "wide"],
        &["-v=9"],
    ] {
        let args = [&["-f", "image.json", "--expected-identity", IDENTITY][..], more].concat();
        let outcome = desk.run(&args).expect(1);
        assert!(outcome.stdout.contains(reason), "{outcome:?}");
        for text in [&outcome.stdout, &outcome.stderr] {
            for word in ["evil.example.com", "EVILCREATOR", "claim\""] {
                assert!(!text.contains(word), "{word} is shown: {text}");
            }
        }
    }
}

#[test]
fn of_a_signature_that_does_not_fit() {
    let desk = Desk::new();
    let good = desk.signer.sign_with(&desk.key, &["-z", "0"], &evil(D1));
    let at = good.windows(4).position(|w| w == b"evil").unwrap();
    let mut altered = good;
    altered[at - 3] ^= 1;
    shows_nothing(&desk, &altered, "BadSignature");
}

#[test]
fn of_a_key_that_nobody_knows() {
    let desk = Desk::new();
    let stranger = Signer::new();
    let key = stranger.simple_key("Stranger <s@example.com>");
    shows_nothing(&desk, &stranger.sign(&key, &evil(D1)), "UnknownKey");
}

#[test]
fn of_a_message_that_is_no_signature() {
    let desk = Desk::new();
    let detached = desk.signer.detach_sign(&desk.key, &evil(D1));
    shows_nothing(&desk, &[detached, evil(D1)].concat(), "NotASignature");
    shows_nothing(&desk, &evil(D1), "NotASignature");
}

#[test]
fn of_a_weak_signature() {
    let desk = Desk::new();
    let key = desk.signer.key("Weak <w@example.com>", "rsa2048", "sign,cert", "never");
    desk.signer.export(&[&key], &desk.key_file);
    let weak = desk
        .signer
        .sign_with(&key, &["--digest-algo", "SHA1", "--allow-weak-digest-algos"], &evil(D1));
    shows_nothing(&desk, &weak, "WeakAlgorithm");
}

#[test]
fn a_wrong_payload_of_a_bad_signature_is_a_bad_signature() {
    // An attacker must not choose the reason that is recorded.
    let desk = Desk::new();
    let good = desk.signer.sign_with(&desk.key, &["-z", "0"], b"{\"critical\":7}");
    let at = good.windows(8).position(|w| w == b"critical").unwrap();
    let mut altered = good;
    altered[at] ^= 1;
    shows_nothing(&desk, &altered, "BadSignature");
}
