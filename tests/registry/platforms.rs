// SPDX-License-Identifier: Apache-2.0
//! Which instances of a list stand for a platform: each that a node may take, and the only one that it can.

use serde_json::{json, Value};
use sha2::{Digest as _, Sha512};

use super::lists::{words, LIST, REPOSITORY};
use crate::registry::town::Town;
use crate::support::hub::{Answer, Hub, MANIFEST};

/// The media type of a list as Docker writes it.
const DOCKER_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";

/// A registry with a list `v1` of these instances, `OS/ARCH/VARIANT` each; `none` says no platform, and a `+` behind it
/// that it is signed.
struct Scene {
    town: Town,
    hub: Hub,
}

impl Scene {
    fn new(media_type: &str, instances: &[&str]) -> Self {
        let (town, hub) = (Town::new(), Hub::plain());
        town.insecure(&[&hub.host()]);
        town.store_on_disk();
        let scene = Self { town, hub };
        let entry = |(n, text): (usize, &&str)| {
            let name = text.trim_end_matches('+');
            let note = format!("{n} {name}");
            let digest = scene.hub.store(|store| store.repository(REPOSITORY).image("", &note));
            if text.ends_with('+') {
                scene
                    .town
                    .keep(REPOSITORY, &digest, 1, &scene.town.sign(&digest, &scene.reference()));
            }
            let mut entry = json!({"mediaType": MANIFEST, "size": 1, "digest": digest});
            let parts: Vec<&str> = name.split('/').collect();
            if name != "none" {
                entry["platform"] = json!({"os": parts[0], "architecture": parts[1]});
            }
            if let Some(variant) = parts.get(2) {
                entry["platform"]["variant"] = json!(variant);
            }
            entry
        };
        let entries: Vec<Value> = instances.iter().enumerate().map(entry).collect();
        scene.list(media_type, &entries);
        scene
    }

    fn list(&self, media_type: &str, entries: &[Value]) {
        let list = json!({"schemaVersion": 2, "mediaType": media_type, "manifests": entries}).to_string();
        self.hub
            .store(|store| store.repository(REPOSITORY).push("v1", media_type, list.as_bytes()));
    }

    fn reference(&self) -> String {
        format!("{}/{REPOSITORY}:v1", self.hub.host())
    }

    /// What is said of the instances for a platform, and the exit status.
    #[track_caller]
    fn judged(&self, platform: &str, status: i32) -> String {
        let image = format!("docker://{}", self.reference());
        let outcome = self.town.verify_json(&[&image, "--platform", platform]);
        words(&outcome.expect(status).json())[1..].join(", ")
    }
}

/// What is printed for scripts and what is warned of are the instances, whether their list is signed itself or not.
#[test]
fn a_list_whose_verdict_is_for_information_is_not_named() {
    let scene = Scene::new(LIST, &["linux/amd64+", "linux/arm64+"]);
    let image = format!("docker://{}", scene.reference());
    let run = |more: &[&str]| scene.town.verify(&[&[&image, "-o", "name"], more].concat()).expect(0);
    let list = scene.town.verify_json(&[&image]).expect(0).item()["image"]
        .as_str()
        .unwrap()
        .to_owned();
    let (one, all) = (["--platform", "linux/amd64"], ["--all-platforms"]);
    let unsigned = (run(&one).stdout, run(&all).stdout);
    assert_eq!((unsigned.0.lines().count(), unsigned.1.lines().count()), (1, 2));
    let signature = scene.town.sign(&list, &scene.reference());
    scene.town.keep(REPOSITORY, &list, 1, &signature);
    assert_eq!((run(&one).stdout, run(&all).stdout), unsigned);
    let whole = run(&["--platform", "linux/amd64", "--require-list"]).stdout;
    assert!(whole.lines().count() == 2 && whole.contains(&list), "{whole}");
    // One tag was asked for.
    let stderr = run(&all).stderr;
    assert_eq!(
        stderr,
        "warning: the tag v1 can move to another image; use the verified images by their digests, as -o name and -o json print them\n"
    );
}

