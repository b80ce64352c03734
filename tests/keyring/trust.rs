// SPDX-License-Identifier: Apache-2.0
//! Validity as GnuPG's trust model says, and nothing less.

use crate::keyring::{message, Desk, IDENTITY, OK, OWNER};
use crate::support::gpg::Signer;
use crate::support::images::{payload, D1};

const NOT_ACCEPTED: &str = "Rejected/KeyNotAccepted";

#[test]
fn a_key_that_nobody_vouches_for_does_not_count_and_the_two_ways_are_told() {
    let desk = Desk::new();
    let outcome = desk.judged(&[]).expect_verdict(1, NOT_ACCEPTED);
    let text = message(&outcome);
    for part in [
        OWNER,
        &desk.key,
        "validity of this key in the keyring is",
        "fingerprint that its owner publishes",
        &format!(" --lsign-key {} (that takes a secret key of your own)", desk.key),
        &format!("--signed-by {}", desk.key),
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!text.contains("trust-model"), "{text}");
    // It is good, so that who made it is said.
    assert_eq!(
        outcome.item()["signatures"][0]["signer"]["fingerprint"],
        desk.key.as_str()
    );
    assert!(outcome.item()["signatures"][0].get("claim").is_none());
}

#[test]
fn a_key_that_the_admin_certified_counts() {
    let desk = Desk::certified();
    let outcome = desk.judged(&[]).expect_verdict(0, OK);
    assert_eq!(outcome.item()["signatures"][0]["signer"]["validity"], "full");
    assert_eq!(outcome.item()["signatures"][0]["signer"]["userID"], OWNER);
}

#[test]
fn the_admins_own_key_counts() {
    let desk = Desk::new();
    desk.put(&desk.admin.sign(&desk.admin_key, &payload(D1, IDENTITY)));
    let outcome = desk.judged(&[]).expect_verdict(0, OK);
    assert_eq!(outcome.item()["signatures"][0]["signer"]["validity"], "ultimate");
}

#[test]
fn owner_trust_in_a_key_is_not_its_validity() {
    let desk = Desk::new();
    for (level, verdict) in [
        ("2", NOT_ACCEPTED),
        ("3", NOT_ACCEPTED),
        ("4", NOT_ACCEPTED),
        ("5", NOT_ACCEPTED),
        ("6", OK),
    ] {
        desk.admin
            .gpg(&["--import-ownertrust"], format!("{}:{level}:\n", desk.key).as_bytes());
        let status = i32::from(verdict != OK);
        desk.judged(&[]).expect_verdict(status, verdict);
    }
}

#[test]
fn who_is_fully_trusted_may_introduce_and_who_is_marginally_trusted_may_not_alone() {
    let desk = Desk::new();
    let introducer = Signer::new();
    let introducer_key = introducer.simple_key("Introducer <i@example.com>");
    introducer.gpg(&["--import"], &desk.publisher.gpg(&["--export", &desk.key], b""));
    introducer.gpg(&["--quick-sign-key", &desk.key], b"");
    desk.admin.gpg(&["--import"], &introducer.gpg(&["--export"], b""));
    desk.judged(&[]).expect_verdict(1, NOT_ACCEPTED);
    desk.admin.gpg(&["--quick-lsign-key", &introducer_key], b"");
    desk.judged(&[]).expect_verdict(1, NOT_ACCEPTED);
    for (level, verdict) in [("4", NOT_ACCEPTED), ("5", OK)] {
        desk.admin.gpg(
            &["--import-ownertrust"],
            format!("{introducer_key}:{level}:\n").as_bytes(),
        );
        desk.judged(&[]).expect_verdict(i32::from(verdict != OK), verdict);
    }
}

#[test]
fn a_fresh_certification_counts_though_the_trust_database_is_stale() {
    let desk = Desk::new();
    desk.admin.gpg(&["--check-trustdb"], b"");
    desk.certify();
    let home = desk.home("stale");
    let before = std::fs::read(home.join("trustdb.gpg")).unwrap();
    // By the database alone nobody vouches for the key yet.
    let output = desk
        .sandbox
        .command_of("/usr/bin/gpg".as_ref())
        .arg("--homedir")
        .arg(desk.home("asked"))
        .args([
            "--batch",
            "--no-auto-check-trustdb",
            "--with-colons",
            "--list-keys",
            &desk.key,
        ])
        .output()
        .unwrap();
    let listing = String::from_utf8(output.stdout).unwrap();
    assert!(
        listing.contains("\npub:-:") || listing.contains("\npub:q:") || listing.starts_with("pub:-:"),
        "{listing}"
    );
    desk.run(&home, &[]).expect_verdict(0, OK);
    assert_eq!(std::fs::read(home.join("trustdb.gpg")).unwrap(), before);
}

