// SPDX-License-Identifier: Apache-2.0
//! The places with signatures: each is asked for itself, and named with what it answered.

use std::path::Path;

use crate::registry::town::{answers, Town};
use crate::support::hub::{Answer, Body, Hub};

pub(super) const REPOSITORY: &str = "ns/app";

/// A lookaside store for the images of a registry, with `more` in the configuration that names it.
pub(super) fn lookaside(town: &Town, hub: &Hub, more: &str) -> Hub {
    let store = Hub::plain();
    town.stores(&format!(
        "docker:\n  {}:\n    lookaside: {}/store\n{more}",
        hub.host(),
        store.url()
    ));
    store
}

/// A registry over plain http with an unsigned image `v1`, whose digest comes with it.
pub(super) fn registry() -> (Town, Hub, String, String) {
    let (town, hub) = (Town::new(), Hub::plain());
    let digest = hub.store(|store| store.repository(REPOSITORY).image("v1", "sources"));
    town.insecure(&[&hub.host()]);
    town.store_on_disk();
    let reference = format!("{}/{REPOSITORY}:v1", hub.host());
    (town, hub, digest, reference)
}

pub(super) fn lookaside_path(digest: &str, number: usize) -> String {
    format!("/store/{REPOSITORY}@{}/signature-{number}", digest.replace(':', "="))
}

pub(super) fn blob(bytes: &[u8]) -> Answer {
    Answer::ok("application/octet-stream", bytes)
}

#[test]
fn without_a_signature_the_places_that_were_asked_are_named() {
    let (town, hub, digest, reference) = registry();
    let image = format!("docker://{reference}");
    let outcome = town.verify_json(&[&image]).expect_verdict(1, "Unsigned/NoSignature");
    let item = outcome.item();
    assert_eq!(answers(&item), ["lookaside absent 0", "referrers absent 0"]);
    let message = item["message"].as_str().unwrap();
    let place = format!("lookaside/{REPOSITORY}@{}", digest.replace(':', "="));
    assert!(message.contains(&place), "{message}");
    let text = town.verify(&[&image]).expect(1).words();
    assert!(text.contains("no signature") && text.contains(&place), "{text}");
    let explained = town.verify(&[&image, "--explain"]).expect(1).words();
    assert!(explained.contains("Source lookaside file://"), "{explained}");
    hub.store(|store| store.has_extension = true);
    let outcome = town.verify_json(&[&image]).expect_verdict(1, "Unsigned/NoSignature");
    assert_eq!(
        answers(&outcome.item()),
        ["extension absent 0", "lookaside absent 0", "referrers absent 0"]
    );
}

/// The import controller's type counts too; what several places have counts once.
#[test]
fn one_signature_in_two_places_counts_once() {
    let (town, hub, digest, reference) = registry();
    let signature = town.sign(&digest, &reference);
    hub.store(|store| {
        store.has_extension = true;
        store.repository(REPOSITORY).sign(&digest, "one", &signature);
    });
    town.keep(REPOSITORY, &digest, 1, &signature);
    let image = format!("docker://{reference}");
    let item = town
        .verify_json(&[&image])
        .expect_verdict(0, "Verified/Verified")
        .item();
    assert_eq!(answers(&item), ["extension found 1", "lookaside found 1"]);
    // Where a registry has the extension, nodes look into no store.
    let note = "podman and CRI-O do not look there: the registry offers its extension for signatures";
    assert_eq!(item["sources"][1]["note"], note, "{item}");
    assert_eq!(item["signatures"].as_array().unwrap().len(), 1);
    town.verify_json(&[&image, "--require", "2"])
        .expect_verdict(1, "Rejected/ThresholdNotReached");
}

#[test]
fn the_extension_by_both_types_and_a_broken_entry_among_them() {
    let (town, hub, digest, reference) = registry();
    let signature = crate::support::images::base64(&town.sign(&digest, &reference));
    for kind in ["atomic", "AtomicImageV1"] {
        let list = format!(
            "{{\"signatures\":[{{\"schemaVersion\":2,\"name\":\"a\",\"type\":\"atomic\",\"content\":\"?\"}},{{\"schemaVersion\":2,\"name\":\"b\",\"type\":\"{kind}\",\"content\":\"{signature}\"}}]}}"
        );
        hub.store(|store| store.has_extension = true);
        let path = format!("/extensions/v2/{REPOSITORY}/signatures/{digest}");
        hub.answer(&path, Answer::ok("application/json", list));
        let item = town
            .verify_json(&[&format!("docker://{reference}")])
            .expect_verdict(0, "Verified/Verified")
            .item();
        assert_eq!(answers(&item)[0], "extension found 2");
    }
}

