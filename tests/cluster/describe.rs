// SPDX-License-Identifier: Apache-2.0
//! `describe`: what is recorded, plainly as a record, and which images of a manifest list are signed.

use serde_json::{json, Value};

use crate::cluster::{line, record_trusted};
use crate::support::api::Fault;
use crate::support::cluster::{Scene, IDENTITY};
use crate::support::images::{image, D1, D2, D3};

/// An entry of `dockerImageManifests`.
fn child(digest: &str, architecture: &str) -> Value {
    json!({"digest": digest, "mediaType": "application/vnd.oci.image.manifest.v1+json", "manifestSize": 1,
           "architecture": architecture, "os": "linux"})
}

/// D1 as a list of images.
fn list(children: &[Value]) -> Value {
    let mut list = image(D1, &[]);
    list["dockerImageManifests"] = children.into();
    list
}

fn described(scene: &Scene, name: &str, status: i32) -> Value {
    scene.run(&["describe", name, "-o", "json"]).expect(status).item()
}

#[test]
fn a_record_is_shown_as_no_more_than_that() {
    let scene = Scene::signed();
    scene.server.objects(|objects| {
        objects.edit_image(D1, |image| {
            let signature = &mut image["signatures"][0];
            record_trusted(signature, IDENTITY, &scene.key);
            for condition in signature["conditions"].as_array_mut().unwrap() {
                condition["lastProbeTime"] = "2026-11-22T10:00:00Z".into();
                condition["message"] = "verified by alice: signed by somebody".into();
            }
        });
    });
    let outcome = scene.run(&["describe", D1]).expect(0);
    let record = format!(
        "trusted as {IDENTITY}, key {} (somebody), by alice, 2026-11-22 10:00 UTC (not checked now)",
        scene.key
    );
    for part in [D1, &format!("{D1}@s1"), &record, "registry.example.com/ns/app@"] {
        assert!(outcome.stdout.contains(part), "{part}: {}", outcome.stdout);
    }
    assert_eq!(scene.server.lines(), [line("GET", D1)]);
    assert_eq!(scene.run(&["describe", D1, "-o", "json"]).json()["checked"], false);
}

#[test]
fn what_verify_has_written_is_what_describe_reads() {
    let scene = Scene::signed();
    scene.run_verify(D1, &["--confirm"]).expect(0);
    let signature = described(&scene, D1, 0)["signatures"][0].clone();
    assert_eq!(signature["user"], "alice");
    assert_eq!(signature["imageIdentity"], IDENTITY);
    assert_eq!(signature["keyFingerprint"], scene.key);
    assert_eq!(signature["trusted"]["status"], "True");
    assert_eq!(signature["contradictions"], json!([]));
    scene.run_verify(D1, &["--confirm", "--require", "2"]).expect(1);
    let signature = described(&scene, D1, 0)["signatures"][0].clone();
    assert_eq!(signature["user"], "alice");
    assert!(signature["message"]
        .as_str()
        .unwrap()
        .starts_with("not trusted (ThresholdNotReached)"));
    scene.run(&["remove", D1, "--confirm"]).expect(0);
    assert_eq!(described(&scene, D1, 0)["signatures"][0]["message"], "nothing");
}

#[test]
fn contradictions_are_named() {
    let scene = Scene::signed();
    let condition =
        |kind: &str, status: &str, time: &str| json!({"type": kind, "status": status, "lastProbeTime": time});
    let (old, new) = ("2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z");
    for (conditions, issued, status, contradiction) in [
        (
            json!([condition("Trusted", "False", new), condition("ForImage", "True", new)]),
            true,
            "False",
            "oc describe calls this verified",
        ),
        (
            json!([condition("Trusted", "True", new), condition("ForImage", "True", new)]),
            false,
            "True",
            "oc describe calls this unverified",
        ),
        (
            json!([condition("Trusted", "True", new), condition("ForImage", "False", new)]),
            true,
            "True",
            "ForImage is not",
        ),
        (
            json!([
                condition("Trusted", "True", old),
                condition("Trusted", "False", new),
                condition("ForImage", "True", new)
            ]),
            false,
            "False",
            "2 conditions of type Trusted",
        ),
        (json!([]), true, "", "Trusted is not True"),
    ] {
        scene.server.objects(|objects| {
            objects.edit_image(D1, |image| {
                let signature = &mut image["signatures"][0];
                signature["conditions"] = conditions.clone();
                signature["issuedBy"] = if issued {
                    json!({"commonName": "x"})
                } else {
                    Value::Null
                };
            });
        });
        let found = described(&scene, D1, 0)["signatures"][0].clone();
        assert_eq!(found["trusted"]["status"].as_str().unwrap_or_default(), status);
        assert!(
            found["contradictions"].to_string().contains(contradiction),
            "{contradiction}: {found}"
        );
        let text = scene.run(&["describe", D1]).expect(0).stdout;
        assert!(text.contains("Contradiction") && text.contains(contradiction), "{text}");
    }
}

