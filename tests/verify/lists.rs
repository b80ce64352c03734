// SPDX-License-Identifier: Apache-2.0
//! Manifest lists among the objects of files: the digest that is expected of an instance may be that of its list.

use image_signature::digest::Digest;
use serde_json::{json, Value};

use crate::support::images::{image, list, D1, D2, D3};
use crate::support::lists::{index, list_object};
use crate::support::program::word;
use crate::verify::{Desk, IDENTITY};

const REPOSITORY: &str = "registry.local:5000/foo/bar";

/// What D1 is called in a file with these other objects, where the digest of the list is expected.
fn judged(desk: &Desk, instance: &Value, others: &[Value], expected: &str, more: &[&str]) -> String {
    let objects = [&[instance.clone()][..], others].concat();
    desk.put("objects.json", list(&objects).to_string());
    let request = format!("{D1}={REPOSITORY}@{expected}");
    let outcome = desk.run(&[&["-o", "json", "-f", "objects.json", &request][..], more].concat());
    let document = outcome.json();
    let mut items = document["items"].as_array().unwrap().iter();
    word(items.find(|item| item["image"] == D1).unwrap())
}

#[test]
fn the_digest_of_a_list_that_names_the_image() {
    let desk = Desk::new();
    let (object, digest) = list_object(&[D2, D1], &[D2, D1]);
    // Signed under a tag, as the instance, and as the list.
    for reference in [
        IDENTITY.to_owned(),
        format!("{REPOSITORY}@{D1}"),
        format!("{REPOSITORY}@{digest}"),
    ] {
        let instance = image(D1, &[&desk.sign(D1, &reference)]);
        let found = judged(&desk, &instance, std::slice::from_ref(&object), &digest, &[]);
        assert_eq!(found, "Verified/Verified", "{reference}");
        // Without the list nobody knows of it.
        let found = judged(&desk, &instance, &[], &digest, &[]);
        assert!(found.starts_with("Rejected/"), "{reference}: {found}");
    }
    // The list in a file of its own, by the key of a policy.
    let instance = image(D1, &[&desk.sign(D1, IDENTITY)]);
    desk.put("instance.json", instance.to_string());
    desk.put("list.json", object.to_string());
    let key = json!({"type": "signedBy", "keyType": "GPGKeys", "keyPath": "key.gpg"});
    desk.put("policy.json", json!({"default": [key]}).to_string());
    let request = format!("{D1}={REPOSITORY}@{digest}");
    let args = [
        "verify",
        "-o",
        "json",
        "-f",
        "instance.json",
        "-f",
        "list.json",
        "--policy",
        "policy.json",
        &request,
    ];
    desk.sandbox.run(args).expect_verdict(0, "Verified/Verified");
    // It is signed as one of its own, but for another list.
    let (_, other) = list_object(&[D1, D3], &[D1, D3]);
    let instance = image(D1, &[&desk.sign(D1, &format!("{REPOSITORY}@{other}"))]);
    let found = judged(&desk, &instance, std::slice::from_ref(&object), &digest, &[]);
    assert_eq!(found, "Rejected/IdentityMismatch");
    // A signature of the list is none of the instance.
    let instance = image(D1, &[&desk.sign(&digest, IDENTITY)]);
    assert_eq!(
        judged(&desk, &instance, &[object], &digest, &[]),
        "Rejected/DigestMismatch"
    );
}

