// SPDX-License-Identifier: Apache-2.0
//! Expected identities: what is taken for one, and when a signed reference is it.

use serde_json::json;

use super::pairing::{desk, OK};
use crate::support::desk::by_policy;
use crate::support::images::{image, D1, D2};
use crate::support::program::Outcome;
use crate::verify::{Desk, IDENTITY, OTHER};

#[test]
fn identities_of_no_use_are_usage_errors_that_say_what_to_write() {
    let desk = desk();
    for (identity, message) in [
        (
            "registry.local:5000/foo/bar",
            "write registry.local:5000/foo/bar:latest",
        ),
        (
            &*format!("registry.local:5000/foo/bar:v1@{D1}"),
            "both a tag and a digest",
        ),
        ("Foo/Bar:v1", "expected identity"),
        ("", "expected identity"),
        ("a/b:c d", "expected identity"),
        (&"a".repeat(4000), "expected identity"),
    ] {
        desk.run(&["-f", "one.json", "--expected-identity", identity])
            .expect_usage(message);
    }
    desk.run(&["-f", "one.json"])
        .expect_usage("--expected-identity is required");
}

#[test]
fn identities_are_shown_in_canonical_form() {
    let desk = Desk::new();
    desk.put(
        "image.json",
        image(D1, &[&desk.sign(D1, "docker.io/library/busybox:1")]).to_string(),
    );
    let outcome = desk
        .run(&["-o", "json", "-f", "image.json", "--expected-identity", "busybox:1"])
        .expect_verdict(0, OK);
    assert_eq!(
        outcome.item()["expectedIdentities"],
        json!(["docker.io/library/busybox:1"])
    );
}

#[test]
fn a_digest_in_the_expected_identity_must_be_the_images_own() {
    let desk = desk();
    let own = format!("registry.local:5000/foo/bar@{D1}");
    let foreign = format!("registry.local:5000/foo/bar@{D2}");
    desk.run(&["-o", "json", "-f", "one.json", "--expected-identity", &own])
        .expect_verdict(0, OK);
    let outcome = desk
        .run(&["-o", "json", "-f", "one.json", "--expected-identity", &foreign])
        .expect(1);
    assert_eq!(outcome.item()["verdict"], "Rejected");
    assert!(
        outcome.item()["message"]
            .as_str()
            .unwrap()
            .contains("the image itself is"),
        "{outcome:?}"
    );
}

#[test]
fn rules_of_comparison() {
    let desk = desk();
    let fixed = ["-o", "json", "-f", "one.json", "--expected-identity"];
    let by = |identity: &str, rule: &str| desk.run(&[&fixed[..], &[identity, "--identity-match", rule]].concat());
    by(IDENTITY, "matchExact").expect_verdict(0, OK);
    by(OTHER, "matchExact").expect_verdict(1, "Rejected/IdentityMismatch");
    by(IDENTITY, "matchRepoDigestOrExact").expect_verdict(0, OK);
    by(OTHER, "matchRepository").expect_verdict(0, OK);
    by("registry.local:5000/foo/baz:v1", "matchRepository").expect_verdict(1, "Rejected/IdentityMismatch");
    by("mirror.local/foo/bar:v1", "remap:mirror.local=registry.local:5000").expect_verdict(0, OK);
    by("mirror.local/foo/bar:v2", "remap:mirror.local=registry.local:5000")
        .expect_verdict(1, "Rejected/IdentityMismatch");
    by(&format!("registry.local:5000/foo/bar@{D1}"), "matchExact").expect_verdict(1, "Rejected/IdentityMismatch");
    for bad in [
        "exact",
        "matchexact",
        "remap:x",
        "remap:a b=c",
        "remap:mirror.local:tag@=x",
        "",
    ] {
        by(IDENTITY, bad).expect_usage("--identity-match");
    }
}

