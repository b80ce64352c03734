// SPDX-License-Identifier: Apache-2.0
//! Who is let in, as whom, and to what.

use serde_json::{json, Value};

use crate::{at, server, IMAGES};
use image_signature_test_api::client::Client;
use image_signature_test_api::samples::{image, D1, D2};
use image_signature_test_api::{KeyKind, Rule, Server, User};

const REVIEW: &str = "/apis/authentication.k8s.io/v1/selfsubjectreviews";

/// What a 403 about an image says.
fn forbidden(user: &str, verb: &str, name: &str) -> String {
    let what = if name.is_empty() {
        String::new()
    } else {
        format!(" \"{name}\"")
    };
    format!(
        "images.image.openshift.io{what} is forbidden: User \"{user}\" cannot {verb} resource \"images\" in API group \
         \"image.openshift.io\" at the cluster scope"
    )
}

fn who(client: &Client) -> Value {
    let body = json!({"kind": "SelfSubjectReview", "apiVersion": "authentication.k8s.io/v1"});
    client.post(REVIEW, &body).expect(201).json()["status"]["userInfo"].clone()
}

#[test]
fn tokens() {
    let (server, client) = server();
    client.get(&at(D1)).expect(200);
    let bad = Client::new(&server).token("token-2").get(&at(D1));
    let bad = bad.expect_failure(401, "Unauthorized", "Unauthorized");
    assert_eq!(
        bad.json(),
        json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
               "message": "Unauthorized", "reason": "Unauthorized", "code": 401})
    );
    server.revoke("token-1");
    client.get(&at(D1)).expect(401);
    let log = server.requests();
    assert_eq!(log[0].user, "alice");
    assert_eq!(log[0].authenticated, "alice");
    assert_eq!((log[1].user.as_str(), log[1].status), ("", 401));
}

#[test]
fn nobody_is_anonymous_and_may_nothing() {
    let (server, _) = server();
    let nobody = Client::new(&server);
    let reply = nobody.get(&at(D1));
    let reply = reply.expect_failure(403, "Forbidden", &forbidden("system:anonymous", "get", D1));
    assert_eq!(
        reply.json()["details"],
        json!({"name": D1, "group": "image.openshift.io", "kind": "images"})
    );
    // Basic authentication has been gone for years; an empty token is none.
    for value in ["Basic YWxpY2U6dG9rZW4tMQ==", "Bearer ", "Bearer", "token-1"] {
        let reply = nobody.clone().header("Authorization", value).get(IMAGES);
        reply.expect_failure(403, "Forbidden", &forbidden("system:anonymous", "list", ""));
    }
    let reply = nobody.post(REVIEW, &json!({}));
    reply.expect_failure(
        403,
        "Forbidden",
        "selfsubjectreviews.authentication.k8s.io is forbidden: User \"system:anonymous\" cannot create resource \
         \"selfsubjectreviews\" in API group \"authentication.k8s.io\" at the cluster scope",
    );
    assert_eq!(server.requests()[0].user, "system:anonymous");
}

#[test]
fn client_certificates_of_every_key_form() {
    let (server, _) = server();
    server.allow_auditor("auditors");
    for (kind, header) in [
        (KeyKind::RsaPkcs1, "-----BEGIN RSA PRIVATE KEY-----"),
        (KeyKind::RsaPkcs8, "-----BEGIN PRIVATE KEY-----"),
        (KeyKind::EcSec1, "-----BEGIN EC PRIVATE KEY-----"),
        (KeyKind::EcPkcs8, "-----BEGIN PRIVATE KEY-----"),
    ] {
        let certificate = server.client_certificate("bob", &["auditors", "others"], kind);
        assert!(certificate.key.starts_with(header), "{}", certificate.key);
        let client = Client::new(&server).certificate(&certificate);
        client.get(&at(D1)).expect(200);
        assert_eq!(
            who(&client),
            json!({"username": "bob", "groups": ["auditors", "others", "system:authenticated"]})
        );
    }
    let alone = server.client_certificate("bob", &[], KeyKind::EcSec1);
    let reply = Client::new(&server).certificate(&alone).get(&at(D1));
    reply.expect_failure(403, "Forbidden", &forbidden("bob", "get", D1));
}

