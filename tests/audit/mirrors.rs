// SPDX-License-Identifier: Apache-2.0
//! `audit --mirrors` between two of Debian's registries: each state that an image and its signatures can be in at a mirror,
//! and the commands that fill the gaps, run as they are printed.

use serde_json::{json, Value};

use super::bench::digest;
use super::fleet::{stored, Fleet};
use super::mirror_scene::{about, mirrored, Scene, CASES};
use crate::support::hub::{Answer, Hub};

#[test]
fn each_state_is_told_and_the_commands_fill_the_gaps() {
    let Some(scene) = Scene::new() else { return };
    let found = scene.audit(&["--fail-on", "gap"], 1);
    for (n, (case, found)) in CASES.iter().zip(&found).enumerate() {
        assert_eq!(found.len(), case.found.len(), "{n}: {found:#?}");
        for (finding, (kind, message)) in found.iter().zip(case.found) {
            assert_eq!(finding["kind"], *kind, "{n}: {finding}");
            assert!(finding["message"].as_str().unwrap().contains(message), "{n}: {finding}");
            assert_eq!(finding["command"].is_string(), *kind == "gap", "{n}: {finding}");
        }
    }
    // Without --fail-on gap they are told and no failure.
    scene.audit(&[], 0);
    // skopeo copies an image without what hangs at its tag, so that a copy may show the next gap.
    let mut found = found;
    // What was told here skopeo does not know by itself.
    std::fs::remove_file(scene.path("home/.config/containers/registries.conf")).unwrap();
    for _ in 0..3 {
        let commands = found.iter().flatten().filter_map(|finding| finding["command"].as_str());
        let commands: Vec<String> = commands.map(str::to_owned).collect();
        if commands.is_empty() {
            break;
        }
        for command in &commands {
            scene.skopeo(command);
        }
        found = scene.audit(&[], 0);
    }
    let left: Vec<(usize, &Value)> = found
        .iter()
        .enumerate()
        .flat_map(|(n, all)| all.iter().map(move |one| (n, one)))
        .collect();
    assert_eq!(left.len(), 1, "{left:#?}");
    assert_eq!((left[0].0, &left[0].1["kind"]), (8, &json!("unreachable")));
    scene.audit(&["--fail-on", "gap"], 0);
}

#[test]
fn a_registry_that_does_not_answer_is_no_gap() {
    for is_mirror in [true, false] {
        let Some(mut scene) = Scene::new() else { return };
        if is_mirror {
            scene.mirror = None;
        } else {
            scene.source = None;
        }
        // The store of the source is another place than its registry, and answers.
        let status = if is_mirror { 0 } else { 1 };
        let found = scene.audit(&["--fail-on", "gap"], status);
        for (n, found) in found.iter().enumerate() {
            assert!(
                found.iter().any(|finding| finding["kind"] == "unreachable"),
                "{n}: {found:#?}"
            );
            let gaps = found.iter().filter(|finding| finding["kind"] == "gap");
            let in_stores = gaps.filter(|gap| gap["message"].as_str().unwrap().contains("lookaside store"));
            assert_eq!(
                in_stores.count(),
                usize::from(!is_mirror && [5, 6].contains(&n)),
                "{n}: {found:#?}"
            );
        }
    }
}

#[test]
fn mirror_sets_that_may_not_be_read_are_named_and_nobody_is_contacted() {
    let Some(scene) = Scene::new() else { return };
    scene.fleet.server().revoke_all();
    scene.fleet.server().allow_auditor("alice");
    for resource in ["imagestreams", "pods", "clusterversions"] {
        scene.fleet.server().grant("alice", &["get", "list"], resource);
    }
    let found = scene.audit(&[], 3);
    for found in &found {
        assert_eq!(found.len(), 1, "{found:#?}");
        assert!(
            found[0]["message"].as_str().unwrap().contains("ImageDigestMirrorSet"),
            "{found:#?}"
        );
    }
}

#[test]
fn without_the_option_no_registry_is_contacted() {
    let Some(scene) = Scene::new() else { return };
    let (report, _) = scene.fleet.lines(&[], 0);
    assert!(scene.digests.iter().all(|digest| about(&report, digest).is_empty()));
}

