// SPDX-License-Identifier: Apache-2.0
//! Certifications that their makers have taken back, or whose makers may not vouch any more: nothing that is not covered, and
//! no place in the key, hides it.

use std::fs;

use openssl::pkey::PKey;
use openssl::rsa::Rsa;

use crate::keyring::{copy_home, IDENTITY, OK, OWNER};
use crate::support::calls::verify_image_json;
use crate::support::forge::{now, Draft, Key, CERTIFY, SIGN};
use crate::support::gpg::Signer;
use crate::support::images::{image, payload, D1};
use crate::support::packets::packet;
use crate::support::program::{Outcome, Sandbox};

const DAY: i64 = 86400;

/// `verify` by validity, with a keyring of these keys as they are and one whose owner is trusted ultimately.
pub(super) fn by_trust(ring: &[Vec<u8>], trusted: &Key, signer: &Key) -> Outcome {
    let (sandbox, admin) = (Sandbox::new(), Signer::new());
    fs::write(admin.home().join("pubring.gpg"), ring.concat()).unwrap();
    let trust = format!("{}:6:\n", trusted.fingerprint());
    admin.gpg(&["--import-ownertrust"], trust.as_bytes());
    let blob = signer.message(&Draft::new(now()), &payload(D1, IDENTITY));
    sandbox.file("image.json", image(D1, &[&blob]).to_string());
    let home = copy_home(admin.home(), &sandbox.path("judging"));
    let mut args: Vec<&str> = verify_image_json(IDENTITY).to_vec();
    args.extend(["--homedir", home.to_str().unwrap()]);
    sandbox.run(args)
}

#[test]
fn a_certification_that_is_taken_back_counts_for_nothing_whatever_was_altered() {
    let (key, voucher) = (Key::new(), Key::new());
    let over = |text: &str| {
        let length = u32::try_from(text.len()).unwrap().to_be_bytes();
        [&key.hashed(), &[0xb4][..], &length, text.as_bytes()].concat()
    };
    let certified = [
        key.certificate(OWNER),
        voucher.sign(&Draft::new(now() - 3 * DAY).class(0x10), &over(OWNER)),
    ];
    let certified = certified.concat();
    let theirs = voucher.certificate("Voucher");
    by_trust(&[theirs.clone(), certified.clone()], &voucher, &key).expect_verdict(0, OK);
    let other = "Work <work@example.com>";
    let own = Draft::certification(&key).flags(CERTIFY | SIGN);
    let second = key.user_id(other, &key, &own);
    let at = Draft::new(now() - DAY).class(0x30);
    let issuer = [&voucher.key_id()[..], &[0]].concat();
    let nobodys = Draft {
        issuer: false,
        ..at.clone()
    };
    let long = nobodys.clone().unhashed(16, &issuer);
    let taken_back = voucher.sign(&at, &over(OWNER));
    for ring in [
        [certified.clone(), taken_back.clone()].concat(),
        [certified.clone(), voucher.sign(&long, &over(OWNER))].concat(),
        [certified.clone(), voucher.sign(&nobodys, &over(OWNER))].concat(),
        [certified.clone(), voucher.sign(&at.named(&key), &over(OWNER))].concat(),
        [certified.clone(), second, taken_back].concat(),
    ] {
        by_trust(&[theirs.clone(), ring], &voucher, &key).expect_verdict(1, "Rejected/KeyNotAccepted");
    }
    // The voucher's own key has expired, or is revoked.
    let length = u32::try_from("Voucher".len()).unwrap().to_be_bytes();
    let name = [&voucher.hashed(), &[0xb4][..], &length, b"Voucher"].concat();
    let ends = Draft {
        issuer: false,
        ..Draft::new(voucher.created + DAY).class(0x13).flags(CERTIFY | SIGN)
    };
    let ends = ends.expires_after(9, 5 * DAY).unhashed(16, &issuer);
    let mut old = voucher.sign_body(&Draft::new(now() - DAY).version(3).class(0x20), &voucher.hashed());
    old[1] = 6;
    for voucher_now in [
        [theirs.clone(), voucher.sign(&ends, &name)].concat(),
        [theirs.clone(), packet(2, &old)].concat(),
    ] {
        let outcome = by_trust(&[voucher_now, certified.clone()], &voucher, &key);
        outcome.expect_verdict(1, "Rejected/KeyNotAccepted");
    }
}

