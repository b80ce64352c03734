// SPDX-License-Identifier: Apache-2.0
//! Revocations that gpg passes over without a word, and signatures that stand at the wrong place in a key.

use super::altered::{certification, ending, expect_everywhere, over_name};
use super::copies::{armor, armor_as, by_files, by_keyring, expect, VERIFIED};
use super::keys::{signed, DAY, OWNER, REVOKED};
use super::system::FAILED;
use crate::support::forge::{now, Draft, Key, CERTIFY, MD5, RIPEMD160, SIGN};
use crate::support::packets::packet;

/// A digest that no GnuPG has (RFC 9580 section 9.5).
const SHA3_256: u8 = 12;

#[test]
fn a_revocation_over_a_digest_that_gpg_does_not_take_is_not_passed_over() {
    let (key, subkey, revoker) = (Key::new(), Key::new(), Key::new());
    let user_id = key.user_id(OWNER, &key, &Draft::certification(&key).flags(CERTIFY | SIGN));
    let designation = key.direct(&Draft::new(key.created).hashed(12, &revoker.as_revoker()));
    for (hash, name) in [(MD5, "MD5"), (SHA3_256, "SHA3-256")] {
        let at = Draft::new(now() - DAY).hash(hash);
        let of_key = [key.packet(), key.revocation_of(&key, &at), user_id.clone()].concat();
        let by_other = [
            key.packet(),
            designation.clone(),
            revoker.revocation_of(&key, &at),
            user_id.clone(),
            revoker.certificate("Revoker <revoker@example.com>"),
        ];
        let of_subkey = [
            key.certificate(OWNER),
            key.subkey(&subkey, &Draft::binding(&subkey)),
            key.revoke_subkey_with(&subkey, &at),
        ];
        for run in [by_files, by_keyring] {
            for (keys, blob) in [
                (&of_key, signed(&key)),
                (&by_other.concat(), signed(&key)),
                (&of_subkey.concat(), signed(&subkey)),
            ] {
                let outcome = run(std::slice::from_ref(keys), &blob).expect_verdict(3, FAILED);
                let why = format!("is said to be revoked with {name}");
                assert!(outcome.stdout.contains(&why), "{outcome:#?}");
            }
            // So in a copy beside one without.
            let copies = [key.certificate(OWNER), of_key.clone()];
            run(&copies, &signed(&key)).expect_verdict(3, FAILED);
            // That of a subkey says nothing of the key, and one that names a stranger nothing at all.
            run(&[of_subkey.concat()], &signed(&key)).expect_verdict(0, VERIFIED);
            let of_stranger = at.clone().hashed(16, &revoker.key_id());
            let foreign = [key.packet(), revoker.revocation_of(&key, &of_stranger), user_id.clone()].concat();
            run(&[foreign], &signed(&key)).expect_verdict(0, VERIFIED);
        }
    }
}

/// GnuPG 2.2 goes by the key ID and 2.4 by the fingerprint.
#[test]
fn a_revocation_that_names_two_makers_is_not_passed_over() {
    let (key, stranger) = (Key::new(), Key::new());
    let fingerprint = |key: &Key| [&[4][..], &key.as_revoker()[2..]].concat();
    let user_id = key.user_id(OWNER, &key, &Draft::certification(&key).flags(CERTIFY | SIGN));
    for (by_id, by_fingerprint) in [(&key, &stranger), (&stranger, &key)] {
        let draft = Draft::new(now() - DAY).hashed(33, &fingerprint(by_fingerprint));
        let draft = draft.hashed(16, &by_id.key_id());
        let revoked = [key.packet(), key.revocation_of(&key, &draft), user_id.clone()].concat();
        for run in [by_files, by_keyring] {
            let verdict = run(std::slice::from_ref(&revoked), &signed(&key)).verdict();
            assert!([REVOKED, FAILED].contains(&&verdict[..]), "{verdict}");
        }
    }
}

#[test]
fn bindings_and_revocations_at_the_wrong_place_count() {
    let (key, subkey) = (Key::new(), Key::new());
    let bound = key.subkey(&subkey, &Draft::binding(&subkey));
    let (packet_of_subkey, binding) = bound.split_at(packet(14, &subkey.body()).len());
    let certificate = key.certificate(OWNER);
    let moved = [&certificate[..], binding, packet_of_subkey].concat();
    expect(&[moved], &signed(&subkey), VERIFIED);
    let revocation = key.revoke_subkey(&subkey, 2, now() - DAY);
    let revoked = [&certificate[..], &revocation, &bound].concat();
    expect(std::slice::from_ref(&revoked), &signed(&subkey), REVOKED);
    // Anybody can add names.
    let names: Vec<u8> = (0..1100)
        .flat_map(|n| packet(13, format!("Name {n}").as_bytes()))
        .collect();
    let copy = [key.packet(), names.clone()].concat();
    by_files(&[revoked.clone(), copy.clone()], &signed(&subkey)).expect_verdict(1, REVOKED);
    by_keyring(&[revoked.clone(), copy], &signed(&subkey)).expect_verdict(1, REVOKED);
    by_keyring(&[[revoked, names].concat()], &signed(&subkey)).expect_verdict(1, REVOKED);
}

