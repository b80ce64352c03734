// SPDX-License-Identifier: Apache-2.0
//! Mirrors: the first location that has the manifest counts, for signatures too.

use crate::registry::town::{answers, Town};
use crate::support::cosign::Cosign;
use crate::support::hub::{Answer, Hub};
use crate::support::images::base64;
use serde_json::json;

const NAME: &str = "registry.example.com/ns/app";

/// A mirror and a source over plain http, with an image that is signed under the name of a registry that is not there.
struct Scene {
    town: Town,
    mirror: Hub,
    source: Hub,
    digest: String,
}

impl Scene {
    fn new() -> Self {
        let (town, mirror, source) = (Town::new(), Hub::plain(), Hub::plain());
        let mut digest = String::new();
        for (hub, repository) in [(&mirror, "up/app"), (&source, "ns/app")] {
            digest = hub.store(|store| store.repository(repository).image("v1", "mirrored"));
        }
        town.conf(&format!(
            "[[registry]]\nprefix = \"registry.example.com/ns\"\nlocation = \"{}/ns\"\ninsecure = true\n[[registry.mirror]]\nlocation = \"{}/up\"\ninsecure = true\n",
            source.host(),
            mirror.host()
        ));
        Self {
            town,
            mirror,
            source,
            digest,
        }
    }

    fn sign_at(&self, hub: &Hub, repository: &str) {
        let signature = self.town.sign(&self.digest, &format!("{NAME}:v1"));
        hub.store(|store| {
            store.has_extension = true;
            store.repository(repository).sign(&self.digest, "one", &signature);
        });
    }
}

/// What is signed at the source does not count, so that the place is told where there is nothing.
#[test]
fn which_kind_the_mirror_lacks() {
    let scene = Scene::new();
    scene.sign_at(&scene.mirror, "up/app");
    let key = scene.town.sandbox.file("cosign.pub", Cosign::new().pem());
    let key = key.to_str().unwrap();
    let text = scene
        .town
        .verify(&[&format!("docker://{NAME}:v1"), "--sigstore-key", key])
        .expect(0)
        .stdout;
    assert!(
        text.contains("  GPG: Verified, sigstore: none at the mirror\n"),
        "{text}"
    );
    // At the place that was asked for nothing is said of a mirror.
    scene.town.insecure(&[&scene.mirror.host()]);
    let image = format!("docker://{}/up/app:v1", scene.mirror.host());
    let identity = format!("{NAME}:v1");
    let text = scene
        .town
        .verify(&[&image, "--expected-identity", &identity, "--sigstore-key", key])
        .expect(0)
        .stdout;
    assert!(text.contains("  GPG: Verified, sigstore: none\n"), "{text}");
}

#[test]
fn the_first_location_that_has_the_manifest_counts() {
    let scene = Scene::new();
    let image = format!("docker://{NAME}:v1");
    scene.sign_at(&scene.mirror, "up/app");
    let outcome = scene.town.verify_json(&[&image]).expect_verdict(0, "Verified/Verified");
    let item = outcome.item();
    assert_eq!(item["source"], format!("docker://{}/up/app:v1", scene.mirror.host()));
    assert_eq!(item["pinned"], format!("{NAME}@{}", scene.digest));
    assert_eq!(item["expectedIdentities"], json!([format!("{NAME}:v1")]));
    assert_eq!(scene.source.connections(), 0);
    // The location is named to people too, and only where it is another one.
    let location = format!("  source     docker://{}/up/app:v1\n", scene.mirror.host());
    let text = scene.town.verify(&[&image]).expect(0).stdout;
    assert!(text.contains(&location), "{text}");
    let own = format!("docker://{}/up/app:v1={NAME}:v1", scene.mirror.host());
    scene.town.insecure(&[&scene.mirror.host()]);
    let text = scene.town.verify(&[&own]).expect(0).stdout;
    assert!(!text.contains("  source  "), "{text}");
}

