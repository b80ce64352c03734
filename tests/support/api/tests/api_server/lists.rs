// SPDX-License-Identifier: Apache-2.0
//! Lists: pages, tokens, selectors, forms.

use serde_json::{json, Value};

use crate::{server, IMAGES};
use image_signature_test_api::client::Client;
use image_signature_test_api::samples::image;
use image_signature_test_api::Server;

/// A server with seven more images, named by their number.
fn filled() -> (Server, Client) {
    let (server, client) = server();
    server.objects(|objects| {
        for n in 2..=8 {
            let mut image = image(&name(n), &[]);
            image["metadata"]["labels"] = json!({"parity": if n % 2 == 0 { "even" } else { "odd" }});
            objects.put_image(image);
        }
    });
    (server, client)
}

fn name(n: u64) -> String {
    format!("sha256:{}", n.to_string().repeat(64))
}

fn names(list: &Value) -> Vec<String> {
    let items = list["items"].as_array().unwrap().iter();
    items
        .map(|i| i["metadata"]["name"].as_str().unwrap().to_owned())
        .collect()
}

fn numbered(numbers: &[u64]) -> Vec<String> {
    numbers.iter().copied().map(name).collect()
}

fn token(list: &Value) -> String {
    list["metadata"]["continue"].as_str().unwrap_or("").to_owned()
}

fn next(client: &Client, query: &str, token: &str) -> Value {
    client
        .get(&format!("{IMAGES}?{query}&continue={token}"))
        .expect(200)
        .json()
}

#[test]
fn a_whole_list() {
    let (server, client) = filled();
    let list = client.get(IMAGES).expect(200).json();
    assert_eq!(list["kind"], "ImageList");
    assert_eq!(list["apiVersion"], "image.openshift.io/v1");
    assert_eq!(names(&list), numbered(&[1, 2, 3, 4, 5, 6, 7, 8]));
    assert_eq!(token(&list), "");
    assert!(
        list["metadata"]["resourceVersion"]
            .as_str()
            .unwrap()
            .parse::<u64>()
            .unwrap()
            > 1000
    );
    for item in list["items"].as_array().unwrap() {
        assert!(item.get("kind").is_none() && item.get("apiVersion").is_none(), "{item}");
    }
    assert_eq!(list["items"][0]["signatures"][0]["content"], "YmxvYg==");
    assert_eq!(
        names(&client.get(&format!("{IMAGES}?limit=0")).expect(200).json()).len(),
        8
    );
    assert_eq!(server.lines()[0], format!("GET {IMAGES}"));
}

#[test]
fn pages_show_one_state_of_the_store() {
    let (server, client) = filled();
    let first = client.get(&format!("{IMAGES}?limit=3")).expect(200).json();
    assert_eq!(names(&first), numbered(&[1, 2, 3]));
    assert_eq!(first["metadata"]["remainingItemCount"], 5);
    server.objects(|objects| {
        objects.remove_image(&name(5));
        objects.put_image(image(&name(9), &[]));
        objects.edit_image(&name(4), |i| i["metadata"]["labels"] = json!({"changed": "yes"}));
    });
    let second = next(&client, "limit=3", &token(&first));
    assert_eq!(names(&second), numbered(&[4, 5, 6]));
    assert_eq!(second["items"][0]["metadata"]["labels"], json!({"parity": "even"}));
    assert_eq!(
        second["metadata"]["resourceVersion"],
        first["metadata"]["resourceVersion"]
    );
    assert_eq!(second["metadata"]["remainingItemCount"], 2);
    let third = next(&client, "limit=3", &token(&second));
    assert_eq!(names(&third), numbered(&[7, 8]));
    assert_eq!(token(&third), "");
    assert!(third["metadata"].get("remainingItemCount").is_none());
    // A page that ends where the list does says so.
    assert_eq!(token(&client.get(&format!("{IMAGES}?limit=8")).expect(200).json()), "");
    let log = server.requests();
    assert_eq!(log[1].parameter("continue"), Some(token(&first).as_str()));
    assert_eq!(log[1].parameter("limit"), Some("3"));
}

