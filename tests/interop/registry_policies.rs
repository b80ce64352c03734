// SPDX-License-Identifier: Apache-2.0
//! Policies made at random for images of a registry, against Debian's skopeo: by tag and by digest, with scopes of every kind,
//! several requirements and every identity rule.
//!
//! Left out, because Debian's skopeo refuses it whatever is signed: `sigstoreSigned` (the recorded cases of sigstore-verify
//! have it). Where it does not know `keyPaths`, it is given one file with the keys of all, which says the same.

use std::collections::BTreeMap;
use std::fs;

use serde_json::Value;

use super::policies::{each_occurs, Dice};
use super::skopeo::Scene;
use crate::support::docker_registry::{Kind, Registry};
use crate::support::images::{payload, D1};
use crate::support::skipped;

const CASES: usize = 200;

/// What the policies are made from. `IMAGE_SIGNATURE_SEED` is another one.
const SEED: u64 = 2027;

/// Where images are signed before they are mirrored.
pub(super) const UPSTREAM: &str = "up.example";

/// A registry with an image under several names, and what policies and signatures are made of.
pub(super) struct Town {
    scene: Scene,
    pub(super) address: String,
    /// Ways to ask for the image.
    pub(super) asked: Vec<String>,
    /// What it is signed as.
    pub(super) signed: Vec<String>,
    /// Key files: the first three have a key each, the last all.
    pub(super) keys: Vec<String>,
    names: Vec<String>,
    blobs: BTreeMap<(usize, usize, bool), Vec<u8>>,
    /// Held while the registry is needed.
    _registry: Registry,
}

impl Town {
    fn new(test: &str) -> Option<Self> {
        let scene = Scene::new(test)?;
        let Some(registry) = Registry::start(&scene.sandbox, "registry", &Kind::default()) else {
            skipped(test, "docker-registry is not installed");
            return None;
        };
        let address = registry.address.clone();
        for name in ["foo/bar:v1", "foo/bar:v2", "foo:v1"] {
            let place = format!("docker://{address}/{name}");
            let copy = [
                "--insecure-policy",
                "copy",
                "-q",
                "--dest-tls-verify=false",
                "dir:unsigned",
                &place,
            ];
            assert!(scene.skopeo(&copy).status.success());
        }
        let store = scene.sandbox.path("store");
        // Both names: Debian's skopeo knows the older one.
        let store = format!(
            "default-docker: {{sigstore: \"file://{0}\", lookaside: \"file://{0}\"}}\n",
            store.display()
        );
        scene.sandbox.file("stores/default.yaml", store);
        let insecure = format!("[[registry]]\nlocation = \"{address}\"\ninsecure = true\n");
        scene.sandbox.file("registries.conf", insecure);
        let digest = scene.digest();
        let asked = ["foo/bar:v1", "foo/bar:v2", "foo:v1"].map(|name| format!("{address}/{name}"));
        let by_digest = ["foo/bar", "foo"].map(|name| format!("{address}/{name}@{digest}"));
        let asked = [&asked[..], &by_digest].concat();
        let mut signed = asked.clone();
        for host in [&address, UPSTREAM] {
            signed.push(format!("{host}/foo/bar"));
            signed.push(format!("{host}/foo/bar:v1@{digest}"));
            signed.push(format!("{host}/foo/bar@{D1}"));
        }
        signed.extend(["foo/bar:v1", "bar:v1"].map(|name| format!("{UPSTREAM}/{name}")));
        signed.push(format!("{UPSTREAM}/foo/bar@{digest}"));
        let mut names = vec![scene.key.clone()];
        for owner in ["Second <second@example.com>", "Third <third@example.com>"] {
            names.push(scene.signer.key(owner, "rsa2048", "sign,cert", "never"));
        }
        let mut keys = Vec::new();
        for set in [&[0][..], &[1], &[2], &[0, 1, 2]] {
            let set: Vec<&str> = set.iter().map(|n| names[*n].as_str()).collect();
            let file = scene.sandbox.path(&format!("keys-{}.gpg", keys.len()));
            keys.push(scene.signer.export(&set, &file).to_str().unwrap().to_owned());
        }
        Some(Self {
            scene,
            address,
            asked,
            signed,
            keys,
            names,
            blobs: BTreeMap::new(),
            _registry: registry,
        })
    }

    fn blob(&mut self, key: usize, reference: usize, own: bool) -> &[u8] {
        let digest = if own { self.scene.digest() } else { D1.to_owned() };
        let made = self.blobs.entry((key, reference, own));
        made.or_insert_with(|| {
            self.scene
                .signer
                .sign(&self.names[key], &payload(&digest, &self.signed[reference]))
        })
    }
}

/// The one difference on purpose: a signed reference with the digest of another image is for that one (docs/contract.md 7).
fn names_another_image(signed: &str) -> bool {
    signed.ends_with(D1)
}

