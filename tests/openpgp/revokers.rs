// SPDX-License-Identifier: Apache-2.0
//! Keys that others have designated to revoke them.

use super::copies::{by_files, by_keyring, expect, nameless, VERIFIED};
use super::keys::{signed, DAY, OWNER, REVOKED};
use crate::support::forge::{now, Draft, Key, CERTIFY, MD5, SIGN};
use crate::support::gpg;
use crate::support::program::Outcome;

#[test]
fn a_designated_revoker_at_hand_decides_and_one_that_is_absent_is_warned_of() {
    let (key, revoker, stranger) = (Key::new(), Key::new(), Key::new());
    let designation = key.direct(&Draft::new(key.created).hashed(12, &revoker.as_revoker()));
    let certified = Draft::certification(&key).flags(CERTIFY | SIGN);
    let plain = [key.packet(), designation.clone(), key.user_id(OWNER, &key, &certified)].concat();
    let revocation = revoker.revocation_of(&key, &Draft::new(now() - DAY));
    let revoked = nameless(&key, &[designation, revocation.clone()]);
    let theirs = revoker.certificate("Revoker <revoker@example.com>");
    let blob = signed(&key);
    expect(&[plain.clone(), revoked.clone(), theirs.clone()], &blob, REVOKED);
    expect(&[plain.clone(), revocation.clone(), theirs.clone()], &blob, REVOKED);
    // Named as another one's in transit.
    let misnamed = revoker.revocation_of(&key, &Draft::new(now() - DAY).named(&stranger));
    expect(
        &[plain.clone(), nameless(&key, &[misnamed]), theirs.clone()],
        &blob,
        REVOKED,
    );
    // One that nobody designated.
    let foreign = stranger.revocation_of(&key, &Draft::new(now() - DAY));
    expect(
        &[
            plain.clone(),
            nameless(&key, &[foreign]),
            stranger.certificate("Stranger"),
        ],
        &blob,
        VERIFIED,
    );
    for outcome in [
        by_files(&[plain.clone(), revoked.clone()], &blob),
        by_files(&[plain.clone(), revocation], &blob),
        by_keyring(&[plain.clone(), revoked], &blob),
    ] {
        let outcome = outcome.expect_verdict(0, VERIFIED);
        let warning = format!("designated revoker, key {}", revoker.fingerprint());
        assert_eq!(outcome.stderr.matches(&warning).count(), 1, "{outcome:#?}");
    }
    let outcome = by_files(&[plain, theirs], &blob).expect_verdict(0, VERIFIED);
    assert!(!outcome.stderr.contains("designated"), "{outcome:#?}");
}

/// gpg 2.2 believes a designated revoker whose key may certify and not sign, gpg 2.4 passes its revocations over without a word.
#[test]
fn a_designated_revoker_that_may_not_sign_is_never_passed_over() {
    let (key, revoker) = (Key::new(), Key::new());
    let designation = key.direct(&Draft::new(key.created).hashed(12, &revoker.as_revoker()));
    let certified = Draft::certification(&key).flags(CERTIFY | SIGN);
    let with = |revocation: &[u8]| {
        let user_id = key.user_id(OWNER, &key, &certified);
        [&key.packet(), &designation, revocation, &user_id].concat()
    };
    let theirs = revoker.certificate_with("Revoker", &Draft::certification(&revoker).flags(CERTIFY));
    let revocation = revoker.revocation_of(&key, &Draft::new(now() - DAY));
    let blob = signed(&key);
    let is_passed_over = gpg::version() >= vec![2, 3];
    for run in [by_files, by_keyring] {
        let outcome = run(&[with(&revocation), theirs.clone()], &blob);
        if is_passed_over {
            let outcome = outcome.expect_verdict(3, "Unchecked/EngineFailed");
            let why = format!(
                "is said to be revoked by its designated revoker, key {}",
                revoker.fingerprint()
            );
            assert!(outcome.stdout.contains(&why), "{outcome:#?}");
        } else {
            outcome.expect_verdict(1, REVOKED);
        }
        run(&[with(&[]), theirs.clone()], &blob).expect_verdict(0, VERIFIED);
    }
}

