// SPDX-License-Identifier: Apache-2.0
//! PATCH of images, in all four kinds.

use image_signature_test_api::client::{Client, Reply};
use image_signature_test_api::samples::{D1, D2};
use image_signature_test_api::Server;
use serde_json::{json, Value};

use crate::{at, invalid, read, server};

const REJECTED: &str = "the server rejected our request due to an error in our request";

pub(super) fn strategic(client: &Client, body: &Value) -> Reply {
    let kind = "application/strategic-merge-patch+json";
    client.send("PATCH", &at(D1), kind, body.to_string().as_bytes())
}

#[track_caller]
fn rejected(client: &Client, operations: &Value) {
    let reply = client.json_patch(&at(D1), operations);
    let reply = reply.expect_failure(422, "Invalid", REJECTED);
    // Not a word about which operation it was.
    assert_eq!(reply.json()["details"], json!({}));
}

pub(super) fn conditions() -> Value {
    json!([
        {"type": "Trusted", "status": "True", "lastProbeTime": "2026-11-22T10:00:00Z",
         "lastTransitionTime": "2026-11-22T10:00:00Z", "reason": "Verified", "message": "m"},
        {"type": "ForImage", "status": "True", "lastProbeTime": "2026-11-22T10:00:00Z",
         "lastTransitionTime": "2026-11-22T10:00:00Z"},
    ])
}

pub(super) fn conflict(reply: Reply) {
    let message = format!(
        "Operation cannot be fulfilled on images.image.openshift.io \"{D1}\": the object has been modified; please \
         apply your changes to the latest version and try again"
    );
    reply.expect_failure(409, "Conflict", &message);
}

/// What a careful client sends: tests, a version, then the verdict.
fn verdict(image: &Value) -> Value {
    let signature = &image["signatures"][0];
    json!([
        {"op": "test", "path": "/signatures/0/metadata/name", "value": signature["metadata"]["name"]},
        {"op": "test", "path": "/signatures/0/content", "value": signature["content"]},
        {"op": "replace", "path": "/metadata/resourceVersion", "value": image["metadata"]["resourceVersion"]},
        {"op": "add", "path": "/signatures/0/conditions", "value": conditions()},
        {"op": "add", "path": "/signatures/0/issuedBy", "value": {"commonName": "KEY"}},
    ])
}

#[test]
fn a_verdict_by_json_patch() {
    let (server, client) = server();
    let before = read(&client, D1);
    let answered = client.json_patch(&at(D1), &verdict(&before)).expect(200).json();
    assert_eq!(server.stored(D1), answered);
    assert_eq!(answered["signatures"][0]["conditions"], conditions());
    assert_eq!(answered["signatures"][0]["issuedBy"], json!({"commonName": "KEY"}));
    assert_ne!(
        answered["metadata"]["resourceVersion"],
        before["metadata"]["resourceVersion"]
    );
    // The same again is stale now.
    conflict(client.json_patch(&at(D1), &verdict(&before)));
    let last = server.requests().pop().unwrap();
    assert_eq!(last.header("content-type"), Some("application/json-patch+json"));
    assert_eq!(last.body, verdict(&before));
    assert!(last.is_write());
    assert!(!server.requests()[0].is_write());
    // Without tests and versions it writes blindly.
    let blind = json!([{"op": "add", "path": "/metadata/labels", "value": {"a": "b"}}]);
    client.json_patch(&at(D1), &blind).expect(200);
    let nothing = server.resource_version(D1);
    client.json_patch(&at(D1), &blind).expect(200);
    assert_eq!(server.resource_version(D1), nothing);
    client.json_patch(&at(D2), &blind).expect(404);
}

#[test]
fn a_writer_in_between_is_a_conflict_or_a_failed_test() {
    let (server, client) = server();
    let image = read(&client, D1);
    server.before_write(|objects| objects.edit_image(D1, |i| i["metadata"]["labels"] = json!({"a": "b"})));
    conflict(client.json_patch(&at(D1), &verdict(&image)));
    let image = read(&client, D1);
    server.before_write(|objects| {
        objects.edit_image(D1, |i| {
            let other = json!({"metadata": {"name": format!("{D1}@new")}, "type": "atomic", "content": "YQ=="});
            i["signatures"].as_array_mut().unwrap().insert(0, other);
        });
    });
    rejected(&client, &verdict(&image));
    assert_eq!(read(&client, D1)["signatures"][0]["conditions"], json!(null));
}

