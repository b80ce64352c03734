// SPDX-License-Identifier: Apache-2.0
//! `--registry-url`: signatures of images of a cluster that are in a registry.

use serde_json::json;

use crate::attach::{mirror_sets, Town};
use crate::support::cluster::{Scene, IDENTITY, TOKEN};
use crate::support::hub::{Answer, Hub, LIST, MANIFEST};
use crate::support::images::{image, payload, D1};

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
        Answer::ok(MANIFEST, "{\"schemaVersion\":2}"),
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

#[test]
fn mirrors_of_the_cluster_are_asked_and_a_source_that_must_not_be_is_not() {
    let town = Town::founded();
    town.offer("a", &town.sign());
    let source = Hub::tls();
    town.store(&[], &source.host(), false);
    let set =
        json!([{"source": source.host(), "mirrors": [town.hub.host()], "mirrorSourcePolicy": "NeverContactSource"}]);
    mirror_sets(&town.scene.server, "ImageDigestMirrorSet", &[("a", set)]);
    town.verify(&["--registry-url", "auto", "-o", "json"])
        .expect_verdict(0, "Verified/Verified");
    town.hub.store(|store| *store = crate::support::hub::Store::default());
    town.verify(&["--registry-url", "auto", "-o", "json"]).expect(3);
    assert_eq!(source.connections(), 0);
}

/// What is signed at a mirror is not known where the mirror does not answer, and no record is taken back for that.
#[test]
fn a_mirror_without_an_answer_takes_no_record_back() {
    let town = Town::founded();
    let signer = &town.scene.signer;
    let second = signer.simple_key("Second <second@example.com>");
    let file = signer.export(&[&second], &town.scene.sandbox.path("second.gpg"));
    town.offer("a", &signer.sign(&second, &payload(&town.digest, IDENTITY)));
    let source = Hub::tls();
    source.store(|store| assert_eq!(store.repository("ns/app").image("v1", "attached"), town.digest));
    let authorities = [town.hub.ca_pem(), source.ca_pem()].concat();
    town.scene.sandbox.file("ca.pem", authorities);
    town.store(&[&town.sign()], &source.host(), false);
    let set = json!([{"source": source.host(), "mirrors": [town.hub.host()]}]);
    mirror_sets(&town.scene.server, "ImageDigestMirrorSet", &[("a", set)]);
    let file = file.to_str().unwrap();
    let both = [
        "--registry-url",
        "auto",
        "-o",
        "json",
        "--confirm",
        "--public-key",
        file,
        "--require",
        "2",
    ];
    town.verify(&both).expect_verdict(0, "Verified/Verified");
    let record = town.scene.server.stored(&town.digest)["signatures"].clone();
    assert_eq!(record[0]["conditions"][0]["status"], "True", "{record}");
    let manifest = format!("/v2/ns/app/manifests/{}", town.digest);
    town.hub.answer(&manifest, Answer::status(500));
    let item = town
        .verify(&both)
        .expect_verdict(3, "Unchecked/SourceUnavailable")
        .item();
    assert_eq!(item["sources"][1]["kind"], "registry", "{item}");
    assert_eq!(item["sources"][1]["location"], format!("{}/ns/app", town.hub.host()));
    assert_eq!(town.scene.server.stored(&town.digest)["signatures"], record);
    // Nothing is there: then nothing is signed there.
    town.hub.answer(&manifest, Answer::status(404));
    town.verify(&both).expect_verdict(1, "Rejected/ThresholdNotReached");
}

/// Plain http is for a host that stands there with `http://`, and then nothing else is tried.
#[test]
fn plain_http_is_written_out() {
    let town = Town::founded();
    let plain = Hub::plain();
    plain.store(|store| {
        store.has_extension = true;
        let repository = store.repository("ns/app");
        assert_eq!(repository.image("v1", "attached"), town.digest);
        repository.sign(&town.digest, "a", &town.sign());
    });
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

/// As on a node, signatures count from where the manifest was taken; those at other mirrors are named.
#[test]
fn signatures_at_other_mirrors_are_named_and_do_not_count() {
    let town = Town::founded();
    let source = Hub::tls();
    source.store(|store| {
        store.has_extension = true;
        let repository = store.repository("ns/app");
        repository.image("v1", "attached");
        repository.sign(&town.digest, "a", &town.sign());
    });
    let authorities = [town.hub.ca_pem(), source.ca_pem()].concat();
    town.scene.sandbox.file("ca.pem", authorities);
    town.store(&[], &source.host(), false);
    let set = json!([{"source": source.host(), "mirrors": [town.hub.host()]}]);
    mirror_sets(&town.scene.server, "ImageDigestMirrorSet", &[("a", set)]);
    let auto = ["--registry-url", "auto", "-o", "json", "--confirm", "--attach"];
    let named = |item: &serde_json::Value| {
        let last = item["sources"].as_array().unwrap().last().unwrap().clone();
        assert!(last["location"].as_str().unwrap().contains(&source.host()), "{item}");
        assert_eq!(
            (&last["kind"], &last["signatures"]),
            (&json!("extension"), &json!(1)),
            "{item}"
        );
        let note = last["note"].as_str().unwrap();
        let taken = format!(
            "not counted, because the manifest was taken from {}/ns/app",
            town.hub.host()
        );
        assert_eq!(note, taken);
    };
    let item = town.verify(&auto).expect_verdict(1, "Unsigned/NoSignature").item();
    named(&item);
    let message = item["message"].as_str().unwrap();
    assert!(message.contains(": 1 signature; not counted"), "{message}");
    // They are named where others are not enough, once, and without those that were counted.
    town.offer("garbage", b"garbage");
    source.store(|store| store.repository("ns/app").sign(&town.digest, "garbage", b"garbage"));
    let item = town.verify(&auto).expect_verdict(1, "Rejected/NotASignature").item();
    named(&item);
    assert!(town
        .verify(&auto[..2])
        .expect(1)
        .words()
        .contains("; not counted, because"));
    town.store(&[b"other garbage"], &source.host(), false);
    named(&town.verify(&auto).expect(1).item());
    assert!(
        town.names().len() == 1 && town.writes() > 0,
        "only the record was written"
    );
    // Where they are enough, nobody else is asked.
    town.offer("b", &town.sign());
    source.take_seen();
    let item = town.verify(&auto[..4]).expect_verdict(0, "Verified/Verified").item();
    assert!(!item.to_string().contains("not counted"), "{item}");
    assert_eq!(source.lines(), [""; 0]);
}

/// Lists that cannot be read might forbid it: then nobody is asked.
#[test]
fn mirrors_that_cannot_be_read() {
    let town = Town::founded();
    town.offer("a", &town.sign());
    town.scene.server.revoke_all();
    town.scene.server.allow_auditor("alice");
    let outcome = town.verify(&["--registry-url", "auto", "-o", "json"]).expect(3);
    assert!(
        outcome.item()["message"]
            .as_str()
            .unwrap()
            .contains("ImageDigestMirrorSet"),
        "{outcome:#?}"
    );
    assert_eq!(town.hub.connections(), 0);
    // A registry that the user names needs none of it.
    town.verify(&["--registry-url", &town.hub.host(), "-o", "json"])
        .expect_verdict(0, "Verified/Verified");
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
