// SPDX-License-Identifier: Apache-2.0
//! Keys that must not vouch for others: revoked, expired or disabled ones. Whatever the installed gpg computes: versions
//! differ in it, and in what they leave of what they computed before.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::keyring::{message, Desk, IDENTITY, OK, OWNER};
use crate::support::forge::{now, Draft, Key, CERTIFY, SIGN};
use crate::support::gpg::{self, Signer};
use crate::support::images::{payload, D1};

const NOT_ACCEPTED: &str = "Rejected/KeyNotAccepted";

const STATES: [&str; 3] = ["disabled", "expired", "revoked"];

/// Puts a key of `owner` into a state, as the admin knows it.
fn put(desk: &Desk, owner: &Signer, key: &str, state: &str) {
    match state {
        "disabled" => {
            desk.admin
                .gpg(&["--command-fd", "0", "--edit-key", key], b"disable\nsave\n");
            return;
        }
        "expired" => {
            owner.gpg(&["--quick-set-expire", key, "seconds=1"], b"");
            std::thread::sleep(std::time::Duration::from_millis(2100));
        }
        _ => {
            let file = owner.home().join(format!("openpgp-revocs.d/{key}.rev"));
            let text = fs::read_to_string(file).unwrap();
            // The colon keeps it from being used by mistake.
            owner.gpg(&["--import"], text.replace(":-----BEGIN", "-----BEGIN").as_bytes());
        }
    }
    let exported = owner.gpg(&["--export", key], b"");
    desk.admin.gpg(&["--import"], &exported);
}

/// Takes the state back, where that can be done.
fn mend(desk: &Desk, owner: &Signer, key: &str, state: &str) {
    match state {
        "disabled" => {
            // As the message tells to do it.
            desk.admin
                .gpg(&["--command-fd", "0", "--edit-key", key, "enable", "save"], b"");
        }
        "expired" => {
            owner.gpg(&["--quick-set-expire", key, "1y"], b"");
            let exported = owner.gpg(&["--export", key], b"");
            desk.admin.gpg(&["--import"], &exported);
        }
        _ => {}
    }
}

/// How an introducer comes to be trusted.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Trusted {
    ByOwnerTrust,
    ByTrustSignature,
}

/// A key that is certified by an introducer, whom the admin certified and trusts.
fn introduced(trusted: Trusted) -> (Desk, Signer, String) {
    let desk = Desk::new();
    let introducer = Signer::new();
    let key = introducer.simple_key("Introducer <i@example.com>");
    introducer.gpg(&["--import"], &desk.publisher.gpg(&["--export", &desk.key], b""));
    introducer.gpg(&["--quick-sign-key", &desk.key], b"");
    desk.admin.gpg(&["--import"], &introducer.gpg(&["--export"], b""));
    match trusted {
        Trusted::ByOwnerTrust => {
            desk.admin.gpg(&["--quick-lsign-key", &key], b"");
            desk.admin
                .gpg(&["--import-ownertrust"], format!("{key}:5:\n").as_bytes());
        }
        Trusted::ByTrustSignature => {
            // Fully, for one level, without a domain.
            let answers = b"tsign\n2\n1\n\ny\nsave\n";
            desk.admin.gpg(&["--command-fd", "0", "--edit-key", &key], answers);
        }
    }
    (desk, introducer, key)
}

/// Nobody vouches for the key because of `certifier`, and the message says so; then the state is taken back.
fn is_not_vouched_for(desk: &Desk, owner: &Signer, certifier: &str, state: &str) {
    desk.judged(&["--confirm"]).expect_verdict(0, OK);
    let recorded = fs::read(desk.sandbox.path("image.json")).unwrap();
    put(desk, owner, certifier, state);
    let outcome = desk.judged(&["--confirm"]).expect_verdict(1, NOT_ACCEPTED);
    let text = message(&outcome);
    for words in [certifier, &format!("which is {state}"), "gpg "] {
        assert!(text.contains(words), "{state}: no {words:?} in {text:?}");
    }
    if state == "disabled" {
        let told = format!("--edit-key {certifier} enable save; or");
        assert!(text.contains(&told), "{told:?}: {text:?}");
    }
    // A key can be enabled or renewed; a revocation is for good.
    let kept = fs::read(desk.sandbox.path("image.json")).unwrap() == recorded;
    assert_eq!(kept, state != "revoked", "{state}");
    let home = desk.home("listing");
    let listed = desk
        .sandbox
        .run(["keys", "--homedir", home.to_str().unwrap(), "-o", "name"]);
    assert!(!listed.expect(0).stdout.contains(&desk.key), "{state}");
    desk.judged(&["--signed-by", &desk.key]).expect_verdict(0, OK);
    if state != "revoked" {
        mend(desk, owner, certifier, state);
        desk.judged(&[]).expect_verdict(0, OK);
    }
}

#[test]
fn an_introducer_that_is_unfit_introduces_nobody() {
    for trusted in [Trusted::ByOwnerTrust, Trusted::ByTrustSignature] {
        for state in STATES {
            let (desk, introducer, key) = introduced(trusted);
            is_not_vouched_for(&desk, &introducer, &key, state);
        }
    }
}

