// SPDX-License-Identifier: Apache-2.0
//! PUT of images: identity, versions, what is put back, what is dropped, races.

use serde_json::json;

use crate::{at, invalid, read, server, write};
use image_signature_test_api::samples::{image, D1, D2, D3};

const MODIFIED: &str = "the object has been modified; please apply your changes to the latest version and try again";

fn conflict(why: &str) -> String {
    format!("Operation cannot be fulfilled on images.image.openshift.io \"{D1}\": {why}")
}

#[test]
fn a_change_moves_the_version_and_nothing_does_not() {
    let (server, client) = server();
    let first = read(&client, D1);
    assert_eq!(first["kind"], "Image");
    assert_eq!(first["apiVersion"], "image.openshift.io/v1");
    assert_eq!(write(&server, &client, &first), first);
    let mut changed = first.clone();
    changed["metadata"]["labels"] = json!({"a": "b"});
    let second = write(&server, &client, &changed);
    assert_eq!(second["metadata"]["labels"], json!({"a": "b"}));
    assert_ne!(
        second["metadata"]["resourceVersion"],
        first["metadata"]["resourceVersion"]
    );
    assert_eq!(
        server.resource_version(D1),
        second["metadata"]["resourceVersion"].as_str().unwrap()
    );
}

#[test]
fn versions() {
    let (server, client) = server();
    let mut image = read(&client, D1);
    server.objects(|objects| {
        objects.edit_image(D1, |image| {
            image["metadata"]["annotations"] = json!({"by": "somebody"});
        });
    });
    let stale = client.put(&at(D1), &image);
    let stale = stale.expect_failure(409, "Conflict", &conflict(MODIFIED));
    assert_eq!(
        stale.json()["details"],
        json!({"name": D1, "group": "image.openshift.io", "kind": "images"})
    );
    for absent in [json!(null), json!(""), json!("0")] {
        image["metadata"]["resourceVersion"] = absent;
        let reply = client.put(&at(D1), &image).expect_failure(
            422,
            "Invalid",
            &format!(
                "images.image.openshift.io \"{D1}\" is invalid: metadata.resourceVersion: Invalid value: 0: must be \
                 specified for an update"
            ),
        );
        assert_eq!(
            reply.json()["details"]["causes"],
            json!([{"reason": "FieldValueInvalid", "field": "metadata.resourceVersion",
                    "message": "Invalid value: 0: must be specified for an update"}])
        );
    }
    for (text, why) in [
        ("abc", "invalid syntax"),
        ("1a", "invalid syntax"),
        ("-1", "invalid syntax"),
        ("18446744073709551616", "value out of range"),
    ] {
        image["metadata"]["resourceVersion"] = text.into();
        let message = format!("strconv.ParseUint: parsing \"{text}\": {why}");
        client.put(&at(D1), &image).expect_failure(500, "", &message);
    }
    assert_eq!(server.stored(D1)["metadata"]["annotations"]["by"], "somebody");
}

#[test]
fn identity() {
    let (server, client) = server();
    let mut image = read(&client, D1);
    image["metadata"]["name"] = D2.into();
    let message = format!("the name of the object ({D2}) does not match the name on the URL ({D1})");
    client.put(&at(D1), &image).expect_failure(400, "BadRequest", &message);
    let missing = format!("images.image.openshift.io \"{D2}\" not found");
    let reply = client.put(&at(D2), &image).expect_failure(404, "NotFound", &missing);
    assert_eq!(reply.json()["details"]["kind"], "images");
    image["metadata"]["name"] = json!(null);
    client.put(&at(D1), &image).expect(400);
    image["metadata"]["name"] = D1.into();
    let uid = image["metadata"]["uid"].clone();
    image["metadata"]["uid"] = "another".into();
    let reply = client.put(&at(D1), &image).expect(409).json();
    let text = reply["message"].as_str().unwrap();
    assert!(text.starts_with(&conflict("")), "{text}");
    assert!(
        text.contains("Precondition failed: UID in precondition: another, UID in object meta: "),
        "{text}"
    );
    assert_eq!(reply["reason"], "Conflict");
    // None at all is no precondition.
    image["metadata"]["uid"] = json!(null);
    assert_eq!(write(&server, &client, &image)["metadata"]["uid"], uid);
}

