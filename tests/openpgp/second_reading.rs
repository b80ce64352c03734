// SPDX-License-Identifier: Apache-2.0
//! What we would leave out of a key, or put elsewhere: GnuPG reads the copies by itself too, and nothing is known where the
//! two readings differ.

use super::copies::{by_files, by_keyring, VERIFIED};
use super::keys::{signed, DAY, OWNER};
use super::pictures::{certification, picture};
use crate::support::forge::{now, Draft, Key, CERTIFY, SIGN};
use crate::support::packets::packet;

const UNCHECKED: &str = "Unchecked/EngineFailed";

/// A key that has ended long ago, if the draft is its newest.
fn ended(key: &Key, at: i64) -> Draft {
    Draft::new(key.created + at)
        .class(0x13)
        .flags(CERTIFY | SIGN)
        .expires_after(9, 5 * DAY)
}

/// The certification of a name, without the name.
fn alone(key: &Key, name: &str, draft: &Draft) -> Vec<u8> {
    let all = key.user_id(name, key, draft);
    all[packet(13, name.as_bytes()).len()..].to_vec()
}

/// gpg 2.2 itself loses what follows some large pictures, which depends on where they stand in its buffer: those are passed over.
#[test]
fn a_large_picture_hides_nothing_that_the_key_says_by_it() {
    let picture = picture(300 << 10);
    for ends in [true, false] {
        let made = (0..20).map(|_| {
            let key = Key::new();
            let may_not_sign = Draft::new(key.created + DAY).class(0x13).flags(CERTIFY);
            let draft = if ends { ended(&key, DAY) } else { may_not_sign };
            let newest = certification(&key, &picture, &key, &draft);
            let copy = [key.certificate(OWNER), packet(17, &picture), newest].concat();
            (copy, signed(&key))
        });
        let is_read =
            |(copy, blob): &(Vec<u8>, Vec<u8>)| by_files(std::slice::from_ref(copy), blob).verdict() == UNCHECKED;
        let (copy, blob) = made.into_iter().find(is_read).expect("a key that gpg reads");
        // More than is read a second time, and what gpg stops at.
        let junk = packet(2, &[4, 0x13, 22, 8, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 1, 1]).repeat(600);
        let odd = [
            &[4, 0x13, 22, 8, 0x40, 0][..],
            &[0; 0x4000],
            &[0, 0, 0, 0, 0, 1, 1, 0, 1, 1],
        ]
        .concat();
        for more in [Vec::new(), junk, packet(17, &picture).repeat(4), packet(2, &odd)] {
            let copy = [&copy[..], &more].concat();
            for run in [by_files, by_keyring] {
                run(std::slice::from_ref(&copy), &blob).expect_verdict(3, UNCHECKED);
            }
        }
    }
}

/// The newest self-signature of a name says no end; behind another name it says nothing, and an older one would count.
#[test]
fn what_gives_less_is_not_lost_where_it_was_moved() {
    let (key, other) = (Key::new(), "Work <work@example.com>");
    let lasting = Draft::new(key.created + DAY)
        .class(0x13)
        .flags(CERTIFY | SIGN)
        .expires_after(9, 4000 * DAY);
    let newest = Draft::new(key.created + 2 * DAY).class(0x13).flags(CERTIFY | SIGN);
    let first = key.user_id(OWNER, &key, &lasting);
    let newest = alone(&key, OWNER, &newest);
    let second = key.user_id(other, &key, &ended(&key, 0));
    for (parts, is_moved) in [([&first, &newest, &second], false), ([&first, &second, &newest], true)] {
        let copy = [key.packet(), parts.map(Vec::as_slice).concat()].concat();
        for run in [by_files, by_keyring] {
            let outcome = run(std::slice::from_ref(&copy), &signed(&key));
            if is_moved {
                outcome.expect_verdict(3, UNCHECKED);
            } else {
                outcome.expect_verdict(1, super::keys::EXPIRED);
            }
        }
    }
}