/// What a revocation at the wrong place is over is told by its digest, of which one is not computed here.
#[test]
fn a_revocation_at_the_wrong_place_is_lost_neither_for_its_digest_nor_among_others() {
    let (key, subkey, other, stranger) = (Key::new(), Key::new(), Key::new(), Key::new());
    let bound = [&other, &subkey].map(|subkey| key.subkey(subkey, &Draft::binding(subkey)));
    let bound = bound.concat();
    let user_id = key.user_id(OWNER, &key, &Draft::certification(&key).flags(CERTIFY | SIGN));
    let by_ripemd = key.revoke_subkey_with(&subkey, &Draft::new(now() - DAY).hash(RIPEMD160));
    for run in [by_files, by_keyring] {
        let revoked = [key.packet(), by_ripemd.clone(), user_id.clone(), bound.clone()].concat();
        let plain = [key.packet(), user_id.clone(), bound.clone()].concat();
        let apart = [key.packet(), by_ripemd.clone()].concat();
        for copies in [vec![revoked], vec![plain, apart]] {
            run(&copies, &signed(&subkey)).expect_verdict(1, REVOKED);
            run(&copies, &signed(&other)).expect_verdict(0, VERIFIED);
        }
    }
    let data = [key.hashed(), subkey.hashed()].concat();
    let forged = |n: i64| stranger.sign(&Draft::new(key.created - n).class(0x28).named(&key), &data);
    let revocation = key.revoke_subkey(&subkey, 2, now() - DAY);
    for (count, status, verdict) in [(60, 1, REVOKED), (64, 3, FAILED)] {
        let strays = (0..count).map(forged).collect::<Vec<_>>().concat();
        let all = [key.packet(), strays, revocation.clone(), user_id.clone(), bound.clone()].concat();
        for run in [by_files, by_keyring] {
            run(std::slice::from_ref(&all), &signed(&subkey)).expect_verdict(status, verdict);
        }
    }
}

/// GnuPG takes no keys from armour that calls itself something else. What stands there is not passed over for that.
#[test]
fn a_key_under_the_header_line_of_something_else_hides_no_revocation() {
    let (key, other) = (Key::new(), Key::new());
    let certificate = key.certificate(OWNER);
    let revocation = key.revocation_of(&key, &Draft::new(now() - DAY));
    let revoked = [key.packet(), revocation.clone()].concat();
    let begun = |tag: u8, body: &[u8]| [&packet(tag, body)[..], &certificate].concat();
    let of_other = [revocation.clone(), other.certificate("Other")].concat();
    let blob = signed(&key);
    for label in ["MESSAGE", "SIGNATURE", "ARMORED FILE"] {
        for content in [&revoked, &certificate, &begun(10, b"PGP"), &begun(13, b"x"), &of_other] {
            let file = [armor(&certificate), armor_as(label, content)].concat();
            by_files(&[file], &blob).expect_usage("has a header line that is not that of a key");
        }
        for content in [&certificate, &begun(10, b"PGP"), &begun(13, b"x")] {
            by_files(&[armor_as(label, content)], &blob).expect_usage("header line is not that of a key");
        }
        // A key that has nothing to do with it is left out, and a revocation by itself counts.
        let file = [armor(&certificate), armor_as(label, &other.certificate("Other"))].concat();
        let outcome = by_files(&[file], &blob).expect_verdict(0, VERIFIED);
        assert!(outcome.stderr.contains("another header line"), "{outcome:#?}");
        let file = [armor(&certificate), armor_as(label, &revocation)].concat();
        by_files(&[file], &blob).expect_verdict(1, REVOKED);
    }
}

