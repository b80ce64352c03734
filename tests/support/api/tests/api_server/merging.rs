// SPDX-License-Identifier: Apache-2.0
//! Merge patches, and kinds of patches that never work on signatures.

use image_signature_test_api::samples::D1;
use serde_json::json;

use super::patches::{conditions, conflict, strategic};
use crate::{at, invalid, read, server};

#[test]
fn merge_patches() {
    let (server, client) = server();
    let before = read(&client, D1);
    let mut signature = before["signatures"][0].clone();
    let bare = json!({"signatures": [{"metadata": signature["metadata"], "conditions": conditions()}]});
    let message = "[signatures[0].type: Required value, signatures[0].content: Required value]";
    client
        .merge_patch(&at(D1), &bare)
        .expect_failure(422, "Invalid", &invalid(D1, message));
    signature["conditions"] = conditions();
    let whole = json!({
        "metadata": {"resourceVersion": before["metadata"]["resourceVersion"], "labels": {"a": "b"}},
        "signatures": [signature],
    });
    let after = client.merge_patch(&at(D1), &whole).expect(200).json();
    assert_eq!(after["signatures"][0]["conditions"], conditions());
    conflict(client.merge_patch(&at(D1), &whole));
    // Without a version it overwrites whatever is there.
    let blind = json!({"signatures": before["signatures"], "metadata": {"labels": {"a": null, "c": "d"}}});
    let after = client.merge_patch(&at(D1), &blind).expect(200).json();
    assert_eq!(after["signatures"], before["signatures"]);
    assert_eq!(after["metadata"]["labels"], json!({"c": "d"}));
    assert_eq!(server.stored(D1), after);
}

#[test]
fn strategic_merge_never_works_on_signatures() {
    let (server, client) = server();
    let before = read(&client, D1);
    let patch = json!({"signatures": [{"type": "t", "conditions": [{"status": "True", "type": "Trusted"}]}]});
    let message =
        "map: map[conditions:[map[status:True type:Trusted]] type:t] does not contain declared merge key: name";
    strategic(&client, &patch).expect_failure(500, "", message);
    let replacing = json!({"signatures": [{"$patch": "replace"}]});
    let reply = strategic(&client, &replacing).expect(500);
    assert!(reply.message().ends_with(" does not contain declared merge key: name"));
    strategic(&client, &json!({"signatures": []})).expect(500);
    assert_eq!(server.stored(D1), before);
    let labels = json!({"metadata": {"labels": {"a": "b"}}});
    let after = strategic(&client, &labels).expect(200).json();
    assert_eq!(after["metadata"]["labels"], json!({"a": "b"}));
}

#[test]
fn apply_never_works_with_signatures() {
    let (server, client) = server();
    let before = read(&client, D1);
    let body = json!({"apiVersion": "image.openshift.io/v1", "kind": "Image", "metadata": {"name": D1},
                      "signatures": before["signatures"]});
    let target = format!("{}?fieldManager=image-signature", at(D1));
    let reply = client.send(
        "PATCH",
        &target,
        "application/apply-patch+yaml",
        body.to_string().as_bytes(),
    );
    let reply = reply.expect(500);
    assert!(reply.message().starts_with("failed to convert new object "));
    assert!(reply.message().ends_with(
        ".signatures: element 0: associative list with keys has an element that omits all key fields [\"name\"]"
    ));
    assert_eq!(server.stored(D1), before);
}
