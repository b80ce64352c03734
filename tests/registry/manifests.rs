// SPDX-License-Identifier: Apache-2.0
//! Manifests in a registry: of every kind, each resolved once, and none that is not the one asked for.

use super::sources::{registry, REPOSITORY};
use crate::support::hub::{Answer, Body};

/// A tag that is moved between two requests cannot bring another image in: there is one request for it.
#[test]
fn a_tag_that_moves_is_resolved_once() {
    let (town, hub, digest, reference) = registry();
    town.keep(REPOSITORY, &digest, 1, &town.sign(&digest, &reference));
    let path = format!("/v2/{REPOSITORY}/manifests/v1");
    let good = format!(
        "{{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\",\"note\":{}}}",
        1
    );
    let digest = crate::registry::town::sha256(good.as_bytes());
    town.keep(REPOSITORY, &digest, 1, &town.sign(&digest, &reference));
    hub.answers(
        &path,
        [
            Answer::ok("application/vnd.oci.image.manifest.v1+json", good),
            Answer::status(500),
        ],
    );
    let item = town
        .verify_json(&[&format!("docker://{reference}")])
        .expect_verdict(0, "Verified/Verified")
        .item();
    assert_eq!(item["image"], digest);
}

/// What is not a manifest is not another image: nobody is told that the image is unsigned, or that it is another one.
#[test]
fn an_answer_that_is_no_manifest() {
    let (town, hub, digest, reference) = registry();
    let name = reference.strip_suffix(":v1").unwrap();
    let by_digest = format!("{name}@{digest}");
    for (reference, tag) in [(&reference, "v1"), (&by_digest, digest.as_str())] {
        for body in [
            "<html><body>Please log in</body></html>",
            "Not found",
            "[]",
            "\"x\"",
            "{\"schemaVersion\": 2, \"layers\": [",
            "{}",
            "{\"errors\":[{\"code\":\"MANIFEST_UNKNOWN\"}]}",
            "{\"error\":\"maintenance\"}",
            "{\"schemaVersion\":2}",
            "{\"schemaVersion\":\"2\",\"layers\":[]}",
            "{\"schemaVersion\":2,\"layers\":{},\"mediaType\":\"text/plain\"}",
            "{\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\",\"layers\":[]}",
        ] {
            for media in ["application/vnd.oci.image.manifest.v1+json", "application/octet-stream"] {
                hub.answer(&format!("/v2/{REPOSITORY}/manifests/{tag}"), Answer::ok(media, body));
                let outcome = town.verify_json(&[&format!("docker://{reference}")]);
                let item = outcome.expect_verdict(3, "Unchecked/ManifestUnavailable").item();
                let message = item["message"].as_str().unwrap();
                assert!(message.contains("did not return a manifest"), "{message}");
            }
        }
    }
}

#[test]
fn a_manifest_that_is_not_the_one_asked_for() {
    let (town, hub, digest, reference) = registry();
    let name = reference.strip_suffix(":v1").unwrap();
    town.keep(REPOSITORY, &digest, 1, &town.sign(&digest, &reference));
    let path = format!("/v2/{REPOSITORY}/manifests/{digest}");
    let other = "{\"schemaVersion\":2,\"layers\":[]}";
    hub.answer(&path, Answer::ok("application/vnd.oci.image.manifest.v1+json", other));
    town.verify_json(&[&format!("docker://{name}@{digest}")])
        .expect_verdict(1, "Rejected/ManifestMismatch");
    hub.answer(&path, Answer::ok("application/vnd.oci.image.manifest.v1+json", ""));
    town.verify_json(&[&format!("docker://{name}@{digest}")])
        .expect_verdict(3, "Unchecked/ManifestUnavailable");
    for (answer, verdict) in [
        (Answer::page(), "Unchecked/SourceUnavailable"),
        (Answer::status(404), "Unchecked/NotFound"),
        (Answer::status(403), "Unchecked/Forbidden"),
        (Answer::status(410), "Unchecked/SourceUnavailable"),
        (
            Answer::ok("application/json", "").body(Body::Endless(b' ')),
            "Unchecked/ManifestUnavailable",
        ),
    ] {
        hub.answer(&path, answer);
        town.verify_json(&[&format!("docker://{name}@{digest}")])
            .expect_verdict(3, verdict);
    }
}

/// Who asks for something by its digest gets it, whatever it says of itself: it is what was asked for.
#[test]
fn a_digest_is_enough_to_know_what_was_asked_for() {
    let (town, hub, _, reference) = registry();
    let name = reference.strip_suffix(":v1").unwrap();
    let media = "application/vnd.example.artifact+json";
    let digest = hub.store(|store| store.repository(REPOSITORY).push("odd", media, b"{\"kind\":\"odd\"}"));
    town.keep(REPOSITORY, &digest, 1, &town.sign(&digest, &format!("{name}@{digest}")));
    let outcome = town.verify_json(&[&format!("docker://{name}@{digest}")]);
    outcome.expect_verdict(0, "Verified/Verified");
    let outcome = town.verify_json(&[&format!("docker://{name}:odd")]);
    outcome.expect_verdict(3, "Unchecked/ManifestUnavailable");
}

/// Each kind of manifest has its digest: of its bytes, or of what a JWS holds.
#[test]
fn every_kind_of_manifest() {
    let (town, hub, _, _) = registry();
    let kinds: [(&str, &str, Vec<u8>); 4] = [
        (
            "oci",
            "application/vnd.oci.image.manifest.v1+json",
            b"{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\"}".to_vec(),
        ),
        (
            "schema2",
            "application/vnd.docker.distribution.manifest.v2+json",
            b"{\"schemaVersion\":2,\"mediaType\":\"application/vnd.docker.distribution.manifest.v2+json\"}".to_vec(),
        ),
        (
            "schema1",
            "application/vnd.docker.distribution.manifest.v1+json",
            b"{\"schemaVersion\":1,\"name\":\"ns/app\",\"tag\":\"schema1\",\"fsLayers\":[]}".to_vec(),
        ),
        (
            "signed1",
            "application/vnd.docker.distribution.manifest.v1+prettyjws",
            signed_schema_1(),
        ),
    ];
    for (tag, media_type, manifest) in kinds {
        let digest = image_signature::digest::Digest::of_manifest(&manifest).unwrap();
        hub.store(|store| store.repository(REPOSITORY).push(tag, media_type, &manifest));
        let reference = format!("{}/{REPOSITORY}:{tag}", hub.host());
        town.keep(REPOSITORY, digest.as_str(), 1, &town.sign(digest.as_str(), &reference));
        let item = town
            .verify_json(&[&format!("docker://{reference}")])
            .expect_verdict(0, "Verified/Verified")
            .item();
        assert_eq!(item["image"], digest.as_str(), "{tag}");
    }
}

/// A schema 1 manifest in a JWS, as docker wrote them.
fn signed_schema_1() -> Vec<u8> {
    use base64::Engine as _;
    let encode = |bytes: &[u8]| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes);
    let head = "{\"schemaVersion\":1,\"name\":\"ns/app\",\"tag\":\"signed1\",\"fsLayers\":[]";
    let protected = format!(
        "{{\"formatLength\":{},\"formatTail\":\"{}\"}}",
        head.len(),
        encode(b"}")
    );
    format!(
        "{head},\"signatures\":[{{\"header\":{{\"alg\":\"ES256\"}},\"signature\":\"AAAA\",\"protected\":\"{}\"}}]}}",
        encode(protected.as_bytes())
    )
    .into_bytes()
}
