// SPDX-License-Identifier: Apache-2.0
//! `--resume`: what has changed in a cluster since, beside the signatures of an object.

use std::fs;

use serde_json::{json, Value};

use super::bench::{digest, Report};
use super::fleet::{stored, tag, Fleet};
use super::proof::{is_new, marked};
use super::release::{self, UPSTREAM};
use crate::support::api::Fault;

/// Audits a cluster, and resumes the report after a change.
fn resumed(fleet: &Fleet, args: &[&str], change: &dyn Fn(), status: i32) -> Report {
    let file = fleet.scene.sandbox.path("audit.jsonl");
    let read = || Report::read(&fs::read_to_string(&file).unwrap());
    let _ = fs::remove_file(&file);
    fleet.run(&[args, &["--report", "jsonl=audit.jsonl"]].concat());
    fs::write(&file, marked(read())).unwrap();
    change();
    fleet.run(&[args, &["--resume", "audit.jsonl"]].concat()).expect(status);
    read()
}

const RANGES: [&[&str]; 3] = [&[], &["-n", "shop"], &["-A"]];

#[test]
fn an_image_whose_object_is_gone_or_may_not_be_read_is_judged_again() {
    for range in RANGES {
        let fleet = Fleet::shop();
        let unchanged = resumed(&fleet, range, &|| {}, 0);
        assert_eq!(is_new(&unchanged), [false], "{range:?}");
        let remove = || fleet.server().objects(|objects| objects.remove_image(&digest(1)));
        let gone = resumed(&fleet, range, &remove, 1);
        assert_eq!(gone.words(), ["Unchecked/NotFound"], "{range:?}");
    }
    let fleet = Fleet::shop();
    let forbid = || {
        let path = format!("/images/{}$", digest(1));
        fleet.server().fault(Fault::status(403).on("GET", &path));
        fleet
            .server()
            .fault(Fault::status(403).on("GET", "/imagestreamimages/"));
    };
    let forbidden = resumed(&fleet, &["-n", "shop"], &forbid, 1);
    assert_eq!(forbidden.words(), ["Unchecked/Forbidden"]);
    // One that is named by its digest has to be asked for as well.
    let fleet = Fleet::shop();
    let named = format!("{}={}", digest(1), tag(1));
    assert_eq!(is_new(&resumed(&fleet, &[&named], &|| {}, 0)), [false]);
    let unsign = || {
        fleet.server().objects(|objects| {
            objects.edit_image(&digest(1), |image| image["signatures"] = json!([]));
        });
    };
    assert_eq!(resumed(&fleet, &[&named], &unsign, 1).words(), ["Unsigned/NoSignature"]);
}

/// With and without an Image object of the payload.
#[test]
fn a_payload_whose_signatures_the_cluster_keeps_no_longer_is_judged_again() {
    for has_object in [true, false] {
        let fleet = release::fleet(UPSTREAM);
        if has_object {
            fleet.server().image(stored(&digest(1), &[]));
        }
        let good = fleet.sign(&digest(1), &format!("{UPSTREAM}:4.21.3-x86_64"));
        let key = release::key("-1");
        release::keep(&fleet, &[(&key, &good)]);
        let unchanged = resumed(&fleet, &[], &|| {}, 0);
        assert_eq!(unchanged.words(), ["Verified/Verified"]);
        assert_eq!(is_new(&unchanged), [!has_object]);
        let after = resumed(&fleet, &[], &|| release::keep(&fleet, &[]), 1);
        assert_ne!(after.entry()["verdict"], "Verified", "{after:#?}");
    }
}

/// An unchanged cluster costs no judging, but for what could not be judged.
#[test]
fn what_is_unchanged_is_taken_over() {
    let fleet = Fleet::of(100);
    let report = resumed(&fleet, &[], &|| {}, 1);
    for (entry, is_new) in report.entries.iter().zip(is_new(&report)) {
        assert_eq!(is_new, entry["verdict"] == "Unchecked", "{entry}");
    }
    // So it is where records are written, and where they are as that has left them.
    let fleet = Fleet::shop();
    fleet.scene.sandbox.file("map", "quay.example quay.example\n");
    let confirm = ["--confirm", "--expected-identity-map", "map"];
    for recorded in ["yes", "unchanged"] {
        let report = resumed(&fleet, &confirm, &|| {}, 0);
        assert_eq!(
            (is_new(&report), &report.entry()["recorded"]),
            (vec![false], &json!(recorded))
        );
    }
    let condition = || fleet.server().stored(&digest(1))["signatures"][0]["conditions"][0].clone();
    let forget = || {
        fleet.server().objects(|objects| {
            objects.edit_image(&digest(1), |image| {
                image["signatures"][0].as_object_mut().unwrap().remove("conditions");
            });
        });
        assert_eq!(condition(), Value::Null);
    };
    let report = resumed(&fleet, &confirm, &forget, 0);
    assert_eq!(
        (&report.entry()["recorded"], &condition()["status"]),
        (&json!("yes"), &json!("True"))
    );
}
