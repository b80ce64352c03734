// SPDX-License-Identifier: Apache-2.0
//! `describe`: records shown as records.

use serde_json::{json, Value};

use crate::record::{record_trusted, Desk, Records, IDENTITY, LONG_AGO, OTHER, OWNER};
use crate::support::images::{image, list, D1, D2, D3};

const KEY: &str = "AAAABBBBCCCCDDDDEEEEFFFF0000111122223333";

fn describe(desk: &Desk, object: &Value) -> String {
    desk.store(object);
    desk.sandbox.run(["describe", "-f", "image.json"]).expect(0).stdout
}

fn recorded() -> Value {
    let mut object = image(D1, &[b"x"]);
    record_trusted(&mut object["signatures"][0], IDENTITY, KEY);
    object
}

#[test]
fn the_layout_is_that_of_oc_describe_and_the_record_is_plainly_one() {
    let desk = Desk::new();
    let mut object = recorded();
    for condition in object["signatures"][0]["conditions"].as_array_mut().unwrap() {
        condition["lastProbeTime"] = "2026-11-22T10:00:30Z".into();
    }
    let text = describe(&desk, &object);
    let record =
        format!("trusted as {IDENTITY}, key {KEY} ({OWNER}), by alice, 2026-11-22 10:00 UTC (not checked now)");
    let expected = format!(
        "Name:\t\t{D1}\n\
         Source:\t\tfile:image.json\n\
         Docker Image:\tregistry.example.com/ns/app@{D1}\n\
         Image Signatures:\n\
         \t\t\tName:\t\t{D1}@s1\n\
         \t\t\tType:\t\tatomic\n\
         \t\t\tRecorded:\t{record}\n\
         \t\t\tTrusted:\tTrue (Verified), recorded 2026-11-22 10:00 UTC\n\
         \t\t\tForImage:\tTrue (Verified), recorded 2026-11-22 10:00 UTC\n\
         \t\t\tMessage:\tverified by alice: signed\n"
    );
    assert_eq!(text, expected);
}

#[test]
fn what_a_run_has_recorded_reads_back() {
    let desk = Desk::new();
    desk.store(&desk.signed());
    desk.verify(&["--confirm"]).expect(0);
    let text = desk.sandbox.run(["describe", "-f", "image.json"]).expect(0).stdout;
    let start = format!("Recorded:\ttrusted as {IDENTITY}, key {} ({OWNER}), by ", desk.key);
    assert!(text.contains(&start), "{text}");
    assert!(
        text.contains("(local), ") && text.contains("(not checked now)"),
        "{text}"
    );
}

#[test]
fn a_signature_without_a_record_says_so() {
    let desk = Desk::new();
    let text = describe(&desk, &image(D1, &[b"x"]));
    assert!(text.contains("Recorded:\tnothing\n"), "{text}");
    let text = describe(&desk, &image(D1, &[]));
    assert!(text.contains("Image Signatures:\tnone\n"), "{text}");
}

#[test]
fn a_rejection_is_no_verified_whatever_issued_by_says() {
    let desk = Desk::new();
    let mut object = recorded();
    object["signatures"][0]["conditions"][0]["status"] = "False".into();
    object["signatures"][0]["conditions"][0]["reason"] = "KeyRevoked".into();
    let text = describe(&desk, &object);
    assert!(text.contains("Recorded:\tnot trusted (KeyRevoked), by alice"), "{text}");
    // The reason is why it is not trusted, not why it is for this image.
    object["signatures"][0]["conditions"][1]["reason"] = "KeyRevoked".into();
    let text = describe(&desk, &object);
    assert!(text.contains("ForImage:\tTrue, recorded"), "{text}");
    assert!(!text.to_lowercase().contains("status:"), "{text}");
    assert!(
        text.contains("Contradiction:\tissuedBy is set though Trusted is not True"),
        "{text}"
    );
}