#[test]
fn expired_tokens() {
    let (server, client) = filled();
    let first = client.get(&format!("{IMAGES}?limit=3")).expect(200).json();
    server.objects(|objects| objects.remove_image(&name(5)));
    server.expire_continue_tokens();
    let reply = client.get(&format!("{IMAGES}?limit=3&continue={}", token(&first)));
    let reply = reply.expect(410).json();
    assert_eq!((&reply["reason"], &reply["code"]), (&json!("Expired"), &json!(410)));
    let resumed = token(&reply);
    assert!(!resumed.is_empty());
    // It leads on, in another state.
    let second = next(&client, "limit=3", &resumed);
    assert_eq!(names(&second), numbered(&[4, 6, 7]));
    assert_ne!(
        second["metadata"]["resourceVersion"],
        first["metadata"]["resourceVersion"]
    );
    assert_eq!(names(&next(&client, "limit=3", &token(&second))), numbered(&[8]));
    server.expire_continue_tokens_for_good();
    let reply = client.get(&format!("{IMAGES}?limit=3&continue={}", token(&first)));
    let reply = reply.expect_failure(
        410,
        "Expired",
        "The provided continue parameter is too old to display a consistent list result.",
    );
    assert_eq!(reply.json()["metadata"], json!({}));
    // A new list starts anew.
    let first = client.get(&format!("{IMAGES}?limit=3")).expect(200).json();
    assert_eq!(
        names(&next(&client, "limit=9", &token(&first))),
        numbered(&[4, 6, 7, 8])
    );
}

#[test]
fn tokens_and_numbers_that_are_none() {
    let (_server, client) = filled();
    for token in ["abc", "e30", "!!!", "eyJ2Ijoib3RoZXIifQ"] {
        let reply = client.get(&format!("{IMAGES}?limit=3&continue={token}")).expect(400);
        let begin = "invalid continue token: continue key is not valid: ";
        assert!(reply.message().starts_with(begin), "{}", reply.message());
    }
    let first = client.get(&format!("{IMAGES}?limit=3")).expect(200).json();
    let target = format!("{IMAGES}?limit=3&continue={}&resourceVersion=1007", token(&first));
    let message = "specifying resource version is not allowed when using continue";
    client.get(&target).expect_failure(400, "BadRequest", message);
    client.get(&target.replace("1007", "0")).expect(200);
    let message = "strconv.ParseInt: parsing \"many\": invalid syntax";
    client
        .get(&format!("{IMAGES}?limit=many"))
        .expect_failure(400, "BadRequest", message);
}

#[test]
fn field_selectors() {
    let (_server, client) = filled();
    let list = |selector: &str| client.get(&format!("{IMAGES}?fieldSelector={selector}"));
    assert_eq!(
        names(&list(&format!("metadata.name={}", name(3))).expect(200).json()),
        numbered(&[3])
    );
    assert_eq!(
        names(&list(&format!("metadata.name%3D%3D{}", name(3))).expect(200).json()),
        numbered(&[3])
    );
    assert_eq!(
        names(&list(&format!("metadata.name!={}", name(3))).expect(200).json()).len(),
        7
    );
    assert_eq!(names(&list("metadata.name=none").expect(200).json()), numbered(&[]));
    let reply = list("status.phase=x").expect(400);
    assert!(
        reply
            .message()
            .contains("\"status.phase\" is not a known field selector"),
        "{}",
        reply.message()
    );
    list("nonsense").expect(400);
}

