// SPDX-License-Identifier: Apache-2.0
//! Files of a policy that nodes and podman would not go by, or not as they stand: no image is verified by them.

use base64::Engine as _;
use image_signature::digest::Digest;
use serde_json::{json, Value};

use crate::support::cosign::Cosign;
use crate::support::program::{Outcome, Sandbox};

const REF: &str = "r.example/ns/app:v1";

const MANIFEST: &str = r#"{"schemaVersion":2,"mediaType":"application/vnd.docker.distribution.manifest.v2+json"}"#;

/// A directory `d` with an image that `key` has signed.
struct Desk {
    sandbox: Sandbox,
    key: Cosign,
}

impl Desk {
    fn new() -> Self {
        let (sandbox, key) = (Sandbox::new(), Cosign::new());
        let digest = Digest::of_manifest(MANIFEST.as_bytes()).unwrap();
        sandbox.file("d/manifest.json", MANIFEST);
        sandbox.file("d/signature-1", key.file(digest.as_str(), REF));
        Self { sandbox, key }
    }

    /// A ClusterImagePolicy that accepts the key in a scope.
    fn object(&self, name: &str, scope: &str) -> Value {
        object_of(&self.key, name, scope)
    }

    fn verify(&self, policy: impl AsRef<[u8]>) -> Outcome {
        self.sandbox.file("policy", policy);
        let args = ["verify", "--policy", "policy", "--expected-identity", REF, "-o", "json"];
        self.sandbox.run([&args[..], &["dir:d"]].concat())
    }
}

fn object_of(key: &Cosign, name: &str, scope: &str) -> Value {
    let data = base64::engine::general_purpose::STANDARD.encode(key.pem());
    json!({
        "apiVersion": "config.openshift.io/v1", "kind": "ClusterImagePolicy", "metadata": {"name": name},
        "spec": {"scopes": [scope], "policy": {"rootOfTrust": {
            "policyType": "PublicKey", "publicKey": {"keyData": data},
        }}},
    })
}

fn list(kind: &str, metadata: &Value, items: &[&Value]) -> String {
    json!({"apiVersion": "v1", "kind": kind, "metadata": metadata, "items": items}).to_string()
}

#[test]
fn a_part_of_a_list_is_no_policy() {
    let desk = Desk::new();
    let own = desk.object("own", "r.example");
    for whole in [
        json!({}),
        json!({"resourceVersion": "", "continue": "", "remainingItemCount": 0}),
    ] {
        for kind in ["List", "ClusterImagePolicyList"] {
            desk.verify(list(kind, &whole, &[&own]))
                .expect_verdict(0, "Verified/Verified");
        }
    }
    for part in [json!({"continue": "abc"}), json!({"remainingItemCount": 3})] {
        for kind in ["List", "ClusterImagePolicyList"] {
            desk.verify(list(kind, &part, &[&own]))
                .expect_usage("this is a part of a list");
        }
    }
    desk.verify(list("PodList", &json!({}), &[&own]))
        .expect_usage("found \"PodList\"");
}

#[test]
fn two_objects_of_one_name_are_no_policy_unless_they_say_the_same() {
    let desk = Desk::new();
    let own = desk.object("own", "r.example/ns");
    let mut again = own.clone();
    again["metadata"]["resourceVersion"] = "17".into();
    desk.verify(list("List", &json!({}), &[&own, &again]))
        .expect_verdict(0, "Verified/Verified");
    // An older copy with a narrower scope would decide.
    let new = object_of(&Cosign::new(), "own", "r.example");
    let text = format!("{own}\n{new}\n");
    desk.verify(text)
        .expect_usage("policy: line 2, column 1: \"ClusterImagePolicy/own\" occurs here and at line 1");
    // One of another name, or of a namespace, is another one.
    let mut namespaced = new.clone();
    namespaced["kind"] = "ImagePolicy".into();
    namespaced["metadata"]["namespace"] = "team".into();
    desk.verify(list("List", &json!({}), &[&own, &namespaced]))
        .expect_verdict(0, "Verified/Verified");
    let mirrors = |mirror: &str| {
        json!({
            "apiVersion": "config.openshift.io/v1", "kind": "ImageDigestMirrorSet", "metadata": {"name": "m"},
            "spec": {"imageDigestMirrors": [{"source": "r.example", "mirrors": [mirror]}]},
        })
    };
    let (one, other) = (mirrors("a.example"), mirrors("b.example"));
    desk.verify(list("List", &json!({}), &[&own, &one, &one])).expect(0);
    desk.verify(list("List", &json!({}), &[&own, &one, &other]))
        .expect_usage("\"ImageDigestMirrorSet/m\" occurs here and at line 1");
}