/// What is not verified is told by its platform: the instances of a list have one name.
#[test]
fn an_instance_that_is_not_verified_is_named_by_its_platform() {
    let scene = Scene::new(LIST, &["linux/amd64+", "linux/arm/v6", "linux/arm/v7"]);
    let image = format!("docker://{}", scene.reference());
    let outcome = scene.town.verify(&[&image, "--all-platforms", "-o", "name"]).expect(1);
    for platform in ["linux/arm/v6", "linux/arm/v7"] {
        let line = format!("{image} [{platform}]: Unsigned: NoSignature\n");
        assert!(outcome.stderr.contains(&line), "{outcome:?}");
    }
}

/// In few columns rows leave out what is expected where it is the name of the image, also of an instance.
#[test]
fn what_is_expected_of_an_instance_is_not_told_twice_in_few_columns() {
    let scene = Scene::new(LIST, &["linux/amd64+", "linux/arm64+"]);
    let image = format!("docker://{}", scene.reference());
    let mut command = scene.town.command(&["verify", &image, "--all-platforms"]);
    let text = scene
        .town
        .sandbox
        .finish(command.env("COLUMNS", "80"), b"")
        .expect(0)
        .stdout;
    assert!(text.contains("\n    EXPECTED (unless it is IMAGE)\n"), "{text}");
    assert!(text.contains(&format!("\n    {image} [linux/amd64]\n")), "{text}");
    assert!(!text.contains(&format!("\n    {}\n", scene.reference())), "{text}");
}

/// A node finds out its own variant where it is told none: all that it may take are judged.
#[test]
fn without_a_variant_every_instance_of_the_architecture_is_judged() {
    for (wanted, instances, expected) in [
        (
            "linux/arm",
            ["linux/arm+", "linux/arm/v7"],
            "linux/arm Verified, linux/arm/v7 Unsigned",
        ),
        (
            "linux/arm",
            ["linux/arm/v7+", "linux/arm/v6"],
            "linux/arm/v7 Verified, linux/arm/v6 Unsigned",
        ),
        (
            "linux/amd64",
            ["linux/amd64+", "linux/amd64/v3"],
            "linux/amd64 Verified, linux/amd64/v3 Unsigned",
        ),
    ] {
        let scene = Scene::new(LIST, &instances);
        assert_eq!(scene.judged(wanted, 1), expected);
    }
    let scene = Scene::new(LIST, &["linux/arm/v7+", "linux/arm/v6+", "linux/amd64"]);
    assert_eq!(
        scene.judged("linux/arm", 0),
        "linux/arm/v7 Verified, linux/arm/v6 Verified"
    );
}

/// A node takes what is for less than it has, and never what is for more.
#[test]
fn a_variant_stands_for_the_lower_ones() {
    for (wanted, instances, expected) in [
        ("linux/arm/v7", &["linux/arm/v6+"][..], "linux/arm/v6 Verified"),
        ("linux/arm/v6", &["linux/arm+", "linux/arm/v7"], "linux/arm Verified"),
        (
            "linux/arm/v8",
            &["linux/arm/v7+", "linux/arm/v6"],
            "linux/arm/v7 Verified",
        ),
        (
            "linux/amd64/v2",
            &["linux/amd64+", "linux/amd64/v3"],
            "linux/amd64 Verified",
        ),
        ("linux/arm64/v8", &["linux/arm64+"], "linux/arm64 Verified"),
    ] {
        let scene = Scene::new(LIST, instances);
        assert_eq!(scene.judged(wanted, 0), expected, "{wanted}");
    }
    // Versions of nodes differ in what they take for this one.
    let scene = Scene::new(LIST, &["linux/amd64+", "linux/amd64/v2"]);
    assert_eq!(
        scene.judged("linux/amd64/v3", 1),
        "linux/amd64 Verified, linux/amd64/v2 Unsigned"
    );
    let scene = Scene::new(LIST, &["linux/arm/v7+"]);
    assert_eq!(scene.judged("linux/arm/v6", 3), "linux/arm/v6 Unchecked");
}

/// In an OCI index an instance that says no platform is the last choice of every node; in a list of Docker's of none.
#[test]
fn an_instance_without_a_platform_is_the_last_choice() {
    let instances = ["linux/arm64", "none+"];
    let scene = Scene::new(LIST, &instances);
    assert_eq!(scene.judged("linux/amd64", 0), "no platform Verified");
    assert_eq!(scene.judged("linux/arm64", 1), "linux/arm64 Unsigned");
    let scene = Scene::new(DOCKER_LIST, &instances);
    assert_eq!(scene.judged("linux/amd64", 3), "linux/amd64 Unchecked");
    let scene = Scene::new(LIST, &["linux/arm/v7+", "none"]);
    assert_eq!(
        scene.judged("linux/arm", 1),
        "linux/arm/v7 Verified, no platform Unsigned"
    );
}

