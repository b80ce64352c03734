// SPDX-License-Identifier: Apache-2.0
//! `policy lint`: each finding with a policy that has it and one that has not.

use serde_json::{json, Value};

use super::why::{desk, policy, SIGNED_BY};
use super::why_objects::openshift;
use crate::support::program::Sandbox;

/// Code, severity and place of each finding: `CODE severity file:line:column path`; without those on relative paths, which
/// are short here and have a test of their own.
pub(super) fn lint(sandbox: &Sandbox, files: &[&str]) -> Vec<String> {
    let mut command = sandbox.command();
    command.args(["policy", "lint", "-o", "json"]).args(files);
    let outcome = sandbox.finish(&mut command, b"");
    let document = outcome.json();
    let items = document["items"].as_array().unwrap();
    // Notes do not alarm.
    let is_alarm = items.iter().any(|item| item["severity"] != "note");
    assert_eq!(outcome.status, i32::from(is_alarm), "{outcome:?}");
    let note = "note: registries.conf and registries.d were not looked at; name them with --registries-conf and --registries.d\n";
    assert!(outcome.stderr.is_empty() || outcome.stderr == note, "{outcome:?}");
    items.iter().map(told).filter(|told| is_of_interest(told)).collect()
}

pub(super) fn is_of_interest(told: &str) -> bool {
    !told.starts_with("KeyPathRelative")
}

pub(super) fn told(item: &Value) -> String {
    let head = format!(
        "{} {}",
        item["code"].as_str().unwrap(),
        item["severity"].as_str().unwrap()
    );
    match &item["place"] {
        Value::Null => head,
        place => {
            let file = place["file"].as_str().unwrap().rsplit('/').next().unwrap();
            let path = place["path"].as_str().unwrap();
            format!("{head} {file}:{}:{} {path}", place["line"], place["column"])
        }
    }
}

/// The findings on a policy with these scopes of transport docker.
pub(super) fn of_scopes(sandbox: &Sandbox, scopes: &str) -> Vec<String> {
    sandbox.file("policy.json", policy(scopes));
    lint(sandbox, &["policy.json"])
}

pub(super) fn requirement(rest: &str) -> String {
    format!("{{\"type\": \"signedBy\", \"keyType\": \"GPGKeys\", {rest}}}")
}

#[track_caller]
pub(super) fn clean(findings: &[String]) {
    assert!(findings.is_empty(), "{findings:#?}");
}

#[test]
fn text_is_a_line_a_finding() {
    let sandbox = desk();
    sandbox.file("policy.json", "{\n \"default\": [{\"type\": \"insecureAcceptAnything\"}],\n \"transports\": {\"dokcer\": {\"x\": [{\"type\": \"reject\"}]}}\n}\n");
    let outcome = sandbox.run(["policy", "lint", "policy.json"]).expect(1);
    let expected = "\
policy.json:2:2: note: DefaultAccepts: default: images in no scope are accepted, signed or not; \"default\": [{\"type\": \"reject\"}] refuses them (DISA V-257537 asks for that)
policy.json:3:28: error: UnknownTransport: transports.dokcer.x: there is no transport \"dokcer\", so its scopes never apply; did you mean \"docker\"?
2 findings: errors 1, warnings 0, notes 1
";
    assert_eq!(outcome.stdout, expected);
    sandbox.file("policy.json", "{\"default\": [{\"type\": \"reject\"}]}");
    let outcome = sandbox.run(["policy", "lint", "policy.json"]).expect(0);
    assert_eq!(outcome.stdout, "No findings: policy.json\n");
    sandbox
        .run(["policy", "lint", "absent.json"])
        .expect_usage("reading absent.json: No such file or directory");
}

#[test]
fn a_manifest_is_told_from_a_policy() {
    let sandbox = desk();
    sandbox.file("manifest.json", "{\"schemaVersion\": 2}");
    let outcome = sandbox.run(["policy", "lint", "manifest.json"]).expect(1);
    assert!(
        outcome
            .words()
            .contains("this is the manifest of an image, not a policy"),
        "{outcome:?}"
    );
}

#[test]
fn invalid_policy() {
    let sandbox = desk();
    sandbox.file("policy.json", "{\n  \"default\": [{\"type\": \"rejekt\"}]\n}\n");
    assert_eq!(
        lint(&sandbox, &["policy.json"]),
        ["InvalidPolicy error policy.json:2:24 default[0].type"]
    );
    let outcome = sandbox.run(["policy", "lint", "policy.json"]).expect(1);
    assert!(
        outcome.stdout.contains("found \"rejekt\"; did you mean \"reject\"?\n"),
        "{outcome:?}"
    );
    clean(&of_scopes(&sandbox, &format!("\"quay.io\": [{SIGNED_BY}]")));
}

