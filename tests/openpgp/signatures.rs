// SPDX-License-Identifier: Apache-2.0
//! What a well-framed signature may say about itself.

use super::subpackets::fingerprint_of;
use super::trial::{signed_payload, Trial};
use crate::support::forge::{now, Draft, Key, MD5, RIPEMD160, SHA1};
use crate::support::gpg::Signer;
use crate::support::images::D1;
use crate::support::packets::{body, literal, message, one_pass, packet};

pub(super) const BAD: &str = "Rejected/BadSignature";

pub(super) fn trial() -> (Trial, Key) {
    let key = Key::new();
    let trial = Trial::with_keys(&key.certificate("Release <release@example.com>"));
    (trial, key)
}

#[test]
fn weak_digests_are_refused_in_signatures_over_payloads() {
    let (trial, key) = trial();
    for (hash, name) in [(MD5, "MD5"), (SHA1, "SHA1"), (RIPEMD160, "RIPEMD160")] {
        for version in [3, 4] {
            let draft = Draft::new(now()).hash(hash).version(version);
            let blob = key.message(&draft, &signed_payload());
            trial.expect(&blob, "Rejected/WeakAlgorithm", name);
        }
    }
}

#[test]
fn a_signature_must_name_its_maker_and_not_contradict_itself() {
    let (trial, key) = trial();
    let other = Key::new();
    let mut nameless = Draft::new(now());
    nameless.issuer = false;
    trial.expect(
        &key.message(&nameless, &signed_payload()),
        "Rejected/NotASignature",
        "does not name the key",
    );
    trial.expect_verified(&key.message(&nameless.clone().hashed(33, &fingerprint_of(&key)), &signed_payload()));
    let draft = Draft::new(now()).hashed(33, &fingerprint_of(&other));
    trial.expect(&key.message(&draft, &signed_payload()), BAD, "contradicts");
    let draft = Draft::new(now()).hashed(16, &other.key_id());
    trial.expect(
        &key.message(&draft, &signed_payload()),
        BAD,
        "two different issuer key IDs",
    );
    let draft = Draft::new(now()).hashed(33, &[&[6], &[1; 32][..]].concat());
    trial.expect(
        &key.message(&draft, &signed_payload()),
        "Unsupported/UnsupportedSignature",
        "version 6",
    );
}

#[test]
fn what_is_critical_and_unknown_is_refused_and_named() {
    let (trial, key) = trial();
    let notation = |name: &str| {
        let lengths = [u8::try_from(name.len()).unwrap(), 0, 1];
        [&[0x80, 0, 0, 0, 0], &lengths[..], name.as_bytes(), b"x"].concat()
    };
    let blob = |kind: u8, body: &[u8]| key.message(&Draft::new(now()).hashed(kind, body), &signed_payload());
    trial.expect(
        &blob(0x80 | 20, &notation("n@example.com")),
        BAD,
        "critical notation (n@example.com)",
    );
    trial.expect(&blob(0x80 | 101, b"x"), BAD, "critical subpacket of type 101");
    // The name in the message is safe to print.
    trial.expect(
        &blob(0x80 | 20, &notation("\u{1b}[31m")),
        BAD,
        "critical notation (?[31m)",
    );
    // Not critical: nobody has to understand it.
    trial.expect_verified(&blob(20, &notation("n@example.com")));
    trial.expect_verified(&blob(101, b"x"));
    // Critical and known, such as the creation time itself.
    trial.expect_verified(&blob(0x80 | 26, b"https://example.com/policy"));
    trial.expect_verified(&blob(0x80 | 20, &notation("preferred-email-encoding@pgp.com")));
    // Who adds something to what is not signed says no more than who signs it.
    let draft = Draft::new(now()).unhashed(0x80 | 20, &notation("n@example.com"));
    trial.expect(&key.message(&draft, &signed_payload()), BAD, "n@example.com");
}