#[test]
fn the_next_location_is_tried_after_any_trouble() {
    let scene = Scene::new();
    let image = format!("docker://{NAME}:v1");
    scene.sign_at(&scene.source, "ns/app");
    for answer in [
        Answer::status(404),
        Answer::status(500),
        Answer::status(403),
        Answer::page(),
        // What is no manifest hides no image either.
        Answer::ok("application/json", "{}"),
        Answer::ok("application/json", "{\"errors\":[{\"code\":\"MANIFEST_UNKNOWN\"}]}"),
        Answer::ok("application/octet-stream", "maintenance"),
    ] {
        scene.mirror.answer("/v2/up/app/manifests/v1", answer);
        let outcome = scene.town.verify_json(&[&image]).expect_verdict(0, "Verified/Verified");
        assert_eq!(
            outcome.item()["source"],
            format!("docker://{}/ns/app:v1", scene.source.host())
        );
        let mirror = scene.mirror.host();
        let names_it = |place: &str| outcome.stderr.contains(&format!("{mirror}{place}"));
        let is_named = names_it("/v2/up/app/manifests/v1") || names_it("/up/app:v1 did not return a manifest");
        assert!(is_named, "{}", outcome.stderr);
    }
    scene.source.answer("/v2/ns/app/manifests/v1", Answer::status(404));
    scene.mirror.answer("/v2/up/app/manifests/v1", Answer::status(404));
    let item = scene
        .town
        .verify_json(&[&image])
        .expect_verdict(3, "Unchecked/NotFound")
        .item();
    let message = item["message"].as_str().unwrap();
    assert!(
        message.contains("/up/app/") && message.contains("/ns/app/"),
        "{message}"
    );
    // Where one did not say, nobody knows.
    scene.mirror.answer("/v2/up/app/manifests/v1", Answer::status(500));
    scene
        .town
        .verify_json(&[&image])
        .expect_verdict(3, "Unchecked/SourceUnavailable");
}

/// The image may be at a location that was not asked: nobody says that it was not found.
#[test]
fn more_locations_than_are_asked() {
    let scene = Scene::new();
    scene.sign_at(&scene.source, "ns/app");
    let image = format!("docker://{NAME}:v1");
    let conf = |count: usize| {
        let mut conf = format!(
            "[[registry]]\nprefix = \"registry.example.com/ns\"\nlocation = \"{}/ns\"\ninsecure = true\n",
            scene.source.host()
        );
        for n in 0..count {
            let host = scene.mirror.host();
            conf += &format!("[[registry.mirror]]\nlocation = \"{host}/none{n}\"\ninsecure = true\n");
        }
        scene.town.conf(&conf);
    };
    conf(31);
    scene.town.verify_json(&[&image]).expect_verdict(0, "Verified/Verified");
    conf(32);
    let outcome = scene.town.verify_json(&[&image]);
    let item = outcome.expect_verdict(3, "Unchecked/SourceUnavailable").item();
    let message = item["message"].as_str().unwrap();
    let said = "registry.example.com/ns/app has 33 locations in registries.conf, and only the first 32 are asked";
    assert!(message.starts_with(said), "{message}");
}

/// Had the mirror given an answer, its signatures would count: that there is none elsewhere decides nothing.
#[test]
fn a_mirror_without_an_answer_makes_no_image_unsigned() {
    let scene = Scene::new();
    let image = format!("docker://{NAME}:v1");
    scene.sign_at(&scene.mirror, "up/app");
    let manifest = "/v2/up/app/manifests/v1";
    for (answer, reason) in [
        (Answer::status(500), "SourceUnavailable"),
        (Answer::page(), "SourceUnavailable"),
        (Answer::status(403), "Forbidden"),
        (Answer::ok("application/json", "{\"errors\":[]}"), "SourceUnavailable"),
    ] {
        scene.mirror.answer(manifest, answer);
        let outcome = scene.town.verify_json(&[&image]);
        let item = outcome.expect_verdict(3, &format!("Unchecked/{reason}")).item();
        assert_eq!(answers(&item)[0].split(' ').next().unwrap(), "registry", "{item}");
        let place = format!("{}/up/app", scene.mirror.host());
        assert_eq!(item["sources"][0]["location"], place, "{item}");
        assert!(item["message"].as_str().unwrap().contains("/up/app"), "{item}");
    }
    // What is not there has no signatures there.
    scene.mirror.answer(manifest, Answer::status(404));
    let outcome = scene.town.verify_json(&[&image]);
    outcome.expect_verdict(1, "Unsigned/NoSignature");
}

