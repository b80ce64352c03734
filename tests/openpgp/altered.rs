// SPDX-License-Identifier: Apache-2.0
//! Octets of a key that no signature covers, and places of packets: whoever hands a key on can change them. They hide nothing
//! that takes trust from the key.

use super::copies::{by_files, by_keyring, VERIFIED};
use super::keys::{signed, DAY, EXPIRED, OWNER, REVOKED};
use super::system::FAILED;
use crate::support::forge::{now, subpacket, Draft, Key, CERTIFY, RIPEMD160, SIGN};
use crate::support::packets::{numbers_at, packet};

const OTHER: &str = "Work <work@example.com>";

/// Named by a key ID with an octet too many, of which gpg takes the first eight.
fn long(draft: Draft, key: &Key) -> Draft {
    let issuer = [&key.key_id()[..], &[0]].concat();
    Draft { issuer: false, ..draft }.unhashed(16, &issuer)
}

/// With other octets where the first two of the digest stand.
pub(super) fn misprefixed(key: &Key, draft: &Draft, data: &[u8]) -> Vec<u8> {
    let mut body = key.sign_body(draft, data);
    let at = numbers_at(&body) - 2;
    body[at] ^= 0x55;
    packet(2, &body)
}

/// A signature of the right form by nobody.
pub(super) fn forged(key: &Key, draft: &Draft, data: &[u8], n: u32) -> Vec<u8> {
    let mut body = key.sign_body(draft, data);
    let end = body.len();
    body[end - 4..].copy_from_slice(&n.to_be_bytes());
    packet(2, &body)
}

pub(super) fn over_name(key: &Key, text: &str) -> Vec<u8> {
    let length = u32::try_from(text.len()).unwrap().to_be_bytes();
    [&key.hashed(), &[0xb4][..], &length, text.as_bytes()].concat()
}

/// A later self-signature by which a key of ten days expires after five.
pub(super) fn ending(key: &Key) -> Draft {
    Draft::new(key.created + DAY)
        .class(0x13)
        .flags(CERTIFY | SIGN)
        .expires_after(9, 5 * DAY)
}

pub(super) fn certification(key: &Key) -> Draft {
    Draft::certification(key).flags(CERTIFY | SIGN)
}

fn designation(key: &Key, revoker: &Key) -> Draft {
    Draft::new(key.created).class(0x1f).hashed(12, &revoker.as_revoker())
}

#[track_caller]
pub(super) fn expect_everywhere(keys: &[Vec<u8>], blob: &[u8], verdict: &str) {
    let status = match verdict.split('/').next() {
        Some("Verified") => 0,
        Some("Unchecked") => 3,
        _ => 1,
    };
    for run in [by_files, by_keyring] {
        run(keys, blob).expect_verdict(status, verdict);
    }
}

#[track_caller]
fn expect_not_verified(keys: &[Vec<u8>], blob: &[u8]) {
    for run in [by_files, by_keyring] {
        let outcome = run(keys, blob);
        assert!(
            [REVOKED, EXPIRED, FAILED].contains(&&outcome.verdict()[..]),
            "{outcome:#?}"
        );
    }
}

/// A file with such a key is refused; of a keyring, which has other keys, nothing is known about this one.
#[track_caller]
fn expect_too_large(keys: &[Vec<u8>], blob: &[u8], by_gpg: &[&str]) {
    by_files(keys, blob).expect_usage("has more than 1048576 bytes");
    let outcome = by_keyring(keys, blob);
    assert!(by_gpg.contains(&&outcome.verdict()[..]), "{outcome:#?}");
}

