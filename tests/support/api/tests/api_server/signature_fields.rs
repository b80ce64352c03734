// SPDX-License-Identifier: Apache-2.0
//! What a signature must have to be stored, and what a damaged one does.

use image_signature_test_api::samples::{image, D1};
use serde_json::{json, Value};

use super::conditions::put;
use crate::{at, invalid, read, server};

/// The rules about names, types and contents: each alone, with its text and place.
#[test]
fn what_every_signature_needs() {
    let (server, client) = server();
    let name = |name: &str| json!({"name": name});
    let format = "name must be of format <imageName>@<signatureName>";
    let cases: Vec<(&str, Value, String)> = vec![
        (
            "metadata",
            name("abc"),
            format!("signatures[0].metadata.name: Invalid value: \"abc\": {format}"),
        ),
        (
            "metadata",
            name("@abc"),
            format!("signatures[0].metadata.name: Invalid value: \"@abc\": {format}"),
        ),
        (
            "metadata",
            name("abc@"),
            format!("signatures[0].metadata.name: Invalid value: \"abc@\": {format}"),
        ),
        (
            "metadata",
            name("a@b@c"),
            format!("signatures[0].metadata.name: Invalid value: \"a@b@c\": {format}"),
        ),
        (
            "metadata",
            name("."),
            format!(
                "[signatures[0].metadata.name: Invalid value: \".\": may not be '.', signatures[0].metadata.name: \
                 Invalid value: \".\": {format}]"
            ),
        ),
        (
            "metadata",
            name("a@b/c"),
            "signatures[0].metadata.name: Invalid value: \"a@b/c\": may not contain '/'".to_owned(),
        ),
        (
            "metadata",
            name("a@b%c"),
            "signatures[0].metadata.name: Invalid value: \"a@b%c\": may not contain '%'".to_owned(),
        ),
        (
            "metadata",
            json!({"name": "a@b", "namespace": "ns"}),
            "signatures[0].metadata.namespace: Forbidden: not allowed on this type".to_owned(),
        ),
        (
            "metadata",
            json!({"name": "a@b", "labels": {"a": "b"}}),
            "signatures[0].metadata.labels: Forbidden: signature labels cannot be set".to_owned(),
        ),
        (
            "metadata",
            json!({"name": "a@b", "annotations": {"a": "b"}}),
            "signatures[0].metadata.annotations: Forbidden: signature annotations cannot be set".to_owned(),
        ),
        ("type", json!(""), "signatures[0].type: Required value".to_owned()),
        ("content", json!(""), "signatures[0].content: Required value".to_owned()),
        (
            "content",
            json!(null),
            "signatures[0].content: Required value".to_owned(),
        ),
        (
            "content",
            json!("\n"),
            "signatures[0].content: Required value".to_owned(),
        ),
    ];
    for (member, value, message) in cases {
        let reply = put(&client, |signature| signature[member] = value);
        reply.expect_failure(422, "Invalid", &invalid(D1, &message));
    }
    // The left side is not compared with the image, the right one need not be hexadecimal.
    put(&client, |signature| signature["metadata"] = name("other@Some thing")).expect(200);
    assert_eq!(server.stored(D1)["signatures"][0]["metadata"], name("other@Some thing"));
}

#[test]
fn an_empty_signature_breaks_four_rules_at_once() {
    let (_server, client) = server();
    let reply = put(&client, |signature| *signature = json!({}));
    let message = "[signatures[0].metadata.name: Required value: name or generateName is required, \
                   signatures[0].metadata.name: Invalid value: \"\": name must be of format \
                   <imageName>@<signatureName>, signatures[0].type: Required value, signatures[0].content: Required \
                   value]";
    let reply = reply.expect_failure(422, "Invalid", &invalid(D1, message));
    assert_eq!(
        reply.json()["details"],
        json!({"name": D1, "group": "image.openshift.io", "kind": "Image", "causes": [
            {"reason": "FieldValueRequired", "message": "Required value: name or generateName is required",
             "field": "signatures[0].metadata.name"},
            {"reason": "FieldValueInvalid",
             "message": "Invalid value: \"\": name must be of format <imageName>@<signatureName>",
             "field": "signatures[0].metadata.name"},
            {"reason": "FieldValueRequired", "message": "Required value", "field": "signatures[0].type"},
            {"reason": "FieldValueRequired", "message": "Required value", "field": "signatures[0].content"},
        ]})
    );
}

/// Old servers stored what a new one refuses, and that blocks every update.
#[test]
fn a_damaged_signature_blocks_every_update() {
    let (server, client) = server();
    server.objects(|objects| objects.put_image(image(D1, &[b"good"])));
    server.objects(|objects| {
        objects.edit_image(D1, |image| {
            let signatures = image["signatures"].as_array_mut().unwrap();
            signatures.insert(0, json!({}));
        });
    });
    let served = read(&client, D1);
    assert_eq!(
        served["signatures"][0],
        json!({"metadata": {}, "type": "", "content": null})
    );
    let mut image = served;
    image["metadata"]["labels"] = json!({"a": "b"});
    client.put(&at(D1), &image).expect(422);
    image["signatures"].as_array_mut().unwrap().remove(0);
    client.put(&at(D1), &image).expect(200);
}

#[test]
fn content_is_standard_base64() {
    let (server, client) = server();
    put(&client, |s| s["content"] = "Z2Fy\nYmFn\r\nZQ==".into()).expect(200);
    assert_eq!(server.stored(D1)["signatures"][0]["content"], "Z2FyYmFnZQ==");
    for (content, at_byte) in [
        ("-_-_", 0),
        ("YQ", 0),
        ("YWJjYQ", 4),
        ("YQ=", 3),
        ("Y===", 1),
        ("YQ==YQ==", 4),
        ("YWJj YWJj", 4),
        ("YQ=a", 2),
    ] {
        let reply = put(&client, |s| s["content"] = content.into());
        let message = format!(
            "Image in version \"v1\" cannot be handled as a Image: illegal base64 data at input byte {at_byte}"
        );
        reply.expect_failure(400, "BadRequest", &message);
    }
}
