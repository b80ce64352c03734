// SPDX-License-Identifier: Apache-2.0
//! What is said of a policy: what a file is if it is not a policy, which object asks, what no registry is asked for.

use base64::Engine as _;
use serde_json::json;

use super::lint::object;
use super::lint_machine::public_key;
use super::why::{desk, policy, run, SIGNED_BY};
use crate::support::desk::by_policy;
use crate::support::desk::{Desk, IDENTITY};
use crate::support::forge::Key;

#[test]
fn a_file_that_is_no_json_is_said_to_be_what_it_is() {
    let sandbox = desk();
    let text = policy(&format!("      \"quay.io\": [{SIGNED_BY}]"));
    let utf16: Vec<u8> = [0xff, 0xfe]
        .into_iter()
        .chain(text.encode_utf16().flat_map(u16::to_le_bytes))
        .collect();
    for (bytes, said) in [
        (b"default:\n- type: reject\n".to_vec(), "may be YAML"),
        (
            [&b"\xef\xbb\xbf"[..], text.as_bytes()].concat(),
            "the file begins with a byte order mark",
        ),
        (utf16, "the file is in UTF-16"),
        (b" \n".to_vec(), "the file is empty"),
    ] {
        sandbox.file("policy.json", &bytes);
        let outcome = run(&sandbox, &["why", "quay.io/a:1", "policy.json"]);
        if said == "the file is empty" {
            outcome.expect(2);
        } else {
            outcome.expect_usage(said);
        }
    }
}

/// What people have beside policies.
#[test]
fn a_table_and_a_part_of_an_object_are_said_to_be_what_they_are() {
    let sandbox = desk();
    let table =
        "expected a policy, found a table of policy test: write image-signature policy test TABLE --policy FILE";
    let part = "expected an object, found a part of one: a ClusterImagePolicy has apiVersion, kind, metadata.name and spec.policy.rootOfTrust too, as image-signature-policy(1) shows";
    for (text, said) in [
        ("quay.io/a:1: {verdict: Verified}\n", table),
        ("# of mine\n127.0.0.1:5000/a:1:\n  scope: default\n", table),
        ("{\"docker://quay.io/a:1\": {\"scope\": \"quay.io\"}}", table),
        ("spec:\n  scopes:\n  - quay.io\n", part),
        ("# an object of its own\nspec: {scopes: [quay.io]}\n", part),
        ("{\"spec\": {\"scopes\": [\"quay.io\"]}}", part),
    ] {
        sandbox.file("file", text);
        let outcome = run(&sandbox, &["lint", "file"]).expect(1);
        assert!(
            outcome.stdout.contains(&format!("InvalidPolicy: {said}\n")),
            "{outcome:?}"
        );
        run(&sandbox, &["why", "quay.io/a:1", "file"]).expect_usage(said);
        sandbox.file(
            "image.json",
            json!({"kind": "List", "apiVersion": "v1", "items": []}).to_string(),
        );
        let args = [
            "verify",
            "-f",
            "image.json",
            "--policy",
            "file",
            "--expected-identity",
            IDENTITY,
        ];
        sandbox.run(args).expect_usage(said);
    }
    // A policy with a mistake in it stays one.
    sandbox.file("file", "{\"default\": [{\"type\": \"reject\"}], \"spec\": {}}");
    run(&sandbox, &["why", "quay.io/a:1", "file"]).expect_usage("spec: unknown member");
    sandbox.file("file", "{\"defaul\": [{\"type\": \"reject\"}]}");
    run(&sandbox, &["why", "quay.io/a:1", "file"]).expect_usage("defaul: unknown member; did you mean \"default\"?");
}

