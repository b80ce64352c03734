// SPDX-License-Identifier: Apache-2.0
//! Which records of trust a policy takes back, and what is said before one is made again.

use std::fs;

use serde_json::{json, Value};

use super::bench::{digest, Bench, Report, SIGNED};
use super::fleet::{stored, tag, Fleet, SOURCE};

/// Where a tenant pushes the bits of others.
const EVIL: &str = "registry.example/evil";

/// Where images of the fleet are mirrored.
const MIRROR: &str = "mirror.example/team";

/// What the scope of the mirror may say of what the fleet's images are signed for.
fn identities() -> [Value; 3] {
    [
        json!({"type": "remapIdentity", "prefix": MIRROR, "signedPrefix": SOURCE}),
        json!({"type": "exactReference", "dockerReference": tag(1)}),
        json!({"type": "exactRepository", "dockerRepository": format!("{SOURCE}/app")}),
    ]
}

fn signed_by(file: &str) -> Value {
    json!([{"type": "signedBy", "keyType": "GPGKeys", "keyPath": file,
        "signedIdentity": {"type": "matchRepository"}}])
}

/// A stream whose tag v1 is imported from there, and stands for an image.
fn stream(from: &str, own: &str) -> Value {
    json!({"spec": {"tags": [{"name": "v1", "from": {"kind": "DockerImage", "name": from}}]},
        "status": {"tags": [{"tag": "v1", "items": [{"image": own}]}]}})
}

/// A fleet with one image, which a policy judges by the scope of the fleet's repository. Its record is true.
struct Scene {
    fleet: Fleet,
    own: String,
}

impl Scene {
    /// One whose policy judges the image by the scope of a mirror, which accepts it as signed for another reference.
    fn mirrored(default: &str, identity: &Value) -> Self {
        let scene = Self::new();
        let map = format!("{MIRROR} {MIRROR}\n{EVIL} {EVIL}\n{SOURCE} {SOURCE}\n");
        scene.fleet.scene.sandbox.file("map", map);
        scene.mirror(&scene.fleet.key_file, default, identity);
        let stream = stream(&format!("{MIRROR}/app:v1"), &scene.own);
        scene.fleet.server().stream("shop", "app", stream);
        scene.audit(0);
        assert_eq!(scene.trusted(), "True");
        scene
    }

    fn mirror(&self, keys: &str, default: &str, identity: &Value) {
        let mut of_mirror = signed_by(keys);
        of_mirror[0]["signedIdentity"] = identity.clone();
        let policy = json!({"default": [{"type": default}], "transports": {"docker": {MIRROR: of_mirror}}});
        self.fleet.scene.sandbox.file("policy.json", policy.to_string());
    }

    /// The fleet's key with its revocation.
    fn revoked(&self) -> String {
        let key = &self.fleet.key;
        let revoked = key.revoked("Example Release <release@example.com>", 0, key.created + 1);
        let file = self.fleet.scene.sandbox.file("revoked.gpg", revoked);
        file.display().to_string()
    }

    fn new() -> Self {
        let fleet = Fleet::empty();
        fleet.other_key("other.gpg");
        let map = format!("{SOURCE} {SOURCE}\n{EVIL} {EVIL}\n");
        fleet.scene.sandbox.file("map", map);
        let own = digest(1);
        fleet.server().image(stored(&own, &[&fleet.sign(&own, &tag(1))]));
        fleet.server().stream("shop", "app", stream(&tag(1), &own));
        let scene = Self { fleet, own };
        scene.policy(&scene.fleet.key_file, &json!([{"type": "reject"}]));
        scene.audit(0);
        assert_eq!(scene.trusted(), "True");
        scene
    }

    /// The keys of the scope that the image is recorded in, and what is required of what the tenant pushes.
    fn policy(&self, keys: &str, of_evil: &Value) {
        let policy = json!({"default": [{"type": "reject"}], "transports": {"docker": {
            SOURCE: signed_by(keys), EVIL: of_evil}}});
        self.fleet.scene.sandbox.file("policy.json", policy.to_string());
    }

    fn audit(&self, status: i32) -> Value {
        let mut command = self.fleet.scene.sandbox.command();
        command.args(["audit", "--policy", "policy.json", "--expected-identity-map", "map"]);
        command.args(["--confirm", "-o", "jsonl"]);
        let outcome = self.fleet.scene.finish(&mut command).expect(status);
        Report::read(&outcome.stdout).entry().clone()
    }

