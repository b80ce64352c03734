// SPDX-License-Identifier: Apache-2.0
//! Copies of one key are one key, wherever they stand and in every order.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use base64::Engine as _;

use super::keys::{signed, DAY, EXPIRED, OWNER, REVOKED};
use super::trial::{Trial, REFERENCE};
use crate::support::forge::{now, Draft, Key, CERTIFY, SIGN};
use crate::support::images::{image, D1};
use crate::support::program::Outcome;

pub const VERIFIED: &str = "Verified/Verified";

/// A key certificate without what stands after the key: as key servers hand out what they may not name.
pub fn nameless(key: &Key, signatures: &[Vec<u8>]) -> Vec<u8> {
    [key.packet(), signatures.concat()].concat()
}

pub(super) fn certificate(key: &Key, draft: &Draft) -> Vec<u8> {
    key.certificate_with(OWNER, &draft.clone().flags(CERTIFY | SIGN))
}

pub(super) fn armor(content: &[u8]) -> Vec<u8> {
    armor_as("PUBLIC KEY BLOCK", content)
}

/// Under another header line.
pub(super) fn armor_as(label: &str, content: &[u8]) -> Vec<u8> {
    let text = base64::engine::general_purpose::STANDARD.encode(content);
    format!("-----BEGIN PGP {label}-----\n\n{text}\n-----END PGP {label}-----\n").into_bytes()
}

/// All orders of some things.
pub(super) fn orders<T: Clone>(things: &[T]) -> Vec<Vec<T>> {
    if things.len() < 2 {
        return vec![things.to_vec()];
    }
    let mut all = Vec::new();
    for n in 0..things.len() {
        let mut rest = things.to_vec();
        let first = rest.remove(n);
        all.extend(orders(&rest).into_iter().map(|mut order| {
            order.insert(0, first.clone());
            order
        }));
    }
    all
}

/// `verify` with these key files.
pub fn by_files(files: &[Vec<u8>], blob: &[u8]) -> Outcome {
    let mut trial = Trial::with_keys(&files[0]);
    for (n, content) in files.iter().enumerate().skip(1) {
        trial
            .key_files
            .push(trial.sandbox.file(&format!("key{n}.gpg"), content));
    }
    trial.run(&[blob], &[])
}

/// `verify` with a keyring in which the copies stand one after the other.
pub fn by_keyring(copies: &[Vec<u8>], blob: &[u8]) -> Outcome {
    let trial = Trial::with_keys(b"");
    let home = trial.sandbox.path("ring");
    fs::create_dir(&home).unwrap();
    fs::set_permissions(&home, fs::Permissions::from_mode(0o700)).unwrap();
    fs::write(home.join("pubring.gpg"), copies.concat()).unwrap();
    let object = trial.sandbox.file("image.json", image(D1, &[blob]).to_string());
    let mut command = trial.sandbox.command();
    command.args(["verify", "-o", "json", "--expected-identity", REFERENCE, "-f"]);
    command
        .arg(object)
        .arg("--homedir")
        .arg(home)
        .args(["--trust-model", "always"]);
    trial.sandbox.finish(&mut command, b"")
}

/// The verdict is this in every order: in one binary file, in files, in blocks of one file, in a keyring.
#[track_caller]
pub fn expect(copies: &[Vec<u8>], blob: &[u8], verdict: &str) {
    let status = i32::from(verdict != VERIFIED);
    for order in orders(copies) {
        // A revocation certificate by itself is no keyring entry.
        if order.iter().all(|copy| copy[0] == 0xc6) {
            by_keyring(&order, blob).expect_verdict(status, verdict);
        }
    }
    expect_by_files(copies, blob, verdict);
}

/// The same without a keyring.
#[track_caller]
pub(super) fn expect_by_files(copies: &[Vec<u8>], blob: &[u8], verdict: &str) {
    let status = i32::from(verdict != VERIFIED);
    for order in orders(copies) {
        by_files(&[order.concat()], blob).expect_verdict(status, verdict);
        by_files(&order, blob).expect_verdict(status, verdict);
        let blocks: Vec<Vec<u8>> = order.iter().map(|copy| armor(copy)).collect();
        by_files(&[blocks.concat()], blob).expect_verdict(status, verdict);
    }
}

