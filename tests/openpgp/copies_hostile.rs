// SPDX-License-Identifier: Apache-2.0
//! Copies of a key that somebody has made to hide it, to slow its reading, or to leave out what counts.

use std::time::{Duration, Instant};

use super::copies::{armor, by_files, by_keyring, nameless, orders, VERIFIED};
use super::keys::{signed, signed_at, DAY, OWNER, REVOKED};
use super::trial::Trial;
use crate::support::forge::{now, Draft, Key, CERTIFY, SIGN};
use crate::support::packets::packet;

#[test]
fn packets_that_gpg_stumbles_over_hide_no_key() {
    let (key, other) = (Key::new(), Key::new());
    let good = key.certificate(OWNER);
    let revoked = [key.packet(), key.revocation_of(&key, &Draft::new(now() - DAY))].concat();
    for strange in [
        packet(13, &[b'x'; 3000]),
        packet(14, &[4, 1, 2, 3, 4, 1, 0xff, 0xff, 1]),
        packet(14, &[9; 40]),
        packet(2, &[4, 0x13, 1]),
        packet(2, &[6; 60]),
        packet(17, &[1; 100]),
        packet(60, b"private"),
        packet(12, b"trust"),
        packet(
            2,
            &[&[4, 0x13, 1, 8, 0x75, 0x40][..], &[0; 30016], &[0, 0, 1, 2, 0, 8, 3]].concat(),
        ),
    ] {
        let copy = [good.clone(), strange.clone()].concat();
        let all = [copy, other.certificate("Other")].concat();
        by_files(std::slice::from_ref(&all), &signed(&key)).expect_verdict(0, VERIFIED);
        by_files(std::slice::from_ref(&all), &signed(&other)).expect_verdict(0, VERIFIED);
        by_files(&[[all, revoked.clone()].concat()], &signed(&key)).expect_verdict(1, REVOKED);
    }
}

/// Anybody can add signatures to a copy that they hand on.
#[test]
fn a_flooded_copy_costs_no_minutes_and_changes_nothing() {
    let (key, stranger) = (Key::new(), Key::new());
    let good = key.certificate(OWNER);
    // Well formed, with late dates and random numbers.
    let forged = |class: u8, n: u32, by: &Key| {
        let draft = Draft::new(now() - 1000 + i64::from(n % 900)).class(class).named(by);
        let mut bytes = stranger.sign_body(&draft, &n.to_be_bytes());
        let end = bytes.len();
        bytes[end - 4..].copy_from_slice(&n.to_be_bytes());
        packet(2, &bytes)
    };
    let flood = |class: u8, count: u32, by: &Key| (0..count).map(|n| forged(class, n, by)).collect::<Vec<_>>().concat();
    let copies = [
        [key.packet(), packet(13, OWNER.as_bytes()), flood(0x13, 600, &key)].concat(),
        [key.packet(), packet(13, OWNER.as_bytes()), flood(0x10, 600, &stranger)].concat(),
        [key.packet(), flood(0x20, 600, &key)].concat(),
        [key.packet(), flood(0x1f, 600, &key)].concat(),
    ];
    for copy in copies {
        let begin = Instant::now();
        for order in orders(&[good.clone(), copy]) {
            by_files(&order, &signed(&key)).expect_verdict(0, VERIFIED);
        }
        assert!(begin.elapsed() < Duration::from_secs(20), "{:?}", begin.elapsed());
    }
    // A true revocation is found among them.
    let revocation = key.revocation_of(&key, &Draft::new(key.created + 10));
    let copy = [key.packet(), flood(0x20, 600, &key), revocation].concat();
    by_files(&[good, copy], &signed(&key)).expect_verdict(1, REVOKED);
}

/// Of too many signatures that look like the key's own some are left out: that none of the others holds is not knowledge.
#[test]
fn a_key_whose_signatures_were_left_out_is_not_unknown() {
    let key = Key::new();
    by_keyring(&[key.flooded(OWNER)], &signed(&key)).expect_verdict(3, "Unchecked/EngineFailed");
}

#[test]
fn a_key_over_the_limit_is_a_mistake_that_is_named() {
    let key = Key::new();
    let large: Vec<u8> = (0..600_u32)
        .flat_map(|n| {
            key.user_id(
                &format!("{n:0>1900}"),
                &key,
                &Draft::certification(&key).flags(CERTIFY | SIGN),
            )
        })
        .collect();
    by_files(&[[key.certificate(OWNER), large].concat()], &signed(&key)).expect_usage("more than 1048576 bytes");
}

