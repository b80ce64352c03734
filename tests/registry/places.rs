// SPDX-License-Identifier: Apache-2.0
//! Mirrors made at random, against Debian's skopeo: an image that it does not accept from where the configuration leads is
//! never accepted here, and what both accept is the same manifest.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::process::Command;

use serde_json::{json, Value};

use crate::registry::town::{sha256, Town};
use crate::support::hub::Hub;
use crate::support::images::{payload, D1};
use crate::support::program::{has, skopeo};
use crate::support::skipped;

/// How many configurations are made.
const CASES: usize = 60;

/// What they are made from. `IMAGE_SIGNATURE_SEED` is another one.
const SEED: u64 = 2026;

/// What entries are about.
const PREFIXES: [&str; 7] = [
    "reg.example.com/ns/app",
    "reg.example.com/ns",
    "reg.example.com",
    "*.example.com",
    "reg.example.com/ns/app2",
    "reg.example.com:5000",
    "quay.io",
];

/// What is asked for.
const NAMES: [&str; 4] = [
    "reg.example.com/ns/app",
    "reg.example.com/ns/app",
    "reg.example.com/x",
    "reg.example.com:5000/ns/app",
];

/// Numbers at random (splitmix64): for one seed the same everywhere.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % bound as u64).unwrap()
    }

    /// Whether it happens that happens so often in a hundred times.
    fn falls(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }
}

/// A registry for all locations, signatures made once, and what the cases come to.
struct Scene {
    town: Town,
    hub: Hub,
    other: String,
    blobs: BTreeMap<(bool, String, String), Vec<u8>>,
    counts: BTreeMap<String, usize>,
}

/// A configuration, and what is asked for under it.
struct Case {
    conf: String,
    asked: String,
    policy: Value,
}

impl Scene {
    fn new() -> Self {
        let (town, hub) = (Town::new(), Hub::plain());
        town.store_on_disk();
        let other = town
            .signer
            .key("Other <other@example.com>", "rsa2048", "sign,cert", "never");
        Self {
            town,
            hub,
            other,
            blobs: BTreeMap::new(),
            counts: BTreeMap::new(),
        }
    }

    fn sign(&mut self, is_own: bool, digest: &str, reference: &str) -> Vec<u8> {
        let place = (is_own, digest.to_owned(), reference.to_owned());
        let key = if is_own { &self.town.key } else { &self.other };
        let signer = &self.town.signer;
        let make = || signer.sign(key, &payload(digest, reference));
        self.blobs.entry(place).or_insert_with(make).clone()
    }

    /// Makes a configuration, and fills the locations that it has.
    fn case(&mut self, dice: &mut Dice, number: usize) -> Case {
        let name = NAMES[dice.below(NAMES.len())];
        let host = self.hub.host();
        let mut conf = String::new();
        let mut places: Vec<(&str, String)> = Vec::new();
        let mut prefixes = PREFIXES.to_vec();
        // The first is about the name, the others may be.
        let fits = |prefix: &&&str| name.starts_with(**prefix) || prefix.starts_with('*') && !name.contains(':');
        let fitting: Vec<&str> = PREFIXES.iter().filter(fits).copied().collect();
        let mut next = Some(fitting[dice.below(fitting.len())]);
        for _ in 0..=dice.below(3) {
            let prefix = next.take().unwrap_or_else(|| prefixes[dice.below(prefixes.len())]);
            prefixes.retain(|own| *own != prefix);
            let mut place = |dice: &mut Dice| {
                let deep = if dice.falls(50) { "/deep" } else { "" };
                let text = format!("{host}/c{number}l{}{deep}", places.len());
                places.push((prefix, text.clone()));
                text
            };
            writeln!(conf, "[[registry]]\nprefix = \"{prefix}\"\ninsecure = true").unwrap();
            if !prefix.starts_with('*') || dice.falls(70) {
                writeln!(conf, "location = \"{}\"", place(dice)).unwrap();
            }
            if dice.falls(10) {
                conf += "blocked = true\n";
            }
            let by_digest_only = dice.falls(15);
            if by_digest_only {
                conf += "mirror-by-digest-only = true\n";
            }
            for _ in 0..[0, 1, 1, 2][dice.below(4)] {
                let is_insecure = dice.falls(90);
                let location = place(dice);
                writeln!(
                    conf,
                    "[[registry.mirror]]\nlocation = \"{location}\"\ninsecure = {is_insecure}"
                )
                .unwrap();
                if !by_digest_only && dice.falls(30) {
                    let pull = ["all", "digest-only", "tag-only"][dice.below(3)];
                    writeln!(conf, "pull-from-mirror = \"{pull}\"").unwrap();
                }
            }
        }
        writeln!(conf, "[[registry]]\nlocation = \"{host}\"\ninsecure = true").unwrap();
        let mut rule =
            json!({"type": "signedBy", "keyType": "GPGKeys", "keyPath": self.town.key_file.to_str().unwrap()});
        match dice.below(5) {
            0 => {}
            1 | 2 => {
                let prefix = name.split('/').next().unwrap();
                rule["signedIdentity"] =
                    json!({"type": "remapIdentity", "prefix": prefix, "signedPrefix": "upstream.example.com"});
            }
            3 => rule["signedIdentity"] = json!({"type": "matchExact"}),
            _ => rule["signedIdentity"] = json!({"type": "matchRepository"}),
        }
        let is_remapped = rule["signedIdentity"]["type"] == "remapIdentity";
        let logical = format!("{name}:v1");
        let upstream = format!("upstream.example.com/{}:v1", name.split_once('/').unwrap().1);
        let mut digests = Vec::new();
        for (prefix, place) in places.clone() {
            let rest = match prefix.strip_prefix('*') {
                Some(domain) => name.split_once(domain).map(|(_, rest)| rest),
                None => name.strip_prefix(prefix),
            };
            let repository = match rest {
                Some(rest) => format!("{place}{rest}"),
                None => format!("{place}/ns/app"),
            };
            let repository = repository[host.len() + 1..].to_owned();
            if repository.contains(':') || dice.falls(20) {
                continue;
            }
            let note = ["one", "two"][dice.below(2)];
            let digest = self.hub.store(|store| store.repository(&repository).image("v1", note));
            digests.push(digest.clone());
            if dice.falls(85) {
                let signed = match dice.below(8) {
                    0 => D1.to_owned(),
                    _ => digest.clone(),
                };
                let physical = format!("{host}/{repository}:v1");
                let usual = if is_remapped { &upstream } else { &logical };
                let other = format!("{name}:v2");
                let references = [usual, usual, usual, usual, &logical, &upstream, &physical, &other];
                let as_what = references[dice.below(references.len())].clone();
                let is_own = !dice.falls(15);
                let blob = self.sign(is_own, &signed, &as_what);
                self.town.keep(&repository, &digest, 1, &blob);
            }
        }
        let asked = match digests.is_empty() || dice.falls(70) {
            true => logical,
            false => format!("{name}@{}", digests[dice.below(digests.len())]),
        };
        // The scope is that of the name which was asked for, wherever the image is.
        let scopes = json!({name.split('/').next().unwrap(): [rule]});
        let policy = json!({"default": [{"type": "reject"}], "transports": {"docker": scopes}});
        Case { conf, asked, policy }
    }

