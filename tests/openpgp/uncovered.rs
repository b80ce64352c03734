// SPDX-License-Identifier: Apache-2.0
//! Whatever is done to what no signature covers: a key from which something takes trust is never Verified.
//!
//! Each octet that is not covered is changed, each packet is moved to each place, and decoys are put around it. Which octets
//! and decoys is chosen from a seed; IMAGE_SIGNATURE_SEED asks for another one.

use super::copies::{by_files, by_keyring, VERIFIED};
use super::keys::{signed, DAY, OWNER};
use crate::support::forge::{now, Draft, Key, CERTIFY, SIGN};
use crate::support::packets::{numbers_at, packet};

/// Numbers that follow from a seed (xorshift).
struct Chance(u64);

impl Chance {
    fn from_environment() -> Self {
        let seed = std::env::var("IMAGE_SIGNATURE_SEED");
        let seed = seed.ok().and_then(|text| text.parse::<u64>().ok()).unwrap_or(1);
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(limit).unwrap()).unwrap()
    }
}

/// A key in packets, one of which takes trust from the key that signed.
struct Case {
    name: &'static str,
    packets: Vec<Vec<u8>>,
    /// The packet that takes trust away, and how many octets at its beginning are covered, or tell its version.
    at: usize,
    covered: usize,
    blob: Vec<u8>,
}

impl Case {
    fn expect_not_verified(&self, packets: &[Vec<u8>], what: &str, chance: &mut Chance) {
        let run = [by_files, by_keyring][chance.below(2)];
        let outcome = run(&[packets.concat()], &self.blob);
        let refused = [
            "Rejected/KeyRevoked",
            "Rejected/KeyExpired",
            "Rejected/WrongKeyUsage",
            "Unchecked/EngineFailed",
        ];
        assert!(
            refused.contains(&&outcome.verdict()[..]),
            "{}, {what}: {outcome:#?}",
            self.name
        );
    }

    /// The packet with another octet at a place of its body.
    fn altered(&self, place: usize, octet: u8) -> Vec<Vec<u8>> {
        let mut packets = self.packets.clone();
        // A header of six octets is before it.
        packets[self.at][6 + place] = octet;
        packets
    }

    fn body(&self) -> &[u8] {
        &self.packets[self.at][6..]
    }

    /// Places in the body that nothing covers, without the numbers, which are the signature.
    fn uncovered(&self) -> Vec<usize> {
        // With the length of the first one.
        let numbers = numbers_at(self.body()) + 2;
        match self.covered {
            // Of version 3, the class and the time are covered.
            0 => (0..2).chain(7..numbers).collect(),
            covered => (covered..numbers).collect(),
        }
    }
}

fn covered(draft: &Draft) -> usize {
    match draft.version {
        3 => 0,
        // The subpacket of the time has ten octets.
        _ => 6 + 10 + draft.hashed.len(),
    }
}

fn cases() -> Vec<Case> {
    let (key, subkey, other, revoker) = (Key::new(), Key::new(), Key::new(), Key::new());
    let certification = Draft::certification(&key).flags(CERTIFY | SIGN);
    let name = |text: &str| {
        let all = key.user_id(text, &key, &certification);
        let (name, signature) = all.split_at(packet(13, text.as_bytes()).len());
        (name.to_vec(), signature.to_vec(), text.to_owned())
    };
    let over = |text: &str| {
        let length = u32::try_from(text.len()).unwrap().to_be_bytes();
        [&key.hashed(), &[0xb4][..], &length, text.as_bytes()].concat()
    };
    let bound = |own: &Key| {
        let all = key.subkey(own, &Draft::binding(own));
        let (packet, signature) = all.split_at(packet(14, &own.body()).len());
        [packet.to_vec(), signature.to_vec()]
    };
    let (first, second) = (name(OWNER), name("Work <work@example.com>"));
    let [of_subkey, binding] = bound(&subkey);
    let [of_other, of_other_binding] = bound(&other);
    let theirs = revoker.certificate("Revoker");
    let after = Draft::new(key.created + DAY);
    let ends = |draft: Draft| draft.flags(CERTIFY | SIGN).expires_after(9, 5 * DAY);
    let data = [key.hashed(), subkey.hashed()].concat();
    let designates = Draft::new(key.created).class(0x1f).hashed(12, &revoker.as_revoker());
    let revokes = Draft::new(now() - DAY).class(0x20).hashed(29, &[2]);
    let mut cases = Vec::new();
    let mut add = |name, draft: &Draft, signature: Vec<u8>, place: usize, more: &[Vec<u8>], by: &Key| {
        let mut packets = vec![
            key.packet(),
            first.0.clone(),
            first.1.clone(),
            second.0.clone(),
            second.1.clone(),
            of_subkey.clone(),
            binding.clone(),
            of_other.clone(),
            of_other_binding.clone(),
        ];
        packets.insert(place, signature);
        for packet in more {
            packets.insert(1, packet.clone());
        }
        packets.push(theirs.clone());
        let (at, covered, blob) = (place + more.len(), covered(draft), signed(by));
        cases.push(Case {
            name,
            packets,
            at,
            covered,
            blob,
        });
    };
    add(
        "own revocation",
        &revokes,
        key.sign(&revokes, &key.hashed()),
        1,
        &[],
        &key,
    );
    let old = revokes.clone().version(3);
    add("version 3", &old, key.sign(&old, &key.hashed()), 1, &[], &key);
    let of_part = Draft::new(now() - DAY).class(0x28).hashed(29, &[2]);
    add(
        "subkey revocation",
        &of_part,
        key.sign(&of_part, &data),
        7,
        &[],
        &subkey,
    );
    let revocation = revoker.sign(&revokes, &key.hashed());
    let designation = key.sign(&designates, &key.hashed());
    add(
        "designation",
        &designates,
        designation.clone(),
        1,
        std::slice::from_ref(&revocation),
        &key,
    );
    add("by a designated revoker", &revokes, revocation, 1, &[designation], &key);
    let draft = ends(after.clone().class(0x13));
    add("expiry", &draft, key.sign(&draft, &over(&first.2)), 3, &[], &key);
    let draft = after.clone().class(0x13).flags(CERTIFY);
    // gpg goes by the newest user ID.
    add("no signing", &draft, key.sign(&draft, &over(&first.2)), 3, &[], &key);
    let draft = ends(after.clone().class(0x1f));
    add(
        "expiry of the key itself",
        &draft,
        key.sign(&draft, &key.hashed()),
        1,
        &[],
        &key,
    );
    let back = subkey.sign_body(&Draft::new(subkey.created).class(0x19), &data);
    let draft = after
        .class(0x18)
        .flags(SIGN)
        .expires_after(9, 5 * DAY)
        .hashed(32, &back);
    add("expiry of a subkey", &draft, key.sign(&draft, &data), 7, &[], &subkey);
    cases
}