#[test]
fn a_revocation_whose_key_is_nowhere_is_named_and_alone_it_is_no_key_file() {
    let (key, other) = (Key::new(), Key::new());
    let revocation = other.revocation_of(&other, &Draft::new(now() - DAY));
    let outcome = by_files(
        &[[armor(&key.certificate(OWNER)), armor(&revocation)].concat()],
        &signed(&key),
    );
    let outcome = outcome.expect_verdict(0, VERIFIED);
    let id = &other.fingerprint()[24..];
    assert!(
        outcome.stderr.contains(id) && outcome.stderr.contains("revocation"),
        "{outcome:#?}"
    );
    by_files(&[key.certificate(OWNER), revocation.clone()], &signed(&key))
        .expect_usage("revocations of keys that are not here");
    by_files(&[revocation], &signed(&key)).expect_usage("revocations of keys that are not here");
    // What belongs to a key of another file is of use.
    let own = nameless(&key, &[]);
    let outcome = by_files(&[key.certificate(OWNER), own.clone()], &signed(&key)).expect_verdict(0, VERIFIED);
    assert!(!outcome.stderr.contains("warning"), "{outcome:#?}");
    by_files(&[own], &signed(&key)).expect_usage("self-signature");
}

#[test]
fn other_blocks_are_skipped_and_named() {
    let key = Key::new();
    let (trial, signer, _) = Trial::with_signer();
    drop(trial);
    let name = signer.fingerprints("release@example.com")[0].clone();
    let armored = |args: &[&str]| signer.gpg(&[&["--armor", "-u", &name], args].concat(), b"text\n");
    for (other, said) in [
        (armored(&["--detach-sign"]), "a signature over data"),
        (armored(&["--sign"]), "a message"),
        (armored(&["--clear-sign"]), "a signed text"),
    ] {
        let own = armor(&key.certificate(OWNER));
        for order in orders(&[own, other]) {
            let outcome = by_files(&[order.concat()], &signed(&key)).expect_verdict(0, VERIFIED);
            assert!(outcome.stderr.contains(said), "{said}: {outcome:#?}");
        }
    }
    // Binary, the signature at the end.
    let detached = signer.detach_sign(&name, b"x");
    let outcome = by_files(&[[key.certificate(OWNER), detached].concat()], &signed(&key)).expect_verdict(0, VERIFIED);
    assert!(outcome.stderr.contains("a signature over data"), "{outcome:#?}");
}

/// What is in a key is not gone through for each signature again, nor for each that is in the key.
#[test]
fn thousands_of_signatures_by_others_cost_seconds_however_many_are_judged() {
    let (key, stranger) = (Key::new(), Key::new());
    let certificate = key.certificate(OWNER);
    let (begin, user_id) = certificate.split_at(key.packet().len());
    let flood = |class: u8, count: u32| {
        let draft = Draft::new(now() - DAY).class(class).hashed(16, &stranger.key_id());
        let mut body = stranger.sign_body(&draft, &key.hashed());
        let end = body.len();
        let forged = (0..count).flat_map(|n| {
            body[end - 4..].copy_from_slice(&n.to_be_bytes());
            packet(2, &body)
        });
        forged.collect::<Vec<u8>>()
    };
    let blobs: Vec<Vec<u8>> = (0..50).map(|n| signed_at(&key, now() - 3600 - n)).collect();
    let blobs: Vec<&[u8]> = blobs.iter().map(Vec::as_slice).collect();
    for keys in [
        [begin, &flood(0x20, 4000), user_id].concat(),
        [begin, user_id, &flood(0x10, 45_000)].concat(),
    ] {
        let trial = Trial::with_keys(&keys);
        let begun = Instant::now();
        trial.run(&blobs, &[]).expect(0);
        // Minutes, where each was gone through for each: no machine is so busy.
        assert!(begun.elapsed() < Duration::from_secs(90), "{:?}", begun.elapsed());
    }
}

/// GnuPG loses its place in a long key of an algorithm that it does not know: such a key is not given to it.
#[test]
fn a_long_key_of_an_unknown_algorithm_spoils_no_other() {
    let key = Key::new();
    for length in [100, 4000, 20_000, 60_000] {
        let unknown = [&[4, 0x5f, 0, 0, 0, 99][..], &vec![0x55; length]].concat();
        let unknown = [packet(6, &unknown), packet(13, b"Junk")].concat();
        for file in orders(&[key.certificate(OWNER), unknown]) {
            by_files(&[file.concat()], &signed(&key)).expect_verdict(0, VERIFIED);
        }
    }
}