    fn trusted(&self) -> Value {
        let image = self.fleet.server().stored(&self.own);
        image["signatures"][0]["conditions"][0]["status"].clone()
    }
}

/// What a tenant calls an image is in another scope, whose keys did not sign it.
#[test]
fn what_a_tenant_calls_an_image_takes_no_record_back_that_holds_in_its_own_scope() {
    let scene = Scene::new();
    let other = scene.fleet.scene.sandbox.path("other.gpg").display().to_string();
    let own = scene.own.clone();
    let server = scene.fleet.server();
    let by_tag = || server.stream("shop", "app", stream(&format!("{EVIL}/x:v1"), &own));
    let by_digest = || {
        let name = format!("{EVIL}/x@{own}");
        server.stream("shop", "app", json!({}));
        server.pod("evil", "x", super::fleet::pod("Running", &name, &name));
    };
    let by_place = || {
        server.stream("shop", "app", json!({}));
        let put = |image: &mut Value| image["dockerImageReference"] = format!("{EVIL}/x@{own}").into();
        server.objects(|objects| objects.edit_image(&own, put));
    };
    let ways: [&dyn Fn(); 3] = [&by_tag, &by_digest, &by_place];
    for way in ways {
        way();
        for of_evil in [json!([{"type": "reject"}]), signed_by(&other)] {
            scene.policy(&scene.fleet.key_file, &of_evil);
            let entry = scene.audit(1);
            assert_eq!(entry["verdict"], "Rejected");
            assert_eq!(scene.trusted(), "True", "{entry}");
            // Nor is it said not to hold.
            let findings = entry["findings"].as_array().into_iter().flatten();
            assert!(findings.into_iter().all(|own| own["kind"] != "stale"), "{entry}");
        }
    }
    // Its own scope no longer accepts the key: that is so whatever others call the image.
    by_tag();
    scene.policy(&other, &json!([{"type": "reject"}]));
    scene.audit(1);
    assert_eq!(scene.trusted(), "False");
}

#[test]
fn a_revoked_key_takes_a_record_back_whatever_else_the_image_is_called() {
    for of_evil in ["reject", "insecureAcceptAnything"] {
        let scene = Scene::new();
        let server = scene.fleet.server();
        server.stream("shop", "app", stream(&format!("{EVIL}/x:v1"), &scene.own));
        scene.policy(&scene.revoked(), &json!([{"type": of_evil}]));
        scene.audit(1);
        // What is allowed unsigned is not judged there; its own scope refuses it.
        assert_eq!(scene.trusted(), "False", "{of_evil}");
        // Its own scope says why.
        let condition = server.stored(&scene.own)["signatures"][0]["conditions"][0].to_string();
        let expected = format!("expected as {}; required by scope", tag(1));
        assert!(
            condition.contains("\"KeyRevoked\"") && condition.contains(&expected),
            "{condition}"
        );
    }
}

/// The scope of what it is signed for accepts everything, and says nothing of signatures.
#[test]
fn a_scope_that_accepts_an_image_as_signed_for_another_reference_takes_its_record_back() {
    for identity in identities() {
        let scene = Scene::mirrored("insecureAcceptAnything", &identity);
        let other = scene.fleet.scene.sandbox.path("other.gpg").display().to_string();
        for keys in [other, scene.revoked()] {
            scene.mirror(&keys, "insecureAcceptAnything", &identity);
            let entry = scene.audit(1);
            assert_eq!(scene.trusted(), "False", "{identity} {keys}: {entry}");
            assert_eq!(entry["findings"][0]["kind"], "stale", "{entry}");
            scene.mirror(&scene.fleet.key_file, "insecureAcceptAnything", &identity);
            scene.audit(0);
            assert_eq!(scene.trusted(), "True");
        }
    }
}

