// SPDX-License-Identifier: Apache-2.0
//! What gpg passes over in a key though it may take trust away: nothing is known about the parts that it may be about, and
//! the others count.

use super::altered::{certification, ending, expect_everywhere, over_name};
use super::copies::VERIFIED;
use super::keys::{signed, DAY, OWNER, REVOKED};
use super::system::FAILED;
use crate::support::forge::{now, Draft, Key, MD5};
use crate::support::packets::packet;

/// Of version 3: which digest it is over is not covered.
const HASH: usize = 16;

fn critical(draft: Draft) -> Draft {
    draft.hashed(0x80 | 99, b"x")
}

/// With a critical notation that nobody knows.
fn noted(draft: Draft) -> Draft {
    let notation = [&[0x80, 0, 0, 0, 0, 9, 0, 1][..], b"a@example", b"x"].concat();
    draft.hashed(0x80 | 20, &notation)
}

fn binding_of(key: &Key, subkey: &Key, draft: &Draft) -> Vec<u8> {
    key.subkey(subkey, draft).split_off(packet(14, &subkey.body()).len())
}

#[test]
fn a_revocation_that_gpg_does_not_check_is_about_one_subkey_where_that_can_be_told() {
    let (key, first, second, third) = (Key::new(), Key::new(), Key::new(), Key::new());
    let bound = |own: &Key| key.subkey(own, &Draft::binding(own));
    let begin = [key.certificate(OWNER), bound(&first)].concat();
    let end = [bound(&second), bound(&third)].concat();
    let at = Draft::new(now() - DAY);
    for draft in [at.clone().version(3), critical(at.clone()), noted(at.clone())] {
        let revocation = key.revoke_subkey_with(&first, &draft);
        let mut altered = revocation.clone();
        // Behind a header of six octets.
        altered[6 + HASH] = if draft.version == 3 { 10 } else { altered[6 + HASH] };
        for copy in [
            [&begin[..], &revocation, &end].concat(),
            // Behind another one.
            [&begin[..], &end, &revocation].concat(),
            [key.packet(), revocation.clone(), begin.clone(), end.clone()].concat(),
        ] {
            // An old one is found good by gpg.
            let verdict = if draft.version == 3 { REVOKED } else { FAILED };
            expect_everywhere(std::slice::from_ref(&copy), &signed(&first), verdict);
            for by in [&second, &third, &key] {
                expect_everywhere(std::slice::from_ref(&copy), &signed(by), VERIFIED);
            }
        }
        if draft.version == 3 {
            let copy = [&begin[..], &end, &altered].concat();
            for by in [&first, &second, &third] {
                expect_everywhere(std::slice::from_ref(&copy), &signed(by), FAILED);
            }
            expect_everywhere(&[copy], &signed(&key), VERIFIED);
        }
    }
}

#[test]
fn what_is_critical_and_unknown_hides_no_expiry() {
    let (key, subkey, other) = (Key::new(), Key::new(), Key::new());
    let bound = |own: &Key| key.subkey(own, &Draft::binding(own));
    let [first, second] = [&subkey, &other].map(bound);
    let name = over_name(&key, OWNER);
    let whole = [key.certificate(OWNER), first, second].concat();
    let (begin, rest) = whole.split_at(key.certificate(OWNER).len());
    let by_md5 = |draft: Draft| draft.hash(MD5);
    // Where it belongs is not looked for by MD5.
    for (odd, elsewhere) in [
        (critical as fn(Draft) -> Draft, VERIFIED),
        (noted, VERIFIED),
        (by_md5, FAILED),
    ] {
        let ended = key.sign(&odd(ending(&key)), &name);
        let copy = [begin, &ended, rest].concat();
        for by in [&key, &subkey] {
            expect_everywhere(std::slice::from_ref(&copy), &signed(by), FAILED);
        }
        // The last that a key says counts.
        let renewed = key.sign(&certification(&key).later_by(2 * DAY), &name);
        let copy = [begin, &ended, &renewed, rest].concat();
        expect_everywhere(&[copy], &signed(&key), VERIFIED);
        let direct = key.direct(&odd(Draft::new(key.created).expires_after(9, 5 * DAY)));
        let (packet, names) = whole.split_at(key.packet().len());
        expect_everywhere(&[[packet, &direct, names].concat()], &signed(&key), FAILED);
        // Behind another subkey than its own.
        let draft = Draft::binding(&subkey).later_by(DAY).expires_after(9, 5 * DAY);
        let copy = [&whole[..], &binding_of(&key, &subkey, &odd(draft))].concat();
        expect_everywhere(std::slice::from_ref(&copy), &signed(&subkey), FAILED);
        for by in [&key, &other] {
            expect_everywhere(std::slice::from_ref(&copy), &signed(by), elsewhere);
        }
    }
}