#[test]
fn of_a_manifest_list_it_is_said_which_images_are_signed() {
    let scene = Scene::new();
    let gone = "sha256:4444444444444444444444444444444444444444444444444444444444444444";
    let signed = scene.sign(D2, IDENTITY);
    scene.server.image(image(D2, &[&signed]));
    scene.server.image(image(D3, &[]));
    scene
        .server
        .image(list(&[child(D2, "amd64"), child(D3, "arm64"), child(gone, "s390x")]));
    scene.run_verify(D2, &["--confirm"]).expect(0);
    scene.server.forget_requests();
    let manifests = described(&scene, D1, 0)["manifests"].clone();
    let shown: Vec<Value> = manifests
        .as_array()
        .unwrap()
        .iter()
        .map(|m| json!([m["platform"], m["signatures"], m["recordedTrusted"], m["reason"]]))
        .collect();
    let expected = [
        json!(["linux/amd64", 1, 1, ""]),
        json!(["linux/arm64", 0, 0, ""]),
        json!(["linux/s390x", 0, 0, "NotFound"]),
    ];
    assert_eq!(shown, expected);
    assert_eq!(
        scene.server.lines(),
        [line("GET", D1), line("GET", D2), line("GET", D3), line("GET", gone)]
    );
    let text = scene.run(&["describe", D1]).expect(0).stdout;
    for part in [
        "3 images",
        "1 signature, 1 recorded as trusted (not checked now)",
        "not signed",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    // And verify tells where to look.
    let outcome = scene
        .run_verify(D1, &["-o", "json"])
        .expect_verdict(1, "Unsigned/NoSignature");
    assert!(outcome.words().contains("a manifest list of 3 images"), "{outcome:?}");
}

#[test]
fn an_image_of_a_list_that_cannot_be_looked_at_is_trouble() {
    let scene = Scene::new();
    scene.server.image(image(D2, &[]));
    scene.server.image(list(&[child(D2, "amd64")]));
    scene.server.fault(Fault::status(500).on("GET", D2));
    let item = described(&scene, D1, 3);
    assert_eq!(item["reason"], "");
    assert_eq!(item["manifests"][0]["reason"], "SourceUnavailable");
}

#[test]
fn a_list_names_nothing_but_digests_into_urls_and_not_too_many() {
    let scene = Scene::new();
    let mut children: Vec<Value> = (0..70).map(|n| child(&format!("sha256:{n:064x}"), "amd64")).collect();
    let other = format!("sha512:{}", "1".repeat(128));
    for (n, name) in ["../imagestreams", "sha256:..", "x?y=z", &other, ""]
        .into_iter()
        .enumerate()
    {
        children[n] = child(name, "amd64");
    }
    scene.server.image(list(&children));
    let manifests = described(&scene, D1, 3)["manifests"].clone();
    assert_eq!(manifests.as_array().unwrap().len(), 70);
    for n in 0..5 {
        assert_eq!(manifests[n]["reason"], "MalformedImage", "{n}");
    }
    assert_eq!(manifests[63]["reason"], "NotFound");
    for n in 64..70 {
        assert_eq!(manifests[n]["reason"], "LimitExceeded", "{n}");
    }
    let requests = scene.server.requests();
    assert_eq!(requests.len(), 1 + 64 - 5);
    assert!(requests
        .iter()
        .all(|r| r.target.starts_with("/apis/image.openshift.io/v1/images/sha256:")));
}

#[test]
fn through_a_stream_and_for_what_is_not_there() {
    let scene = Scene::signed();
    scene
        .server
        .stream("myproject", "app", crate::cluster::streams::stream("v1", D1));
    scene.server.grant("alice", &["get"], "imagestreamtags");
    assert_eq!(described(&scene, "app:v1", 0)["image"], D1);
    let outcome = scene.run(&["describe", D2, "app:v1"]).expect(3);
    assert!(outcome.stdout.contains("NotFound"), "{outcome:?}");
    assert!(outcome.stdout.contains(&format!("{D1}@s1")), "{outcome:?}");
}

#[test]
fn strings_of_the_server_move_no_terminal() {
    let scene = Scene::signed();
    let evil = "x\u{1b}[2J\u{202e}\u{9b}y\nName:\tfaked";
    scene.server.objects(|objects| {
        objects.edit_image(D1, |image| {
            image["dockerImageReference"] = evil.into();
            let signature = &mut image["signatures"][0];
            record_trusted(signature, evil, evil);
            signature["metadata"]["name"] = evil.into();
            signature["type"] = evil.into();
            for condition in signature["conditions"].as_array_mut().unwrap() {
                for member in ["reason", "message", "status"] {
                    condition[member] = evil.into();
                }
            }
            image["dockerImageManifests"] = json!([child(evil, evil)]);
        });
    });
    for more in [&["describe", D1][..], &["remove", D1], &["describe", D1, "-o", "yaml"]] {
        let outcome = scene.run(more);
        let printed = format!("{}{}", outcome.stdout, outcome.stderr);
        assert!(!printed.contains(['\u{1b}', '\u{202e}', '\u{9b}']), "{outcome:?}");
        assert!(
            !printed.lines().any(|line| line.starts_with("Name:\tfaked")),
            "{printed}"
        );
    }
    let outcome = scene.run_verify(D1, &["-o", "wide"]).expect(1);
    let printed = format!("{}{}", outcome.stdout, outcome.stderr);
    assert!(printed.contains("would record: ForImage: x\\u{1b}[2J"), "{outcome:?}");
    assert!(!printed.contains(['\u{1b}', '\u{202e}', '\u{9b}']), "{outcome:?}");
}