#[test]
fn octets_that_are_not_covered_hide_nothing_that_takes_trust_away() {
    let mut chance = Chance::from_environment();
    for case in cases() {
        case.expect_not_verified(&case.packets, "as it is", &mut chance);
        for place in case.uncovered() {
            let octet = case.body()[place] ^ u8::try_from(1 + chance.below(255)).unwrap();
            let packets = case.altered(place, octet);
            case.expect_not_verified(&packets, &format!("octet {place} is {octet}"), &mut chance);
        }
    }
}

#[test]
fn places_and_decoys_hide_nothing_that_takes_trust_away() {
    let mut chance = Chance::from_environment();
    for case in cases() {
        let moved = |place: usize, with: &[Vec<u8>], packets: &[Vec<u8>]| {
            let mut packets = packets.to_vec();
            let own = packets.remove(case.at);
            packets.splice(place..place, [with, &[own]].concat());
            packets
        };
        // Behind the key, and before the revoker's.
        for place in 1..case.packets.len() - 1 {
            case.expect_not_verified(
                &moved(place, &[], &case.packets),
                &format!("moved to {place}"),
                &mut chance,
            );
        }
        for _ in 0..4 {
            let uncovered = case.uncovered();
            let octet = uncovered[chance.below(uncovered.len())];
            let altered = case.altered(octet, u8::try_from(chance.below(256)).unwrap());
            let place = 1 + chance.below(case.packets.len() - 2);
            // The same with other numbers.
            let mut decoys: Vec<Vec<u8>> = (0..70).map(|_| case.packets[case.at].clone()).collect();
            for (n, decoy) in decoys.iter_mut().enumerate() {
                let end = decoy.len();
                decoy[end - 4..].copy_from_slice(&u32::try_from(n).unwrap().to_be_bytes());
            }
            let packets = moved(place, &decoys, &altered);
            case.expect_not_verified(
                &packets,
                &format!("octet {octet}, moved to {place}, decoys"),
                &mut chance,
            );
        }
        // Without it the key counts.
        let mut without = case.packets.clone();
        without.remove(case.at);
        by_files(&[without.concat()], &case.blob).expect_verdict(0, VERIFIED);
    }
}

/// gpg goes by the newest binding, also where that one has expired.
#[test]
fn a_binding_that_has_expired_counts_wherever_it_stands() {
    let (key, subkey, other) = (Key::new(), Key::new(), Key::new());
    let binding = Draft::binding(&subkey);
    let before = [
        key.certificate(OWNER),
        key.subkey(&subkey, &binding),
        key.subkey(&other, &Draft::binding(&other)),
    ]
    .concat();
    let ended = binding.later_by(DAY).expires_after(3, 2 * DAY);
    let ended = key.subkey(&subkey, &ended).split_off(packet(14, &subkey.body()).len());
    for run in [by_files, by_keyring] {
        run(std::slice::from_ref(&before), &signed(&subkey)).expect_verdict(0, VERIFIED);
        let outcome = run(&[[before.clone(), ended.clone()].concat()], &signed(&subkey));
        assert!(!outcome.verdict().starts_with("Verified"), "{outcome:#?}");
    }
}

/// Neither its version nor the length of what is covered is covered itself.
#[test]
fn the_first_octets_of_an_old_revocation_hide_nothing_whatever_both_are() {
    let (key, subkey) = (Key::new(), Key::new());
    let draft = Draft::new(now() - DAY).version(3);
    let certificate = [key.certificate(OWNER), key.subkey(&subkey, &Draft::binding(&subkey))].concat();
    let (begin, rest) = certificate.split_at(key.packet().len());
    let of_key = key.sign(&draft.clone().class(0x20), &key.hashed());
    let of_subkey = key.revoke_subkey_with(&subkey, &draft);
    for (version, length) in [(9, 6), (4, 6), (4, 0x10)] {
        let altered = |revocation: &[u8]| {
            let mut revocation = revocation.to_vec();
            // A header of six octets is before it.
            revocation[6..8].copy_from_slice(&[version, length]);
            revocation
        };
        let of_key = [begin, &altered(&of_key), rest].concat();
        let of_subkey = [&certificate[..], &altered(&of_subkey)].concat();
        for (copy, maker) in [(of_key, &key), (of_subkey, &subkey)] {
            for run in [by_files, by_keyring] {
                run(std::slice::from_ref(&copy), &signed(maker)).expect_verdict(3, "Unchecked/EngineFailed");
            }
        }
    }
}
