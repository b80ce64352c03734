// SPDX-License-Identifier: Apache-2.0
//! Who am I, and what may I do.

use serde_json::{json, Value};

use crate::server;
use image_signature_test_api::client::Client;
use image_signature_test_api::{Rule, User};

const SELF: &str = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
const ACCESS: &str = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
const USER: &str = "/apis/user.openshift.io/v1/users/~";

fn may(client: &Client, attributes: Value) -> bool {
    let body = json!({"kind": "SelfSubjectAccessReview", "apiVersion": "authorization.k8s.io/v1",
                      "spec": {"resourceAttributes": attributes}});
    let review = client.post(ACCESS, &body).expect(201).json();
    assert_eq!(review["spec"], body["spec"]);
    review["status"]["allowed"].as_bool().unwrap()
}

#[test]
fn the_user_as_the_server_knows_it() {
    let (server, client) = server();
    server.user(
        "token-2",
        User::new("bob").uid("u2").group("dev").extra("scopes", "user:full"),
    );
    let body = json!({"kind": "SelfSubjectReview", "apiVersion": "authentication.k8s.io/v1"});
    let review = client.post(SELF, &body).expect(201).json();
    assert_eq!(review["kind"], "SelfSubjectReview");
    assert_eq!(review["apiVersion"], "authentication.k8s.io/v1");
    assert_eq!(
        review["status"]["userInfo"],
        json!({"username": "alice", "groups": ["system:authenticated"]})
    );
    let review = Client::new(&server)
        .token("token-2")
        .post(SELF, &body)
        .expect(201)
        .json();
    assert_eq!(
        review["status"]["userInfo"],
        json!({"username": "bob", "uid": "u2", "groups": ["dev", "system:authenticated"],
               "extra": {"scopes": ["user:full"]}})
    );
    assert!(server.requests().iter().all(|r| !r.is_write()));
    client.get(SELF).expect(403);
    client.post(SELF, &json!({})).expect(400);
    client
        .post(
            SELF,
            &json!({"kind": "SelfSubjectReview", "apiVersion": "authentication.k8s.io/v1beta1"}),
        )
        .expect(400);
}

#[test]
fn older_and_external_clusters_lack_these_calls() {
    let (server, client) = server();
    let user = client.get(USER).expect(200).json();
    assert_eq!(
        user,
        json!({"kind": "User", "apiVersion": "user.openshift.io/v1", "metadata": {"name": "alice"},
               "identities": null, "groups": ["system:authenticated"]})
    );
    // What is not the user itself is nobody's business.
    client.get("/apis/user.openshift.io/v1/users/bob").expect(403);
    server.without_self_subject_review();
    let body = json!({"kind": "SelfSubjectReview", "apiVersion": "authentication.k8s.io/v1"});
    let message = "the server could not find the requested resource";
    client.post(SELF, &body).expect_failure(404, "NotFound", message);
    client.get(USER).expect(200);
    server.without_user_api();
    assert_eq!(client.get(USER).expect(404).text(), "404 page not found\n");
}

#[test]
fn access_is_judged_by_the_same_rules() {
    let (server, client) = server();
    let images = |verb: &str| json!({"group": "image.openshift.io", "resource": "images", "verb": verb});
    assert!(may(&client, images("patch")));
    assert!(may(&client, images("update")));
    assert!(!may(&client, images("delete")));
    assert!(!may(
        &client,
        json!({"group": "", "resource": "images", "verb": "patch"})
    ));
    server.allow(Rule::new("alice", &["get"], "imagestreams/layers").namespace("team"));
    let layers = |namespace: &str| {
        json!({"group": "image.openshift.io", "resource": "imagestreams", "subresource": "layers", "verb": "get",
               "namespace": namespace})
    };
    assert!(may(&client, layers("team")));
    assert!(!may(&client, layers("other")));
    assert!(!may(&client, layers("")));
    server.revoke_all();
    assert!(!may(&client, images("patch")));
    server.user("token-3", User::new("root").group("system:masters"));
    assert!(may(&Client::new(&server).token("token-3"), images("delete")));
    // As the user whom one acts as.
    server.grant("alice", &["impersonate"], "users");
    server.allow_auditor("bob");
    assert!(may(&client.clone().header("Impersonate-User", "bob"), images("patch")));
    assert!(!may(&client, images("patch")));
}

#[test]
fn access_reviews_ask_one_thing() {
    let (_server, client) = server();
    let body = json!({"kind": "SelfSubjectAccessReview", "apiVersion": "authorization.k8s.io/v1", "spec": {}});
    client.post(ACCESS, &body).expect_failure(
        422,
        "Invalid",
        "SelfSubjectAccessReview.authorization.k8s.io \"\" is invalid: spec.resourceAttributes: Invalid value: null: \
         exactly one of nonResourceAttributes or resourceAttributes must be specified",
    );
    client.post(ACCESS, &json!({"kind": "Other"})).expect(400);
    let body = json!({"kind": "SelfSubjectAccessReview", "apiVersion": "authorization.k8s.io/v1",
                      "spec": {"nonResourceAttributes": {"path": "/version", "verb": "get"}}});
    let review = client.post(ACCESS, &body).expect(201).json();
    assert_eq!(review["status"]["allowed"], true);
}

#[test]
fn paths_that_lead_nowhere() {
    let (server, client) = server();
    let message = "the server could not find the requested resource";
    server.user("token-3", User::new("root").group("system:masters"));
    let root = Client::new(&server).token("token-3");
    for path in [
        "/apis/image.openshift.io/v1/nothing",
        "/apis/image.openshift.io/v1/images/a/b",
        "/apis/image.openshift.io/v1/namespaces/ns/images/a",
        "/apis/image.openshift.io/v1/imagestreams/a",
        "/api/v1/nothing",
        "/apis/user.openshift.io/v1/users/~/x",
        "/apis/user.openshift.io/v1/users/bob",
        "/apis/user.openshift.io/v1/users",
    ] {
        root.get(path).expect_failure(404, "NotFound", message);
        // Rights are looked at before paths.
        Client::new(&server).get(path).expect(403);
    }
    for path in [
        "/",
        "/nothing",
        "/oapi/v1/images",
        "/apis/nothing.example/v1/things",
        "/apis/image.openshift.io/v1beta1/images",
    ] {
        let reply = root.get(path).expect(404);
        assert_eq!(reply.text(), "404 page not found\n", "{path}");
        assert_eq!(reply.header("content-type"), Some("text/plain; charset=utf-8"));
    }
    client.get("/nothing").expect_failure(
        403,
        "Forbidden",
        "forbidden: User \"alice\" cannot get path \"/nothing\"",
    );
    Client::new(&server).get("/version").expect(200);
}