#[test]
fn what_the_server_puts_back() {
    let (server, client) = server();
    server.objects(|objects| {
        objects.edit_image(D1, |image| {
            image["dockerImageMetadata"] =
                json!({"kind": "DockerImage", "apiVersion": "image.openshift.io/1.0", "Id": "1"});
            image["dockerImageLayers"] = json!([{"name": D2, "size": 1, "mediaType": "a/b"}]);
            image["dockerImageSignatures"] = json!(["YQ=="]);
            image["metadata"]["generation"] = json!(3);
        });
    });
    let before = read(&client, D1);
    let mut changed = before.clone();
    changed["dockerImageMetadata"]["Id"] = "2".into();
    changed["dockerImageMetadataVersion"] = "2.0".into();
    changed["dockerImageLayers"] = json!([]);
    changed["dockerImageSignatures"] = json!(["Yg=="]);
    changed["metadata"]["generation"] = json!(9);
    changed["metadata"]["creationTimestamp"] = "2020-01-01T00:00:00Z".into();
    changed["metadata"]["namespace"] = "ns".into();
    changed["signatures"][0]["metadata"]["annotations"] = json!({"image.openshift.io/managed-signature": "true"});
    assert_eq!(write(&server, &client, &changed), before);
    for member in ["dockerImageMetadata", "dockerImageLayers"] {
        changed.as_object_mut().unwrap().remove(member);
    }
    assert_eq!(write(&server, &client, &changed), before);
}

#[test]
fn the_manifest_must_hash_to_the_name() {
    let (server, client) = server();
    let config = "{}";
    let manifest = json!({"config": {"digest": digest(config)}}).to_string();
    let name = digest(&manifest);
    server.image(image(&name, &[]));
    let mut changed = read(&client, &name);
    changed["dockerImageManifest"] = "{\"other\":1}".into();
    changed["dockerImageConfig"] = config.into();
    let kept = client.put(&at(&name), &changed).expect(200).json();
    assert_eq!(kept["dockerImageManifest"], json!(null));
    assert_eq!(kept["dockerImageConfig"], json!(null));
    let mut changed = kept;
    changed["dockerImageManifest"] = manifest.clone().into();
    changed["dockerImageConfig"] = config.into();
    let mut kept = client.put(&at(&name), &changed).expect(200).json();
    assert_eq!(kept["dockerImageManifest"], manifest);
    assert_eq!(kept["dockerImageConfig"], config);
    kept["metadata"]["annotations"] = json!({"image.openshift.io/manifestBlobStored": "true"});
    let kept = client.put(&at(&name), &kept).expect(200).json();
    assert_eq!(kept["dockerImageManifest"], json!(null));
    assert_eq!(kept["dockerImageConfig"], json!(null));
}

fn digest(text: &str) -> String {
    use sha2::Digest as _;
    let hash = sha2::Sha256::digest(text.as_bytes());
    hash.iter().fold("sha256:".to_owned(), |t, b| format!("{t}{b:02x}"))
}

#[test]
fn an_auditor_can_rewrite_signatures_wholesale() {
    let (server, client) = server();
    let mut image = read(&client, D1);
    image["signatures"] = json!([
        {"metadata": {"name": format!("{D3}@x")}, "type": "foo", "content": "Z2FyYmFnZQ=="},
        {"metadata": {"name": format!("{D3}@x")}, "type": "foo", "content": "Z2FyYmFnZQ=="},
    ]);
    image["dockerImageReference"] = "other.example.com/a/b:c".into();
    let stored = write(&server, &client, &image);
    assert_eq!(stored["signatures"].as_array().unwrap().len(), 2);
    assert_eq!(stored["signatures"][0]["type"], "foo");
    assert_eq!(stored["dockerImageReference"], "other.example.com/a/b:c");
    let mut image = stored;
    image["signatures"] = json!([]);
    assert_eq!(write(&server, &client, &image)["signatures"], json!(null));
}

