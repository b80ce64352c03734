// SPDX-License-Identifier: Apache-2.0
//! Signatures that refer to an image, as cosign 3 and Notation write them: recognised, and not checked.

use serde_json::{json, Value};

use crate::registry::town::{answers, Town};
use crate::support::hub::{Answer, Hub, LIST, MANIFEST};

const BUNDLE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";
const REPOSITORY: &str = "ns/app";

/// A registry with an unsigned image `v1`.
fn registry() -> (Town, Hub, String, String) {
    let (town, hub) = (Town::new(), Hub::plain());
    let digest = hub.store(|store| store.repository(REPOSITORY).image("v1", "referred to"));
    town.insecure(&[&hub.host()]);
    town.store_on_disk();
    let image = format!("docker://{}/{REPOSITORY}:v1", hub.host());
    (town, hub, digest, image)
}

fn path(digest: &str) -> String {
    format!("/v2/{REPOSITORY}/referrers/{digest}")
}

fn tag_path(digest: &str) -> String {
    format!("/v2/{REPOSITORY}/manifests/{}", digest.replace(':', "-"))
}

fn entry(kind: &str, annotations: &Value) -> Value {
    let digest = format!("sha256:{}", "5".repeat(64));
    json!({"mediaType": MANIFEST, "size": 1, "digest": digest, "artifactType": kind, "annotations": annotations})
}

fn index(entries: &[Value]) -> Answer {
    let index = json!({"schemaVersion": 2, "mediaType": LIST, "manifests": entries});
    Answer::ok(LIST, index.to_string())
}

fn bundle() -> Value {
    entry(
        BUNDLE,
        &json!({"dev.sigstore.bundle.predicateType": "https://sigstore.dev/cosign/sign/v1"}),
    )
}

/// Whether anybody asked what refers to an image.
fn is_asked(hub: &Hub) -> bool {
    hub.lines().iter().any(|line| line.contains("/referrers/"))
}

#[test]
fn an_image_whose_only_signature_is_a_bundle_is_not_called_unsigned() {
    let (town, hub, digest, image) = registry();
    hub.answer(&path(&digest), index(&[bundle()]));
    let item = town
        .verify_json(&[&image])
        .expect_verdict(1, "Unsupported/UnsupportedSignature")
        .item();
    assert_eq!(answers(&item), ["lookaside absent 0", "referrers found 1"]);
    let signature = &item["signatures"][0];
    assert_eq!(
        (&signature["kind"], &signature["verdict"]),
        (&json!("sigstore"), &json!("Unsupported"))
    );
    for outcome in [town.verify(&[&image]), town.verify(&[&image, "--explain"])] {
        let words = outcome.expect(1).words();
        assert!(
            words.contains("present, not checked: a sigstore bundle (cosign 3)"),
            "{words}"
        );
        assert!(words.contains("nodes do not look for it either"), "{words}");
    }
    // A sigstore key does not open it.
    let key = crate::support::cosign::Cosign::new();
    let key = town.sandbox.file("cosign.pub", key.pem());
    town.verify_json(&[&image, "--sigstore-key", key.to_str().unwrap()])
        .expect_verdict(1, "Unsupported/UnsupportedSignature");
    let mut command = town.command(&["inspect", &image]);
    let shown = town.sandbox.finish(&mut command, b"").expect(0).stdout;
    assert!(
        shown.contains("source referrers") && shown.contains("a sigstore bundle"),
        "{shown}"
    );
}

/// Where a registry makes no such lists, clients keep one at a tag.
#[test]
fn a_bundle_at_the_tag_of_a_registry_that_makes_no_lists() {
    let (town, hub, digest, image) = registry();
    for not_offered in [
        Answer::status(404),
        Answer::status(400),
        Answer::status(405),
        Answer::status(501),
    ] {
        hub.answer(&path(&digest), not_offered.clone());
        hub.answer(&tag_path(&digest), index(&[bundle()]));
        town.verify_json(&[&image])
            .expect_verdict(1, "Unsupported/UnsupportedSignature");
        hub.answer(&tag_path(&digest), Answer::status(404));
        let item = town
            .verify_json(&[&image])
            .expect_verdict(1, "Unsigned/NoSignature")
            .item();
        assert_eq!(
            answers(&item),
            ["lookaside absent 0", "referrers absent 0"],
            "{not_offered:?}"
        );
    }
}

