// SPDX-License-Identifier: Apache-2.0
//! `policy lint`: what it finds in one place it finds in the others too: in objects, in scope "", beside other requirements.

use serde_json::{json, Value};

use super::lint::{clean, lint, object, of_scopes, requirement};
use super::lint_machine::public_key;
use super::why::{desk, policy, run, SIGNED_BY};

#[test]
fn identity_rules_of_objects() {
    let sandbox = desk();
    let with = |scope: &str, identity: Value| {
        let mut own = object("p", &["a.example/app", scope], None);
        own["spec"]["policy"]["signedIdentity"] = identity;
        sandbox.file("cip.json", own.to_string());
        lint(&sandbox, &["cip.json"])
    };
    let exact = json!({"matchPolicy": "ExactRepository", "exactRepository": {"repository": "quay.io/ns/app"}});
    let found = with("quay.io", exact.clone());
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(
        found[0].starts_with("IdentityAgainstScope warning cip.json:1:"),
        "{found:?}"
    );
    assert!(found[0].ends_with(" ClusterImagePolicy/p spec.scopes[1]"), "{found:?}");
    clean(&with("quay.io/ns/app", exact));
    clean(&with("quay.io", json!({"matchPolicy": "MatchRepository"})));
}

/// A scope has several repositories where the one that is named lies below it.
#[test]
fn one_repository_for_all_of_a_namespace() {
    let sandbox = desk();
    let with = |scope: &str| {
        let requirement = SIGNED_BY.trim_end_matches('}');
        let identity = "{\"type\": \"exactRepository\", \"dockerRepository\": \"quay.io/ns/app\"}";
        of_scopes(
            &sandbox,
            &format!("      \"{scope}\": [{requirement}, \"signedIdentity\": {identity}}}]"),
        )
    };
    let found = with("quay.io/ns");
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with("IdentityAgainstScope warning"), "{found:?}");
    for scope in ["quay.io/ns/app", "quay.io/ns/app:v1", "m.example/cache/app"] {
        clean(&with(scope));
    }
}

#[test]
fn requirements_of_different_kinds_are_all_required() {
    let sandbox = desk();
    sandbox.file("k.pub", public_key());
    let sigstore = "{\"type\": \"sigstoreSigned\", \"keyPath\": \"k.pub\"}";
    let found = of_scopes(&sandbox, &format!("      \"quay.io\": [{SIGNED_BY}, {sigstore}]"));
    assert_eq!(
        found,
        ["AllRequired note policy.json:5:7 transports.docker[\"quay.io\"]"]
    );
    // Twice the same that accepts all loses nothing.
    let accept = "{\"type\": \"insecureAcceptAnything\"}";
    clean(&of_scopes(
        &sandbox,
        &format!("      \"quay.io\": [{accept}, {accept}]"),
    ));
    // A policy.json and an object with one scope.
    sandbox.file("cip.json", object("p", &["quay.io"], None).to_string());
    sandbox.file("policy.json", policy(&format!("      \"quay.io\": [{sigstore}]")));
    let found = lint(&sandbox, &["policy.json", "cip.json"]);
    assert!(
        found.iter().any(|own| own.starts_with("AllRequired warning")),
        "{found:?}"
    );
    let outcome = sandbox.run(["policy", "lint", "policy.json", "cip.json"]);
    let said = "needs a signature for each of these, not for one of them: the policy.json, ClusterImagePolicy/p";
    assert!(outcome.words().contains(said), "{outcome:?}");
}

/// The file of a node beside the object that it was made of: one signature meets both.
#[test]
fn a_policy_that_was_made_of_the_object() {
    let sandbox = desk();
    let own = object("p", &["quay.io/ns"], None);
    let data = own["spec"]["policy"]["rootOfTrust"]["publicKey"]["keyData"].clone();
    sandbox.file("cip.json", own.to_string());
    let with = |requirements: Value| {
        sandbox.file("policy.json", policy(&format!("\"quay.io/ns\": {requirements}")));
        lint(&sandbox, &["policy.json", "cip.json"])
    };
    let made = json!({"type": "sigstoreSigned", "keyData": data, "signedIdentity": {"type": "matchRepoDigestOrExact"}});
    clean(&with(json!([made])));
    // Of a file that is older than the object.
    let mut other = made.clone();
    other["signedIdentity"] = json!({"type": "matchRepository"});
    let found = with(json!([other]));
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with("AllRequired warning cip.json:1:"), "{found:?}");
    use base64::Engine as _;
    let engine = base64::engine::general_purpose::STANDARD;
    let key = crate::support::cosign::Cosign::new().pem();
    other = made.clone();
    other["keyData"] = json!(engine.encode(key));
    let found = with(json!([other]));
    assert_eq!(found.len(), 1, "{found:?}");
    // One of two is not in the object: the list itself asks for both.
    let found = with(json!([made, other]));
    assert_eq!(found.len(), 2, "{found:?}");
}

