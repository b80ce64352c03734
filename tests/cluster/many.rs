// SPDX-License-Identifier: Apache-2.0
//! Several images in one call, each with an outcome of its own; output formats; plugin names.

use std::os::unix::fs::symlink;
use std::process::{Command, Stdio};

use serde_json::{json, Value};

use crate::cluster::{line, statuses, stored};
use crate::support::api::Fault;
use crate::support::cluster::{Scene, IDENTITY};
use crate::support::images::{image, D1, D2, D3};
use crate::support::program::{binary, word};

/// D1 signed, D2 signed for something else, D3 not there.
fn scene() -> Scene {
    let scene = Scene::signed();
    let blob = scene.sign(D2, "registry.local:5000/foo/other:v1");
    scene.server.image(image(D2, &[&blob]));
    scene
}

fn verify(scene: &Scene, images: &[&str], more: &[&str]) -> crate::support::program::Outcome {
    let mut args = scene.verify(images[0]);
    args.extend(images[1..].iter().chain(more).map(|arg| (*arg).to_owned()));
    scene.run(&args)
}

#[test]
fn each_image_has_its_own_outcome_and_unchecked_wins_over_rejected() {
    let scene = scene();
    let outcome = verify(&scene, &[D3, D2, D1], &["-o", "json", "--confirm"]).expect(3);
    let document = outcome.json();
    let words: Vec<String> = document["items"].as_array().unwrap().iter().map(word).collect();
    assert_eq!(
        words,
        ["Unchecked/NotFound", "Rejected/IdentityMismatch", "Verified/Verified"]
    );
    let recorded: Vec<&Value> = document["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|i| &i["recorded"])
        .collect();
    assert_eq!(recorded, ["no", "yes", "yes"]);
    let summary = json!({"verified": 1, "rejected": 1, "unsupported": 0, "unsigned": 0, "allowed": 0, "unchecked": 1});
    assert_eq!(document["summary"], summary);
    assert_eq!(statuses(&stored(&scene.server)), ["Trusted=True", "ForImage=True"]);
    verify(&scene, &[D2, D1], &[]).expect(1);
    verify(&scene, &[D3, D1], &[]).expect(3);
    verify(&scene, &[D1], &[]).expect(0);
}

#[test]
fn a_record_that_fails_on_one_image_does_not_keep_the_others_from_theirs() {
    let scene = scene();
    let fault = Fault::status(500).on("PATCH", D2);
    scene.server.fault(fault);
    let outcome = verify(&scene, &[D2, D1], &["-o", "json", "--confirm"]).expect(3);
    assert_eq!(outcome.json()["items"][0]["recorded"], "failed");
    assert_eq!(outcome.json()["items"][1]["recorded"], "yes");
}

#[test]
fn trouble_with_one_image_that_passes_does_not_reach_the_next_one() {
    let scene = scene();
    let confirm = ["-o", "json", "--confirm"];
    for path in ["/selfsubjectreviews", "/selfsubjectaccessreviews"] {
        scene.server.fault(Fault::status(500).on("POST", path).once());
        let outcome = verify(&scene, &[D2, D1], &confirm).expect(3);
        let items = outcome.json()["items"].clone();
        assert_ne!(items[0]["recorded"], "yes", "{path}");
        assert_eq!(
            (&items[1]["verdict"], &items[1]["recorded"]),
            (&json!("Verified"), &json!("yes"))
        );
    }
}

#[test]
fn an_identity_of_its_own_for_each_image() {
    let scene = scene();
    let key = scene.key_file.to_str().unwrap();
    let outcome = scene
        .run(&[
            "verify",
            &format!("{D1}={IDENTITY}"),
            &format!("{D2}=registry.local:5000/foo/other:v1"),
            "--public-key",
            key,
            "-o",
            "name",
        ])
        .expect(0);
    let expected = format!("image.image.openshift.io/{D1}\nimage.image.openshift.io/{D2}\n");
    assert_eq!(outcome.stdout, expected);
    // What it prints can be asked for again.
    verify(&scene, &[outcome.stdout.lines().next().unwrap()], &[]).expect(0);
}

#[test]
fn an_image_named_twice_is_judged_and_reported_each_time_or_once_but_never_wrongly() {
    let scene = scene();
    scene.server.grant("alice", &["get"], "imagestreamtags");
    scene
        .server
        .stream("team", "app", crate::cluster::streams::stream("v1", D1));
    let outcome = verify(&scene, &[D1, D1, "team/app:v1"], &["-o", "json", "--confirm"]).expect(0);
    for item in outcome.json()["items"].as_array().unwrap() {
        assert_eq!((&item["image"], &item["verdict"]), (&json!(D1), &json!("Verified")));
        assert_eq!(item["recorded"], "yes");
    }
    let outcome = scene.run(&["describe", D1, D1, "-o", "json"]).expect(0);
    assert_eq!(outcome.json()["items"].as_array().unwrap().len(), 1);
    let outcome = scene.run(&["remove", D1, D1, "--confirm", "-o", "json"]).expect(0);
    assert_eq!(outcome.json()["items"].as_array().unwrap().len(), 1);
}

#[test]
fn output_formats() {
    let scene = scene();
    let text = verify(&scene, &[D1], &[]).expect(0).stdout;
    let image = format!("Verified: {IDENTITY}\n  image      {D1}\n");
    let signer = format!(
        "  signed by  Example Release <release@example.com>\n             {}\n",
        scene.key
    );
    assert_eq!(text, format!("{image}{signer}"));
    let wide = verify(&scene, &[D1], &["-o", "wide"]).expect(0).stdout;
    assert!(
        wide.starts_with(&format!("{image}  source     cluster\n{signer}")),
        "{wide}"
    );
    let yaml = verify(&scene, &[D1, D3], &["-o", "yaml"]).expect(3).stdout;
    assert!(
        yaml.contains("source: cluster") && yaml.contains("reason: NotFound"),
        "{yaml}"
    );
    let explained = verify(&scene, &[D2], &["--explain"]).expect(1).stdout;
    assert!(explained.contains("registry.local:5000/foo/other:v1"), "{explained}");
    let name = verify(&scene, &[D2, D1], &["-o", "name"]).expect(1).stdout;
    assert_eq!(name, format!("image.image.openshift.io/{D1}\n"));
}

#[test]
fn plugin_names_are_the_same_program() {
    let scene = Scene::signed();
    for name in ["oc-image_signature", "kubectl-image_signature"] {
        let plugin = scene.sandbox.path(name);
        symlink(binary(), &plugin).unwrap();
        let mut command = scene.sandbox.command_of(&plugin);
        command.args(scene.verify(D1)).args(["-o", "json", "--confirm"]);
        let outcome = scene.finish(&mut command);
        outcome.expect_verdict(0, "Verified/Verified");
    }
}

#[test]
fn nobody_reading_the_output_does_not_end_the_recording() {
    let scene = scene();
    let mut gone = Command::new("true").stdin(Stdio::piped()).spawn().unwrap();
    let writer = gone.stdin.take().unwrap();
    assert!(gone.wait().unwrap().success());
    let mut command = scene.sandbox.command();
    command.args(scene.verify(D2)).args([D1, "--confirm"]);
    let status = command.stdout(writer).stderr(Stdio::null()).status().unwrap();
    assert_eq!(status.code(), Some(1));
    assert_eq!(statuses(&stored(&scene.server)), ["Trusted=True", "ForImage=True"]);
    scene.sandbox.assert_clean();
}

#[test]
fn the_old_flags_of_oc_write_and_remove() {
    let scene = Scene::signed();
    scene.run_verify(D1, &["--save"]).expect(0);
    assert_eq!(statuses(&stored(&scene.server)), ["Trusted=True", "ForImage=True"]);
    let outcome = scene.run(&["verify", D1, "--remove-all"]).expect(2);
    assert!(outcome.stderr.contains("--confirm"), "{outcome:?}");
    scene.server.forget_requests();
    let outcome = scene.run(&["verify", D1, "--remove-all", "--confirm"]).expect(0);
    assert!(outcome.stderr.contains("signatures are kept"), "{outcome:?}");
    assert_eq!(scene.server.lines().last(), Some(&line("PATCH", D1)));
    let found = stored(&scene.server);
    assert_eq!(found["conditions"], Value::Null);
    assert_ne!(found["content"], Value::Null);
}
