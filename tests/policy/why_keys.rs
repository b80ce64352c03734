// SPDX-License-Identifier: Apache-2.0
//! `policy why` of keys: what signs, until when, and each key once.

use serde_json::json;

use super::lint_machine::public_key;
use super::why::{desk, policy, run, REF, SIGNED_BY};
use crate::support::gpg::Signer;

/// The primary key may certify only and never expires; what signs is a subkey that expires in some days.
#[test]
fn a_key_signs_until_its_signing_subkey_expires() {
    let (sandbox, signer) = (desk(), Signer::new());
    let key = signer.key("Sub <sub@example.com>", "rsa2048", "cert", "never");
    signer.gpg(&["--quick-add-key", &key, "ed25519", "sign", "10d"], b"");
    let fingerprints = signer.fingerprints(&key);
    let file = signer.export(&[&key], &sandbox.path("sub.gpg"));
    let requirement = r#"{"type": "signedBy", "keyType": "GPGKeys", "keyPath": "sub.gpg"}"#;
    sandbox.file("policy.json", policy(&format!("      \"\": [{requirement}]")));
    let words = run(&sandbox, &["why", REF, "policy.json"]).expect(0).words();
    let said = format!(
        "OpenPGP v4, rsa2048, expires never signs by subkey {}, ed25519, expires 20",
        fingerprints[1]
    );
    assert!(words.contains(&said), "{said}: {words}");
    let item = run(&sandbox, &["why", REF, "policy.json", "-o", "json"])
        .expect(0)
        .item();
    let found = &item["requirements"][0]["keySources"][0]["keys"][0];
    assert_eq!(found["expiresAt"], json!(null), "{found}");
    assert_eq!(found["subkeys"][0]["fingerprint"], json!(fingerprints[1]), "{found}");
    let end = found["subkeys"][0]["expiresAt"].as_str().unwrap();
    let listed = sandbox.run(["keys", "--public-key", file.to_str().unwrap()]).expect(0);
    let said = format!("expires never (signs until {end}), ");
    assert!(listed.stdout.contains(&said), "{said}: {listed:?}");

    // With one that never expires it signs for ever.
    signer.gpg(&["--quick-add-key", &key, "ed25519", "sign", "never"], b"");
    signer.export(&[&key], &sandbox.path("sub.gpg"));
    let listed = sandbox.run(["keys", "--public-key", file.to_str().unwrap()]).expect(0);
    assert!(listed.stdout.contains("expires never, validity"), "{listed:?}");
    // A primary key that signs itself needs none.
    let own = signer.key("Own <own@example.com>", "rsa2048", "sign", "never");
    signer.gpg(&["--quick-add-key", &own, "ed25519", "sign", "10d"], b"");
    signer.export(&[&own], &sandbox.path("sub.gpg"));
    let item = run(&sandbox, &["why", REF, "policy.json", "-o", "json"])
        .expect(0)
        .item();
    let found = &item["requirements"][0]["keySources"][0]["keys"][0];
    assert_eq!(found["subkeys"], json!([]), "{found}");
    let listed = sandbox.run(["keys", "--public-key", file.to_str().unwrap()]).expect(0);
    assert!(listed.stdout.contains("expires never, validity"), "{listed:?}");
}