#[test]
fn a_key_id_with_an_octet_too_many_hides_nothing_that_a_key_says() {
    let (key, revoker) = (Key::new(), Key::new());
    let blob = signed(&key);
    let by_name = |draft: Draft| key.sign(&long(draft, &key), &over_name(&key, OWNER));
    let certificate = key.certificate(OWNER);
    expect_everywhere(&[[certificate.clone(), by_name(ending(&key))].concat()], &blob, EXPIRED);
    let no_sign = Draft::new(key.created + DAY).class(0x13).flags(CERTIFY);
    expect_everywhere(
        &[[certificate.clone(), by_name(no_sign)].concat()],
        &blob,
        "Rejected/WrongKeyUsage",
    );
    let direct = long(Draft::new(key.created).expires_after(9, 5 * DAY), &key);
    let limited = [
        key.packet(),
        key.direct(&direct),
        key.user_id(OWNER, &key, &certification(&key)),
    ];
    expect_everywhere(&[limited.concat()], &blob, EXPIRED);
    let revoked = [
        key.packet(),
        key.direct(&long(designation(&key, &revoker), &key)),
        revoker.revocation_of(&key, &Draft::new(now() - DAY)),
        key.user_id(OWNER, &key, &certification(&key)),
        revoker.certificate("Revoker"),
    ];
    expect_everywhere(&[revoked.concat()], &blob, REVOKED);
    // A renewal counts as well, and the only self-signature.
    let short = certification(&key).expires_after(9, 5 * DAY);
    let renewed = [
        key.certificate_with(OWNER, &short),
        by_name(certification(&key).later_by(DAY)),
    ];
    expect_everywhere(&[renewed.concat()], &blob, VERIFIED);
    let only = [key.packet(), packet(13, OWNER.as_bytes()), by_name(certification(&key))];
    expect_everywhere(&[only.concat()], &blob, VERIFIED);
}

#[test]
fn the_length_in_a_version_3_revocation_does_not_matter() {
    let key = Key::new();
    let draft = Draft::new(now() - DAY).version(3).class(0x20);
    for length in [5, 6, 0] {
        let mut body = key.sign_body(&draft, &key.hashed());
        body[1] = length;
        let user_id = key.user_id(OWNER, &key, &certification(&key));
        expect_everywhere(
            &[[key.packet(), packet(2, &body), user_id].concat()],
            &signed(&key),
            REVOKED,
        );
    }
}

/// The two octets of the digest that stand in a signature tell the honest from garbage, and nothing more.
#[test]
fn altered_octets_of_a_digest_hide_nothing_among_forged_signatures() {
    let (key, subkey, revoker) = (Key::new(), Key::new(), Key::new());
    let blob = signed(&key);
    let user_id = key.user_id(OWNER, &key, &certification(&key));
    let revocation = revoker.revocation_of(&key, &Draft::new(now() - DAY));
    let theirs = revoker.certificate("Revoker");
    let flood = |draft: Draft, data: &[u8], count: u32| {
        let late = |n: u32| forged(&key, &draft.clone().later_by(-i64::from(n)), data, n);
        (0..count).flat_map(late).collect::<Vec<u8>>()
    };
    // Sixty-two that look honest, and two later ones that do not.
    let around = |draft: Draft, data: &[u8]| {
        let late = |n: u32| {
            let mut body = key.sign_body(&draft.clone().later_by(9 * DAY - i64::from(n)), data);
            let at = numbers_at(&body) - 2;
            body[at..at + 2].copy_from_slice(&[0, 0]);
            let end = body.len();
            body[end - 4..].copy_from_slice(&n.to_be_bytes());
            packet(2, &body)
        };
        [flood(draft.clone(), data, 62), late(1), late(2)].concat()
    };
    let plain = Draft::new(key.created).class(0x1f);
    let designated = [
        key.packet(),
        misprefixed(&key, &designation(&key, &revoker), &key.hashed()),
        revocation.clone(),
        around(plain, &key.hashed()),
        user_id.clone(),
        theirs.clone(),
    ];
    expect_everywhere(&[designated.concat()], &blob, REVOKED);
    let name = over_name(&key, OWNER);
    let ended = [
        key.certificate(OWNER),
        misprefixed(&key, &ending(&key), &name),
        around(Draft::new(key.created).class(0x13), &name),
    ];
    expect_not_verified(&[ended.concat()], &blob);
    // More than there is room for.
    let at = Draft::new(now() - DAY).hashed(29, &[2]);
    let many = flood(Draft::new(key.created).class(0x20), &key.hashed(), 3600);
    let of_key = misprefixed(&key, &at.clone().class(0x20), &key.hashed());
    // By a keyring gpg finds the revocation all the same.
    let crowded = [key.packet(), of_key, many.clone(), user_id.clone()];
    expect_too_large(&[crowded.concat()], &blob, &[REVOKED, FAILED]);
    let bound = key.subkey(&subkey, &Draft::binding(&subkey));
    let data = [key.hashed(), subkey.hashed()].concat();
    let of_subkey = misprefixed(&key, &at.clone().class(0x28), &data);
    let crowded = [key.packet(), many, user_id.clone(), bound.clone(), of_subkey.clone()];
    expect_too_large(&[crowded.concat()], &signed(&subkey), &[FAILED]);
    // At the wrong place.
    for moved in [
        [key.packet(), of_subkey.clone(), user_id.clone(), bound.clone()],
        [key.packet(), user_id.clone(), of_subkey, bound.clone()],
    ] {
        expect_everywhere(&[moved.concat()], &signed(&subkey), REVOKED);
    }
    // By a designated revoker that is named with an octet too many, or over a digest that is not computed.
    let begin = [key.packet(), key.direct(&designation(&key, &revoker))].concat();
    let by_other = misprefixed(&revoker, &long(at.clone().class(0x20), &revoker), &key.hashed());
    let by_ripemd = revoker.sign(&long(at.clone().class(0x20).hash(RIPEMD160), &revoker), &key.hashed());
    for revocation in [by_other, by_ripemd] {
        let all = [begin.clone(), revocation, user_id.clone(), theirs.clone()];
        expect_everywhere(&[all.concat()], &blob, REVOKED);
    }
    let of_subkey = misprefixed(&revoker, &at.class(0x28), &data);
    let all = [begin, user_id, bound, of_subkey, theirs];
    expect_everywhere(&[all.concat()], &signed(&subkey), FAILED);
}

