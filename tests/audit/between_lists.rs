// SPDX-License-Identifier: Apache-2.0
//! Images that come and go while an audit reads: between the list of what there is, and that by which images are judged.

use serde_json::{json, Value};

use super::bench::digest;
use super::fleet::{stored, tag, Fleet, SOURCE};
use crate::support::api::objects::Objects;
use crate::support::api::Fault;

/// Does something before a list is read for the nth time.
fn before(fleet: &Fleet, path: &str, nth: usize, mut run: impl FnMut(&mut Objects) + Send + 'static) {
    let mut lists = 0;
    fleet.server().before_every("GET", path, move |objects| {
        lists += 1;
        if lists == nth {
            run(objects);
        }
    });
}

/// Where the map tells how images of the fleet are signed, and those of a tenant.
fn recording(fleet: &Fleet) -> [&'static str; 3] {
    let map = format!("{SOURCE} {SOURCE}\nregistry.example registry.example\n");
    fleet.scene.sandbox.file("map", map);
    ["--confirm", "--expected-identity-map", "map"]
}

/// As servers write it.
fn now() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn record(fleet: &Fleet, n: usize) -> Value {
    fleet.server().stored(&digest(n))["signatures"][0]["conditions"].clone()
}

#[test]
fn an_image_that_nothing_uses_and_that_is_removed_meanwhile_is_left_out_and_that_is_said() {
    let fleet = Fleet::empty();
    let used = fleet.signed_in_a_stream();
    for n in [2, 3] {
        fleet.server().image(stored(&digest(n), &[]));
    }
    before(&fleet, "/images$", 2, |objects| {
        objects.remove_image(&digest(2));
        objects.remove_image(&digest(3));
    });
    let (report, outcome) = fleet.lines(&[], 0);
    assert_eq!(report.words(), ["Verified/Verified"]);
    let said = "2 images that nothing uses were removed while the audit ran";
    assert!(outcome.stderr.contains(said), "{outcome:#?}");
    // One that is used is missed.
    fleet.server().heal();
    fleet.server().image(stored(&digest(2), &[]));
    before(&fleet, "/images$", 2, move |objects| objects.remove_image(&used));
    let (report, _) = fleet.lines(&[], 1);
    assert_eq!(report.words(), ["Unchecked/NoExpectedIdentity", "Unchecked/NotFound"]);
}

/// Who pushes while an audit runs neither makes it fail nor gets a record for what is not known to be used by others.
#[test]
fn an_image_that_comes_meanwhile_is_left_out_and_nothing_is_recorded_of_it() {
    for (path, nth) in [("/images$", 2), ("/imagestreams$", 1), ("/pods$", 1)] {
        for is_used in [false, true] {
            let fleet = Fleet::empty();
            fleet.signed_in_a_stream();
            let args = recording(&fleet);
            // It is signed as what a tenant calls it, and not as what others do.
            let evil = "registry.example/evil/x:v1";
            let mut image = stored(&digest(2), &[&fleet.sign(&digest(2), evil)]);
            image["dockerImageReference"] = format!("registry.example/evil/x@{}", digest(2)).into();
            image["metadata"]["creationTimestamp"] = now().into();
            before(&fleet, path, nth, move |objects| {
                objects.put_image(image.clone());
                let stream = |from: &str| {
                    json!({"spec": {"tags": [{"name": "v1", "from": {"kind": "DockerImage", "name": from}}]},
                        "status": {"tags": [{"tag": "v1", "items": [{"image": digest(2)}]}]}})
                };
                if is_used {
                    objects.put_stream("evil", "x", stream(evil));
                    objects.put_stream("shop", "web", stream(&tag(2)));
                }
            });
            let (report, outcome) = fleet.lines(&args, 0);
            assert_eq!(report.words(), ["Verified/Verified"], "{path} {is_used}");
            assert!(record(&fleet, 1).is_array(), "{outcome:#?}");
            assert!(record(&fleet, 2).is_null(), "{path} {is_used}: {outcome:#?}");
            let said = "1 image came while the audit ran; it is left out";
            assert!(outcome.stderr.contains(said), "{outcome:#?}");
            // The next audit knows it.
            fleet.server().heal();
            let (report, _) = fleet.lines(&args, i32::from(is_used));
            assert_eq!(report.entries.len(), 2);
            assert_eq!(record(&fleet, 2).is_null(), is_used);
        }
    }
}

fn pod(n: usize) -> Value {
    json!({"spec": {"containers": [{"name": "app", "image": tag(n)}]},
        "status": {"phase": "Running", "containerStatuses": [
            {"name": "app", "image": tag(n), "imageID": format!("{SOURCE}/app@{}", digest(n))}]}})
}

