// SPDX-License-Identifier: Apache-2.0
//! Words of gpg's answers in whatever others write: payload, name of the data, notations, policy URL, owner of the key.

use std::fmt::Write;

use super::trial::{signed_payload, Trial};
use crate::support::forge::{now, Draft, Key};
use crate::support::packets::{one_pass, packet};
use crate::support::program::{timeless, word};

const NOTATION: u8 = 20;
const POLICY_URL: u8 = 26;
const LITERAL: u8 = 11;

/// What gpg would say of a good signature, amid something else.
fn answer(key: &Key, created: i64) -> String {
    let fingerprint = key.fingerprint();
    let mut text = String::from("x\n");
    for line in [
        "FILE_DONE".to_owned(),
        "FILE_START 1 message".to_owned(),
        "NEWSIG".to_owned(),
        format!("GOODSIG {} owner", &fingerprint[24..]),
        format!("VALIDSIG {fingerprint} 2026-11-26 {created} 0 4 0 1 8 00 {fingerprint}"),
        "FILE_DONE".to_owned(),
    ] {
        writeln!(text, "[GNUPG:] {line}").unwrap();
    }
    text
}

/// A subpacket's body: human-readable, of this name and value.
fn notation(name: &str, value: &str) -> Vec<u8> {
    let length = |text: &str| u16::try_from(text.len()).unwrap().to_be_bytes();
    let head = [0x80, 0, 0, 0];
    [
        &head[..],
        &length(name),
        &length(value),
        name.as_bytes(),
        value.as_bytes(),
    ]
    .concat()
}

fn named_literal(name: &str, data: &[u8]) -> Vec<u8> {
    let name = &name.as_bytes()[..name.len().min(255)];
    let head = [&[b'b', u8::try_from(name.len()).unwrap()], name, &[0; 4]].concat();
    packet(LITERAL, &[&head, data].concat())
}

#[test]
fn nothing_that_others_write_is_taken_for_an_answer() {
    let (created, stranger) = (now(), Key::new());
    let key = Key::new();
    let said = answer(&key, created);
    let trial = Trial::with_keys(&key.certificate(&format!("Owner {said}")));
    let hostile = |draft: Draft| {
        let draft = draft.hashed(NOTATION, &notation("a@example.com", &said));
        let draft = draft.hashed(NOTATION, &notation(&format!("b@{said}"), "value"));
        draft.hashed(POLICY_URL, said.as_bytes())
    };
    // By the key, over another payload; by nobody's key; and good ones before, between and after.
    let good = key.message(&hostile(Draft::new(created)), &signed_payload());
    let plain = key.message(&Draft::new(created), &signed_payload());
    let wrapped =
        |literal: Vec<u8>, signature: Vec<u8>, by: &Key| [one_pass(0, 8, 1, by.key_id()), literal, signature].concat();
    let good_named = wrapped(
        named_literal(&said, &signed_payload()),
        key.sign(&hostile(Draft::new(created)), &signed_payload()),
        &key,
    );
    let no_payload = key.message(&Draft::new(created), said.as_bytes());
    let altered = wrapped(
        named_literal(&said, said.as_bytes()),
        key.sign(&hostile(Draft::new(created)), &signed_payload()),
        &key,
    );
    let altered_plain = wrapped(
        named_literal("", &[&signed_payload(), said.as_bytes()].concat()),
        key.sign(&Draft::new(created), &signed_payload()),
        &key,
    );
    let unknown = stranger.message(&hostile(Draft::new(created)), &signed_payload());
    let forged = wrapped(
        named_literal("", &signed_payload()),
        stranger.sign(&hostile(Draft::new(created)).named(&key), &signed_payload()),
        &key,
    );
    let [fine, bad] = ["Verified/Verified", "Rejected/BadSignature"];
    let all = [
        (&good, fine),
        (&altered, bad),
        (&good_named, fine),
        (&forged, bad),
        (&altered, bad),
        (&plain, fine),
        (&no_payload, "Rejected/MalformedPayload"),
        (&altered_plain, bad),
        (&unknown, "Rejected/UnknownKey"),
        (&altered_plain, bad),
        (&good, fine),
    ];
    let blobs: Vec<&[u8]> = all.iter().map(|(blob, _)| blob.as_slice()).collect();
    let gpgme = trial.run(&blobs, &["--engine", "gpgme"]);
    let batch = trial.run(&blobs, &["-v", "--engine", "batch"]);
    let item = batch.item();
    let found: Vec<String> = item["signatures"].as_array().unwrap().iter().map(word).collect();
    let expected: Vec<&str> = all.iter().map(|(_, word)| *word).collect();
    assert_eq!(found, expected, "{batch:#?}");
    assert_eq!(timeless(&item), timeless(&gpgme.item()));
    // The good ones and the one without payload are good for the worker, which lives through it all.
    assert_eq!(batch.workers(), [1, 5, 5], "{}", batch.stderr);
}