/// Whatever one place says, what another has still counts; and without it nobody knows.
#[test]
fn trouble_with_one_place_spoils_no_other_and_hides_none() {
    let (town, hub, digest, reference) = registry();
    let store = lookaside(&town, &hub, "");
    hub.store(|store| store.has_extension = true);
    let image = format!("docker://{reference}");
    let signature = town.sign(&digest, &reference);
    let extension = format!("/extensions/v2/{REPOSITORY}/signatures/{digest}");
    let cases = [
        (Answer::status(403), "forbidden", "Unchecked/Forbidden"),
        (Answer::status(401), "forbidden", "Unchecked/Forbidden"),
        (Answer::status(410), "unreachable", "Unchecked/SourceUnavailable"),
        (Answer::status(500), "unreachable", "Unchecked/SourceUnavailable"),
        (Answer::page(), "page", "Unchecked/SourceUnavailable"),
        (
            Answer::ok("application/json", "{}"),
            "unusable",
            "Unchecked/SourceUnavailable",
        ),
        (
            Answer::ok("application/json", "[]"),
            "unusable",
            "Unchecked/SourceUnavailable",
        ),
    ];
    for (answer, word, verdict) in cases {
        hub.answer(&extension, answer.clone());
        store.answer(&lookaside_path(&digest, 1), Answer::status(404));
        let outcome = town.verify_json(&[&image]).expect_verdict(3, verdict);
        let item = outcome.item();
        assert_eq!(
            answers(&item),
            [
                &format!("extension {word} 0"),
                "lookaside absent 0",
                "referrers absent 0"
            ]
        );
        assert!(
            item["sources"][0]["message"].as_str().unwrap().contains(&extension),
            "{item}"
        );
        store.answer(&lookaside_path(&digest, 1), blob(&signature));
        let outcome = town.verify_json(&[&image]).expect_verdict(0, "Verified/Verified");
        assert_eq!(answers(&outcome.item())[1], "lookaside found 1", "{answer:?}");
    }
}

#[test]
fn a_lookaside_store_over_http() {
    let (town, hub, digest, reference) = registry();
    let store = Hub::plain();
    let image = format!("docker://{reference}");
    let signature = town.sign(&digest, &reference);
    let other = town.sign(&digest, "registry.example.com/other:v1");
    // The old name of the member is understood too.
    for member in ["lookaside", "sigstore"] {
        town.stores(&format!(
            "docker:\n  {}:\n    {member}: {}/store\n",
            hub.host(),
            store.url()
        ));
        store.answer(&lookaside_path(&digest, 1), blob(&other));
        // A gap hides nothing.
        store.answer(&lookaside_path(&digest, 3), Answer::redirect("/elsewhere/3"));
        store.answer("/elsewhere/3", blob(&signature));
        store.take_seen();
        let item = town
            .verify_json(&[&image])
            .expect_verdict(0, "Verified/Verified")
            .item();
        assert_eq!(answers(&item), ["lookaside found 2"]);
        assert_eq!(store.lines().len(), 7, "{:?}", store.lines());
    }
    // A page where a signature is expected is trouble of the store, not a bad signature.
    store.answer(&lookaside_path(&digest, 3), Answer::page());
    let item = town
        .verify_json(&[&image])
        .expect_verdict(3, "Unchecked/SourceUnavailable")
        .item();
    assert_eq!(answers(&item), ["lookaside page 1"]);
    assert!(item["message"].as_str().unwrap().contains("a web page came"), "{item}");
    store.answer(&lookaside_path(&digest, 3), blob(b"").body(Body::Cut(b"x".to_vec())));
    town.verify_json(&[&image])
        .expect_verdict(3, "Unchecked/SourceUnavailable");
    // A signature that is one of another format at the first number ends no search.
    let foreign = [&[0][..], b"future-format\n", b"x"].concat();
    store.answer(&lookaside_path(&digest, 1), blob(&foreign));
    store.answer(&lookaside_path(&digest, 3), blob(&signature));
    town.verify_json(&[&image]).expect_verdict(0, "Verified/Verified");
}