#[test]
fn client_certificates_that_nobody_vouches_for() {
    let (server, client) = server();
    let unrelated = server.unrelated_client_certificate("alice", &["system:masters"]);
    let expired = server.expired_client_certificate("alice", &["system:masters"]);
    for certificate in [&unrelated, &expired] {
        let reply = Client::new(&server).certificate(certificate).get(&at(D1));
        reply.expect_failure(401, "Unauthorized", "Unauthorized");
        // A token beside it is looked at all the same.
        client.clone().certificate(certificate).get(&at(D1)).expect(200);
    }
    // A server's certificate is none for a client, whoever issued it; its own authority issues no users.
    let good = server.client_certificate("carol", &[], KeyKind::EcPkcs8);
    let client = Client::new(&server).certificate(&good).token("unknown");
    assert_eq!(who(&client)["username"], "carol");
}

#[test]
fn rights_are_by_verb_resource_name_and_namespace() {
    let server = Server::start();
    server.image(image(D1, &[]));
    server.image(image(D2, &[]));
    server.stream("team", "app", json!({}));
    server.stream("other", "app", json!({}));
    server.user("token-1", User::new("viewer").group("viewers"));
    let client = Client::new(&server).token("token-1");
    client
        .get(&at(D1))
        .expect_failure(403, "Forbidden", &forbidden("viewer", "get", D1));
    server.allow(Rule::new("viewers", &["get"], "images").named(D1));
    let before = client.get(&at(D1)).expect(200).json();
    client.get(&at(D2)).expect(403);
    client
        .get(IMAGES)
        .expect_failure(403, "Forbidden", &forbidden("viewer", "list", ""));
    let update = client.put(&at(D1), &before);
    update.expect_failure(403, "Forbidden", &forbidden("viewer", "update", D1));
    let patch = client.json_patch(&at(D1), &json!([]));
    patch.expect_failure(403, "Forbidden", &forbidden("viewer", "patch", D1));

    let streams = |namespace: &str| format!("/apis/image.openshift.io/v1/namespaces/{namespace}/imagestreams");
    server.allow(Rule::new("viewer", &["get", "list"], "imagestreams").namespace("team"));
    client.get(&streams("team")).expect(200);
    client.get(&format!("{}/app", streams("team"))).expect(200);
    client.get(&format!("{}/app", streams("other"))).expect_failure(
        403,
        "Forbidden",
        "imagestreams.image.openshift.io \"app\" is forbidden: User \"viewer\" cannot get resource \"imagestreams\" in \
         API group \"image.openshift.io\" in the namespace \"other\"",
    );
    client.get("/apis/image.openshift.io/v1/imagestreams").expect(403);
    // A resource's right is not its subresource's.
    client.get(&format!("{}/app/layers", streams("team"))).expect_failure(
        403,
        "Forbidden",
        "imagestreams.image.openshift.io \"app\" is forbidden: User \"viewer\" cannot get resource \
             \"imagestreams/layers\" in API group \"image.openshift.io\" in the namespace \"team\"",
    );
    server.grant("viewer", &["get"], "imagestreams/layers");
    client.get(&format!("{}/app/layers", streams("team"))).expect(200);
    server.revoke_all();
    client.get(&at(D1)).expect(403);
}

#[test]
fn an_auditor_may_what_the_role_says() {
    let (_server, client) = server();
    let image = client.get(&at(D1)).expect(200).json();
    client.get(IMAGES).expect(200);
    client.put(&at(D1), &image).expect(200);
    client.json_patch(&at(D1), &json!([])).expect(200);
    let refused = client.send("DELETE", &at(D1), "", b"");
    refused.expect_failure(403, "Forbidden", &forbidden("alice", "delete", D1));
    client
        .post(IMAGES, &image)
        .expect_failure(403, "Forbidden", &forbidden("alice", "create", ""));
    client.get("/apis/image.openshift.io/v1/imagestreams").expect(403);
    client
        .post("/apis/image.openshift.io/v1/imagesignatures", &json!({}))
        .expect(403);
}

#[test]
fn a_list_of_one_name_needs_the_right_to_that_name() {
    let server = Server::start();
    server.image(image(D1, &[]));
    server.user("token-1", User::new("viewer"));
    server.allow(Rule::new("viewer", &["list"], "images").named(D1));
    let client = Client::new(&server).token("token-1");
    client
        .get(&format!("{IMAGES}?fieldSelector=metadata.name%3D{D1}"))
        .expect(200);
    let other = client.get(&format!("{IMAGES}?fieldSelector=metadata.name%3D{D2}"));
    other.expect_failure(403, "Forbidden", &forbidden("viewer", "list", D2));
}

