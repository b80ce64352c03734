// SPDX-License-Identifier: Apache-2.0
//! `--registry-url`: signatures of images of a cluster that are in a registry.

use serde_json::json;

use crate::attach::Town;
use crate::support::cluster::{Scene, IDENTITY, TOKEN};
use crate::support::hub::{Answer, Hub, LIST, MANIFEST};
use crate::support::images::{image, D1};

#[test]
fn a_signature_in_the_registry_counts_and_nothing_is_written() {
    let town = Town::founded();
    town.scene
        .run_verify(&town.digest, &["-o", "json"])
        .expect_verdict(1, "Unsigned/NoSignature");
    assert_eq!(town.hub.connections(), 0, "nobody asked for it");
    town.offer("a", &town.sign());
    for url in ["auto", &town.hub.host(), &town.hub.url()] {
        let outcome = town.verify(&["--registry-url", url, "-o", "json", "--confirm"]);
        assert!(outcome.stderr.contains("--confirm --attach"), "{outcome:#?}");
        let item = outcome.expect_verdict(0, "Verified/Verified").item();
        assert_eq!(item["recorded"], "no");
        let kinds: Vec<_> = item["sources"].as_array().unwrap().iter().map(|s| &s["kind"]).collect();
        assert_eq!(kinds, ["object", "extension", "lookaside", "attachment"]);
        assert_eq!(item["sources"][3]["answer"], "notAsked");
    }
    assert_eq!((town.names().len(), town.writes()), (0, 0));
    // Text says so too.
    let outcome = town.verify(&["--registry-url", "auto"]).expect(0);
    assert!(
        outcome.stderr.contains("1 signature found elsewhere verifies image"),
        "{outcome:#?}"
    );
}

#[test]
fn the_same_signature_counts_once() {
    let town = Town::founded();
    let blob = town.sign();
    town.offer("a", &blob);
    town.store(&[&blob], &town.hub.host(), false);
    let outcome = town.verify(&["--registry-url", "auto", "-o", "json"]).expect(0);
    assert_eq!(outcome.item()["signatures"].as_array().unwrap().len(), 1);
    assert!(!outcome.stderr.contains("--attach"), "{outcome:#?}");
}

/// What registries.conf says of a place may be that it is blocked: where it cannot be used, nobody is asked.
#[test]
fn a_place_that_may_be_blocked() {
    let town = Town::founded();
    town.offer("a", &town.sign());
    let host = town.hub.host();
    town.scene.sandbox.file(
        "registries.conf",
        format!(
            "[[registry]]\nprefix = \"{host}\"\nlocation = \"{host}\"\nblocked = true\n\
             [[registry.mirror]]\nlocation = \"mirror.example/UPPER\"\n"
        ),
    );
    let before = town.hub.connections();
    let outcome = town.verify(&["--registry-url", &host, "-o", "json"]).expect(3);
    assert_eq!(outcome.item()["reason"], "SourceUnavailable", "{outcome:#?}");
    assert_eq!(town.hub.connections(), before, "{outcome:#?}");
}

/// Without a signature anywhere all places are named.
#[test]
fn nothing_anywhere() {
    let town = Town::founded();
    let outcome = town.verify(&["--registry-url", "auto"]).expect(1);
    for place in ["cluster", "extension", "lookaside"] {
        assert!(outcome.words().contains(place), "{outcome:#?}");
    }
}

/// What refers to the image is looked for where neither the object nor another place has a signature.
#[test]
fn a_bundle_that_refers_to_the_image() {
    let town = Town::founded();
    let path = format!("/v2/ns/app/referrers/{}", town.digest);
    let entry = json!({"mediaType": MANIFEST, "size": 1, "digest": town.digest,
                       "artifactType": "application/vnd.dev.sigstore.bundle.v0.3+json"});
    let list = json!({"schemaVersion": 2, "manifests": [entry]}).to_string();
    town.hub.answer(&path, Answer::ok(LIST, list));
    let outcome = town.verify(&["--registry-url", "auto", "-o", "json", "--confirm", "--attach"]);
    let item = outcome.expect_verdict(1, "Unsupported/UnsupportedSignature").item();
    assert!(
        item["message"].as_str().unwrap().contains("a sigstore bundle"),
        "{item}"
    );
    assert_eq!((town.names().len(), town.writes()), (0, 0));
    town.hub.take_seen();
    town.store(&[b"garbage"], &town.hub.host(), false);
    town.verify(&["--registry-url", "auto", "-o", "json"])
        .expect_verdict(1, "Rejected/NotASignature");
    assert!(!town.hub.lines().iter().any(|line| line.contains("/referrers/")));
}

