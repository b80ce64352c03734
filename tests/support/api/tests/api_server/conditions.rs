// SPDX-License-Identifier: Apache-2.0
//! The rules about signatures inside images, those about verdicts above all.

use image_signature_test_api::client::{Client, Reply};
use image_signature_test_api::samples::D1;
use serde_json::{json, Value};

use crate::{at, invalid, read, server};

const PANIC: &str = "This request caused apiserver to panic. Look in the logs for details.\n";

const UNSET: &str = "must be unset for unknown signature state";

/// Writes the image with its first signature changed.
#[track_caller]
pub(super) fn put(client: &Client, change: impl FnOnce(&mut Value)) -> Reply {
    let mut image = read(client, D1);
    change(&mut image["signatures"][0]);
    client.put(&at(D1), &image)
}

fn condition(kind: &str, status: &str, minute: u8) -> Value {
    json!({"type": kind, "status": status, "lastProbeTime": format!("2026-11-22T10:{minute:02}:00Z"),
           "lastTransitionTime": null})
}

fn trusted(minute: u8) -> Value {
    condition("Trusted", "True", minute)
}

fn for_image(minute: u8) -> Value {
    condition("ForImage", "True", minute)
}

fn custom(minute: u8) -> Value {
    condition("Foo", "True", minute)
}

#[test]
fn conditions_come_in_pairs() {
    let (server, client) = server();
    let shown = |kind: &str| {
        format!(
            "[{{\"Type\":\"{kind}\",\"Status\":\"True\",\"LastProbeTime\":\"2026-11-22T10:01:00Z\",\
             \"LastTransitionTime\":null,\"Reason\":\"\",\"Message\":\"\"}}]"
        )
    };
    for (sent, kind, missing) in [
        (trusted(1), "Trusted", "ForImage"),
        (for_image(1), "ForImage", "Trusted"),
    ] {
        let reply = put(&client, |s| s["conditions"] = json!([sent]));
        let message = format!(
            "signatures[0].conditions: Invalid value: {}: missing \"{missing}\" condition type",
            shown(kind)
        );
        reply.expect_failure(422, "Invalid", &invalid(D1, &message));
    }
    let pairs = [
        json!([]),
        json!([trusted(1), for_image(1)]),
        json!([for_image(1), trusted(1)]),
        json!([trusted(2), for_image(1)]),
        json!([trusted(1), trusted(2), for_image(1)]),
        json!([trusted(1), for_image(1), custom(9)]),
        json!([trusted(2), for_image(1), trusted(1)]),
        json!([condition("Trusted", "Maybe", 1), condition("ForImage", "", 1)]),
        json!([{"type": "Trusted", "status": "True"}, {"type": "ForImage", "status": "True"}]),
    ];
    for conditions in pairs {
        put(&client, |s| s["conditions"] = conditions.clone()).expect(200);
        let stored = server.stored(D1)["signatures"][0]["conditions"].clone();
        assert_eq!(
            stored.as_array().map_or(0, Vec::len),
            conditions.as_array().unwrap().len(),
            "{stored}"
        );
    }
    // Absent times are stored as null.
    assert_eq!(
        server.stored(D1)["signatures"][0]["conditions"][0],
        json!({"type": "Trusted", "status": "True", "lastProbeTime": null, "lastTransitionTime": null})
    );
}

#[test]
fn conditions_that_crash_the_server() {
    let (server, client) = server();
    let before = server.stored(D1);
    for conditions in [
        json!([custom(1)]),
        json!([custom(1), trusted(1), for_image(1)]),
        json!([trusted(1), custom(1), for_image(1)]),
        json!([trusted(2), trusted(1), for_image(2)]),
        json!([custom(1), for_image(1)]),
    ] {
        let reply = put(&client, |s| s["conditions"] = conditions.clone()).expect(500);
        assert_eq!(reply.text(), PANIC, "{conditions}");
        assert_eq!(reply.header("content-type"), Some("text/plain; charset=utf-8"));
        let patch = json!([{"op": "add", "path": "/signatures/0/conditions", "value": conditions}]);
        assert_eq!(client.json_patch(&at(D1), &patch).expect(500).text(), PANIC);
    }
    // The fraction of a second that is not stored counts here.
    let at_time = |fraction: &str| json!({"type": "Trusted", "status": "True", "lastProbeTime": format!("2026-11-22T10:00:00{fraction}Z")});
    let sent = json!([at_time(".5"), at_time(".2"), for_image(0)]);
    assert_eq!(put(&client, |s| s["conditions"] = sent).expect(500).text(), PANIC);
    assert_eq!(server.stored(D1), before);
}

