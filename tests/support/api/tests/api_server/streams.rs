// SPDX-License-Identifier: Apache-2.0
//! Image streams and what is made out of them.

use serde_json::{json, Value};

use image_signature_test_api::client::Client;
use image_signature_test_api::samples::{image, D1, D2, D3};
use image_signature_test_api::{Server, User};

const API: &str = "/apis/image.openshift.io/v1";

fn stream() -> Value {
    json!({
        "metadata": {"annotations": {"stream": "yes"}, "labels": {"l": "1"}},
        "spec": {"lookupPolicy": {"local": true}, "tags": [
            {"name": "v1", "annotations": {"a": "tag", "b": "tag"}, "referencePolicy": {"type": "Local"}},
            {"name": "src", "referencePolicy": {"type": "Source"}},
            {"name": "pending", "referencePolicy": {"type": "Source"}},
        ]},
        "status": {"dockerImageRepository": "registry.local:5000/team/app", "tags": [
            {"tag": "v1", "items": [
                {"created": "2026-02-02T00:00:00Z", "dockerImageReference": "quay.io/a/b@1", "image": D1, "generation": 2},
                {"created": "2026-02-01T00:00:00Z", "dockerImageReference": "quay.io/a/b@2", "image": D2, "generation": 1},
            ]},
            {"tag": "src", "items": [
                {"created": "2026-02-03T00:00:00Z", "dockerImageReference": "quay.io/a/b@3", "image": D1, "generation": 3},
            ]},
            {"tag": "bad", "items": [], "conditions": [{"type": "ImportSuccess", "status": "False"}]},
            {"tag": "gone", "items": [
                {"created": "2026-02-03T00:00:00Z", "dockerImageReference": "q/x", "image": "sha256:gone", "generation": 3},
            ]},
        ]},
    })
}

/// A server with a stream of an image with a manifest stored, and a client that may see it all.
fn server() -> (Server, Client) {
    let server = Server::start();
    server.user("token-1", User::new("alice"));
    for resource in ["imagestreams", "imagestreamtags", "imagestreamimages"] {
        server.grant("alice", &["get", "list"], resource);
    }
    let mut first = image(D1, &[b"blob"]);
    first["metadata"]["annotations"] = json!({"a": "image", "c": "image"});
    first["dockerImageManifest"] = "{}".into();
    first["dockerImageConfig"] = "{}".into();
    first["dockerImageManifests"] = json!([{"digest": D3, "mediaType": "a/b", "manifestSize": 1,
                                            "architecture": "amd64", "os": "linux"}]);
    server.image(first);
    server.image(image(D2, &[]));
    server.image(image(D3, &[b"child"]));
    server.stream("team", "app", stream());
    let client = Client::new(&server).token("token-1");
    (server, client)
}

