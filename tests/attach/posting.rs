// SPDX-License-Identifier: Apache-2.0
//! `--attach`: signatures that were found elsewhere are added to the Image, and then recorded.

use serde_json::json;

use crate::attach::Town;
use crate::support::api::Fault;
use crate::support::cluster::IDENTITY;
use crate::support::hub::sha256;
use crate::support::images::{image, payload, signature};
use crate::support::program::Outcome;

const POSTS: &str = "/apis/image.openshift.io/v1/imagesignatures";

/// The user may add signatures.
pub(super) fn town() -> Town {
    let town = Town::founded();
    town.scene
        .server
        .grant("alice", &["create", "delete"], "imagesignatures");
    town
}

fn attach(town: &Town) -> Outcome {
    town.verify(&["--registry-url", "auto", "--confirm", "--attach", "-o", "json"])
}

fn posts(town: &Town) -> usize {
    let requests = town.scene.server.requests();
    requests
        .iter()
        .filter(|r| r.method == "POST" && r.path == POSTS)
        .count()
}

#[test]
fn what_verifies_is_added_and_recorded() {
    let town = town();
    let (good, other) = (town.sign(), {
        let key = town.scene.signer.simple_key("Somebody Else <else@example.com>");
        town.scene.signer.sign(&key, &payload(&town.digest, IDENTITY))
    });
    let elsewhere = town.scene.sign(&town.digest, "registry.local:5000/other:v1");
    // One name for a good one and a bad one: what was judged is what is added.
    town.offer("same", b"garbage");
    town.offer("same", &good);
    town.offer("b", &other);
    town.offer("c", &elsewhere);
    let outcome = attach(&town).expect_verdict(0, "Verified/Verified");
    assert!(outcome.stderr.contains("added to the Image"), "{outcome:#?}");
    assert_eq!(outcome.item()["recorded"], "yes");
    assert_eq!(town.names(), [town.name(&good)]);
    let stored = town.scene.server.stored(&town.digest)["signatures"][0].clone();
    assert_eq!(
        (&stored["type"], &stored["content"]),
        (&json!("atomic"), &json!(crate::support::images::base64(&good)))
    );
    assert_eq!(stored["conditions"][0]["status"], "True");
    assert_eq!(stored["imageIdentity"], IDENTITY);
    assert_eq!(posts(&town), 1);
    let attached = json!([{"name": town.name(&good), "result": "added"}]);
    assert_eq!(outcome.item()["attached"], attached);
    // Once more: it is there.
    let outcome = attach(&town).expect_verdict(0, "Verified/Verified");
    assert!(!outcome.stderr.contains("added"), "{outcome:#?}");
    assert_eq!((posts(&town), town.names().len()), (1, 1));
    assert_eq!(outcome.item()["attached"], json!(null));
}

#[test]
fn nothing_is_added_to_an_image_that_is_not_verified() {
    let town = town();
    town.offer("a", &town.sign());
    let args = [
        "--registry-url",
        "auto",
        "--confirm",
        "--attach",
        "--require",
        "2",
        "-o",
        "json",
    ];
    town.verify(&args).expect_verdict(1, "Rejected/ThresholdNotReached");
    assert_eq!((posts(&town), town.names().len()), (0, 0));
}

#[test]
fn somebody_else_has_added_it() {
    let town = town();
    let blob = town.sign();
    town.offer("a", &blob);
    let (digest, stored) = (town.digest.clone(), signature(&town.digest, "theirs", &blob));
    town.scene.server.before("POST", POSTS, move |objects| {
        let stored = stored.clone();
        objects.edit_image(&digest, |image| image["signatures"] = json!([stored]));
    });
    let outcome = attach(&town).expect_verdict(0, "Verified/Verified");
    assert!(outcome.stderr.contains("already there"), "{outcome:#?}");
    assert_eq!(town.names(), [format!("{}@theirs", town.digest)]);
    assert_eq!(outcome.item()["attached"][0]["result"], "alreadyThere");
    assert_eq!(outcome.item()["recorded"], "yes");
}

/// What was added is told although the image cannot be read any more.
#[test]
fn an_image_that_is_gone_after_something_was_added() {
    let town = town();
    let blob = town.sign();
    town.offer("a", &blob);
    let path = format!("/images/{}", town.digest);
    let server = &town.scene.server;
    server.fault(Fault::status(500).on("GET", &path).after(1));
    let outcome = attach(&town).expect(3);
    let item = outcome.item();
    assert_eq!(item["verdict"], "Unchecked", "{outcome:#?}");
    assert_eq!(item["attached"][0]["name"], town.name(&blob));
    assert_eq!(item["attached"][0]["result"], "failed");
    let message = item["attached"][0]["message"].as_str().unwrap();
    assert!(message.contains("could not be read afterwards"), "{message}");
}