/// Each list counts that is expected and names the image, in whatever order they are given.
#[test]
fn each_of_several_lists_that_are_expected_counts() {
    let desk = Desk::new();
    let lists = [list_object(&[D1, D2], &[D1, D2]), list_object(&[D1, D3], &[D1, D3])];
    let objects: Vec<Value> = lists.iter().map(|(object, _)| object.clone()).collect();
    let listed: Vec<String> = lists
        .iter()
        .map(|(_, digest)| format!("{REPOSITORY}@{digest}"))
        .collect();
    let verify = |instance: &Value, objects: &[Value], expected: [&str; 2]| {
        desk.put(
            "objects.json",
            list(&[&[instance.clone()][..], objects].concat()).to_string(),
        );
        let [first, second] = expected;
        let files = ["-o", "json", "-f", "objects.json", "-f", "absent.json"];
        let identities = ["--expected-identity", first, "--expected-identity", second];
        let outcome = desk.run(&[&files[..], &identities, &[D1]].concat());
        let document = outcome.json();
        let mut items = document["items"].as_array().unwrap().iter();
        items.find(|item| item["image"] == D1).unwrap().clone()
    };
    for signed in &listed {
        let instance = image(D1, &[&desk.sign(D1, signed)]);
        for (first, second) in [(0, 1), (1, 0)] {
            let found = verify(&instance, &objects, [&listed[first], &listed[second]]);
            assert_eq!(word(&found), "Verified/Verified", "{signed}: {first} {second}");
            // Who expects the other one does not get this one.
            assert_eq!(found["matchedIdentities"], json!([signed]), "{found}");
        }
    }
    // One of them cannot be read: what it names is not known.
    let instance = image(D1, &[&desk.sign(D1, &listed[1])]);
    for (first, second) in [(0, 1), (1, 0)] {
        let found = verify(&instance, &objects[..1], [&listed[first], &listed[second]]);
        assert!(word(&found).starts_with("Unchecked/"), "{first} {second}: {found}");
    }
}

/// A policy may ask for the digest of an instance where an image is asked for by that of its list.
#[test]
fn policy_why_and_test_grant_what_verify_grants_by_a_list() {
    let desk = Desk::new();
    let (object, digest) = list_object(&[D1], &[D1]);
    let signed = format!("{REPOSITORY}@{D1}");
    let instance = image(D1, &[&desk.sign(D1, &signed)]);
    desk.put("objects.json", list(&[instance, object]).to_string());
    let exact = json!({"type": "exactReference", "dockerReference": signed});
    let key = json!({"type": "signedBy", "keyType": "GPGKeys", "keyPath": "key.gpg", "signedIdentity": exact});
    let policy = json!({"default": [{"type": "reject"}], "transports": {"docker": {"registry.local:5000": [key]}}});
    desk.put("policy.json", policy.to_string());
    let asked = format!("{REPOSITORY}@{digest}");
    let request = format!("{D1}={asked}");
    let by_policy = ["--policy", "policy.json"];
    let args = ["verify", "-o", "json", "-f", "objects.json", &request];
    let outcome = desk.sandbox.run([&args[..], &by_policy].concat());
    outcome.expect_verdict(0, "Verified/Verified");
    desk.put("table.yaml", format!("{asked}: {{verdict: Verified}}\n"));
    let args = ["policy", "test", "table.yaml"];
    desk.sandbox.run([&args[..], &by_policy].concat()).expect(0);
    let args = ["policy", "why", &asked, "policy.json", "-o", "json"];
    let told = desk.sandbox.run(args).expect(0).json();
    assert_eq!(told["items"][0]["verdict"], "Verified", "{told}");
    let text = told["items"][0]["requirements"][0]["identity"].to_string();
    assert!(
        text.contains("unless it names a manifest list with this image in it"),
        "{text}"
    );
}

/// Only what hashes to its name and names the image is its list.
#[test]
fn what_is_no_list_of_the_image() {
    let desk = Desk::new();
    let instance = image(D1, &[&desk.sign(D1, IDENTITY)]);
    let (good, digest) = list_object(&[D1], &[D1]);
    let with = |member: &str, value: Value| {
        let mut object = good.clone();
        object[member] = value;
        object
    };
    let (unnamed, other) = list_object(&[D2], &[D1]);
    let (unsaid, third) = list_object(&[D1], &[D2]);
    let text = good["dockerImageManifest"].as_str().unwrap();
    for (object, expected) in [
        (with("dockerImageManifest", format!("{text} ").into()), &digest),
        (with("dockerImageManifest", "".into()), &digest),
        (with("dockerImageManifest", Value::Null), &digest),
        (with("dockerImageManifests", Value::Null), &digest),
        (with("dockerImageManifests", json!([{"digest": D2}])), &digest),
        (unnamed, &other),
        (unsaid, &third),
    ] {
        let found = judged(&desk, &instance, std::slice::from_ref(&object), expected, &[]);
        assert!(found.starts_with("Rejected/"), "{found}: {object}");
    }
    let found = judged(&desk, &instance, &[good], &digest, &[]);
    assert_eq!(found, "Verified/Verified");
}