/// What runs is in the inventory of the beginning, whether or not there was an object of it.
#[test]
fn an_image_that_a_pod_runs_and_whose_object_comes_meanwhile_is_not_left_out() {
    for (path, nth) in [("/images$", 2), ("/pods$", 1)] {
        let fleet = Fleet::empty();
        fleet.signed_in_a_stream();
        fleet.server().pod("shop", "bad", pod(2));
        let args = recording(&fleet);
        let mut image = stored(&digest(2), &[&fleet.sign(&digest(2), &tag(2))]);
        image["metadata"]["creationTimestamp"] = now().into();
        before(&fleet, path, nth, move |objects| objects.put_image(image.clone()));
        let (report, outcome) = fleet.lines(&args, 1);
        assert_eq!(report.words(), ["Verified/Verified", "Unchecked/NotFound"], "{path}");
        let message = report.entries[1]["message"].to_string();
        assert!(message.contains("it came while the audit ran"), "{message}");
        assert!(record(&fleet, 2).is_null(), "{outcome:#?}");
        assert!(!outcome.stderr.contains("left out"), "{outcome:#?}");
    }
}

/// What is selected has one list only that says what there was.
#[test]
fn a_selected_image_that_a_pod_runs_and_that_comes_meanwhile_is_told() {
    let fleet = Fleet::empty();
    let labelled = |n| {
        let mut image = stored(&digest(n), &[&fleet.sign(&digest(n), &tag(n))]);
        image["metadata"]["labels"] = json!({"team": "a"});
        image["metadata"]["creationTimestamp"] = now().into();
        image
    };
    fleet.server().image(labelled(1));
    fleet.server().pod("shop", "bad", pod(2));
    let image = labelled(2);
    before(&fleet, "/images$", 3, move |objects| objects.put_image(image.clone()));
    let (report, outcome) = fleet.lines(&["-l", "team=a"], 1);
    assert_eq!(report.entries.len(), 1, "{outcome:#?}");
    let said = "1 image came while the audit ran";
    assert!(outcome.stderr.contains(said), "{outcome:#?}");
}

/// A list that ends early without a word has no image that came later.
#[test]
fn an_image_that_is_older_than_the_first_list_and_not_in_it_makes_the_audit_incomplete() {
    for is_old in [true, false] {
        let fleet = Fleet::empty();
        for n in 1..4 {
            let mut image = stored(&digest(n), &[&fleet.sign(&digest(n), &tag(n))]);
            if !is_old {
                image["metadata"]["creationTimestamp"] = now().into();
            }
            fleet.server().image(image);
        }
        let mut first = stored(&digest(1), &[]);
        first["metadata"]["uid"] = fleet.server().stored(&digest(1))["metadata"]["uid"].clone();
        let cut = json!({"kind": "ImageList", "apiVersion": "image.openshift.io/v1", "metadata": {}, "items": [first]});
        let fault = Fault::body("application/json", cut.to_string());
        fleet.server().fault(fault.on("GET", "/images$").once());
        let (report, outcome) = fleet.lines(&[], if is_old { 3 } else { 1 });
        assert!(is_old || outcome.stderr.contains("2 images came"), "{outcome:#?}");
        assert_eq!(report.entries.len(), if is_old { 3 } else { 1 }, "{outcome:#?}");
        let incomplete = report.tail["incomplete"].to_string();
        let count = incomplete.matches("the first list lacks image").count();
        assert_eq!(count, if is_old { 2 } else { 0 }, "{incomplete}");
    }
}

#[test]
fn what_the_second_list_lacks_is_asked_for_and_not_taken_for_removed() {
    let empty = r#"{"kind":"ImageList","apiVersion":"image.openshift.io/v1","metadata":{},"items":[]}"#;
    let fleet = Fleet::of(10);
    let fault = Fault::body("application/json", empty).on("GET", "/images$").after(1);
    fleet.server().fault(fault);
    let (report, outcome) = fleet.lines(&[], 3);
    assert_eq!(report.words(), ["Unchecked/SourceUnavailable"; 10], "{outcome:#?}");
    let incomplete = report.tail["incomplete"].to_string();
    assert!(incomplete.contains("the second one is empty"), "{incomplete}");
    // One of three.
    let mut third = stored(&digest(3), &[]);
    third["metadata"]["uid"] = "u3".into();
    third["metadata"]["resourceVersion"] = "1".into();
    let one = json!({"kind": "ImageList", "apiVersion": "image.openshift.io/v1", "metadata": {},
        "items": [third]});
    for status in [200, 500] {
        let fleet = Fleet::empty();
        for n in 1..4 {
            fleet.server().image(stored(&digest(n), &[]));
        }
        let fault = Fault::body("application/json", one.to_string());
        fleet.server().fault(fault.on("GET", "/images$").after(1));
        if status != 200 {
            let fault = Fault::status(status).on("GET", "/images/sha256");
            fleet.server().fault(fault.retry_after(0));
        }
        let (report, outcome) = fleet.lines(&[], 3);
        assert_eq!(report.entries.len(), 3, "{outcome:#?}");
        let incomplete = report.tail["incomplete"].to_string();
        assert_eq!(incomplete.matches("the second list lacks").count(), 2, "{incomplete}");
    }
    // No image at the beginning is as little knowledge.
    let fleet = Fleet::of(10);
    let fault = Fault::body("application/json", empty).on("GET", "/images$").once();
    fleet.server().fault(fault);
    let (report, _) = fleet.lines(&[], 3);
    let incomplete = report.tail["incomplete"].to_string();
    assert!(incomplete.contains("the first list was empty"), "{incomplete}");
}