#[test]
fn contradictions_are_named() {
    let desk = Desk::new();
    let mut no_issuer = recorded();
    no_issuer["signatures"][0].as_object_mut().unwrap().remove("issuedBy");
    assert!(describe(&desk, &no_issuer).contains("Contradiction:\tTrusted is True though issuedBy is not set"));
    let mut other_image = recorded();
    other_image["signatures"][0]["conditions"][1]["status"] = "False".into();
    assert!(describe(&desk, &other_image).contains("Contradiction:\tTrusted is True though ForImage is not"));
    let mut empty_issuer = image(D1, &[b"x"]);
    empty_issuer["signatures"][0]["issuedBy"] = json!({});
    assert!(describe(&desk, &empty_issuer).contains("Contradiction:\tissuedBy is set"));
    let mut no_verdict = recorded();
    let entry = no_verdict["signatures"][0].as_object_mut().unwrap();
    entry.remove("conditions");
    entry.remove("issuedBy");
    assert!(describe(&desk, &no_verdict).contains("Contradiction:\ta signer or identity is recorded without a verdict"));
    for status in ["False", "Unknown"] {
        let mut facts_of_a_rejected_one = recorded();
        let entry = &mut facts_of_a_rejected_one["signatures"][0];
        entry["conditions"][0]["status"] = status.into();
        entry.as_object_mut().unwrap().remove("issuedBy");
        assert!(describe(&desk, &facts_of_a_rejected_one)
            .contains("Contradiction:\ta signer or identity is recorded though Trusted is not True"));
    }
    let mut other_reference = recorded();
    other_reference["signatures"][0]["imageIdentity"] = OTHER.into();
    assert!(describe(&desk, &other_reference).contains(&format!(
        "Contradiction:\timageIdentity is {OTHER}, and the recorded claim is for {IDENTITY}"
    )));
    let mut other_digest = recorded();
    other_digest["signatures"][0]["signedClaims"]["critical.image.docker-manifest-digest"] = D2.into();
    assert!(describe(&desk, &other_digest).contains(&format!(
        "Contradiction:\tTrusted is True though the recorded claim is for image {D2}"
    )));
    assert!(!describe(&desk, &recorded()).contains("Contradiction"));
    // Two spellings of one reference are one.
    let mut short = recorded();
    short["signatures"][0]["imageIdentity"] = "docker.io/library/busybox:1".into();
    short["signatures"][0]["signedClaims"]["critical.identity.docker-reference"] = "busybox:1".into();
    assert!(!describe(&desk, &short).contains("Contradiction"));
}

#[test]
fn of_several_conditions_of_a_type_the_latest_is_shown() {
    let desk = Desk::new();
    let mut object = recorded();
    let older = json!({"type": "Trusted", "status": "False", "reason": "Old", "lastProbeTime": "2025-01-01T00:00:00Z"});
    let newer = json!({"type": "Trusted", "status": "False", "reason": "New", "message": "rejected by bob: no",
                       "lastProbeTime": "2026-06-01T00:00:00Z"});
    let conditions = object["signatures"][0]["conditions"].as_array_mut().unwrap();
    conditions.push(newer);
    conditions.push(older);
    let text = describe(&desk, &object);
    assert!(
        text.contains("Recorded:\tnot trusted (New), by bob, 2026-06-01 00:00 UTC"),
        "{text}"
    );
    assert!(
        text.contains("there are 3 conditions of type Trusted; the latest is shown"),
        "{text}"
    );
}

/// Times are compared, not their spelling.
#[test]
fn the_latest_condition_is_so_in_any_spelling_of_its_time() {
    let desk = Desk::new();
    for (time, shown) in [
        ("2026-01-01T00:00:01+01:00", "trusted as"),
        ("2025-12-31T23:00:01-02:00", "not trusted (New)"),
        ("2026-01-01T00:00:00.5Z", "not trusted (New)"),
        ("9999-12-31T23:59:59Z", "not trusted (New)"),
        ("9999", "trusted as"),
    ] {
        let mut object = recorded();
        let conditions = object["signatures"][0]["conditions"].as_array_mut().unwrap();
        conditions.push(json!({"type": "Trusted", "status": "False", "reason": "New", "lastProbeTime": time}));
        let text = describe(&desk, &object);
        assert!(text.contains(&format!("Recorded:\t{shown}")), "{time}: {text}");
    }
}