#[test]
fn scopes_that_never_match() {
    let sandbox = desk();
    for (scope, meant) in [
        ("busybox", "docker.io/library/busybox"),
        ("ns/app", "docker.io/ns/app"),
        ("docker://quay.io/ns", "quay.io/ns"),
        ("quay.io/", "quay.io"),
        ("*", ""),
        ("quay.*", ""),
        ("*.quay.io/ns", ""),
        ("quay.io/ns/*", "quay.io/ns"),
        ("localhost:5000/*", "localhost:5000"),
        ("quay.*/*", ""),
        ("index.docker.io/library", "docker.io/library"),
        ("quay.io/NS", "quay.io/ns"),
        ("quay.io/a b", ""),
    ] {
        let found = of_scopes(&sandbox, &format!("      \"{scope}\": [{{\"type\": \"reject\"}}]"));
        assert_eq!(found.len(), 1, "{scope}: {found:?}");
        assert!(
            found[0].starts_with("ScopeNeverMatches error policy.json:5:7 "),
            "{found:?}"
        );
        let outcome = sandbox.run(["policy", "lint", "policy.json"]);
        let suggestion = format!("; did you mean \"{meant}\"?\n");
        assert_eq!(
            outcome.stdout.contains(&suggestion),
            !meant.is_empty(),
            "{scope}: {outcome:?}"
        );
    }
    for scope in [
        "quay.io",
        "localhost",
        "localhost:5000/x",
        "*.quay.io",
        "quay.io/ns/app:v1",
        "docker.io/library",
        "docker.io",
        "docker.io/library/busybox",
        "docker.io/ns/app",
        "quay.io/ns/app:V1",
        "10.0.0.1/x",
        "host:5000",
    ] {
        clean(&of_scopes(
            &sandbox,
            &format!("      \"{scope}\": [{{\"type\": \"reject\"}}]"),
        ));
    }
}

#[test]
fn unknown_transports() {
    let sandbox = desk();
    let text = |name: &str| {
        format!("{{\"default\": [{{\"type\": \"reject\"}}], \"transports\": {{\"{name}\": {{\"\": [{{\"type\": \"reject\"}}]}}}}}}")
    };
    sandbox.file("policy.json", text("dockerd"));
    assert_eq!(
        lint(&sandbox, &["policy.json"]),
        ["UnknownTransport error policy.json:1:62 transports.dockerd[\"\"]"]
    );
    for name in [
        "docker-daemon",
        "atomic",
        "dir",
        "oci",
        "containers-storage",
        "docker-archive",
    ] {
        sandbox.file("policy.json", text(name));
        clean(&lint(&sandbox, &["policy.json"]));
    }
}

#[test]
fn requirements_that_cannot_be_met_or_are_not_checked() {
    let sandbox = desk();
    let at = "policy.json:5:19 transports.docker[\"quay.io\"][0]";
    std::fs::remove_dir_all(sandbox.path("registries.d")).unwrap();
    sandbox.file(
        "registries.d/a.yaml",
        "docker: {quay.io: {use-sigstore-attachments: true}}",
    );
    let found = |requirement: &str| of_scopes(&sandbox, &format!("      \"quay.io\": [{requirement}]"));
    let x509 = SIGNED_BY.replace("GPGKeys", "X509Certificates");
    assert_eq!(found(&x509), [format!("RequirementNeverMet error {at}")]);
    let base = r#"{"type": "signedBaseLayer", "baseLayerIdentity": {"type": "matchRepository"}}"#;
    assert_eq!(found(base), [format!("RequirementNeverMet error {at}")]);
    let fulcio = r#"{"type": "sigstoreSigned", "fulcio": {"caData": "YQ==", "oidcIssuer": "i", "subjectEmail": "e"}, "rekorPublicKeyData": "YQ=="}"#;
    assert_eq!(found(fulcio), [format!("RequirementNotChecked note {at}")]);
    let pki = r#"{"type": "sigstoreSigned", "pki": {"caRootsData": "YQ==", "subjectEmail": "e"}}"#;
    assert_eq!(found(pki), [format!("RequirementNotChecked note {at}")]);
    clean(&found(SIGNED_BY));
}

#[test]
fn scopes_that_take_each_others_place() {
    let sandbox = desk();
    let accept = "[{\"type\": \"insecureAcceptAnything\"}]";
    for outer in ["quay.io", "*.io"] {
        assert_eq!(
            of_scopes(
                &sandbox,
                &format!("      \"quay.io/ns\": {accept},\n      \"{outer}\": [{SIGNED_BY}]")
            ),
            ["ScopeShadowed warning policy.json:5:7 transports.docker[\"quay.io/ns\"]"]
        );
    }
    // Of what refuses all images nothing is lost.
    clean(&of_scopes(&sandbox, &format!("      \"\": [{SIGNED_BY}]")));
    clean(&of_scopes(&sandbox, "      \"\": [{\"type\": \"reject\"}]"));
    // The default refuses, and some hosts are let through: that is how it is meant.
    clean(&of_scopes(
        &sandbox,
        &format!("      \"quay.io/ns\": {accept},\n      \"quay.io:443\": [{SIGNED_BY}]"),
    ));
    clean(&of_scopes(
        &sandbox,
        &format!("      \"quay.io/ns\": [{SIGNED_BY}],\n      \"quay.io\": {accept}"),
    ));
}