/// JSON may write a character as two escapes, which is not YAML.
#[test]
fn json_between_the_markers_of_yaml_is_read_as_json() {
    let desk = Desk::new();
    let mut own = desk.object("own", "r.example");
    own["metadata"]["annotations"] = json!({"icon": "PAIR", "text": "\u{e9} --- \n---\n"});
    let json = own.to_string().replace("PAIR", "\\ud83d\\ude00");
    let other = object_of(&Cosign::new(), "other", "r.example");
    for (text, verdict) in [
        (format!("---\n{json}\n"), "Verified/Verified"),
        (format!("# first\n---\n# {{\n{json}\n---\n"), "Verified/Verified"),
        (format!("--- {json}\n---\n---\n"), "Verified/Verified"),
        (format!("{json}\n---\n{other}"), "Rejected/PolicyRejected"),
        (format!("{other}\r\n---\r\n{json}\r\n"), "Rejected/PolicyRejected"),
        (format!("---\n{json}\n---\n{}", yaml(&other)), "Rejected/PolicyRejected"),
        (format!("{}---\n{json}\n", yaml(&other)), "Rejected/PolicyRejected"),
        (
            format!("---\n{{kind: List, apiVersion: v1, items: [{other}]}}\n---\n{json}\n"),
            "Rejected/PolicyRejected",
        ),
    ] {
        let outcome = desk.verify(&text);
        assert_eq!(outcome.verdict(), verdict, "{text}: {outcome:?}");
    }
    // Mistakes in it have their place in the file.
    let wrong = json.replace("PublicKey\"", "PublicKay\"");
    let column = wrong.find("\"PublicKay").unwrap() + 1;
    desk.verify(format!("---\n{}---\n{wrong}\n", yaml(&other)))
        .expect_usage(&format!("line 21, column {column}: "));
    desk.verify(format!(
        "---\n{json}\n---\n{{\"kind\": \"List\", \"kind\": \"List\"}}\n"
    ))
    .expect_usage("is repeated");
}

