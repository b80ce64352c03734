// SPDX-License-Identifier: Apache-2.0
//! ClusterImagePolicy and ImagePolicy: what nodes make of them, recorded, and what the API refuses.

use image_signature::policy::combined::{covers, Combined};
use image_signature::policy::document::TextError;
use image_signature::policy::file::PolicyText;
use image_signature::policy::mirror_set::MirrorSet;
use image_signature::policy::objects::Objects;
use image_signature::policy::scope::Applied;
use image_signature::policy::{KeyMaterial, Policy, PolicyRequirement, SigstoreSigners, Transport};
use image_signature::reference::Reference;
use serde_json::{json, Value};

use crate::support::vectors::{same, Table};

/// What a policy requires in its scopes, in an order of its own. An empty section counts as missing.
fn content(policy: &Policy) -> Vec<(&str, &str, &[PolicyRequirement])> {
    let scopes = |transport: &'static str| -> Vec<(&str, &str, &[PolicyRequirement])> {
        let section: Option<&Transport> = policy.transports.iter().find(|own| own.name == transport);
        let scopes = section.into_iter().flat_map(|section| &section.scopes);
        scopes
            .map(|scope| (transport, scope.name.as_str(), &scope.requirements[..]))
            .collect()
    };
    let mut all = [scopes("atomic"), scopes("docker"), scopes("docker-daemon")].concat();
    all.sort_by_key(|(transport, scope, _)| (*transport, *scope));
    all
}

#[test]
fn nodes_make_the_recorded_policies_of_objects() {
    let template = json!({
        "default": [{"type": "insecureAcceptAnything"}],
        "transports": {"docker-daemon": {"": [{"type": "insecureAcceptAnything"}]}},
    });
    let template = Policy::parse(template.to_string().as_bytes()).unwrap();
    let mut seen = 0;
    Table::load("mirrors.json", &[]).of("image-policy").run(|case| {
        let all: Vec<String> = case["objects"]
            .as_array()
            .unwrap()
            .iter()
            .map(Value::to_string)
            .collect();
        let objects = Objects::parse(&all.join("\n")).unwrap();
        // The same as a YAML list.
        let list = json!({"apiVersion": "v1", "kind": "List", "items": case["objects"]});
        let list = image_signature::yaml::emit::document(&list);
        let sets = |found: &Objects| -> Vec<MirrorSet> {
            let sets = found.mirror_sets.iter().cloned();
            sets.map(MirrorSet::without_place).collect()
        };
        assert_eq!(sets(&Objects::parse(&list).unwrap()), sets(&objects));
        let check = |expected: &Value, namespace: Option<&str>| {
            seen += 1;
            let expected = Policy::parse(expected.to_string().as_bytes()).unwrap();
            let found = Combined::new(Some(template.clone()), &objects.policies, namespace);
            same("policy", content(&expected), content(&found.policy)).map(|()| found)
        };
        let mut check = check;
        if let Err(what) = check(&case["policy_json"], None) {
            return Some(Err(what));
        }
        for (namespace, expected) in case["namespaced_policy_json"].as_object().into_iter().flatten() {
            match check(expected, Some(namespace)) {
                Err(what) => return Some(Err(what)),
                Ok(found) => {
                    let dropped: Vec<&str> = found.dropped.iter().map(|own| own.scope.as_str()).collect();
                    let conflicts = case["conflicts"].as_array().map_or(0, Vec::len);
                    assert_eq!(dropped.len(), conflicts, "{dropped:?}");
                }
            }
        }
        Some(Ok(()))
    });
    println!("{seen} policies of nodes compared");
    assert!(seen > 15, "{seen}");
}

fn key() -> String {
    use base64::Engine as _;
    let pem = format!(
        "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n",
        "A".repeat(60)
    );
    base64::engine::general_purpose::STANDARD.encode(pem)
}

/// An object with this `spec.policy` and these scopes, as YAML.
fn object(scopes: &str, policy: &str) -> String {
    format!(
        "apiVersion: config.openshift.io/v1\nkind: ClusterImagePolicy\nmetadata:\n  name: p\nspec:\n  scopes: {scopes}\n  policy:\n    {policy}\n"
    )
}

fn trust(rest: &str) -> String {
    format!(
        "rootOfTrust: {{policyType: PublicKey, publicKey: {{keyData: {}}}}}{rest}",
        key()
    )
}

#[track_caller]
fn refused(text: &str, expected: &str) {
    let error: TextError = Objects::parse(text).unwrap_err();
    assert_eq!(error.to_string(), expected);
}