#[test]
fn streams_themselves() {
    let (server, client) = server();
    server.stream("other", "app", json!({}));
    let one = client
        .get(&format!("{API}/namespaces/team/imagestreams/app"))
        .expect(200)
        .json();
    assert_eq!(one["kind"], "ImageStream");
    assert_eq!(
        (&one["metadata"]["namespace"], &one["metadata"]["name"]),
        (&json!("team"), &json!("app"))
    );
    assert_eq!(one["status"], stream()["status"]);
    let all = client.get(&format!("{API}/imagestreams")).expect(200).json();
    assert_eq!(all["kind"], "ImageStreamList");
    let found: Vec<&Value> = all["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| &s["metadata"]["namespace"])
        .collect();
    assert_eq!(found, ["other", "team"]);
    assert!(all["items"][0].get("kind").is_none());
    let team = client
        .get(&format!("{API}/namespaces/team/imagestreams"))
        .expect(200)
        .json();
    assert_eq!(team["items"].as_array().unwrap().len(), 1);
    let message = "imagestreams.image.openshift.io \"none\" not found";
    client
        .get(&format!("{API}/namespaces/team/imagestreams/none"))
        .expect_failure(404, "NotFound", message);
    let first = client.get(&format!("{API}/imagestreams?limit=1")).expect(200).json();
    let token = first["metadata"]["continue"].as_str().unwrap();
    server.objects(|objects| objects.edit_stream("team", "app", |s| s["metadata"]["labels"] = json!({"l": "2"})));
    let second = client
        .get(&format!("{API}/imagestreams?limit=1&continue={token}"))
        .expect(200)
        .json();
    assert_eq!(second["items"][0]["metadata"]["labels"], json!({"l": "1"}));
    assert_eq!(second["metadata"].get("continue"), None);
}

#[test]
fn a_tag_carries_its_image_changed() {
    let (server, client) = server();
    let tag = |name: &str| client.get(&format!("{API}/namespaces/team/imagestreamtags/{name}"));
    let found = tag("app:v1").expect(200).json();
    let stream = client
        .get(&format!("{API}/namespaces/team/imagestreams/app"))
        .expect(200)
        .json();
    assert_eq!(
        (&found["kind"], &found["apiVersion"]),
        (&json!("ImageStreamTag"), &stream["apiVersion"])
    );
    // Outside stands the stream, inside the image.
    assert_eq!(
        found["metadata"],
        json!({"name": "app:v1", "namespace": "team", "uid": stream["metadata"]["uid"],
               "resourceVersion": stream["metadata"]["resourceVersion"], "creationTimestamp": "2026-02-02T00:00:00Z",
               "labels": {"l": "1"}, "annotations": {"a": "tag", "b": "tag"}})
    );
    assert_eq!(found["generation"], 2);
    assert_eq!(found["lookupPolicy"], json!({"local": true}));
    assert_eq!(found["tag"]["name"], "v1");
    let stored = server.stored(D1);
    let mut expected = stored.clone();
    for member in ["kind", "apiVersion", "dockerImageManifest", "dockerImageConfig"] {
        expected.as_object_mut().unwrap().shift_remove(member);
    }
    expected["metadata"]["annotations"] = json!({"a": "tag", "c": "image", "b": "tag"});
    expected["dockerImageReference"] = format!("registry.local:5000/team/app@{D1}").into();
    assert_eq!(found["image"], expected);
    assert_eq!(
        found["image"]["metadata"]["resourceVersion"],
        stored["metadata"]["resourceVersion"]
    );
    assert_eq!(found["image"]["signatures"][0]["content"], "YmxvYg==");
    assert_eq!(tag("app%3Av1").expect(200).json(), found);
    // Where the tag's policy is Source the reference is that of the import.
    assert_eq!(
        tag("app:src").expect(200).json()["image"]["dockerImageReference"],
        "quay.io/a/b@3"
    );
    // The stored image is as it was.
    assert_eq!(server.stored(D1), stored);
}

#[test]
fn tags_that_lead_nowhere() {
    let (_server, client) = server();
    let tag = |name: &str| client.get(&format!("{API}/namespaces/team/imagestreamtags/{name}"));
    for name in ["app:bad", "app:pending", "app:none"] {
        let message = format!("imagestreamtags.image.openshift.io \"{name}\" not found");
        tag(name).expect_failure(404, "NotFound", &message);
    }
    tag("none:v1").expect_failure(404, "NotFound", "imagestreams.image.openshift.io \"none\" not found");
    tag("app:gone").expect_failure(404, "NotFound", "images.image.openshift.io \"sha256:gone\" not found");
    for name in ["app", "app:", ":v1", "app:v1:2", "app@v1"] {
        let message = "ImageStreamTags must be retrieved with <name>:<tag>";
        tag(name).expect_failure(400, "BadRequest", message);
    }
}

#[test]
fn lists_of_tags_are_stubs_and_lose_their_pages() {
    let (server, client) = server();
    let list = client
        .get(&format!("{API}/namespaces/team/imagestreamtags"))
        .expect(200)
        .json();
    assert_eq!(list["kind"], "ImageStreamTagList");
    let items = list["items"].as_array().unwrap();
    let names: Vec<&Value> = items.iter().map(|i| &i["metadata"]["name"]).collect();
    assert_eq!(names, ["app:gone", "app:src", "app:v1"]);
    let reference = format!("registry.local:5000/team/app@{D1}");
    assert_eq!(
        items[2]["image"],
        json!({
            "metadata": {"name": D1},
            "dockerImageMetadata":
                {"kind": "DockerImage", "apiVersion": "image.openshift.io/1.0", "Id": "", "Created": null},
            "dockerImageMetadataVersion": "1.0",
            "dockerImageReference": reference,
        })
    );
    server.stream("zoo", "more", stream());
    let all = client.get(&format!("{API}/imagestreamtags")).expect(200).json();
    assert_eq!(all["items"].as_array().unwrap().len(), 6);
    // One stream's tags, and not a word that there are others.
    let page = client.get(&format!("{API}/imagestreamtags?limit=1")).expect(200).json();
    assert_eq!(page["items"].as_array().unwrap().len(), 3);
    assert_eq!(page["metadata"], json!({}));
}

#[test]
fn images_of_a_stream() {
    let (server, client) = server();
    let one = |id: &str| client.get(&format!("{API}/namespaces/team/imagestreamimages/app@{id}"));
    let found = one(D1).expect(200).json();
    assert_eq!(found["kind"], "ImageStreamImage");
    assert_eq!(
        found["metadata"],
        json!({"name": format!("app@{D1}"), "namespace": "team", "creationTimestamp": "2026-01-02T03:04:05Z",
               "annotations": {"stream": "yes"}})
    );
    let stored = server.stored(D1);
    assert_eq!(found["image"]["signatures"], stored["signatures"]);
    assert_eq!(found["image"]["dockerImageReference"], stored["dockerImageReference"]);
    assert_eq!(found["image"]["metadata"], stored["metadata"]);
    for blanked in ["dockerImageManifest", "dockerImageConfig"] {
        assert!(stored.get(blanked).is_some() && found["image"].get(blanked).is_none());
    }
    // Older images of a tag, and what a manifest list names, are members too.
    assert_eq!(one(D2).expect(200).json()["image"]["metadata"]["name"], D2);
    assert_eq!(one(D3).expect(200).json()["image"]["metadata"]["name"], D3);
    // Prefixes are enough, with and without the algorithm.
    for prefix in ["sha256:111", "1111111"] {
        let found = one(prefix).expect(200).json();
        assert_eq!(found["image"]["metadata"]["name"], D1);
        assert_eq!(found["metadata"]["name"], format!("app@{prefix}"));
    }
    let message = "imagestreamimage.image.openshift.io \"app@sha256:4\" not found";
    one("sha256:4").expect_failure(404, "NotFound", message);
    one("sha256:gone").expect_failure(404, "NotFound", "images.image.openshift.io \"sha256:gone\" not found");
    // An image that is there but not in the stream is none of its images.
    let other = format!("sha256:{}", "5".repeat(64));
    server.image(image(&other, &[]));
    one(&other).expect(404);
    let message = "ImageStreamImages must be retrieved with <name>@<id>";
    let path = format!("{API}/namespaces/team/imagestreamimages");
    for name in ["app:v1", "app", "@sha256:1", "app@", "app@a@b"] {
        let reply = client.get(&format!("{path}/{name}"));
        reply.expect_failure(400, "BadRequest", message);
    }
    client.get(&format!("{path}/app%40{D1}")).expect(200);
    let message = "the server does not allow this method on the requested resource";
    client.get(&path).expect_failure(405, "MethodNotAllowed", message);
}

#[test]
fn layers_of_a_stream() {
    let (server, client) = server();
    server.grant("alice", &["get"], "imagestreams/layers");
    server.objects(|objects| {
        objects.edit_image(D2, |i| {
            i["dockerImageLayers"] = json!([{"name": "sha256:l", "size": 5, "mediaType": "a/b"}])
        });
    });
    let layers = client
        .get(&format!("{API}/namespaces/team/imagestreams/app/layers"))
        .expect(200)
        .json();
    assert_eq!(layers["kind"], "ImageStreamLayers");
    let names: Vec<&String> = layers["images"].as_object().unwrap().keys().collect();
    assert_eq!(names, [D1, D2, D3, "sha256:gone"]);
    assert_eq!(layers["images"]["sha256:gone"]["imageMissing"], true);
    assert_eq!(layers["images"][D2], json!({"layers": ["sha256:l"]}));
    assert_eq!(layers["blobs"]["sha256:l"], json!({"size": 5, "mediaType": "a/b"}));
}

/// The tag moves between two looks at it.
#[test]
fn a_tag_that_moves() {
    let (server, client) = server();
    server.before("GET", "/imagestreamtags/", |objects| {
        objects.edit_stream("team", "app", |stream| {
            let items = &mut stream["status"]["tags"][0]["items"];
            items[0]["image"] = D2.into();
        });
    });
    let path = format!("{API}/namespaces/team/imagestreams/app");
    assert_eq!(
        client.get(&path).expect(200).json()["status"]["tags"][0]["items"][0]["image"],
        D1
    );
    let tag = client
        .get(&format!("{API}/namespaces/team/imagestreamtags/app:v1"))
        .expect(200)
        .json();
    assert_eq!(tag["image"]["metadata"]["name"], D2);
}