#[test]
fn claims_only_where_somebody_decided() {
    let (server, client) = server();
    let claims = |signature: &mut Value| {
        signature["imageIdentity"] = "a/b:c".into();
        signature["signedClaims"] = json!({"critical.type": "atomic"});
        signature["issuedBy"] = json!({"commonName": "KEY"});
        signature["issuedTo"] = json!({"publicKeyID": "FPR"});
    };
    let message = format!(
        "[signatures[0].imageIdentity: Invalid value: \"a/b:c\": {UNSET}, signatures[0].signedClaims: Invalid value: \
         {{\"critical.type\":\"atomic\"}}: {UNSET}, signatures[0].issuedBy: Invalid value: \
         {{\"Organization\":\"\",\"CommonName\":\"KEY\"}}: {UNSET}, signatures[0].issuedTo: Invalid value: \
         {{\"Organization\":\"\",\"CommonName\":\"\",\"PublicKeyID\":\"FPR\"}}: {UNSET}]"
    );
    for conditions in [
        json!([]),
        json!([condition("Trusted", "Unknown", 1), for_image(1)]),
        // The latest one counts.
        json!([trusted(1), for_image(1), condition("Trusted", "Unknown", 1)]),
    ] {
        let reply = put(&client, |s| {
            claims(s);
            s["conditions"] = conditions;
        });
        reply.expect_failure(422, "Invalid", &invalid(D1, &message));
    }
    for status in ["True", "False", "Maybe", ""] {
        put(&client, |s| {
            claims(s);
            s["conditions"] = json!([condition("Trusted", status, 1), for_image(1)]);
        })
        .expect(200);
    }
    let stored = server.stored(D1)["signatures"][0].clone();
    assert_eq!(stored["issuedBy"], json!({"commonName": "KEY"}));
    assert_eq!(stored["issuedTo"], json!({"publicKeyID": "FPR"}));
    // Taking the conditions away needs the claims to go too.
    put(&client, |s| s["conditions"] = json!([])).expect_failure(422, "Invalid", &invalid(D1, &message));
    put(&client, |s| {
        for member in ["conditions", "imageIdentity", "signedClaims", "issuedBy", "issuedTo"] {
            s.as_object_mut().unwrap().remove(member);
        }
    })
    .expect(200);
    for (member, key) in [("issuedBy", ""), ("issuedTo", ",\"PublicKeyID\":\"\"")] {
        let reply = put(&client, |s| s[member] = json!({}));
        let message = format!(
            "signatures[0].{member}: Invalid value: {{\"Organization\":\"\",\"CommonName\":\"\"{key}}}: {UNSET}"
        );
        reply.expect_failure(422, "Invalid", &invalid(D1, &message));
    }
    put(&client, |s| s["created"] = "2026-01-01T00:00:00Z".into()).expect(200);
    assert_eq!(server.stored(D1)["signatures"][0]["created"], "2026-01-01T00:00:00Z");
}

#[test]
fn empty_members_as_they_are_written() {
    let (server, client) = server();
    put(&client, |s| {
        s["conditions"] = json!([trusted(1), for_image(1)]);
        s["issuedBy"] = json!({"organization": "", "commonName": ""});
        s["issuedTo"] = json!({});
        s["imageIdentity"] = "".into();
        s["signedClaims"] = json!({});
        s["created"] = json!(null);
    })
    .expect(200);
    let stored = server.stored(D1)["signatures"][0].clone();
    assert_eq!(stored["issuedBy"], json!({}));
    assert_eq!(stored["issuedTo"], json!({"publicKeyID": ""}));
    for absent in ["imageIdentity", "signedClaims", "created"] {
        assert!(stored.get(absent).is_none(), "{stored}");
    }
}

#[test]
fn times_are_normalised() {
    let (server, client) = server();
    for (sent, stored) in [
        ("2026-11-22T10:00:00Z", json!("2026-11-22T10:00:00Z")),
        ("2026-11-22T10:00:00.987654321Z", json!("2026-11-22T10:00:00Z")),
        ("2026-11-22T10:00:00+02:30", json!("2026-11-22T07:30:00Z")),
        ("2026-01-01T00:30:00+01:00", json!("2025-12-31T23:30:00Z")),
        ("2024-02-29T23:59:59-00:01", json!("2024-03-01T00:00:59Z")),
        ("0001-01-01T00:00:00Z", json!(null)),
    ] {
        put(&client, |s| {
            s["conditions"] = json!([trusted(1), for_image(1)]);
            s["conditions"][0]["lastTransitionTime"] = sent.into();
        })
        .expect(200);
        let found = server.stored(D1)["signatures"][0]["conditions"][0]["lastTransitionTime"].clone();
        assert_eq!(found, stored, "{sent}");
    }
    let layout = "\"2006-01-02T15:04:05Z07:00\"";
    for (sent, why) in [
        (
            "yesterday",
            format!("parsing time \"yesterday\" as {layout}: cannot parse \"yesterday\" as \"2006\""),
        ),
        (
            "2026-11-22t10:00:00Z",
            format!("parsing time \"2026-11-22t10:00:00Z\" as {layout}: cannot parse \"t10:00:00Z\" as \"T\""),
        ),
        (
            "2026-11-22T10:00:00z",
            format!("parsing time \"2026-11-22T10:00:00z\" as {layout}: cannot parse \"z\" as \"Z07:00\""),
        ),
        (
            "2026-11-22T10:00:00",
            format!("parsing time \"2026-11-22T10:00:00\" as {layout}: cannot parse \"\" as \"Z07:00\""),
        ),
        (
            "2026-11-22 10:00:00Z",
            format!("parsing time \"2026-11-22 10:00:00Z\" as {layout}: cannot parse \" 10:00:00Z\" as \"T\""),
        ),
        (
            "2026-13-22T10:00:00Z",
            "parsing time \"2026-13-22T10:00:00Z\": month out of range".to_owned(),
        ),
        (
            "2026-02-30T10:00:00Z",
            "parsing time \"2026-02-30T10:00:00Z\": day out of range".to_owned(),
        ),
        (
            "2026-02-20T24:00:00Z",
            "parsing time \"2026-02-20T24:00:00Z\": hour out of range".to_owned(),
        ),
        (
            "2026-02-20T10:00:00Zx",
            "parsing time \"2026-02-20T10:00:00Zx\": extra text: \"x\"".to_owned(),
        ),
    ] {
        let reply = put(&client, |s| s["created"] = sent.into());
        let message = format!("Image in version \"v1\" cannot be handled as a Image: {why}");
        reply.expect_failure(400, "BadRequest", &message);
    }
}