/// Anybody can add packets to a copy of a key that say they are its own. They push out nothing of what it says itself.
#[test]
fn forged_signatures_hide_no_designated_revoker() {
    let (key, revoker, stranger) = (Key::new(), Key::new(), Key::new());
    let designation = key.direct(&Draft::new(key.created).hashed(12, &revoker.as_revoker()));
    let revocation = revoker.revocation_of(&key, &Draft::new(now() - DAY));
    let user_id = key.user_id(OWNER, &key, &Draft::certification(&key).flags(CERTIFY | SIGN));
    let revoked = [key.packet(), designation, revocation, user_id].concat();
    let theirs = revoker.certificate("Revoker <revoker@example.com>");
    let blob = signed(&key);
    // Over the key, so that it looks honest, and made by somebody else.
    let forged = |draft: Draft| stranger.sign(&draft.class(0x1f).named(&key), &key.hashed());
    let bogus = (0..9).fold(Draft::new(1000), |draft, n| {
        draft.hashed(12, &[&[0x80, 1][..], &[n; 20]].concat())
    });
    let copy = [key.packet(), forged(bogus)].concat();
    for run in [by_files, by_keyring] {
        run(&[revoked.clone(), copy.clone(), theirs.clone()], &blob).expect_verdict(1, REVOKED);
        // Of one that is not revoked it is not known whether it is not.
        let certificate = key.certificate(OWNER);
        let open = [key.packet(), stranger.revocation_of(&key, &Draft::new(now() - DAY))].concat();
        run(&[certificate, copy.clone(), open], &blob).expect_verdict(3, "Unchecked/EngineFailed");
    }
    let flood = |count: u32| {
        let one = |n: u32| forged(Draft::new(now() - 3600 + i64::from(n)));
        [key.packet(), (0..count).map(one).collect::<Vec<_>>().concat()].concat()
    };
    let stray = |n: i64| stranger.sign(&Draft::new(now() - 3600 + n).class(0x28).named(&key), &key.hashed());
    let plain = key.certificate(OWNER);
    for run in [by_files, by_keyring] {
        for count in [62, 64, 200] {
            run(&[revoked.clone(), flood(count), theirs.clone()], &blob).expect_verdict(1, REVOKED);
        }
        // More than there is room for.
        let strays = (0..64).flat_map(stray).collect::<Vec<_>>();
        let outcome = run(&[plain.clone(), [key.packet(), strays].concat()], &blob);
        let outcome = outcome.expect_verdict(3, "Unchecked/EngineFailed");
        assert!(outcome.stdout.contains("than a legitimate key"), "{outcome:#?}");
    }
}

