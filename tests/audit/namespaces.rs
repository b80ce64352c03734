// SPDX-License-Identifier: Apache-2.0
//! Some of the images of a cluster: those of a namespace, those that a user may read, those that are selected.

use serde_json::{json, Value};

use super::bench::digest;
use super::fleet::{counts, expected, name, pod, stored, tag, Fleet, SOURCE, WORDS};
use super::inventory::IMAGES;
use crate::support::api::Rule;

#[test]
fn a_namespace_has_the_images_of_its_tags_and_pods_each_asked_for_by_name() {
    let fleet = Fleet::of(30);
    fleet.server().stream(
        "mine",
        "web",
        json!({
            "metadata": {"labels": {"tier": "front"}},
            "spec": {"tags": [{"name": "v0", "from": {"kind": "DockerImage", "name": tag(0)}}]},
            "status": {"tags": [
                {"tag": "v0", "items": [{"image": digest(0)}, {"image": digest(2)}]},
                {"tag": "v3", "items": [{"image": digest(3)}]},
            ]},
        }),
    );
    let mut own = pod("Running", &name(8), &name(8));
    own["metadata"] = json!({"labels": {"tier": "back"}});
    fleet.server().pod("mine", "web-1", own);
    fleet
        .server()
        .pod("mine", "done", pod("Succeeded", &name(18), &name(18)));
    fleet.server().forget_requests();
    let (report, _) = fleet.lines(&["-n", "mine"], 1);
    let mut found: Vec<(&str, String)> = report
        .entries
        .iter()
        .map(|entry| {
            (
                entry["image"].as_str().unwrap(),
                entry["verdict"].as_str().unwrap().to_owned(),
            )
        })
        .collect();
    found.sort();
    let (zero, three, eight) = (digest(0), digest(3), digest(8));
    assert_eq!(
        found,
        [
            (zero.as_str(), "Verified".to_owned()),
            (three.as_str(), "Unchecked".to_owned()),
            (eight.as_str(), "Verified".to_owned()),
        ]
    );
    // No list of all images, no other namespace.
    let asked = fleet.asked();
    assert_eq!(asked.get(IMAGES), None, "{asked:?}");
    assert_eq!(
        asked.keys().filter(|line| line.contains("/images/")).count(),
        3,
        "{asked:?}"
    );
    assert!(asked.keys().all(|line| !line.contains("namespaces/shop")), "{asked:?}");
    let (report, _) = fleet.lines(&["-n", "mine", "-l", "tier=back"], 0);
    assert_eq!(report.entry()["image"], digest(8));
    let (report, _) = fleet.lines(&["-A", "-l", "tier in (front,back)"], 1);
    assert_eq!(report.entries.len(), 3);
}

#[test]
fn users_who_may_not_read_images_see_those_of_their_streams() {
    let fleet = Fleet::of(10);
    fleet.server().revoke_all();
    for (resource, verbs) in [
        ("imagestreams", &["get", "list"][..]),
        ("imagestreamimages", &["get"]),
        ("pods", &["list"]),
    ] {
        fleet
            .server()
            .allow(Rule::new("alice", verbs, resource).namespace("shop"));
    }
    let (report, _) = fleet.lines(&["-n", "shop"], 1);
    let verified = counts(&report)["Verified/Verified"];
    // The one that a pod names is in no stream.
    assert_eq!(verified, 2, "{:?}", counts(&report));
    assert_eq!(counts(&report)["Unchecked/Forbidden"], 1);
}

#[test]
fn selected_images_are_judged_and_no_others() {
    let fleet = Fleet::of(20);
    fleet.server().objects(|objects| {
        for n in [0, 3] {
            objects.edit_image(&digest(n), |image| {
                image["metadata"]["labels"] = json!({"audit": "yes"})
            });
        }
    });
    let (report, _) = fleet.lines(&["-l", "audit=yes"], 1);
    assert_eq!(report.words(), ["Verified/Verified", "Unsigned/NoSignature"]);
}

