// SPDX-License-Identifier: Apache-2.0
//! Keys with very many subkeys, user IDs and renewals, as careful owners have them: they count, and what takes trust from
//! one of their parts is found all the same.

use std::time::{Duration, Instant};

use openssl::pkey::{PKey, Private};
use openssl::rsa::Rsa;

use super::altered::{expect_everywhere, forged, misprefixed, over_name};
use super::copies::VERIFIED;
use super::keys::{signed, DAY, EXPIRED, OWNER, REVOKED};
use super::system::FAILED;
use crate::support::forge::{now, Draft, Key, CERTIFY, SIGN};
use crate::support::packets::packet;

fn pair() -> PKey<Private> {
    PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap()
}

/// So many keys of the same numbers, which their times tell apart.
fn keys(count: i64) -> Vec<Key> {
    let (pair, first) = (pair(), Key::new().created);
    (0..count).map(|n| Key::of(pair.clone(), first - n)).collect()
}

/// A signing subkey that expires in time.
fn bound(key: &Key, subkey: &Key) -> Vec<u8> {
    key.subkey(subkey, &Draft::binding(subkey).expires_after(9, 90 * DAY))
}

fn binding_of(key: &Key, subkey: &Key, draft: &Draft) -> Vec<u8> {
    key.subkey(subkey, draft).split_off(packet(14, &subkey.body()).len())
}

#[track_caller]
fn expect_soon(copy: &[u8], by: &Key, verdict: &str) {
    let begun = Instant::now();
    expect_everywhere(&[copy.to_vec()], &signed(by), verdict);
    let spent = begun.elapsed();
    assert!(spent < Duration::from_secs(90), "{spent:?}");
}

#[test]
fn a_key_with_very_many_subkeys_counts_and_those_that_are_revoked_do_not() {
    let (key, subkeys) = (Key::new(), keys(200));
    let mut whole = key.certificate(OWNER);
    for (n, subkey) in subkeys.iter().enumerate() {
        whole.extend(bound(&key, subkey));
        if n % 4 == 1 {
            whole.extend(key.revoke_subkey(subkey, 2, now() - DAY));
        }
    }
    expect_soon(&whole, &key, VERIFIED);
    expect_soon(&whole, &subkeys[0], VERIFIED);
    expect_soon(&whole, &subkeys[197], REVOKED);
    expect_soon(&whole, &subkeys[198], VERIFIED);
    // What was moved behind the last one, whatever was altered in it.
    let data = [key.hashed(), subkeys[0].hashed()].concat();
    let revocation = misprefixed(&key, &Draft::new(now() - DAY).class(0x28), &data);
    let ended = Draft::binding(&subkeys[0]).later_by(DAY).expires_after(9, 5 * DAY);
    let ended = binding_of(&key, &subkeys[0], &ended);
    for (moved, verdict) in [(revocation, REVOKED), (ended, EXPIRED)] {
        let copy = [&whole[..], &moved].concat();
        expect_soon(&copy, &subkeys[0], verdict);
        expect_soon(&copy, &subkeys[2], VERIFIED);
    }
}

#[test]
fn a_key_with_very_many_user_ids_that_were_renewed_counts_until_it_expires() {
    let (key, pair) = (Key::new(), pair());
    let names: Vec<String> = (0..100).map(|n| format!("{OWNER} {n}")).collect();
    let renewal = |n: i64, days: i64| {
        let draft = Draft::new(key.created + n).class(0x13).flags(CERTIFY | SIGN);
        draft.expires_after(9, days * DAY)
    };
    let with = |last: i64| {
        let mut whole = key.packet();
        for name in &names {
            whole.extend(packet(13, name.as_bytes()));
            for n in 0..10 {
                let days = if n == 9 { last } else { 5 + n };
                whole.extend(key.sign(&renewal(n, days), &over_name(&key, name)));
            }
        }
        whole
    };
    let whole = with(90);
    expect_soon(&whole, &key, VERIFIED);
    expect_soon(&with(9), &key, EXPIRED);
    let ended = misprefixed(&key, &renewal(20, 5), &over_name(&key, &names[3]));
    expect_soon(&[&whole[..], &ended].concat(), &key, EXPIRED);
    // What somebody else forged makes nothing known where it is too much, and nothing worse.
    let stranger = Key::of(pair, key.created);
    let flood: Vec<u8> = (0..30)
        .flat_map(|n| forged(&stranger, &renewal(30, 5), &over_name(&key, &names[3]), n))
        .collect();
    expect_soon(&[&whole[..], &flood].concat(), &key, FAILED);
}

/// gpg reads there no more than who made a signature, and so anybody may write anything there.
#[test]
fn what_is_not_covered_makes_no_key_expire_and_takes_no_room() {
    let (key, subkey) = (Key::new(), Key::new());
    let soon = u32::try_from(5 * DAY).unwrap().to_be_bytes();
    let loose = |draft: Draft| draft.unhashed(3, &soon).unhashed(9, &soon).unhashed(27, &[0]);
    let own = Draft::new(key.created + DAY).class(0x13).flags(CERTIFY | SIGN);
    let mut whole = key.packet();
    for n in 0..40 {
        let name = format!("{OWNER} {n}");
        let draft = loose(own.clone());
        whole.extend(packet(13, name.as_bytes()));
        whole.extend(key.sign(&draft, &over_name(&key, &name)));
        whole.extend((0..60).flat_map(|n| forged(&key, &draft, &over_name(&key, &name), n)));
    }
    whole.extend(key.subkey(&subkey, &loose(Draft::binding(&subkey))));
    for by in [&key, &subkey] {
        expect_soon(&whole, by, VERIFIED);
    }
}
