// SPDX-License-Identifier: Apache-2.0
//! A release payload that may be a Verified one all the same: who can hide that, what follows for records, and what the user is told
//! to do.

use serde_json::{json, Value};

use super::bench::Report;
use super::components_scene::{word, Dispute};
use crate::support::api::Fault;
use crate::support::forge::{now, Draft, Key};
use crate::support::hub::Answer;
use crate::support::images::payload;
use crate::support::program::Outcome;

const AUTO: [&str; 2] = ["--registry-url", "auto"];
const REJECTED: (&str, Value) = ("Rejected/IdentityMismatch", Value::Null);
const NOT_READ: &str = "; its components are not read, and expected to be signed as what uses them says";
const MAY_BE: &str = "it may be Verified, but not all is known: ";
const ANOTHER: &str = "is not known; let its registry be reached, log in to it, or name another that has it with --registry-url HOST, which is then asked for all images; or audit with -A or -n, which read no payload: components are then expected to be signed as what uses them says, and not as the payload says";

fn is_true() -> Value {
    json!("True")
}

/// As where no registry is asked.
fn unheard() -> (&'static str, Value) {
    ("Verified/Verified", is_true())
}

fn new() -> Dispute {
    let scene = Dispute::new();
    scene.town.fleet.server().grant("alice", &["list"], "configmaps");
    scene
}

fn garbage(count: usize) -> Vec<Vec<u8>> {
    (0..count).map(|n| format!("garbage {n}").into_bytes()).collect()
}

/// Has the registry serve so many blobs beside the payload that are not signatures.
fn litter(scene: &Dispute, count: usize) {
    scene.town.hub.store(|store| {
        for (n, blob) in garbage(count).iter().enumerate() {
            let name = format!("g{n}");
            store.repository("ocp/release").sign(&scene.payload, &name, blob);
        }
    });
}

/// Nothing is recorded, and the user is told why and what to do.
#[track_caller]
fn assert_unknown(scene: &Dispute, args: &[&str], why: &[&str]) {
    let outcome = scene.assert(args, 3, ("Verified/Verified", Value::Null), Value::Null);
    assert_told(
        &outcome,
        "error: release payload 4.21.3: as the cluster names it, ",
        why,
    );
}

/// Everything is recorded as without the payload, and the user is told why.
#[track_caller]
fn assert_not_read(scene: &Dispute, args: &[&str], status: i32, why: &[&str]) {
    let outcome = scene.assert(args, status, unheard(), is_true());
    let why = [why, &[NOT_READ]].concat();
    assert_told(
        &outcome,
        "note: release payload 4.21.3: as the cluster names it, ",
        &why,
    );
}

#[track_caller]
fn assert_told(outcome: &Outcome, begin: &str, parts: &[&str]) {
    let lines = outcome.stderr.lines().filter(|line| line.starts_with(begin));
    let lines: Vec<&str> = lines.collect();
    let is_whole = |line: &&str| parts.iter().all(|part| line.contains(part));
    assert!(
        lines.len() == 1 && lines.iter().all(is_whole),
        "{parts:?}: {outcome:#?}"
    );
}

#[test]
fn what_a_registry_serves_pushes_out_no_signature_of_the_object() {
    let scene = new();
    scene.object(&[], true);
    scene.assert(&AUTO, 1, REJECTED, is_true());
    litter(&scene, 128);
    for url in ["auto", &scene.town.hub.host()] {
        scene.assert(&["--registry-url", url], 1, REJECTED, is_true());
    }
}

#[test]
fn what_is_on_the_object_pushes_out_no_signature_of_another_place() {
    let scene = new();
    scene.object(&garbage(200), false);
    scene.sign_in("ocp/release");
    scene.assert(&AUTO, 1, REJECTED, is_true());
}

/// One that is number 129 of its place is not looked at.
#[test]
fn signatures_that_are_not_looked_at_may_be_good_ones() {
    let scene = new();
    litter(&scene, 128);
    scene.sign_in("ocp/release");
    let why = "it may be Verified, but not all is known: its registry serves more than 128 signatures of it";
    assert_unknown(&scene, &AUTO, &[why, ANOTHER]);
    let host = scene.town.hub.host();
    assert_not_read(&scene, &["--registry-url", &host], 1, &[why]);
    let scene = new();
    let good = scene.blob();
    let all: Vec<Vec<u8>> = garbage(128).into_iter().chain([good]).collect();
    let key = |n: usize| format!("{}-{n}", scene.payload.replace(':', "-"));
    let all: Vec<(String, &[u8])> = all
        .iter()
        .enumerate()
        .map(|(n, blob)| (key(n), blob.as_slice()))
        .collect();
    let all: Vec<(&str, &[u8])> = all.iter().map(|(key, blob)| (key.as_str(), *blob)).collect();
    super::release::keep(&scene.town.fleet, &all);
    let why = "it may be Verified, but not all is known: the ConfigMaps have more than 128 signatures of it";
    for url in ["auto", &scene.town.hub.host()] {
        assert_unknown(&scene, &["--registry-url", url], &[why, "audit with -A or -n"]);
    }
}