#[test]
fn a_revocation_in_any_copy_counts() {
    let key = Key::new();
    let plain = key.certificate(OWNER);
    let revocation = key.revocation_of(&key, &Draft::new(now() - DAY));
    let blob = signed(&key);
    expect(std::slice::from_ref(&plain), &blob, VERIFIED);
    expect(&[plain.clone(), key.revoked(OWNER, 2, now() - DAY)], &blob, REVOKED);
    // As key servers hand it out, and as a certificate by itself.
    expect(
        &[plain.clone(), nameless(&key, std::slice::from_ref(&revocation))],
        &blob,
        REVOKED,
    );
    let other = Key::new();
    expect(
        &[plain.clone(), revocation.clone(), other.certificate("Other")],
        &blob,
        REVOKED,
    );
    // Behind the user ID, where gpg takes none by itself.
    expect(&[[plain.clone(), revocation.clone()].concat()], &blob, REVOKED);
    // Behind another key in one file.
    expect_by_files(
        &[plain, [other.certificate("Other"), revocation].concat()],
        &blob,
        REVOKED,
    );
}

#[test]
fn the_newest_valid_self_signature_decides_expiry() {
    let key = Key::new();
    let at = |days: i64, lasts: i64| {
        Draft::new(key.created + days * DAY)
            .class(0x13)
            .expires_after(9, lasts * DAY)
    };
    let (short, long) = (certificate(&key, &at(0, 2)), certificate(&key, &at(0, 90)));
    let (renewed, shortened) = (certificate(&key, &at(1, 90)), certificate(&key, &at(1, 2)));
    let blob = signed(&key);
    expect(std::slice::from_ref(&short), &blob, EXPIRED);
    expect(&[short.clone(), renewed.clone()], &blob, VERIFIED);
    expect(&[long.clone(), shortened.clone()], &blob, EXPIRED);
    let again = certificate(&key, &at(2, 90));
    expect(&[long, shortened, again], &blob, VERIFIED);
    // Without user ID: the renewal stands on the key itself.
    let direct = key.direct(
        &Draft::new(key.created + DAY)
            .flags(CERTIFY | SIGN)
            .expires_after(9, 90 * DAY),
    );
    expect(&[short.clone(), nameless(&key, &[direct])], &blob, VERIFIED);
    // Only the key's own: a stranger's renewal is none, whomever it names.
    let stranger = Key::new();
    let forged = at(1, 90).flags(CERTIFY | SIGN).named(&key);
    let forged = [key.packet(), key.user_id(OWNER, &stranger, &forged)].concat();
    expect(&[short, forged.clone()], &blob, EXPIRED);
    expect(&[renewed, forged], &blob, VERIFIED);
}

#[test]
fn a_revoked_subkey_is_revoked_by_any_copy() {
    let (key, subkey) = (Key::new(), Key::new());
    let bound = key.subkey(&subkey, &Draft::binding(&subkey));
    let plain = [key.certificate(OWNER), bound.clone()].concat();
    let revocation = key.revoke_subkey(&subkey, 2, now() - DAY);
    let (by_subkey, by_key) = (signed(&subkey), signed(&key));
    let revoked = [plain.clone(), revocation.clone()].concat();
    expect(&[plain.clone(), revoked], &by_subkey, REVOKED);
    let unnamed = [key.packet(), bound, revocation].concat();
    expect(&[plain.clone(), unnamed.clone()], &by_subkey, REVOKED);
    expect(&[plain.clone(), unnamed], &by_key, VERIFIED);
    // A subkey that only one of the copies has.
    expect(&[key.certificate(OWNER), plain], &by_subkey, VERIFIED);
}

#[test]
fn a_subkeys_newest_binding_decides() {
    let (key, subkey) = (Key::new(), Key::new());
    let binding = |at: i64, lasts: i64| {
        let mut draft = Draft::binding(&subkey).expires_after(9, lasts * DAY);
        draft.created = Some(subkey.created + at * DAY);
        [key.certificate(OWNER), key.subkey(&subkey, &draft)].concat()
    };
    let blob = signed(&subkey);
    expect(&[binding(0, 2), binding(1, 90)], &blob, VERIFIED);
    expect(&[binding(0, 90), binding(1, 2)], &blob, EXPIRED);
}