/// Who made them is not covered, so that each may be any voucher's. Thousands would keep gpg busy for minutes.
#[test]
fn forged_revocations_of_certifications_are_tried_for_no_more_vouchers_than_an_honest_key_has() {
    let key = Key::new();
    let pair = PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap();
    let vouchers: Vec<Key> = (0..20).map(|n| Key::of(pair.clone(), key.created - n)).collect();
    let length = u32::try_from(OWNER.len()).unwrap().to_be_bytes();
    let data = [&key.hashed(), &[0xb4][..], &length, OWNER.as_bytes()].concat();
    let mut certified = key.certificate(OWNER);
    let mut ring = Vec::new();
    for own in &vouchers {
        certified.extend(own.sign(&Draft::new(now() - 3 * DAY).class(0x10), &data));
        // It may introduce others.
        let draft = Draft::certification(own).flags(CERTIFY | SIGN).hashed(5, &[1, 120]);
        ring.push(own.certificate_with("Voucher", &draft));
    }
    let forged = Draft {
        issuer: false,
        ..Draft::new(now() - DAY).class(0x30)
    };
    let mut forged = vouchers[0].sign_body(&forged, &data);
    let end = forged.len();
    for (count, status, verdict) in [(10, 0, OK), (1500, 3, "Unchecked/EngineFailed")] {
        let mut copy = certified.clone();
        for n in 0..count {
            forged[end - 4..].copy_from_slice(&u32::to_be_bytes(n));
            copy.extend(packet(2, &forged));
        }
        let begun = std::time::Instant::now();
        by_trust(&[ring.concat(), copy], &vouchers[0], &key).expect_verdict(status, verdict);
        let spent = begun.elapsed();
        assert!(spent < std::time::Duration::from_secs(20), "{spent:?}");
    }
}

/// gpg believes the one of them that stands last.
#[test]
fn of_a_certification_and_its_revocation_of_one_second_the_revocation_counts() {
    let (key, voucher) = (Key::new(), Key::new());
    let over = |text: &str| {
        let length = u32::try_from(text.len()).unwrap().to_be_bytes();
        [&key.hashed(), &[0xb4][..], &length, text.as_bytes()].concat()
    };
    let at = Draft::new(now() - 3 * DAY);
    let other = "Work <work@example.com>";
    let own = Draft::certification(&key).flags(CERTIFY | SIGN);
    let theirs = voucher.certificate("Voucher");
    let certification = voucher.sign(&at.clone().class(0x13), &over(OWNER));
    let expired = at.clone().class(0x10).expires_after(3, DAY);
    let expired = voucher.sign(&expired, &over(OWNER));
    let taken_back = voucher.sign(&at.class(0x30), &over(OWNER));
    let name = packet(13, OWNER.as_bytes());
    let of_name = key.user_id(OWNER, &key, &own).split_off(name.len());
    let by_owner = key.sign(&own.clone().class(0x30), &over(OWNER));
    let second = key.user_id(other, &key, &own);
    for pair in [
        [&certification, &taken_back],
        [&taken_back, &certification],
        [&certification, &expired],
        [&expired, &certification],
        [&by_owner, &certification],
    ] {
        for own in [[&of_name, pair[0], pair[1]], [pair[0], pair[1], &of_name]] {
            let own = own.map(Vec::as_slice).concat();
            let ring = [key.packet(), name.clone(), own, second.clone()].concat();
            let outcome = by_trust(&[theirs.clone(), ring], &voucher, &key);
            outcome.expect_verdict(1, "Rejected/KeyNotAccepted");
        }
    }
}

/// Of those that were made before 2016 it is not covered who has made them.
#[test]
fn old_revocations_by_strangers_do_not_crowd_a_key_of_many_names_and_vouchers() {
    let (key, stranger) = (Key::new(), Key::new());
    let pair = PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap();
    let vouchers: Vec<Key> = (0..8).map(|n| Key::of(pair.clone(), key.created - n)).collect();
    let mut certified = key.packet();
    let mut last = Vec::new();
    for n in 0..15 {
        let name = format!("{OWNER} {n}");
        let length = u32::try_from(name.len()).unwrap().to_be_bytes();
        let data = [&key.hashed(), &[0xb4][..], &length, name.as_bytes()].concat();
        certified.extend(key.user_id(&name, &key, &Draft::certification(&key).flags(CERTIFY | SIGN)));
        for (days, class) in [(3, 0x10), (2, 0x30), (1, 0x30)] {
            certified.extend(stranger.sign(&Draft::new(now() - days * DAY).class(class), &data));
        }
        for own in &vouchers {
            certified.extend(own.sign(&Draft::new(now() - 3 * DAY).class(0x10), &data));
            let taken_back = Draft::new(now() - DAY).class(0x30).named(&stranger);
            last.extend(own.sign(&taken_back, &data));
        }
    }
    for _ in 0..4 {
        let subkey = Key::new();
        certified.extend(key.subkey(&subkey, &Draft::binding(&subkey)));
    }
    // They may introduce others.
    let ring = vouchers.iter().flat_map(|own| {
        let draft = Draft::certification(own).flags(CERTIFY | SIGN).hashed(5, &[1, 120]);
        own.certificate_with("Voucher", &draft)
    });
    let ring: Vec<u8> = ring.collect();
    by_trust(&[ring.clone(), certified.clone()], &vouchers[0], &key).expect_verdict(0, OK);
    let taken_back = [certified, last].concat();
    by_trust(&[ring, taken_back], &vouchers[0], &key).expect_verdict(1, "Rejected/KeyNotAccepted");
}