#[test]
fn a_trust_that_was_taken_back_does_not_count_though_the_database_says_so() {
    let desk = Desk::certified();
    desk.admin.gpg(&["--check-trustdb"], b"");
    desk.judged(&[]).expect_verdict(0, OK);
    // The admin's own key is no longer ultimately trusted: what it certified is worth nothing.
    desk.admin
        .gpg(&["--import-ownertrust"], format!("{}:2:\n", desk.admin_key).as_bytes());
    desk.judged(&[]).expect_verdict(1, NOT_ACCEPTED);
}

#[test]
fn a_certification_that_has_expired_does_not_count() {
    let desk = Desk::new();
    desk.admin.gpg(
        &[
            "--faked-system-time",
            "20260101T000000",
            "--ignore-time-conflict",
            "--ignore-valid-from",
            "--default-cert-expire",
            "1d",
            "--quick-sign-key",
            &desk.key,
        ],
        b"",
    );
    desk.judged(&[]).expect_verdict(1, NOT_ACCEPTED);
}

#[test]
fn a_certification_by_a_revoked_key_does_not_count() {
    let desk = Desk::certified();
    desk.judged(&[]).expect_verdict(0, OK);
    let home = desk.admin.home();
    let revocation = home.join("openpgp-revocs.d").join(format!("{}.rev", desk.admin_key));
    let text = std::fs::read_to_string(revocation)
        .unwrap()
        .replace(":-----BEGIN", "-----BEGIN");
    desk.admin.gpg(&["--import"], text.as_bytes());
    desk.judged(&[]).expect_verdict(1, NOT_ACCEPTED);
}

#[test]
fn disabled_expired_and_revoked_keys_never_count() {
    let desk = Desk::certified();
    let always = ["--trust-model", "always"];
    let named = ["--signed-by", &desk.key];
    let all = [&[][..], &always, &named];
    for more in all {
        desk.judged(more).expect_verdict(0, OK);
    }
    desk.admin
        .gpg(&["--command-fd", "0", "--edit-key", &desk.key], b"disable\nsave\n");
    for more in all {
        desk.judged(more).expect_verdict(1, "Rejected/KeyDisabled");
    }
    desk.admin
        .gpg(&["--command-fd", "0", "--edit-key", &desk.key], b"enable\nsave\n");
    desk.judged(&[]).expect_verdict(0, OK);
    desk.publisher.gpg(&["--quick-set-expire", &desk.key, "seconds=1"], b"");
    std::thread::sleep(std::time::Duration::from_millis(2100));
    desk.import();
    for more in all {
        desk.judged(more).expect_verdict(1, "Rejected/KeyExpired");
    }
    let revocation = desk
        .publisher
        .home()
        .join("openpgp-revocs.d")
        .join(format!("{}.rev", desk.key));
    let text = std::fs::read_to_string(revocation)
        .unwrap()
        .replace(":-----BEGIN", "-----BEGIN");
    desk.publisher.gpg(&["--import"], text.as_bytes());
    desk.import();
    for more in all {
        desk.judged(more).expect_verdict(1, "Rejected/KeyRevoked");
    }
}

#[test]
fn always_makes_every_key_count() {
    let desk = Desk::new();
    desk.judged(&["--trust-model", "always"]).expect_verdict(0, OK);
    desk.judged(&["--trust-model", "gpg"]).expect_verdict(1, NOT_ACCEPTED);
    let stranger = Signer::new();
    let unknown = stranger.simple_key("Stranger <s@example.com>");
    desk.put(&stranger.sign(&unknown, &payload(D1, IDENTITY)));
    desk.judged(&["--trust-model", "always"])
        .expect_verdict(1, "Rejected/UnknownKey");
    desk.judged(&["--trust-model", "tofu"]).expect_usage("--trust-model");
}

#[test]
fn a_user_id_that_somebody_added_is_not_the_owner() {
    let desk = Desk::certified();
    // Whoever has the key may add names to it, and make one the primary one.
    let added = "Red Hat, Inc. <security@redhat.com>";
    desk.publisher.gpg(&["--quick-add-uid", &desk.key, added], b"");
    desk.publisher.gpg(&["--quick-set-primary-uid", &desk.key, added], b"");
    desk.import();
    let outcome = desk.judged(&[]).expect_verdict(0, OK);
    assert_eq!(outcome.item()["signatures"][0]["signer"]["userID"], OWNER);
    assert!(!outcome.stdout.contains("redhat"), "{outcome:?}");
    let home = desk.home("listing");
    let listed = desk
        .sandbox
        .run(["keys", "--homedir", home.to_str().unwrap()])
        .expect(0);
    let line = listed.stdout.lines().find(|line| line.contains(&desk.key)).unwrap();
    assert!(line.contains(OWNER) && !line.contains("redhat"), "{line}");
    // Where it was named by its fingerprint, the primary user ID is what the key says of itself.
    let outcome = desk.judged(&["--signed-by", &desk.key]).expect_verdict(0, OK);
    assert_eq!(outcome.item()["signatures"][0]["signer"]["userID"], added);
}