#[test]
fn behind_a_good_introducer_is_nobody_that_is_unfit() {
    for trusted in [Trusted::ByOwnerTrust, Trusted::ByTrustSignature] {
        for state in STATES {
            let (desk, _introducer, _) = introduced(trusted);
            let owner = Signer::new();
            let secret = desk.admin.gpg(&["--export-secret-keys", &desk.admin_key], b"");
            owner.gpg(&["--import"], &secret);
            let file = format!("openpgp-revocs.d/{}.rev", desk.admin_key);
            fs::create_dir_all(owner.home().join("openpgp-revocs.d")).unwrap();
            fs::copy(desk.admin.home().join(&file), owner.home().join(&file)).unwrap();
            is_not_vouched_for(&desk, &owner, &desk.admin_key, state);
        }
    }
}

#[test]
fn of_several_certifiers_one_that_is_good_suffices() {
    for state in STATES {
        let desk = Desk::certified();
        let second = desk.admin.simple_key("Second admin <second@example.com>");
        desk.admin
            .gpg(&["-u", &second, "--yes", "--quick-lsign-key", &desk.key], b"");
        put(&desk, &desk.admin, &desk.admin_key, state);
        desk.judged(&[]).expect_verdict(0, OK);
        put(&desk, &desk.admin, &second, state);
        desk.judged(&[]).expect_verdict(1, NOT_ACCEPTED);
    }
}

/// A keyring with a certifier twice, and only one copy has what makes it unfit; the trust database is from before.
#[test]
fn what_only_another_copy_of_a_certifier_says_counts() {
    let export = |desk: &Desk| {
        desk.admin
            .gpg(&["--export", "--export-options", "export-local-sigs"], b"")
    };
    for state in ["expired", "revoked"] {
        let desk = Desk::certified();
        let before = export(&desk);
        let home = desk.home("copies");
        fs::remove_file(home.join("pubring.kbx")).unwrap();
        put(&desk, &desk.admin, &desk.admin_key, state);
        let after = desk.admin.gpg(&["--export", &desk.admin_key], b"");
        for ring in [[&before[..], &after], [&after, &before]] {
            fs::write(home.join("pubring.gpg"), ring.concat()).unwrap();
            let outcome = desk.run(&home, &[]).expect_verdict(1, NOT_ACCEPTED);
            assert!(message(&outcome).contains(&format!("which is {state}")), "{outcome:#?}");
        }
        fs::write(home.join("pubring.gpg"), &before).unwrap();
        desk.run(&home, &[]).expect_verdict(0, OK);
    }
}

/// A certifier that its designated revoker has revoked, and the revoker has expired since.
#[test]
fn a_certifier_that_its_designated_revoker_revoked_vouches_for_nobody() {
    let desk = Desk::new();
    let (certifier, revoker, signer) = (Key::new(), Key::new(), Key::new());
    let designation = certifier.direct(&Draft::new(certifier.created).hashed(12, &revoker.as_revoker()));
    let own = |key: &Key| Draft::certification(key).flags(CERTIFY | SIGN);
    let name = "Certifier <c@example.com>";
    let certifier_with = |revocation: &[u8]| {
        [
            certifier.packet(),
            designation.clone(),
            revocation.to_vec(),
            certifier.user_id(name, &certifier, &own(&certifier)),
        ]
        .concat()
    };
    let signers = {
        // The user ID stands there once, with both signatures behind it.
        let mut packets = signer.certificate_with(OWNER, &own(&signer));
        let by_other = signer.user_id(OWNER, &certifier, &Draft::certification(&certifier));
        let user_id = crate::support::packets::packet(13, OWNER.as_bytes());
        packets.extend(&by_other[user_id.len()..]);
        packets
    };
    let revocation = revoker.revocation_of(&certifier, &Draft::new(now() - 3600));
    let misnamed = revoker.revocation_of(&certifier, &Draft::new(now() - 3600).named(&signer));
    desk.put(&signer.message(&Draft::new(now()), &payload(D1, IDENTITY)));
    let home = desk.sandbox.path("revoked");
    fs::create_dir(&home).unwrap();
    fs::set_permissions(&home, fs::Permissions::from_mode(0o700)).unwrap();
    let trust = [
        format!("{}:6:\n", certifier.fingerprint()),
        format!("{}:6:\n", revoker.fingerprint()),
    ];
    desk.admin.gpg(&["--import"], &certifier_with(&[]));
    desk.admin.gpg(&["--import-ownertrust"], trust.concat().as_bytes());
    fs::copy(desk.admin.home().join("trustdb.gpg"), home.join("trustdb.gpg")).unwrap();
    let valid = revoker.certificate("Revoker <r@example.com>");
    let expired = revoker.certificate_with("Revoker <r@example.com>", &own(&revoker).expires_after(9, 3600));
    for revokers in [&valid, &expired] {
        for revocation in [&revocation, &misnamed] {
            let ring = [&signers[..], revokers, &certifier_with(revocation)].concat();
            fs::write(home.join("pubring.gpg"), ring).unwrap();
            let outcome = desk.run(&home, &[]).expect_verdict(1, NOT_ACCEPTED);
            assert!(message(&outcome).contains("which is revoked"), "{outcome:#?}");
        }
        let ring = [&signers[..], revokers, &certifier_with(&[])].concat();
        fs::write(home.join("pubring.gpg"), ring).unwrap();
        desk.run(&home, &[]).expect_verdict(0, OK);
    }
    // One without user ID, of which gpg believes nothing.
    let ring = [&signers[..], &revoker.packet(), &certifier_with(&revocation)].concat();
    fs::write(home.join("pubring.gpg"), ring).unwrap();
    let outcome = desk.run(&home, &[]).expect_verdict(3, "Unchecked/EngineFailed");
    assert!(
        outcome.stdout.contains("gpg takes no key of that fingerprint"),
        "{outcome:#?}"
    );
    // One that may certify and not sign, which gpg 2.4 passes over.
    let certifies = revoker.certificate_with(
        "Revoker <r@example.com>",
        &Draft::certification(&revoker).flags(CERTIFY),
    );
    let ring = [&signers[..], &certifies, &certifier_with(&revocation)].concat();
    fs::write(home.join("pubring.gpg"), ring).unwrap();
    let outcome = desk.run(&home, &[]);
    if gpg::version() >= vec![2, 3] {
        outcome.expect_verdict(3, "Unchecked/EngineFailed");
    } else {
        outcome.expect_verdict(1, NOT_ACCEPTED);
    }
}

