// SPDX-License-Identifier: Apache-2.0
//! Who sees the cluster's token: the cluster, and its own registry over verified TLS.

use serde_json::json;

use crate::attach::{configuration, route, Town};
use crate::support::api::{Fault, Rule, Server};
use crate::support::cluster::TOKEN;
use crate::support::hub::{Answer, Guard, Hub};
use crate::support::images::base64;

/// The registry as OpenShift's is: tokens come from itself, and are those of the cluster.
fn guarded() -> Town {
    let town = Town::founded();
    town.offer("a", &town.sign());
    town.hub.guard(guard(&town));
    town
}

fn guard(town: &Town) -> Guard {
    Guard::OpenShift {
        url: town.hub.url(),
        token: TOKEN.into(),
    }
}

fn is_own(town: &Town) {
    let status = json!({"internalRegistryHostname": town.hub.host()});
    configuration(&town.scene.server, &json!({}), &status);
}

/// Whether a server was shown the token, in any form.
fn has_seen_token(hub: &Hub) -> bool {
    let texts: String = hub.seen().iter().map(crate::support::hub::Seen::text).collect();
    let pair = base64(format!("image-signature:{TOKEN}").as_bytes());
    texts.contains(TOKEN) || texts.contains(pair.trim_end_matches('='))
}

#[test]
fn the_cluster_s_own_registry_sees_it() {
    let town = guarded();
    is_own(&town);
    town.store(&[], "image-registry.openshift-image-registry.svc:5000", true);
    town.verify(&["--registry-url", "auto", "-o", "json"])
        .expect_verdict(0, "Verified/Verified");
    assert!(has_seen_token(&town.hub));
    town.hub.take_seen();
    town.verify(&["--registry-url", &town.hub.host(), "-o", "json"])
        .expect_verdict(0, "Verified/Verified");
}

/// Whoever is told to log in may have a login already, which is not known to be for this registry.
#[test]
fn a_refusal_says_why_the_cluster_s_own_registry_is_not_known() {
    let town = guarded();
    let said = "it is unknown whether this is that registry: reading the image streams of \"myproject\"";
    for (code, is_said) in [(403, false), (500, true)] {
        town.scene.server.heal();
        town.scene.server.fault(Fault::status(code).on("GET", "imagestreams"));
        let outcome = town.verify(&["--registry-url", "auto", "-o", "json"]).expect(3);
        let item = outcome.item();
        let message = item["message"].as_str().unwrap();
        assert!(message.contains("(401); log in"), "{message}");
        let command = message.split_once("skopeo ").unwrap().1;
        assert!(command.contains(&format!(" {}", town.hub.host())), "{message}");
        assert_eq!(message.contains(said), is_said, "{message}");
    }
    assert!(!has_seen_token(&town.hub));
}

/// In whatever way the cluster lists a host of its registry, and only there.
#[test]
fn each_way_in_which_the_cluster_lists_its_registry() {
    type Listing = fn(&Server, &str);
    let ways: [(&str, Listing, bool); 5] = [
        ("an external host", by_external_host, true),
        ("the route", |server, host| route(server, host, "True"), true),
        (
            "a stream's public host",
            |server, host| by_stream(server, "publicDockerImageRepository", host),
            true,
        ),
        (
            "a stream's host",
            |server, host| by_stream(server, "dockerImageRepository", host),
            true,
        ),
        (
            "a route that is not admitted",
            |server, host| route(server, host, "False"),
            false,
        ),
    ];
    for (way, list, is_own) in ways {
        let town = guarded();
        // The image is the registry's own, or so its object says.
        town.store(&[], &town.hub.host(), true);
        if !is_own {
            // There is a registry that the cluster lists, and it is another one.
            configuration(
                &town.scene.server,
                &json!({}),
                &json!({"internalRegistryHostname": "127.0.0.1:1"}),
            );
        }
        list(&town.scene.server, &town.hub.host());
        let outcome = town.verify(&["--registry-url", "auto", "-o", "json"]);
        if is_own {
            outcome.expect_verdict(0, "Verified/Verified");
        } else {
            outcome.expect(3);
        }
        assert_eq!(has_seen_token(&town.hub), is_own, "{way}");
    }
}

fn by_external_host(server: &Server, host: &str) {
    let status = json!({"internalRegistryHostname": "127.0.0.1:1", "externalRegistryHostnames": [host]});
    configuration(server, &json!({}), &status);
}

/// Has a stream of the user's namespace say where it is.
fn by_stream(server: &Server, member: &str, host: &str) {
    let status = json!({member: format!("{host}/myproject/app")});
    server.allow(Rule::new("alice", &["get", "list"], "imagestreams").namespace("myproject"));
    server.stream("myproject", "app", json!({"status": status}));
}

