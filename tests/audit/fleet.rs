// SPDX-License-Identifier: Apache-2.0
//! A cluster with as many images as wanted, with every verdict among them.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{json, Value};

use super::bench::{digest, Report};
use crate::support::api::Server;
use crate::support::cluster::Scene;
use crate::support::forge::{Draft, Key};
use crate::support::images::{payload, signature};
use crate::support::program::Outcome;

/// Where the images of the fleet come from.
pub const SOURCE: &str = "quay.example/team";

/// What becomes of an image of a fleet, by its kind.
pub const WORDS: [&str; 10] = [
    "Verified/Verified",
    "Verified/Verified",
    "Rejected/IdentityMismatch",
    "Unsigned/NoSignature",
    "Rejected/NotASignature",
    "Rejected/UnknownKey",
    "Unchecked/NoExpectedIdentity",
    "Unsupported/UnsupportedSignature",
    "Verified/Verified",
    "Rejected/DigestMismatch",
];

/// Which kind image `n` is: of fifty images ten are of one kind each, and the others are what most are. Each refusal starts
/// gpg once more, and a fleet is large.
pub fn kind(n: usize) -> usize {
    match n % 50 {
        n if n < WORDS.len() => n,
        _ => 0,
    }
}

/// Arguments of an audit that records where the fleet's key and the one in a file have both signed, by the map in `map`.
pub fn both_with(file: &str) -> [&str; 7] {
    [
        "--confirm",
        "--require",
        "2",
        "--expected-identity-map",
        "map",
        "--public-key",
        file,
    ]
}

/// A cluster and an auditor who may list what an audit needs.
pub struct Fleet {
    pub scene: Scene,
    pub key: Key,
    pub key_file: String,
    stranger: Key,
}

impl Fleet {
    pub fn empty() -> Self {
        let scene = Scene::new();
        for (resource, verbs) in [("imagestreams", ["get", "list"]), ("pods", ["get", "list"])] {
            scene.server.grant("alice", &verbs, resource);
        }
        scene.server.grant("alice", &["get"], "clusterversions");
        let key = Key::new();
        let certificate = key.certificate("Example Release <release@example.com>");
        let key_file = scene.sandbox.file("fleet.gpg", certificate).display().to_string();
        Self {
            scene,
            key,
            key_file,
            stranger: Key::new(),
        }
    }

    /// Image 1, signed as the tag of a stream in the namespace shop that names it.
    pub fn shop() -> Self {
        let fleet = Self::empty();
        let own = digest(1);
        fleet.server().image(stored(&own, &[&fleet.sign(&own, &tag(1))]));
        let stream = json!({"spec": {"tags": [{"name": "v1", "from": {"kind": "DockerImage", "name": tag(1)}}]},
            "status": {"tags": [{"tag": "v1", "items": [{"image": own}]}]}});
        fleet.server().stream("shop", "app", stream);
        fleet
    }

    /// A fleet of `count` images. Each is named by a tag, but for those that a pod names by digest, and those of which
    /// nothing is known.
    pub fn of(count: usize) -> Self {
        let fleet = Self::empty();
        let mut streams: BTreeMap<String, (Vec<Value>, Vec<Value>)> = BTreeMap::new();
        fleet.server().objects(|objects| {
            for n in 0..count {
                objects.put_image(fleet.image(n));
                match kind(n) {
                    6 => {}
                    8 => objects.put_pod("shop", &format!("pod-{n}"), pod("Running", &name(n), &name(n))),
                    _ => {
                        let (spec, status) = streams.entry(format!("app-{}", n % 7)).or_default();
                        spec.push(json!({"name": format!("v{n}"), "from": {"kind": "DockerImage", "name": tag(n)}}));
                        status.push(
                            json!({"tag": format!("v{n}"), "items": [{"image": digest(n)}, {"image": digest(6)}]}),
                        );
                    }
                }
            }
            for (name, (spec, status)) in &streams {
                let stream = json!({"spec": {"tags": spec}, "status": {"tags": status}});
                objects.put_stream("shop", name, stream);
            }
        });
        fleet
    }

    /// The key of somebody else, with its certificate in a file.
    pub fn other_key(&self, file: &str) -> Key {
        let key = Key::new();
        self.scene
            .sandbox
            .file(file, key.certificate("Other <other@example.com>"));
        key
    }

    /// An image that is signed as what the stream `shop/app` calls it; its digest.
    pub fn signed_in_a_stream(&self) -> String {
        let own = digest(1);
        self.server().image(stored(&own, &[&self.sign(&own, &tag(1))]));
        let stream = json!({"spec": {"tags": [{"name": "v1", "from": {"kind": "DockerImage", "name": tag(1)}}]},
            "status": {"tags": [{"tag": "v1", "items": [{"image": own}]}]}});
        self.server().stream("shop", "app", stream);
        own
    }