/// gpg's "general error" has several causes; each is named.
#[test]
fn a_digest_that_does_not_go_with_the_key_is_named() {
    let signer = Signer::new();
    let payload = signed_payload();
    for (algorithm, digest, hash, name) in [
        (
            "nistp384",
            "SHA384",
            8,
            "SHA256 is too short a digest for a key of nistp384",
        ),
        (
            "nistp521",
            "SHA512",
            9,
            "SHA384 is too short a digest for a key of nistp521",
        ),
        (
            "nistp256",
            "SHA256",
            11,
            "SHA224 is too short a digest for a key of nistp256",
        ),
        (
            "dsa2048",
            "SHA256",
            11,
            "SHA224 is too short a digest for a key of dsa2048",
        ),
    ] {
        let key = signer.key(algorithm, algorithm, "sign", "never");
        let trial = Trial::with_keys(&signer.gpg(&["--export", &key], b""));
        let signed = signer.gpg(&["-u", &key, "--digest-algo", digest, "--detach-sign"], &payload);
        trial.expect_verified(&message(&signed, &key, &payload));
        let mut altered = body(&signed);
        altered[3] = hash;
        let signature = packet(2, &altered);
        trial.expect(&message(&signature, &key, &payload), BAD, name);
        // A number for another algorithm than the key's.
        altered[2] = 1;
        altered[3] = body(&signed)[3];
        let unhashed = 6 + usize::from(u16::from_be_bytes([altered[4], altered[5]]));
        let end = unhashed + 2 + usize::from(u16::from_be_bytes([altered[unhashed], altered[unhashed + 1]]));
        altered.truncate(end + 2);
        let signature = packet(2, &[&altered[..], &[0, 1, 1]].concat());
        trial.expect(&message(&signature, &key, &payload), BAD, "does not match that key");
    }
    // A digest that is longer than the key.
    let key = Key::with(512, crate::support::forge::then());
    let trial = Trial::with_keys(&key.certificate("Short <short@example.com>"));
    let mut altered = body(&key.sign(&Draft::new(now()), &payload));
    altered[3] = 10;
    let blob = [
        one_pass(0, 10, 1, key.key_id()),
        literal(b'b', &payload),
        packet(2, &altered),
    ]
    .concat();
    trial.expect(&blob, "Rejected/WeakAlgorithm", "rsa512");
}

/// GnuPG's `auto-key-import` would take the key out of the signature.
#[test]
fn a_key_inside_the_signature_is_refused() {
    let (trial, _) = trial();
    let stranger = Key::new();
    let certificate = stranger.certificate("Release <release@example.com>");
    let key_block = [&[0], &certificate[..]].concat();
    for draft in [
        Draft::new(now()).unhashed(38, &key_block),
        Draft::new(now()).hashed(38, &key_block),
    ] {
        let blob = stranger.message(&draft, &signed_payload());
        trial.expect(&blob, BAD, "a key of its own");
    }
}

#[test]
fn signatures_that_are_not_over_documents_are_refused() {
    let (trial, key) = trial();
    for class in [0x02, 0x10, 0x13, 0x18, 0x19, 0x1f, 0x20, 0x30, 0x40, 0x50, 0xff] {
        for version in [3, 4] {
            let draft = Draft::new(now()).class(class).version(version);
            trial.expect(&key.message(&draft, &signed_payload()), BAD, "not one over a document");
        }
    }
}

/// A key signs releases, commits and mails too; anybody may put what it signed there into an image.
#[test]
fn what_a_key_signed_for_something_else_is_no_signature_of_an_image() {
    let (trial, key) = trial();
    let payload = String::from_utf8(signed_payload()).unwrap();
    let tag = format!("object 83baae61804e65cc73a7201a7252750c76066a30\ntype commit\ntag v1\n\n{payload}\n");
    let release = format!("Origin: Example\nSuite: stable\nSHA256:\n {D1} 1 main/binary-amd64/Packages\n");
    let mail = format!("Content-Type: application/json\r\n\r\n{payload}\r\n");
    let statement = format!("{{\"_type\":\"https://in-toto.io/Statement/v1\",\"predicate\":{payload}}}");
    for document in [
        tag,
        release,
        mail,
        statement,
        format!("[{payload}]"),
        D1.to_owned(),
        String::new(),
    ] {
        let blob = key.message(&Draft::new(now()), document.as_bytes());
        trial.expect(&blob, "Rejected/MalformedPayload", "");
    }
    // Nor has a detached signature, as most of these are, anything that it is over.
    let detached = key.sign(&Draft::new(now()), payload.as_bytes());
    let verdict = trial.judge(&detached);
    assert!(
        verdict.starts_with("Rejected/") && !verdict.contains("Payload"),
        "{verdict}"
    );
    trial.expect_verified(&key.message(&Draft::new(now()), payload.as_bytes()));
}