/// A replacement that gives no reference is what is wrong, and no digest: what was asked for and what is signed are equal.
#[test]
fn a_prefix_that_gives_no_reference_is_said_to() {
    let desk = Desk::new();
    let identity = "localhost:5000/a/b:1";
    desk.put("image.json", image(D1, &[&desk.sign(D1, identity)]).to_string());
    let run = |args: &[&str]| desk.run(&[&["-f", "image.json", "--expected-identity", identity], args].concat());
    let why = "the prefix localhost:5000 becomes x, which does not give a reference";
    let says = |outcome: &Outcome, why: &str| {
        let flat = outcome.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(flat.contains(why) && !flat.contains("digest differs"), "{outcome:?}");
    };
    says(&run(&["--identity-match", "remap:localhost:5000=x"]).expect(1), why);
    desk.put("map", "localhost:5000 localhost:5000\n");
    let mut object = image(D1, &[&desk.sign(D1, identity)]);
    object["dockerImageReference"] = json!(identity);
    desk.put("own.json", object.to_string());
    let args = [
        "audit",
        "-f",
        "own.json",
        "--public-key",
        "key.gpg",
        "--expected-identity-map",
        "map",
    ];
    let rule = ["--identity-match", "remap:localhost:5000=x"];
    says(&desk.sandbox.run([&args[..], &rule].concat()).expect(1), why);
    // Whether this one does depends on the image.
    let outcome = run(&["--identity-match", "remap:localhost:5000/a/b=x.example", "--explain"]).expect(1);
    let why_not = "the prefix localhost:5000/a/b becomes x.example, which does not give a reference";
    says(&outcome, why_not);
    // A policy may say it.
    let requirement = json!({"type": "signedBy", "keyType": "GPGKeys", "keyPath": desk.key_file,
        "signedIdentity": {"type": "remapIdentity", "prefix": "localhost:5000", "signedPrefix": "x"}});
    let policy = json!({"default": [{"type": "reject"}], "transports": {"docker": {"localhost:5000": [requirement]}}});
    desk.put("policy.json", policy.to_string());
    let args = by_policy(identity);
    says(&desk.sandbox.run(args).expect(1), why);
}

#[test]
fn identities_that_are_no_reference_say_what_they_look_like() {
    let desk = desk();
    let hex = "ab".repeat(32);
    for (identity, words) in [
        (&*format!("docker://{IDENTITY}"), &["without docker://", IDENTITY][..]),
        (&format!("https://{IDENTITY}"), &["URL", "without https://", IDENTITY]),
        ("http://quay.io/a/b:v1/", &["without http://: quay.io/a/b:v1"]),
        (
            D1,
            &[
                "it is a digest",
                &format!("--expected-digest {D1}"),
                "REGISTRY/NAMESPACE/NAME:TAG",
            ],
        ),
        (&hex, &["it is a digest", &format!("--expected-digest sha256:{hex}")]),
        (&format!("@{D1}"), &["it is a digest"]),
        (&D1.to_uppercase(), &["it is a digest"]),
        ("sha256:12", &["it is a digest"]),
        (&format!("sha512:{hex}{hex}"), &["it is a digest"]),
        (
            &format!("image.image.openshift.io/{D1}"),
            &["TYPE/NAME", "as the image is signed"],
        ),
        (&format!("image/{D1}"), &["TYPE/NAME"]),
        ("istag/app:v1", &["TYPE/NAME", "docker.io/istag/app:v1"]),
        ("imagestreamtag.image.openshift.io/app:v1", &["TYPE/NAME"]),
        ("[fd00::1]:5000/team/app:v1", &["IPv6", "host name"]),
        ("dir:/srv/image", &["a path"]),
        ("./image", &["a path"]),
        (
            &format!("{IDENTITY}\r"),
            &["white space", "after it", &format!("write {IDENTITY}")],
        ),
        (
            &format!("\u{feff}{IDENTITY}"),
            &["before it", &format!("write {IDENTITY}")],
        ),
        ("", &["it is empty"]),
    ] {
        for args in [
            &["-f", "one.json", "--expected-identity", identity][..],
            &["-f", "one.json", &format!("{D1}={identity}")],
        ] {
            let outcome = desk.run(args).expect_usage("expected identity");
            for word in words {
                assert!(outcome.stderr.contains(word), "{identity:?}, {word}: {outcome:?}");
            }
            assert!(!outcome.stderr.contains("\\\\u"), "escaped twice: {outcome:?}");
        }
    }
    // What only looks like one of these is a reference.
    for identity in [
        "docker.io/istag/app:v1",
        "registry.local/image/app:v1",
        "oci/app:v1",
        "dir/app:v1",
    ] {
        desk.run(&["-f", "one.json", "-o", "json", "--expected-identity", identity])
            .expect_verdict(1, "Rejected/IdentityMismatch");
    }
}