/// Who imports the payload first has its object say what they like.
#[test]
fn nobodys_import_keeps_records_from_being_made() {
    let scene = new();
    let claim = payload(
        "quay.io/openshift-release-dev/ocp-release:4.21.3-x86_64",
        &scene.payload,
    );
    let early = Key::new().message(&Draft::new(now() + 86_400), &claim);
    for blobs in [vec![early], garbage(129)] {
        scene.object(&blobs, false);
        assert_not_read(&scene, &AUTO, 1, &["it is Rejected ("]);
    }
    // The note says that the next one was not looked at.
    let left_out = " as far as it was looked at: its object has more than 128 signatures of it";
    assert_not_read(&scene, &AUTO, 1, &["it is Rejected (", left_out]);
}

/// The cluster runs it, so that it is somewhere.
#[test]
fn a_registry_without_the_payload_leaves_open_whether_it_is_verified() {
    let scene = new();
    scene.sign_in("ocp/release");
    let manifest = format!("/v2/ocp/release/manifests/{}", scene.payload);
    scene.town.hub.answer(&manifest, Answer::status(404));
    assert_unknown(&scene, &AUTO, &[MAY_BE, "not found (404)", ANOTHER]);
    let host = scene.town.hub.host();
    assert_not_read(&scene, &["--registry-url", &host], 1, &[MAY_BE, "not found (404)"]);
    // What is used is audited without the payload.
    scene.assert(&["-A", "--registry-url", "auto"], 0, unheard(), is_true());
    // A source that the cluster never asks is as one without it.
    let sets = json!({"kind": "ImageDigestMirrorSetList", "apiVersion": "config.openshift.io/v1", "metadata": {}, "items": [
        {"metadata": {"name": "own", "uid": "1"}, "spec": {"imageDigestMirrors": [{"source": format!("{host}/ocp/release"),
         "mirrorSourcePolicy": "NeverContactSource", "mirrors": [format!("{host}/m/release")]}]}}]});
    let path = "/apis/config.openshift.io/v1/imagedigestmirrorsets";
    scene.town.fleet.server().document(path, sets);
    let mirror = format!("{host}/v2/m/release/manifests/");
    assert_unknown(&scene, &AUTO, &[MAY_BE, &mirror, "not found (404)", ANOTHER]);
}

#[test]
fn instances_that_are_there_say_their_components_where_others_are_gone() {
    let scene = new();
    scene.runs_list();
    let outcome = scene.assert(&AUTO, 3, REJECTED, Value::Null);
    let begin = "error: release payload 4.21.3: as the cluster names it, ";
    let gone = format!("instance sha256:{}: ", "0".repeat(64));
    let whole = "it is Verified, and cannot be read as a whole: ";
    assert_told(
        &outcome,
        begin,
        &[whole, &gone, "which other components it has", ANOTHER],
    );
    let host = scene.town.hub.host();
    let outcome = scene.assert(&["--registry-url", &host], 1, REJECTED, is_true());
    let note = format!("{whole}{gone}");
    assert_eq!(outcome.stderr.matches(&note).count(), 1, "{outcome:#?}");
    let rest = "; its other components are not read, and expected to be signed as what uses them says";
    assert_eq!(outcome.stderr.matches(rest).count(), 1, "{outcome:#?}");
}

#[test]
fn nothing_that_a_registry_of_the_users_choice_says_keeps_records_from_being_made() {
    let scene = new();
    let host = scene.town.hub.host();
    let asked = ["--registry-url", &host];
    let manifest = format!("/v2/ocp/release/manifests/{}", scene.payload);
    let signatures = format!("/extensions/v2/ocp/release/signatures/{}", scene.payload);
    for path in [&manifest, &signatures] {
        for status in [401, 403, 500] {
            scene.town.hub.answer(path, Answer::status(status));
            assert_not_read(&scene, &asked, 1, &[MAY_BE]);
        }
        scene.town.hub.answers(path, []);
    }
    // Nobody is there.
    assert_not_read(&scene, &["--registry-url", "127.0.0.1:1"], 1, &[MAY_BE]);
}