/// What the registry serves must be this image: otherwise nothing beside it counts.
#[test]
fn another_manifest() {
    let town = Town::founded();
    town.offer("a", &town.sign());
    let path = format!("/v2/ns/app/manifests/{}", town.digest);
    for answer in [
        Answer::ok(MANIFEST, "{\"schemaVersion\":2,\"layers\":[]}"),
        Answer::ok(MANIFEST, "{\"errors\":[]}"),
        Answer::page(),
        Answer::status(404),
        Answer::status(403),
        Answer::status(500),
    ] {
        town.hub.answer(&path, answer.clone());
        let outcome = town.verify(&["--registry-url", "auto", "-o", "json", "--confirm", "--attach"]);
        assert_eq!(outcome.item()["verdict"], "Unchecked", "{answer:?}: {outcome:#?}");
        assert_eq!(outcome.item()["sources"][1]["kind"], "registry");
        outcome.expect(3);
    }
    assert_eq!((town.names().len(), town.writes()), (0, 0));
    // A signature on the object is enough by itself.
    town.store(&[&town.sign()], &town.hub.host(), false);
    town.verify(&["--registry-url", "auto", "-o", "json"])
        .expect_verdict(0, "Verified/Verified");
}

/// Plain http is for a host that stands there with `http://`, and then nothing else is tried.
#[test]
fn plain_http_is_written_out() {
    let town = Town::founded();
    let plain = town.plain();
    let host = plain.host();
    for url in [host.clone(), format!("https://{host}")] {
        let outcome = town.verify(&["--registry-url", &url, "-o", "json"]).expect(3);
        assert!(outcome.words().contains("does not speak TLS"), "{outcome:#?}");
        assert_eq!(plain.lines(), [""; 0], "nothing was said to it plainly");
    }
    let url = format!("http://{host}");
    let outcome = town.verify(&["--registry-url", &url, "-o", "json"]);
    let item = outcome.expect_verdict(0, "Verified/Verified").item();
    let place = item["sources"][1]["location"].as_str().unwrap();
    assert!(place.starts_with(&url), "{place}");
    // It is for this host alone: one that speaks TLS is not asked in another way.
    let secure = format!("http://{}", town.hub.host());
    let outcome = town.verify(&["--registry-url", &secure, "-o", "json"]).expect(3);
    assert_eq!(outcome.item()["sources"][1]["kind"], "registry", "{outcome:#?}");
    assert_eq!(town.hub.lines(), [""; 0]);
    // What registries.conf blocks stays blocked.
    let blocked = format!("[[registry]]\nlocation = \"{host}\"\nblocked = true\n");
    town.scene.sandbox.file("registries.conf", blocked);
    let before = plain.connections();
    town.verify(&["--registry-url", &url, "-o", "json"]).expect(3);
    assert_eq!(plain.connections(), before);
}

/// What is accepted of a registry is not accepted of the API server.
#[test]
fn insecure_is_about_registries_alone() {
    let town = Town::founded();
    town.offer("a", &town.sign());
    town.scene.sandbox.file("ca.pem", Hub::tls().ca_pem());
    let more = ["--registry-url", &town.hub.host(), "-o", "json"];
    town.verify(&more).expect(3);
    town.verify(&[&more[..], &["--insecure"]].concat())
        .expect_verdict(0, "Verified/Verified");
    let cluster = json!({"server": town.scene.server.url()});
    town.scene.kubeconfig_with(cluster, json!({"token": TOKEN}));
    let (before, requests) = (town.hub.connections(), town.scene.server.requests().len());
    let outcome = town.verify(&[&more[..], &["--insecure"]].concat());
    let item = outcome.expect_verdict(3, "Unchecked/SourceUnavailable").item();
    assert!(item["message"].as_str().unwrap().contains("certificate"), "{item}");
    assert_eq!(
        (town.hub.connections(), town.scene.server.requests().len()),
        (before, requests)
    );
}

#[test]
fn usage() {
    let scene = Scene::new();
    let file = scene.sandbox.file("image.json", image(D1, &[]).to_string());
    let file = file.to_str().unwrap();
    let verify = |args: &[&str]| scene.run(&[&["verify", "--expected-identity", IDENTITY], args].concat());
    verify(&["-f", file, "--registry-url", "auto"]).expect_usage("cannot be used with --filename");
    verify(&["dir:x", "--registry-url", "auto"]).expect_usage("images of a cluster");
    for text in [
        "r.example/ns",
        "http://r.example/ns",
        "http://",
        "http://auto",
        "ftp://r.example",
    ] {
        verify(&[D1, "--registry-url", text]).expect_usage("expected HOST[:PORT], with http:// before it");
    }
    let plain = ["--registry-url", "http://r.example", "--registry-login", "cluster"];
    verify(&[&[D1][..], &plain].concat()).expect_usage("--registry-login cluster cannot be used with http://");
    verify(&[D1, "--registry-url", "auto", "--registry-login", "cluster"]).expect_usage("needs --registry-url HOST");
    verify(&[D1, "--registry-login", "cluster"]).expect_usage("--registry-url");
    verify(&[D1, "--registry-url", "auto", "--signature", "a"]).expect_usage("--signature");
    verify(&[D1, "--attach"]).expect_usage("--attach needs --confirm and --registry-url");
    verify(&[D1, "--attach", "--confirm"]).expect_usage("--attach needs --confirm and --registry-url");
    verify(&[D1, "--attach", "--registry-url", "auto"]).expect_usage("--attach needs --confirm and --registry-url");
    let trial = ["--attach", "--registry-url", "auto", "--confirm", "--dry-run=server"];
    verify(&[&[D1][..], &trial].concat()).expect_usage("--dry-run=server");
    assert_eq!(scene.server.connections(), 0);
}
