// SPDX-License-Identifier: Apache-2.0
//! What is in the body of a PUT: unknown members, wrong types, too much, and members that break a rule.

use serde_json::json;

use crate::{at, invalid, read, server, write};
use image_signature_test_api::client::Client;
use image_signature_test_api::samples::{D1, D2};

#[test]
fn unknown_members_are_dropped_with_a_warning() {
    let (server, client) = server();
    let before = read(&client, D1);
    let mut image = before.clone();
    image["bogus"] = json!(1);
    image["signatures"][0]["bogus"] = json!({"a": 1});
    let reply = client.put(&at(D1), &image).expect(200);
    assert_eq!(
        reply.warnings(),
        [
            "299 - \"unknown field \\\"signatures[0].bogus\\\"\"",
            "299 - \"unknown field \\\"bogus\\\"\"",
        ]
    );
    assert_eq!(server.stored(D1), before);
    let strict = format!("{}?fieldValidation=Strict", at(D1));
    client.put(&strict, &before).expect(200);
    let message = "Image in version \"v1\" cannot be handled as a Image: strict decoding error: unknown field \
                   \"signatures[0].bogus\", unknown field \"bogus\"";
    client.put(&strict, &image).expect_failure(400, "BadRequest", message);
    let ignore = format!("{}?fieldValidation=Ignore", at(D1));
    assert_eq!(client.put(&ignore, &image).expect(200).header("warning"), None);
    // Members that stand twice are noticed as well; the last one counts.
    let text = before.to_string();
    let text = text.replacen("{\"kind\":\"Image\"", "{\"kind\":\"Image\",\"kind\":\"Image\"", 1);
    let reply = client
        .send("PUT", &at(D1), "application/json", text.as_bytes())
        .expect(200);
    assert_eq!(reply.header("warning"), Some("299 - \"duplicate field \\\"kind\\\"\""));
    let reply = client.send("PUT", &strict, "application/json", text.as_bytes());
    reply.expect(400);
}

#[test]
fn a_newer_server_keeps_what_it_knows() {
    let (server, client) = server();
    server.with_newer_schema();
    server.objects(|objects| {
        objects.edit_image(D1, |image| {
            image["future"] = json!([1]);
            image["signatures"][0]["future"] = json!({"a": null});
        });
    });
    let mut image = read(&client, D1);
    image["metadata"]["labels"] = json!({"a": "b"});
    let stored = write(&server, &client, &image);
    assert_eq!(stored["future"], json!([1]));
    assert_eq!(stored["signatures"][0]["future"], json!({"a": null}));
    // Whoever loses them loses them for good.
    let mut image = stored;
    image.as_object_mut().unwrap().remove("future");
    assert_eq!(write(&server, &client, &image)["future"], json!(null));
}

#[test]
fn bodies_that_are_no_image() {
    let (server, client) = server();
    let send = |kind: &str, body: &str| client.send("PUT", &at(D1), kind, body.as_bytes());
    let reply = send("application/json", "{\"kind\":").expect(400);
    assert!(reply
        .message()
        .starts_with("couldn't get version/kind; json parse error: "));
    send("application/json", "{} {}").expect(400);
    send("text/plain", "{}").expect_failure(
        415,
        "UnsupportedMediaType",
        "the body of the request was in an unknown format - accepted media types include: application/json",
    );
    for (kind, version, message) in [
        ("Image", "v1", "does not match the expected API version"),
        ("List", "v1", "does not match the expected API version"),
        (
            "ImageStream",
            "image.openshift.io/v1",
            "no kind \"ImageStream\" is registered",
        ),
    ] {
        let body = json!({"kind": kind, "apiVersion": version, "metadata": {"name": D1}});
        let reply = client.put(&at(D1), &body).expect(400);
        assert!(reply.message().contains(message), "{}", reply.message());
    }
    for (member, value) in [
        ("signatures", json!({})),
        ("dockerImageReference", json!(1)),
        ("metadata", json!([])),
        ("metadata", json!({"name": D1, "labels": {"a": 1}})),
        ("metadata", json!({"name": D1, "labels": ["a"]})),
        ("dockerImageLayers", json!([{"size": "1"}])),
        ("dockerImageLayers", json!([{"size": 1.5}])),
        ("signatures", json!([{"created": 1}])),
        ("signatures", json!([{"content": 1}])),
    ] {
        let mut image = read(&client, D1);
        image[member] = value;
        let reply = client.put(&at(D1), &image).expect(400);
        let begin = "Image in version \"v1\" cannot be handled as a Image: json: cannot unmarshal ";
        assert!(reply.message().starts_with(begin), "{}", reply.message());
    }
    assert!(server.malformed().is_empty());
}

