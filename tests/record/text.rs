// SPDX-License-Identifier: Apache-2.0
//! Everything but the record survives as it is spelled: JSON and YAML.

use std::fs;

use crate::record::{conditions, record_trusted, Desk, Records, IDENTITY};
use crate::support::images::{base64, image, list, D1, D2};

/// Records in a file with this text and gives the new text.
fn record(desk: &Desk, name: &str, text: &str, status: i32) -> String {
    let path = desk.sandbox.file(name, text);
    let key = desk.key_file.to_str().unwrap();
    desk.sandbox
        .run([
            "verify",
            "-f",
            name,
            "--public-key",
            key,
            "--confirm",
            "--expected-identity",
            IDENTITY,
            D1,
        ])
        .expect(status);
    fs::read_to_string(path).unwrap()
}

/// Forgets what was recorded.
fn forget(desk: &Desk, name: &str) -> String {
    desk.sandbox.run(["remove", "-f", name, "--confirm"]).expect(0);
    fs::read_to_string(desk.sandbox.path(name)).unwrap()
}

#[test]
fn spelling_order_and_white_space_of_json_survive() {
    let desk = Desk::new();
    let content = base64(&desk.sign(D1, IDENTITY));
    // A tab here, a CR there, numbers that no parser writes back, escapes, an order of its own.
    let head =
        "{\n\t\"zeta\": 1.0,  \"size\": 1e3, \"big\": 123456789012345678901234567890, \"esc\": \"\\u00e9\\/\",\r\n   \
                \"kind\":\"Image\", \"apiVersion\" : \"image.openshift.io/v1\",\n";
    let meta = format!("  \"metadata\": {{\"resourceVersion\":\"7\",\"name\":\"{D1}\"}},\n");
    let entry = format!(
        "  \"signatures\": [\n    {{\n      \"type\": \"atomic\",\n      \"future\": 0.10,\n      \"content\": \"{content}\",\n      \
         \"metadata\": {{ \"name\": \"{D1}@s1\" }}\n    }}\n  ]"
    );
    let tail = ",\n  \"dockerImageReference\": \"a/b:c\", \"last\": -0}\n\n";
    let before = format!("{head}{meta}{entry}{tail}");
    let after = record(&desk, "image.json", &before, 0);
    assert!(after.starts_with(&format!("{head}{meta}")), "{after}");
    assert!(after.ends_with(tail), "{after}");
    assert!(after.contains("\"future\": 0.10,"), "{after}");
    assert!(
        after.contains("      \"conditions\": [\n        {"),
        "in the style of its surroundings: {after}"
    );
    let parsed: serde_json::Value = serde_json::from_str(&after).unwrap();
    assert_eq!(conditions(&parsed["signatures"][0])[0], "Trusted=True(Verified)");
    assert_eq!(forget(&desk, "image.json"), before, "removing gives back every byte");
}

#[test]
fn compact_json_stays_on_its_line() {
    let desk = Desk::new();
    let before = desk.signed().to_string();
    let after = record(&desk, "image.json", &before, 0);
    assert!(!after.contains('\n') && !after.contains("\": "), "{after}");
    assert_eq!(forget(&desk, "image.json"), before);
}

#[test]
fn other_objects_of_a_list_stay_byte_for_byte() {
    let desk = Desk::new();
    let other = format!("{{\"kind\": \"Image\", \"metadata\": {{\"name\":\"{D2}\"}}, \"n\": 1.50}}");
    let before = format!(
        "{{\"kind\":\"List\",\"apiVersion\":\"v1\",\"items\":[ {other} , {} ], \"x\":1e0 }}",
        image(D1, &[&desk.sign(D1, IDENTITY)])
    );
    let after = record(&desk, "image.json", &before, 0);
    assert!(after.contains(&format!("[ {other} , {{")), "{after}");
    assert!(after.ends_with(" ], \"x\":1e0 }"), "{after}");
    assert_eq!(forget(&desk, "image.json"), before);
}

#[test]
fn yaml_keeps_comments_and_spelling() {
    let desk = Desk::new();
    let content = base64(&desk.sign(D1, IDENTITY));
    let before = format!(
        "# from the cluster\napiVersion: image.openshift.io/v1\nkind: Image\nmetadata:\n  name: {D1}   # the digest\n  \
         resourceVersion: \"0007\"\nsize: 1.0\nsignatures:\n- content: {content}\n  metadata:\n    name: {D1}@s1\n  \
         # what it is\n  type: atomic\ndockerImageReference: 'a/b:c'\n"
    );
    let after = record(&desk, "image.yaml", &before, 0);
    for kept in [
        "# from the cluster\n",
        "   # the digest\n",
        "resourceVersion: \"0007\"\nsize: 1.0\n",
        "  # what it is\n  type: atomic\n",
        "\ndockerImageReference: 'a/b:c'\n",
    ] {
        assert!(after.contains(kept), "{kept:?} is lost: {after}");
    }
    let described = desk
        .sandbox
        .run(["describe", "-f", "image.yaml", "-o", "json"])
        .expect(0);
    let signature = &described.item()["signatures"][0];
    assert_eq!(signature["trusted"]["status"], "True");
    assert_eq!(signature["imageIdentity"], IDENTITY);
    assert_eq!(signature["keyFingerprint"], desk.key.as_str());
    assert_eq!(forget(&desk, "image.yaml"), before);
}

