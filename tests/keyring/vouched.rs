// SPDX-License-Identifier: Apache-2.0
//! What those who vouch for a key have said of it last: nothing that is not covered, no place in the key and no flood hides it.

use super::taken_back::by_trust;
use super::{OK, OWNER};
use crate::support::forge::{now, Draft, Key, CERTIFY, MD5, SIGN};
use crate::support::packets::{numbers_at, packet};

const DAY: i64 = 86400;
const OTHER: &str = "Work <work@example.com>";
const SHA3_256: u8 = 12;
const FAILED: &str = "Unchecked/EngineFailed";
const NOT_ACCEPTED: &str = "Rejected/KeyNotAccepted";

fn over(key: &Key, text: &str) -> Vec<u8> {
    let length = u32::try_from(text.len()).unwrap().to_be_bytes();
    [&key.hashed(), &[0xb4][..], &length, text.as_bytes()].concat()
}

/// The packets of a key with two user IDs, the second one with nothing behind its self-signature.
fn with_two(key: &Key, of_first: &[Vec<u8>]) -> Vec<u8> {
    let own = Draft::certification(key).flags(CERTIFY | SIGN);
    [key.certificate(OWNER), of_first.concat(), key.user_id(OTHER, key, &own)].concat()
}

fn certification(voucher: &Key, days_ago: i64) -> Draft {
    let issuer = [&[4][..], &voucher.as_revoker()[2..]].concat();
    Draft::new(now() - days_ago * DAY).class(0x10).hashed(33, &issuer)
}

/// Other octets of the digest, and another maker where that is not covered.
fn altered(voucher: &Key, draft: &Draft, data: &[u8]) -> Vec<u8> {
    let mut body = voucher.sign_body(draft, data);
    let at = numbers_at(&body) - 2;
    body[at] ^= 0x55;
    packet(2, &body)
}

#[test]
fn a_revocation_of_a_certification_that_gpg_does_not_check_is_not_passed_over() {
    let (key, voucher, stranger) = (Key::new(), Key::new(), Key::new());
    let theirs = voucher.certificate("Voucher");
    let data = over(&key, OWNER);
    let certified = voucher.sign(&certification(&voucher, 3), &data);
    let taken_back = |draft: Draft| voucher.sign(&draft.class(0x30), &data);
    let at = certification(&voucher, 1);
    // A name as version 3 is over it has nothing before it.
    let old_data = [&key.hashed()[..], OWNER.as_bytes()].concat();
    let mut old = voucher.sign(&Draft::new(now() - DAY).version(3).class(0x30), &old_data);
    // The digest of version 3, which is not covered, behind a header of six octets.
    old[6 + 16] = 10;
    for revocation in [
        taken_back(at.clone().hash(MD5)),
        taken_back(Draft::new(now() - DAY).hash(MD5)),
        taken_back(at.clone().hash(SHA3_256)),
        taken_back(at.clone().hashed(0x80 | 99, b"x")),
        old,
    ] {
        let copy = with_two(&key, &[certified.clone(), revocation.clone()]);
        by_trust(&[theirs.clone(), copy], &voucher, &key).expect_verdict(3, FAILED);
        let moved = [with_two(&key, std::slice::from_ref(&certified)), revocation.clone()].concat();
        by_trust(&[theirs.clone(), moved], &voucher, &key).expect_verdict(3, FAILED);
        // One that was given anew since counts, and so does a key that needs nobody to vouch for it.
        let anew = voucher.sign(&certification(&voucher, 0), &data);
        let copy = with_two(&key, &[certified.clone(), revocation, anew]);
        by_trust(&[theirs.clone(), copy.clone()], &key, &key).expect_verdict(0, OK);
    }
    let by_md5 = taken_back(at.clone().hash(MD5));
    let anew = voucher.sign(&certification(&voucher, 0), &data);
    let copy = with_two(&key, &[certified.clone(), by_md5, anew]);
    by_trust(&[theirs.clone(), copy], &voucher, &key).expect_verdict(0, OK);
    // What a stranger takes back is nothing to it.
    let foreign = Draft::new(now() - DAY).class(0x30).hash(MD5);
    let foreign = stranger.sign(&foreign, &data);
    let copy = with_two(&key, &[certified, foreign]);
    by_trust(&[theirs, copy], &voucher, &key).expect_verdict(0, OK);
}

/// gpg goes by the last certification of a name by each key.
#[test]
fn a_trust_signature_that_a_plain_one_has_replaced_makes_no_introducer() {
    let (root, introducer, key) = (Key::new(), Key::new(), Key::new());
    let roots = root.certificate("Root");
    let name = over(&introducer, OWNER);
    let trusting = root.sign(&certification(&root, 5).hashed(5, &[1, 120]), &name);
    let certified = [
        key.certificate(OWNER),
        introducer.sign(&certification(&introducer, 3), &over(&key, OWNER)),
    ];
    let certified = certified.concat();
    let run = |introducers: Vec<u8>| by_trust(&[roots.clone(), introducers, certified.clone()], &root, &key);
    run(with_two(&introducer, std::slice::from_ref(&trusting))).expect_verdict(0, OK);
    let plain = certification(&root, 2);
    let nobodys = Draft {
        issuer: false,
        ..Draft::new(now() - 2 * DAY).class(0x10)
    };
    for (n, replaced) in [
        root.sign(&plain, &name),
        altered(&root, &plain, &name),
        root.sign(&nobodys.clone().named(&key), &name),
        altered(&root, &nobodys.clone().named(&key), &name),
        altered(&root, &nobodys, &name),
    ]
    .into_iter()
    .enumerate()
    {
        for copy in [
            with_two(&introducer, &[trusting.clone(), replaced.clone()]),
            [with_two(&introducer, std::slice::from_ref(&trusting)), replaced.clone()].concat(),
            [
                introducer.packet(),
                replaced.clone(),
                with_two(&introducer, std::slice::from_ref(&trusting)),
            ]
            .concat(),
        ] {
            let outcome = run(copy);
            assert_eq!(outcome.verdict(), NOT_ACCEPTED, "{n}: {outcome:#?}");
        }
    }
}

/// Where more is forged than is looked at, nothing is known, and nothing is passed over.
#[test]
fn no_flood_of_forged_signatures_hides_that_a_certification_was_taken_back() {
    let (key, voucher) = (Key::new(), Key::new());
    let theirs = voucher.certificate("Voucher");
    let data = over(&key, OWNER);
    let certified = voucher.sign(&certification(&voucher, 3), &data);
    let taken_back = altered(&voucher, &certification(&voucher, 1).class(0x30), &data);
    let mut forged = voucher.sign_body(&certification(&voucher, 1).class(0x30), &data);
    let end = forged.len();
    let flood = |count: u32, forged: &mut Vec<u8>| {
        let one = |n: u32| {
            forged[end - 4..].copy_from_slice(&n.to_be_bytes());
            packet(2, forged)
        };
        (0..count).flat_map(one).collect::<Vec<u8>>()
    };
    for (count, verdict, honest) in [(20, NOT_ACCEPTED, OK), (2100, FAILED, FAILED), (5000, FAILED, FAILED)] {
        let flood = flood(count, &mut forged);
        let begin = with_two(&key, &[certified.clone(), flood]);
        let run = |copy: Vec<u8>| by_trust(&[theirs.clone(), copy], &voucher, &key);
        let outcome = run([begin.clone(), taken_back.clone()].concat());
        assert_eq!(outcome.verdict(), verdict, "{count}: {outcome:#?}");
        let outcome = run(begin);
        assert_eq!(outcome.verdict(), honest, "{count}: {outcome:#?}");
    }
}
