// SPDX-License-Identifier: Apache-2.0
//! `policy lint` of identity rules: those that do not go with their scope, and those that no signature fits.

use serde_json::{json, Value};

use super::lint::of_scopes;
use super::why::{desk, SIGNED_BY};

#[test]
fn identities_that_do_not_go_with_their_scope() {
    let sandbox = desk();
    let with = |scope: &str, identity: &str| {
        let requirement = SIGNED_BY.trim_end_matches('}');
        of_scopes(
            &sandbox,
            &format!("      \"{scope}\": [{requirement}, \"signedIdentity\": {identity}}}]"),
        )
    };
    let remap = |prefix: &str| {
        format!("{{\"type\": \"remapIdentity\", \"prefix\": \"{prefix}\", \"signedPrefix\": \"up.example\"}}")
    };
    let exact = "{\"type\": \"exactRepository\", \"dockerRepository\": \"quay.io/ns/app\"}";
    for (scope, identity) in [
        ("quay.io/ns", remap("docker.io")),
        ("quay.io/ns", remap("quay.io/other")),
        ("quay.io", exact.to_owned()),
        ("*.io", exact.to_owned()),
        (
            "quay.io",
            "{\"type\": \"exactReference\", \"dockerReference\": \"quay.io/ns/app:v1\"}".to_owned(),
        ),
    ] {
        let found = with(scope, &identity);
        assert_eq!(found.len(), 1, "{scope} {identity}: {found:?}");
        assert!(
            found[0].starts_with("IdentityAgainstScope warning policy.json:5:"),
            "{found:?}"
        );
        assert!(found[0].ends_with("[0].signedIdentity"), "{found:?}");
    }
    for (scope, identity) in [
        ("quay.io/ns", remap("quay.io")),
        ("quay.io/ns", remap("quay.io/ns/app")),
        ("*.io", remap("quay.io")),
        ("", remap("quay.io")),
        ("quay.io/ns/app", exact.to_owned()),
        ("quay.io", "{\"type\": \"matchRepository\"}".to_owned()),
    ] {
        let found = with(scope, &identity);
        let found: Vec<_> = found.iter().filter(|own| !own.starts_with("ScopeShadowed")).collect();
        assert!(found.is_empty(), "{scope} {identity}: {found:?}");
    }
}

/// What has a scope of its own never comes to the rule of a wider one.
#[test]
fn prefixes_that_a_nearer_scope_takes() {
    let sandbox = desk();
    let requirement = SIGNED_BY.trim_end_matches('}');
    let of = |scope: &str, prefix: &str, nearer: &str| {
        let remap =
            format!("{{\"type\": \"remapIdentity\", \"prefix\": \"{prefix}\", \"signedPrefix\": \"up.example\"}}");
        let scopes = format!(
            "      \"{scope}\": [{requirement}, \"signedIdentity\": {remap}}}],\n      \"{nearer}\": [{{\"type\": \"reject\"}}]"
        );
        of_scopes(&sandbox, &scopes)
    };
    for (scope, prefix, nearer) in [
        ("quay.io", "quay.io/x", "quay.io/x"),
        ("quay.io", "quay.io/x/y", "quay.io/x"),
        ("*.io", "quay.io/x", "quay.io"),
        ("", "quay.io", "*.io"),
    ] {
        let found = of(scope, prefix, nearer);
        assert_eq!(found.len(), 1, "{scope} {prefix} {nearer}: {found:?}");
        assert!(
            found[0].starts_with("IdentityAgainstScope warning policy.json:5:"),
            "{found:?}"
        );
        let outcome = sandbox.run(["policy", "lint", "policy.json"]).expect(1);
        let said = format!("remapIdentity never remaps here: images with the prefix {prefix} are in scope {nearer}");
        assert!(outcome.stdout.contains(&said), "{outcome:?}");
    }
    for (scope, prefix, nearer) in [
        ("quay.io", "quay.io", "quay.io/x"),
        ("quay.io/x", "quay.io", "quay.io"),
        ("quay.io", "quay.io/x", "quay.io/xy"),
    ] {
        let found = of(scope, prefix, nearer);
        assert!(found.is_empty(), "{scope} {prefix} {nearer}: {found:?}");
    }
}

