// SPDX-License-Identifier: Apache-2.0
//! `policy lint`: each finding with a policy that has it and one that has not.

use std::os::unix::fs::PermissionsExt;

use serde_json::{json, Value};

use super::why::{desk, openshift, policy, run, SIGNED_BY};
use crate::support::forge::{now, Draft, Key};
use crate::support::program::Sandbox;

/// Code, severity and place of each finding: `CODE severity file:line:column path`; without those on relative paths, which
/// are short here and have a test of their own.
fn lint(sandbox: &Sandbox, files: &[&str]) -> Vec<String> {
    let mut command = sandbox.command();
    command.args(["policy", "lint", "-o", "json"]).args(files);
    let outcome = sandbox.finish(&mut command, b"");
    let document = outcome.json();
    let items = document["items"].as_array().unwrap();
    // Notes do not alarm.
    let is_alarm = items.iter().any(|item| item["severity"] != "note");
    assert_eq!(outcome.status, i32::from(is_alarm), "{outcome:?}");
    assert_eq!(outcome.stderr, "");
    items.iter().map(told).filter(|told| is_of_interest(told)).collect()
}

fn is_of_interest(told: &str) -> bool {
    !told.starts_with("KeyPathRelative")
}

fn told(item: &Value) -> String {
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
fn of_scopes(sandbox: &Sandbox, scopes: &str) -> Vec<String> {
    sandbox.file("policy.json", policy(scopes));
    lint(sandbox, &["policy.json"])
}

fn requirement(rest: &str) -> String {
    format!("{{\"type\": \"signedBy\", \"keyType\": \"GPGKeys\", {rest}}}")
}

#[track_caller]
fn clean(findings: &[String]) {
    assert!(findings.is_empty(), "{findings:#?}");
}

#[test]
fn text_is_a_line_a_finding() {
    let sandbox = desk();
    sandbox.file("policy.json", "{\n \"default\": [{\"type\": \"insecureAcceptAnything\"}],\n \"transports\": {\"dokcer\": {\"x\": [{\"type\": \"reject\"}]}}\n}\n");
    let outcome = sandbox.run(["policy", "lint", "policy.json"]).expect(1);
    let expected = "\
policy.json:2:2: note: DefaultAccepts: default: images in no scope are accepted, signed or not; \"default\": [{\"type\": \"reject\"}] refuses them (DISA V-257537 asks for that)
policy.json:3:28: error: UnknownTransport: transports.dokcer.x: there is no transport \"dokcer\", so that its scopes never apply; did you mean \"docker\"?
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
fn keys_that_cannot_be_read_and_keys_that_are_missing() {
    let sandbox = desk();
    let scopes = |keys: &str| format!("      \"quay.io\": [{}]", requirement(keys));
    assert_eq!(
        of_scopes(&sandbox, &scopes("\"keyPath\": \"absent.asc\"")),
        ["KeyUnreadable error policy.json:5:62 transports.docker[\"quay.io\"][0].keyPath"]
    );
    assert_eq!(
        of_scopes(
            &sandbox,
            &scopes("\"keyPaths\": [\"release-key.asc\", \"registries.conf\"]")
        ),
        ["KeyUnreadable error policy.json:5:94 transports.docker[\"quay.io\"][0].keyPaths[1]"]
    );
    assert_eq!(
        of_scopes(&sandbox, &scopes("\"keyPaths\": []")),
        ["KeyMissing error policy.json:5:62 transports.docker[\"quay.io\"][0].keyPaths"]
    );
    assert_eq!(
        of_scopes(
            &sandbox,
            "      \"quay.io\": [{\"type\": \"sigstoreSigned\", \"keyPath\": \"release-key.asc\"}]"
        ),
        ["KeyUnreadable error policy.json:5:46 transports.docker[\"quay.io\"][0].keyPath"]
    );
    clean(&of_scopes(&sandbox, &scopes("\"keyPaths\": [\"release-key.asc\"]")));
}

/// GnuPG finds no key behind a byte order mark, nor in UTF-16.
#[test]
fn key_files_in_an_encoding_that_other_readers_do_not_take() {
    let sandbox = desk();
    let armored = std::fs::read_to_string(sandbox.path("release-key.asc")).unwrap();
    sandbox.file("marked.asc", format!("\u{feff}{armored}"));
    let units = [0xfeff].into_iter().chain(armored.encode_utf16());
    sandbox.file("utf16.asc", units.flat_map(u16::to_le_bytes).collect::<Vec<u8>>());
    for file in ["marked.asc", "utf16.asc"] {
        let scopes = format!(
            "      \"quay.io\": [{}]",
            requirement(&format!("\"keyPath\": \"{file}\""))
        );
        assert_eq!(
            of_scopes(&sandbox, &scopes),
            ["KeyUnreadable error policy.json:5:62 transports.docker[\"quay.io\"][0].keyPath"],
            "{file}"
        );
    }
}

/// A relative path means another file to each program that was started in another directory.
#[test]
fn relative_paths_of_key_files() {
    let sandbox = desk();
    let key = sandbox.path("release-key.asc");
    let key = key.to_str().unwrap();
    let found = |keys: &str| {
        sandbox.file(
            "policy.json",
            policy(&format!("      \"quay.io\": [{}]", requirement(keys))),
        );
        sandbox.run(["policy", "lint", "policy.json"])
    };
    let outcome = found("\"keyPath\": \"release-key.asc\"").expect(1);
    let expected = "\
policy.json:5:62: warning: KeyPathRelative: transports.docker[\"quay.io\"][0].keyPath: \"release-key.asc\" is relative to the working directory of each program that reads the policy, not to the policy: the key is found from one directory only; write the path from the root (/)
1 finding: warning
";
    assert_eq!(outcome.stdout, expected);
    let outcome = found(&format!("\"keyPaths\": [\"{key}\", \"./release-key.asc\"]")).expect(1);
    let place = "transports.docker[\"quay.io\"][0].keyPaths[1]: \"./release-key.asc\" is relative";
    assert!(outcome.stdout.contains(place), "{outcome:?}");
    assert_eq!(outcome.stdout.matches("KeyPathRelative").count(), 1, "{outcome:?}");
    found(&format!("\"keyPath\": \"{key}\"")).expect(0);
    // The keys of objects stand in them.
    sandbox.file("cip.json", openshift().to_string());
    sandbox.run(["policy", "lint", "cip.json"]).expect(0);
}

#[test]
fn keys_that_are_expired_or_refused() {
    let sandbox = desk();
    let old = Key::with(2048, now() - 1_000_000);
    let draft = |key: &Key| Draft::certification(key).flags(3);
    sandbox.file(
        "expired.asc",
        old.certificate_with("Old", &draft(&old).expires_after(9, 1000)),
    );
    let gone = Key::new();
    sandbox.file("revoked.asc", gone.revoked("Gone", 2, now() - 10));
    let place =
        |member: &str, column: usize| format!("policy.json:5:{column} transports.docker[\"quay.io\"][0].{member}");
    let scopes = |keys: &str| format!("      \"quay.io\": [{}]", requirement(keys));
    assert_eq!(
        of_scopes(&sandbox, &scopes("\"keyPath\": \"expired.asc\"")),
        [format!("KeyExpired error {}", place("keyPath", 62))]
    );
    assert_eq!(
        of_scopes(
            &sandbox,
            &scopes("\"keyPaths\": [\"expired.asc\", \"release-key.asc\"]")
        ),
        [format!("KeyExpired warning {}", place("keyPaths[0]", 75))]
    );
    assert_eq!(
        of_scopes(&sandbox, &scopes("\"keyPath\": \"revoked.asc\"")),
        [format!("KeyNotAccepted error {}", place("keyPath", 62))]
    );
    let outcome = sandbox.run(["policy", "lint", "policy.json"]);
    assert!(
        outcome
            .stdout
            .contains("(Gone [revoked]): KeyRevoked: it is revoked; no key of this requirement is left\n"),
        "{outcome:?}"
    );
    clean(&of_scopes(&sandbox, &scopes("\"keyPath\": \"release-key.asc\"")));
}

#[test]
fn keys_that_gpg_skips_sha1_and_copies() {
    let sandbox = desk();
    let scopes = |keys: &str| format!("      \"quay.io\": [{}]", requirement(keys));
    let key = Key::new();
    let good = key.certificate("Good");
    // A version 6 key packet: version, time, algorithm 27, length of the material, material.
    let body = [&[6, 0x66, 0, 0, 0, 27, 0, 0, 0, 32][..], &[7; 32]].concat();
    let six = [&[0xc6, u8::try_from(body.len()).unwrap()][..], &body].concat();
    sandbox.file("mixed.pgp", [&good[..], &six].concat());
    let found = of_scopes(&sandbox, &scopes("\"keyPath\": \"mixed.pgp\""));
    assert_eq!(
        found,
        ["KeySkipped warning policy.json:5:62 transports.docker[\"quay.io\"][0].keyPath"]
    );
    let draft = Draft::certification(&key).flags(3);
    sandbox.file("sha1.pgp", key.certificate_with("Old", &draft.clone().hash(2)));
    let found = of_scopes(&sandbox, &scopes("\"keyPath\": \"sha1.pgp\""));
    assert_eq!(
        found,
        ["KeySelfSignatureSha1 note policy.json:5:62 transports.docker[\"quay.io\"][0].keyPath"]
    );
    sandbox.file("good.pgp", &good);
    sandbox.file(
        "renewed.pgp",
        key.certificate_with("Good", &draft.expires_after(9, 900_000_000)),
    );
    let found = of_scopes(&sandbox, &scopes("\"keyPaths\": [\"good.pgp\", \"renewed.pgp\"]"));
    assert_eq!(
        found,
        ["KeyCopiesDiffer warning policy.json:5:87 transports.docker[\"quay.io\"][0].keyPaths[1]"]
    );
    clean(&of_scopes(
        &sandbox,
        &scopes("\"keyPaths\": [\"good.pgp\", \"good.pgp\"]"),
    ));
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
        "Quay.io/ns",
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
    let fulcio = r#"{"type": "sigstoreSigned", "fulcio": {"caPath": "x", "oidcIssuer": "i", "subjectEmail": "e"}, "rekorPublicKeyPath": "y"}"#;
    assert_eq!(found(fulcio), [format!("RequirementNotChecked note {at}")]);
    let pki = r#"{"type": "sigstoreSigned", "pki": {"caRootsPath": "x", "subjectEmail": "e"}}"#;
    assert_eq!(found(pki), [format!("RequirementNotChecked note {at}")]);
    clean(&found(SIGNED_BY));
}

#[test]
fn all_of_several_requirements() {
    let sandbox = desk();
    let at = "AllRequired warning policy.json:5:7 transports.docker[\"quay.io\"]";
    let found = |requirements: &str| of_scopes(&sandbox, &format!("      \"quay.io\": [{requirements}]"));
    assert_eq!(found(&format!("{SIGNED_BY}, {SIGNED_BY}")), [at]);
    assert_eq!(found(&format!("{SIGNED_BY}, {{\"type\": \"reject\"}}")), [at]);
    assert_eq!(
        found(&format!("{SIGNED_BY}, {{\"type\": \"insecureAcceptAnything\"}}")),
        [at]
    );
    clean(&found(SIGNED_BY));
    sandbox.file("cip.json", object("p", &["quay.io"], None).to_string());
    sandbox.file("other.json", object("q", &["quay.io"], None).to_string());
    let found = lint(&sandbox, &["cip.json", "other.json"]);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with("AllRequired warning other.json:1:"), "{found:?}");
    clean(&lint(&sandbox, &["cip.json"]));
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
    assert_eq!(
        of_scopes(&sandbox, &format!("      \"\": [{SIGNED_BY}]")),
        ["ScopeShadowed warning policy.json:5:7 transports.docker[\"\"]"]
    );
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
fn object(name: &str, scopes: &[&str], namespace: Option<&str>) -> Value {
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

/// `policy lint` with the configuration of the sandbox.
fn with_configuration(sandbox: &Sandbox) -> Vec<String> {
    let outcome = run(sandbox, &["lint", "policy.json", "-o", "json"]);
    let document = outcome.json();
    let items = document["items"].as_array().unwrap();
    items.iter().map(told).filter(|told| is_of_interest(told)).collect()
}

#[test]
fn configuration_of_registries() {
    let sandbox = desk();
    sandbox.file("policy.json", policy(&format!("      \"quay.io\": [{SIGNED_BY}]")));
    clean(&with_configuration(&sandbox));
    sandbox.file(
        "registries.d/a.yaml",
        "docker:\n  quay.io:\n    sigstore: https://a.example\n",
    );
    assert_eq!(
        with_configuration(&sandbox),
        ["OldMemberName note a.yaml:3:1 docker.quay.io.sigstore"]
    );
    sandbox.file(
        "registries.d/a.yaml",
        "docker:\n  quay.io:\n    lookaside: https://a.example\n",
    );
    clean(&with_configuration(&sandbox));
    let mirror = "[[registry]]\nlocation = \"quay.io\"\n[[registry.mirror]]\nlocation = \"m.example/q\"\n";
    sandbox.file("registries.conf", mirror);
    let lost = ["MirrorWithoutSignatures warning policy.json:5:7 transports.docker[\"quay.io\"]"];
    assert_eq!(with_configuration(&sandbox), lost);
    sandbox.file(
        "registries.d/b.yaml",
        "docker:\n  m.example:\n    lookaside: https://b.example\n",
    );
    clean(&with_configuration(&sandbox));
    // The same for sigstore signatures.
    let attachments = |host: &str| format!("docker:\n  {host}:\n    use-sigstore-attachments: true\n");
    sandbox.file("key.pub", public_key());
    sandbox.file(
        "policy.json",
        policy("      \"quay.io\": [{\"type\": \"sigstoreSigned\", \"keyPath\": \"key.pub\"}]"),
    );
    sandbox.file("registries.d/a.yaml", attachments("quay.io"));
    assert_eq!(with_configuration(&sandbox), lost);
    sandbox.file("registries.d/b.yaml", attachments("m.example"));
    clean(&with_configuration(&sandbox));
    // One scope in two files: nothing can be looked up.
    sandbox.file("registries.d/b.yaml", attachments("quay.io"));
    assert_eq!(with_configuration(&sandbox), ["InvalidConfiguration error"]);
    std::fs::remove_file(sandbox.path("registries.d/b.yaml")).unwrap();
    sandbox.file("registries.conf", "[[registry]]\n");
    assert_eq!(with_configuration(&sandbox), ["InvalidConfiguration error"]);
}

/// The sigstore key of the objects, in PEM.
pub fn public_key() -> Vec<u8> {
    use base64::Engine as _;
    let object = openshift();
    let key = object["spec"]["policy"]["rootOfTrust"]["publicKey"]["keyData"]
        .as_str()
        .unwrap();
    base64::engine::general_purpose::STANDARD.decode(key).unwrap()
}

/// Signatures in a registry are looked for where registries.d says so: for the scope, around it or in it.
#[test]
fn sigstore_signatures_that_nobody_looks_for() {
    let sandbox = desk();
    std::fs::write(sandbox.path("a.pub"), public_key()).unwrap();
    let key = sandbox.path("a.pub");
    let key = key.to_str().unwrap();
    let of_scope = |scope: &str| {
        sandbox.file(
            "policy.json",
            policy(&format!(
                "      \"{scope}\": [{{\"type\": \"sigstoreSigned\", \"keyPath\": \"{key}\"}}]"
            )),
        );
        lint(
            &sandbox,
            &[
                "policy.json",
                "--registries.d",
                "d",
                "--registries-conf",
                "registries.conf",
            ],
        )
    };
    sandbox.file("registries.conf", "");
    let found = |scope: &str| {
        vec![format!(
            "AttachmentsNotRead error policy.json:5:{} transports.docker[\"{scope}\"][0]",
            scope.len() + 12
        )]
    };
    for (registries_d, scope, is_found) in [
        ("docker: {}", "quay.io/ns", true),
        ("docker: {quay.io/ns: {lookaside: \"https://a\"}}", "quay.io/ns", true),
        (
            "docker: {quay.io/ns: {use-sigstore-attachments: false}}",
            "quay.io/ns",
            true,
        ),
        (
            "docker: {quay.io/other: {use-sigstore-attachments: true}}",
            "quay.io/ns",
            true,
        ),
        (
            "docker: {quay.io/ns: {use-sigstore-attachments: true}}",
            "quay.io/ns",
            false,
        ),
        (
            "docker: {quay.io: {use-sigstore-attachments: true}}",
            "quay.io/ns",
            false,
        ),
        (
            "docker: {quay.io/ns/app: {use-sigstore-attachments: true}}",
            "quay.io/ns",
            false,
        ),
        ("default-docker: {use-sigstore-attachments: true}", "quay.io/ns", false),
    ] {
        sandbox.file("d/a.yaml", registries_d);
        let expected = if is_found { found(scope) } else { Vec::new() };
        assert_eq!(of_scope(scope), expected, "{registries_d}");
    }
    // Without the configuration of a machine nothing is known of it.
    clean(&lint(&sandbox, &["policy.json"]));
}

/// Programs are looked at for the policy of this machine only.
#[test]
fn programs_that_refuse_or_are_too_old() {
    let sandbox = desk();
    std::fs::write(sandbox.path("a.pub"), public_key()).unwrap();
    let key = sandbox.path("a.pub");
    let key = key.to_str().unwrap();
    let one = policy(&format!(
        "      \"quay.io\": [{{\"type\": \"sigstoreSigned\", \"keyPath\": \"{key}\"}}]"
    ));
    let several = policy(&format!(
        "      \"quay.io\": [{{\"type\": \"sigstoreSigned\", \"keyPaths\": [\"{key}\"]}}]"
    ));
    let program = |text: &str| {
        // The words lie where one read ends and the next begins.
        let path = sandbox.file(
            "programs/skopeo",
            [&vec![b'x'; (1 << 20) - 10], text.as_bytes()].concat(),
        );
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    };
    let found = |text: &str| -> Vec<String> {
        sandbox.file("home/.config/containers/policy.json", text);
        let mut command = sandbox.command();
        command.env("PATH", sandbox.path("programs"));
        command.args([
            "policy",
            "lint",
            "-o",
            "json",
            "--registries.d",
            "registries.d",
            "--registries-conf",
            "registries.conf",
        ]);
        let outcome = sandbox.finish(&mut command, b"");
        outcome.json()["items"].as_array().unwrap().iter().map(told).collect()
    };
    let at = "policy.json:5:19 transports.docker[\"quay.io\"][0]";
    std::fs::remove_dir_all(sandbox.path("registries.d")).unwrap();
    sandbox.file(
        "registries.d/a.yaml",
        "docker: {quay.io: {use-sigstore-attachments: true}}",
    );
    program("Debian-local change: sigstore disabled, keyDatas");
    assert_eq!(found(&one), [format!("ReaderRefusesSigstore warning {at}")]);
    assert_eq!(found(&several), [format!("ReaderRefusesSigstore warning {at}")]);
    program("of before keyPaths");
    assert_eq!(found(&several), [format!("ReaderTooOld error {at}")]);
    clean(&found(&one));
    program("keyPaths and keyDatas");
    clean(&found(&several));
    clean(&found(&policy("      \"quay.io\": [{\"type\": \"reject\"}]")));
}

/// The shapes that Fedora, RHEL and OpenShift ship. That their default accepts everything is true, and all there is.
#[test]
fn policies_that_distributions_ship_give_no_false_alarm() {
    let sandbox = desk();
    let accept = json!([{"type": "insecureAcceptAnything"}]);
    let key = sandbox.path("release-key.asc");
    let signed_by = |keys: Value| {
        let mut requirement = json!({"type": "signedBy", "keyType": "GPGKeys"});
        requirement
            .as_object_mut()
            .unwrap()
            .extend(keys.as_object().unwrap().clone());
        json!([requirement])
    };
    let old = signed_by(json!({"keyPath": key}));
    let new = signed_by(json!({"keyPaths": [key, key]}));
    let fedora = json!({"default": accept, "transports": {"docker-daemon": {"": accept}}});
    let rhel = |requirements: &Value| {
        json!({
            "default": accept,
            "transports": {
                "docker": {"registry.access.redhat.com": requirements, "registry.redhat.io": requirements},
                "docker-daemon": {"": accept},
            },
        })
    };
    std::fs::write(sandbox.path("sigstore.pub"), public_key()).unwrap();
    let sigstore = json!([{"type": "sigstoreSigned", "keyPath": sandbox.path("sigstore.pub")}]);
    for shipped in [fedora.clone(), rhel(&old), rhel(&new), rhel(&sigstore)] {
        sandbox.file("policy.json", serde_json::to_string_pretty(&shipped).unwrap());
        let found = lint(&sandbox, &["policy.json"]);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with("DefaultAccepts note policy.json:2:3"), "{found:?}");
    }
    // Of OpenShift: the object, and what nodes make of it.
    sandbox.file("cip.json", openshift().to_string());
    clean(&lint(&sandbox, &["cip.json"]));
    sandbox.file("policy.json", serde_json::to_string_pretty(&fedora).unwrap());
    let found = lint(&sandbox, &["policy.json", "cip.json"]);
    assert_eq!(found.len(), 1, "{found:?}");
    // allowedRegistries: the default refuses, hosts are let through.
    let allowed = json!({
        "default": [{"type": "reject"}],
        "transports": {
            "atomic": {"quay.io": accept, "registry.redhat.io": accept},
            "docker": {"quay.io": accept, "registry.redhat.io": accept},
            "docker-daemon": {"": accept},
        },
    });
    sandbox.file("policy.json", allowed.to_string());
    clean(&lint(&sandbox, &["policy.json"]));
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
    let objects: Vec<Value> = (0..150).map(|n| object(&format!("p{n}"), &scopes, None)).collect();
    sandbox.file(
        "objects.json",
        json!({"apiVersion": "v1", "kind": "List", "items": objects}).to_string(),
    );
    let found = lint(&sandbox, &["objects.json"]);
    assert_eq!(found.len(), 100);
    assert!(begin.elapsed().as_secs() < 60, "{:?}", begin.elapsed());
}
