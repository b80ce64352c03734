// SPDX-License-Identifier: Apache-2.0
//! Policies made at random, against Debian's skopeo: an image that it does not accept is never accepted here.

use std::collections::BTreeMap;
use std::fs;

use base64::Engine as _;
use serde_json::{json, Value};

use super::skopeo::Scene;
use crate::support::calls::verify_place_by_policy;
use crate::support::images::{payload, D1};

const CASES: usize = 300;

/// What the policies are made from. `IMAGE_SIGNATURE_SEED` is another one.
const SEED: u64 = 2026;
const REFERENCES: [&str; 3] = [
    "registry.local:5000/foo/bar:v1",
    "registry.local:5000/foo/bar:v2",
    "registry.local:5000/other/bar:v1",
];

/// Random numbers by splitmix64, equal for equal seeds.
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % bound as u64).unwrap()
    }
}

/// Key files by the keys in them, and signatures by key, reference and whether they are of the image.
struct Stock {
    files: Vec<String>,
    contents: Vec<Vec<u8>>,
    blobs: BTreeMap<(usize, usize, bool), Vec<u8>>,
}

fn stock(scene: &Scene) -> Stock {
    let mut keys = vec![scene.key.clone()];
    for owner in ["Second <second@example.com>", "Third <third@example.com>"] {
        keys.push(scene.signer.key(owner, "rsa2048", "sign,cert", "never"));
    }
    let mut files = Vec::new();
    let mut contents = Vec::new();
    for set in [&[0][..], &[1], &[2], &[0, 1], &[0, 1, 2]] {
        let named: Vec<&str> = set.iter().map(|n| keys[*n].as_str()).collect();
        let file = scene.sandbox.path(&format!("keys-{}.gpg", files.len()));
        contents.push(fs::read(scene.signer.export(&named, &file)).unwrap());
        files.push(file.to_str().unwrap().to_owned());
    }
    let mut blobs = BTreeMap::new();
    for (key, name) in keys.iter().enumerate() {
        for (reference, text) in REFERENCES.iter().enumerate() {
            for own in [true, false] {
                let digest = if own { scene.digest() } else { D1.to_owned() };
                let blob = scene.signer.sign(name, &payload(&digest, text));
                blobs.insert((key, reference, own), blob);
            }
        }
    }
    Stock { files, contents, blobs }
}

fn requirement(dice: &mut Dice, stock: &Stock) -> Value {
    match dice.below(12) {
        0 => return json!({"type": "reject"}),
        1 | 2 => return json!({"type": "insecureAcceptAnything"}),
        3 if dice.below(3) == 0 => {
            return json!({"type": "signedBaseLayer", "baseLayerIdentity": {"type": "matchExact"}});
        }
        _ => {}
    }
    let key_type = match dice.below(25) {
        0 => "signedByGPGKeys",
        _ => "GPGKeys",
    };
    let mut requirement = json!({"type": "signedBy", "keyType": key_type});
    let file = dice.below(stock.files.len());
    if dice.below(3) == 0 {
        requirement["keyData"] = base64::engine::general_purpose::STANDARD
            .encode(&stock.contents[file])
            .into();
    } else {
        requirement["keyPath"] = stock.files[file].as_str().into();
    }
    // A directory has no reference of its own: rules that name one.
    let reference = REFERENCES[dice.below(REFERENCES.len())];
    requirement["signedIdentity"] = match dice.below(3) {
        0 => json!({"type": "exactRepository", "dockerRepository": reference.rsplit_once(':').unwrap().0}),
        _ => json!({"type": "exactReference", "dockerReference": reference}),
    };
    requirement
}

