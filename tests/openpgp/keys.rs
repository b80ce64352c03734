// SPDX-License-Identifier: Apache-2.0
//! Keys that fit a signature and do not count all the same.

use super::trial::{signed_payload, Trial};
use crate::support::forge::{now, then, Draft, Key, AUTHENTICATE, CERTIFY, ENCRYPT, MD5, SHA1, SIGN};
use crate::support::gpg::Signer;
use crate::support::packets::packet;

pub const OWNER: &str = "Release <release@example.com>";
pub const BAD: &str = "Rejected/BadSignature";
pub const REVOKED: &str = "Rejected/KeyRevoked";
pub const EXPIRED: &str = "Rejected/KeyExpired";
const NOT_YET: &str = "Rejected/SignatureNotYetValid";
const USAGE: &str = "Rejected/WrongKeyUsage";
pub const DAY: i64 = 86400;

/// Reasons for revocation (RFC 9580 section 5.2.3.31).
pub const REASONS: [(u8, &str); 4] = [(0, "none"), (1, "superseded"), (2, "compromised"), (3, "retired")];

/// A signature of now over the usual payload.
pub fn signed(key: &Key) -> Vec<u8> {
    key.message(&Draft::new(now()), &signed_payload())
}

pub fn signed_at(key: &Key, at: i64) -> Vec<u8> {
    key.message(&Draft::new(at), &signed_payload())
}

#[test]
fn a_revoked_key_does_not_count_whatever_the_reason_and_whenever_it_signed() {
    let key = Key::new();
    for (reason, name) in REASONS {
        let trial = Trial::with_keys(&key.revoked(OWNER, reason, now() - DAY));
        // "Superseded" lets older signatures stand in some readers' eyes, not in GnuPG's.
        for at in [now() - 2 * DAY, now()] {
            trial.expect(&signed_at(&key, at), REVOKED, "which is revoked");
        }
        let signature = trial.signature(&signed(&key));
        assert_eq!(signature["signer"]["primaryFingerprint"], *key.fingerprint(), "{name}");
    }
}

#[test]
fn a_key_that_gpg_revoked_does_not_count() {
    let (_, signer, key) = Trial::with_signer();
    let blob = signer.sign(&key, &signed_payload());
    let file = signer.home().join(format!("openpgp-revocs.d/{key}.rev"));
    // The certificate is kept from accidental use by a colon.
    let certificate = std::fs::read_to_string(file)
        .unwrap()
        .replace(":-----BEGIN", "-----BEGIN");
    signer.gpg(&["--import"], certificate.as_bytes());
    let trial = Trial::with_keys(&signer.gpg(&["--export", &key], b""));
    trial.expect(&blob, REVOKED, &key);
}

#[test]
fn an_expired_key_does_not_count_even_for_what_it_signed_before() {
    let key = Key::new();
    let lasting = |after: i64| {
        let draft = Draft::certification(&key).flags(CERTIFY | SIGN).expires_after(9, after);
        Trial::with_keys(&key.certificate_with(OWNER, &draft))
    };
    let trial = lasting(DAY);
    trial.expect(&signed_at(&key, key.created + DAY / 2), EXPIRED, "expired on");
    trial.expect(&signed(&key), EXPIRED, &key.fingerprint());
    lasting(30 * DAY).expect_verified(&signed(&key));
}

#[test]
fn a_key_that_may_not_sign_data_does_not_count() {
    let key = Key::new();
    for flags in [CERTIFY, CERTIFY | AUTHENTICATE, CERTIFY | ENCRYPT] {
        let draft = Draft::certification(&key).flags(flags);
        let trial = Trial::with_keys(&key.certificate_with(OWNER, &draft));
        trial.expect(&signed(&key), USAGE, "may not sign data");
    }
    let subkey = Key::new();
    for flags in [ENCRYPT, AUTHENTICATE, CERTIFY] {
        let binding = Draft::new(subkey.created).flags(flags);
        let trial = Trial::with_keys(&[key.certificate(OWNER), key.subkey(&subkey, &binding)].concat());
        trial.expect(&signed(&subkey), USAGE, "may not sign data");
    }
}

#[test]
fn rsa_below_2048_bits_does_not_count_neither_as_primary_key_nor_as_subkey() {
    let weak = Key::with(1024, then());
    let trial = Trial::with_keys(&weak.certificate(OWNER));
    trial.expect(&signed(&weak), "Rejected/WeakAlgorithm", "rsa1024");
    let almost = Key::with(2047, then());
    let trial = Trial::with_keys(&almost.certificate(OWNER));
    trial.expect(&signed(&almost), "Rejected/WeakAlgorithm", "rsa2047");
    let strong = Key::new();
    let with = |primary: &Key, subkey: &Key| {
        let keys = [
            primary.certificate(OWNER),
            primary.subkey(subkey, &Draft::binding(subkey)),
        ];
        Trial::with_keys(&keys.concat())
    };
    with(&strong, &weak).expect(&signed(&weak), "Rejected/WeakAlgorithm", "rsa1024");
    // A weak primary key can be made to bind any subkey.
    with(&weak, &strong).expect(&signed(&strong), "Rejected/WeakAlgorithm", "rsa1024");
}

#[test]
fn dsa_below_2048_bits_does_not_count() {
    let signer = Signer::new();
    let key = signer.key(OWNER, "dsa1024", "sign,cert", "never");
    let trial = Trial::with_keys(&signer.gpg(&["--export", &key], b""));
    let blob = signer.sign_with(&key, &["--digest-algo", "SHA256"], &signed_payload());
    trial.expect(&blob, "Rejected/WeakAlgorithm", "dsa1024");
}