#[test]
fn as_many_signatures_as_are_judged_and_more() {
    let (town, _hub, digest, reference) = registry();
    let image = format!("docker://{reference}");
    let signature = town.sign(&digest, &reference);
    for number in 1..=127 {
        town.keep(
            REPOSITORY,
            &digest,
            number,
            format!("not a signature {number}").as_bytes(),
        );
    }
    town.keep(REPOSITORY, &digest, 128, &signature);
    let item = town
        .verify_json(&[&image])
        .expect_verdict(0, "Verified/Verified")
        .item();
    assert_eq!(item["signatures"].as_array().unwrap().len(), 128);
    town.keep(REPOSITORY, &digest, 128, b"not a signature 128");
    town.keep(REPOSITORY, &digest, 129, &signature);
    let item = town
        .verify_json(&[&image])
        .expect_verdict(1, "Rejected/NotASignature")
        .item();
    let last = item["signatures"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(last["reason"], "LimitExceeded", "{last}");
}

/// A login page that calls itself something else is trouble of the store all the same, and not a bad signature.
#[test]
fn a_page_that_is_not_called_one() {
    let (town, hub, digest, reference) = registry();
    let store = lookaside(&town, &hub, "");
    let image = format!("docker://{reference}");
    for page in ["<html>log in</html>", "\n <!DOCTYPE HTML>\n<p>log in"] {
        store.answer(&lookaside_path(&digest, 1), blob(page.as_bytes()));
        let outcome = town.verify_json(&[&image]);
        let item = outcome.expect_verdict(3, "Unchecked/SourceUnavailable").item();
        assert_eq!(answers(&item)[0], "lookaside page 0");
    }
}

/// A signature that this GnuPG cannot read, and one of another format, at the first place: those behind it are found.
#[test]
fn an_unreadable_signature_at_the_first_place_ends_no_search() {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/fixtures/v6/sigs/twin-v6-ed25519.sig");
    let six = std::fs::read(fixture).unwrap();
    let foreign = [&[0][..], b"future-format\n", b"x"].concat();
    for first in [&six[..], &foreign, b"", b"<html></html>"] {
        let (town, hub, digest, reference) = registry();
        let image = format!("docker://{reference}");
        let good = town.sign(&digest, &reference);
        // In the store, and in the list of the extension.
        town.keep(REPOSITORY, &digest, 1, first);
        town.keep(REPOSITORY, &digest, 2, &good);
        let item = town
            .verify_json(&[&image])
            .expect_verdict(0, "Verified/Verified")
            .item();
        assert_eq!(answers(&item), ["lookaside found 2"]);
        town.stores("");
        hub.store(|store| {
            store.has_extension = true;
            let repository = store.repository(REPOSITORY);
            repository.sign(&digest, "one", first);
            repository.sign(&digest, "two", &good);
        });
        let item = town
            .verify_json(&[&image])
            .expect_verdict(0, "Verified/Verified")
            .item();
        assert_eq!(answers(&item)[0], "extension found 2");
    }
}

/// Podman asks for one number after the other, and ends at the first that is missing.
#[test]
fn a_number_that_a_store_lacks_is_noted_where_podman_ends() {
    let (town, hub, digest, reference) = registry();
    let store = lookaside(&town, &hub, "");
    let image = format!("docker://{reference}");
    let (good, other) = (
        town.sign(&digest, &reference),
        town.sign(&digest, "registry.example.com/other:v1"),
    );
    let note = |verdict: &str| {
        let item = town.verify_json(&[&image]).expect_verdict(0, verdict).item();
        item["sources"][0]["note"].as_str().unwrap_or_default().to_owned()
    };
    store.answer(&lookaside_path(&digest, 2), blob(&good));
    let lacks = "podman and CRI-O read none of them after signature-1, which is missing";
    assert_eq!(note("Verified/Verified"), lacks);
    let text = town.verify(&[&image]).expect(0).words();
    assert!(text.contains(lacks), "{text}");
    store.answer(&lookaside_path(&digest, 1), blob(&other));
    assert_eq!(note("Verified/Verified"), "");
    store.answer(&lookaside_path(&digest, 4), blob(&town.sign(&digest, &reference)));
    assert_eq!(
        note("Verified/Verified"),
        "podman and CRI-O read none of them after signature-3, which is missing"
    );
}
