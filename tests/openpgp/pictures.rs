// SPDX-License-Identifier: Apache-2.0
//! Keys with a picture of their owner (photo ID), which GnuPG keeps in its keyring and does not list.

use super::copies::{by_files, by_keyring, VERIFIED};
use super::keys::{signed, DAY, OWNER};
use crate::support::forge::{now, Draft, Key, CERTIFY, SIGN};
use crate::support::packets::packet;

/// A picture of this many bytes in a key: what stands in the packet.
pub fn picture(size: usize) -> Vec<u8> {
    let header = [&[1, 16, 0, 1, 1][..], &[0; 12]].concat();
    let length = u32::try_from(header.len() + size).unwrap().to_be_bytes();
    [&[255], &length[..], &header, &vec![0xa5; size]].concat()
}

/// A certification of a picture in `key`.
pub fn certification(key: &Key, picture: &[u8], by: &Key, draft: &Draft) -> Vec<u8> {
    let length = u32::try_from(picture.len()).unwrap().to_be_bytes();
    let data = [&key.hashed(), &[0xd1][..], &length, picture].concat();
    by.sign(&draft.clone().class(0x13), &data)
}

fn expect_verified(key: &Key, copy: &[u8]) {
    for run in [by_files, by_keyring] {
        run(&[copy.to_vec()], &signed(key)).expect_verdict(0, VERIFIED);
    }
}

#[test]
fn a_key_with_a_picture_is_verified_by_file_and_by_keyring() {
    let key = Key::new();
    let own = Draft::certification(&key).flags(CERTIFY | SIGN);
    for size in [20, 6000] {
        let picture = picture(size);
        let own = certification(&key, &picture, &key, &own);
        let copy = [key.certificate(OWNER), packet(17, &picture), own].concat();
        expect_verified(&key, &copy);
    }
}

/// A picture that is too large is left out, and what others certify of it with it.
#[test]
fn certifications_of_a_large_picture_crowd_out_nothing() {
    let (key, other) = (Key::new(), Key::new());
    let picture = picture(300 << 10);
    let own = Draft::certification(&key).flags(CERTIFY | SIGN);
    let mut copy = [key.certificate(OWNER), packet(17, &picture)].concat();
    copy.extend(certification(&key, &picture, &key, &own));
    for n in 0..70 {
        let draft = Draft::new(now() - DAY - n).named(&other);
        copy.extend(certification(&key, &picture, &other, &draft));
    }
    expect_verified(&key, &copy);
    // What takes trust away counts wherever it stands.
    let ended = Draft::new(now() - DAY)
        .class(0x13)
        .flags(CERTIFY | SIGN)
        .expires_after(9, DAY);
    let ended = key
        .user_id(OWNER, &key, &ended)
        .split_off(packet(13, OWNER.as_bytes()).len());
    copy.extend(ended);
    for run in [by_files, by_keyring] {
        // gpg 2.2 itself loses what follows some large pictures, and the two readings differ then.
        let verdict = run(&[copy.clone()], &signed(&key)).verdict();
        let known = [super::keys::EXPIRED, "Unchecked/EngineFailed"];
        assert!(known.contains(&&verdict[..]), "{verdict}");
    }
}