#[test]
fn nothing_in_a_registry_is_accepted_that_skopeo_rejects() {
    let Some(mut town) = Town::new("nothing_in_a_registry_is_accepted_that_skopeo_rejects") else {
        return;
    };
    let seed = std::env::var("IMAGE_SIGNATURE_SEED").map_or(SEED, |seed| seed.parse().unwrap());
    let mut dice = Dice(seed);
    let mut counts: BTreeMap<(bool, String), usize> = BTreeMap::new();
    // What the verified ones have in common with what is to be covered.
    let mut covered: BTreeMap<&str, usize> = BTreeMap::new();
    let mut stricter = 0;
    for _ in 0..CASES {
        let asked = town.asked[dice.below(town.asked.len())].clone();
        let (own, older) = town.policy(&mut dice, &asked);
        let store = town.scene.sandbox.path("store");
        let _ = fs::remove_dir_all(&store);
        fs::create_dir(&store).unwrap();
        let mut names_another = false;
        for n in 1..=[0, 1, 2, 3, 6][dice.below(5)] {
            // Mostly as it was asked for.
            let reference = match dice.below(2) {
                0 => town.signed.iter().position(|own| *own == asked).unwrap(),
                _ => dice.below(town.signed.len()),
            };
            let is_own = dice.below(8) > 0;
            names_another |= is_own && names_another_image(&town.signed[reference]);
            let blob = town.blob(dice.below(3), reference, is_own).to_vec();
            for repository in ["foo/bar", "foo"] {
                let place = format!(
                    "store/{repository}@{}/signature-{n}",
                    town.scene.digest().replace(':', "=")
                );
                town.scene.sandbox.file(&place, &blob);
            }
        }
        town.scene.sandbox.file("policy.json", own.to_string());
        town.scene.sandbox.file("older.json", older.to_string());
        let place = format!("docker://{asked}");
        let output = town.scene.skopeo(&[
            "--policy",
            "older.json",
            "--registries.d",
            "stores",
            "copy",
            "-q",
            "--src-tls-verify=false",
            "--remove-signatures",
            &place,
            "dir:copied",
        ]);
        let accepted = output.status.success();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(accepted || stderr.contains("Source image rejected"), "{own}: {stderr}");
        let args = ["verify", "-o", "json", "--policy", "policy.json", &place];
        let configuration = ["--registries.d", "stores", "--registries-conf", "registries.conf"];
        let outcome = town.scene.sandbox.run([&args[..], &configuration].concat());
        assert!(outcome.status < 2, "{own}: {outcome:?}");
        let item = outcome.item();
        let verdict = item["verdict"].as_str().unwrap().to_owned();
        let is_accepted = ["Verified", "Allowed"].contains(&verdict.as_str());
        assert_eq!(outcome.status == 0, verdict == "Verified");
        assert!(
            accepted || !is_accepted,
            "accepted here only: {own}: {outcome:?}: {stderr}"
        );
        if accepted && !is_accepted {
            assert!(names_another, "accepted by skopeo only: {own}: {outcome:?}");
            // It is said of a signature, or of a requirement that none meets.
            let is_said = item.to_string().contains("the image itself is");
            assert!(is_said, "{own}: {outcome:?}");
            stricter += 1;
        }
        if verdict == "Verified" {
            let decided = item["policy"][0]["scope"].as_str().unwrap().to_owned();
            let text = own.to_string();
            for (what, is_there) in [
                ("by tag", !asked.contains('@')),
                ("by digest", asked.contains('@')),
                (
                    "several requirements",
                    item["policy"][0]["requirements"].as_array().unwrap().len() > 1,
                ),
                ("several signatures", item["signatures"].as_array().unwrap().len() > 1),
                ("default", decided.starts_with("the default")),
                ("wildcard", decided.contains("\"*.")),
                ("whole transport", decided.starts_with("the scope of all")),
                ("full reference", decided.contains(&format!("\"{asked}\""))),
                ("remapIdentity", met_by(&item, "remap:")),
                ("exactRepository", met_by(&item, "exactRepository:")),
                ("exactReference", met_by(&item, "exactReference:")),
                ("matchRepository", met_by(&item, "matchRepository")),
                ("matchExact", met_by(&item, "matchExact")),
                ("keyPaths", met_by(&item, "keys-0.gpg, ")),
                (
                    "keyData",
                    text.contains("keyData") && met_by(&item, "the keys in the policy"),
                ),
            ] {
                *covered.entry(what).or_default() += usize::from(is_there);
            }
        }
        *counts.entry((accepted, verdict)).or_default() += 1;
    }
    println!("seed {seed}: {CASES} policies: {counts:?}; refused here only, since signed for another digest: {stricter}; Verified: {covered:?}");
    each_occurs(&counts, 1);
    assert!(stricter < CASES / 20, "{stricter}");
    let missing: Vec<&&str> = covered
        .iter()
        .filter(|(_, count)| **count == 0)
        .map(|(what, _)| what)
        .collect();
    assert!(missing.is_empty(), "never seen: {missing:?}");
}

/// Whether a requirement with this in its name was met.
fn met_by(item: &Value, name: &str) -> bool {
    let requirements = item["policy"][0]["requirements"].as_array().unwrap();
    let is_met = |own: &&Value| own["result"] == "pass" && own.to_string().contains(name);
    requirements.iter().any(|own| is_met(&own))
}
