// SPDX-License-Identifier: Apache-2.0
//! What somebody without the key can add to a key file takes no trust from the key.

use std::time::{Duration, Instant};

use super::copies::{armor, by_files, by_keyring, VERIFIED};
use super::keys::{signed, BAD, DAY, OWNER};
use crate::support::forge::{now, subpacket, Draft, Key, CERTIFY, SIGN};
use crate::support::packets::packet;

/// gpg looks at nothing but the newest back-signature.
#[test]
fn forged_back_signatures_beside_the_true_one_change_nothing() {
    let (key, subkey, stranger) = (Key::new(), Key::new(), Key::new());
    let data = [key.hashed(), subkey.hashed()].concat();
    let forged = |n: i64| stranger.sign_body(&Draft::new(now() - DAY + n).class(0x19).named(&subkey), &data);
    let own = subkey.sign_body(&Draft::new(subkey.created).class(0x19), &data);
    let bound = |draft: &Draft| key.subkey(&subkey, draft);
    let plain = Draft::new(subkey.created).flags(SIGN);
    let blob = signed(&subkey);
    let of_forged = |count: i64| (0..count).fold(plain.clone(), |draft, n| draft.unhashed(32, &forged(n)));
    for count in [1, 9] {
        let beside = (0..count).fold(plain.clone().unhashed(32, &own), |draft, n| {
            draft.unhashed(32, &forged(n))
        });
        let covered = plain.clone().hashed(32, &own);
        let covered = (0..count).fold(covered, |draft, n| draft.unhashed(32, &forged(n)));
        let second = bound(&of_forged(count)).split_off(packet(14, &subkey.body()).len());
        for binding in [
            bound(&beside),
            bound(&covered),
            [bound(&plain.clone().unhashed(32, &own)), second].concat(),
        ] {
            for run in [by_files, by_keyring] {
                let outcome = run(&[[key.certificate(OWNER), binding.clone()].concat()], &blob);
                outcome.expect_verdict(0, VERIFIED);
            }
        }
        // None of them is its own; of several that is not known.
        let copy = [key.certificate(OWNER), bound(&of_forged(count))].concat();
        let (status, verdict) = if count == 1 {
            (1, BAD)
        } else {
            (3, "Unchecked/EngineFailed")
        };
        by_files(&[copy], &blob).expect_verdict(status, verdict);
    }
}

/// Signatures of the key's own with late dates are cheap to forge, and of them there is room for some only.
#[test]
fn forged_self_signatures_push_no_renewal_out() {
    let (key, subkey, stranger) = (Key::new(), Key::new(), Key::new());
    let of_name = |by: &Key, draft: &Draft| {
        let name = packet(13, OWNER.as_bytes()).len();
        key.user_id(OWNER, by, draft).split_off(name)
    };
    let data = [key.hashed(), subkey.hashed()].concat();
    let back = subkey.sign_body(&Draft::new(subkey.created).class(0x19), &data);
    let of_subkey = |by: &Key, draft: Draft| by.sign(&draft.class(0x18).flags(SIGN).unhashed(32, &back), &data);
    let named = |at: i64| Draft::new(at).named(&key);
    let names = Draft::certification(&key).flags(CERTIFY | SIGN);
    let short = |draft: Draft| draft.expires_after(9, 3 * DAY);
    let key_flood: Vec<u8> = (0..200)
        .flat_map(|n| of_name(&stranger, &named(now() - 3600 + n).class(0x13).flags(CERTIFY | SIGN)))
        .collect();
    let subkey_flood: Vec<u8> = (0..200)
        .flat_map(|n| of_subkey(&stranger, named(now() - 3600 + n)))
        .collect();
    let renewed = of_name(&key, &names.clone().later_by(DAY));
    let name = [packet(13, OWNER.as_bytes()), of_name(&key, &short(names))].concat();
    let (old, new) = (Draft::new(subkey.created), Draft::new(subkey.created + DAY));
    let part = [
        packet(14, &subkey.body()),
        of_subkey(&key, short(old)),
        of_subkey(&key, new),
    ]
    .concat();
    let lasting = key.certificate(OWNER);
    for (copy, maker) in [
        (
            [&key.packet(), &name, &renewed, &key_flood]
                .map(|own| &own[..])
                .concat(),
            &key,
        ),
        ([&lasting, &part, &subkey_flood].map(|own| &own[..]).concat(), &subkey),
    ] {
        for run in [by_files, by_keyring] {
            run(std::slice::from_ref(&copy), &signed(maker)).expect_verdict(0, VERIFIED);
        }
    }
    // More than are looked at: whether the key has been renewed is not known.
    let one = of_name(&stranger, &named(now() - 3600).class(0x13).flags(CERTIFY | SIGN));
    let flood: Vec<u8> = (0..1100_u32)
        .flat_map(|n| {
            let mut own = one.clone();
            let end = own.len();
            own[end - 4..].copy_from_slice(&n.to_be_bytes());
            own
        })
        .collect();
    let copy = [key.packet(), name, renewed, flood].concat();
    for run in [by_files, by_keyring] {
        run(std::slice::from_ref(&copy), &signed(&key)).expect_verdict(3, "Unchecked/EngineFailed");
    }
}