/// Anybody can write the key ID of an unfit certifier into a certification. Nothing is recorded otherwise because of it; a
/// true one by an expired key spares the record, one by a revoked key is named.
#[test]
fn a_certification_that_only_claims_a_certifier_changes_no_record() {
    let desk = Desk::new();
    let (certifier, signer, stranger) = (Key::new(), Key::new(), Key::new());
    let name = "Certifier <c@example.com>";
    let own = |key: &Key| Draft::certification(key).flags(CERTIFY | SIGN);
    desk.admin
        .gpg(&["--import"], &certifier.certificate_with(name, &own(&certifier)));
    let trust = format!("{}:6:\n", certifier.fingerprint());
    desk.admin.gpg(&["--import-ownertrust"], trust.as_bytes());
    let home = desk.sandbox.path("claims");
    fs::create_dir(&home).unwrap();
    fs::set_permissions(&home, fs::Permissions::from_mode(0o700)).unwrap();
    fs::copy(desk.admin.home().join("trustdb.gpg"), home.join("trustdb.gpg")).unwrap();
    let expired = certifier.certificate_with(name, &own(&certifier).expires_after(9, 3600));
    let revoked = certifier.revoked(name, 2, now() - 3600);
    let valid = certifier.certificate_with(name, &own(&certifier));
    let certified_by = |key: &Key, draft: &Draft| {
        let mut packets = signer.certificate_with(OWNER, &own(&signer));
        let user_id = crate::support::packets::packet(13, OWNER.as_bytes());
        packets.extend(&signer.user_id(OWNER, key, draft)[user_id.len()..]);
        packets
    };
    let nobody = signer.certificate_with(OWNER, &own(&signer));
    let forged = certified_by(&stranger, &Draft::certification(&stranger).named(&certifier));
    let good = certified_by(&certifier, &Draft::certification(&certifier));
    let message_of = signer.message(&Draft::new(now()), &payload(D1, IDENTITY));
    // What stands in the record that said True before.
    let recorded = |signers: &[u8], certifiers: &[u8]| {
        desk.put(&message_of);
        fs::write(home.join("pubring.gpg"), [signers, certifiers].concat()).unwrap();
        let named = ["--signed-by", &signer.fingerprint(), "--confirm"];
        desk.run(&home, &named).expect_verdict(0, OK);
        let outcome = desk.run(&home, &["--confirm"]).expect_verdict(1, NOT_ACCEPTED);
        let file: serde_json::Value =
            serde_json::from_slice(&fs::read(desk.sandbox.path("image.json")).unwrap()).unwrap();
        let trusted = file["signatures"][0]["conditions"][0].clone();
        (trusted["status"].clone(), message(&outcome))
    };
    for certifiers in [&expired, &revoked] {
        assert_eq!(recorded(&forged, certifiers), recorded(&nobody, certifiers));
        assert_eq!(recorded(&forged, certifiers).0, "False");
    }
    let (status, text) = recorded(&good, &expired);
    assert!(status == "True" && text.contains("which is expired"), "{status} {text}");
    let (status, text) = recorded(&good, &revoked);
    assert!(
        status == "False" && text.contains("which is revoked"),
        "{status} {text}"
    );
    // While the certifier is fit, its claimed certification makes nothing valid either.
    recorded(&forged, &valid);
    fs::write(home.join("pubring.gpg"), [&good[..], &valid].concat()).unwrap();
    desk.run(&home, &[]).expect_verdict(0, OK);
}