/// A page or another document under 200 is not a list: what there is only the tag can say.
#[test]
fn an_answer_that_is_no_list_is_no_knowledge_of_what_refers_to_an_image() {
    let (town, hub, digest, image) = registry();
    for (answer, word) in [
        (Answer::page(), "page"),
        (Answer::ok("application/json", "{}"), "unusable"),
        (Answer::ok("application/json", "{\"manifests\":[]}"), "unusable"),
        (
            Answer::ok(MANIFEST, "{\"schemaVersion\":2,\"manifests\":[]}"),
            "unusable",
        ),
        (Answer::ok("text/plain", "ok"), "unusable"),
        (Answer::ok("", ""), "unusable"),
    ] {
        hub.answer(&path(&digest), answer.clone());
        hub.answer(&tag_path(&digest), Answer::status(404));
        let outcome = town.verify_json(&[&image]);
        let item = outcome.expect_verdict(3, "Unchecked/SourceUnavailable").item();
        let expected = ["lookaside absent 0".to_owned(), format!("referrers {word} 0")];
        assert_eq!(answers(&item), expected, "{answer:?}");
        let message = item["message"].as_str().unwrap();
        assert!(message.contains(&path(&digest)), "{answer:?}: {message}");
        hub.answer(&tag_path(&digest), index(&[bundle()]));
        town.verify_json(&[&image])
            .expect_verdict(1, "Unsupported/UnsupportedSignature");
        hub.answer(&tag_path(&digest), index(&[]));
        town.verify_json(&[&image]).expect_verdict(1, "Unsigned/NoSignature");
    }
    // A list without entries is one.
    hub.answer(&path(&digest), index(&[]));
    hub.answer(&tag_path(&digest), Answer::status(500));
    town.verify_json(&[&image]).expect_verdict(1, "Unsigned/NoSignature");
}

#[test]
fn other_signatures_that_refer_to_an_image() {
    let (town, hub, digest, image) = registry();
    for (kind, word, words) in [
        (
            "application/vnd.dev.cosign.artifact.sig.v1+json",
            "sigstore",
            "OCI 1.1 mode",
        ),
        ("application/vnd.cncf.notary.signature", "other", "a Notation signature"),
    ] {
        hub.answer(&path(&digest), index(&[entry(kind, &Value::Null)]));
        let item = town
            .verify_json(&[&image])
            .expect_verdict(1, "Unsupported/UnsupportedSignature")
            .item();
        assert_eq!(item["signatures"][0]["kind"], word);
        assert!(item["message"].as_str().unwrap().contains(words), "{item}");
    }
}

#[test]
fn attestations_and_bills_of_materials_are_no_signatures() {
    let (town, hub, digest, image) = registry();
    let about = |what: &str| json!({"dev.sigstore.bundle.predicateType": what});
    let entries = [
        entry(BUNDLE, &about("https://slsa.dev/provenance/v1")),
        entry("application/spdx+json", &Value::Null),
    ];
    hub.answer(&path(&digest), index(&entries));
    let item = town
        .verify_json(&[&image])
        .expect_verdict(1, "Unsigned/NoSignature")
        .item();
    assert_eq!(answers(&item)[1], "referrers absent 0");
}

/// An invalid answer is not knowledge of what is there.
#[test]
fn a_list_that_cannot_be_had_or_read() {
    let (town, hub, digest, image) = registry();
    for (answer, verdict) in [
        (Answer::status(403), "Unchecked/Forbidden"),
        (Answer::status(401), "Unchecked/Forbidden"),
        (Answer::status(410), "Unchecked/SourceUnavailable"),
        (Answer::status(500), "Unchecked/SourceUnavailable"),
        (Answer::ok(LIST, "{}"), "Unchecked/SourceUnavailable"),
        (Answer::ok(LIST, ""), "Unchecked/SourceUnavailable"),
        (
            Answer::ok(LIST, "{\"manifests\":[],\"manifests\":[]}"),
            "Unchecked/SourceUnavailable",
        ),
    ] {
        hub.answer(&path(&digest), answer.clone());
        let item = town.verify_json(&[&image]).expect_verdict(3, verdict).item();
        let message = item["message"].as_str().unwrap();
        assert!(message.contains(&path(&digest)), "{answer:?}: {message}");
    }
    hub.answer(&path(&digest), Answer::status(404));
    hub.answer(&tag_path(&digest), Answer::page());
    town.verify_json(&[&image])
        .expect_verdict(3, "Unchecked/SourceUnavailable");
}