/// gpg passes over signatures with something critical in them that it does not know.
#[test]
fn what_is_critical_and_unknown_makes_no_revocation_pass_unseen() {
    let (key, subkey, revoker, stranger) = (Key::new(), Key::new(), Key::new(), Key::new());
    let user_id = key.user_id(OWNER, &key, &certification(&key));
    let critical = |draft: Draft| draft.hashed(0x80 | 99, b"x");
    let at = Draft::new(now() - DAY);
    let theirs = revoker.certificate("Revoker");
    let revocation = revoker.revocation_of(&key, &at);
    let with = |draft: Draft| {
        let all = [
            key.packet(),
            key.direct(&draft),
            revocation.clone(),
            user_id.clone(),
            theirs.clone(),
        ];
        all.concat()
    };
    let blob = signed(&key);
    expect_everywhere(&[with(critical(designation(&key, &revoker)))], &blob, FAILED);
    expect_everywhere(&[with(designation(&key, &revoker).named(&stranger))], &blob, REVOKED);
    let of_key = [
        key.packet(),
        key.revocation_of(&key, &critical(at.clone())),
        user_id.clone(),
    ];
    expect_everywhere(&[of_key.concat()], &blob, FAILED);
    let of_subkey = [
        key.certificate(OWNER),
        key.subkey(&subkey, &Draft::binding(&subkey)),
        key.revoke_subkey_with(&subkey, &critical(at)),
    ];
    expect_everywhere(&[of_subkey.concat()], &signed(&subkey), FAILED);
    expect_everywhere(&[of_subkey.concat()], &blob, VERIFIED);
}