#[test]
fn bodies_over_three_mebibytes() {
    let (server, client) = server();
    let mut image = read(&client, D1);
    image["signatures"][0]["content"] = "A".repeat(3 * 1024 * 1024).into();
    let message = "Request entity too large: limit is 3145728";
    let reply = client.put(&at(D1), &image);
    reply.expect_failure(413, "RequestEntityTooLarge", message);
    let reply = client.merge_patch(&at(D1), &image);
    reply.expect_failure(413, "RequestEntityTooLarge", message);
    // Who may not write is told that first.
    let reply = Client::new(&server).put(&at(D1), &image);
    assert_eq!(reply.expect(403).json()["reason"], "Forbidden");
    // The last byte that is taken, and one more.
    let text = read(&client, D1).to_string();
    let mut body = text.into_bytes();
    body.resize(3 * 1024 * 1024, b' ');
    client.send("PUT", &at(D1), "application/json", &body).expect(200);
    body.push(b' ');
    client.send("PUT", &at(D1), "application/json", &body).expect(413);
    // What fits the request may still not fit the store.
    image["signatures"][0]["content"] = "A".repeat(2_200_000).into();
    let reply = client.put(&at(D1), &image).expect(500);
    let begin = "rpc error: code = ResourceExhausted desc = trying to send message larger than max (";
    assert!(reply.message().starts_with(begin), "{}", reply.message());
    assert!(reply.message().ends_with(" vs. 2097152)"), "{}", reply.message());
    assert_eq!(reply.json()["reason"], json!(null));
}

#[test]
fn references_are_checked() {
    let (_server, client) = server();
    let before = read(&client, D1);
    let upper = format!("a@{}", D2.replace('2', "A"));
    let mixed = format!("a@sha256:{}A", "2".repeat(63));
    let long = format!("a/{}", "b".repeat(254));
    let fits = format!("a/{}", "b".repeat(253));
    let tag = "t".repeat(129);
    let format = "invalid reference format";
    for (reference, why) in [
        ("a/B", "repository name must be lowercase"),
        ("a b", format),
        ("a//b", format),
        ("a/", format),
        ("/a", format),
        ("a:", format),
        ("a:-b", format),
        ("a:b c", format),
        (&format!("a:{tag}"), format),
        ("a@", format),
        ("a@sha256", format),
        ("a@sha256:1", format),
        ("a@md5:11111111111111111111111111111111", format),
        (&upper, format),
        (&mixed, format),
        ("a_.b", format),
        ("a___b", format),
        ("-a", format),
        ("a-", format),
        ("-A/b", format),
        ("A-/b", format),
        ("A..B/b", format),
        ("A:x/b", format),
        ("A:/b", format),
        ("[x]:1/b", format),
        ("[]:1/b", format),
        ("https://a/b", format),
        (&long, "repository name must not be more than 255 characters"),
    ] {
        let mut image = before.clone();
        image["dockerImageReference"] = reference.into();
        let message = format!("dockerImageReference: Invalid value: \"{reference}\": {why}");
        client
            .put(&at(D1), &image)
            .expect_failure(422, "Invalid", &invalid(D1, &message));
    }
    for reference in [
        "a",
        "a:1",
        "localhost:5000/a",
        "Reg.Example.com/a__b/c.d---e:T_1",
        "[::1]:5000/a",
        "A/b",
        &format!("a:1@{D2}"),
        &fits,
    ] {
        let mut image = read(&client, D1);
        image["dockerImageReference"] = reference.into();
        client.put(&at(D1), &image).expect(200);
    }
}