/// A ClusterImagePolicy, or an ImagePolicy of a namespace, with the key that OpenShift ships.
pub(super) fn object(name: &str, scopes: &[&str], namespace: Option<&str>) -> Value {
    let mut object = openshift();
    object["metadata"] = json!({"name": name});
    if let Some(namespace) = namespace {
        object["kind"] = json!("ImagePolicy");
        object["metadata"]["namespace"] = json!(namespace);
    }
    object["spec"]["scopes"] = json!(scopes);
    object
}

#[test]
fn objects_with_several_keys_and_scopes_that_nodes_leave_out() {
    use base64::Engine as _;
    let engine = base64::engine::general_purpose::STANDARD;
    let sandbox = desk();
    let mut two = object("p", &["quay.io"], None);
    let key = &mut two["spec"]["policy"]["rootOfTrust"]["publicKey"]["keyData"];
    let pem = engine.decode(key.as_str().unwrap()).unwrap();
    *key = json!(engine.encode([&pem[..], &pem].concat()));
    sandbox.file("two.json", two.to_string());
    let found = lint(&sandbox, &["two.json"]);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(
        found[0].starts_with("SeveralKeysInData warning two.json:1:"),
        "{found:?}"
    );
    sandbox.file("cip.json", object("p", &["quay.io"], None).to_string());
    sandbox.file(
        "ip.json",
        object("n", &["quay.io/ns", "other.example"], Some("team")).to_string(),
    );
    // Without a namespace that is left out, and said.
    let outcome = sandbox.run(["policy", "lint", "cip.json", "ip.json"]).expect(0);
    assert!(
        outcome
            .stderr
            .contains("ImagePolicy/n of namespace team is left out; --namespace adds"),
        "{outcome:?}"
    );
    let found = lint(&sandbox, &["cip.json", "ip.json", "-n", "team"]);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with("ScopeLeftOut warning ip.json:1:"), "{found:?}");
    assert!(
        found[0].ends_with("ImagePolicy/n of namespace team spec.scopes[0]"),
        "{found:?}"
    );
}

#[test]
fn a_hand_made_policy_beside_objects() {
    let sandbox = desk();
    sandbox.file("cip.json", object("p", &["quay.io"], None).to_string());
    sandbox.file("policy.json", policy(&format!("      \"a.example\": [{SIGNED_BY}]")));
    assert_eq!(
        lint(&sandbox, &["policy.json", "cip.json"]),
        ["PolicyBesideObjects warning policy.json:5:21 transports.docker[\"a.example\"][0]"]
    );
    sandbox.file("policy.json", policy("      \"a.example\": [{\"type\": \"reject\"}]"));
    clean(&lint(&sandbox, &["policy.json", "cip.json"]));
}

#[test]
fn a_large_policy_takes_no_long_time() {
    let sandbox = desk();
    let scopes: Vec<String> = (0..8_000)
        .map(|n| format!("\"quay.io/n{n}\": [{{\"type\": \"insecureAcceptAnything\"}}]"))
        .collect();
    sandbox.file(
        "policy.json",
        policy(&format!("{}, \"quay.io\": [{SIGNED_BY}]", scopes.join(",\n"))),
    );
    let begin = std::time::Instant::now();
    let found = lint(&sandbox, &["policy.json"]);
    assert_eq!(found.len(), 8_000);
    let scopes: Vec<String> = (0..250).map(|n| format!("a{n}.example")).collect();
    let scopes: Vec<&str> = scopes.iter().map(String::as_str).collect();
    let objects = (0..150).map(|n| {
        let mut own = object(&format!("p{n}"), &scopes, None);
        let repository = format!("quay.io/n{n}");
        own["spec"]["policy"]["signedIdentity"] =
            json!({"matchPolicy": "ExactRepository", "exactRepository": {"repository": repository}});
        own
    });
    let objects: Vec<Value> = objects.collect();
    sandbox.file(
        "objects.json",
        json!({"apiVersion": "v1", "kind": "List", "items": objects}).to_string(),
    );
    let found = lint(&sandbox, &["objects.json"]);
    let all = found.iter().filter(|own| own.starts_with("AllRequired")).count();
    assert_eq!(all, 100);
    assert!(begin.elapsed().as_secs() < 60, "{:?}", begin.elapsed());
}