/// The standard lets a designated revoker revoke subkeys (RFC 4880 section 5.2.1), and names it by any fingerprint; gpg checks only
/// revocations of whole keys by primary keys that it takes.
#[test]
fn what_gpg_does_not_check_of_designated_revokers_is_told() {
    let (key, subkey, revoker, theirs) = (Key::new(), Key::new(), Key::new(), Key::new());
    let designates = |revoker: &Key| key.direct(&Draft::new(key.created).hashed(12, &revoker.as_revoker()));
    let user_id = key.user_id(OWNER, &key, &Draft::certification(&key).flags(CERTIFY | SIGN));
    let at = Draft::new(now() - DAY);
    let certificate = revoker.certificate("Revoker <revoker@example.com>");
    let is_told = |outcome: Outcome, why: &str| {
        let outcome = outcome.expect_verdict(3, "Unchecked/EngineFailed");
        let said = "is said to be revoked by its designated revoker, key ";
        assert!(
            outcome.stdout.contains(said) && outcome.stdout.contains(why),
            "{outcome:#?}"
        );
    };
    let by_subkey = [
        key.packet(),
        designates(&theirs),
        theirs.revocation_of(&key, &at),
        user_id.clone(),
    ]
    .concat();
    let holder = [certificate.clone(), revoker.subkey(&theirs, &Draft::binding(&theirs))].concat();
    let begin = [key.packet(), designates(&revoker), user_id.clone()].concat();
    let binding = key.subkey(&subkey, &Draft::binding(&subkey));
    let data = [key.hashed(), subkey.hashed()].concat();
    let revoked = revoker.sign(&at.clone().class(0x28).hashed(29, &[2]), &data);
    let of_subkey = [begin.clone(), binding.clone(), revoked].concat();
    for run in [by_files, by_keyring] {
        is_told(
            run(&[by_subkey.clone(), holder.clone()], &signed(&key)),
            "is a subkey of another key",
        );
        let both = [of_subkey.clone(), certificate.clone()];
        is_told(
            run(&both, &signed(&subkey)),
            "revocations of subkeys by designated revokers",
        );
        run(&both, &signed(&key)).expect_verdict(0, VERIFIED);
        run(
            &[[begin.clone(), binding.clone()].concat(), certificate.clone()],
            &signed(&subkey),
        )
        .expect_verdict(0, VERIFIED);
        let outcome = run(std::slice::from_ref(&of_subkey), &signed(&subkey)).expect_verdict(0, VERIFIED);
        let warning = format!("designated revoker, key {}", revoker.fingerprint());
        assert!(outcome.stderr.contains(&warning), "{outcome:#?}");
    }
    let revoked = [
        key.packet(),
        designates(&revoker),
        revoker.revocation_of(&key, &at),
        user_id,
    ]
    .concat();
    let bare = revoker.packet();
    is_told(
        by_keyring(&[revoked, bare], &signed(&key)),
        "gpg takes no key of that fingerprint",
    );
}

/// gpg reads who may revoke a key in nothing but direct signatures over digests that it takes.
#[test]
fn a_designation_that_gpg_does_not_read_makes_no_revocation_pass_unseen() {
    /// No GnuPG has it (RFC 9580 section 9.5).
    const SHA3_256: u8 = 12;
    let (key, subkey, revoker, stranger) = (Key::new(), Key::new(), Key::new(), Key::new());
    let theirs = revoker.certificate("Revoker <revoker@example.com>");
    let certified = Draft::certification(&key).flags(CERTIFY | SIGN);
    let names = |draft: Draft| draft.hashed(12, &revoker.as_revoker());
    let plain = key.user_id(OWNER, &key, &certified);
    let own = [&[4][..], &key.as_revoker()[2..]].concat();
    let of_two = Draft::new(key.created).hashed(16, &stranger.key_id()).hashed(33, &own);
    let direct = |draft: Draft| [key.direct(&names(draft)), plain.clone()].concat();
    let bound = key.subkey(&subkey, &names(Draft::binding(&subkey)));
    for designated in [
        direct(Draft::new(key.created).hash(MD5)),
        direct(Draft::new(key.created).hash(SHA3_256)),
        direct(of_two),
        key.user_id(OWNER, &key, &names(certified.clone())),
        [plain.clone(), bound].concat(),
    ] {
        let revocation = revoker.revocation_of(&key, &Draft::new(now() - DAY));
        let revoked = [key.packet(), revocation, designated.clone()].concat();
        for run in [by_files, by_keyring] {
            let outcome = run(&[revoked.clone(), theirs.clone()], &signed(&key));
            let verdict = outcome.verdict();
            assert!(
                ["Unchecked/EngineFailed", REVOKED].contains(&&verdict[..]),
                "{outcome:#?}"
            );
            // Designated, and nobody has revoked anything.
            let whole = [key.packet(), designated.clone()].concat();
            run(&[whole, theirs.clone()], &signed(&key)).expect_verdict(0, VERIFIED);
        }
    }
}