#[test]
fn yaml_in_braces_and_several_documents_are_changed_in_place() {
    let desk = Desk::new();
    let content = base64(&desk.sign(D1, IDENTITY));
    let other = format!("kind: Image\nmetadata: {{name: {D2}}}\nn: 0x10\n");
    let before = format!(
        "---\n{other}---\nkind: Image\nmetadata: {{name: \"{D1}\"}}\nsignatures: [{{metadata: {{name: \"{D1}@s1\"}}, \
         type: atomic, content: {content}}}]\ndockerImageReference: a/b:c\n"
    );
    let after = record(&desk, "image.yaml", &before, 0);
    assert!(after.starts_with(&format!("---\n{other}---\n")), "{after}");
    assert!(after.ends_with("\ndockerImageReference: a/b:c\n"), "{after}");
    let described = desk
        .sandbox
        .run(["describe", "-f", "image.yaml", "-o", "json", D1])
        .expect(0);
    assert_eq!(described.item()["signatures"][0]["trusted"]["status"], "True");
}

#[test]
fn yaml_with_anchors_is_not_changed_and_says_so() {
    let desk = Desk::new();
    let content = base64(&desk.sign(D1, IDENTITY));
    let before = format!(
        "kind: Image\nmetadata:\n  name: &n {D1}\nother: *n\nsignatures:\n- content: {content}\n  metadata:\n    \
         name: {D1}@s1\n  type: atomic\n"
    );
    let path = desk.sandbox.file("image.yaml", &before);
    let key = desk.key_file.to_str().unwrap();
    let outcome = desk
        .sandbox
        .run([
            "verify",
            "-f",
            "image.yaml",
            "--public-key",
            key,
            "--confirm",
            "--expected-identity",
            IDENTITY,
        ])
        .expect(3);
    assert!(outcome.stderr.contains("anchors"), "{outcome:?}");
    assert_eq!(fs::read_to_string(path).unwrap(), before);
}

#[test]
fn strings_of_others_are_recorded_without_anything_that_moves_a_terminal() {
    let desk = Desk::new();
    let evil = "Evil \u{202e}live\u{1b}[2J <e@example.com>";
    let key = desk.signer.key(evil, "ed25519", "sign,cert", "never");
    let keys = desk.signer.export(&[&key], &desk.sandbox.path("evil.gpg"));
    let mut claim: serde_json::Value = serde_json::from_slice(&crate::support::images::payload(D1, IDENTITY)).unwrap();
    claim["optional"]["creator"] = "line\nbreak\u{1b}]0;title\u{7}".into();
    let before = image(D1, &[&desk.signer.sign(&key, claim.to_string().as_bytes())]);
    desk.store(&before);
    let keys = keys.to_str().unwrap();
    desk.sandbox
        .run([
            "verify",
            "-f",
            "image.json",
            "--public-key",
            keys,
            "--confirm",
            "--expected-identity",
            IDENTITY,
        ])
        .expect(0);
    let entry = desk.read()["signatures"][0].clone();
    let text = entry.to_string();
    assert!(text.contains("Evil"), "{text}");
    for value in [
        &entry["issuedBy"]["commonName"],
        &entry["conditions"][0]["message"],
        &entry["signedClaims"]["optional.creator"],
    ] {
        let value = value.as_str().unwrap();
        assert!(!value.chars().any(image_signature::text::is_unsafe), "{value:?}");
    }
}

#[test]
fn a_large_list_is_changed_in_one_place_only() {
    let desk = Desk::new();
    let filler = image(
        "sha256:4444444444444444444444444444444444444444444444444444444444444444",
        &[],
    );
    let mut wanted = desk.signed();
    record_trusted(&mut wanted["signatures"][0], IDENTITY, &desk.key);
    let mut items: Vec<serde_json::Value> = Vec::new();
    for n in 0..2000 {
        let mut other = filler.clone();
        other["metadata"]["name"] = format!("sha256:{n:064x}").into();
        items.push(other);
    }
    items.insert(1000, wanted.clone());
    let before = serde_json::to_string_pretty(&list(&items)).unwrap();
    let after = record(&desk, "image.json", &before, 0);
    let old: Vec<&str> = before.lines().collect();
    let new: Vec<&str> = after.lines().collect();
    let same = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    assert!(same > 10_000 && new.len() >= old.len(), "{same}");
    assert_eq!(old.last(), new.last());
    let parsed: serde_json::Value = serde_json::from_str(&after).unwrap();
    assert_eq!(parsed["items"].as_array().unwrap().len(), 2001);
    assert_ne!(parsed["items"][1000], wanted);
}