#[test]
fn impersonation_needs_the_right_and_then_holds_everywhere() {
    let (server, client) = server();
    let acting = client.clone().header("Impersonate-User", "bob");
    acting.get(&at(D1)).expect_failure(
        403,
        "Forbidden",
        "users \"bob\" is forbidden: User \"alice\" cannot impersonate resource \"users\" in API group \"\" at the \
         cluster scope",
    );
    server.allow(Rule::new("alice", &["impersonate"], "users").named("bob"));
    // The rights are bob's now, who has none.
    acting
        .get(&at(D1))
        .expect_failure(403, "Forbidden", &forbidden("bob", "get", D1));
    let last = server.requests().pop().unwrap();
    assert_eq!((last.user.as_str(), last.authenticated.as_str()), ("bob", "alice"));
    assert_eq!(
        who(&acting),
        json!({"username": "bob", "groups": ["system:authenticated"]})
    );
    let user = acting.get("/apis/user.openshift.io/v1/users/~").expect(200).json();
    assert_eq!(user["metadata"]["name"], "bob");
    client
        .clone()
        .header("Impersonate-User", "carol")
        .get(&at(D1))
        .expect(403);

    let grouped = acting
        .clone()
        .header("Impersonate-Group", "auditors")
        .header("Impersonate-Group", "system:authenticated");
    grouped.get(&at(D1)).expect_failure(
        403,
        "Forbidden",
        "groups \"auditors\" is forbidden: User \"alice\" cannot impersonate resource \"groups\" in API group \"\" at \
         the cluster scope",
    );
    server.grant("alice", &["impersonate"], "groups");
    server.allow_auditor("auditors");
    grouped.get(&at(D1)).expect(200);
    assert_eq!(who(&grouped)["groups"], json!(["auditors", "system:authenticated"]));
}

#[test]
fn impersonation_of_uid_extra_and_service_accounts() {
    let (server, client) = server();
    server.grant("alice", &["impersonate"], "users");
    let acting = client.clone().header("Impersonate-User", "bob");
    acting
        .clone()
        .header("Impersonate-Uid", "u1")
        .get(IMAGES)
        .expect_failure(
        403,
        "Forbidden",
        "uids.authentication.k8s.io \"u1\" is forbidden: User \"alice\" cannot impersonate resource \"uids\" in API \
         group \"authentication.k8s.io\" at the cluster scope",
    );
    let extra = acting.clone().header("Impersonate-Extra-Acme.example%2Fteam", "red");
    extra.get(IMAGES).expect_failure(
        403,
        "Forbidden",
        "userextras.authentication.k8s.io \"red\" is forbidden: User \"alice\" cannot impersonate resource \
         \"userextras/acme.example/team\" in API group \"authentication.k8s.io\" at the cluster scope",
    );
    server.grant("alice", &["impersonate"], "uids");
    server.grant("alice", &["impersonate"], "userextras/acme.example/team");
    assert_eq!(
        who(&extra.header("Impersonate-Uid", "u1")),
        json!({"username": "bob", "uid": "u1", "groups": ["system:authenticated"],
               "extra": {"acme.example/team": ["red"]}})
    );
    let account = client
        .clone()
        .header("Impersonate-User", "system:serviceaccount:ci:robot");
    account.get(IMAGES).expect_failure(
        403,
        "Forbidden",
        "serviceaccounts \"robot\" is forbidden: User \"alice\" cannot impersonate resource \"serviceaccounts\" in API \
         group \"\" in the namespace \"ci\"",
    );
    server.allow(Rule::new("alice", &["impersonate"], "serviceaccounts").namespace("ci"));
    assert_eq!(
        who(&account)["groups"],
        json!([
            "system:serviceaccounts",
            "system:serviceaccounts:ci",
            "system:authenticated"
        ])
    );
    // Groups without a user are a mistake of the client.
    let reply = client
        .clone()
        .header("Impersonate-Group", "auditors")
        .get(IMAGES)
        .expect(500);
    assert!(
        reply.text().contains("without impersonating a user"),
        "{}",
        reply.text()
    );
}
