// SPDX-License-Identifier: Apache-2.0
//! `keys --public-key`: which keys would count, and why the others would not.

use super::keys::signed;
use super::trial::Trial;
use crate::support::forge::{Draft, Key, CERTIFY, SIGN};
use crate::support::program::Sandbox;

#[test]
fn a_hostile_owner_does_not_move_the_terminal() {
    let key = Key::new();
    let hostile = "Evil \u{1b}[2J\u{202e}\n\u{7}counts <a@b>";
    let sandbox = Sandbox::new();
    let file = sandbox.file("key.gpg", key.certificate(hostile));
    for format in crate::support::formats("keys") {
        let mut command = sandbox.command();
        command.args(["keys", "-o", &format, "--public-key"]).arg(&file);
        let outcome = sandbox.finish(&mut command, b"").expect(0);
        let bad = |c: char| c != '\n' && (c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c));
        assert!(!outcome.stdout.contains(bad), "{outcome:#?}");
        if format == "text" {
            assert_eq!(outcome.stdout.lines().count(), 1, "{outcome:#?}");
        }
    }
}

#[test]
fn keys_tells_which_count_and_why_the_others_do_not() {
    let sandbox = Sandbox::new();
    let (good, revoked, expired, certifier, weak) = (
        Key::new(),
        Key::new(),
        Key::new(),
        Key::new(),
        Key::with(1024, crate::support::forge::then()),
    );
    let expiring = Draft::certification(&expired)
        .flags(CERTIFY | SIGN)
        .expires_after(9, 60);
    let keys = [
        good.certificate("Good"),
        revoked.revoked("Revoked", 1, revoked.created + 60),
        expired.certificate_with("Expired", &expiring),
        certifier.certificate_with("Certifier", &Draft::certification(&certifier).flags(CERTIFY)),
        weak.certificate("Weak"),
    ];
    let file = sandbox.file("keys.gpg", keys.concat());
    let list = |format: &str, more: &[&str]| {
        let mut command = sandbox.command();
        command
            .args(["keys", "-o", format, "--public-key"])
            .arg(&file)
            .args(more);
        sandbox.finish(&mut command, b"").expect(0)
    };
    let text = list("text", &[]).stdout;
    for (owner, said) in [
        ("Good", "accepted"),
        ("Revoked", "not accepted: KeyRevoked"),
        ("Expired", "not accepted: KeyExpired"),
        ("Certifier", "not accepted: WrongKeyUsage"),
        ("Weak", "not accepted: WeakAlgorithm"),
    ] {
        let line = text.lines().find(|line| line.contains(owner)).unwrap();
        assert!(line.ends_with(said) || line.contains(&format!("{said}:")), "{line}");
    }
    assert_eq!(list("name", &[]).stdout.trim(), good.fingerprint());
    let document = list("json", &[]).json();
    assert_eq!(document["items"].as_array().unwrap().len(), 5);
    assert_eq!(document["items"][0]["fingerprint"], *good.fingerprint());
    // Narrowed to another one, none is left.
    let narrowed = list("name", &["--signed-by", &certifier.fingerprint()]);
    assert_eq!(narrowed.stdout, "");
}

/// What `keys` says of a subkey is what `verify` says of its signatures.
#[test]
fn subkeys_are_listed_as_their_signatures_are_judged() {
    let (key, other) = (Key::new(), Key::new());
    let [good, expired, unbound, revoked, encrypting, shared] = [(); 6].map(|()| Key::new());
    let mut no_consent = Draft::binding(&unbound);
    no_consent.back_signature = false;
    let keys = [
        key.certificate("Family"),
        key.subkey(&good, &Draft::binding(&good)),
        key.subkey(&expired, &Draft::binding(&expired).expires_after(9, 60)),
        key.subkey(&unbound, &no_consent),
        key.subkey(&revoked, &Draft::binding(&revoked)),
        key.revoke_subkey(&revoked, 1, revoked.created + 60),
        key.subkey(
            &encrypting,
            &Draft::new(encrypting.created).flags(crate::support::forge::ENCRYPT),
        ),
        key.subkey(&shared, &Draft::binding(&shared)),
        other.certificate("Other"),
        other.subkey(&shared, &Draft::binding(&shared)),
    ];
    let trial = Trial::with_keys(&keys.concat());
    let file = trial.key_files[0].to_str().unwrap();
    for more in [
        &[][..],
        &["--signed-by", &good.fingerprint()],
        &["--signed-by", &key.fingerprint()],
    ] {
        let args = [&["keys", "-o", "json", "--public-key", file], more].concat();
        let document = trial.sandbox.run(args).expect(0).json();
        let item = &document["items"][0];
        for subkey in [&good, &expired, &unbound, &revoked, &encrypting, &shared] {
            let listed = item["subkeys"]
                .as_array()
                .unwrap()
                .iter()
                .find(|own| own["fingerprint"] == *subkey.fingerprint())
                .unwrap();
            let outcome = trial.run(&[&signed(subkey)], more);
            let found = outcome.item()["signatures"][0].clone();
            assert_eq!(listed["counts"], found["verdict"] == "Verified", "{listed:#} {found:#}");
            if listed["counts"] == false {
                assert_eq!(listed["reason"], found["reason"], "{more:?}: {listed:#} {found:#}");
            }
        }
        let outcome = trial.run(&[&signed(&key)], more);
        let itself = outcome.item()["verdict"] == "Verified";
        // A key counts if any part of it does.
        assert_eq!(item["counts"], true, "{itself}: {item:#}");
    }
}

#[test]
fn a_revoked_keys_owner_is_shown_and_marked() {
    let key = Key::new();
    let trial = Trial::with_keys(&key.revoked("Gone <gone@example.com>", 1, key.created + 60));
    let file = trial.key_files[0].to_str().unwrap();
    let text = trial.sandbox.run(["keys", "--public-key", file]).expect(0).stdout;
    assert!(text.contains("Gone <gone@example.com> [revoked]"), "{text}");
    let signature = trial.signature(&signed(&key));
    assert!(
        signature["message"]
            .as_str()
            .unwrap()
            .contains("Gone <gone@example.com> [revoked]"),
        "{signature:#}"
    );
}