#[test]
fn what_a_tenant_calls_an_image_takes_no_record_back_that_holds_where_another_reference_is_signed() {
    for identity in identities() {
        let scene = Scene::mirrored("reject", &identity);
        // In no scope; the second is the vendor's own name.
        for from in [format!("{EVIL}/x:v1"), tag(1)] {
            scene.fleet.server().stream("shop", "app", stream(&from, &scene.own));
            let entry = scene.audit(1);
            assert_eq!(entry["verdict"], "Rejected");
            assert_eq!(scene.trusted(), "True", "{identity}: {entry}");
            let findings = entry["findings"].as_array().into_iter().flatten();
            assert!(findings.into_iter().all(|own| own["kind"] != "stale"), "{entry}");
        }
        scene.mirror(&scene.revoked(), "reject", &identity);
        scene.audit(1);
        assert_eq!(scene.trusted(), "False", "{identity}");
    }
}

/// Only what is said of another scope alone leaves a record that no scope judges.
#[test]
fn a_signature_that_is_no_good_in_any_scope_loses_a_record_that_no_scope_judges() {
    let scene = Scene::new();
    let (own, fleet) = (scene.own.clone(), &scene.fleet);
    let good = fleet.server().stored(&own);
    let other = fleet.scene.sandbox.path("other.gpg").display().to_string();
    let of_tenant = stream(&format!("{EVIL}/x:v1"), &own);
    fleet.server().stream("shop", "app", of_tenant);
    let blob = |blob: &[u8]| crate::support::images::signature(&own, "s0", blob)["content"].clone();
    let same = good["signatures"][0]["content"].clone();
    let of_other = blob(&fleet.sign(&digest(9), &tag(1)));
    for (of_evil, content, trusted) in [
        (json!([{"type": "reject"}]), same.clone(), "True"),
        (signed_by(&other), same.clone(), "True"),
        (signed_by(&scene.revoked()), same, "False"),
        (signed_by(&fleet.key_file), blob(b"garbage"), "False"),
        (signed_by(&fleet.key_file), of_other, "False"),
    ] {
        let put = |image: &mut Value| {
            image["signatures"] = good["signatures"].clone();
            image["signatures"][0]["content"] = content.clone();
        };
        fleet.server().objects(|objects| objects.edit_image(&own, put));
        let policy = json!({"default": [{"type": "insecureAcceptAnything"}],
            "transports": {"docker": {EVIL: of_evil}}});
        fleet.scene.sandbox.file("policy.json", policy.to_string());
        let entry = scene.audit(1);
        assert_eq!(scene.trusted(), trusted, "{of_evil}: {entry}");
    }
}

/// As `verify` does: the keys at hand may be older than the revocation.
#[test]
fn an_audit_warns_where_it_trusts_again_what_was_recorded_as_revoked() {
    let bench = Bench::new();
    let mut object = bench.good(1);
    let condition = |kind: &str, status: &str| {
        json!({"type": kind, "status": status, "reason": "KeyRevoked", "message": "m",
            "lastProbeTime": "2025-01-01T00:00:00Z", "lastTransitionTime": "2025-01-01T00:00:00Z"})
    };
    object["signatures"][0]["conditions"] = json!([condition("Trusted", "False"), condition("ForImage", "Unknown")]);
    let path = bench.desk.put("all.json", object.to_string());
    let outcome = bench.run(&["-f", "all.json", "--confirm"]).expect(0);
    assert!(
        outcome.stderr.contains("they may be older than it"),
        "{}",
        outcome.stderr
    );
    let object: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    assert_eq!(object["signatures"][0]["conditions"][0]["status"], "True");
}

/// It would be found out only in the middle, and told as trouble with an image.
#[test]
fn a_key_file_of_any_scope_that_is_of_no_use_stops_an_audit_before_it_begins() {
    let bench = Bench::new();
    let key = bench.desk.key_file.to_str().unwrap();
    bench.desk.put("all.json", bench.good(1).to_string());
    bench.desk.put("empty.gpg", "");
    for of in [
        signed_by("away.gpg"),
        signed_by("empty.gpg"),
        json!([{"type": "sigstoreSigned", "keyPath": "away.pub"}]),
    ] {
        for scope in [SIGNED, "elsewhere.example"] {
            let policy = json!({"default": signed_by(key), "transports": {"docker": {scope: of}}});
            bench.desk.put("policy.json", policy.to_string());
            let outcome = bench.by_policy(&["-f", "all.json"]).expect(2);
            assert!(outcome.stderr.contains("line 1, column"), "{}", outcome.stderr);
            assert_eq!(outcome.stdout, "");
        }
    }
    let policy = json!({"default": signed_by(key), "transports": {"docker": {SIGNED: signed_by(key)}}});
    bench.desk.put("policy.json", policy.to_string());
    bench.by_policy(&["-f", "all.json"]).expect(0);
}

