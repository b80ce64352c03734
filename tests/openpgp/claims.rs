// SPDX-License-Identifier: Apache-2.0
//! Keys that stand in several certificates: what somebody adds to a key takes nothing from what that says of itself.

use super::copies::{by_files, by_keyring, VERIFIED};
use super::keys::{signed, BAD, DAY, EXPIRED, OWNER, REVOKED};
use crate::support::forge::{now, Draft, Key};
use crate::support::packets::packet;

/// The packet of another key, primary or subkey, before what limits a subkey: that goes out, and nothing behind it.
#[test]
fn the_packet_of_another_key_takes_no_limit_of_a_subkey_with_it() {
    let (key, subkey, other, theirs) = (Key::new(), Key::new(), Key::new(), Key::new());
    let whole = [key.certificate(OWNER), key.subkey(&subkey, &Draft::binding(&subkey))].concat();
    let of_other = [
        other.certificate("Other"),
        other.subkey(&theirs, &Draft::binding(&theirs)),
    ]
    .concat();
    let later = |draft: Draft| {
        let both = key.subkey(&subkey, &draft.later_by(60));
        both[packet(14, &subkey.body()).len()..].to_vec()
    };
    let without = Draft {
        back_signature: false,
        ..Draft::binding(&subkey)
    };
    let limits = [
        (key.revoke_subkey(&subkey, 2, now() - DAY), REVOKED),
        (later(Draft::binding(&subkey).expires_after(9, DAY)), EXPIRED),
        (later(without), BAD),
    ];
    for added in [&other, &theirs] {
        for bound in [false, true] {
            let mut before = packet(14, &added.body());
            if bound {
                // By the key itself, without consent.
                let draft = Draft {
                    back_signature: false,
                    ..Draft::binding(added)
                };
                before = key.subkey(added, &draft);
            }
            for (limit, verdict) in &limits {
                let copy = [&whole[..], &before, limit].concat();
                let by_subkey = signed(&subkey);
                by_files(&[copy.clone(), of_other.clone()], &by_subkey).expect_verdict(1, verdict);
                by_files(&[[&copy[..], &of_other].concat()], &by_subkey).expect_verdict(1, verdict);
                by_files(&[of_other.clone(), copy.clone(), whole.clone()], &by_subkey).expect_verdict(1, verdict);
                by_keyring(&[copy.clone(), of_other.clone()], &by_subkey).expect_verdict(1, verdict);
                for by in [&key, &other, &theirs] {
                    by_files(&[copy.clone(), of_other.clone()], &signed(by)).expect_verdict(0, VERIFIED);
                }
            }
            let copy = [&whole[..], &before].concat();
            for by in [&key, &subkey, &other, &theirs] {
                for run in [by_files, by_keyring] {
                    run(&[copy.clone(), of_other.clone()], &signed(by)).expect_verdict(0, VERIFIED);
                }
            }
        }
    }
}
