// SPDX-License-Identifier: Apache-2.0
//! `keys --public-key`: which keys would count, and why the others would not.

use crate::support::forge::{Draft, Key, CERTIFY, SIGN};
use crate::support::program::Sandbox;

#[test]
fn a_hostile_owner_does_not_move_the_terminal() {
    let key = Key::new();
    let hostile = "Evil \u{1b}[2J\u{202e}\n\u{7}counts <a@b>";
    let sandbox = Sandbox::new();
    let file = sandbox.file("key.gpg", key.certificate(hostile));
    for format in ["text", "wide", "json", "yaml"] {
        let mut command = sandbox.command();
        command.args(["keys", "-o", format, "--public-key"]).arg(&file);
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
        ("Good", "counts"),
        ("Revoked", "does not count: KeyRevoked"),
        ("Expired", "does not count: KeyExpired"),
        ("Certifier", "does not count: WrongKeyUsage"),
        ("Weak", "does not count: WeakAlgorithm"),
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
