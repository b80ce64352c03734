// SPDX-License-Identifier: Apache-2.0
//! Registries that are asked for signatures of a cluster's images and give none: trouble is never "no signature", and what is
//! asked is bounded.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::elsewhere::Town;
use super::fleet::stored;
use crate::support::hub::Answer;

#[test]
fn a_registry_in_trouble_is_never_no_signature() {
    let town = Town::new();
    let own = town.image("v1", true);
    town.stream(&[("v1", &own)]);
    let manifest = format!("/v2/ns/app/manifests/{own}");
    for answer in [
        Answer::status(500),
        Answer::status(403),
        Answer::status(404),
        Answer::page(),
    ] {
        town.hub.answer(&manifest, answer.clone());
        let report = town.lines(&["--registry-url", "auto"], 1);
        assert_eq!(report.entry()["verdict"], "Unchecked", "{answer:?}");
    }
    // A signature on the object is enough by itself.
    let blob = town.fleet.sign(&own, &format!("{}/ns/app:v1", town.hub.host()));
    town.fleet.server().objects(|objects| {
        objects.edit_image(&own, |image| {
            image["signatures"] = stored(&own, &[&blob])["signatures"].clone()
        });
    });
    let report = town.lines(&["--registry-url", "auto"], 0);
    assert_eq!(report.words(), ["Verified/Verified"]);
}

/// Mirror sets that cannot be read might forbid the source: then nobody is asked.
#[test]
fn mirrors_that_cannot_be_read_keep_registries_from_being_asked() {
    let town = Town::new();
    let own = town.image("v1", true);
    town.sign(&own, "v1");
    town.stream(&[("v1", &own)]);
    town.fleet.server().revoke_all();
    for resource in ["images", "imagestreams", "pods", "clusterversions", "configmaps"] {
        town.fleet.server().grant("alice", &["get", "list"], resource);
    }
    let report = town.lines(&["--registry-url", "auto"], 1);
    assert_eq!(report.entry()["verdict"], "Unchecked", "{report:#?}");
    assert_eq!(town.hub.connections(), 0);
}

/// The requests of an image are few, and connections do not grow with images or threads.
#[test]
fn requests_and_connections_are_bounded() {
    let town = Town::new();
    let images: Vec<(String, String)> = (0..40)
        .map(|n| (format!("v{n}"), town.image(&format!("v{n}"), true)))
        .collect();
    let named: Vec<(&str, &str)> = images.iter().map(|(tag, own)| (tag.as_str(), own.as_str())).collect();
    town.stream(&named);
    let report = town.lines(&["--registry-url", "auto", "--workers", "8"], 1);
    assert_eq!(report.entries.len(), 40);
    // Two clients of one host, each with one connection, whatever the number of threads.
    assert!(town.hub.connections() <= 2, "{}", town.hub.connections());
    let most = AtomicUsize::new(0);
    for (_, own) in &images {
        let asked = town
            .hub
            .lines()
            .iter()
            .filter(|line| line.contains(own.as_str()))
            .count();
        most.fetch_max(asked, Ordering::Relaxed);
    }
    // Manifest, signature extension, and what refers to an image without signatures.
    assert!(most.into_inner() <= 4, "{:#?}", town.hub.lines());
}
