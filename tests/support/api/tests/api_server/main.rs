// SPDX-License-Identifier: Apache-2.0
//! Self-tests of the server that plays the OpenShift API: a lax server would make every other test say yes.

mod access;
mod bodies;
mod conditions;
mod creation;
mod faults;
mod lists;
mod merging;
mod patches;
mod proxies;
mod reviews;
mod signature_fields;
mod signatures;
mod streams;
mod transport;
mod updates;

use image_signature_test_api::client::Client;
use image_signature_test_api::samples::{image, D1};
use image_signature_test_api::{Server, User};
use serde_json::Value;

pub const IMAGES: &str = "/apis/image.openshift.io/v1/images";

/// A server with an image of one signature, and a client that may audit.
pub fn server() -> (Server, Client) {
    let server = Server::start();
    server.user("token-1", User::new("alice"));
    server.allow_auditor("alice");
    server.image(image(D1, &[b"blob"]));
    let client = Client::new(&server).token("token-1");
    (server, client)
}

/// The path of an image.
pub fn at(name: &str) -> String {
    format!("{IMAGES}/{name}")
}

/// An image as it is now, for the next write.
#[track_caller]
pub fn read(client: &Client, name: &str) -> Value {
    client.get(&at(name)).expect(200).json()
}

/// The message of a 422 about an image's fields.
pub fn invalid(name: &str, what: &str) -> String {
    format!("Image.image.openshift.io \"{name}\" is invalid: {what}")
}

/// Writes, which must succeed, and gives what is stored then; it must be what was answered.
#[track_caller]
pub fn write(server: &Server, client: &Client, image: &Value) -> Value {
    let answered = client.put(&at(D1), image).expect(200).json();
    assert_eq!(server.stored(D1), answered);
    answered
}