#[test]
fn a_test_compares_the_text_that_the_server_writes() {
    let (server, client) = server();
    for (c, spelled, others) in [
        ('<', "\\u003c", &["<", "\\u003C"][..]),
        ('>', "\\u003e", &[">"]),
        ('&', "\\u0026", &["&"]),
        ('\u{2028}', "\\u2028", &["\u{2028}"]),
        ('\u{2029}', "\\u2029", &["\u{2029}"]),
        ('a', "a", &["\\u0061"]),
        ('\'', "'", &["\\u0027"]),
        ('"', "\\\"", &["\\u0022"]),
        ('\n', "\\n", &["\\u000a"]),
        ('\u{1}', "\\u0001", &[]),
        ('é', "é", &["\\u00e9"]),
        ('😀', "😀", &["\\ud83d\\ude00"]),
    ] {
        server.objects(|objects| {
            objects.edit_image(D1, |image| {
                image["signatures"][0]["metadata"]["name"] = format!("{D1}@x{c}y").into();
            });
        });
        let send = |spelling: &str| {
            let body = format!(
                "[ {{\"op\": \"test\" ,\"path\":\"/signatures/0/metadata\",\"value\" : {{\"name\" :\"{D1}@x{spelling}y\" }} }}]"
            );
            client.send("PATCH", &at(D1), "application/json-patch+json", body.as_bytes())
        };
        send(spelled).expect(200);
        for other in others {
            send(other).expect_failure(422, "Invalid", REJECTED);
        }
    }
}

#[test]
fn operations() {
    let (server, client) = server();
    server.objects(|objects| {
        objects.edit_image(D1, |image| {
            image["metadata"]["annotations"] = json!({"a/b": "1", "c~d": "2"});
            image["metadata"]["finalizers"] = json!(["x", "y"]);
        });
    });
    let patch = |operations: Value| client.json_patch(&at(D1), &operations).expect(200).json()["metadata"].clone();
    let metadata = patch(json!([
        {"op": "test", "path": "/metadata/annotations/a~1b", "value": "1"},
        {"op": "test", "path": "/metadata/annotations/c~0d", "value": "2"},
        {"op": "test", "path": "/metadata/annotations/none", "value": null},
        {"op": "replace", "path": "/metadata/annotations/a~1b", "value": "3"},
        {"op": "copy", "from": "/metadata/annotations/a~1b", "path": "/metadata/annotations/e"},
        {"op": "move", "from": "/metadata/annotations/c~0d", "path": "/metadata/annotations/f"},
    ]));
    assert_eq!(metadata["annotations"], json!({"a/b": "3", "e": "3", "f": "2"}));
    let metadata = patch(json!([
        {"op": "add", "path": "/metadata/finalizers/1", "value": "between"},
        {"op": "add", "path": "/metadata/finalizers/3", "value": "after"},
        {"op": "add", "path": "/metadata/finalizers/-", "value": "last"},
        {"op": "remove", "path": "/metadata/finalizers/0"},
        {"op": "replace", "path": "/metadata/finalizers/1", "value": "Y"},
        {"op": "move", "from": "/metadata/finalizers/3", "path": "/metadata/finalizers/0"},
    ]));
    assert_eq!(metadata["finalizers"], json!(["last", "between", "Y", "after"]));
}

#[test]
fn operations_that_cannot_be_done() {
    let (server, client) = server();
    let before = read(&client, D1);
    let name = before["signatures"][0]["metadata"]["name"].clone();
    for operation in [
        json!({"op": "test", "path": "/signatures/0/metadata/name", "value": "other"}),
        json!({"op": "test", "path": "/signatures/1/metadata/name", "value": name}),
        json!({"op": "test", "path": "/signatures/0/nothing/name", "value": null}),
        json!({"op": "test", "path": "/metadata/name"}),
        json!({"op": "replace", "path": "/signatures/0/conditions", "value": []}),
        json!({"op": "replace", "path": "/signatures/1", "value": {}}),
        json!({"op": "remove", "path": "/signatures/0/issuedBy"}),
        json!({"op": "remove", "path": "/signatures/-"}),
        json!({"op": "remove", "path": "/signatures/00"}),
        json!({"op": "add", "path": "/signatures/2", "value": {}}),
        json!({"op": "add", "path": "/signatures/-1", "value": {}}),
        json!({"op": "add", "path": "/nothing/here", "value": 1}),
        json!({"op": "add", "path": "/metadata/name/x", "value": 1}),
        json!({"op": "add", "path": "/metadata/labels"}),
        json!({"op": "add", "path": "metadata", "value": {}}),
        json!({"op": "replace", "path": "", "value": {}}),
        json!({"op": "add", "path": "/metadata/a~2b", "value": "x"}),
        json!({"op": "move", "from": "/metadata/none", "path": "/metadata/labels"}),
        json!({"op": "move", "from": "/metadata", "path": "/metadata/labels"}),
        json!({"op": "copy", "from": "/metadata/none", "path": "/metadata/labels"}),
        json!({"op": "merge", "path": "/metadata/labels", "value": {}}),
        json!({"path": "/metadata/labels", "value": {}}),
        json!({"op": "remove"}),
    ] {
        let good = json!({"op": "add", "path": "/metadata/labels", "value": {"a": "b"}});
        rejected(&client, &json!([good, operation]));
    }
    assert_eq!(server.stored(D1), before);
}

