// SPDX-License-Identifier: Apache-2.0
//! The resource `imagesignatures`, which the program under test leaves alone.

use serde_json::{json, Value};

use crate::server;
use image_signature_test_api::client::Client;
use image_signature_test_api::samples::{signature, D1, D2};
use image_signature_test_api::{Server, User};

const SIGNATURES: &str = "/apis/image.openshift.io/v1/imagesignatures";

/// A server and a client with the role `system:image-signer`.
fn signer() -> (Server, Client) {
    let (server, _) = server();
    server.user("token-2", User::new("signer"));
    server.grant("signer", &["create", "delete"], "imagesignatures");
    let client = Client::new(&server).token("token-2");
    (server, client)
}

fn delete(client: &Client, name: &str) -> image_signature_test_api::client::Reply {
    client.send("DELETE", &format!("{SIGNATURES}/{name}"), "", b"")
}

#[test]
fn adding_one_wipes_what_was_recorded_about_it() {
    let (server, client) = signer();
    let mut sent = signature(D1, "new", b"other");
    sent["conditions"] = json!([{"type": "Foo", "status": "True"}]);
    sent["imageIdentity"] = "a/b:c".into();
    sent["issuedBy"] = json!({});
    sent["created"] = "2026-01-01T00:00:00Z".into();
    let reply = client.post(SIGNATURES, &sent).expect(201).json();
    assert_eq!(reply["kind"], "ImageSignature");
    assert!(reply["metadata"]["uid"].is_string() && reply["metadata"]["creationTimestamp"].is_string());
    let stored = server.stored(D1)["signatures"][1].clone();
    let members: Vec<&String> = stored.as_object().unwrap().keys().collect();
    assert_eq!(members, ["metadata", "type", "content"]);
    let message = format!("imageSignatures.image.openshift.io \"{D1}@new\" already exists");
    client
        .post(SIGNATURES, &sent)
        .expect_failure(409, "AlreadyExists", &message);
    // Type and content alone make it the same.
    let message = format!("imageSignatures.image.openshift.io \"{D1}@more\" already exists");
    let same = signature(D1, "more", b"other");
    client
        .post(SIGNATURES, &same)
        .expect_failure(409, "AlreadyExists", &message);
    let message = format!("images.image.openshift.io \"{D2}\" not found");
    client
        .post(SIGNATURES, &signature(D2, "new", b"x"))
        .expect_failure(404, "NotFound", &message);
    let mut bad = sent.clone();
    bad["metadata"]["name"] = "abc".into();
    let message =
        "ImageSignature.image.openshift.io \"abc\" is invalid: metadata.name: Invalid value: \"abc\": name must \
                   be of format <imageName>@<signatureName>";
    client.post(SIGNATURES, &bad).expect_failure(422, "Invalid", message);
}

#[test]
fn dry_run_writes_all_the_same() {
    let (server, client) = signer();
    let count = || server.stored(D1)["signatures"].as_array().map_or(0, Vec::len);
    let target = format!("{SIGNATURES}?dryRun=All");
    client.post(&target, &signature(D1, "new", b"other")).expect(201);
    assert_eq!(count(), 2);
    let target = format!("{SIGNATURES}/{D1}@new?dryRun=All");
    client.send("DELETE", &target, "", b"").expect(200);
    assert_eq!(count(), 1);
}

#[test]
fn removing_one() {
    let (server, client) = signer();
    let status = delete(&client, &format!("{D1}@s1")).expect(200).json();
    assert_eq!(
        (&status["kind"], &status["status"]),
        (&json!("Status"), &json!("Success"))
    );
    assert_eq!(server.stored(D1)["signatures"], Value::Null);
    let message = format!("imageSignatures.image.openshift.io \"{D1}@s1\" not found");
    delete(&client, &format!("{D1}%40s1")).expect_failure(404, "NotFound", &message);
    let message = "ImageSignatures must be accessed with <imageName>@<signatureName>";
    delete(&client, D1).expect_failure(400, "BadRequest", message);
    delete(&client, "a@b@c").expect_failure(400, "BadRequest", message);
}

#[test]
fn a_damaged_neighbour_blocks_both() {
    let (server, client) = signer();
    server.objects(|objects| {
        objects.edit_image(D1, |image| image["signatures"].as_array_mut().unwrap().push(json!({})));
    });
    let reply = client.post(SIGNATURES, &signature(D1, "new", b"other")).expect(422);
    let begin = format!("Image.image.openshift.io \"{D1}\" is invalid: [signatures[1].metadata.name: ");
    assert!(reply.message().starts_with(&begin), "{}", reply.message());
    delete(&client, &format!("{D1}@s1")).expect(422);
}

#[test]
fn nothing_else_is_allowed() {
    let (server, client) = signer();
    server.grant("signer", &["get", "list", "update", "patch"], "imagesignatures");
    let message = "the server does not allow this method on the requested resource";
    let one = format!("{SIGNATURES}/{D1}@s1");
    for (method, target) in [("GET", SIGNATURES), ("GET", &one), ("PUT", &one), ("PATCH", &one)] {
        let reply = client.send(method, target, "application/json", b"{}");
        reply.expect_failure(405, "MethodNotAllowed", message);
    }
    // An auditor has no right to any of it.
    let auditor = Client::new(&server).token("token-1");
    auditor.post(SIGNATURES, &signature(D1, "new", b"other")).expect_failure(
        403,
        "Forbidden",
        "imagesignatures.image.openshift.io is forbidden: User \"alice\" cannot create resource \"imagesignatures\" in \
         API group \"image.openshift.io\" at the cluster scope",
    );
    delete(&auditor, &format!("{D1}@s1")).expect(403);
    auditor.get(SIGNATURES).expect(403);
}