/// No gap where there is no mirror says nothing about mirrors.
#[test]
fn that_no_mirror_is_configured_is_told() {
    let fleet = Fleet::empty();
    mirrored(&fleet, ["other.example", "mirror.example"]);
    let mut object = stored(&digest(1), &[]);
    object["dockerImageReference"] = json!(format!("registry.example/ns/app@{}", digest(1)));
    fleet.server().image(object);
    let told = "mirrors: none is configured for any of the images\n";
    let (_, outcome) = fleet.lines(&["--mirrors"], 1);
    assert!(outcome.stderr.contains(told), "{outcome:?}");
    let (_, outcome) = fleet.lines(&[], 1);
    assert!(!outcome.stderr.contains("mirrors:"), "{outcome:?}");
}

#[test]
fn with_files_there_is_nobody_to_ask() {
    let fleet = Fleet::empty();
    fleet.scene.sandbox.file("one.json", "{}");
    let outcome = fleet.run(&["--mirrors", "-f", "one.json"]);
    outcome.expect_usage("--mirrors");
}

#[test]
fn the_extension_of_a_registry_is_compared_too() {
    let fleet = Fleet::empty();
    let (source, mirror) = (Hub::plain(), Hub::plain());
    mirrored(&fleet, [&source.host(), &mirror.host()]);
    fleet.scene.sandbox.file("registries.d/own.yaml", "docker: {}\n");
    let mut digest = String::new();
    for (hub, repository, names) in [(&source, "ns/app", &["a", "b"][..]), (&mirror, "m/app", &["a"])] {
        hub.store(|store| {
            store.has_extension = true;
            let repository = store.repository(repository);
            digest = repository.image("v1", "one");
            for name in names {
                repository.sign(&digest, name, name.as_bytes());
            }
        });
    }
    let place = format!("{}/ns/app", source.host());
    let blob = fleet.sign(&digest, &format!("{place}:v1"));
    let mut object = stored(&digest, &[&blob]);
    object["dockerImageReference"] = json!(format!("{place}@{digest}"));
    fleet.server().image(object);
    let registries = fleet.scene.sandbox.path("registries.d");
    let args = ["--mirrors", "--registries.d", registries.to_str().unwrap()];
    let findings = || {
        let (report, _) = fleet.lines(&args, 1);
        let findings = report.entry()["findings"].as_array().cloned().unwrap_or_default();
        let about = |finding: &Value| finding["kind"] == "gap" || finding["kind"] == "unreachable";
        findings.into_iter().filter(about).collect::<Vec<Value>>()
    };
    let found = findings();
    assert_eq!(found.len(), 1, "{found:#?}");
    let message = found[0]["message"].as_str().unwrap();
    assert!(message.contains("extension differ: 1 of 2"), "{message}");
    // As the user has signatures found, skopeo has to find them.
    let command = found[0]["command"].as_str().unwrap();
    let begin = format!("skopeo --registries.d {} copy --all", registries.display());
    assert!(command.starts_with(&begin), "{command}");
    // A second kind that is lost has the same command, which people read once.
    let stores = fleet.scene.sandbox.path("stores");
    let own = format!(
        "docker:\n  {}:\n    lookaside: file://{}\n",
        source.host(),
        stores.display()
    );
    fleet.scene.sandbox.file("registries.d/own.yaml", own);
    let file = format!("stores/ns/app@{}/signature-1", digest.replace(':', "="));
    fleet.scene.sandbox.file(&file, "kept beside it");
    let both = findings();
    assert_eq!(both.len(), 2, "{both:#?}");
    assert_eq!(both[0]["command"], both[1]["command"], "{both:#?}");
    let text = fleet.run(&args).expect(1).stdout;
    assert_eq!(text.matches(command).count(), 1, "{text}");
    fleet.scene.sandbox.file("registries.d/own.yaml", "docker: {}\n");
    // Neither of them sees the token of the cluster.
    for hub in [&source, &mirror] {
        assert!(hub.seen().iter().all(|seen| seen.authorization().is_empty()));
    }
    // A page where a list should be is no list without signatures.
    mirror.answer(&format!("/extensions/v2/m/app/signatures/{digest}"), Answer::page());
    let found = findings();
    assert_eq!(found.len(), 1, "{found:#?}");
    assert_eq!(found[0]["kind"], "unreachable");
}