/// A name says nothing of the content.
#[test]
fn the_name_is_taken_by_another_one() {
    let town = town();
    let blob = town.sign();
    town.offer("a", &blob);
    let hex = sha256(&blob).trim_start_matches("sha256:").to_owned();
    let mut object = crate::support::images::image(&town.digest, &[]);
    object["dockerImageReference"] = format!("{}/ns/app@{}", town.hub.host(), town.digest).into();
    object["signatures"] = json!([signature(&town.digest, &hex, b"something else")]);
    town.scene.server.image(object);
    let outcome = attach(&town).expect(3);
    assert!(outcome.stderr.contains("with other content"), "{outcome:#?}");
    let attached = outcome.item()["attached"][0].clone();
    assert_eq!(attached["result"], "failed");
    assert!(
        attached["message"].as_str().unwrap().contains("with other content"),
        "{attached}"
    );
    assert!(!outcome.stderr.contains("added to the Image\n"), "{outcome:#?}");
}

#[test]
fn one_that_fails_after_another_one() {
    let town = town();
    let (first, second) = town.offer_two();
    town.scene.server.fault(Fault::status(500).on("POST", POSTS).after(1));
    let outcome = attach(&town).expect(3);
    assert_eq!(outcome.item()["verdict"], "Verified");
    assert_eq!(outcome.item()["recorded"], "failed");
    assert!(
        outcome
            .stderr
            .contains(&format!("{}: added to the Image", town.name(&first))),
        "{outcome:#?}"
    );
    assert!(
        outcome.stderr.contains(&format!("{}: not added", town.name(&second))),
        "{outcome:#?}"
    );
    assert_eq!(town.names(), [town.name(&first)]);
    let attached = outcome.item()["attached"].clone();
    assert_eq!(attached[0], json!({"name": town.name(&first), "result": "added"}));
    assert_eq!(
        (&attached[1]["name"], &attached[1]["result"]),
        (&json!(town.name(&second)), &json!("failed"))
    );
    // What is there is recorded.
    let stored = town.scene.server.stored(&town.digest)["signatures"][0].clone();
    assert_eq!(stored["conditions"][0]["status"], "True");
}

/// What the server says is made harmless once: an escape that is escaped again cannot be read.
#[test]
fn words_of_the_server_are_escaped_once() {
    for code in [403, 409, 422, 500] {
        let town = town();
        town.offer("a", &town.sign());
        let causes = json!([{"field": "a\u{1b}b", "message": "c\u{1b}d"}]);
        let status = json!({
            "kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code,
            "reason": if code == 422 { "Invalid" } else { "Odd" }, "message": "made \u{1b}[31m up",
            "details": {"name": "e\u{1b}f", "kind": "ImageSignature", "causes": causes},
        });
        let fault = Fault::status(code).text("application/json", &status.to_string());
        town.scene.server.fault(fault.on("POST", POSTS));
        let outcome = attach(&town).expect(3);
        let message = outcome.item()["attached"][0]["message"].as_str().unwrap().to_owned();
        for said in [&outcome.stderr, &message] {
            assert!(said.contains("\\u{1b}"), "{code}: {said}");
            assert!(!said.contains("u{5c}") && !said.contains("\\\\"), "{code}: {said}");
        }
    }
}

/// Of another type, the signature is one that is never checked: the image would stay without a good one.
#[test]
fn a_signature_that_is_there_with_another_type_is_not_called_there() {
    for (kind, status) in [("x509", 3), ("AtomicImageV1", 0)] {
        let town = town();
        let blob = town.sign();
        town.offer("a", &blob);
        let mut object = image(&town.digest, &[&blob]);
        object["dockerImageReference"] = format!("{}/ns/app@{}", town.hub.host(), town.digest).into();
        object["signatures"][0]["metadata"]["name"] = town.name(&blob).into();
        object["signatures"][0]["type"] = kind.into();
        town.scene.server.image(object);
        let outcome = attach(&town).expect(status);
        let attached = outcome.item()["attached"].clone();
        match status {
            0 => assert_eq!(attached, json!(null), "{outcome:#?}"),
            _ => {
                assert_eq!(attached[0]["result"], "failed", "{outcome:#?}");
                let message = attached[0]["message"].as_str().unwrap();
                assert_eq!(message, "not added: the Image has this signature with another type");
            }
        }
        assert_eq!(town.names(), [town.name(&blob)]);
    }
}

#[test]
fn an_answer_that_is_lost_is_looked_up() {
    let town = town();
    town.offer("a", &town.sign());
    town.scene.server.fault(Fault::cut(10).on("POST", POSTS));
    attach(&town).expect_verdict(0, "Verified/Verified");
    assert_eq!(town.names().len(), 1);
}

#[test]
fn without_the_right() {
    let town = Town::founded();
    town.offer("a", &town.sign());
    let outcome = attach(&town).expect(3);
    assert!(outcome.stderr.contains("system:image-signer"), "{outcome:#?}");
    assert_eq!(town.names().len(), 0);
}

#[test]
fn more_than_the_import_controller_takes() {
    for before in [9, 10] {
        let town = town();
        let blobs: Vec<Vec<u8>> = (0..before).map(|n| vec![n; 8]).collect();
        let blobs: Vec<&[u8]> = blobs.iter().map(Vec::as_slice).collect();
        town.store(&blobs, &town.hub.host(), false);
        town.offer("a", &town.sign());
        let outcome = attach(&town);
        let is_warned = outcome.stderr.contains("11 signatures");
        assert_eq!(is_warned, before == 10, "{outcome:#?}");
        assert_eq!(outcome.stderr.contains("import controller"), is_warned, "{outcome:#?}");
        assert_eq!(town.names().len(), usize::from(before) + 1);
    }
}