#[test]
fn dry_run_stores_nothing() {
    let (server, client) = server();
    let before = read(&client, D1);
    let mut image = before.clone();
    image["metadata"]["labels"] = json!({"a": "b"});
    let target = format!("{}?dryRun=All&fieldManager=image-signature", at(D1));
    let answered = client.put(&target, &image).expect(200).json();
    assert_eq!(answered["metadata"]["labels"], json!({"a": "b"}));
    assert_eq!(server.stored(D1), before);
    let patch = json!([{"op": "add", "path": "/metadata/labels", "value": {"a": "b"}}]);
    let answered = client.json_patch(&target, &patch).expect(200).json();
    assert_eq!(answered["metadata"]["labels"], json!({"a": "b"}));
    assert_eq!(server.stored(D1), before);
    image["signatures"][0]["type"] = "".into();
    let message = invalid(D1, "signatures[0].type: Required value");
    client.put(&target, &image).expect_failure(422, "Invalid", &message);
    image["metadata"]["resourceVersion"] = "1".into();
    client.put(&target, &image).expect(409);
    for (query, kind, message) in [
        (
            "dryRun=Yes",
            "Update",
            "dryRun: Unsupported value: \"Yes\": supported values: \"All\"",
        ),
        (
            "dryRun=",
            "Update",
            "dryRun: Unsupported value: \"\": supported values: \"All\"",
        ),
        (
            "fieldValidation=Loose",
            "Update",
            "fieldValidation: Unsupported value: \"Loose\": supported values: \"\", \"Ignore\", \"Strict\", \"Warn\"",
        ),
    ] {
        let reply = client.put(&format!("{}?{query}", at(D1)), &before);
        let message = format!("{kind}Options.meta.k8s.io \"\" is invalid: {message}");
        reply.expect_failure(422, "Invalid", &message);
    }
    client
        .put(&format!("{}?fieldManager={}", at(D1), "m".repeat(129)), &before)
        .expect(422);
}

#[test]
fn another_writer_comes_first() {
    let (server, client) = server();
    let image = read(&client, D1);
    server.before_write(|objects| objects.edit_image(D1, |i| i["metadata"]["labels"] = json!({"n": "1"})));
    let mut changed = image.clone();
    changed["metadata"]["annotations"] = json!({"a": "b"});
    client
        .put(&at(D1), &changed)
        .expect_failure(409, "Conflict", &conflict(MODIFIED));
    let mut image = read(&client, D1);
    assert_eq!(image["metadata"]["labels"], json!({"n": "1"}));
    image["metadata"]["annotations"] = json!({"a": "b"});
    client.put(&at(D1), &image).expect(200);

    let mut n = 0;
    server.before_every_write(move |objects| {
        n += 1;
        objects.edit_image(D1, |i| i["metadata"]["labels"] = json!({"n": n.to_string()}));
    });
    for _ in 0..3 {
        let mut image = read(&client, D1);
        image["metadata"]["annotations"] = json!({"a": "c"});
        client.put(&at(D1), &image).expect(409);
    }
    assert_eq!(read(&client, D1)["metadata"]["labels"], json!({"n": "3"}));
    server.heal();
    server.before_write(|objects| objects.remove_image(D1));
    let image = read(&client, D1);
    client.put(&at(D1), &image).expect(404);
    server.before("GET", "/images/", |objects| {
        objects.put_image(image_signature_test_api::samples::image(D1, &[]))
    });
    client.get(&at(D1)).expect(200);
    assert_eq!(server.stored(D2), json!(null));
}

#[test]
fn two_writers_at_once_one_wins() {
    let (server, client) = server();
    let image = read(&client, D1);
    let threads: Vec<_> = (0..8)
        .map(|n| {
            let (client, mut image) = (client.clone(), image.clone());
            std::thread::spawn(move || {
                image["metadata"]["labels"] = json!({"writer": n.to_string()});
                client.put(&at(D1), &image).status
            })
        })
        .collect();
    let mut codes: Vec<u16> = threads.into_iter().map(|t| t.join().unwrap()).collect();
    codes.sort_unstable();
    assert_eq!(codes, [200, 409, 409, 409, 409, 409, 409, 409]);
    assert_eq!(server.requests().len(), 9);
}