#[test]
fn a_record_names_the_certified_owner() {
    let desk = Desk::certified();
    desk.publisher
        .gpg(&["--quick-add-uid", &desk.key, "Somebody Else <else@example.com>"], b"");
    desk.import();
    desk.judged(&["--confirm"]).expect_verdict(0, OK);
    let text = std::fs::read_to_string(desk.sandbox.path("image.json")).unwrap();
    assert!(text.contains(&format!("\"commonName\":\"{OWNER}\"")), "{text}");
    assert!(!text.contains("Somebody Else"), "{text}");
}

#[test]
fn a_subkey_that_two_keys_claim_counts_for_neither() {
    use crate::support::forge::{Draft, Key};
    let desk = Desk::new();
    let (first, second, shared) = (Key::new(), Key::new(), Key::new());
    for (key, name) in [(&first, "First <1@example.com>"), (&second, "Second <2@example.com>")] {
        let keys = [key.certificate(name), key.subkey(&shared, &Draft::binding(&shared))].concat();
        desk.admin.gpg(&["--import"], &keys);
        desk.admin.gpg(&["--quick-lsign-key", &key.fingerprint()], b"");
    }
    desk.put(&shared.message(&Draft::new(crate::support::forge::now()), &payload(D1, IDENTITY)));
    for more in [
        &[][..],
        &["--trust-model", "always"],
        &["--signed-by", &first.fingerprint()],
    ] {
        let outcome = desk.judged(more).expect_verdict(1, NOT_ACCEPTED);
        let text = message(&outcome);
        assert!(
            text.contains(&first.fingerprint()) && text.contains(&second.fingerprint()),
            "{text}"
        );
    }
}

/// A state of a key: its name, whether what is recorded is kept in it, and how a key gets into it.
type State<'a> = (&'a str, bool, &'a dyn Fn(&Signer, &str));

/// Whatever the installed gpg computes: some versions go on believing a key that they know to be bad.
#[test]
fn a_certifier_that_is_disabled_expired_or_revoked_vouches_for_nobody() {
    let states: [State<'_>; 3] = [
        ("disabled", true, &|home, key| {
            home.gpg(&["--command-fd", "0", "--edit-key", key], b"disable\nsave\n");
        }),
        ("expired", true, &|home, key| {
            home.gpg(&["--quick-set-expire", key, "seconds=1"], b"");
            std::thread::sleep(std::time::Duration::from_millis(2100));
        }),
        ("revoked", false, &|home, key| {
            let file = home.home().join(format!("openpgp-revocs.d/{key}.rev"));
            let text = std::fs::read_to_string(file)
                .unwrap()
                .replace(":-----BEGIN", "-----BEGIN");
            home.gpg(&["--import"], text.as_bytes());
        }),
    ];
    for (state, kept, make) in states {
        let desk = Desk::certified();
        // What is recorded while all is well.
        desk.judged(&["--confirm"]).expect_verdict(0, OK);
        let recorded = std::fs::read(desk.sandbox.path("image.json")).unwrap();
        make(&desk.admin, &desk.admin_key);
        let outcome = desk.judged(&[]).expect_verdict(1, NOT_ACCEPTED);
        let text = crate::keyring::message(&outcome);
        assert!(
            text.contains(&desk.admin_key) && text.contains(&format!("which is {state}")),
            "{state}: {text}"
        );
        assert!(text.contains("gpg "), "{text}");
        desk.judged(&["--confirm"]).expect_verdict(1, NOT_ACCEPTED);
        let now = std::fs::read(desk.sandbox.path("image.json")).unwrap();
        // A key can be enabled or renewed; a revocation is for good.
        assert_eq!(now == recorded, kept, "{state}");
        // Naming the key does not depend on anybody's certification.
        desk.judged(&["--signed-by", &desk.key]).expect_verdict(0, OK);
        // In the list likewise.
        let home = desk.home("listing");
        let listed = desk
            .sandbox
            .run(["keys", "--homedir", home.to_str().unwrap(), "-o", "name"]);
        assert_eq!(listed.expect(0).stdout, "", "{state}");
    }
}