#[test]
fn altered_data_and_altered_signatures_are_bad() {
    let (trial, key) = trial();
    let payload = signed_payload();
    let signature = key.sign(&Draft::new(now()), &payload);
    let blob = |payload: &[u8], signature: &[u8]| {
        [
            one_pass(0, 8, 1, key.key_id()),
            literal(b'b', payload),
            packet(2, &body(signature)),
        ]
        .concat()
    };
    trial.expect_verified(&blob(&payload, &signature));
    let mut altered = payload.clone();
    altered[40] ^= 1;
    let maker = &key.fingerprint()[24..];
    let said = format!("the signature by Release <release@example.com> ({maker}) does not fit the signed data");
    trial.expect(&blob(&altered, &signature), BAD, &said);
    trial.expect(&blob(&payload[..payload.len() - 1], &signature), BAD, "does not fit");
    trial.expect(&blob(b"", &signature), BAD, "does not fit");
    let mut altered = signature;
    *altered.last_mut().unwrap() ^= 1;
    trial.expect(&blob(&payload, &altered), BAD, "does not fit");
}

#[test]
fn an_unknown_maker_is_named_by_what_the_signature_says() {
    let (trial, _) = trial();
    let stranger = Key::new();
    let id = stranger.fingerprint()[24..].to_owned();
    trial.expect(
        &stranger.message(&Draft::new(now()), &signed_payload()),
        "Rejected/UnknownKey",
        &id,
    );
    // Another key of the same ID, were there one, must not be taken: the signature is what counts.
    let claim = stranger.message(&Draft::new(now()), &signed_payload());
    let outcome = trial.run(&[&claim], &[]);
    assert!(outcome.item()["signatures"][0]["signer"].is_null());
}

/// A signature packet with its numbers replaced: those of `edit`, which is given octets.
fn renumbered(signature: &[u8], edit: impl Fn(usize, &[u8]) -> Vec<u8>) -> Vec<u8> {
    let body = body(signature);
    let two = |at: usize| usize::from(u16::from_be_bytes([body[at], body[at + 1]]));
    let hashed = 6 + two(4);
    let at = hashed + 2 + two(hashed) + 2;
    let (head, mut rest) = body.split_at(at);
    let mut out = head.to_vec();
    let mut count = 0;
    while let [a, b, more @ ..] = rest {
        let (number, after) = more.split_at(usize::from(u16::from_be_bytes([*a, *b])).div_ceil(8));
        let edited = edit(count, number);
        out.extend(u16::try_from(edited.len() * 8).unwrap().to_be_bytes());
        out.extend(edited);
        (rest, count) = (after, count + 1);
    }
    packet(2, &out)
}

/// GnuPG 2.4 ends without an answer at an empty number, and reads those of EdDSA as strings of a fixed length.
#[test]
fn numbers_that_versions_of_gnupg_read_differently_are_refused() {
    let signer = Signer::new();
    for (algorithm, count) in [("ed25519", 2), ("nistp256", 2), ("dsa2048", 2), ("rsa2048", 1)] {
        let key = signer.key(algorithm, algorithm, "sign", "never");
        let trial = Trial::with_keys(&signer.gpg(&["--export", &key], b""));
        let signature = signer.detach_sign(&key, &signed_payload());
        let blob =
            |edit: &dyn Fn(usize, &[u8]) -> Vec<u8>| message(&renumbered(&signature, edit), &key, &signed_payload());
        trial.expect_verified(&blob(&|_, number| number.to_vec()));
        for changed in 0..count {
            let changing = |by: &dyn Fn(&[u8]) -> Vec<u8>| {
                blob(&|at, number| if at == changed { by(number) } else { number.to_vec() })
            };
            trial.expect(&changing(&|_| Vec::new()), BAD, "is empty");
            trial.expect(&changing(&|_| vec![0]), BAD, "");
            if algorithm == "ed25519" {
                let padded = changing(&|number| [vec![0; 33 - number.len()], number.to_vec()].concat());
                trial.expect(&padded, BAD, "33 octets");
            }
        }
    }
}
