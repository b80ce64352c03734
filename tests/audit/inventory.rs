// SPDX-License-Identifier: Apache-2.0
//! Every image of a cluster: none is lost, none is judged twice, and what cannot be known is named.

use std::process::Stdio;
use std::time::Duration;

use rustix::process::{kill_process, Pid, Signal};
use serde_json::{json, Value};

use super::bench::{digest, Report};
use super::fleet::{assert_whole, counts, expected, kind, name, pod, stored, tag, Fleet, SOURCE, WORDS};
use crate::support::api::{Fault, Rule};
use crate::support::program::wait_until;

const IMAGES: &str = "GET /apis/image.openshift.io/v1/images";
const STREAMS: &str = "GET /apis/image.openshift.io/v1/imagestreams";
const PODS: &str = "GET /api/v1/pods";
const VERSION: &str = "GET /apis/config.openshift.io/v1/clusterversions/version";

#[test]
fn five_thousand_images_are_counted_exactly_without_a_request_for_each() {
    let fleet = Fleet::of(5000);
    let (report, outcome) = fleet.lines(&[], 1);
    assert_eq!(counts(&report), expected(5000));
    assert_whole(&[&report], 5000);
    assert_eq!(report.tail.get("incomplete"), None, "{outcome:#?}");
    // Ten pages, once to see what there is and once to judge; the other lists once each.
    let asked = fleet.asked();
    let pods = asked[PODS];
    assert_eq!(
        asked,
        [(IMAGES, 20), (STREAMS, 1), (PODS, pods), (VERSION, 1)]
            .map(|(line, times)| (line.to_owned(), times))
            .into()
    );
    let limits = fleet.server().requests();
    let limits = limits.iter().filter(|request| !request.path.ends_with("/version"));
    assert!(limits.clone().all(|request| request.parameter("limit") == Some("500")));
}

#[test]
fn a_list_that_expires_in_the_middle_begins_again_and_loses_nothing() {
    for is_for_good in [false, true] {
        let fleet = Fleet::of(1200);
        let mut asked = 0;
        if is_for_good {
            fleet.server().expire_continue_tokens_for_good();
        }
        fleet.server().before_every("GET", "/images$", move |objects| {
            asked += 1;
            // The second page of the first walk, and the second and third of the walk that judges.
            if [2, 7, 9].contains(&asked) {
                objects.put_image(stored(&digest(1200), &[]));
                objects.remove_image(&digest(1200));
                objects.compact();
            }
        });
        let (report, _) = fleet.lines(&[], 1);
        assert_whole(&[&report], 1200);
        let expired = fleet.server().requests();
        let expired = expired.iter().filter(|request| request.status == 410).count();
        assert_eq!(expired, 3);
    }
}

#[test]
fn a_list_that_always_expires_is_given_up_and_named() {
    let fleet = Fleet::of(600);
    fleet
        .server()
        .before_every("GET", "/images$", |objects| objects.compact());
    let (report, outcome) = fleet.lines(&[], 3);
    let incomplete = report.tail["incomplete"].to_string();
    assert!(incomplete.contains("listing Images"), "{incomplete}");
    assert!(outcome.stderr.contains("listing Images"), "{outcome:#?}");
    let asked = fleet.asked()[IMAGES];
    assert!(asked < 40, "{asked}");
    // What was seen before is not lost.
    assert!(report.entries.len() >= 500, "{}", report.entries.len());
}

#[test]
fn shards_add_up_to_the_whole() {
    let fleet = Fleet::of(700);
    let reports: Vec<Report> = (0..3)
        .map(|shard| fleet.lines(&["--shard", &format!("{shard}/3")], 1).0)
        .collect();
    assert_whole(&reports.iter().collect::<Vec<_>>(), 700);
    assert!(reports.iter().all(|report| report.entries.len() > 100));
}

#[test]
fn busy_servers_are_asked_again_when_they_say_so() {
    let fleet = Fleet::of(1100);
    for (status, path) in [(429, "/images$"), (503, "/imagestreams"), (503, "/pods")] {
        let fault = Fault::status(status).on("GET", path).retry_after(0).once();
        fleet.server().fault(fault);
    }
    let (report, _) = fleet.lines(&[], 1);
    assert_whole(&[&report], 1100);
    let answers: Vec<u16> = fleet.server().requests().iter().map(|request| request.status).collect();
    assert_eq!(
        answers
            .iter()
            .filter(|status| **status != 200 && **status != 404)
            .count(),
        3
    );
}