#[test]
fn what_breaks_a_rule_of_the_api_is_refused_with_its_place() {
    let wider = "\n    signedIdentity: ";
    refused(
        &object("[r.example]", &trust(&format!("{wider}{{matchPolicy: MatchRepositry}}"))),
        "line 9, column 35: spec.policy.signedIdentity.matchPolicy: expected one of MatchRepoDigestOrExact, MatchRepository, ExactRepository, RemapIdentity, found \"MatchRepositry\"; did you mean \"MatchRepository\"?",
    );
    refused(
        &object("[r.example]", &trust(&format!("{wider}{{matchPolicy: MatchRepository, remapIdentity: {{}}}}"))),
        "line 9, column 21: spec.policy.signedIdentity: matchPolicy is MatchRepository: expected no member remapIdentity",
    );
    refused(
        &object("[r.example]", "rootOfTrust: {policyType: PublicKey}"),
        "line 8, column 18: spec.policy.rootOfTrust: member \"publicKey\" is missing",
    );
    refused(
        &object("[r.example]", "rootOfTrust: {policyType: PublicKey, publicKey: {keyData: QUFB}}"),
        "line 8, column 63: spec.policy.rootOfTrust.publicKey.keyData: expected the base64 of a PEM file of 68 to 8192 bytes that begins with -----BEGIN PUBLIC KEY----- and ends with -----END PUBLIC KEY-----",
    );
    refused(
        &object("[r.example, r.example]", &trust("")),
        "line 6, column 23: spec.scopes[1]: this scope is repeated",
    );
    for scope in [
        "busybox",
        "docker://r.example",
        "r.example/",
        "\"*\"",
        "\"*.\"",
        "\"*.r.example/x\"",
        "R.example/X",
    ] {
        let error = Objects::parse(&object(&format!("[{scope}]"), &trust(""))).unwrap_err();
        assert!(
            error.what.contains("whose host has a dot or is localhost"),
            "{scope}: {error}"
        );
    }
    for scope in [
        "r.example",
        "r.example:5000",
        "localhost/x",
        "*.example",
        "r.example/a/b:v1",
    ] {
        Objects::parse(&object(&format!("[\"{scope}\"]"), &trust(""))).unwrap();
    }
    refused(
        &object("[r.example]", &format!("{}\n  scope: []", trust(""))),
        "line 9, column 3: spec.scope: unknown member; did you mean \"scopes\"?",
    );
    refused(
        "kind: ConfigMap\napiVersion: v1\n",
        "line 1, column 7: kind: expected one of ClusterImagePolicy, ImagePolicy, ImageDigestMirrorSet, ImageTagMirrorSet, ImageContentSourcePolicy, found \"ConfigMap\"",
    );
    refused(
        "{\"kind\": \"ImagePolicy\", \"kind\": \"ImagePolicy\"}",
        "line 1, column 25: kind: this member is repeated",
    );
    let namespaced = object("[r.example]", &trust("")).replace("ClusterImagePolicy", "ImagePolicy");
    refused(
        &namespaced,
        "line 4, column 3: metadata: an ImagePolicy has a namespace",
    );
    let many = "# comment\n".repeat(500_000);
    assert!(Objects::parse(&many)
        .unwrap_err()
        .what
        .contains("more than 4194304 bytes"));
}

#[test]
fn what_the_server_adds_is_left_alone_and_other_authorities_are_read() {
    let with_status = format!(
        "{}status:\n  conditions: [{{type: Pending}}]\n---\n# nothing\n---\n",
        object("[r.example]", &trust("")).replace("name: p", "name: p\n  uid: 1234\n  managedFields: []")
    );
    assert_eq!(Objects::parse(&with_status).unwrap().policies.len(), 1);
    let fulcio = "rootOfTrust: {policyType: FulcioCAWithRekor, fulcioCAWithRekor: {fulcioCAData: QQ==, rekorKeyData: QQ==, fulcioSubject: {oidcIssuer: \"https://i\", signedEmail: a@b}}}";
    let pki = "rootOfTrust: {policyType: PKI, pki: {caRootsData: QQ==, pkiCertificateSubject: {email: a@b}}}";
    for (text, signers, rekor) in [
        (fulcio, SigstoreSigners::Fulcio, true),
        (pki, SigstoreSigners::Pki, false),
    ] {
        let objects = Objects::parse(&object("[r.example]", text)).unwrap();
        let PolicyRequirement::SigstoreSigned {
            signers: found,
            needs_rekor,
            ..
        } = &objects.policies[0].requirement
        else {
            panic!("{objects:?}");
        };
        assert_eq!((found, *needs_rekor), (&signers, rekor));
    }
}