#[test]
fn a_scope_inside_of_the_scope_of_all_images_takes_its_place() {
    let sandbox = desk();
    let found = of_scopes(
        &sandbox,
        &format!("      \"quay.io\": [{{\"type\": \"insecureAcceptAnything\"}}],\n      \"\": [{SIGNED_BY}]"),
    );
    assert!(
        found.contains(&"ScopeShadowed warning policy.json:5:7 transports.docker[\"quay.io\"]".to_owned()),
        "{found:?}"
    );
}

/// Nodes make no path of a key either.
#[test]
fn a_hand_made_sigstore_requirement_beside_objects() {
    let sandbox = desk();
    sandbox.file("k.pub", public_key());
    sandbox.file("cip.json", object("p", &["quay.io"], None).to_string());
    let own = "{\"type\": \"sigstoreSigned\", \"keyPath\": \"k.pub\"}";
    sandbox.file("policy.json", policy(&format!("      \"a.example\": [{own}]")));
    assert_eq!(
        lint(&sandbox, &["policy.json", "cip.json"]),
        ["PolicyBesideObjects warning policy.json:5:21 transports.docker[\"a.example\"][0]"]
    );
}

/// What was not looked at is said, and each option names one of the two.
#[test]
fn what_lint_does_not_look_at_is_said() {
    let sandbox = desk();
    sandbox.file("policy.json", policy(&format!("      \"quay.io\": [{SIGNED_BY}]")));
    sandbox.file("d/a.yaml", "docker: {quay.io: {sigstore: \"https://a\"}}");
    sandbox.file(
        "home/.config/containers/registries.d/a.yaml",
        "docker: {quay.io: {sigstore: \"https://a\"}}",
    );
    let (conf, stores) = (["--registries-conf", "registries.conf"], ["--registries.d", "d"]);
    for (args, said, old) in [
        (
            vec![],
            "note: registries.conf and registries.d were not looked at;",
            false,
        ),
        (
            conf.to_vec(),
            "note: registries.d was not looked at; name it with --registries.d",
            false,
        ),
        (
            stores.to_vec(),
            "note: registries.conf was not looked at; name it with --registries-conf",
            true,
        ),
        ([conf, stores].concat(), "", true),
    ] {
        let outcome = sandbox.run([&["policy", "lint", "policy.json"][..], &args].concat());
        assert_eq!(outcome.stdout.contains("OldMemberName"), old, "{outcome:?}");
        assert!(outcome.stderr.contains(said), "{outcome:?}");
        assert_eq!(outcome.stderr.is_empty(), said.is_empty(), "{outcome:?}");
    }
    for option in ["--registries.d", "--registries-conf"] {
        for action in [&["lint"][..], &["why", "quay.io/a:1"]] {
            let args = [&["policy"][..], action, &["policy.json", option, "nope"]].concat();
            sandbox.run(args).expect(2);
        }
    }
}

/// The reason stands once, and of a subkey it is said which.
#[test]
fn an_expired_key_is_said_once_and_a_subkey_is_named() {
    use crate::support::forge::{now, Draft, Key};
    let sandbox = desk();
    let past = Key::with(2048, now() - 1_000_000);
    let expired = Draft::certification(&past).flags(3).expires_after(9, 1000);
    sandbox.file("expired.asc", past.certificate_with("Past", &expired));
    let (primary, subkey) = (Key::with(2048, now() - 2_000_000), Key::with(2048, now() - 1_000_000));
    let binding = Draft::binding(&subkey).expires_after(9, 1000);
    let own = primary.certificate_with("Own", &Draft::certification(&primary).flags(1));
    sandbox.file("subkey.asc", [own, primary.subkey(&subkey, &binding)].concat());
    for (file, said) in [
        ("expired.asc", "): it expired on "),
        ("subkey.asc", "): of its subkey "),
    ] {
        let scopes = format!(
            "      \"quay.io\": [{}]",
            requirement(&format!("\"keyPath\": \"{file}\""))
        );
        sandbox.file("policy.json", policy(&scopes));
        let outcome = sandbox.run(["policy", "lint", "policy.json"]).expect(1);
        assert_eq!(outcome.stdout.matches("KeyExpired").count(), 1, "{outcome:?}");
        assert!(outcome.words().contains(said), "{outcome:?}");
    }
    let outcome = sandbox.run(["keys", "--public-key", "subkey.asc"]).expect(0);
    assert!(outcome.words().contains("of its subkey "), "{outcome:?}");
}