/// Each key of many names one revoker, of which there are many revocations; and revocations that each name many keys.
#[test]
fn keys_times_revocations_cost_no_minutes() {
    let (key, revoker) = (Key::new(), Key::new());
    let bytes = 1 << 20;
    // Packets whose numbers are made up.
    let made_up = |n: usize| {
        let body = key.body();
        let n = u32::try_from(n).unwrap().to_be_bytes();
        [&body[..1], &n, &[1, 0, 32, 0x80], &n[1..], &[0, 17, 1, 0, 1]].concat()
    };
    let signature = |class: u8, hashed: &[u8], unhashed: &[u8], n: usize| {
        let two = |area: &[u8]| u16::try_from(area.len()).unwrap().to_be_bytes();
        let n = u32::try_from(n).unwrap().to_be_bytes();
        let head = [&[4, class, 1, 8], &two(hashed)[..], hashed, &two(unhashed), unhashed].concat();
        packet(2, &[&head[..], &[0, 0, 0, 32, 0x80], &n[1..]].concat())
    };
    let fill = |one: &dyn Fn(usize) -> Vec<u8>| {
        let mut all = Vec::new();
        (0..).map(one).find(|own| {
            all.extend_from_slice(own);
            all.len() > bytes
        });
        all
    };
    let id = |n: usize| image_signature::openpgp::keys::material::fingerprint_4(&made_up(n))[12..].to_vec();
    let designates = subpacket(12, &revoker.as_revoker());
    let named = fill(&|n| {
        let direct = signature(0x1f, &designates, &subpacket(16, &id(n)), n);
        [packet(6, &made_up(n)), direct].concat()
    });
    let by_revoker = fill(&|n| signature(0x20, &[], &subpacket(16, &revoker.key_id()), n));
    let bare = fill(&|n| packet(6, &made_up(n)));
    let names: Vec<u8> = (0..4000).flat_map(|n| subpacket(16, &id(n))).collect();
    let of_many = fill(&|n| signature(0x20, &[], &names, n));
    let good = key.certificate(OWNER);
    for (keys, revocations) in [(named, by_revoker), (bare, of_many)] {
        let begun = Instant::now();
        let file = [&good[..], &keys, &revocations].concat();
        let trial = super::trial::Trial::with_keys(&file);
        let outcome = trial.run(&[&signed(&key)], &[]);
        assert!(outcome.status == 0 || outcome.status == 3, "{}", outcome.status);
        assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", begun.elapsed());
    }
}