/// As on a node: signatures at the source do not count for a manifest of the mirror; they are named.
#[test]
fn signatures_elsewhere_are_named_and_do_not_count() {
    let scene = Scene::new();
    scene.sign_at(&scene.source, "ns/app");
    let image = format!("docker://{NAME}:v1");
    let outcome = scene
        .town
        .verify_json(&[&image])
        .expect_verdict(1, "Unsigned/NoSignature");
    let item = outcome.item();
    let message = item["message"].as_str().unwrap();
    assert!(
        message.contains(": 1 signature; not counted") && message.contains("extension http"),
        "{message}"
    );
    assert!(message.contains(&scene.source.host()), "{message}");
    let answers = answers(&item);
    assert_eq!(
        answers,
        ["lookaside absent 0", "referrers absent 0", "extension found 1"]
    );
    assert_eq!(item["signatures"], json!([]));
    let note = item["sources"].as_array().unwrap().last().unwrap()["note"]
        .as_str()
        .unwrap();
    assert!(
        note.contains("not counted, because the manifest was taken from"),
        "{note}"
    );
    let explained = scene.town.verify(&[&image, "--explain"]).expect(1).words();
    let next = format!("Next: copy the signatures to the place that the manifest was taken from; image-signature audit {image} --mirrors --public-key ");
    assert!(explained.contains(&next), "{explained}");
    // They are named too where the location has a signature that does not verify the image.
    let other = scene.town.sign(&scene.digest, "registry.example.com/other:v1");
    scene.mirror.store(|store| {
        store.has_extension = true;
        store.repository("up/app").sign(&scene.digest, "other", &other);
    });
    let text = scene.town.verify(&[&image]).expect(1).words();
    assert!(
        text.starts_with("Rejected") && text.contains(": 1 signature; not counted"),
        "{text}"
    );
}

#[test]
fn blocked_locations_are_not_contacted() {
    let scene = Scene::new();
    scene.town.conf(&format!(
        "[[registry]]\nlocation = \"{}\"\ninsecure = true\nblocked = true\n",
        scene.source.host()
    ));
    let image = format!("docker://{}/ns/app:v1", scene.source.host());
    let item = scene
        .town
        .verify_json(&[&image])
        .expect_verdict(3, "Unchecked/SourceUnavailable")
        .item();
    assert!(
        item["message"].as_str().unwrap().contains("blocked by registries.conf"),
        "{item}"
    );
    let file = scene.town.sandbox.path("registries.conf");
    let place = format!("(blocked = true, for the entry in {} line 1)", file.display());
    assert!(item["message"].as_str().unwrap().ends_with(&place), "{item}");
    let text = scene.town.verify(&[&image, "--explain"]).expect(3).words();
    assert!(text.contains("Next: a block is usually meant: ask whoever"), "{text}");
    assert_eq!(scene.source.connections(), 0);
}

/// What an entry for the name of a mirror says of plain http does not count, and nobody is sent to write it there.
#[test]
fn a_mirror_over_plain_http_needs_it_in_its_own_table() {
    let scene = Scene::new();
    let host = scene.mirror.host();
    scene.town.conf(&format!(
        "[[registry]]\nprefix = \"registry.example.com/ns\"\nlocation = \"{}/ns\"\ninsecure = true\n[[registry.mirror]]\nlocation = \"{host}/up\"\n[[registry]]\nlocation = \"{host}\"\ninsecure = true\n",
        scene.source.host()
    ));
    let text = scene.town.verify(&[&format!("docker://{NAME}:v1")]).words();
    let said = format!(
        "a mirror with insecure = true in its own [[registry.mirror]] table of registries.conf, and {host} is asked as a mirror: in the file of --registries-conf"
    );
    assert!(text.contains(&said), "{text}");
}

/// What the user gave is for the registry that the user named, and stored logins are for the host of each location.
#[test]
fn a_login_given_goes_to_no_mirror() {
    let scene = Scene::new();
    let guard = crate::support::hub::Guard::Basic("reader".into(), "Xyzzy.pass.9917.word".into());
    scene.mirror.guard(guard);
    scene.sign_at(&scene.source, "ns/app");
    let image = format!("docker://{NAME}:v1");
    scene
        .town
        .verify_json(&[&image, "--creds", "reader:Xyzzy.pass.9917.word"])
        .expect_verdict(0, "Verified/Verified");
    for seen in scene.mirror.take_seen().iter().chain(&scene.source.take_seen()) {
        assert_eq!(seen.authorization(), "");
    }
    let pair = base64(b"reader:Xyzzy.pass.9917.word");
    let auths = json!({"auths": {scene.mirror.host(): {"auth": pair}}}).to_string();
    let file = scene.town.sandbox.file("auth.json", auths);
    scene.sign_at(&scene.mirror, "up/app");
    let outcome = scene.town.verify_json(&[&image, "--authfile", file.to_str().unwrap()]);
    let outcome = outcome.expect_verdict(0, "Verified/Verified");
    assert!(outcome.stderr.contains("over plain http"), "{}", outcome.stderr);
    assert!(scene
        .mirror
        .seen()
        .iter()
        .any(|seen| seen.authorization() == format!("Basic {pair}")));
    assert_eq!(scene.source.lines(), [""; 0]);
}
