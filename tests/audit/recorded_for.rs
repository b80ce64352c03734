// SPDX-License-Identifier: Apache-2.0
//! A record of trust goes by the name that it was made for, in the scope of that: not by others that accept or refuse the image.

use serde_json::{json, Value};

use super::bench::{digest, Report};
use super::fleet::{name, pod, stored, tag, Fleet, SOURCE};
use crate::support::api::Fault;
use crate::support::forge::Draft;
use crate::support::images::payload;

/// Where a tenant pushes the bits of others.
const EVIL: &str = "registry.example/evil";

/// Where images of the fleet are mirrored.
const MIRROR: &str = "mirror.example/team";

/// A cluster whose image 1 is used by what is expected of it, or by a tenant alone.
struct Scene {
    fleet: Fleet,
    other: String,
}

impl Scene {
    fn new(signed: &[&str]) -> Self {
        let fleet = Fleet::empty();
        let places = [SOURCE, MIRROR, EVIL].map(|place| format!("{place} {place}\n"));
        fleet.scene.sandbox.file("map", places.concat());
        let other = fleet.other_key("other.gpg");
        let own = digest(1);
        let by_other = |reference: &str| other.message(&Draft::new(other.created), &payload(&own, reference));
        let mut blobs = vec![fleet.sign(&own, signed[0])];
        blobs.extend(signed[1..].iter().map(|reference| by_other(reference)));
        let blobs: Vec<&[u8]> = blobs.iter().map(Vec::as_slice).collect();
        fleet.server().image(stored(&own, &blobs));
        let other = fleet.scene.sandbox.path("other.gpg").display().to_string();
        Self { fleet, other }
    }

    /// A scope with a requirement.
    fn by(&self, keys: &str, identity: &Value) -> Value {
        json!({"type": "signedBy", "keyType": "GPGKeys", "keyPath": keys, "signedIdentity": identity})
    }

    fn own(&self, identity: &Value) -> Value {
        self.by(&self.fleet.key_file, identity)
    }

    fn other(&self, identity: &Value) -> Value {
        self.by(&self.other, identity)
    }

    fn policy(&self, scopes: &Value) {
        let policy = json!({"default": [{"type": "reject"}], "transports": {"docker": scopes}});
        self.fleet.scene.sandbox.file("policy.json", policy.to_string());
    }

    /// Lets tags of these names stand for the image, and no pod.
    fn tags(&self, from: &[String]) {
        let spec = |(n, from)| json!({"name": format!("t{n}"), "from": {"kind": "DockerImage", "name": from}});
        let spec: Vec<Value> = from.iter().enumerate().map(spec).collect();
        let status = |n| json!({"tag": format!("t{n}"), "items": [{"image": digest(1)}]});
        let status: Vec<Value> = (0..from.len()).map(status).collect();
        let stream = json!({"spec": {"tags": spec}, "status": {"tags": status}});
        self.fleet.server().stream("shop", "app", stream);
        let gone = json!({"status": {"phase": "Succeeded"}});
        self.fleet.server().pod("shop", "own", gone);
    }

    fn tenant(&self) {
        self.tags(&[format!("{EVIL}/x:v1")]);
    }

    /// Lets a pod name the image by its digest.
    fn runs(&self) {
        self.tags(&[]);
        self.fleet
            .server()
            .pod("shop", "own", pod("Running", &name(1), &name(1)));
    }

    /// Hides pods, so that other uses of the image may be.
    fn hide(&self, hides: bool) {
        self.fleet.server().heal();
        if hides {
            self.fleet.server().fault(Fault::status(403).on("GET", "/pods$"));
        }
    }

    #[track_caller]
    fn audit(&self, status: i32) -> Value {
        let mut command = self.fleet.scene.sandbox.command();
        command.args(["audit", "--policy", "policy.json", "--expected-identity-map", "map"]);
        command.args(["--confirm", "-o", "jsonl"]);
        let outcome = self.fleet.scene.finish(&mut command).expect(status);
        Report::read(&outcome.stdout).entry().clone()
    }

    /// Lets the record of the first signature have this message.
    fn says(&self, message: &str) {
        let edit = |image: &mut Value| image["signatures"][0]["conditions"][0]["message"] = message.into();
        self.fleet
            .server()
            .objects(|objects| objects.edit_image(&digest(1), edit));
    }

    fn trusted(&self) -> Vec<Value> {
        let image = self.fleet.server().stored(&digest(1));
        let signatures = image["signatures"].as_array().unwrap().iter();
        signatures.map(|own| own["conditions"][0]["status"].clone()).collect()
    }