/// Objects take the base64 of one kind of file.
#[test]
fn key_data_that_is_another_thing_is_said_to_be_what_it_is() {
    let sandbox = desk();
    let base64 = |data: &[u8]| base64::engine::general_purpose::STANDARD.encode(data);
    let armored = std::fs::read_to_string(sandbox.path("release-key.asc")).unwrap();
    let gpg = "; found an OpenPGP key, and these objects take sigstore keys only: GPG keys are given by signedBy in a policy.json";
    let pem = "expected the base64 of a key file, found the PEM text itself; base64 -w0 FILE encodes a file";
    let key = String::from_utf8(public_key()).unwrap();
    let binary = Key::new().certificate("Somebody");
    let certificate = "-----BEGIN CERTIFICATE-----\nYQ==\n-----END CERTIFICATE-----\n";
    let other = "that begins with -----BEGIN PUBLIC KEY----- and ends with -----END PUBLIC KEY-----\n";
    for (data, said) in [
        (base64(armored.as_bytes()), gpg),
        (base64(&binary), gpg),
        (armored.clone(), gpg),
        (key.clone(), pem),
        (format!("\n{key}"), pem),
        (
            base64(certificate.as_bytes()),
            "; found a certificate, of which openssl x509 -pubkey -noout prints the public key",
        ),
        (base64(&[b'x'; 100]), other),
    ] {
        let mut own = object("p", &["quay.io"], None);
        own["spec"]["policy"]["rootOfTrust"]["publicKey"]["keyData"] = json!(data);
        sandbox.file("cip.json", own.to_string());
        let outcome = run(&sandbox, &["lint", "cip.json"]).expect(1);
        assert!(outcome.stdout.contains(said), "{said}: {outcome:?}");
    }
    // The same in a policy.json, which takes both kinds of keys.
    let armor =
        "expected the base64 of a key file, found an OpenPGP key in ASCII armor; base64 -w0 FILE encodes a file";
    for (kind, text, said) in [
        ("\"signedBy\", \"keyType\": \"GPGKeys\"", &armored, armor),
        ("\"sigstoreSigned\"", &key, pem),
    ] {
        let scope = format!(
            "      \"quay.io\": [{{\"type\": {kind}, \"keyData\": {}}}]",
            json!(text)
        );
        sandbox.file("policy.json", policy(&scope));
        run(&sandbox, &["why", "quay.io/a:1", "policy.json"]).expect_usage(said);
    }
}

#[test]
fn a_key_file_without_a_path_is_said_to_have_none() {
    let sandbox = desk();
    for kind in [
        "\"type\": \"signedBy\", \"keyType\": \"GPGKeys\"",
        "\"type\": \"sigstoreSigned\"",
    ] {
        sandbox.file(
            "policy.json",
            policy(&format!("      \"quay.io\": [{{{kind}, \"keyPaths\": [\"\"]}}]")),
        );
        sandbox.file(
            "image.json",
            json!({"kind": "List", "apiVersion": "v1", "items": []}).to_string(),
        );
        let args = by_policy("quay.io/a:1");
        sandbox.run(args).expect_usage("the path of a key file is empty");
    }
}

/// An empty list from a Go program has `metadata: {}`, or null.
#[test]
fn a_list_without_metadata_is_whole() {
    let sandbox = desk();
    for metadata in [json!(null), json!({}), json!({"continue": null})] {
        let list = json!({"apiVersion": "v1", "kind": "List", "metadata": metadata, "items": [object("p", &["quay.io"], None)]});
        sandbox.file("list.json", list.to_string());
        run(&sandbox, &["why", "quay.io/a:1", "list.json"]).expect(0);
    }
    let part = json!({"apiVersion": "v1", "kind": "List", "metadata": {"continue": "x"}, "items": []});
    sandbox.file("list.json", part.to_string());
    run(&sandbox, &["why", "quay.io/a:1", "list.json"]).expect_usage("this is a part of a list");
}