#[test]
fn metadata_is_checked() {
    let (_server, client) = server();
    let mut image = read(&client, D1);
    image["dockerImageReference"] = "".into();
    let message = invalid(D1, "dockerImageReference: Required value");
    client.put(&at(D1), &image).expect_failure(422, "Invalid", &message);
    let mut image = read(&client, D1);
    image["metadata"]["annotations"] = json!({"big": "x".repeat(262_144)});
    let message = invalid(D1, "metadata.annotations: Too long: may not be more than 262144 bytes");
    let reply = client.put(&at(D1), &image).expect_failure(422, "Invalid", &message);
    // Two layers complain of metadata.
    assert_eq!(reply.json()["details"]["causes"].as_array().unwrap().len(), 2);
    image["metadata"]["annotations"] = json!({"big": "x".repeat(262_141)});
    client.put(&at(D1), &image).expect(200);
}

#[test]
fn lists_of_manifests_are_checked() {
    let (server, client) = server();
    let child = json!({"digest": D2, "mediaType": "application/vnd.oci.image.manifest.v1+json", "manifestSize": 1,
                       "architecture": "amd64", "os": "linux"});
    let mut image = read(&client, D1);
    image["dockerImageManifests"] = json!([child]);
    let mut image = write(&server, &client, &image);
    assert_eq!(image["dockerImageManifests"], json!([child]));
    image["dockerImageManifests"] = json!([
        {"digest": "sha256:1", "mediaType": "x", "manifestSize": -1, "architecture": "", "os": ""}
    ]);
    let message =
        "[dockerImageManifests[0].digest: Invalid value: \"sha256:1\": digest does not conform with OCI image \
                   specification, dockerImageManifests[0].mediaType: Invalid value: \"x\": media type does not conform \
                   to RFC6838, dockerImageManifests[0].architecture: Required value, dockerImageManifests[0].os: \
                   Required value, dockerImageManifests[0].size: Invalid value: -1: manifest size cannot be negative]";
    client
        .put(&at(D1), &image)
        .expect_failure(422, "Invalid", &invalid(D1, message));
    let long = format!("x/{}", "y".repeat(127));
    let too_long = format!("x/{}", "y".repeat(128));
    for (member, value, expected) in [
        ("digest", "sha256:1234567890123456789012345678901", 422),
        ("digest", "sha256:12345678901234567890123456789012", 200),
        ("digest", "1:12345678901234567890123456789012", 422),
        ("digest", "12345678901234567890123456789012", 422),
        ("mediaType", "x/y", 200),
        ("mediaType", "x.y/z", 422),
        ("mediaType", "x/y.z+w", 200),
        ("mediaType", "/y", 422),
        ("mediaType", "x/", 422),
        ("mediaType", "-x/y", 422),
        ("mediaType", "x/y z", 422),
        ("mediaType", &long, 200),
        ("mediaType", &too_long, 422),
    ] {
        let mut image = read(&client, D1);
        image["dockerImageManifests"] = json!([child]);
        image["dockerImageManifests"][0][member] = value.into();
        let reply = client.put(&at(D1), &image);
        assert_eq!(reply.status, expected, "{member} {value}: {}", reply.text());
    }
    server.objects(|objects| {
        objects.edit_image(D1, |image| {
            image["dockerImageManifests"] = json!(null);
            image["dockerImageLayers"] = json!([{"name": D2, "size": 1, "mediaType": "a/b"}]);
        });
    });
    let mut image = read(&client, D1);
    image["dockerImageManifests"] = json!([child]);
    let message = format!(
        "dockerImageLayers: Invalid value: [{{\"Name\":\"{D2}\",\"LayerSize\":1,\"MediaType\":\"a/b\"}}]: \
         dockerImageLayers should not be set when dockerImageManifests is set"
    );
    client
        .put(&at(D1), &image)
        .expect_failure(422, "Invalid", &invalid(D1, &message));
}