/// gpg reads a header line up to a NUL, and in what follows it passes over what is not base64.
#[test]
fn what_gpg_reads_in_armour_and_we_do_not_is_refused() {
    let key = Key::new();
    let good = armor(&key.certificate(OWNER));
    let revocation = String::from_utf8(armor(&key.revocation_of(&key, &Draft::new(now() - DAY)))).unwrap();
    let line = "-----BEGIN PGP PUBLIC KEY BLOCK-----\n";
    let (_, rest) = revocation.split_once("\n\n").unwrap();
    for hidden in [
        revocation.replacen(line, "-----BEGIN PGP PUBLIC KEY BLOCK-----\0\n", 1),
        revocation.replacen(line, "-----BEGIN PGP PUBLIC KEY BLOCK----- \0 more\n", 1),
        // Not a header of the armour: a colon in base64.
        format!("{line}{}:{}", &rest[..20], &rest[20..]),
        format!("{line}Comment:\0\n\n{rest}"),
    ] {
        for file in [
            [good.clone(), hidden.clone().into_bytes()],
            [hidden.clone().into_bytes(), good.clone()],
        ] {
            by_files(&[file.concat()], &signed(&key)).expect_usage("armour");
        }
    }
    // Binary to us, and not to gpg, which does not know the first packet; and a line of which gpg reads the beginning.
    let inside = |tag: u8| [packet(tag, revocation.as_bytes()), key.certificate(OWNER)].concat();
    let long = format!("{line}\n{}{}\n{rest}", "A".repeat(19_001), "\n");
    for file in [inside(60), inside(20), [&good[..], long.as_bytes()].concat()] {
        by_files(&[file], &signed(&key)).expect_usage("ASCII armour");
    }
    for header in ["Comment: of the owner\n", "Version:\n", "Version: 2:3\r\n"] {
        let good = String::from_utf8(good.clone())
            .unwrap()
            .replacen(line, &[line, header].concat(), 1);
        by_files(&[good.into_bytes()], &signed(&key)).expect_verdict(0, VERIFIED);
    }
}

/// The numbers of a key can be written with zeros before them, and something may stand behind them: gpg reads one key.
#[test]
fn a_key_in_another_form_of_its_packet_is_the_same_key() {
    let (key, subkey) = (Key::new(), Key::new());
    let body = key.body();
    let numbers = |body: &[u8], bits: usize, zeros: usize| {
        let bits = u16::try_from(bits).unwrap().to_be_bytes();
        [&body[..6], &bits[..], &vec![0; zeros], &body[8..]].concat()
    };
    let blob = signed(&key);
    let good = key.certificate(OWNER);
    let begin = key.packet().len();
    let revoked = key.revoked(OWNER, 2, now() - DAY);
    for form in [
        numbers(&body, 2048 + 8, 1),
        numbers(&body, 2048 + 80, 10),
        [&body[..], b"behind"].concat(),
    ] {
        let with = |rest: &[u8]| [&packet(6, &form), &rest[begin..]].concat();
        for run in [by_files, by_keyring] {
            run(&[with(&good)], &blob).expect_verdict(0, VERIFIED);
            let outcome = run(&[good.clone(), with(&good)], &blob).expect_verdict(0, VERIFIED);
            assert!(!outcome.stderr.contains("warning"), "{outcome:#?}");
            run(&[good.clone(), with(&revoked)], &blob).expect_verdict(1, super::keys::REVOKED);
            run(&[with(&revoked), good.clone()], &blob).expect_verdict(1, super::keys::REVOKED);
        }
    }
    // The same of a subkey.
    let bound = key.subkey(&subkey, &Draft::binding(&subkey));
    let length = packet(14, &subkey.body()).len();
    let form = packet(14, &numbers(&subkey.body(), 2048 + 8, 1));
    let revoked = [&form[..], &bound[length..], &key.revoke_subkey(&subkey, 2, now() - DAY)].concat();
    for run in [by_files, by_keyring] {
        let plain = [good.clone(), bound.clone()].concat();
        run(
            &[plain.clone(), [&good[..], &form, &bound[length..]].concat()],
            &signed(&subkey),
        )
        .expect_verdict(0, VERIFIED);
        run(&[plain, [good.clone(), revoked.clone()].concat()], &signed(&subkey))
            .expect_verdict(1, super::keys::REVOKED);
    }
}
