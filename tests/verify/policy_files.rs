// SPDX-License-Identifier: Apache-2.0
//! The files of a policy: those of OpenShift, mistakes in them, and where this machine has its own.

use std::os::unix::fs::symlink;

use serde_json::{json, Value};

use super::policy::{accept, reject, signed_by, Place, ELSEWHERE, OK};
use crate::support::cosign::Cosign;
use crate::support::desk::IDENTITY;

/// A policy object of a cluster, for the scope that the images are in.
fn cluster_policy() -> Value {
    json!({
        "apiVersion": "config.openshift.io/v1",
        "kind": "ClusterImagePolicy",
        "metadata": {"name": "p"},
        "spec": Cosign::new().policy_spec(&["registry.local:5000/foo"]),
    })
}

#[test]
fn objects_of_openshift_are_a_policy_too() {
    let place = Place::new();
    place.put(&place.object(&[IDENTITY], &[]));
    let object = cluster_policy();
    place.desk.put("policy.json", object.to_string());
    place
        .json(IDENTITY)
        .expect_verdict(1, "Unsupported/UnsupportedSignature");
    let outcome = place.json(ELSEWHERE).expect_verdict(1, "Rejected/PolicyRejected");
    let message = outcome.item()["message"].as_str().unwrap().to_owned();
    assert!(
        message.contains("no scope of policy policy.json applies to"),
        "{message}"
    );
    // ImagePolicies are those of a namespace.
    let mut namespaced = object.clone();
    namespaced["kind"] = "ImagePolicy".into();
    namespaced["metadata"] = json!({"name": "q", "namespace": "team"});
    namespaced["spec"]["scopes"] = json!(["elsewhere.example"]);
    place.desk.put("policy.json", format!("{object}\n{namespaced}"));
    let outcome = place.json(ELSEWHERE).expect_verdict(1, "Rejected/PolicyRejected");
    assert!(
        outcome
            .stderr
            .contains("ImagePolicies apply only to the namespace given with -n"),
        "{outcome:?}"
    );
    let args = ["-o", "json", "--expected-identity", ELSEWHERE, "-n", "team"];
    let outcome = place.run(&args).expect_verdict(1, "Unsupported/UnsupportedSignature");
    assert_eq!(outcome.stderr, "");
}

/// `policy why` tells of them.
#[test]
fn mirror_sets_in_the_file_of_a_policy_are_said_not_to_be_used() {
    let place = Place::new();
    place.put(&place.object(&[IDENTITY], &[]));
    let object = cluster_policy();
    let mirrors = json!({
        "apiVersion": "config.openshift.io/v1",
        "kind": "ImageDigestMirrorSet",
        "metadata": {"name": "m"},
        "spec": {"imageDigestMirrors": [{"source": "registry.local:5000/foo", "mirrors": ["mirror.example/foo"]}]},
    });
    let told = "policy policy.json: its mirror sets are not used here: mirrors come from registries.conf, and with --registry-url auto from the cluster";
    // One after the other, and with separators, as -f reads them.
    for separator in ["\n", "\n---\n"] {
        place.desk.put("policy.json", format!("{object}{separator}{mirrors}\n"));
        let outcome = place
            .json(IDENTITY)
            .expect_verdict(1, "Unsupported/UnsupportedSignature");
        assert!(outcome.stderr.contains(told), "{separator:?}: {outcome:?}");
    }
    place.desk.put("policy.json", object.to_string());
    assert_eq!(place.json(IDENTITY).stderr, "");
}

/// podman and skopeo reject every image with such a key file: GnuPG finds no key behind a byte order mark, nor in UTF-16.
#[test]
fn key_files_that_other_readers_of_a_policy_do_not_take_are_refused() {
    let place = Place::new();
    place.put(&place.object(&[IDENTITY], &[]));
    let armored = place.desk.signer.gpg(&["--armor", "--export", &place.desk.key], b"");
    let armored = String::from_utf8(armored).unwrap();
    let marked = format!("\u{feff}{armored}").into_bytes();
    let utf16 = |to_bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
        [0xfeff]
            .into_iter()
            .chain(armored.encode_utf16())
            .flat_map(to_bytes)
            .collect()
    };
    place.desk.put("key.asc", &armored);
    place.scopes(&json!({"registry.local:5000": [signed_by("key.asc")]}));
    place.json(IDENTITY).expect_verdict(0, OK);
    for (bytes, what) in [
        (marked, "it begins with a byte order mark"),
        (utf16(u16::to_le_bytes), "it is in UTF-16"),
        (utf16(u16::to_be_bytes), "it is in UTF-16"),
    ] {
        place.desk.put("key.asc", &bytes);
        place.scopes(&json!({"registry.local:5000": [signed_by("key.asc")]}));
        place
            .json(IDENTITY)
            .expect_usage(&format!("cannot use key file key.asc: {what}"));
        let data = crate::support::images::base64(&bytes);
        place.scopes(&json!({"registry.local:5000": [{"type": "signedBy", "keyType": "GPGKeys", "keyData": data}]}));
        place
            .json(IDENTITY)
            .expect_usage(&format!("cannot use keyData of the policy: {what}"));
        // Named by the user, it is read.
        let args = [
            "verify",
            "-f",
            "image.json",
            "--public-key",
            "key.asc",
            "--expected-identity",
            IDENTITY,
            "-o",
            "json",
        ];
        place.desk.sandbox.run(args).expect_verdict(0, OK);
    }
}