    pub fn server(&self) -> &Server {
        &self.scene.server
    }

    /// A signature by the fleet's key.
    pub fn sign(&self, digest: &str, reference: &str) -> Vec<u8> {
        self.key
            .message(&Draft::new(self.key.created), &payload(digest, reference))
    }

    /// Image `n`, as its kind wants it.
    fn image(&self, n: usize) -> Value {
        let own = digest(n);
        let blob = match kind(n) {
            2 => self.sign(&own, &format!("{SOURCE}/app:other")),
            3 => return stored(&own, &[]),
            4 => b"garbage".to_vec(),
            5 => self
                .stranger
                .message(&Draft::new(self.key.created), &payload(&own, &tag(n))),
            9 => self.sign(&digest(n + 1), &tag(n)),
            // Publishers sign tags; who names an image by digest takes any tag of the repository.
            _ => self.sign(&own, &tag(n)),
        };
        let mut image = stored(&own, &[&blob]);
        if kind(n) == 7 {
            image["signatures"][0]["type"] = json!("x509");
        }
        image
    }

    /// `audit` with the key file.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = self.scene.sandbox.command();
        command.args(["audit", "--public-key", &self.key_file]).args(args);
        command
    }

    /// The same run, which SIGINT ends, with its output in pipes. Under nohup the signal would be ignored, here as there.
    pub fn interruptible(&self, audit: &Command) -> Command {
        let mut command = self.scene.sandbox.command_of(Path::new("/usr/bin/env"));
        command
            .arg("--default-signal=INT")
            .arg(audit.get_program())
            .args(audit.get_args());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Audits the cluster with these arguments.
    #[track_caller]
    pub fn run(&self, args: &[&str]) -> Outcome {
        self.scene.finish(&mut self.command(args))
    }

    /// The report of JSON lines of a run, and the outcome.
    #[track_caller]
    pub fn lines(&self, args: &[&str], status: i32) -> (Report, Outcome) {
        let outcome = self.run(&[&["-o", "jsonl"][..], args].concat()).expect(status);
        (Report::read(&outcome.stdout), outcome)
    }

    /// The paths of all requests so far but those about rights, each with how often it was asked for.
    pub fn asked(&self) -> BTreeMap<String, usize> {
        let mut asked = BTreeMap::new();
        for line in self.server().lines() {
            *asked.entry(line).or_default() += 1;
        }
        asked
    }
}

/// The tag that image `n` is imported from.
pub fn tag(n: usize) -> String {
    format!("{SOURCE}/app:v{n}")
}

/// Image `n` by digest.
pub fn name(n: usize) -> String {
    format!("{SOURCE}/app@{}", digest(n))
}

/// An Image object as a server would store it.
pub fn stored(own: &str, blobs: &[&[u8]]) -> Value {
    let signatures = blobs.iter().enumerate();
    let signatures: Vec<Value> = signatures
        .map(|(n, blob)| signature(own, &format!("s{n}"), blob))
        .collect();
    json!({
        "metadata": {"name": own},
        "dockerImageReference": format!("{SOURCE}/app@{own}"),
        "signatures": signatures,
    })
}

/// A pod with one container.
pub fn pod(phase: &str, asked: &str, runs: &str) -> Value {
    json!({
        "spec": {"containers": [{"name": "main", "image": asked}]},
        "status": {"phase": phase, "containerStatuses": [{"name": "main", "imageID": runs}]},
    })
}

/// How often each word stands in a report.
pub fn counts(report: &Report) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for word in report.words() {
        *counts.entry(word).or_default() += 1;
    }
    counts
}

/// How often each word is to be expected in a fleet.
pub fn expected(count: usize) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for n in 0..count {
        *counts.entry(WORDS[kind(n)].to_owned()).or_default() += 1;
    }
    counts
}

/// Each image of a fleet once, with the word that it is to have.
#[track_caller]
pub fn assert_whole(reports: &[&Report], count: usize) {
    let mut found = BTreeMap::new();
    for report in reports {
        for (entry, word) in report.entries.iter().zip(report.words()) {
            let image = entry["image"].as_str().unwrap().to_owned();
            assert_eq!(found.insert(image, word), None, "twice: {entry}");
        }
    }
    let mut wrong = String::new();
    for n in 0..count {
        let word = found.remove(&digest(n));
        if word.as_deref() != Some(WORDS[kind(n)]) {
            writeln!(wrong, "{n}: {word:?}").unwrap();
        }
    }
    assert!(wrong.is_empty() && found.is_empty(), "{wrong}{found:?}");
}