    /// Audits, after which every signature has this record. Where all uses are known, it says nothing against one that stays.
    #[track_caller]
    fn leaves(&self, status: i32, trusted: &str) -> Value {
        let entry = self.audit(status);
        assert!(self.trusted().iter().all(|own| own == trusted), "{entry}");
        let findings = entry["findings"].as_array().into_iter().flatten();
        let is_stale = findings.into_iter().any(|own| own["kind"] == "stale");
        assert!(status != 1 || trusted == "False" || !is_stale, "{entry}");
        entry
    }
}

fn any_tag() -> Value {
    json!({"type": "matchRepository"})
}

fn usual() -> Value {
    json!({"type": "matchRepoDigestOrExact"})
}

#[test]
fn a_record_of_the_scope_of_a_tag_or_digest_is_not_taken_back_by_another_scope() {
    for is_by_digest in [false, true] {
        let (scope, signed, identity) = match is_by_digest {
            true => (name(1), tag(1), usual()),
            false => (tag(1), format!("{SOURCE}/app:other"), any_tag()),
        };
        for hides in [false, true] {
            let scene = Scene::new(&[&signed]);
            scene.policy(&json!({&scope: [scene.own(&identity)]}));
            match is_by_digest {
                true => scene.runs(),
                false => scene.tags(&[tag(1)]),
            }
            scene.leaves(0, "True");
            scene.tenant();
            scene.hide(hides);
            let failed = if hides { 3 } else { 1 };
            scene.leaves(failed, "True");
            // The name that it is signed for is in a scope of others.
            scene.policy(&json!({&scope: [scene.own(&identity)], SOURCE: [scene.other(&identity)]}));
            scene.leaves(failed, "True");
            scene.policy(&json!({&scope: [{"type": "reject"}], SOURCE: [scene.own(&identity)]}));
            scene.leaves(failed, "False");
        }
    }
}

/// The scope is gone that a record names, and what applies in its place refuses it: that waits for all uses.
#[test]
fn a_scope_that_a_record_does_not_name_takes_it_back_only_where_all_uses_are_known() {
    let scene = Scene::new(&[&tag(1)]);
    scene.policy(&json!({SOURCE: [scene.own(&usual())]}));
    scene.tags(&[tag(1)]);
    scene.leaves(0, "True");
    scene.policy(&json!({}));
    scene.hide(true);
    scene.leaves(3, "True");
    scene.hide(false);
    scene.leaves(1, "False");
}

#[test]
fn a_record_is_not_taken_back_where_another_requirement_compares_what_was_asked_for() {
    let exactly = json!({"type": "exactReference", "dockerReference": tag(1)});
    for (identity, signed) in [(exactly, tag(1)), (any_tag(), format!("{MIRROR}/app:other"))] {
        let own = format!("{MIRROR}/app:v1");
        let scene = Scene::new(&[&signed, &own]);
        scene.policy(&json!({MIRROR: [scene.own(&identity), scene.other(&usual())]}));
        scene.tags(&[own]);
        scene.leaves(0, "True");
        for from in [format!("{EVIL}/x:v1"), signed] {
            scene.tags(&[from]);
            scene.leaves(1, "True");
        }
        scene.tenant();
        scene.policy(&json!({MIRROR: [scene.own(&identity), scene.own(&usual())]}));
        scene.leaves(1, "False");
    }
}

#[test]
fn a_scope_in_which_an_image_is_not_used_keeps_no_record_that_its_own_scope_refuses() {
    let remap = json!({"type": "remapIdentity", "prefix": MIRROR, "signedPrefix": SOURCE});
    let repository = json!({"type": "exactRepository", "dockerRepository": format!("{SOURCE}/app")});
    for identity in [remap, repository] {
        let scene = Scene::new(&[&tag(1)]);
        let beside = json!([scene.own(&identity)]);
        for refusing in [scene.other(&usual()), json!({"type": "reject"})] {
            scene.policy(&json!({SOURCE: [scene.own(&usual())], MIRROR: beside}));
            scene.tags(&[tag(1)]);
            scene.leaves(0, "True");
            scene.policy(&json!({SOURCE: [refusing], MIRROR: beside}));
            scene.leaves(1, "False");
        }
        // One that is used in both is recorded for both.
        scene.policy(&json!({SOURCE: [scene.own(&usual())], MIRROR: beside}));
        scene.tags(&[tag(1), format!("{MIRROR}/app:v1")]);
        scene.leaves(0, "True");
        scene.policy(&json!({SOURCE: [scene.other(&usual())], MIRROR: beside}));
        scene.tenant();
        scene.leaves(1, "True");
    }
}

