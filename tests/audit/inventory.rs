// SPDX-License-Identifier: Apache-2.0
//! Every image of a cluster: none is lost, none is judged twice, and what cannot be known is named.

use std::time::{Duration, Instant};

use rustix::process::{kill_process, Pid, Signal};
use serde_json::{json, Value};

use super::bench::{digest, Report};
use super::fleet::{assert_whole, counts, expected, kind, name, pod, stored, tag, Fleet, WORDS};
use crate::support::api::Fault;
use crate::support::program::wait_until;

pub(super) const IMAGES: &str = "GET /apis/image.openshift.io/v1/images";
pub(super) const STREAMS: &str = "GET /apis/image.openshift.io/v1/imagestreams";
pub(super) const PODS: &str = "GET /api/v1/pods";
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
    for request in limits.iter().filter(|request| !request.path.ends_with("/version")) {
        let limit = if request.path.ends_with("/imagestreams") {
            "50"
        } else {
            "500"
        };
        assert_eq!(request.parameter("limit"), Some(limit));
    }
}

/// One stream may have a thousand tags, and a page of them is held as a whole.
#[test]
fn of_large_streams_a_page_has_few_and_of_small_ones_many() {
    for (size, second) in [(200_000, 15..25), (0, 100..101)] {
        let fleet = Fleet::empty();
        let text = "x".repeat(size);
        for n in 0..60 {
            let stream = json!({"metadata": {"annotations": {"text": text}}, "spec": {}, "status": {}});
            fleet.server().stream("shop", &format!("web{n}"), stream);
        }
        fleet.server().image(stored(&digest(1), &[]));
        fleet.lines(&[], 1);
        let asked = fleet.server().requests();
        let asked = asked.iter().filter(|request| request.path.ends_with("/imagestreams"));
        let limits: Vec<u32> = asked
            .map(|own| own.parameter("limit").unwrap().parse().unwrap())
            .collect();
        assert!(
            limits[0] == 50 && limits.len() == 2 && second.contains(&limits[1]),
            "{limits:?}"
        );
    }
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
fn busy_servers_are_asked_again() {
    let fleet = Fleet::of(1100);
    for (status, path) in [(429, "/images$"), (503, "/imagestreams"), (503, "/pods")] {
        let fault = Fault::status(status).on("GET", path).retry_after(0).once();
        fleet.server().fault(fault);
    }
    // One that does not say when.
    fleet
        .server()
        .fault(Fault::status(429).on("GET", "/clusterversions/").once());
    let (report, _) = fleet.lines(&[], 1);
    assert_whole(&[&report], 1100);
    let answers: Vec<u16> = fleet.server().requests().iter().map(|request| request.status).collect();
    assert_eq!(
        answers
            .iter()
            .filter(|status| **status != 200 && **status != 404)
            .count(),
        4
    );
}

/// A server counts requests by kind and user: that it is too busy for lists of streams and pods says nothing of Images.
#[test]
fn lists_that_a_busy_server_refuses_keep_no_image_from_being_judged() {
    let fleet = Fleet::of(20);
    for path in ["/imagestreams$", "/pods$"] {
        let fault = Fault::status(429).on("GET", path).retry_after(0);
        fleet.server().fault(fault);
    }
    let (report, outcome) = fleet.lines(&[], 3);
    assert_eq!(report.entries.len(), 20, "{outcome:#?}");
    assert!(outcome.stderr.contains("listing ImageStreams"), "{outcome:#?}");
    assert!(outcome.stderr.contains("listing Pods"), "{outcome:#?}");
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
fn an_interrupted_audit_of_a_cluster_tells_what_is_done() {
    let fleet = Fleet::of(1100);
    // The second page of the walk that judges comes much later than a run that is interrupted may take.
    let late = Fault::delay(Duration::from_secs(40)).on("GET", "/images$").after(4);
    fleet.server().fault(late);
    let audit = fleet.command(&["-o", "jsonl", "--report", "jsonl=audit.jsonl"]);
    let mut command = fleet.interruptible(&audit);
    let child = command.spawn().unwrap();
    let pages = || fleet.asked().get(IMAGES).copied().unwrap_or(0);
    wait_until("the first page is judged", || pages() == 4);
    std::thread::sleep(Duration::from_millis(500));
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    kill_process(pid, Signal::INT).unwrap();
    let begun = Instant::now();
    let output = child.wait_with_output().unwrap();
    assert!(begun.elapsed() < Duration::from_secs(8), "{:?}", begun.elapsed());
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(130), "{stderr}");
    assert!(stderr.contains("interrupted; judged"), "{stderr}");
    assert!(stderr.contains("with --resume audit.jsonl"), "{stderr}");
    let written = std::fs::read_to_string(fleet.scene.sandbox.path("audit.jsonl")).unwrap();
    assert_eq!(Report::read(&written).tail["interrupted"], true);
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