/// The object as YAML, on 18 lines.
fn yaml(object: &Value) -> String {
    let trust = &object["spec"]["policy"]["rootOfTrust"];
    format!(
        "\
apiVersion: config.openshift.io/v1
kind: ClusterImagePolicy
metadata:
  name: {}
  annotations:
    text: |
      {{ \"a\": 1 }}
       ---
spec:
  scopes:
  - {}
  policy:
    rootOfTrust:
      policyType: PublicKey
      publicKey:
        keyData: >-
          {}
status: {{}}
",
        object["metadata"]["name"],
        object["spec"]["scopes"][0],
        trust["publicKey"]["keyData"].as_str().unwrap()
    )
}

/// For such a scope podman and skopeo refuse the whole file.
#[test]
fn a_scope_that_is_none_of_the_local_storage_makes_a_file_no_policy() {
    let desk = Desk::new();
    let key = desk.sandbox.file("cosign.pub", desk.key.pem());
    let id = "a".repeat(64);
    let policy = |scope: &str| {
        let signed = json!([{"type": "sigstoreSigned", "keyPath": key}]);
        json!({"default": signed, "transports": {"containers-storage": {scope: [{"type": "reject"}]}}}).to_string()
    };
    let (good, bad) = (
        [
            String::new(),
            "[/x]".into(),
            "[overlay@/x+/run]".into(),
            "[/x]a:v1".into(),
            format!("[/x]a@{id}"),
            format!("[/x]a@sha256:{id}"),
            format!("[/x]a@sha256:{id}@{id}"),
        ],
        [
            "/x".to_owned(),
            "[x]".into(),
            "[]".into(),
            "[/x".into(),
            "x[/x]".into(),
            "[@/x]".into(),
            "[overlay@]".into(),
            "[overlay@x]".into(),
            "[/x]a@".into(),
            "[/x]a@zz".into(),
            format!("[/x]a@{}", id.to_uppercase()),
            format!("[/x]a@md5:{id}"),
            format!("[/x]a@{id}@{id}"),
            format!("[/x]a@sha256:{id}@zz"),
        ],
    );
    for scope in &good {
        let outcome = desk.verify(policy(scope));
        assert_eq!(outcome.verdict(), "Verified/Verified", "{scope}: {outcome:?}");
    }
    for scope in &bad {
        desk.verify(policy(scope))
            .expect_usage("this is not a scope of transport \"containers-storage\"");
        desk.sandbox.file("policy.json", policy(scope));
        let outcome = desk.sandbox.run(["policy", "lint", "policy.json"]).expect(1);
        assert!(outcome.stdout.contains("InvalidPolicy"), "{scope}: {outcome:?}");
    }
    println!("{} scopes taken, {} refused", good.len(), bad.len());
}

/// GnuPG goes by the header line of armour: under another one than that of a key it finds none, and podman refuses.
#[test]
fn keys_that_their_armour_calls_something_else_are_not_accepted() {
    let desk = crate::support::desk::Desk::new();
    let digest = Digest::of_manifest(MANIFEST.as_bytes()).unwrap();
    desk.put("d/manifest.json", MANIFEST);
    desk.put("d/signature-1", desk.sign(digest.as_str(), REF));
    let armour = String::from_utf8(desk.signer.gpg(&["--armor", "--export", &desk.key], b"")).unwrap();
    let other = desk.signer.simple_key("Other <other@example.com>");
    let other = String::from_utf8(desk.signer.gpg(&["--armor", "--export", &other], b"")).unwrap();
    let called = |label: &str| armour.replace("PGP PUBLIC KEY BLOCK", label);
    let run = |key: &str| {
        let data = base64::engine::general_purpose::STANDARD.encode(key);
        let rule = json!({"type": "signedBy", "keyType": "GPGKeys", "keyData": data});
        desk.put("policy.json", json!({"default": [rule]}).to_string());
        let args = [
            "verify",
            "dir:d",
            "--policy",
            "policy.json",
            "--expected-identity",
            REF,
            "-o",
            "json",
        ];
        desk.sandbox.run(args)
    };
    for label in ["PGP PUBLIC KEY BLOCK", "PGP PRIVATE KEY BLOCK", "PGP SECRET KEY BLOCK"] {
        run(&called(label)).expect_verdict(0, "Verified/Verified");
    }
    for label in ["PGP MESSAGE", "PGP SIGNATURE", "PGP ARMORED FILE", "PGP KEY"] {
        run(&called(label)).expect_usage("its header line is not that of a key");
        // Beside a key that counts it is skipped, as by GnuPG.
        let outcome = run(&format!("{other}{}", called(label))).expect_verdict(1, "Rejected/UnknownKey");
        let skipped = "skipped an armoured block with another header line than that of a key";
        assert!(outcome.stderr.contains(skipped), "{label}: {outcome:?}");
    }
}

/// A certificate authority or a transparency log is not asked here, so that what needs one is never met, whatever else is.
#[test]
fn objects_that_need_more_than_a_key_never_verify() {
    let desk = Desk::new();
    let own = desk.object("own", "r.example");
    desk.verify(own.to_string()).expect_verdict(0, "Verified/Verified");
    let key = own["spec"]["policy"]["rootOfTrust"]["publicKey"]["keyData"].clone();
    for trust in [
        json!({"policyType": "PublicKey", "publicKey": {"keyData": key, "rekorKeyData": key}}),
        json!({"policyType": "FulcioCAWithRekor", "fulcioCAWithRekor": {"fulcioCAData": key, "rekorKeyData": key,
            "fulcioSubject": {"oidcIssuer": "https://i.example", "signedEmail": "a@example.com"}}}),
        json!({"policyType": "PKI", "pki": {"caRootsData": key, "pkiCertificateSubject": {"email": "a@example.com"}}}),
    ] {
        let mut other = desk.object("other", "r.example");
        other["spec"]["policy"]["rootOfTrust"] = trust.clone();
        let alone = desk.verify(other.to_string()).expect(1);
        assert_eq!(alone.item()["verdict"], "Unsupported", "{trust}: {alone:?}");
        let both = desk.verify(list("List", &json!({}), &[&own, &other])).expect(1);
        assert_eq!(both.item()["verdict"], "Unsupported", "{trust}: {both:?}");
        // A member that belongs to another type, or that the API does not have, is no reason to check less.
        other["spec"]["policy"]["rootOfTrust"]["publicKey"] = json!({"keyData": key, "rekorkeydata": key});
        desk.verify(other.to_string()).expect(2);
    }
}