/// Whoever hands a key on can take away or change whom a signature names where that is not covered.
#[test]
fn a_revocation_that_gpg_passes_over_counts_whomever_it_names() {
    let (key, subkey, revoker, stranger) = (Key::new(), Key::new(), Key::new(), Key::new());
    let user_id = key.user_id(OWNER, &key, &Draft::certification(&key).flags(CERTIFY | SIGN));
    let designation = key.direct(&Draft::new(key.created).hashed(12, &revoker.as_revoker()));
    let theirs = revoker.certificate("Revoker <revoker@example.com>");
    let begin = [key.packet(), designation, user_id.clone()].concat();
    let bound = key.subkey(&subkey, &Draft::binding(&subkey));
    let data = [key.hashed(), subkey.hashed()].concat();
    let at = Draft::new(now() - DAY);
    let nobodys = Draft {
        issuer: false,
        ..at.clone()
    };
    for draft in [nobodys, at.named(&stranger)] {
        let odd = draft.clone().hash(SHA3_256);
        let of_key = [key.packet(), key.revocation_of(&key, &odd), user_id.clone()].concat();
        let of_subkey = [
            key.certificate(OWNER),
            bound.clone(),
            key.revoke_subkey_with(&subkey, &odd),
        ]
        .concat();
        let by_other = [begin.clone(), revoker.revocation_of(&key, &odd), theirs.clone()].concat();
        let revoked = revoker.sign(&draft.class(0x28).hashed(29, &[2]), &data);
        let of_subkey_by_other = [begin.clone(), bound.clone(), revoked, theirs.clone()].concat();
        for run in [by_files, by_keyring] {
            for (keys, by) in [
                (&of_key, &key),
                (&of_subkey, &subkey),
                (&by_other, &key),
                (&of_subkey_by_other, &subkey),
            ] {
                run(std::slice::from_ref(keys), &signed(by)).expect_verdict(3, FAILED);
            }
            run(std::slice::from_ref(&of_subkey), &signed(&key)).expect_verdict(0, VERIFIED);
        }
    }
}

/// LibrePGP has signatures of version 5, which GnuPG 2.4 reads and 2.2 does not.
#[test]
fn a_revocation_of_a_version_that_not_every_gpg_reads_is_not_passed_over() {
    let (key, subkey) = (Key::new(), Key::new());
    let user_id = key.user_id(OWNER, &key, &certification(&key));
    let at = Draft::new(now() - DAY).version(5);
    let of_key = [key.packet(), key.revocation_of(&key, &at), user_id.clone()].concat();
    let of_subkey = [
        key.certificate(OWNER),
        key.subkey(&subkey, &Draft::binding(&subkey)),
        key.revoke_subkey_with(&subkey, &at),
    ];
    let ended = [
        key.certificate(OWNER),
        key.sign(&ending(&key).version(5), &over_name(&key, OWNER)),
    ];
    for (keys, by) in [(of_key, &key), (of_subkey.concat(), &subkey), (ended.concat(), &key)] {
        expect_everywhere(std::slice::from_ref(&keys), &signed(by), FAILED);
        // In a copy beside a good one.
        expect_everywhere(&[key.certificate(OWNER), keys], &signed(&key), FAILED);
    }
    // One that takes nothing away is none of ours.
    let more = key.sign(&certification(&key).version(5), &over_name(&key, OWNER));
    expect_everywhere(&[[key.certificate(OWNER), more].concat()], &signed(&key), VERIFIED);
}

/// gpg loses it there.
#[test]
fn a_subkey_revocation_that_stands_with_another_key_or_none_counts() {
    let (key, subkey, other) = (Key::new(), Key::new(), Key::new());
    let bound = |own: &Key| key.subkey(own, &Draft::binding(own));
    let whole = [key.certificate(OWNER), bound(&subkey), bound(&other)].concat();
    let strangers = Key::new().certificate("Other <other@example.com>");
    let revocation = key.revoke_subkey(&subkey, 2, now() - DAY);
    for files in [
        vec![[revocation.clone(), whole.clone()].concat()],
        vec![[&whole[..], &strangers, &revocation].concat()],
        vec![whole.clone(), [&strangers[..], &revocation].concat()],
        vec![revocation, whole],
    ] {
        by_files(&files, &signed(&subkey)).expect_verdict(1, REVOKED);
        for by in [&key, &other] {
            by_files(&files, &signed(by)).expect_verdict(0, VERIFIED);
        }
    }
}

/// Of version 3, where its first octets are changed: as one over data, and where it stands before the keys.
#[test]
fn an_old_revocation_that_looks_like_something_else_is_not_passed_over() {
    // Read as one of version 4, the time has the length of what is covered.
    let (key, at) = (Key::with(2048, 0x6000_0000), 0x6900_0521);
    let whole = key.certificate(OWNER);
    let blob = signed(&key);
    by_files(std::slice::from_ref(&whole), &blob).expect_verdict(0, VERIFIED);
    let revocation = key.sign(&Draft::new(at).version(3).class(0x20), &key.hashed());
    let altered = |version: u8, length: u8| {
        let mut own = revocation.clone();
        // A header of six octets is before it.
        own[6..8].copy_from_slice(&[version, length]);
        if version == 4 {
            own[17..19].copy_from_slice(&[0, 0]);
        }
        own
    };
    for (revocation, is_first) in [
        (altered(4, 0), false),
        (altered(4, 1), false),
        (altered(4, 0), true),
        (altered(9, 5), true),
    ] {
        let parts = if is_first {
            [&revocation, &whole]
        } else {
            [&whole, &revocation]
        };
        by_files(&[parts.map(Vec::as_slice).concat()], &blob).expect_verdict(3, "Unchecked/EngineFailed");
    }
}
