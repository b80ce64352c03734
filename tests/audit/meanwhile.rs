// SPDX-License-Identifier: Apache-2.0
//! Images of a cluster that others change between the judging and the writing.

use serde_json::json;

use super::bench::{digest, Report};
use super::cluster::{audit, entry, map_names_to_themselves, scene_signed, stream, word, REPOSITORY};
use super::fleet::{stored, tag, Fleet, SOURCE};
use crate::support::api::Fault;
use crate::support::cluster::Scene;
use crate::support::forge::{Draft, Key};
use crate::support::images::{base64, payload, D1};
use crate::support::lists::list_object;

const CONFIRM: [&str; 3] = ["--confirm", "--expected-identity-map", "map"];

/// The image with its signature in the place of another.
fn replace(scene: &Scene, content: String) {
    scene.server.objects(|objects| {
        objects.edit_image(&digest(1), |image| image["signatures"][0]["content"] = content.into());
    });
}

/// Before the next write, the signature is replaced.
fn replace_before_write(scene: &Scene, content: String) {
    scene.server.before_write(move |objects| {
        objects.edit_image(&digest(1), |image| {
            image["signatures"][0]["content"] = content.clone().into()
        });
    });
}

/// A signature by the accepted key, and one by another.
fn signatures(scene: &Scene) -> (String, String) {
    let by = |key: &str| {
        let payload = payload(&digest(1), &format!("{REPOSITORY}:v1"));
        base64(&scene.signer.sign(key, &payload))
    };
    (by(&scene.key), by(&scene.signer.simple_key("Stranger <s@example.com>")))
}

fn status(scene: &Scene) -> serde_json::Value {
    scene.server.stored(&digest(1))["signatures"][0]["conditions"][0]["status"].clone()
}

/// What is written is what is reported, or nothing is.
#[test]
fn nothing_is_recorded_of_an_image_that_is_not_what_is_reported() {
    let scene = scene_signed("v1");
    map_names_to_themselves(&scene);
    let (good, stranger) = signatures(&scene);
    replace_before_write(&scene, stranger.clone());
    let outcome = audit(&scene, &CONFIRM).expect(3);
    let report = Report::read(&outcome.stdout);
    assert_eq!(word(&report, 1), "Verified/Verified");
    assert_eq!(entry(&report, 1)["recorded"], "failed");
    assert!(
        outcome.stderr.contains("and no longer matches the report"),
        "{outcome:#?}"
    );
    assert!(!outcome.stderr.contains(": recorded"), "{outcome:#?}");
    assert_eq!(status(&scene), json!(null));
    // It is what it is the next time; and a record of trust stays where the image is good again.
    let report = Report::read(&audit(&scene, &CONFIRM).expect(1).stdout);
    assert_eq!(word(&report, 1), "Rejected/UnknownKey");
    replace(&scene, good.clone());
    audit(&scene, &CONFIRM).expect(0);
    assert_eq!(status(&scene), "True");
    replace(&scene, stranger);
    replace_before_write(&scene, good);
    let outcome = audit(&scene, &CONFIRM).expect(3);
    let report = Report::read(&outcome.stdout);
    assert_eq!(word(&report, 1), "Rejected/UnknownKey");
    assert_eq!(entry(&report, 1)["recorded"], "failed");
    assert!(!outcome.stderr.contains(": recorded"), "{outcome:#?}");
    assert_eq!(status(&scene), "True");
}

/// Of two signatures one is gone: that the other one is recorded is not all that is told.
#[test]
fn a_signature_that_is_gone_meanwhile_is_not_told_to_be_recorded() {
    let scene = scene_signed("v1");
    map_names_to_themselves(&scene);
    scene.server.objects(|objects| {
        objects.edit_image(&digest(1), |image| {
            let mut twin = image["signatures"][0].clone();
            twin["metadata"]["name"] = json!(format!("{}@twin", digest(1)));
            image["signatures"].as_array_mut().unwrap().push(twin);
        });
    });
    scene.server.before_write(|objects| {
        objects.edit_image(&digest(1), |image| {
            image["signatures"].as_array_mut().unwrap().pop();
        });
    });
    let outcome = audit(&scene, &CONFIRM).expect(3);
    assert!(!outcome.stderr.contains("@twin: Trusted"), "{outcome:#?}");
    assert_eq!(entry(&Report::read(&outcome.stdout), 1)["recorded"], "failed");
}

#[test]
fn an_image_that_others_change_meanwhile_is_judged_again() {
    let scene = scene_signed("v1");
    map_names_to_themselves(&scene);
    let d = digest(1);
    scene.server.before_write(move |objects| {
        objects.edit_image(&d, |image| image["metadata"]["labels"] = json!({"a": "b"}));
    });
    let report = Report::read(
        &audit(&scene, &["--confirm", "--expected-identity-map", "map"])
            .expect(0)
            .stdout,
    );
    assert_eq!(entry(&report, 1)["recorded"], "yes");
    let stored = scene.server.stored(&digest(1));
    assert_eq!(stored["metadata"]["labels"]["a"], "b");
    assert_eq!(stored["signatures"][0]["conditions"][0]["status"], "True");
}