#[test]
fn copies_of_a_key_are_told_once() {
    let sandbox = desk();
    let armored = std::fs::read(sandbox.path("release-key.asc")).unwrap();
    sandbox.file("twice.asc", [&armored[..], &armored].concat());
    let requirement =
        |keys: &str| format!("      \"\": [{{\"type\": \"signedBy\", \"keyType\": \"GPGKeys\", {keys}}}]");
    for (keys, files) in [
        (r#""keyPath": "twice.asc""#, 1),
        (r#""keyPaths": ["release-key.asc", "twice.asc"]"#, 2),
    ] {
        sandbox.file("policy.json", policy(&requirement(keys)));
        let item = run(&sandbox, &["why", REF, "policy.json", "-o", "json"])
            .expect(0)
            .item();
        let part = &item["requirements"][0];
        assert_eq!(part["text"], "a GPG signature by this key");
        let sources = part["keySources"].as_array().unwrap();
        assert_eq!(sources.len(), files);
        for source in sources {
            assert_eq!(source["keys"].as_array().unwrap().len(), 1, "{source}");
        }
    }
}

/// Of keys that are not there it is not said that one of them must have signed.
#[test]
fn a_requirement_that_names_no_key_that_can_be_used() {
    let sandbox = desk();
    for (keys, text) in [
        (
            r#""type": "signedBy", "keyType": "GPGKeys", "keyPath": "absent.asc""#,
            "a GPG signature by a key (none of those named here can be used)",
        ),
        (
            r#""type": "sigstoreSigned", "keyPath": "absent.pub""#,
            "a sigstore signature by a key (none of those named here can be used)",
        ),
        (
            r#""type": "signedBy", "keyType": "GPGKeys", "keyPaths": ["absent.asc", "release-key.asc"]"#,
            "a GPG signature by this key",
        ),
    ] {
        sandbox.file("policy.json", policy(&format!("      \"\": [{{{keys}}}]")));
        let item = run(&sandbox, &["why", REF, "policy.json", "-o", "json"])
            .expect(0)
            .item();
        assert_eq!(item["requirements"][0]["text"], text, "{item}");
    }
}

/// What cosign signs by default has no tag: it is said of sigstore signatures, and only where they are rejected so.
#[test]
fn what_cosign_signs_by_default() {
    let sandbox = desk();
    sandbox.file("k.pub", public_key());
    let hint = "signed as registry.local:5000/foo/bar: rejected; cosign signs in this way by default (image-signature-verify(1), Signatures without a tag)";
    let of = |requirement: &str, reference: &str| {
        sandbox.file("policy.json", policy(&format!("      \"\": [{requirement}]")));
        run(&sandbox, &["why", reference, "policy.json"]).expect(0).words()
    };
    let sigstore = r#"{"type": "sigstoreSigned", "keyPath": "k.pub"}"#;
    let digest = format!("registry.local:5000/foo/bar@sha256:{}", "a".repeat(64));
    for reference in [REF, &digest] {
        let words = of(sigstore, reference);
        assert!(words.contains(hint), "{words}");
        assert!(!of(SIGNED_BY, reference).contains("cosign"));
    }
    let repository = r#"{"type": "sigstoreSigned", "keyPath": "k.pub", "signedIdentity": {"type": "matchRepository"}}"#;
    let words = of(repository, REF);
    assert!(!words.contains("cosign"), "{words}");
    // What that rule gives up is said where a tag is asked for.
    let given_up = "; so this requirement does not tie an image to the tag v1";
    assert!(words.contains(given_up), "{words}");
    assert!(!of(repository, &digest).contains("does not tie"));
}

/// Where a key file of this scope is of no use either, to mend the other one is not enough; and where all is refused, nobody is
/// told that no signature is required.
#[test]
fn what_is_refused_is_told_with_all_its_causes() {
    let sandbox = desk();
    let by = |file: &str| format!(r#"[{{"type": "signedBy", "keyType": "GPGKeys", "keyPath": "{file}"}}]"#);
    let scopes = format!("      \"quay.io\": {},\n      \"\": {}", by("one.asc"), by("two.asc"));
    sandbox.file("policy.json", policy(&scopes));
    let both = "because key files of this scope and of another one cannot be used";
    let words = run(&sandbox, &["why", REF, "policy.json"]).expect(0).words();
    assert!(words.contains(both), "{words}");
    let scopes = format!("      \"quay.io\": {},\n      \"\": [{SIGNED_BY}]", by("one.asc"));
    sandbox.file("policy.json", policy(&scopes));
    let words = run(&sandbox, &["why", REF, "policy.json"]).expect(0).words();
    assert!(
        words.contains("because a key file of another scope cannot be used"),
        "{words}"
    );
    sandbox.file("policy.json", r#"{"default": [{"type": "reject"}]}"#);
    let words = run(&sandbox, &["why", REF, "policy.json", "--mirrors"])
        .expect(0)
        .words();
    let note = "Note: every image is refused here, which remapIdentity does not change";
    assert!(
        words.contains(note) && !words.contains("no signature is required"),
        "{words}"
    );
}

/// What is to be written has the arguments that were given.
#[test]
fn a_policy_as_an_option_is_told_to_be_an_argument() {
    let sandbox = desk();
    for (args, words) in [
        (
            &["why", "--policy", "policy.json", "quay.io/a/b:1", "--mirrors"][..],
            "policy why takes the policy as an argument: image-signature policy why quay.io/a/b:1 --mirrors policy.json",
        ),
        (
            &["lint", "--policy=policy.json"],
            "policy lint takes the policy as an argument: image-signature policy lint policy.json",
        ),
        (
            &["why", "quay.io/a/b:1", "--policy", "policy.json", "--token", "secret"],
            "image-signature policy why REF FILE",
        ),
        (
            &["why", "quay.io/a/b:1", "--policy", "policy.json", "--creds", "me:secret"],
            "image-signature policy why REF FILE",
        ),
        (
            &["why", "--policy", "policy.json", "--password=secret", "quay.io/a/b:1"],
            "image-signature policy why REF FILE",
        ),
        (
            &["why", "--policy", "policy.json", "me:secret@quay.io/a/b:1"],
            "image-signature policy why REF FILE",
        ),
        (
            &["lint", "--policy", "https://h/policy.json?sig=secret"],
            "image-signature policy lint FILE",
        ),
    ] {
        let outcome = sandbox.run([&["policy"], args].concat()).expect_usage(words);
        assert!(!outcome.stderr.contains("secret"), "{outcome:?}");
    }
}
