// SPDX-License-Identifier: Apache-2.0
//! Instances of lists in a cluster: what is expected of a list is expected of each of them.

use serde_json::{json, Value};

use super::bench::digest;
use super::fleet::{counts, stored, tag, Fleet, SOURCE};

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
