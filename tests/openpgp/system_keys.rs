// SPDX-License-Identifier: Apache-2.0
//! A system whose `/etc/gnupg` changes what gpg takes of a key. No key says more or less for it than it says elsewhere.

use super::keys::{signed, DAY, OWNER, REVOKED};
use super::system::{possible, FAILED, UNKNOWN, VERIFIED};
use super::trial::Trial;
use crate::support::forge::{now, Draft, Key, CERTIFY, MD5, SIGN};
use crate::support::program::Outcome;
use crate::support::system::System;

/// `verify` with one key file under these options of the system.
fn run(options: &str, keys: &[Vec<u8>], blob: &[u8]) -> Outcome {
    let trial = Trial::with_keys(&keys.concat());
    let system = System::with_gpg_conf(options);
    let mut command = trial.command_of(system.command(&trial.sandbox), &[blob]);
    trial.sandbox.finish(&mut command, b"")
}

#[test]
fn a_subkey_needs_its_back_signature_where_the_system_does_without() {
    if !possible("a_subkey_needs_its_back_signature") {
        return;
    }
    let (primary, subkey) = (Key::new(), Key::new());
    let consenting = primary.subkey(&subkey, &Draft::binding(&subkey));
    let mut draft = Draft::binding(&subkey);
    draft.back_signature = false;
    let adopted = primary.subkey(&subkey, &draft);
    for (binding, status, verdict) in [(consenting, 0, VERIFIED), (adopted, 1, "Rejected/BadSignature")] {
        let keys = [primary.certificate(OWNER), binding];
        run("no-require-cross-certification", &keys, &signed(&subkey)).expect_verdict(status, verdict);
    }
}

/// Whoever can make two texts of one MD5 digest can have a binding of his own signed as another text.
#[test]
fn what_a_key_says_by_md5_counts_for_nothing_where_the_system_allows_it() {
    if !possible("what_a_key_says_by_md5") {
        return;
    }
    let (primary, subkey) = (Key::new(), Key::new());
    let draft = Draft::binding(&subkey);
    let bound = |draft: &Draft| [primary.certificate(OWNER), primary.subkey(&subkey, draft)];
    let options = "allow-weak-digest-algos";
    run(options, &bound(&draft), &signed(&subkey)).expect_verdict(0, VERIFIED);
    run(options, &bound(&draft.clone().hash(MD5)), &signed(&subkey)).expect_verdict(1, UNKNOWN);
    // The consent of the subkey.
    let data = [primary.hashed(), subkey.hashed()].concat();
    let consent = subkey.sign_body(&Draft::new(subkey.created).class(0x19).hash(MD5), &data);
    let mut draft = draft.unhashed(32, &consent);
    draft.back_signature = false;
    run(options, &bound(&draft), &signed(&subkey)).expect_verdict(1, "Rejected/BadSignature");
}

#[test]
fn options_that_leave_out_a_part_of_a_key_are_told() {
    if !possible("options_that_leave_out_a_part_of_a_key") {
        return;
    }
    let (key, revoker) = (Key::new(), Key::new());
    let certified = Draft::certification(&key).flags(CERTIFY | SIGN);
    let designation = key.direct(&Draft::new(key.created).hashed(12, &revoker.as_revoker()));
    let revoked = [
        key.packet(),
        designation,
        revoker.revocation_of(&key, &Draft::new(now() - DAY)),
        key.user_id(OWNER, &key, &certified),
        revoker.certificate("Revoker <revoker@example.com>"),
    ];
    // By its second user ID it has expired.
    let expiring = Draft::new(key.created + 100).class(0x13).flags(CERTIFY | SIGN);
    let expired = [
        key.certificate(OWNER),
        key.user_id("Second", &key, &expiring.expires_after(9, DAY)),
    ];
    let blob = signed(&key);
    for options in [
        "import-options import-clean,import-minimal",
        "import-options no-import-local-sigs",
    ] {
        run(options, &revoked, &blob).expect_verdict(1, REVOKED);
        run(options, &expired, &blob).expect_verdict(1, "Rejected/KeyExpired");
    }
    for options in [
        "import-options import-minimal,self-sigs-only",
        "import-options \"self-sigs-only\"",
        "import-options show-only",
        "import-options SELF-SIGS-ONLY",
        "import-options import-minimal,self-sigs",
        "import-options Show-o",
        "import-filter keep-uid=uid =~ Release",
        "[+force]\nimport-options no-import-local-sigs",
    ] {
        for keys in [&revoked[..], &expired, &[key.certificate(OWNER)]] {
            let outcome = run(options, keys, &blob).expect_verdict(3, FAILED);
            assert!(outcome.stdout.contains("/etc/gnupg/gpg.conf has "), "{outcome:#?}");
        }
    }
}