/// That a file was not looked at is said where people and pipelines look, and not beside it alone.
#[test]
fn objects_that_are_left_out_are_named_with_the_findings() {
    let sandbox = desk();
    sandbox.file("cip.json", object("p", &["a.example/x"], None).to_string());
    let mut own = object("q", &["b.example/x"], None);
    own["kind"] = json!("ImagePolicy");
    own["metadata"]["namespace"] = json!("foo");
    sandbox.file("ip.json", own.to_string());
    let outcome = run(&sandbox, &["lint", "cip.json", "ip.json"]).expect(0);
    assert!(
        outcome
            .stdout
            .starts_with("No findings: cip.json, ip.json (not looked at: ImagePolicy/q"),
        "{outcome:?}"
    );
    let outcome = run(&sandbox, &["lint", "cip.json", "ip.json", "-n", "foo"]);
    assert!(!outcome.stdout.contains("not looked at"), "{outcome:?}");
}

#[test]
fn all_of_several_requirements() {
    let sandbox = desk();
    let at = "AllRequired warning policy.json:5:7 transports.docker[\"quay.io\"]";
    let found = |requirements: &str| of_scopes(&sandbox, &format!("      \"quay.io\": [{requirements}]"));
    std::fs::copy(sandbox.path("release-key.asc"), sandbox.path("b.asc")).unwrap();
    let other = SIGNED_BY.replace("release-key", "b");
    assert_eq!(found(&format!("{SIGNED_BY}, {other}")), [at]);
    assert_eq!(found(&format!("{SIGNED_BY}, {{\"type\": \"reject\"}}")), [at]);
    assert_eq!(
        found(&format!("{SIGNED_BY}, {{\"type\": \"insecureAcceptAnything\"}}")),
        [at]
    );
    clean(&found(SIGNED_BY));
    // That is how a signature of each kind is asked for.
    sandbox.file("cosign.pub", public_key());
    let sigstore = "{\"type\": \"sigstoreSigned\", \"keyPath\": \"cosign.pub\"}";
    let both = found(&format!("{SIGNED_BY}, {sigstore}"));
    let both: Vec<_> = both.iter().filter(|own| own.starts_with("AllRequired")).collect();
    assert_eq!(both, [&at.replace("warning", "note")]);
    let three = found(&format!("{SIGNED_BY}, {other}, {sigstore}"));
    assert!(three.contains(&at.to_owned()), "{three:?}");
    // One signature meets both.
    clean(&found(&format!("{SIGNED_BY}, {SIGNED_BY}")));
    let by_repository = SIGNED_BY.replace('}', ", \"signedIdentity\": {\"type\": \"matchRepository\"}}");
    clean(&found(&format!("{SIGNED_BY}, {by_repository}")));
    // What nobody implements takes none.
    let never = found(&format!(
        "{SIGNED_BY}, {}",
        SIGNED_BY.replace("GPGKeys", "X509Certificates")
    ));
    assert!(
        never.iter().all(|own| own.starts_with("RequirementNeverMet")),
        "{never:?}"
    );
    sandbox.file("cip.json", object("p", &["quay.io"], None).to_string());
    sandbox.file("other.json", object("q", &["quay.io"], None).to_string());
    clean(&lint(&sandbox, &["cip.json", "other.json"]));
    let mut other = object("q", &["quay.io"], None);
    other["spec"]["policy"]["signedIdentity"] = json!({"matchPolicy": "MatchRepository"});
    sandbox.file("other.json", other.to_string());
    clean(&lint(&sandbox, &["cip.json", "other.json"]));
    let exact = json!({"repository": "quay.io/ns/app"});
    other["spec"]["policy"]["signedIdentity"] = json!({"matchPolicy": "ExactRepository", "exactRepository": exact});
    sandbox.file("other.json", other.to_string());
    let found = lint(&sandbox, &["cip.json", "other.json"]);
    // It does not go with its scope either.
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].starts_with("AllRequired warning other.json:1:"), "{found:?}");
    clean(&lint(&sandbox, &["cip.json"]));
}