#[test]
fn mistakes_are_usage_errors() {
    let place = Place::new();
    place.put(&place.object(&[IDENTITY], &[]));
    place.scopes(&json!({"": [signed_by("key.gpg")]}));
    for option in [
        &["--public-key", "key.gpg"][..],
        &["--homedir", "x"],
        &["--trust-model", "always"],
        &["--signed-by", &place.desk.key],
        &["--sigstore-key", "x"],
        &["--require", "1"],
        &["--identity-match", "matchExact"],
    ] {
        let args = [&["--expected-identity", IDENTITY][..], option].concat();
        let message = format!("{} cannot be used with --policy", option[0]);
        place.run(&args).expect_usage(&message);
    }
    place
        .run(&["--expected-identity", IDENTITY, "--system-policy"])
        .expect_usage("--policy cannot be used with --system-policy");
    place.json(IDENTITY).expect(0);
    place.desk.put("empty.gpg", "");
    let large = format!("{}{}", "{\"default\": [{\"type\": \"reject\"}]}", " ".repeat(4 << 20));
    for (policy, parts) in [
        (
            "{\"default\": [\n  {\"type\": \"rejct\"}]}",
            &["policy policy.json: line 2, column", "did you mean \"reject\""][..],
        ),
        ("{}", &["line 1", "default"]),
        (
            "{\"default\": [{\"type\": \"reject\"}],\n \"default\": [{\"type\": \"reject\"}]}",
            &["policy policy.json: line 2, column 2: default: this member is repeated"],
        ),
        (
            "{\"default\": [{\"type\": \"reject\",\n  \"typ\": 1}]}",
            &["policy policy.json: line 2, column 3: default[0].typ: unknown member; did you mean \"type\"?"],
        ),
        (
            "{\"default\": [{\"type\": \"reject\"}],\n \"image-signature\": {}}",
            &["policy policy.json: line 2, column 2: [\"image-signature\"]: unknown member"],
        ),
        (
            "{\"default\": [{\"type\": \"signedBy\", \"keyType\": \"GPGKeys\",\n  \"keyPath\": 5}]}",
            &["policy policy.json: line 2, column 14: default[0].keyPath: expected a string, found a number"],
        ),
        (&large, &["policy policy.json has more than 4194304 bytes"]),
        ("", &["policy policy.json"]),
        (
            r#"{"default": [{"type": "signedBy", "keyType": "GPGKeys", "keyPath": "absent.gpg"}]}"#,
            &["the default of policy policy.json, requirement 1 (line 1, column 57, default[0].keyPath): reading key file absent.gpg"],
        ),
        (
            r#"{"default": [{"type": "reject"}, {"type": "sigstoreSigned", "keyPath": "image.json"}]}"#,
            &["requirement 2 (line 1, column 61, default[1].keyPath): cannot use key file image.json"],
        ),
        (
            r#"{"default": [{"type": "signedBy", "keyType": "GPGKeys", "keyPaths": []}]}"#,
            &["requirement 1 (line 1, column 57, default[0].keyPaths): it names no key file"],
        ),
        (
            "{\"default\": [{\"type\": \"reject\"}], \"transports\": {\"docker\": {\n\"registry.local:5000\": [{\"type\": \"signedBy\", \"keyType\": \"GPGKeys\", \"keyPaths\": [\"key.gpg\",\n  \"absent.gpg\"]}]}}}",
            &["scope \"registry.local:5000\" of policy policy.json, requirement 1 (line 3, column 3, transports.docker[\"registry.local:5000\"][0].keyPaths[1]): reading key file absent.gpg"],
        ),
        (
            // GnuPG has to be asked.
            "{\"default\": [\n {\"type\": \"signedBy\", \"keyType\": \"GPGKeys\", \"keyPath\": \"empty.gpg\"}]}",
            &["requirement 1 (line 2, column "],
        ),
    ] {
        place.desk.put("policy.json", policy);
        for part in parts {
            place.json(IDENTITY).expect_usage(part);
        }
    }
    std::fs::remove_file(place.desk.sandbox.path("policy.json")).unwrap();
    place.json(IDENTITY).expect_usage("reading policy policy.json");
}