    fn run(&mut self, case: &Case) {
        let sandbox = &self.town.sandbox;
        let conf = sandbox.file("registries.conf", &case.conf);
        let policy = sandbox.file("policy.json", case.policy.to_string());
        let image = format!("docker://{}", case.asked);
        let stores = sandbox.path("registries.d");
        let _ = fs::remove_dir_all(sandbox.path("copied"));
        let mut command = skopeo(sandbox, self.town.signer.home());
        command.env("CONTAINERS_REGISTRIES_CONF", &conf);
        // Older ones do not know the variable.
        command.arg("--registries-conf").arg(&conf);
        command.arg("--registries.d").arg(&stores).arg("--policy").arg(&policy);
        command.args(["copy", "--quiet", "--remove-signatures", &image, "dir:copied"]);
        let output = command.output().unwrap();
        let accepted = output.status.success();
        let mut command: Command = sandbox.command();
        command.env("CONTAINERS_REGISTRIES_CONF", &conf);
        command.arg("verify").arg("--registries.d").arg(&stores);
        command.arg("--policy").arg(&policy).args(["-o", "json", &image]);
        let outcome = sandbox.finish(&mut command, b"");
        let said = format!(
            "{image}: {}\n{}\n{outcome:#?}\n{}",
            case.policy,
            case.conf,
            String::from_utf8_lossy(&output.stderr)
        );
        let item = outcome.item();
        let is_verified = outcome.status == 0;
        assert_eq!(is_verified, item["verdict"] == "Verified", "{said}");
        assert!(accepted || !is_verified, "accepted here only: {said}");
        assert!(is_verified || !accepted, "accepted by skopeo only: {said}");
        if accepted {
            let manifest = fs::read(sandbox.path("copied/manifest.json")).unwrap();
            assert_eq!(item["image"], sha256(&manifest), "{said}");
        }
        let taken = item["source"].as_str().unwrap_or_default().contains(&self.hub.host());
        let rule = &case.policy["transports"]["docker"];
        let is_remapped = rule.to_string().contains("remapIdentity");
        let word = match (is_verified, taken, is_remapped) {
            (true, _, true) => "Verified under another name".to_owned(),
            (false, false, _) => format!("{} nowhere", item["verdict"].as_str().unwrap()),
            _ => item["verdict"].as_str().unwrap().to_owned(),
        };
        *self.counts.entry(word).or_default() += 1;
    }
}

#[test]
fn nothing_is_accepted_from_a_mirror_that_skopeo_rejects() {
    if !has("skopeo") {
        return skipped("mirrors against skopeo", "skopeo is not installed");
    }
    let seed = std::env::var("IMAGE_SIGNATURE_SEED").map_or(SEED, |seed| seed.parse().unwrap());
    let mut dice = Dice(seed);
    let mut scene = Scene::new();
    for number in 0..CASES {
        let case = scene.case(&mut dice, number);
        scene.run(&case);
    }
    println!(
        "seed {seed}: {CASES} configurations of mirrors: {:?}; skopeo and this program accept the same images",
        scene.counts
    );
    for word in ["Verified", "Verified under another name", "Rejected", "Unsigned"] {
        let count = scene.counts.get(word).copied().unwrap_or(0);
        assert!(count > 0, "{word}: {:?}", scene.counts);
    }
}