#[test]
fn what_may_not_be_listed_makes_the_inventory_incomplete_by_name() {
    for (resource, what) in [
        ("imagestreams", "ImageStreams"),
        ("pods", "Pods"),
        ("clusterversions", "ClusterVersion"),
        ("images", "Images"),
    ] {
        let fleet = Fleet::of(20);
        fleet.server().revoke_all();
        for other in ["images", "imagestreams", "pods", "clusterversions"] {
            if other != resource {
                fleet.server().grant("alice", &["get", "list"], other);
            }
        }
        let (report, outcome) = fleet.lines(&[], 3);
        let incomplete = report.tail["incomplete"].to_string();
        assert!(
            incomplete.contains(what) && incomplete.contains("forbidden"),
            "{resource}: {incomplete}"
        );
        assert!(outcome.stderr.contains(what), "{outcome:#?}");
        if resource == "imagestreams" {
            // Without the tags nothing says what to expect, and what pods name is judged all the same.
            assert_eq!(report.entries[0]["reason"], "NoExpectedIdentity");
            assert_eq!(report.entries[8]["verdict"], "Verified");
        }
    }
}

#[test]
fn a_part_of_a_list_is_not_taken_for_the_whole() {
    for answer in [
        r#"{"kind":"ImageList","apiVersion":"image.openshift.io/v1","items":[]}"#,
        r#"{"kind":"ImageList","apiVersion":"image.openshift.io/v1","metadata":{}}"#,
        r#"{"kind":"ImageStreamList","apiVersion":"image.openshift.io/v1","metadata":{},"items":[]}"#,
        r#"{"metadata":{},"items":[]}"#,
        r#"{"kind":"ImageList","apiVersion":"image.openshift.io/v1","metadata":{},"items":[{"metadata":{"name":"x"}}]}"#,
        r#"{"kind":"Status","status":"Success"}"#,
        r#"{"kind":"ImageList","apiVersion":"image.openshift.io/v1","metadata":{},"items":["#,
    ] {
        let fleet = Fleet::of(10);
        fleet
            .server()
            .fault(Fault::body("application/json", answer).on("GET", "/images$"));
        let (report, _) = fleet.lines(&[], 3);
        assert!(report.tail["incomplete"].to_string().contains("ImageList"), "{answer}");
    }
    // Pages that form a loop end.
    let fleet = Fleet::of(10);
    fleet.server().fault(Fault::endless_pages().on("GET", "/images$"));
    let (report, _) = fleet.lines(&[], 3);
    assert!(
        report.tail["incomplete"].to_string().contains("form a loop"),
        "{}",
        report.tail
    );
}

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
fn what_a_list_that_is_not_selected_expects_of_a_selected_instance_counts() {
    let fleet = Fleet::empty();
    let (whole, own) = (digest(1), digest(2));
    let mut object = stored(&whole, &[]);
    object["dockerImageManifests"] = json!([
        {"digest": own, "mediaType": "application/vnd.oci.image.manifest.v1+json",
         "manifestSize": 1, "architecture": "amd64", "os": "linux"}
    ]);
    fleet.server().image(object);
    fleet.server().image(stored(&own, &[&fleet.sign(&own, &tag(2))]));
    fleet.server().objects(|objects| {
        objects.edit_image(&own, |image| image["metadata"]["labels"] = json!({"audit": "yes"}));
    });
    let stream = |reference: String, image: &str| {
        json!({"spec": {"tags": [{"name": "v1", "from": {"kind": "DockerImage", "name": reference}}]},
               "status": {"tags": [{"tag": "v1", "items": [{"image": image}]}]}})
    };
    fleet.server().stream("other", "app", stream(tag(2), &own));
    let (report, _) = fleet.lines(&["-l", "audit=yes"], 0);
    assert_eq!(report.words(), ["Verified/Verified"]);
    fleet.server().stream("shop", "app", stream(tag(1), &whole));
    let (report, _) = fleet.lines(&["-l", "audit=yes"], 1);
    assert_eq!(report.words(), ["Rejected/IdentityMismatch"]);
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
fn what_pods_run_is_judged_where_its_digest_is_known_and_named_where_not() {
    let fleet = Fleet::empty();
    let blob = fleet.sign(&digest(1), &tag(1));
    fleet.server().image(stored(&digest(1), &[&blob]));
    let config = format!("docker://{}", digest(9));
    for (pod_name, value) in [
        ("named", pod("Running", &name(1), &name(1))),
        ("by-tag", pod("Running", &tag(2), &name(2))),
        ("odd", pod("Running", &tag(3), &config)),
        ("gone", pod("Failed", &name(4), &name(4))),
    ] {
        fleet.server().pod("shop", pod_name, value);
    }
    let (report, _) = fleet.lines(&[], 3);
    let found: Vec<(&Value, String)> = report
        .entries
        .iter()
        .map(|entry| &entry["image"])
        .zip(report.words())
        .collect();
    assert_eq!(
        found,
        [
            (&json!(digest(1)), "Verified/Verified".to_owned()),
            // A digest that a tag was resolved to when the pod began is no expectation, and no Image object has it.
            (&json!(digest(2)), "Unchecked/NotFound".to_owned()),
        ]
    );
    assert_eq!(report.entries[0]["identitySource"], "named");
    assert_eq!(
        report.entries[0]["uses"],
        json!([{"kind": "pod", "namespace": "shop", "name": "named/main"}])
    );
    let incomplete = report.tail["incomplete"].to_string();
    assert!(
        incomplete.contains("shop/odd") && !incomplete.contains("gone"),
        "{incomplete}"
    );
}

#[test]
fn the_release_payload_is_named_by_the_cluster() {
    let fleet = Fleet::empty();
    let blob = fleet.sign(&digest(1), "quay.example/release/ocp:4.21.3-x86_64");
    fleet.server().image(stored(&digest(1), &[&blob]));
    let version = json!({
        "kind": "ClusterVersion", "apiVersion": "config.openshift.io/v1", "metadata": {"name": "version"},
        "status": {"history": [{"state": "Completed", "version": "4.21.3",
                                "image": format!("quay.example/release/ocp@{}", digest(1))}]},
    });
    fleet
        .server()
        .document("/apis/config.openshift.io/v1/clusterversions/version", version);
    let (report, _) = fleet.lines(&[], 0);
    assert_eq!(report.words(), ["Verified/Verified"]);
    assert_eq!(report.entry()["uses"], json!([{"kind": "release", "name": "4.21.3"}]));
    assert_eq!(report.entry()["identitySource"], "named");
}

#[test]
fn instances_of_a_list_are_expected_to_be_signed_as_its_tag() {
    let fleet = Fleet::empty();
    let (list, good, bad) = (digest(1), digest(2), digest(3));
    let mut object = stored(&list, &[]);
    object["dockerImageManifests"] = [&good, &bad]
        .map(|digest| {
            json!({"digest": digest, "mediaType": "application/vnd.oci.image.manifest.v1+json",
                   "manifestSize": 1, "architecture": "amd64", "os": "linux"})
        })
        .into_iter()
        .collect();
    fleet.server().image(object);
    fleet.server().image(stored(&good, &[&fleet.sign(&good, &tag(1))]));
    fleet.server().image(stored(&bad, &[&fleet.sign(&bad, &tag(2))]));
    let stream = json!({"spec": {"tags": [{"name": "v1", "from": {"kind": "DockerImage", "name": tag(1)}}]},
                        "status": {"tags": [{"tag": "v1", "items": [{"image": list}]}]}});
    fleet.server().stream("shop", "app", stream);
    for args in [&[][..], &["-n", "shop"], &["-n", "shop", "--shard", "0/1"]] {
        let (report, _) = fleet.lines(args, 1);
        let mut found: Vec<(String, String)> = report
            .entries
            .iter()
            .map(|entry| entry["image"].as_str().unwrap().to_owned())
            .zip(report.words())
            .collect();
        found.sort();
        assert_eq!(found[0].1, "Unsigned/NoSignature", "{args:?}");
        assert_eq!(
            found[1..],
            [
                (good.clone(), "Verified/Verified".to_owned()),
                (bad.clone(), "Rejected/IdentityMismatch".to_owned()),
            ]
        );
    }
}

/// An Image object that is a list of these.
fn list_of(own: &str, instances: &[&str]) -> Value {
    let mut object = stored(own, &[]);
    let entry = |digest: &&str| {
        json!({"digest": digest, "mediaType": "application/vnd.oci.image.manifest.v1+json",
               "manifestSize": 1, "architecture": "amd64", "os": "linux"})
    };
    object["dockerImageManifests"] = instances.iter().map(entry).collect();
    object
}

/// A stream whose tag v1 is imported from a tag and stands for an image.
fn stream_of(from: &str, own: &str) -> Value {
    json!({"spec": {"tags": [{"name": "v1", "from": {"kind": "DockerImage", "name": from}}]},
           "status": {"tags": [{"tag": "v1", "items": [{"image": own}]}]}})
}

#[test]
fn a_demand_of_its_own_does_not_excuse_an_instance_from_that_on_its_list() {
    // The instance comes before its list, behind it, and behind a list in a list.
    for (outer, inner, instance) in [(3, None, 1), (1, None, 3), (3, Some(2), 1), (1, Some(3), 2)] {
        let fleet = Fleet::empty();
        let (outer, inner, instance) = (digest(outer), inner.map(digest), digest(instance));
        let below = inner.as_ref().unwrap_or(&instance);
        fleet.server().image(list_of(&outer, &[below]));
        if let Some(inner) = &inner {
            fleet.server().image(list_of(inner, &[&instance]));
        }
        let evil = format!("{SOURCE}/evil:v1");
        let blob = fleet.sign(&instance, &evil);
        fleet.server().image(stored(&instance, &[&blob]));
        fleet.server().stream("shop", "a", stream_of(&tag(1), &outer));
        fleet.server().stream("shop", "e", stream_of(&evil, &instance));
        for args in [&[][..], &["-A"], &["-n", "shop"]] {
            let (report, _) = fleet.lines(args, 1);
            let own = report.entries.iter().zip(report.words());
            let own = own.filter(|(entry, _)| entry["image"] == instance);
            let words: Vec<String> = own.map(|(_, word)| word).collect();
            assert_eq!(words, ["Rejected/IdentityMismatch"], "{args:?} {inner:?}: {report:#?}");
            assert_eq!(report.entries.len(), 2 + usize::from(inner.is_some()), "{args:?}");
        }
        // Signed as both, it is what all expect.
        let blobs = [blob, fleet.sign(&instance, &tag(1))];
        let blobs: Vec<&[u8]> = blobs.iter().map(Vec::as_slice).collect();
        fleet.server().objects(|objects| {
            objects.edit_image(&instance, |image| {
                image["signatures"] = stored(&instance, &blobs)["signatures"].clone()
            });
        });
        let (report, _) = fleet.lines(&["-A"], 1);
        assert!(report.words().contains(&"Verified/Verified".to_owned()), "{report:#?}");
    }
}

#[test]
fn of_many_lists_in_a_cluster_no_instance_misses_what_is_expected_of_its_list() {
    let fleet = Fleet::empty();
    let evil = format!("{SOURCE}/evil:v1");
    let instances = |n: usize| [digest(3 * n + 7), digest(1000 - n)];
    for n in 0..8 {
        let (list, own) = (digest(500 + n), instances(n));
        fleet.server().image(list_of(&list, &[&own[0], &own[1]]));
        fleet
            .server()
            .stream("shop", &format!("a{n}"), stream_of(&tag(n), &list));
        for (of, one) in own.iter().enumerate() {
            let blob = fleet.sign(one, &evil);
            fleet.server().image(stored(one, &[&blob]));
            fleet
                .server()
                .stream("evil", &format!("e{n}-{of}"), stream_of(&evil, one));
        }
    }
    for args in [&[][..], &["-A"]] {
        let (report, _) = fleet.lines(args, 1);
        let wanted = [("Rejected/IdentityMismatch", 16), ("Unsigned/NoSignature", 8)];
        let wanted = wanted.map(|(word, times)| (word.to_owned(), times)).into();
        assert_eq!(counts(&report), wanted, "{args:?}");
    }
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

#[test]
fn an_interrupted_audit_of_a_cluster_tells_what_is_done() {
    let fleet = Fleet::of(1100);
    // The second page of the walk that judges comes late.
    let late = Fault::delay(Duration::from_secs(2)).on("GET", "/images$").after(4);
    fleet.server().fault(late);
    let mut command = fleet.command(&["-o", "jsonl"]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    let pages = || fleet.asked().get(IMAGES).copied().unwrap_or(0);
    wait_until("the first page is judged", || pages() == 4);
    std::thread::sleep(Duration::from_millis(500));
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    kill_process(pid, Signal::INT).unwrap();
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(130), "{stderr}");
    let report = Report::read(&String::from_utf8(output.stdout).unwrap());
    assert_eq!(report.tail["interrupted"], true);
    assert!(
        !report.entries.is_empty() && report.entries.len() <= 1000,
        "{}",
        report.entries.len()
    );
    for (entry, word) in report.entries.iter().zip(report.words()) {
        let number = (0..1100).find(|n| entry["image"] == digest(*n)).unwrap();
        assert_eq!(word, WORDS[kind(number)]);
    }
    // What it has begun to ask for is the last.
    assert!(pages() <= 5, "{}", pages());
}
