// SPDX-License-Identifier: Apache-2.0
//! Lists of what uses images that expire between two pages and begin again.

use serde_json::{json, Value};

use super::bench::digest;
use super::fleet::{stored, tag, Fleet, SOURCE};

/// A stream whose tag v1 is imported from a reference and stands for image 1.
fn pointing(from: &str) -> Value {
    json!({"spec": {"tags": [{"name": "v1", "from": {"kind": "DockerImage", "name": from}}]},
           "status": {"tags": [{"tag": "v1", "items": [{"image": digest(1)}]}]}})
}

/// What is demanded by a tag of the last stream before, and by one of the first stream after the list began again, is
/// demanded at all times: a mix of both lists must not lose it.
#[test]
fn a_tag_that_moves_between_streams_while_they_are_listed_is_not_lost() {
    let fleet = Fleet::empty();
    let blob = fleet.sign(&digest(1), &tag(1));
    fleet.server().image(stored(&digest(1), &[&blob]));
    for n in 0..80 {
        fleet
            .server()
            .stream("shop", &format!("s{n:02}"), json!({"spec": {}, "status": {}}));
    }
    fleet.server().stream("shop", "aa", json!({"spec": {}, "status": {}}));
    fleet.server().stream("shop", "own", pointing(&tag(1)));
    let strict = pointing(&format!("{SOURCE}/other:v1"));
    fleet.server().stream("shop", "zz", strict.clone());
    let (report, _) = fleet.lines(&[], 1);
    assert_eq!(report.words(), ["Rejected/IdentityMismatch"]);
    let mut lists = 0;
    fleet.server().before_every("GET", "/imagestreams$", move |objects| {
        lists += 1;
        if lists == 2 {
            objects.put_stream("shop", "aa", strict.clone());
            objects.put_stream("shop", "zz", json!({"spec": {}, "status": {}}));
            objects.compact();
        }
    });
    let (report, outcome) = fleet.lines(&[], 1);
    let asked = fleet.server().requests();
    assert!(asked.iter().any(|request| request.status == 410), "{outcome:#?}");
    assert_eq!(report.words(), ["Rejected/IdentityMismatch"], "{outcome:#?}");
    // What moved is told once, where it is now.
    let uses: Vec<&str> = report.entry()["uses"]
        .as_array()
        .unwrap()
        .iter()
        .map(|own| own["name"].as_str().unwrap())
        .collect();
    assert_eq!(uses, ["aa:v1", "own:v1"]);
}