/// As those of other programs: it is taken for one of the reference that is signed.
#[test]
fn a_record_that_names_nothing_that_was_expected_goes_by_what_is_signed() {
    let scene = Scene::new(&[&tag(1)]);
    for uses in [Scene::tenant, Scene::runs, |scene: &Scene| scene.tags(&[tag(1)])] {
        for refusing in [scene.other(&usual()), json!({"type": "reject"})] {
            scene.hide(false);
            scene.policy(&json!({SOURCE: [scene.own(&usual())]}));
            scene.tags(&[tag(1)]);
            scene.leaves(0, "True");
            scene.says("verified by user \"alice\"");
            uses(&scene);
            scene.hide(true);
            scene.leaves(3, "True");
            scene.policy(&json!({SOURCE: [refusing]}));
            scene.leaves(3, "True");
            scene.hide(false);
            scene.leaves(1, "False");
        }
    }
}

/// A message may name an image of a place where everything is accepted.
#[test]
fn a_record_that_names_what_nobody_judges_goes_by_what_is_signed() {
    let scene = Scene::new(&[&tag(1)]);
    let accept = json!([{"type": "insecureAcceptAnything"}]);
    for words in ["open.example/x:v1", "busybox"] {
        scene.hide(false);
        scene.policy(&json!({SOURCE: [scene.own(&usual())]}));
        scene.tags(&[tag(1)]);
        scene.leaves(0, "True");
        scene.says(&format!("verified by a: signed by c; expected as {words}"));
        scene.policy(&json!({SOURCE: [scene.other(&usual())], "open.example": accept, "docker.io": accept}));
        scene.runs();
        scene.hide(true);
        scene.leaves(3, "True");
        scene.hide(false);
        scene.leaves(1, "False");
    }
}

/// Nobody looks up which list has a digest that a record names: this image may be in it.
#[test]
fn a_record_that_names_the_digest_of_a_list_is_taken_back_by_no_other_scope() {
    let scene = Scene::new(&[&tag(1)]);
    let list = format!("{SOURCE}/app@{}", digest(2));
    for (named, status) in [(list, "True"), (format!("{SOURCE}/app:other"), "False")] {
        scene.policy(&json!({SOURCE: [scene.own(&usual())]}));
        scene.tags(&[tag(1)]);
        scene.leaves(0, "True");
        scene.says(&format!("verified by a: signed by c; expected as {named}"));
        // What it is recorded to be signed for would speak for it too.
        let edit = |image: &mut Value| image["signatures"][0]["imageIdentity"] = json!("");
        scene
            .fleet
            .server()
            .objects(|objects| objects.edit_image(&digest(1), edit));
        scene.tenant();
        scene.policy(&json!({&named: [scene.own(&usual())], SOURCE: [scene.other(&usual())]}));
        scene.leaves(1, status);
        // A key that is not accepted there is so for each list.
        scene.policy(&json!({SOURCE: [scene.other(&usual())]}));
        scene.leaves(1, "False");
    }
}

/// A message has room for a few names only.
#[test]
fn a_record_of_more_names_than_it_has_room_for_names_one_of_each_scope() {
    let remap = json!({"type": "remapIdentity", "prefix": MIRROR, "signedPrefix": SOURCE});
    let long = "a-tag-that-is-as-long-as-those-of-builds-may-be-1.0.0-20260101.000000";
    let tags = |place: &str| (0..8).map(|n| format!("{place}/app:{long}-{n}")).collect::<Vec<_>>();
    let signed = format!("{SOURCE}/app:{long}-0");
    let all = json!({"type": "exactReference", "dockerReference": signed});
    for (used, status) in [(tags(SOURCE), "False"), ([tags(SOURCE), tags(MIRROR)].concat(), "True")] {
        for refusing in [SOURCE, MIRROR] {
            let scene = Scene::new(&[&signed]);
            let mut policy = json!({SOURCE: [scene.own(&all)], MIRROR: [scene.own(&all)]});
            scene.policy(&policy);
            scene.tags(&used);
            scene.leaves(0, "True");
            let message = &scene.fleet.server().stored(&digest(1))["signatures"][0]["conditions"][0]["message"];
            assert!(message.as_str().unwrap().contains('\u{2026}'), "{message}");
            scene.tenant();
            scene.leaves(1, "True");
            policy[refusing] = json!([scene.other(&remap)]);
            // The scope has another name now.
            if refusing == SOURCE && status == "False" {
                let own = policy.as_object_mut().unwrap().remove(SOURCE).unwrap();
                policy[format!("{SOURCE}/app")] = own;
                scene.policy(&policy);
                scene.hide(true);
                scene.leaves(3, "True");
                scene.hide(false);
            }
            scene.policy(&policy);
            scene.leaves(1, if refusing == SOURCE { status } else { "True" });
        }
    }
}