#[test]
fn of_two_self_signatures_of_one_second_none_is_chosen_by_chance() {
    let key = Key::new();
    let gives = Draft::new(key.created + DAY).class(0x13).flags(CERTIFY | SIGN);
    let takes = ended(&key, DAY).class(0x10);
    for (first, second) in [(&gives, &takes), (&takes, &gives)] {
        let copy = [
            key.packet(),
            key.user_id(OWNER, &key, first),
            alone(&key, OWNER, second),
        ];
        for run in [by_files, by_keyring] {
            let verdict = run(&[copy.concat()], &signed(&key)).verdict();
            assert!([UNCHECKED, super::keys::EXPIRED].contains(&&verdict[..]), "{verdict}");
        }
    }
}

/// Who has no key adds as many forged self-signatures as are written at most: a renewal falls out, and the key is not expired.
#[test]
fn forged_signatures_that_push_out_a_renewal_reject_nothing() {
    let key = Key::new();
    let renewal = Draft::new(key.created + 3 * DAY).class(0x13).flags(CERTIFY | SIGN);
    let honest = [
        key.packet(),
        key.user_id(OWNER, &key, &ended(&key, 0)),
        alone(&key, OWNER, &renewal),
    ]
    .concat();
    for run in [by_files, by_keyring] {
        run(std::slice::from_ref(&honest), &signed(&key)).expect_verdict(0, VERIFIED);
    }
    let mut flooded = honest;
    for n in 0..70 {
        // The digest octets fit, and the numbers do not: they are those of another signature.
        let draft = Draft::new(now() - DAY - n).class(0x13).flags(CERTIFY | SIGN);
        let mut forged = alone(&key, OWNER, &draft);
        let last = forged.len() - 1;
        forged[last] ^= 1;
        flooded.extend(forged);
    }
    for run in [by_files, by_keyring] {
        let outcome = run(std::slice::from_ref(&flooded), &signed(&key));
        let verdict = outcome.verdict();
        assert!([UNCHECKED, VERIFIED].contains(&&verdict[..]), "{outcome:#?}");
    }
}

/// A subkey that its newest binding has no consent of, where that binding stands behind another one.
#[test]
fn a_binding_without_consent_is_not_lost_where_it_was_moved() {
    let (key, subkey, other) = (Key::new(), Key::new(), Key::new());
    let own = key.subkey(&subkey, &Draft::binding(&subkey));
    let later = Draft {
        back_signature: false,
        ..Draft::binding(&subkey).later_by(DAY)
    };
    let later = key.subkey(&subkey, &later).split_off(packet(14, &subkey.body()).len());
    let others = key.subkey(&other, &Draft::binding(&other));
    for parts in [[&own, &later, &others], [&own, &others, &later]] {
        let copy = [key.certificate(OWNER), parts.map(Vec::as_slice).concat()].concat();
        for copies in [vec![copy.clone()], vec![copy.clone(), key.certificate(OWNER)]] {
            for run in [by_files, by_keyring] {
                let verdict = run(&copies, &signed(&subkey)).verdict();
                assert!(
                    [UNCHECKED, "Rejected/BadSignature"].contains(&&verdict[..]),
                    "{verdict}"
                );
            }
        }
    }
}

/// gpg goes by the first of two names that were certified in one second, and so by the order of the files.
#[test]
fn what_depends_on_the_order_of_files_rejects_nothing_that_gpg_takes() {
    let key = Key::new();
    let with = |name: &str, flags: u8| {
        let draft = Draft::new(key.created + DAY).class(0x13).flags(flags);
        key.certificate_with(name, &draft)
    };
    for (one, other) in [("A", "B"), ("B", "A")] {
        let verdict = by_files(&[with(one, CERTIFY | SIGN), with(other, CERTIFY)], &signed(&key)).verdict();
        assert!([UNCHECKED, VERIFIED].contains(&&verdict[..]), "{verdict}");
        let outcome = by_files(&[with(one, CERTIFY), with(other, CERTIFY | SIGN)], &signed(&key));
        assert!(!outcome.verdict().starts_with("Verified"), "{outcome:#?}");
    }
}