/// Nothing is signed by a digest of another algorithm: what is printed for an entry that has one can be verified too.
#[test]
fn an_entry_by_sha512_is_pinned_by_the_digest_that_signatures_name() {
    let scene = Scene::new(LIST, &[]);
    let digest = scene.hub.store(|store| store.repository(REPOSITORY).image("", "long"));
    let (kind, bytes) = scene.hub.store(|store| store.repository(REPOSITORY).manifest(&digest));
    let long = format!(
        "sha512:{}",
        image_signature::text::hex(&Sha512::digest(&bytes)).to_lowercase()
    );
    scene
        .hub
        .answer(&format!("/v2/{REPOSITORY}/manifests/{long}"), Answer::ok(&kind, bytes));
    let platform = json!({"os": "linux", "architecture": "amd64"});
    scene.list(
        LIST,
        &[json!({"mediaType": MANIFEST, "size": 1, "digest": long, "platform": platform})],
    );
    scene
        .town
        .keep(REPOSITORY, &digest, 1, &scene.town.sign(&digest, &scene.reference()));
    let image = format!("docker://{}", scene.reference());
    let outcome = scene.town.verify_json(&[&image, "--platform", "linux/amd64"]).expect(0);
    let item = outcome.json()["items"][1].clone();
    let pinned = format!("{}/{REPOSITORY}@{digest}", scene.hub.host());
    assert_eq!(
        (&item["image"], &item["pinned"]),
        (&json!(digest), &json!(pinned)),
        "{item}"
    );
    let outcome = scene.town.verify_json(&[&format!("docker://{pinned}")]);
    outcome.expect_verdict(0, "Verified/Verified");
}

/// The line of a list whose verdict decides nothing looks like no failure: it says so, and why it has no signature is left
/// out. The digest of the list is not that of an instance that it lacks.
#[test]
fn the_line_of_a_list_that_is_for_information() {
    let scene = Scene::new(LIST, &["linux/amd64+", "linux/arm64"]);
    let image = format!("docker://{}", scene.reference());
    let run = |more: &[&str]| scene.town.verify(&[&[&*image, "--color=always"], more].concat());
    let row = format!("{image} [list, for information]");
    let text = run(&["--platform", "linux/amd64"]).expect(0).stdout;
    assert!(text.contains(&format!("\nUnsigned      {row}")), "{text}");
    assert!(
        text.ends_with("\n\n1 image: 1 Verified\n") && !text.contains("lookaside"),
        "{text}"
    );
    let wide = run(&["--platform", "linux/amd64", "-o", "wide"]).expect(0).stdout;
    assert!(
        wide.contains(&format!("\n{row}")) && wide.contains("lookaside"),
        "{wide}"
    );
    let counts = run(&["--platform", "linux/amd64", "--require-list"]).expect(1).stdout;
    assert!(!counts.contains("for information"), "{counts}");
    let item = &scene
        .town
        .verify_json(&[&image, "--platform", "linux/s390x"])
        .expect(3)
        .json()["items"][1];
    assert_eq!(
        (&item["reason"], &item["image"]),
        (&"NotFound".into(), &image.as_str().into())
    );
}

/// Go has names of its own for architectures, which people know by those of the kernel.
#[test]
fn an_architecture_by_the_name_of_the_kernel() {
    let scene = Scene::new(LIST, &["linux/amd64+", "linux/s390x"]);
    let said = |platform: &str| {
        let image = format!("docker://{}", scene.reference());
        let outcome = scene.town.verify(&[&image, "--platform", platform]).expect(3);
        outcome.words()
    };
    let text = said("linux/x86_64");
    assert!(text.contains("did you mean linux/amd64?"), "{text}");
    // Only what there is.
    for platform in ["linux/aarch64", "linux/ppc64le"] {
        assert!(!said(platform).contains("did you mean"), "{platform}");
    }
}