/// What cannot be read may be the list: then nothing is decided and no record is changed.
#[test]
fn a_list_that_cannot_be_read() {
    let desk = Desk::new();
    let blob = desk.sign(D1, IDENTITY);
    let mut instance = image(D1, &[&blob]);
    super::sigstore::trusted(&mut instance["signatures"][0], IDENTITY, &desk.key);
    let (good, digest) = list_object(&[D1], &[D1]);
    let mut twin = good.clone();
    twin["dockerImageReference"] = "elsewhere.example/x:1".into();
    let found = judged(&desk, &instance, &[good.clone(), twin], &digest, &["--confirm"]);
    assert!(found.starts_with("Unchecked/"), "{found}");
    let found = judged(&desk, &instance, &[good], &digest, &["--confirm", "-f", "absent.json"]);
    assert_eq!(found, "Verified/Verified");
    let before = list(&[instance.clone()]).to_string();
    let found = judged(&desk, &instance, &[], &digest, &["--confirm", "-f", "absent.json"]);
    assert!(found.starts_with("Unchecked/"), "{found}");
    let after = std::fs::read_to_string(desk.sandbox.path("objects.json")).unwrap();
    assert_eq!(after, before);
}

/// A digest by another algorithm than that of names takes the manifest: without it, and where it may be that of a list, nobody
/// knows whether it is the image's, and no record is taken back for that.
#[test]
fn a_digest_of_another_algorithm_that_nobody_can_compare() {
    let desk = Desk::new();
    let manifest = index(&[D2]);
    let digest = Digest::of_bytes(manifest.as_bytes()).to_string();
    let other = |text: &str| Digest::others_of_bytes(text.as_bytes())[1].to_string();
    let trusted = |reference: &str| {
        let mut object = image(&digest, &[&desk.sign(&digest, reference)]);
        object["signatures"][0]["conditions"] = json!([{"type": "Trusted", "status": "True", "reason": "Verified"}]);
        object
    };
    let judged = |object: &Value, expected: &str| {
        let text = object.to_string();
        desk.put("object.json", text.clone());
        let expected = format!("{REPOSITORY}@{expected}");
        let args = [
            "-o",
            "json",
            "-f",
            "object.json",
            "--expected-identity",
            &expected,
            "--confirm",
        ];
        let outcome = desk.run(&args);
        let is_same = std::fs::read(desk.sandbox.path("object.json")).unwrap() == text.as_bytes();
        (word(&outcome.item()), is_same)
    };
    for signed in [IDENTITY, &format!("{REPOSITORY}@{}", other(&manifest))] {
        let mut object = trusted(signed);
        let unknown = |reason: &str| (format!("Unchecked/{reason}"), true);
        assert_eq!(
            judged(&object, &other(&manifest)),
            unknown("ManifestUnavailable"),
            "{signed}"
        );
        object["dockerImageManifest"] = manifest.clone().into();
        assert_eq!(judged(&object, &other(&manifest)).0, "Verified/Verified", "{signed}");
        // It may be that of a list.
        assert_eq!(judged(&object, &other("x")), unknown("SourceUnavailable"), "{signed}");
    }
    // Of a signed one the manifest says whether it is the image's.
    let mut object = trusted(&format!("{REPOSITORY}@{}", other("x")));
    let unknown = ("Unchecked/ManifestUnavailable".to_owned(), true);
    assert_eq!(judged(&object, &digest), unknown);
    object["dockerImageManifest"] = manifest.into();
    assert_eq!(
        judged(&object, &digest),
        ("Rejected/IdentityMismatch".to_owned(), false)
    );
}