#[test]
fn nothing_is_accepted_that_skopeo_rejects() {
    let Some(scene) = Scene::new("nothing_is_accepted_that_skopeo_rejects") else {
        return;
    };
    let stock = stock(&scene);
    let seed = std::env::var("IMAGE_SIGNATURE_SEED").map_or(SEED, |seed| seed.parse().unwrap());
    let mut dice = Dice(seed);
    let mut counts: BTreeMap<(bool, String), usize> = BTreeMap::new();
    let manifest = scene.sandbox.path("unsigned");
    for number in 0..CASES {
        let image = format!("image-{number}");
        fs::create_dir(scene.sandbox.path(&image)).unwrap();
        for entry in fs::read_dir(&manifest).unwrap() {
            let entry = entry.unwrap();
            fs::hard_link(entry.path(), scene.sandbox.path(&image).join(entry.file_name())).unwrap();
        }
        let signatures = dice.below(4);
        for n in 1..=signatures {
            let own = dice.below(5) > 0;
            let blob = &stock.blobs[&(dice.below(3), dice.below(3), own)];
            scene.sandbox.file(&format!("{image}/signature-{n}"), blob);
        }
        let requirements: Vec<Value> = (0..=dice.below(3)).map(|_| requirement(&mut dice, &stock)).collect();
        let elsewhere = json!({"docker": {"registry.local:5000": requirements}, "dir": {"": requirements}});
        let policy = match dice.below(2) {
            0 => json!({"default": requirements}),
            _ => json!({"default": [{"type": "reject"}], "transports": elsewhere}),
        };
        scene.sandbox.file("policy.json", policy.to_string());
        let accepted = scene
            .skopeo(&[
                "--policy",
                "policy.json",
                "copy",
                "--quiet",
                "--remove-signatures",
                &format!("dir:{image}"),
                "dir:copied",
            ])
            .status
            .success();
        let outcome = scene
            .sandbox
            .run(verify_place_by_policy(REFERENCES[0], &format!("dir:{image}")));
        assert!(outcome.status < 2, "{policy}: {outcome:?}");
        let verdict = outcome.item()["verdict"].as_str().unwrap().to_owned();
        let own = ["Verified", "Allowed"].contains(&verdict.as_str());
        assert_eq!(outcome.status == 0, verdict == "Verified");
        assert!(accepted || !own, "accepted here only: {policy}: {outcome:?}");
        assert!(own || !accepted, "accepted by skopeo only: {policy}: {outcome:?}");
        *counts.entry((accepted, verdict)).or_default() += 1;
        fs::remove_dir_all(scene.sandbox.path(&image)).unwrap();
    }
    println!("seed {seed}: {CASES} policies: {counts:?}; skopeo and this program accept the same images");
    each_occurs(&counts, 5);
}

/// Every outcome was seen more often than so: whether skopeo accepted the image, and our verdict.
pub(super) fn each_occurs(counts: &BTreeMap<(bool, String), usize>, times: usize) {
    for (accepted, verdict) in [
        (true, "Verified"),
        (true, "Allowed"),
        (false, "Rejected"),
        (false, "Unsigned"),
    ] {
        let count = counts.get(&(accepted, verdict.to_owned())).copied().unwrap_or(0);
        assert!(count > times, "{verdict}: {counts:?}");
    }
}

/// What `policy lint` says of the skopeo of this machine is what that skopeo does with the policy.
#[test]
fn the_skopeo_of_this_machine_reads_what_lint_says_that_it_reads() {
    let Some(scene) = Scene::new("lint and skopeo") else {
        return;
    };
    let cosign = crate::support::cosign::Cosign::new();
    let key = scene.sandbox.file("cosign.pub", cosign.pem());
    let key = key.to_str().unwrap();
    let data = base64::engine::general_purpose::STANDARD.encode(cosign.pem());
    let fulcio = json!({"caPath": key, "oidcIssuer": "https://issuer.example", "subjectEmail": "a@example.com"});
    let pki = json!({"caRootsPath": key, "subjectEmail": "a@example.com"});
    scene
        .sandbox
        .file("d/a.yaml", "docker: {r.example: {use-sigstore-attachments: true}}");
    scene.sandbox.file("registries.conf", "");
    let mut told = BTreeMap::new();
    for members in [
        json!({"keyPath": key}),
        json!({"keyData": data}),
        json!({"keyPaths": [key]}),
        json!({"keyDatas": [data]}),
        json!({"keyPath": key, "rekorPublicKeyPath": key}),
        json!({"fulcio": fulcio, "rekorPublicKeyPath": key}),
        json!({"pki": pki}),
    ] {
        let mut rule = json!({"type": "sigstoreSigned"});
        rule.as_object_mut()
            .unwrap()
            .extend(members.as_object().unwrap().clone());
        let accept = json!([{"type": "insecureAcceptAnything"}]);
        let policy = json!({"default": accept, "transports": {"docker": {"r.example": [rule]}}});
        let file = scene
            .sandbox
            .file("home/.config/containers/policy.json", policy.to_string());
        let file = file.to_str().unwrap();
        // No scope of the policy is about the image: skopeo refuses the policy, or it copies.
        let copy = ["--policy", file, "copy", "--quiet", "dir:unsigned", "dir:copied"];
        let output = scene.skopeo(&copy);
        let reads = output.status.success();
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(reads || stderr.contains("policy"), "{stderr}");
        let lint = [
            "policy",
            "lint",
            "-o",
            "json",
            "--registries.d",
            "d",
            "--registries-conf",
            "registries.conf",
        ];
        let mut command = scene.sandbox.command();
        command.env("PATH", "/usr/bin:/bin").args(lint);
        let outcome = scene.sandbox.finish(&mut command, b"");
        let items = outcome.json()["items"].as_array().unwrap().clone();
        let is_too_old = items.iter().any(|item| item["code"] == "ReaderTooOld");
        assert_eq!(is_too_old, !reads, "{members}: {items:?}: {stderr}");
        told.insert(members.to_string(), reads);
    }
    println!("{told:?}");
    assert!(told.values().any(|reads| *reads), "{told:?}");
}
