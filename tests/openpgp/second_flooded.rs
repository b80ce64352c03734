// SPDX-License-Identifier: Apache-2.0
//! Keys with more in them than is given to gpg as it is: they are read a second time all the same, without what others have
//! made, or nobody, and nothing is known where that is still too much.

use super::altered::{certification, expect_everywhere, forged, over_name};
use super::copies::{by_files, by_keyring, VERIFIED};
use super::keys::{signed, DAY, OWNER};
use super::pictures::picture;
use crate::support::forge::{Draft, Key, CERTIFY, SIGN};
use crate::support::packets::packet;

const OTHER: &str = "Work <work@example.com>";
const UNCHECKED: &str = "Unchecked/EngineFailed";

/// Copies of a signature with other numbers.
fn many(signature: &[u8], count: u32) -> Vec<u8> {
    let copies = (0..count).flat_map(|n| {
        let mut copy = signature.to_vec();
        let end = copy.len();
        copy[end - 4..].copy_from_slice(&n.to_be_bytes());
        copy
    });
    copies.collect()
}

/// The newest self-signature of a name says no end; behind another name it says nothing, and an older one would count.
#[test]
fn what_gives_less_is_not_lost_where_a_key_is_flooded() {
    let (key, stranger) = (Key::new(), Key::new());
    let draft = |at: i64| Draft::new(key.created + at).class(0x13).flags(CERTIFY | SIGN);
    let lasting = draft(DAY).expires_after(9, 4000 * DAY);
    let own = |name: &str, draft: &Draft| key.sign(draft, &over_name(&key, name));
    let name = |text: &str| packet(13, text.as_bytes());
    let newest = own(OWNER, &draft(2 * DAY));
    let first = [name(OWNER), own(OWNER, &lasting)].concat();
    let ended = [name(OTHER), own(OTHER, &draft(0).expires_after(9, 5 * DAY))].concat();
    let moved = [key.packet(), first.clone(), ended, newest.clone()].concat();
    // An older one stands at the wrong place, and takes nothing away.
    let honest = [
        key.packet(),
        first.clone(),
        newest,
        name(OTHER),
        own(OTHER, &draft(0)),
        own(OWNER, &draft(0)),
    ];
    let honest = honest.concat();
    let by_stranger = stranger.sign(&certification(&stranger).class(0x10), &over_name(&key, OTHER));
    let in_its_name = stranger.sign(&draft(DAY).named(&key), &over_name(&key, OTHER));
    for flood in [many(&by_stranger, 700), many(&in_its_name, 700)] {
        expect_everywhere(&[[&moved[..], &flood].concat()], &signed(&key), UNCHECKED);
        expect_everywhere(&[[&honest[..], &flood].concat()], &signed(&key), VERIFIED);
    }
    // What gpg does not get.
    let pictures = packet(17, &picture(300 << 10)).repeat(16);
    expect_everywhere(&[[&moved[..], &pictures].concat()], &signed(&key), UNCHECKED);
    // Many copies of a file are one.
    expect_everywhere(&vec![honest; 20], &signed(&key), VERIFIED);
}

/// gpg is given no more than it can check in seconds: what may be in the rest is not known.
#[test]
fn a_key_that_is_too_full_to_be_read_twice_is_not_known_unless_it_is_plain() {
    let (key, draft) = (Key::new(), |key: &Key| certification(key).later_by(DAY));
    let mut plain = key.packet();
    let names: Vec<String> = (0..100).map(|n| format!("{OWNER} {n}")).collect();
    for name in &names {
        plain.extend(packet(13, name.as_bytes()));
        plain.extend(key.sign(&draft(&key), &over_name(&key, name)));
    }
    expect_everywhere(std::slice::from_ref(&plain), &signed(&key), VERIFIED);
    // Good signatures by the key, each behind another name.
    let moved = names
        .iter()
        .flat_map(|name| key.sign(&certification(&key), &over_name(&key, name)));
    let crowded = [plain.clone(), moved.collect()].concat();
    for run in [by_files, by_keyring] {
        run(std::slice::from_ref(&crowded), &signed(&key)).expect_verdict(3, UNCHECKED);
    }
    let few = key.sign(&certification(&key), &over_name(&key, &names[0]));
    let forged: Vec<u8> = (0..600)
        .flat_map(|n| forged(&key, &certification(&key), &over_name(&key, &names[1]), n))
        .collect();
    expect_everywhere(&[[plain, few, forged].concat()], &signed(&key), VERIFIED);
}
