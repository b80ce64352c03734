// SPDX-License-Identifier: Apache-2.0
//! Images that come and go.

use serde_json::{json, Value};

use crate::{at, invalid, IMAGES};
use image_signature_test_api::client::Client;
use image_signature_test_api::samples::{image, signature, D1, D2};
use image_signature_test_api::{Server, User};

/// An image as a client makes it, without what the server gives.
fn fresh(name: &str, blobs: &[&[u8]]) -> Value {
    let mut fresh = image(name, blobs);
    fresh["metadata"] = json!({"name": name});
    fresh
}

fn admin() -> (Server, Client) {
    let server = Server::start();
    server.user("token-1", User::new("admin"));
    server.grant("admin", &["create", "delete", "get"], "images");
    let client = Client::new(&server).token("token-1");
    (server, client)
}

#[test]
fn a_new_image_gets_what_the_server_fills_in() {
    let (server, client) = admin();
    let made = client.post(IMAGES, &fresh(D1, &[b"blob"])).expect(201).json();
    assert_eq!(server.stored(D1), made);
    let metadata = &made["metadata"];
    assert!(metadata["resourceVersion"].is_string() && metadata["uid"].is_string());
    assert!(metadata["creationTimestamp"].is_string());
    assert_eq!(made["dockerImageMetadataVersion"], "1.0");
    // Recorded conditions are taken, content is not looked into.
    let mut second = fresh(D2, &[b"blob"]);
    second["signatures"][0]["conditions"] =
        json!([{"type": "Trusted", "status": "True"}, {"type": "ForImage", "status": "True"}]);
    let made = client.post(IMAGES, &second).expect(201).json();
    assert_eq!(made["signatures"][0]["conditions"][0]["status"], "True");
}

#[test]
fn what_is_not_taken() {
    let (_server, client) = admin();
    client.post(IMAGES, &fresh(D1, &[])).expect(201);
    let message = format!("images.image.openshift.io \"{D1}\" already exists");
    client
        .post(IMAGES, &fresh(D1, &[]))
        .expect_failure(409, "AlreadyExists", &message);
    let mut bare = fresh(D2, &[]);
    bare.as_object_mut().unwrap().remove("dockerImageReference");
    let message = invalid(D2, "dockerImageReference: Required value");
    client.post(IMAGES, &bare).expect_failure(422, "Invalid", &message);
    let mut damaged = fresh(D2, &[]);
    damaged["signatures"] = json!([signature(D2, "s1", b"")]);
    let message = invalid(D2, "signatures[0].content: Required value");
    client.post(IMAGES, &damaged).expect_failure(422, "Invalid", &message);
    client.get(&at(D2)).expect(404);
}

#[test]
fn a_deleted_image_is_gone() {
    let (server, client) = admin();
    server.image(image(D1, &[]));
    let status = client.delete(&at(D1)).expect(200).json();
    assert_eq!(
        (&status["kind"], &status["status"]),
        (&json!("Status"), &json!("Success"))
    );
    assert_eq!(server.stored(D1), Value::Null);
    client.delete(&at(D1)).expect(404);
    server.revoke_all();
    server.image(image(D1, &[]));
    client.delete(&at(D1)).expect(403);
}
