// SPDX-License-Identifier: Apache-2.0
//! Registries and stores that redirect: podman and skopeo follow them, and so does the program.

use super::sources::{blob, lookaside, lookaside_path, registry, REPOSITORY};
use crate::support::hub::{Answer, Hub};

/// The forms in which a server may name a path of its own, which begins at its root, in an answer to `/v2/`.
fn forms(hub: &Hub, path: &str) -> [String; 5] {
    let host = hub.host();
    [
        format!("/{path}"),
        format!("../{path}"),
        format!("//{host}/{path}"),
        format!("HTTP://{host}/{path}"),
        format!("/v2/./x/../../{path}"),
    ]
}

#[test]
fn a_registry_that_redirects_its_first_answer() {
    let (town, hub, digest, reference) = registry();
    town.keep(REPOSITORY, &digest, 1, &town.sign(&digest, &reference));
    let image = format!("docker://{reference}");
    hub.answer("/api/v2/", Answer::ok("application/json", "{}"));
    for status in [301, 302, 303, 307, 308] {
        for location in forms(&hub, "api/v2/") {
            hub.answer("/v2/", Answer::status(status).header("Location", &location));
            hub.take_seen();
            let outcome = town.verify_json(&[&image]);
            assert_eq!(outcome.verdict(), "Verified/Verified", "{location}: {outcome:#?}");
            assert_eq!(hub.lines()[..2], ["GET /v2/", "GET /api/v2/"], "{location}");
            // What follows is asked for as if there were no redirect.
            assert_eq!(hub.lines()[2], format!("GET /v2/{REPOSITORY}/manifests/v1"));
        }
    }
    // As often as any other request is.
    let step = |n: usize| format!("/step/{n}");
    hub.answer("/v2/", Answer::redirect(&step(1)));
    (1..5).for_each(|n| hub.answer(&step(n), Answer::redirect(&step(n + 1))));
    hub.answer(&step(5), Answer::ok("application/json", "{}"));
    town.verify_json(&[&image]).expect_verdict(0, "Verified/Verified");
    hub.answer(&step(5), Answer::redirect("/api/v2/"));
    hub.take_seen();
    let item = town
        .verify_json(&[&image])
        .expect_verdict(3, "Unchecked/SourceUnavailable")
        .item();
    assert!(
        item["message"].as_str().unwrap().contains("more than 5 redirects"),
        "{item}"
    );
    assert!(!hub.lines().contains(&"GET /api/v2/".to_owned()), "{:?}", hub.lines());
    for (answer, why) in [
        (Answer::status(302), "without a Location"),
        (Answer::redirect(""), "not an http or https URL"),
        (Answer::redirect("ftp://127.0.0.1/v2/"), "not an http or https URL"),
    ] {
        hub.answer("/v2/", answer);
        let item = town
            .verify_json(&[&image])
            .expect_verdict(3, "Unchecked/SourceUnavailable")
            .item();
        assert!(item["message"].as_str().unwrap().contains(why), "{item}");
    }
}

#[test]
fn a_manifest_and_a_store_with_locations_in_every_form() {
    let (town, hub, digest, reference) = registry();
    let store = lookaside(&town, &hub, "");
    let image = format!("docker://{reference}");
    let (kind, bytes) = hub.store(|store| store.repository(REPOSITORY).manifest("v1"));
    hub.answer("/moved/manifest", Answer::ok(&kind, bytes));
    store.answer("/moved/1", blob(&town.sign(&digest, &reference)));
    let manifest = format!("/v2/{REPOSITORY}/manifests/v1");
    let up = |location: &str, levels: usize| location.replacen("../", &"../".repeat(levels), 1);
    for (of_manifest, of_store) in forms(&hub, "moved/manifest").iter().zip(forms(&store, "moved/1")) {
        hub.answer(&manifest, Answer::redirect(&up(of_manifest, 4)));
        store.answer(&lookaside_path(&digest, 1), Answer::redirect(&up(&of_store, 3)));
        let outcome = town.verify_json(&[&image]);
        assert_eq!(
            outcome.verdict(),
            "Verified/Verified",
            "{of_manifest} {of_store}: {outcome:#?}"
        );
    }
    // Beside the answer itself, and with another query only.
    hub.answer(&format!("{manifest}.moved"), Answer::redirect("/moved/manifest"));
    hub.answer(&manifest, Answer::redirect("v1.moved?x=/y"));
    town.verify_json(&[&image]).expect_verdict(0, "Verified/Verified");
    let twice = [Answer::redirect("?again"), Answer::redirect("/moved/manifest")];
    hub.answers(&manifest, twice);
    hub.take_seen();
    town.verify_json(&[&image]).expect_verdict(0, "Verified/Verified");
    assert!(
        hub.lines().contains(&format!("GET {manifest}?again")),
        "{:?}",
        hub.lines()
    );
}