#[test]
fn the_ancestors_record_names_its_user() {
    let desk = Desk::new();
    let mut object = image(D1, &[b"x"]);
    object["signatures"][0]["conditions"] = json!([
        {"type": "Trusted", "status": "True", "reason": "manually verified",
         "message": "verified by user \"test-admin\"", "lastProbeTime": LONG_AGO, "lastTransitionTime": LONG_AGO},
        {"type": "ForImage", "status": "True", "lastProbeTime": LONG_AGO, "lastTransitionTime": LONG_AGO},
    ]);
    object["signatures"][0]["issuedBy"] = json!({"commonName": "199E2F91FD431D51"});
    let text = describe(&desk, &object);
    assert!(
        text.contains("Recorded:\ttrusted as an unnamed identity, key 199E2F91FD431D51, by test-admin, 2026-01-01 00:00 UTC (not checked now)"),
        "{text}"
    );
}

#[test]
fn json_has_what_the_text_has_and_says_that_nothing_was_checked() {
    let desk = Desk::new();
    desk.store(&recorded());
    for format in crate::support::formats("describe") {
        let outcome = desk
            .sandbox
            .run(["describe", "-f", "image.json", "-o", &format])
            .expect(0);
        if format == "text" {
            assert!(outcome.words().contains("not checked now"), "{outcome:?}");
            continue;
        }
        if format == "yaml" {
            assert!(outcome.words().contains("checked: false"), "{outcome:?}");
            continue;
        }
        let document = outcome.json();
        assert_eq!(document["apiVersion"], "image-signature/v1");
        assert_eq!(document["checked"], false);
        let signature = &document["items"][0]["signatures"][0];
        assert_eq!(signature["trusted"]["status"], "True");
        assert_eq!(signature["user"], "alice");
        assert_eq!(signature["keyFingerprint"], KEY);
        assert_eq!(signature["contradictions"], json!([]));
    }
}

#[test]
fn of_a_manifest_list_it_says_which_images_are_signed() {
    let desk = Desk::new();
    let mut parent = image(D1, &[]);
    parent["dockerImageManifests"] = json!([
        {"digest": D2, "mediaType": "application/vnd.oci.image.manifest.v1+json", "manifestSize": 1, "architecture": "amd64", "os": "linux"},
        {"digest": D3, "mediaType": "application/vnd.oci.image.manifest.v1+json", "manifestSize": 1, "architecture": "arm64", "os": "linux"},
    ]);
    let mut child = image(D2, &[b"x"]);
    record_trusted(&mut child["signatures"][0], IDENTITY, KEY);
    desk.store(&list(&[parent, child]));
    let text = desk.sandbox.run(["describe", "-f", "image.json", D1]).expect(0).stdout;
    assert!(text.contains("Manifests:\t2 images"), "{text}");
    let line = |digest: &str| text.lines().find(|l| l.contains(digest)).unwrap().to_owned();
    assert!(
        line(D2).contains("1 signature, 1 recorded as trusted (not checked now)"),
        "{text}"
    );
    assert!(line(D3).contains("NotFound"), "{text}");
}

#[test]
fn damaged_entries_and_strings_of_others_are_shown_safely() {
    let desk = Desk::new();
    let mut object = recorded();
    let entry = &mut object["signatures"][0];
    entry["issuedBy"]["commonName"] = "Evil\u{1b}[2J\u{202e}".into();
    entry["imageIdentity"] = "a\rb".into();
    entry["conditions"][0]["message"] = "verified by eve\u{7}: x\ny".into();
    object["signatures"].as_array_mut().unwrap().push(json!({}));
    object["dockerImageReference"] = "x\u{9b}y".into();
    let text = describe(&desk, &object);
    let foreign = |c: char| image_signature::text::is_unsafe(c) && c != '\n' && c != '\t';
    assert!(!text.chars().any(foreign), "{text:?}");
    assert!(
        text.contains("Name:\t\t<none>\n") && text.contains("Damaged:\tMalformedImage"),
        "{text}"
    );
}

#[test]
fn an_image_that_cannot_be_read_is_trouble() {
    let desk = Desk::new();
    desk.store(&recorded());
    let outcome = desk
        .sandbox
        .run(["describe", "-f", "image.json", "-o", "json", D2])
        .expect(3);
    assert_eq!(outcome.item()["reason"], "NotFound");
    desk.sandbox.run(["describe", "-f", "absent.json"]).expect(3);
}
