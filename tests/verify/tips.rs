// SPDX-License-Identifier: Apache-2.0
//! Tips for what other programs have: by the similarity of letters alone they would lead to something else.

use crate::support::program::Sandbox;

/// A command line that is refused with this text, and with no tip of clap's.
#[track_caller]
fn assert_tip(args: &[&str], tip: &str) {
    let outcome = Sandbox::new().run(args).expect_usage(tip);
    assert!(!outcome.stderr.contains("similar"), "{outcome:?}");
}

#[test]
fn commands_that_stand_below_another_one() {
    for (args, tip) in [
        (&["merge", "a.jsonl"][..], "did you mean image-signature audit merge?"),
        (&["diff", "a", "b"], "did you mean image-signature audit diff?"),
        (&["lint", "p"], "did you mean image-signature policy lint?"),
        (&["why", "r"], "did you mean image-signature policy why?"),
        (&["test", "t"], "did you mean image-signature policy test?"),
        (
            &["verify-image-signature", "-f", "x"],
            "did you mean image-signature verify?",
        ),
        (
            &["audit", "dif", "a", "b"],
            "dif is neither an image nor a command of audit; did you mean \"diff\"?",
        ),
        (&["audit", "mrge", "a"], "did you mean \"merge\"?"),
    ] {
        assert_tip(args, tip);
    }
    // A word that is like neither is told as an image.
    let outcome = Sandbox::new().run(["audit", "busybox"]).expect_usage("busybox:latest");
    assert!(!outcome.stderr.contains("did you mean"), "{outcome:?}");
}

#[test]
fn options_of_cosign_skopeo_and_podman() {
    for (option, tip) in [
        (
            "--certificate-identity",
            "keyless signatures and transparency logs are not checked here",
        ),
        (
            "--certificate-oidc-issuer",
            "keyless signatures and transparency logs are not checked here",
        ),
        (
            "--rekor-url",
            "keyless signatures and transparency logs are not checked here",
        ),
        (
            "--insecure-ignore-tlog",
            "keyless signatures and transparency logs are not checked here",
        ),
        ("--username", "did you mean --creds USER:PASSWORD, or --authfile FILE?"),
        ("--password", "did you mean --creds USER:PASSWORD, or --authfile FILE?"),
        ("--signature-policy", "did you mean --policy FILE?"),
        ("--arch", "did you mean --platform OS/ARCH, such as linux/amd64?"),
        (
            "--override-arch",
            "did you mean --platform OS/ARCH, such as linux/amd64?",
        ),
        ("--all", "without IMAGE every object in the files is taken"),
        ("--gpg-home", "did you mean --homedir DIR?"),
        ("--debug", "-v logs"),
        ("--quiet", "the exit status has the verdict"),
    ] {
        for args in [vec!["verify", option, "x"], vec!["verify", "-f", "image.json", option]] {
            assert_tip(&args, &format!("there is no option {option}"));
            assert_tip(&args, tip);
        }
    }
    assert_tip(
        &["keys", "--username", "x"],
        "--creds USER:PASSWORD is an option of verify, inspect, audit",
    );
}

/// What shows the key of a policy or of cosign is not a matter of `keys`.
#[test]
fn keys_that_are_not_in_a_keyring() {
    assert_tip(&["keys", "--policy", "p"], "--policy is an option of verify, policy test, audit, not of keys; image-signature policy why REF FILE shows the keys of a policy");
    assert_tip(
        &["keys", "--sigstore-key", "cosign.pub"],
        "openssl pkey -pubin -outform DER -in FILE | sha256sum prints HEX",
    );
    let hex = format!("sha256:{}", "a".repeat(64));
    assert_tip(
        &["keys", "--signed-by", &hex],
        "add --sigstore-key FILE, which verify and audit have",
    );
    let help = Sandbox::new().run(["keys", "--help"]).expect(0).stdout;
    assert!(!help.contains("sigstore key"), "{help}");
}