#[test]
fn forged_and_foreign_revocations_never_count() {
    let (key, subkey, stranger) = (Key::new(), Key::new(), Key::new());
    let plain = [key.certificate(OWNER), key.subkey(&subkey, &Draft::binding(&subkey))].concat();
    let draft = Draft::new(now() - DAY);
    for revocation in [
        stranger.revocation_of(&key, &draft),
        stranger.revocation_of(&key, &draft.clone().named(&key)),
        // By the key itself, and of another one.
        key.revocation_of(&stranger, &draft),
    ] {
        let copy = nameless(&key, &[revocation]);
        expect(
            &[plain.clone(), copy.clone(), stranger.certificate("Stranger")],
            &signed(&key),
            VERIFIED,
        );
        expect(&[plain.clone(), copy], &signed(&subkey), VERIFIED);
    }
    let other = Key::new();
    let copy = [
        key.packet(),
        key.subkey(&subkey, &Draft::binding(&subkey)),
        stranger.sign(&draft.class(0x28).named(&key), &other.body()),
    ];
    expect(&[plain, copy.concat()], &signed(&subkey), VERIFIED);
}

/// Whom a signature names as its maker can be altered in transit where that is not covered; gpg goes by it.
#[test]
fn a_revocation_that_names_another_maker_counts_all_the_same() {
    let (key, subkey, other) = (Key::new(), Key::new(), Key::new());
    let plain = [key.certificate(OWNER), key.subkey(&subkey, &Draft::binding(&subkey))].concat();
    let draft = Draft::new(now() - DAY);
    let revocation = key.revocation_of(&key, &draft.clone().named(&other));
    expect(
        &[plain.clone(), nameless(&key, std::slice::from_ref(&revocation))],
        &signed(&key),
        REVOKED,
    );
    expect(&[plain.clone(), revocation], &signed(&key), REVOKED);
    let mut unnamed = draft.clone();
    unnamed.issuer = false;
    expect(
        &[plain.clone(), key.revocation_of(&key, &unnamed)],
        &signed(&key),
        REVOKED,
    );
    for draft in [draft.named(&other), unnamed] {
        let revoked = key.revoke_subkey_with(&subkey, &draft);
        expect(&[[plain.clone(), revoked.clone()].concat()], &signed(&subkey), REVOKED);
        // Before the subkey, where gpg by itself drops it.
        let parts = [
            key.certificate(OWNER),
            revoked,
            key.subkey(&subkey, &Draft::binding(&subkey)),
        ];
        expect(&[parts.concat()], &signed(&subkey), REVOKED);
    }
}

/// Two signatures that are equal in all that is covered are one, whatever the rest of them says.
#[test]
fn an_altered_copy_of_a_self_signature_does_not_displace_the_good_one() {
    let (key, subkey, other) = (Key::new(), Key::new(), Key::new());
    let certification = Draft::certification(&key).flags(CERTIFY | SIGN);
    let good = [
        key.certificate_with(OWNER, &certification),
        key.subkey(&subkey, &Draft::binding(&subkey)),
    ]
    .concat();
    let critical = 0x80 | 100;
    for altered in [
        certification.clone().named(&other),
        certification.clone().unhashed(critical, b"x"),
        Draft {
            issuer: false,
            ..certification
        },
    ] {
        let copy = key.certificate_with(OWNER, &altered);
        expect(&[good.clone(), copy], &signed(&key), VERIFIED);
    }
    // The subkey's consent stands where anybody can take it out.
    for altered in [
        Draft {
            back_signature: false,
            ..Draft::binding(&subkey)
        },
        Draft {
            back_signature: false,
            ..Draft::binding(&subkey)
        }
        .unhashed(32, &[4, 0x19, 1, 8, 0, 0, 0, 0, 1, 2, 0, 8, 3]),
    ] {
        let copy = [key.certificate(OWNER), key.subkey(&subkey, &altered)].concat();
        expect(&[good.clone(), copy], &signed(&subkey), VERIFIED);
    }
}
