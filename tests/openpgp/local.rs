// SPDX-License-Identifier: Apache-2.0
//! What a key says of itself and marks as not for others (RFC 9580 section 5.2.3.19): an import that leaves it out would
//! leave out a revocation.

use super::copies::{expect, VERIFIED};
use super::keys::{signed, DAY, EXPIRED, OWNER, REVOKED};
use crate::support::forge::{now, Draft, Key, CERTIFY, SIGN};

/// Marked as not for others.
fn local(draft: Draft) -> Draft {
    draft.hashed(4, &[0])
}

#[test]
fn local_revocations_count() {
    let (key, subkey, revoker) = (Key::new(), Key::new(), Key::new());
    let at = local(Draft::new(now() - DAY));
    let certified = Draft::certification(&key).flags(CERTIFY | SIGN);
    let user_id = key.user_id(OWNER, &key, &certified);
    let with = |signatures: &[Vec<u8>]| [key.packet(), signatures.concat(), user_id.clone()].concat();
    expect(&[with(&[key.revocation_of(&key, &at)])], &signed(&key), REVOKED);
    let binding = key.subkey(&subkey, &Draft::binding(&subkey));
    let revoked = [with(&[]), binding, key.revoke_subkey_with(&subkey, &at)].concat();
    expect(&[revoked], &signed(&subkey), REVOKED);
    let theirs = revoker.certificate("Revoker <revoker@example.com>");
    let designates = Draft::new(key.created).hashed(12, &revoker.as_revoker());
    for (designates, at) in [
        (local(designates.clone()), Draft::new(now() - DAY)),
        (designates.clone(), at.clone()),
    ] {
        let revoked = with(&[key.direct(&designates), revoker.revocation_of(&key, &at)]);
        expect(&[revoked, theirs.clone()], &signed(&key), REVOKED);
    }
}

#[test]
fn what_a_key_says_locally_of_its_end_and_its_subkeys_counts() {
    let (key, subkey) = (Key::new(), Key::new());
    let again = |draft: Draft| Draft {
        created: Some(now() - DAY),
        ..draft
    };
    let certified = Draft::certification(&key).flags(CERTIFY | SIGN);
    let shortened = local(again(certified.clone()).expires_after(9, DAY));
    let copy = key.certificate_with(OWNER, &shortened);
    expect(&[key.certificate(OWNER), copy], &signed(&key), EXPIRED);
    let expiring = certified.clone().expires_after(9, DAY);
    let renewed = key.certificate_with(OWNER, &local(again(certified)));
    expect(
        &[key.certificate_with(OWNER, &expiring), renewed],
        &signed(&key),
        VERIFIED,
    );
    let bound = key.subkey(&subkey, &local(Draft::binding(&subkey)));
    expect(&[[key.certificate(OWNER), bound].concat()], &signed(&subkey), VERIFIED);
}
