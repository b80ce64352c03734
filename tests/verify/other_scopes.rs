// SPDX-License-Identifier: Apache-2.0
//! What the key files of other scopes of a policy say against a key.

use serde_json::json;

use super::policy::{Place, OK};
use crate::support::desk::IDENTITY;
use crate::support::forge::{now, then, Draft, Key, CERTIFY, SIGN};
use crate::support::images::{image, payload, D1};
use crate::support::packets::packet;

const NAME: &str = "A <a@example.com>";
const REVOKED: &str = "Rejected/KeyRevoked";

/// An image that is signed by a key, and what `verify` and `policy test` say of it: the key file of its scope, that of another.
struct Case {
    place: Place,
    /// Whether the key signed itself and is the only one of its scope, so that nothing else may be good where it is not.
    by_primary: bool,
}

impl Case {
    fn new(maker: &Key, by_primary: bool) -> Self {
        let place = Place::new();
        let draft = Draft::new(now() - 3600).named(maker);
        place.put(&image(D1, &[&maker.message(&draft, &payload(D1, IDENTITY))]));
        let of = |file: &str| json!([{"type": "signedBy", "keyType": "GPGKeys", "keyPath": file}]);
        place.scopes(&json!({"registry.local:5000": of("own.gpg"), "elsewhere.example": of("other.gpg")}));
        Self { place, by_primary }
    }

    #[track_caller]
    fn expect(&self, own: &[u8], other: &[u8], verdict: &str) {
        self.place.desk.put("own.gpg", own);
        self.place.desk.put("other.gpg", other);
        let status = match verdict.split_once('/').unwrap().0 {
            "Verified" => 0,
            "Unchecked" => 3,
            _ => 1,
        };
        self.place.json(IDENTITY).expect_verdict(status, verdict);
        // What is promised is no more than that.
        let why = ["policy", "why", IDENTITY, "policy.json", "-o", "json"];
        let promised = self.place.desk.sandbox.run(why).expect(0).item()["verdict"].clone();
        assert!(promised == "Verified" || verdict != OK, "{promised}");
        assert!(
            promised != "Verified" || verdict == OK || !self.by_primary,
            "{promised}"
        );
    }
}

#[test]
fn a_revoked_subkey_a_designated_revoker_and_a_stray_revocation_count_from_other_scopes() {
    let (key, subkey, revoker, other) = (Key::new(), Key::new(), Key::new(), Key::new());
    let at = Draft::new(now() - 86400);
    let bound = key.subkey(&subkey, &Draft::binding(&subkey));
    let own = [key.certificate(NAME), bound.clone()].concat();
    let foreign = other.certificate("Other");
    let of_subkey = Case::new(&subkey, false);
    of_subkey.expect(&own, &foreign, OK);
    of_subkey.expect(&own, &own, OK);
    let revoked = [own.clone(), key.revoke_subkey(&subkey, 2, now() - 86400)].concat();
    of_subkey.expect(&own, &revoked, REVOKED);
    let (of_key, beside_another) = (Case::new(&key, true), Case::new(&key, false));
    of_key.expect(&own, &revoked, OK);
    // By another one, that is named here or only there.
    let designation = key.direct(&Draft::new(key.created).hashed(12, &revoker.as_revoker()));
    let certified = key.user_id(NAME, &key, &Draft::certification(&key).flags(CERTIFY | SIGN));
    let plain = key.certificate(NAME);
    let named = [&key.packet()[..], &designation, &certified].concat();
    let revocation = revoker.revocation_of(&key, &at);
    let theirs = revoker.certificate("Revoker <revoker@example.com>");
    let both = [&key.packet()[..], &designation, &revocation, &certified].concat();
    for file in [&plain, &named] {
        of_key.expect(file, &[both.clone(), theirs.clone()].concat(), REVOKED);
        beside_another.expect(&[file.clone(), theirs.clone()].concat(), &both, REVOKED);
        of_key.expect(file, &[named.clone(), theirs.clone()].concat(), OK);
    }
    of_key.expect(&named, &[theirs.clone(), revocation.clone()].concat(), REVOKED);
    // Nobody has named this one.
    of_key.expect(&plain, &[theirs.clone(), revocation.clone()].concat(), OK);
    // Behind another key, and named as made by a third one.
    let stray = key.revocation_of(&key, &at.named(&subkey));
    of_key.expect(&plain, &[foreign.clone(), stray].concat(), REVOKED);
    // A designation that gpg does not read, beside what lets the key last longer.
    let odd = Draft::certification(&key).later_by(10).flags(CERTIFY | SIGN);
    let odd = key.user_id(NAME, &key, &odd.hashed(12, &revoker.as_revoker()));
    let copy = [&key.packet()[..], &revocation, &odd].concat();
    of_key.expect(&plain, &[copy, theirs.clone()].concat(), "Unchecked/EngineFailed");
    of_key.expect(&plain, &[key.packet(), odd, theirs].concat(), OK);
}

/// Where it stands is not covered: behind a part that only the copy of the other scope has.
#[test]
fn a_revocation_behind_a_part_that_only_another_scope_has_counts() {
    let (key, subkey, newer) = (Key::new(), Key::new(), Key::new());
    let bound = |own: &Key| key.subkey(own, &Draft::binding(own));
    let revoked = |own: &Key| key.revoke_subkey(own, 2, now() - 86400);
    let own = [key.certificate(NAME), bound(&subkey)].concat();
    let case = Case::new(&subkey, false);
    case.expect(&own, &[own.clone(), bound(&newer), revoked(&subkey)].concat(), REVOKED);
    case.expect(&own, &[own.clone(), bound(&newer), revoked(&newer)].concat(), OK);
    let certified = |name: &str, flags: u8, class: u8, later: i64| {
        let draft = Draft::new(key.created + later).class(class).flags(flags);
        key.user_id(name, &key, &draft)
    };
    let alone = certified(NAME, CERTIFY, 0x30, 86400).split_off(packet(13, NAME.as_bytes()).len());
    let first = [key.packet(), certified(NAME, CERTIFY | SIGN, 0x13, 60)].concat();
    let both = [first.clone(), certified("B", CERTIFY, 0x13, 0)].concat();
    let case = Case::new(&key, false);
    let there = [first, certified("new", CERTIFY, 0x13, 0), alone].concat();
    case.place.desk.put("own.gpg", &both);
    case.place.desk.put("other.gpg", &both);
    case.place.json(IDENTITY).expect_verdict(0, OK);
    case.place.desk.put("other.gpg", &there);
    let outcome = case.place.json(IDENTITY);
    assert!(!outcome.verdict().starts_with("Verified"), "{outcome:#?}");
}

/// What lets a key count for more does not come from elsewhere.
#[test]
fn a_renewal_does_not_count_from_other_scopes() {
    let key = Key::new();
    let lasts = |days: i64, later: i64| {
        let draft = Draft::certification(&key).later_by(later).flags(CERTIFY | SIGN);
        key.certificate_with(NAME, &draft.expires_after(9, days * 86400))
    };
    let case = Case::new(&key, true);
    case.expect(&lasts(2, 0), &lasts(90, 10), "Rejected/KeyExpired");
    case.expect(&lasts(90, 0), &lasts(90, 10), OK);
    assert!(then() < now());
}