#[test]
fn patches_that_are_none() {
    let (_server, client) = server();
    client.json_patch(&at(D1), &json!({"op": "remove"})).expect(400);
    client.json_patch(&at(D1), &json!(["remove"])).expect(400);
    client.merge_patch(&at(D1), &json!([])).expect(400);
    let reply = client.send("PATCH", &at(D1), "application/json-patch+json", b"[");
    assert!(reply.expect(400).message().starts_with("error decoding patch: "));
    let message = "the body of the request was in an unknown format - accepted media types include: \
                   application/json-patch+json, application/merge-patch+json, application/strategic-merge-patch+json, \
                   application/apply-patch+yaml";
    for kind in ["application/json", "text/plain", ""] {
        let reply = client.send("PATCH", &at(D1), kind, b"");
        reply.expect_failure(415, "UnsupportedMediaType", message);
    }
    let charset = "application/json-patch+json; charset=utf-8";
    client.send("PATCH", &at(D1), charset, b"[]").expect(200);
}

#[test]
fn ten_thousand_operations_and_one() {
    let (_server, client) = server();
    let operation = json!({"op": "test", "path": "/metadata/name", "value": D1});
    let operations = |n: usize| Value::Array(vec![operation.clone(); n]);
    client.json_patch(&at(D1), &operations(10_000)).expect(200);
    let message = "Request entity too large: The allowed maximum operations in a JSON patch is 10000, got 10001";
    client
        .json_patch(&at(D1), &operations(10_001))
        .expect_failure(413, "RequestEntityTooLarge", message);
}

#[test]
fn what_a_patch_makes_is_validated_like_a_put() {
    let (server, client) = server();
    let before = read(&client, D1);
    let add =
        |path: &str, value: Value| client.json_patch(&at(D1), &json!([{"op": "add", "path": path, "value": value}]));
    add("/signatures/0/type", json!("")).expect_failure(
        422,
        "Invalid",
        &invalid(D1, "signatures[0].type: Required value"),
    );
    let reply = add("/signatures/0/conditions", json!([conditions()[0]])).expect(422);
    assert!(
        reply.message().ends_with(": missing \"ForImage\" condition type"),
        "{}",
        reply.message()
    );
    add("/metadata/name", json!(D2)).expect(400);
    add("/metadata/resourceVersion", json!("abc")).expect(500);
    let remove = json!([{"op": "remove", "path": "/metadata/resourceVersion"}]);
    assert!(client
        .json_patch(&at(D1), &remove)
        .expect(422)
        .message()
        .contains("must be specified for an update"));
    let reply = add("/metadata/uid", json!("other"));
    let message = invalid(D1, "metadata.uid: Invalid value: \"other\": field is immutable");
    reply.expect_failure(422, "Invalid", &message);
    // An object that cannot be decoded is the patch's fault.
    let reply = add("/signatures/0/content", json!("-")).expect(422);
    let text = reply.message();
    assert!(
        text.starts_with(" \"\" is invalid: patch: Invalid value: \"{"),
        "{text}"
    );
    assert!(text.ends_with("illegal base64 data at input byte 0"), "{text}");
    let reply = add("/signatures/0/created", json!("yesterday")).expect(422);
    assert!(
        reply.message().contains("cannot parse \\\"yesterday\\\"")
            || reply.message().contains("cannot parse \"yesterday\"")
    );
    // What is put back and dropped is so here, too.
    let reply = add("/dockerImageMetadataVersion", json!("2.0")).expect(200);
    assert_eq!(reply.json(), before);
    let reply = add("/bogus", json!(1)).expect(200);
    assert_eq!(reply.header("warning"), Some("299 - \"unknown field \\\"bogus\\\"\""));
    let strict = format!("{}?fieldValidation=Strict", at(D1));
    let bogus = json!([{"op": "add", "path": "/bogus", "value": 1}]);
    assert!(client
        .json_patch(&strict, &bogus)
        .expect(422)
        .message()
        .contains("unknown field"));
    // The patch has members of its own.
    let kind = "application/json-patch+json";
    let odd = br#"[{"op":"test","op":"test","path":"/kind","value":"Image","note":1}]"#;
    let reply = client.send("PATCH", &at(D1), kind, odd).expect(200);
    assert_eq!(
        reply.warnings(),
        [
            "299 - \"json patch duplicate field \\\"[0].op\\\"\"",
            "299 - \"json patch unknown field \\\"[0].note\\\"\"",
        ]
    );
    client.send("PATCH", &strict, kind, odd).expect(422);
    let options = format!("{}?dryRun=Some", at(D1));
    let message =
        "PatchOptions.meta.k8s.io \"\" is invalid: dryRun: Unsupported value: \"Some\": supported values: \"All\"";
    client
        .json_patch(&options, &json!([]))
        .expect_failure(422, "Invalid", message);
    assert_eq!(server.stored(D1), before);
}

/// A patch that the server refuses names no member of the object that it was for.
#[test]
fn large_patches_meet_the_body_limit_first() {
    let (_server, client): (Server, Client) = server();
    let value = "x".repeat(3 * 1024 * 1024);
    let body = json!([{"op": "add", "path": "/metadata/annotations", "value": {"a": value}}]);
    let message = "Request entity too large: limit is 3145728";
    client
        .json_patch(&at(D1), &body)
        .expect_failure(413, "RequestEntityTooLarge", message);
}