/// An image that is judged again before trust is taken back is what each of its uses expects, as at first: one that is
/// signed for one of them meanwhile is not recorded for that one.
#[test]
fn what_is_kept_back_is_judged_again_by_all_that_is_expected_of_it() {
    let scene = scene_signed("v1");
    map_names_to_themselves(&scene);
    let args = ["--confirm", "--expected-identity-map", "map"];
    audit(&scene, &args).expect(0);
    let by = |key: &str| {
        let payload = payload(&digest(1), &format!("{REPOSITORY}:v1"));
        base64(&scene.signer.sign(key, &payload))
    };
    let (stranger, good) = (by(&scene.signer.simple_key("Stranger <s@example.com>")), by(&scene.key));
    let old = format!("{REPOSITORY}:v0");
    scene.server.objects(|objects| {
        objects.edit_image(&digest(1), |image| {
            image["signatures"][0]["content"] = stranger.into();
            image["signatures"][0]["imageIdentity"] = old.clone().into();
        });
    });
    scene.server.stream("other", "web", stream(&[("edge", "v2", 1)]));
    let d = digest(1);
    scene.server.before_write(move |objects| {
        objects.edit_image(&d, |image| image["signatures"][0]["content"] = good.clone().into());
    });
    let report = Report::read(&audit(&scene, &args).expect(3).stdout);
    assert_eq!(word(&report, 1), "Rejected/UnknownKey");
    assert_eq!(entry(&report, 1)["recorded"], "failed");
    let stored = scene.server.stored(&digest(1));
    assert_eq!(stored["signatures"][0]["imageIdentity"], old.as_str());
}

/// Who has signed it is reported too.
#[test]
fn a_signature_by_another_accepted_key_is_not_recorded_for_the_one_that_is_reported() {
    let scene = scene_signed("v1");
    map_names_to_themselves(&scene);
    let other = scene.signer.simple_key("Other <other@example.com>");
    let both = scene
        .signer
        .export(&[&scene.key, &other], &scene.sandbox.path("both.gpg"));
    let by_other = scene
        .signer
        .sign(&other, &payload(&digest(1), &format!("{REPOSITORY}:v1")));
    replace_before_write(&scene, base64(&by_other));
    let keys = ["audit", "-o", "jsonl", "--public-key", both.to_str().unwrap()];
    let outcome = scene.run(&[&keys[..], &CONFIRM].concat()).expect(3);
    let report = Report::read(&outcome.stdout);
    assert_eq!(
        entry(&report, 1)["signatures"][0]["signer"]["primary"],
        scene.key.as_str()
    );
    assert_eq!(entry(&report, 1)["recorded"], "failed");
    assert!(
        outcome.stderr.contains("and no longer matches the report"),
        "{outcome:#?}"
    );
    assert_eq!(status(&scene), json!(null));
}

/// A server that fails when an image is judged once more has not changed it.
#[test]
fn what_keeps_an_image_from_being_judged_again_is_told() {
    let fleet = Fleet::empty();
    let (object, own) = list_object(&[D1], &[D1]);
    fleet.server().image(object);
    fleet.server().image(stored(D1, &[&fleet.sign(D1, &tag(1))]));
    fleet.scene.sandbox.file("list", format!("{D1} {SOURCE}/app@{own}\n"));
    let args = ["--images-from", "list", "--confirm"];
    fleet.lines(&args, 0);
    let stranger = Key::new();
    let blob = stranger.message(&Draft::new(stranger.created), &payload(D1, &tag(1)));
    fleet.server().objects(|objects| {
        objects.edit_image(D1, |image| image["signatures"][0]["content"] = base64(&blob).into());
    });
    // Whether there is such a list is asked when the image is judged first, and before trust is taken back.
    let path = format!("/apis/image.openshift.io/v1/images/{own}");
    fleet.server().fault(Fault::status(403).on("GET", &path).after(1));
    let (report, outcome) = fleet.lines(&args, 3);
    assert_eq!(report.words(), ["Rejected/UnknownKey"]);
    assert_eq!(report.entry()["recorded"], "failed");
    let told = "its record stays, since it could not be judged again before it is taken back: ";
    let why = outcome.stderr.split_once(told).map(|(_, why)| why.to_owned());
    assert!(why.is_some_and(|why| why.contains(&own)), "{outcome:#?}");
    assert!(!outcome.stderr.contains("changed meanwhile"), "{outcome:#?}");
    let status = |object: &serde_json::Value| object["signatures"][0]["conditions"][0]["status"].clone();
    assert_eq!(status(&fleet.server().stored(D1)), "True");
}