#[test]
fn lists_of_several_pages() {
    let (town, hub, digest, image) = registry();
    let first = path(&digest);
    let next = |link: &str| index(&[]).header("Link", &format!("<{link}>; rel=\"next\""));
    hub.answer(&first, next("/v2/ns/app/page/2"));
    hub.answer("/v2/ns/app/page/2", index(&[bundle()]));
    town.verify_json(&[&image])
        .expect_verdict(1, "Unsupported/UnsupportedSignature");
    // A page that is missing or no list, one on another server, and pages without end.
    for answer in [Answer::status(404), Answer::page(), Answer::ok("text/plain", "ok")] {
        hub.answer("/v2/ns/app/page/2", answer);
        town.verify_json(&[&image])
            .expect_verdict(3, "Unchecked/SourceUnavailable");
    }
    let other = Hub::plain();
    hub.answer(&first, next(&format!("{}/x", other.url())));
    town.verify_json(&[&image])
        .expect_verdict(3, "Unchecked/SourceUnavailable");
    assert_eq!(other.connections(), 0);
    hub.answer(&first, next(&first));
    hub.take_seen();
    town.verify_json(&[&image])
        .expect_verdict(3, "Unchecked/SourceUnavailable");
    assert!(hub.lines().len() < 25, "{:?}", hub.lines());
}

#[test]
fn as_many_as_are_named() {
    let (town, hub, digest, image) = registry();
    let entries: Vec<Value> = (0..129).map(|_| bundle()).collect();
    hub.answer(&path(&digest), index(&entries));
    let item = town
        .verify_json(&[&image])
        .expect_verdict(1, "Unsupported/UnsupportedSignature")
        .item();
    let reasons: Vec<&Value> = item["signatures"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| &s["reason"])
        .collect();
    assert_eq!(reasons.len(), 129);
    assert_eq!(reasons[128], "LimitExceeded");
}

/// One request more, and only where nothing else was found.
#[test]
fn they_are_not_asked_for_where_there_is_another_signature() {
    let (town, hub, digest, image) = registry();
    hub.answer(&path(&digest), index(&[bundle()]));
    let reference = image.strip_prefix("docker://").unwrap();
    town.keep(
        REPOSITORY,
        &digest,
        1,
        &town.sign(&digest, "registry.example.com/other:v1"),
    );
    town.verify_json(&[&image])
        .expect_verdict(1, "Rejected/IdentityMismatch");
    town.keep(REPOSITORY, &digest, 1, &town.sign(&digest, reference));
    town.verify_json(&[&image]).expect_verdict(0, "Verified/Verified");
    assert!(!is_asked(&hub));
}

/// cosign signs what it is given: the tag of a list names the list alone.
#[test]
fn a_list_whose_only_signature_is_a_bundle() {
    let (town, hub, instance, _) = registry();
    let list = json!({"schemaVersion": 2, "mediaType": LIST, "manifests": [{"mediaType": MANIFEST, "size": 1,
        "digest": instance, "platform": {"os": "linux", "architecture": "amd64"}}]});
    let list = hub.store(|store| {
        store
            .repository(REPOSITORY)
            .push("list", LIST, list.to_string().as_bytes())
    });
    hub.answer(&path(&list), index(&[bundle()]));
    let image = format!("docker://{}/{REPOSITORY}:list", hub.host());
    let item = town
        .verify_json(&[&image])
        .expect_verdict(1, "Unsupported/UnsupportedSignature")
        .item();
    assert_eq!(item["instances"][0]["verdict"], "Unsigned");
    // Where the list does not say, nobody knows.
    hub.answer(&path(&list), Answer::status(500));
    town.verify_json(&[&image])
        .expect_verdict(3, "Unchecked/SourceUnavailable");
    // Signed instances are enough.
    town.keep(
        REPOSITORY,
        &instance,
        1,
        &town.sign(&instance, image.strip_prefix("docker://").unwrap()),
    );
    town.verify_json(&[&image]).expect_verdict(0, "Verified/Verified");
}