/// On a cluster without a registry the server repeats in the status of a stream what its author has in the spec.
#[test]
fn a_registry_that_the_author_of_a_stream_names_does_not() {
    let town = guarded();
    town.store(&[], &town.hub.host(), false);
    let server = &town.scene.server;
    for namespace in ["myproject", "openshift"] {
        server.allow(Rule::new("alice", &["get", "list"], "imagestreams").namespace(namespace));
    }
    let evil = format!("{}/myproject/a", town.hub.host());
    let own_words = json!({"spec": {"dockerImageRepository": evil},
                           "status": {"dockerImageRepository": evil, "publicDockerImageRepository": evil}});
    let other_place = json!({"spec": {"dockerImageRepository": ""},
                             "status": {"dockerImageRepository": format!("{}/ns/app", town.hub.host())}});
    let reference = town.hub.host();
    for stream in [own_words.clone(), other_place] {
        server.stream("myproject", "a", stream.clone());
        let mut common = stream;
        common["metadata"] = json!({});
        server.stream("openshift", "a", common);
        town.verify(&["--registry-url", "auto", "-o", "json"]).expect(3);
        town.verify(&["--registry-url", &reference, "-o", "json"]).expect(3);
        assert!(!town.hub.take_seen().is_empty());
        town.store(&[], "image-registry.openshift-image-registry.svc:5000", true);
        town.verify(&["--registry-url", "auto", "-o", "json"]).expect(3);
        assert!(!has_seen_token(&town.hub));
        town.store(&[], &town.hub.host(), false);
    }
    // A stream beside it, which the server has given a host, is still the cluster's word.
    server.stream("myproject", "a", own_words);
    let status = json!({"dockerImageRepository": format!("{}/myproject/b", town.hub.host())});
    server.stream(
        "myproject",
        "b",
        json!({"spec": {"dockerImageRepository": ""}, "status": status}),
    );
    town.verify(&["--registry-url", "auto", "-o", "json"])
        .expect_verdict(0, "Verified/Verified");
    assert!(has_seen_token(&town.hub));
}

#[test]
fn a_registry_that_an_image_or_the_user_names_does_not() {
    let town = guarded();
    // Named by the image, by a mirror set, by the user.
    town.verify(&["--registry-url", "auto", "-o", "json"]).expect(3);
    let set = json!([{"source": "r.example", "mirrors": [town.hub.host()]}]);
    crate::attach::mirror_sets(&town.scene.server, "ImageDigestMirrorSet", &[("a", set)]);
    town.store(&[], "r.example", false);
    town.verify(&["--registry-url", "auto", "-o", "json"]).expect(3);
    town.verify(&["--registry-url", &town.hub.host(), "-o", "json"])
        .expect(3);
    // By an image beside one of the cluster, in the same run.
    town.store(&[], "127.0.0.1:1", false);
    let beside = format!("docker://{}/ns/app:v1", town.hub.host());
    town.verify(&["--registry-url", "auto", "-o", "json", &beside])
        .expect(3);
    assert!(!town.hub.seen().is_empty());
    assert!(!has_seen_token(&town.hub));
    // The user says that it may.
    let args = [
        "--registry-url",
        &town.hub.host(),
        "--registry-login",
        "cluster",
        "-o",
        "json",
    ];
    town.verify(&args).expect_verdict(0, "Verified/Verified");
    assert!(has_seen_token(&town.hub));
}

#[test]
fn not_without_verified_tls() {
    let town = guarded();
    is_own(&town);
    town.store(&[], "image-registry.openshift-image-registry.svc:5000", true);
    let outcome = town
        .verify(&["--registry-url", "auto", "--insecure", "-o", "json"])
        .expect(3);
    assert!(
        outcome.stderr.contains("the cluster's token is not sent"),
        "{outcome:#?}"
    );
    let named = [
        "--registry-url",
        &town.hub.host(),
        "--registry-login",
        "cluster",
        "--insecure",
    ];
    town.verify(&named).expect(3);
    let conf = format!("[[registry]]\nlocation = \"{}\"\ninsecure = true\n", town.hub.host());
    town.scene.sandbox.file("registries.conf", conf);
    town.verify(&["--registry-url", "auto"]).expect(3);
    assert!(!town.hub.seen().is_empty());
    assert!(!has_seen_token(&town.hub));
    // A certificate that nobody vouches for ends it before.
    town.scene.sandbox.file("registries.conf", "");
    town.scene.sandbox.file("ca.pem", Hub::tls().ca_pem());
    town.verify(&["--registry-url", "auto"]).expect(3);
    assert!(!has_seen_token(&town.hub));
}

#[test]
fn not_a_token_server_or_a_redirect_elsewhere() {
    let town = guarded();
    is_own(&town);
    town.store(&[], "image-registry.openshift-image-registry.svc:5000", true);
    let other = Hub::tls();
    other.answer("/openshift/token", Answer::token(TOKEN));
    town.scene
        .sandbox
        .file("ca.pem", format!("{}{}", town.hub.ca_pem(), other.ca_pem()));
    town.hub
        .guard(Guard::bearer(&format!("{}/openshift/token", other.url()), TOKEN));
    let outcome = town.verify(&["--registry-url", "auto"]).expect(3);
    assert!(
        outcome.words().contains("the token of a cluster is sent to"),
        "{outcome:#?}"
    );
    assert_eq!(other.lines(), [""; 0]);
    town.hub.guard(guard(&town));
    town.hub.answer(
        &format!("/v2/ns/app/manifests/{}", town.digest),
        Answer::redirect(&format!("{}/x", other.url())),
    );
    town.verify(&["--registry-url", "auto"]).expect(3);
    assert_eq!(other.lines(), ["GET /x"]);
    assert!(!has_seen_token(&other));
}

/// The user's own login for the registry comes first.
#[test]
fn a_login_of_the_user_comes_first() {
    let town = guarded();
    is_own(&town);
    town.store(&[], "image-registry.openshift-image-registry.svc:5000", true);
    let pair = base64(b"reader:Xyzzy.pass.9917");
    let auth = json!({"auths": {town.hub.host(): {"auth": pair}}});
    let file = town.scene.sandbox.file("auth.json", auth.to_string());
    town.hub.guard(Guard::Basic("reader".into(), "Xyzzy.pass.9917".into()));
    town.verify(&[
        "--registry-url",
        "auto",
        "--authfile",
        file.to_str().unwrap(),
        "-o",
        "json",
    ])
    .expect_verdict(0, "Verified/Verified");
    assert!(!has_seen_token(&town.hub));
    // Logins come from the user's files, and never from the cluster.
    let lines = town.scene.server.lines();
    assert!(!lines.iter().any(|line| line.contains("/secrets")), "{lines:?}");
}