#[test]
fn label_selectors() {
    let (_server, client) = filled();
    for (selector, numbers) in [
        ("parity=even", &[2, 4, 6, 8][..]),
        ("parity==odd", &[3, 5, 7]),
        ("parity!=even", &[1, 3, 5, 7]),
        ("parity in (odd,none)", &[3, 5, 7]),
        ("parity notin (odd, even)", &[1]),
        ("parity", &[2, 3, 4, 5, 6, 7, 8]),
        ("!parity", &[1]),
        ("parity,parity!=odd", &[2, 4, 6, 8]),
    ] {
        let target = format!("{IMAGES}?labelSelector={}", selector.replace(' ', "+"));
        assert_eq!(
            names(&client.get(&target).expect(200).json()),
            numbered(numbers),
            "{selector}"
        );
    }
    // The count of what is left is not told for a selection, and its last page can be empty.
    let first = client
        .get(&format!("{IMAGES}?labelSelector=parity%3Dodd&limit=3"))
        .expect(200)
        .json();
    assert_eq!(names(&first), numbered(&[3, 5, 7]));
    assert!(first["metadata"].get("remainingItemCount").is_none());
    let last = next(&client, "labelSelector=parity%3Dodd&limit=3", &token(&first));
    assert_eq!((names(&last), token(&last)), (numbered(&[]), String::new()));
    for selector in ["a in b", "(", "a+b", "a in (b"] {
        let target = format!("{IMAGES}?labelSelector={}", selector.replace(' ', "+"));
        client.get(&target).expect(400);
    }
}

#[test]
fn forms() {
    let (_server, client) = filled();
    let list = |accept: &str| client.clone().header("Accept", accept).get(IMAGES);
    let metadata = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";
    let reduced = list(metadata).expect(200).json();
    assert_eq!(reduced["kind"], "PartialObjectMetadataList");
    assert_eq!(reduced["apiVersion"], "meta.k8s.io/v1");
    let item = &reduced["items"][0];
    assert_eq!(item["metadata"]["name"], name(1));
    assert!(item.get("signatures").is_none(), "{item}");
    for accept in [
        "application/json",
        "*/*",
        "application/json;as=Table;v=v1;g=meta.k8s.io, application/json",
    ] {
        assert_eq!(list(accept).expect(200).json()["kind"], "ImageList");
    }
    let message = "only the following media types are accepted: application/json";
    for accept in ["text/html", "application/vnd.kubernetes.protobuf"] {
        list(accept).expect_failure(406, "NotAcceptable", message);
    }
}

#[test]
fn names_in_paths_are_raw_or_encoded_and_case_matters() {
    let (_server, client) = filled();
    let encoded = name(3).replace(':', "%3A");
    let direct = client.get(&format!("{IMAGES}/{}", name(3))).expect(200).json();
    assert_eq!(client.get(&format!("{IMAGES}/{encoded}")).expect(200).json(), direct);
    let upper = name(3).replace("sha", "SHA");
    let message = format!("images.image.openshift.io \"{upper}\" not found");
    client
        .get(&format!("{IMAGES}/{upper}"))
        .expect_failure(404, "NotFound", &message);
}

#[test]
fn pods_are_read_and_paged_in_one_namespace_or_all_by_those_who_may() {
    let (server, client) = filled();
    for (namespace, name) in [("a", "x"), ("a", "y"), ("ab", "x")] {
        let pod = json!({"metadata": {"labels": {"app": name}}, "status": {"phase": "Running"}});
        server.pod(namespace, name, pod);
    }
    let refused = client.get("/api/v1/pods");
    refused.expect_failure(
        403,
        "Forbidden",
        "pods is forbidden: User \"alice\" cannot list resource \"pods\" in API group \"\" at the cluster scope",
    );
    server.grant("alice", &["get", "list"], "pods");
    let all = client.get("/api/v1/pods?limit=2").expect(200).json();
    assert_eq!((&all["kind"], &all["apiVersion"]), (&json!("PodList"), &json!("v1")));
    assert_eq!(names(&all), ["x", "y"]);
    let rest = client.get(&format!("/api/v1/pods?limit=2&continue={}", token(&all)));
    assert_eq!(rest.expect(200).json()["items"][0]["metadata"]["namespace"], "ab");
    let own = client
        .get("/api/v1/namespaces/a/pods?labelSelector=app%3Dx")
        .expect(200);
    assert_eq!(names(&own.json()), ["x"]);
    let one = client.get("/api/v1/namespaces/a/pods/y").expect(200).json();
    assert_eq!(
        (&one["kind"], &one["status"]["phase"]),
        (&json!("Pod"), &json!("Running"))
    );
    client.get("/api/v1/namespaces/a/pods/z").expect(404);
}