#[test]
fn keys_of_every_algorithm_that_counts() {
    let signer = Signer::new();
    for (n, algorithm) in [
        "ed25519",
        "nistp256",
        "nistp384",
        "nistp521",
        "brainpoolP256r1",
        "rsa3072",
        "dsa2048",
    ]
    .into_iter()
    .enumerate()
    {
        let key = signer.key(&format!("key{n}"), algorithm, "sign,cert", "never");
        let trial = Trial::with_keys(&signer.gpg(&["--export", &key], b""));
        let signature = trial.signature(&signer.sign(&key, &signed_payload()));
        assert_eq!(signature["verdict"], "Verified", "{signature:#}");
        let shown = signature["signer"]["keyAlgorithm"].as_str().unwrap();
        assert_eq!(shown, algorithm.to_lowercase());
    }
}

/// Red Hat's release key has them.
#[test]
fn sha1_self_signatures_are_accepted_and_md5_ones_are_not() {
    let key = Key::new();
    let with = |hash: u8| {
        let draft = Draft::certification(&key).flags(CERTIFY | SIGN).hash(hash);
        Trial::with_keys(&key.certificate_with(OWNER, &draft))
    };
    with(SHA1).expect_verified(&signed(&key));
    with(MD5)
        .run(&[&signed(&key)], &[])
        .expect_usage("valid self-signature");
}

#[test]
fn keys_that_gpg_does_not_take_are_a_usage_error_that_says_which_and_why() {
    let key = Key::new();
    let fingerprint = key.fingerprint();
    let blob = signed(&key);
    let stranger = Key::new();
    let of_the_future = Key::with(2048, now() + 30 * DAY);
    let draft = Draft::certification(&key).flags(CERTIFY | SIGN);
    for keys in [
        // No user ID, no self-signature, one by somebody else, one that is damaged.
        key.packet(),
        [key.packet(), packet(13, OWNER.as_bytes())].concat(),
        [key.packet(), key.user_id(OWNER, &stranger, &draft)].concat(),
        [key.packet(), key.user_id(OWNER, &stranger, &draft), packet(13, b"x")].concat(),
    ] {
        let outcome = Trial::with_keys(&keys)
            .run(&[&blob], &[])
            .expect_usage("self-signature");
        assert!(outcome.stderr.contains(&fingerprint), "{outcome:#?}");
    }
    // That a key is dated in the future is no fault of the file.
    Trial::with_keys(&of_the_future.certificate(OWNER)).expect(
        &signed_at(&of_the_future, of_the_future.created),
        NOT_YET,
        "in the future",
    );
}

#[test]
fn a_key_whose_only_user_id_is_revoked_counts_by_its_fingerprint() {
    let key = Key::new();
    let draft = Draft::certification(&key).flags(CERTIFY | SIGN);
    let genuine = key.certificate_with(OWNER, &draft);
    let revocation = key.user_id(OWNER, &key, &Draft::new(now() - DAY).class(0x30).hashed(29, &[32]));
    // Without the user ID packet that comes first.
    let mut rest = &revocation[..];
    image_signature::openpgp::framing::packet::next(&mut rest).unwrap();
    let trial = Trial::with_keys(&[&genuine[..], rest].concat());
    let signature = trial.signature(&signed(&key));
    assert_eq!(signature["verdict"], "Verified", "{signature:#}");
    assert_eq!(signature["signer"]["userID"], *key.fingerprint(), "{signature:#}");
}

/// Its own clock decides, not only that of the signature.
#[test]
fn a_key_that_has_expired_since_it_signed_does_not_count_any_more() {
    if !crate::support::program::has("faketime") {
        crate::support::skipped("a_key_that_has_expired_since", "faketime is not installed");
        return;
    }
    let signer = Signer::new();
    let key = signer.key(OWNER, "ed25519", "sign,cert", "30d");
    let trial = Trial::with_keys(&signer.gpg(&["--export", &key], b""));
    let blob = signer.sign(&key, &signed_payload());
    trial.expect_verified(&blob);
    let at = |offset: &str| {
        let mut starter = trial.sandbox.command_of("/usr/bin/faketime".as_ref());
        starter.args(["-f", offset]).arg(crate::support::program::binary());
        let mut command = trial.command_of(starter, &[&blob]);
        trial.sandbox.finish(&mut command, b"")
    };
    at("+29d").expect_verdict(0, "Verified/Verified");
    at("+31d").expect_verdict(1, EXPIRED);
    // With a clock that is behind the key is there, and not yet valid.
    at("-2d").expect_verdict(1, NOT_YET);
}

#[test]
fn a_key_of_the_future_counts_when_its_day_has_come() {
    if !crate::support::program::has("faketime") {
        crate::support::skipped("a_key_of_the_future", "faketime is not installed");
        return;
    }
    let key = Key::with(2048, now() + 30 * DAY);
    let blob = signed_at(&key, key.created + 10);
    let trial = Trial::with_keys(&key.certificate(OWNER));
    let at = |offset: &str| {
        let mut starter = trial.sandbox.command_of("/usr/bin/faketime".as_ref());
        starter.args(["-f", offset]).arg(crate::support::program::binary());
        let mut command = trial.command_of(starter, &[&blob]);
        trial.sandbox.finish(&mut command, b"")
    };
    at("+1d").expect_verdict(1, NOT_YET);
    at("+31d").expect_verdict(0, "Verified/Verified");
    // The key is there already, the signature of ten days later is not yet valid.
    let blob = signed_at(&key, key.created + 10 * DAY);
    let mut starter = trial.sandbox.command_of("/usr/bin/faketime".as_ref());
    starter.args(["-f", "+35d"]).arg(crate::support::program::binary());
    let mut command = trial.command_of(starter, &[&blob]);
    trial
        .sandbox
        .finish(&mut command, b"")
        .expect_verdict(1, "Rejected/SignatureNotYetValid");
}