#[test]
fn what_one_namespace_calls_an_image_does_not_vouch_for_it_in_another() {
    let fleet = Fleet::empty();
    let own = digest(1);
    let blob = fleet.sign(&own, &format!("{SOURCE}/app:debug"));
    fleet.server().image(stored(&own, &[&blob]));
    let stream = |from: &str| {
        json!({"spec": {"tags": [{"name": "v1", "from": {"kind": "DockerImage", "name": format!("{SOURCE}/app:{from}")}}]},
               "status": {"tags": [{"tag": "v1", "items": [{"image": own}]}]}})
    };
    fleet.server().stream("evil", "app", stream("debug"));
    let (report, _) = fleet.lines(&[], 0);
    assert_eq!(report.words(), ["Verified/Verified"]);
    fleet.server().stream("good", "app", stream("v1"));
    let (report, _) = fleet.lines(&[], 1);
    assert_eq!(report.words(), ["Rejected/IdentityMismatch"], "{:#?}", report.entry());
    assert!(
        report.entry()["message"].as_str().unwrap().contains("good/app:v1"),
        "{:#?}",
        report.entry()
    );
}

#[test]
fn more_images_of_a_namespace_than_are_kept_are_read_again() {
    let fleet = Fleet::of(600);
    let (report, _) = fleet.lines(&["-n", "shop"], 1);
    let mut wanted = expected(600);
    // Nothing uses these.
    wanted.remove(WORDS[6]);
    assert_eq!(counts(&report), wanted);
}

/// An image that is Verified where it is expected does not count as Verified in a namespace that expects nothing of it, in every summary.
#[test]
fn what_an_image_is_in_a_namespace_has_a_column_though_no_image_is_that_by_itself() {
    let fleet = Fleet::shop();
    fleet.server().pod("evil", "x", pod("Running", &tag(9), &name(1)));
    let text = fleet.run(&[]).expect(0).stdout;
    let row = |name: &str| -> Vec<String> {
        let line = text.lines().find(|line| line.starts_with(name));
        let line = line.unwrap_or_else(|| panic!("{name}: {text}"));
        line.split_whitespace().map(str::to_owned).collect()
    };
    assert_eq!(row("NAMESPACE"), ["NAMESPACE", "VERIFIED", "UNCHECKED"], "{text}");
    assert_eq!(row("evil"), ["evil", "0", "1"], "{text}");
    assert_eq!(row("shop"), ["shop", "1", "0"], "{text}");
    let page = fleet.run(&["-o", "html"]).expect(0).stdout;
    let tables = page.matches("class=\"number\">Unchecked</th>").count();
    assert_eq!(tables, 2, "{page}");
}

/// Of more uses than a report has, no namespace is left out for another one, or without a word.
#[test]
fn a_namespace_is_not_hidden_by_the_uses_in_others() {
    let fleet = Fleet::empty();
    let (own, other) = (digest(1), digest(2));
    fleet.server().image(stored(&own, &[&fleet.sign(&own, &tag(1))]));
    for n in 0..120 {
        let pod = pod("Running", &name(1), &name(1));
        fleet.server().pod("aaa", &format!("web-{n:03}"), pod);
    }
    fleet.server().pod("zzz", "web", pod("Running", &name(1), &name(1)));
    let outcome = fleet.run(&["-o", "json"]).expect(0).json();
    let names = |outcome: &Value| -> Vec<String> {
        let all = outcome["totals"]["namespaces"].as_array().unwrap().iter();
        all.map(|own| own["namespace"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(&outcome), ["aaa", "zzz"], "{outcome:#}");
    assert_eq!(outcome["totals"]["leftOut"]["namespaces"], 0);
    // As many namespaces as are told, and more.
    fleet.server().image(stored(&other, &[&fleet.sign(&other, &tag(2))]));
    for n in 0..150 {
        let stream = json!({"spec": {"tags": [{"name": "v1", "from": {"kind": "DockerImage", "name": tag(2)}}]},
            "status": {"tags": [{"tag": "v1", "items": [{"image": other}]}]}});
        fleet.server().stream(&format!("team-{n:03}"), "app", stream);
    }
    let outcome = fleet.run(&["-o", "json"]).expect(0).json();
    assert_eq!(names(&outcome).len(), 102, "{outcome:#}");
    assert_eq!(outcome["totals"]["leftOut"]["namespaces"], 50);
    let text = fleet.run(&[]).expect(0).stdout;
    assert!(text.contains("(up to 50 images in other namespaces)"), "{text}");
}