/// A revocation in a key file counts wherever in the policy that is named, and whoever judges by the policy says the same of it.
#[test]
fn a_key_file_of_any_scope_and_transport_that_is_of_no_use_keeps_all_from_judging() {
    let place = Place::new();
    place.put(&place.object(&[IDENTITY], &[]));
    place.desk.put("text.gpg", "no key");
    place
        .desk
        .put("table.yaml", format!("{IDENTITY}: {{verdict: Verified}}\n"));
    let run = |args: &[&str]| place.desk.sandbox.run(args.iter().copied());
    let audit = || run(&["audit", "-f", "image.json", "--policy", "policy.json"]);
    let promised = || {
        run(&["policy", "why", IDENTITY, "policy.json", "-o", "json"])
            .expect(0)
            .item()["verdict"]
            .clone()
    };
    let test = || run(&["policy", "test", "table.yaml", "--policy", "policy.json"]);
    let sigstore = |file: &str| json!({"type": "sigstoreSigned", "keyPath": file});
    for (file, what) in [
        (
            signed_by("absent.gpg"),
            "reading key file absent.gpg: No such file or directory",
        ),
        (signed_by("text.gpg"), "cannot use key file text.gpg: "),
        (
            sigstore("absent.pub"),
            "reading key file absent.pub: No such file or directory",
        ),
        (sigstore("text.gpg"), "cannot use key file text.gpg: "),
    ] {
        for (others, at) in [
            (
                json!({"docker": {"a.example": [file]}}),
                "scope \"a.example\" of policy policy.json, requirement 1 (line 1, column",
            ),
            (
                json!({"docker-daemon": {"": [file]}}),
                "transport docker-daemon, the scope of all references in policy policy.json, requirement 1 (line 1, column",
            ),
        ] {
            let mut policy = json!({"default": [{"type": "reject"}], "transports": others});
            policy["transports"]["docker"]["registry.local:5000"] = json!([signed_by("key.gpg")]);
            place.desk.put("policy.json", policy.to_string());
            for outcome in [place.json(IDENTITY), audit()] {
                let outcome = outcome.expect(2);
                let said = outcome.stderr.clone() + &outcome.stdout.replace("\\\"", "\"");
                assert!(said.contains(at) && said.contains("keyPath): ") && said.contains(what), "{said}");
            }
            assert_eq!(promised(), "Rejected", "{policy}");
            let outcome = test().expect(3);
            assert!(outcome.stderr.contains(at) && outcome.stderr.contains(what), "{outcome:#?}");
            assert!(outcome.stdout.contains("FAIL"), "{outcome:#?}");
        }
    }
    // Files that are of use.
    let policy = json!({"default": [{"type": "reject"}], "transports": {
        "docker": {"registry.local:5000": [signed_by("key.gpg")], "a.example": [signed_by("key.gpg")]},
        "docker-daemon": {"": [signed_by("key.gpg")]}}});
    place.desk.put("policy.json", policy.to_string());
    place.json(IDENTITY).expect(0);
    audit().expect(1);
    assert_eq!(promised(), "Verified");
    test().expect(0);
}

#[test]
fn the_policy_of_this_machine() {
    let place = Place::new();
    place.put(&place.object(&[IDENTITY], &[]));
    let key = place.desk.key_file.to_str().unwrap();
    let run = |set: &[(&str, &str)]| {
        let mut command = place.desk.sandbox.command();
        command.args([
            "verify",
            "-f",
            "image.json",
            "-o",
            "json",
            "--system-policy",
            "--expected-identity",
            IDENTITY,
        ]);
        command.envs(set.iter().copied());
        place.desk.sandbox.finish(&mut command, b"")
    };
    let good = json!({"default": [signed_by(key)]}).to_string();
    let own = place.desk.put("home/.config/containers/policy.json", &good);
    run(&[]).expect_verdict(0, OK);
    let named = place.desk.put("named.json", json!({"default": [reject()]}).to_string());
    run(&[("CONTAINERS_POLICY_JSON", named.to_str().unwrap())]).expect_verdict(1, "Rejected/PolicyRejected");
    let xdg = place.desk.sandbox.path("xdg");
    place
        .desk
        .put("xdg/containers/policy.json", json!({"default": [accept()]}).to_string());
    run(&[("XDG_CONFIG_HOME", xdg.to_str().unwrap())]).expect_verdict(1, "Allowed/Allowed");
    // One that is there and cannot be read is never passed over.
    std::fs::remove_file(&own).unwrap();
    symlink(place.desk.sandbox.path("home"), &own).unwrap();
    run(&[]).expect_usage("policy.json");
}