#[test]
fn signatures_behind_another_part_of_the_same_kind_count() {
    let (key, subkey, other) = (Key::new(), Key::new(), Key::new());
    let bound = |own: &Key| key.subkey(own, &Draft::binding(own));
    let both = [key.certificate(OWNER), bound(&subkey), bound(&other)].concat();
    let blob = signed(&subkey);
    let data = [key.hashed(), subkey.hashed()].concat();
    let revocation = key.revoke_subkey(&subkey, 2, now() - DAY);
    let revoked = misprefixed(&key, &Draft::new(now() - DAY).class(0x28), &data);
    // Marked as one over the part behind which it stands.
    let mut marked = key.sign_body(&Draft::new(now() - DAY).class(0x28), &data);
    let other_data = [key.hashed(), other.hashed()].concat();
    let of_other = key.sign_body(&Draft::new(now() - DAY).class(0x28), &other_data);
    let at = numbers_at(&marked) - 2;
    marked[at..at + 2].copy_from_slice(&of_other[at..at + 2]);
    for moved in [revocation, revoked, packet(2, &marked)] {
        let keys = [[both.clone(), moved].concat()];
        expect_everywhere(&keys, &blob, REVOKED);
        expect_everywhere(&keys, &signed(&other), VERIFIED);
        expect_everywhere(&keys, &signed(&key), VERIFIED);
    }
    let draft = Draft::binding(&subkey).later_by(DAY).expires_after(9, 5 * DAY);
    let binding = key.subkey(&subkey, &draft);
    let binding = &binding[packet(14, &subkey.body()).len()..];
    expect_everywhere(&[[&both[..], binding].concat()], &blob, EXPIRED);
    let names = [key.certificate(OWNER), key.user_id(OTHER, &key, &certification(&key))].concat();
    let ended = key.sign(&ending(&key), &over_name(&key, OWNER));
    expect_everywhere(&[[names, ended].concat()], &signed(&key), EXPIRED);
    // More places than are looked at.
    let subkeys: Vec<u8> = (0..2100_u32)
        .flat_map(|n| {
            packet(
                14,
                &[&subkey.body()[..1], &n.to_be_bytes(), &subkey.body()[5..]].concat(),
            )
        })
        .collect();
    let revocation = misprefixed(&key, &Draft::new(now() - DAY).class(0x28), &data);
    by_files(&[[both, revocation, subkeys].concat()], &blob).expect_verdict(3, FAILED);
}

/// GnuPG 2.2 goes by the key ID, wherever it stands, and 2.4 by the fingerprint that is covered.
#[test]
fn one_maker_that_is_covered_and_another_that_is_not_hide_nothing() {
    let (key, subkey, revoker, stranger) = (Key::new(), Key::new(), Key::new(), Key::new());
    let fingerprint = [&[4][..], &stranger.as_revoker()[2..]].concat();
    let disputed = |draft: Draft| draft.hashed(33, &fingerprint);
    let at = Draft::new(now() - DAY);
    let user_id = key.user_id(OWNER, &key, &certification(&key));
    let theirs = revoker.certificate("Revoker");
    let designated = |designation: Draft, revocation: Draft| {
        let all = [
            key.packet(),
            key.direct(&designation),
            revoker.revocation_of(&key, &revocation),
            user_id.clone(),
            theirs.clone(),
        ];
        all.concat()
    };
    let ended = key.sign(&disputed(ending(&key)), &over_name(&key, OWNER));
    let own = key.revocation_of(&key, &disputed(at.clone()));
    let of_subkey = [
        key.certificate(OWNER),
        key.subkey(&subkey, &Draft::binding(&subkey)),
        key.revoke_subkey_with(&subkey, &disputed(at.clone())),
    ];
    for (keys, by) in [
        ([key.certificate(OWNER), ended].concat(), &key),
        (designated(disputed(designation(&key, &revoker)), at.clone()), &key),
        (designated(designation(&key, &revoker), disputed(at.clone())), &key),
        ([key.packet(), own, user_id.clone()].concat(), &key),
        (of_subkey.concat(), &subkey),
    ] {
        expect_not_verified(&[keys], &signed(by));
    }
    // That of a stranger who says so is nothing to the key.
    let foreign = stranger.revocation_of(&key, &disputed(at));
    expect_everywhere(&[[key.packet(), foreign, user_id].concat()], &signed(&key), VERIFIED);
}

/// Where the numbers begin is told by a length that is not covered.
#[test]
fn a_length_that_is_not_covered_hides_no_revocation() {
    let key = Key::new();
    let user_id = key.user_id(OWNER, &key, &certification(&key));
    let draft = Draft::new(now() - DAY).class(0x20).hashed(29, &[2]);
    let body = key.sign_body(&draft, &key.hashed());
    let issuer = subpacket(16, &key.key_id()).len();
    let at = numbers_at(&body) - 2 - issuer - 1;
    assert_eq!(usize::from(body[at]), issuer);
    for length in [0, issuer - 2, issuer + 2, 255] {
        let mut altered = body.clone();
        altered[at] = u8::try_from(length).unwrap();
        let all = [key.packet(), packet(2, &altered), user_id.clone()];
        expect_everywhere(&[all.concat()], &signed(&key), FAILED);
    }
}