/// Nodes read the first key only, so that the second must not verify anything.
#[test]
fn of_several_keys_in_key_data_the_first_counts() {
    use base64::Engine as _;
    let engine = base64::engine::general_purpose::STANDARD;
    let one = engine.decode(key()).unwrap();
    let two = engine.encode([&one[..], &one[..]].concat());
    let text = object("[r.example]", &trust("")).replace(&key(), &two);
    let objects = Objects::parse(&text).unwrap();
    let policy = &objects.policies[0];
    assert_eq!(policy.keys_given, 2);
    let PolicyRequirement::SigstoreSigned {
        signers: SigstoreSigners::Keys(KeyMaterial::Data(data)),
        ..
    } = &policy.requirement
    else {
        panic!("{policy:?}");
    };
    assert_eq!(data, &[one.strip_suffix(b"\n").unwrap()]);
}

#[test]
fn objects_alone_refuse_what_no_scope_covers() {
    let objects = Objects::parse(&object("[r.example/ns]", &trust(""))).unwrap();
    let combined = Combined::new(None, &objects.policies, None);
    assert!(combined.is_objects_alone);
    let reference = Reference::parse("r.example/other/app:v1").unwrap();
    let (applied, requirements) = combined.policy.select("docker", &reference);
    assert_eq!(
        (applied, requirements),
        (Applied::Default, &[PolicyRequirement::Reject][..])
    );
    assert_eq!(combined.makers_of("r.example/ns"), ["ClusterImagePolicy/p"]);
}

/// Two objects in one scope must both be met.
#[test]
fn objects_of_one_scope_are_all_required() {
    let one = object("[r.example]", &trust(""));
    let two = one.replace("name: p", "name: q");
    let objects = Objects::parse(&format!("{one}---\n{two}")).unwrap();
    let combined = Combined::new(None, &objects.policies, None);
    let reference = Reference::parse("r.example/a:1").unwrap();
    assert_eq!(combined.policy.select("docker", &reference).1.len(), 2);
    assert_eq!(
        combined.makers_of("r.example"),
        ["ClusterImagePolicy/p", "ClusterImagePolicy/q"]
    );
}

/// As the machine config operator leaves out scopes.
#[test]
fn nodes_leave_out_what_is_below_a_scope_of_the_cluster() {
    for (outer, inner, is_left_out) in [
        ("r.example", "r.example", true),
        ("r.example", "r.example/ns/app", true),
        ("r.example/ns", "r.example/ns/app:v1", true),
        ("r.example/ns/app", "r.example/ns/app:v1", false),
        ("r.example", "r.example:5000", false),
        ("*.example", "r.example/ns", true),
        ("*.example", "*.r.example", true),
        ("*.example", "r.example:5000/ns/app:v1", true),
        ("*.example", "r.example/ns/app:v1", false),
    ] {
        let namespaced = object(&format!("[\"{inner}\"]"), &trust(""))
            .replace("kind: ClusterImagePolicy", "kind: ImagePolicy")
            .replace("name: p", "name: q\n  namespace: team");
        let cluster = object(&format!("[\"{outer}\"]"), &trust(""));
        let objects = Objects::parse(&format!("{cluster}---\n{namespaced}")).unwrap();
        let combined = Combined::new(None, &objects.policies, Some("team"));
        assert_eq!(combined.dropped.len(), usize::from(is_left_out), "{outer} {inner}");
    }
}

#[test]
fn a_scope_covers_what_is_inside_it() {
    for (outer, inner, expected) in [
        ("r.example", "r.example", true),
        ("r.example", "r.example/ns", true),
        ("r.example", "r.example:5000/ns", false),
        ("r.example/ns", "r.example/nsx", false),
        ("r.example/ns/app", "r.example/ns/app:v1", true),
        ("*.example", "r.example:5000/ns", true),
        ("*.example", "example/ns", false),
        ("*.example", "*.r.example", true),
        ("r.example/ns", "r.example", false),
    ] {
        assert_eq!(covers(outer, inner), expected, "{outer} {inner}");
    }
}

#[test]
fn a_file_is_told_by_what_it_holds() {
    let policy = br#"{"default": [{"type": "reject"}]}"#;
    assert!(matches!(PolicyText::parse(policy), Ok(PolicyText::Policy(_))));
    let yaml = object("[r.example]", &trust(""));
    assert!(matches!(PolicyText::parse(yaml.as_bytes()), Ok(PolicyText::Objects(_))));
    // As PowerShell writes it.
    let utf16: Vec<u8> = [0xfeff]
        .into_iter()
        .chain(yaml.encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect();
    assert!(matches!(PolicyText::parse(&utf16), Ok(PolicyText::Objects(_))));
    // The readers of a policy refuse a byte order mark.
    let marked = [&b"\xef\xbb\xbf"[..], policy].concat();
    assert!(PolicyText::parse(&marked).is_err());
    let broken = PolicyText::parse(b"{\"default\": [}").unwrap_err();
    assert_eq!((broken.line, broken.column), (1, 14));
}