/// A scope whose image nothing can be signed for. A name without a tag may be the beginning of other names.
#[test]
fn identities_that_no_signature_fits() {
    let sandbox = desk();
    let with = |scope: &str, identity: &Value| {
        let requirement = SIGNED_BY.trim_end_matches('}');
        let text = format!("      \"{scope}\": [{requirement}, \"signedIdentity\": {identity}}}]");
        let found = of_scopes(&sandbox, &text);
        found
            .iter()
            .map(|own| own.split(" policy.json").next().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let remap = json!({"type": "remapIdentity", "prefix": "quay.io/ns/app", "signedPrefix": "up.example"});
    let exact =
        json!({"type": "exactReference", "dockerReference": format!("quay.io/ns/app@sha256:{}", "2".repeat(64))});
    let digest = |digit: &str| format!("quay.io/ns/app@sha256:{}", digit.repeat(64));
    for (scope, identity, expected) in [
        ("quay.io/ns/app:v1", &remap, &["IdentityAgainstScope warning"][..]),
        ("quay.io/ns/app", &remap, &["IdentityAgainstScope note"]),
        (&digest("1"), &exact, &["IdentityAgainstScope warning"]),
        (&digest("2"), &exact, &[]),
        ("quay.io/ns/app", &exact, &[]),
        ("quay.io/ns/app/x:v1", &remap, &[]),
        ("quay.io/ns", &remap, &[]),
    ] {
        assert_eq!(with(scope, identity), expected, "{scope} {identity}");
    }
}

/// A signed prefix that is not a host leads nowhere, whatever the image is called: there is a finding for each scope with such
/// images in it, those without a path too.
#[test]
fn a_signed_prefix_without_a_host_is_found_in_every_scope() {
    let sandbox = desk();
    let requirement = SIGNED_BY.trim_end_matches('}');
    let identity = r#"{"type": "remapIdentity", "prefix": "localhost:5000", "signedPrefix": "x"}"#;
    for (scope, images) in [
        ("localhost:5000", "localhost:5000"),
        ("localhost:5000/a", "localhost:5000/a"),
        ("localhost:5000/a/b:1", "localhost:5000/a/b:1"),
        ("", "localhost:5000"),
    ] {
        let text = format!("      \"{scope}\": [{requirement}, \"signedIdentity\": {identity}}}]");
        sandbox.file("policy.json", super::why::policy(&text));
        let outcome = sandbox.run(["policy", "lint", "policy.json"]).expect(1);
        let expected = format!(
            "no signature fits an image in {images}: the prefix localhost:5000 becomes x, which does not give a reference"
        );
        assert!(outcome.stdout.contains("warning: IdentityAgainstScope"), "{outcome:?}");
        assert!(outcome.stdout.contains(&expected), "{outcome:?}");
    }
}

/// The readers drop what follows the repository of `exactRepository`.
#[test]
fn a_tag_or_digest_of_exact_repository() {
    let sandbox = desk();
    let digest = format!("sha256:{}", "1".repeat(64));
    let with = |scope: &str, repository: &str| {
        let requirement = SIGNED_BY.trim_end_matches('}');
        let identity = format!("{{\"type\": \"exactRepository\", \"dockerRepository\": \"{repository}\"}}");
        of_scopes(
            &sandbox,
            &format!("      \"{scope}\": [{requirement}, \"signedIdentity\": {identity}}}]"),
        )
    };
    for (after, said) in [
        (":v9".to_owned(), "the tag v9 has no effect".to_owned()),
        (format!("@{digest}"), format!("the digest {digest} has no effect")),
        (
            format!(":v9@{digest}"),
            "the tag v9 and the digest have no effect".to_owned(),
        ),
    ] {
        let found = with("quay.io/ns/app", &format!("quay.io/ns/app{after}"));
        assert_eq!(found.len(), 1, "{after}: {found:?}");
        assert!(found[0].starts_with("IdentityAgainstScope warning "), "{found:?}");
        let outcome = sandbox.run(["policy", "lint", "policy.json"]).expect(1);
        let said = format!("{said}: exactRepository accepts a signature for any image of quay.io/ns/app;");
        assert!(outcome.stdout.contains(&said), "{outcome:?}");
    }
    // What is to be said of the scope is said as well.
    assert_eq!(with("quay.io", "quay.io/ns/app:v9").len(), 2);
    assert!(with("quay.io/ns/app", "quay.io/ns/app").is_empty());
}

/// What is signed for one repository is accepted by every name in such a scope: an alarm where it is known to hold other
/// repositories, and a note where it may be that one by another name.
#[test]
fn what_is_signed_for_one_repository_under_other_names() {
    let sandbox = desk();
    let identities = |name: &str| {
        [
            json!({"type": "exactRepository", "dockerRepository": name}),
            json!({"type": "exactReference", "dockerReference": format!("{name}:v1")}),
        ]
    };
    let requirement =
        |identity: &Value| format!("{}, \"signedIdentity\": {identity}}}", SIGNED_BY.trim_end_matches('}'));
    let put = |scope: &str, identity: &Value| {
        let text = format!("      \"{scope}\": [{}]", requirement(identity));
        sandbox.file("policy.json", super::why::policy(&text));
    };
    let severities = |args: &[&str]| {
        let args = [&["policy", "lint", "policy.json", "-o", "json"], args].concat();
        let items = sandbox.run(args).json()["items"].as_array().unwrap().clone();
        let own = items.iter().filter(|item| item["code"] == "IdentityAgainstScope");
        let severity = |item: &Value| item["severity"].as_str().unwrap().to_owned();
        own.map(severity).collect::<Vec<_>>()
    };
    for (scope, name, expected) in [
        ("r.example/mirror/new", "quay.io/new/app", &["note"][..]),
        ("r.example/mirror", "quay.io/new/app", &["note"]),
        ("quay.io/other", "quay.io/new/app", &["note"]),
        ("quay.io/new/app/sub", "quay.io/new/app", &["note"]),
        ("r.example", "quay.io/new/app", &["warning"]),
        ("quay.io/new", "quay.io/new/app", &["warning"]),
        // It may be the namespace of that name.
        ("r.example/app", "quay.io/app/app", &["note"]),
        // The repository itself, one that is called as it is, and single images.
        ("quay.io/new/app", "quay.io/new/app", &[]),
        ("r.example/mirror/app", "quay.io/new/app", &[]),
        ("r.example/mirror/new:v1", "quay.io/new/app", &[]),
    ] {
        for identity in identities(name) {
            put(scope, &identity);
            assert_eq!(severities(&[]), expected, "{scope} {identity}");
        }
    }
    // A note is no alarm.
    put("r.example/mirror/new", &identities("quay.io/new/app")[0]);
    let outcome = sandbox.run(["policy", "lint", "policy.json"]);
    let said = "every image in r.example/mirror/new, whatever its name, must be signed as an image of quay.io/new/app; that is meant only if r.example/mirror/new is one repository, with no other below it";
    assert!(outcome.stdout.contains(said), "{outcome:?}");

    // A mirror says what the name of that repository is.
    let conf = "[[registry]]\nlocation = \"quay.io\"\n[[registry.mirror]]\nlocation = \"r.example/mirror\"\n";
    sandbox.file("registries.conf", conf);
    sandbox.file(
        "idms.yaml",
        "apiVersion: config.openshift.io/v1\nkind: ImageDigestMirrorSet\nmetadata: {name: m}\nspec:\n  imageDigestMirrors:\n  - source: quay.io/new\n    mirrors: [r.example/mirror/new]\n",
    );
    for mirrors in [&["--registries-conf", "registries.conf"][..], &["idms.yaml"]] {
        for (scope, name, expected) in [
            ("r.example/mirror/new", "quay.io/new/app", &["warning"][..]),
            ("r.example/mirror/app", "quay.io/new/app", &[]),
            ("r.example/mirror/new/app", "quay.io/new/app", &[]),
            ("r.example/mirror/new", "quay.io/new/new", &["warning"]),
            ("r.example/other", "quay.io/new/app", &["note"]),
        ] {
            for identity in identities(name) {
                put(scope, &identity);
                assert_eq!(severities(mirrors), expected, "{scope} {identity} {mirrors:?}");
            }
        }
    }
    put("r.example/mirror/new", &identities("quay.io/new/app")[0]);
    let outcome = sandbox.run(["policy", "lint", "policy.json", "--registries-conf", "registries.conf"]);
    let said =
        "must be signed as an image of quay.io/new/app; the scope of that repository alone is r.example/mirror/new/app";
    assert!(outcome.expect(1).stdout.contains(said));
}