#[test]
fn a_signature_that_no_registry_is_asked_for_is_noted() {
    let sandbox = desk();
    sandbox.file("k.pub", public_key());
    let of = |requirement: &str| sandbox.file("policy.json", policy(&format!("      \"quay.io\": [{requirement}]")));
    let note = "Note: from a registry an image here is Verified only if a lookaside store has its sigstore signature: no place is asked for sigstore attachments; registries.d needs use-sigstore-attachments: true for quay.io/ns/a";
    let said = || run(&sandbox, &["why", "quay.io/ns/a:1", "policy.json"]).expect(0);
    of("{\"type\": \"sigstoreSigned\", \"keyPath\": \"k.pub\"}");
    let best = "At best an image here is Verified, but from a registry only by a sigstore signature in a lookaside store (see the note below).";
    assert!(said().words().contains(best), "{:?}", said());
    assert!(said().words().contains(note), "{:?}", said());
    let lint = run(&sandbox, &["lint", "policy.json"]).stdout;
    let refused = "no sigstore signature is looked for in a registry, and an image there is refused unless a lookaside store has one\n";
    assert!(lint.contains(refused), "{lint}");
    // Where no store can be read either, that is the verdict.
    sandbox.file("registries.d/a.yaml", "docker: {quay.io: {lookaside: /srv/sigs}}");
    let none = "At best an image here is Verified, but Unchecked from a registry that does not keep the signatures itself (see the note below).";
    assert!(said().words().contains(none), "{:?}", said());
    sandbox.file("registries.d/a.yaml", "");
    sandbox.file(
        "table.yaml",
        "quay.io/ns/a:1: {verdict: Verified}\nr.example/a:1: {verdict: Rejected}\n",
    );
    let row = || {
        run(&sandbox, &["test", "table.yaml", "--policy", "policy.json"])
            .expect(0)
            .stdout
    };
    let rejected = "pass r.example/a:1: Rejected, scope default\n";
    let unsigned = "pass quay.io/ns/a:1: Verified, but from a registry only by a sigstore signature in a lookaside store, scope \"quay.io\"\n";
    assert!(row().contains(&format!("{unsigned}{rejected}")), "{}", row());
    sandbox.file(
        "registries.d/a.yaml",
        "docker: {quay.io: {use-sigstore-attachments: true}}",
    );
    assert!(!said().words().contains("from a registry"), "{:?}", said());
    let verified = "pass quay.io/ns/a:1: Verified, scope \"quay.io\"\n";
    assert!(row().contains(&format!("{verified}{rejected}")), "{}", row());
    sandbox.file(
        "registries.conf",
        "[[registry]]\nlocation = \"quay.io\"\nblocked = true\n",
    );
    assert!(
        said()
            .words()
            .contains("Note: no image can be pulled from a registry here"),
        "{:?}",
        said()
    );
    let best = "At best an image here is Verified, but none can be pulled from a registry (see the note below).";
    assert!(said().words().contains(best), "{:?}", said());
    of(SIGNED_BY);
    sandbox.file("registries.conf", "");
    sandbox.file("registries.d/a.yaml", "");
    assert!(!said().words().contains("from a registry"), "{:?}", said());
}

#[test]
fn junit_names_the_policy() {
    let sandbox = desk();
    sandbox.file("policy.json", policy(""));
    sandbox.file("table.yaml", "quay.io/a:1: {verdict: Rejected}\n");
    let args = ["policy", "test", "table.yaml", "--policy", "policy.json", "-o", "junit"];
    let outcome = sandbox.run(args).expect(0);
    let properties =
        "    <properties>\n      <property name=\"policy\" value=\"policy.json\"/>\n    </properties>\n    <testcase";
    assert!(outcome.stdout.contains(properties), "{outcome:?}");
}

/// Objects that say nothing of an image are not said to reject it by a requirement, and of several each is named.
#[test]
fn objects_are_named_where_they_ask_and_where_none_does() {
    let desk = Desk::new();
    let objects = [
        object("one", &["registry.local:5000"], None),
        object("two", &["registry.local:5000"], None),
    ];
    let list = json!({"apiVersion": "v1", "kind": "List", "items": objects});
    desk.put("policy.json", list.to_string());
    desk.put("image.json", desk.signed().to_string());
    let args = [&by_policy(IDENTITY)[..], &["-o", "json"]].concat();
    let outcome = desk.sandbox.run(args);
    let requirements = outcome.item()["policy"][0]["requirements"].to_string();
    for name in [
        "sigstoreSigned the key of ClusterImagePolicy/one",
        "sigstoreSigned the key of ClusterImagePolicy/two",
    ] {
        assert!(requirements.contains(name), "{requirements}");
    }
    let outcome = desk
        .sandbox
        .run([&by_policy("quay.io/a/b:1")[..], &["-o", "json"]].concat());
    let outcome = outcome.expect_verdict(1, "Rejected/PolicyRejected");
    let said = "no scope of policy policy.json applies to quay.io/a/b:1: no image is accepted";
    assert_eq!(outcome.item()["message"], said, "{outcome:?}");
}