/// A pod whose image nobody can know says nothing of the images of others.
#[test]
fn a_pod_whose_image_is_not_known_keeps_no_record_of_others_from_being_made() {
    let waiting = json!({"waiting": {"reason": "InvalidImageName"}});
    let running = json!({"running": {}});
    let with = |image: &str, id: &str, state: &Value| {
        json!({"spec": {"containers": [{"name": "m", "image": image}]},
            "status": {"phase": "Running", "containerStatuses": [
                {"name": "m", "image": image, "imageID": id, "state": state}]}})
    };
    let config = format!("sha256:{}", "a".repeat(64));
    let mut mounts = with("MyApp", "", &waiting);
    mounts["spec"]["volumes"] = json!([{"name": "v", "image": {"reference": "quay.io/a/b:v1"}}]);
    let mut debugged = super::fleet::pod("Running", "quay.io/a/b:v1", &format!("quay.io/a/b@{}", digest(7)));
    debugged["spec"]["ephemeralContainers"] = json!([{"name": "debugger", "image": "busybox"}]);
    for (pod, status) in [
        // One that waits for an image that there cannot be runs nothing.
        (with("MyApp:latest", "", &waiting), 0),
        (with("MyApp:latest", "", &running), 3),
        (with("quay.io/a/b:v1", &config, &running), 3),
        (with("quay.io/a/b:v1", "", &running), 3),
        (mounts, 3),
    ] {
        let fleet = Fleet::empty();
        fleet.scene.sandbox.file("map", format!("{SOURCE} {SOURCE}\n"));
        let own = fleet.signed_in_a_stream();
        fleet.server().pod("dev", "p", pod.clone());
        let outcome = fleet
            .run(&["--expected-identity-map", "map", "--confirm"])
            .expect(status);
        let record = &fleet.server().stored(&own)["signatures"][0]["conditions"][0]["status"];
        assert_eq!(*record, "True", "{pod}: {outcome:#?}");
    }
    let fleet = Fleet::empty();
    fleet.signed_in_a_stream();
    fleet.server().pod("dev", "p", debugged);
    let outcome = fleet.run(&["-o", "jsonl"]);
    assert_eq!(Report::read(&outcome.stdout).tail["incomplete"], Value::Null);
}

/// Of the image that runs, and of the one that is named, more may be expected than is known.
#[test]
fn nothing_is_recorded_of_an_image_that_is_run_by_what_is_no_reference() {
    let fleet = Fleet::empty();
    fleet.scene.sandbox.file("map", format!("{SOURCE} {SOURCE}\n"));
    let own = fleet.signed_in_a_stream();
    let other = digest(2);
    fleet.server().image(stored(&other, &[&fleet.sign(&other, &tag(2))]));
    fleet.server().stream("shop", "other", stream(&tag(2), &other));
    let trusted = |image: &str| fleet.server().stored(image)["signatures"][0]["conditions"][0]["status"].clone();
    for (asked, runs) in [
        ("[::1]:5000/app:1".to_owned(), format!("{SOURCE}/app@{own}")),
        (format!("[::1]:5000/app@{own}"), format!("{SOURCE}/app@{}", digest(9))),
        (format!("[::1]:5000/app@{own}"), String::new()),
    ] {
        let mut pod = super::fleet::pod("Running", &asked, &runs);
        pod["status"]["containerStatuses"][0]["state"] = json!({"running": {}});
        fleet.server().pod("dev", "p", pod);
        let outcome = fleet.run(&["--expected-identity-map", "map", "--confirm"]).expect(3);
        assert!(outcome.stderr.contains("is not a valid reference"), "{outcome:#?}");
        assert_eq!(trusted(&own), Value::Null, "{asked}");
        assert_eq!(trusted(&other), "True", "{asked}");
    }
    fleet
        .server()
        .pod("dev", "p", json!({"status": {"phase": "Succeeded"}}));
    fleet.run(&["--expected-identity-map", "map", "--confirm"]).expect(0);
    assert_eq!(trusted(&own), "True");
}