/// What the cluster itself does not say matters where the payload could be read.
#[test]
fn config_maps_that_are_not_read_may_have_the_signature() {
    let scene = new();
    let host = scene.town.hub.host();
    let server = scene.town.fleet.server();
    let rights = "this takes the rights to get images and to list configmaps in the namespace openshift-config-managed; or audit with -A or -n";
    for (status, way) in [(403, rights), (500, "run the audit again, or audit with -A or -n")] {
        server.fault(Fault::status(status).on("GET", "/configmaps"));
        for url in ["auto", &host] {
            assert_unknown(&scene, &["--registry-url", url], &[MAY_BE, way]);
        }
        let manifest = format!("/v2/ocp/release/manifests/{}", scene.payload);
        scene.town.hub.answer(&manifest, Answer::status(403));
        assert_not_read(&scene, &["--registry-url", &host], 1, &[MAY_BE]);
        scene.town.hub.answers(&manifest, []);
        server.heal();
    }
}

/// Nothing that is not read can make it Verified.
#[test]
fn a_payload_that_a_policy_accepts_or_rejects_as_it_is_keeps_no_record_from_being_made() {
    let scene = new();
    let (server, host) = (scene.town.fleet.server(), scene.town.hub.host());
    let signed = json!([{"type": "signedBy", "keyType": "GPGKeys", "keyPath": scene.town.fleet.key_file}]);
    let manifest = format!("/v2/ocp/release/manifests/{}", scene.payload);
    let args = "audit --policy policy.json --confirm --expected-identity-map map -o jsonl --registries.d registries.d --registries-conf registries.conf --registry-ca ca.pem --registry-url auto";
    let args: Vec<&str> = args.split(' ').collect();
    let run = |default: &str, status: i32| {
        scene.forget();
        let policy =
            json!({"default": [{"type": default}], "transports": {"docker": {format!("{host}/shop"): signed}}});
        scene.town.fleet.scene.sandbox.file("policy.json", policy.to_string());
        scene.town.fleet.scene.run(&args).expect(status)
    };
    server.fault(Fault::status(403).on("GET", "/configmaps"));
    for (default, is) in [("insecureAcceptAnything", "Allowed"), ("reject", "PolicyRejected")] {
        let outcome = run(default, 1);
        assert_told(
            &outcome,
            "note: release payload 4.21.3: as the cluster names it, ",
            &[is, NOT_READ],
        );
        let found = word(&Report::read(&outcome.stdout), &scene.component);
        assert_eq!(
            (found.as_str(), scene.recorded(&scene.component)),
            unheard(),
            "{outcome:#?}"
        );
    }
    // Not even its registry need have it.
    scene.town.hub.answer(&manifest, Answer::status(404));
    for default in ["insecureAcceptAnything", "reject"] {
        let outcome = run(default, 1);
        assert_told(
            &outcome,
            "note: release payload 4.21.3: as the cluster names it, ",
            &["and no signature makes it Verified by the policy", NOT_READ],
        );
        assert_eq!(scene.recorded(&scene.component), is_true(), "{outcome:#?}");
    }
}

/// What this program does not check is not taken for what nobody accepts.
#[test]
fn a_note_says_that_what_a_policy_demands_of_a_payload_is_not_checked() {
    let scene = new();
    let host = scene.town.hub.host();
    let signed = json!([{"type": "signedBy", "keyType": "GPGKeys", "keyPath": scene.town.fleet.key_file}]);
    let fulcio = json!({"caData": "eA==", "oidcIssuer": "https://issuer.example", "subjectEmail": "a@example.com"});
    let not_checked = json!([{"type": "sigstoreSigned", "fulcio": fulcio, "rekorPublicKeyData": "eA=="}]);
    let policy = json!({"default": [{"type": "insecureAcceptAnything"}], "transports": {"docker": {
        format!("{host}/shop"): signed, format!("{host}/ocp/release"): not_checked}}});
    scene.town.fleet.scene.sandbox.file("policy.json", policy.to_string());
    scene.sign_in("ocp/release");
    let args = "audit --policy policy.json --confirm --expected-identity-map map -o jsonl --registries.d registries.d --registries-conf registries.conf --registry-ca ca.pem --registry-url auto";
    let args: Vec<&str> = args.split(' ').collect();
    let outcome = scene.town.fleet.scene.run(&args).expect(1);
    let said = "is not checked by this program: nodes may accept it by that";
    let begin = "note: release payload 4.21.3: as the cluster names it, ";
    assert_told(&outcome, begin, &["it is Unsupported (", said, NOT_READ]);
    assert_eq!(scene.recorded(&scene.component), is_true(), "{outcome:#?}");
}
