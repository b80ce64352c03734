// SPDX-License-Identifier: Apache-2.0
//! Two registries of Debian's, one of which mirrors the other, and a cluster that says so.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use flate2::write::GzEncoder;
use flate2::Compression;
use image_signature::digest::Digest;
use serde_json::{json, Value};

use super::bench::Report;
use super::fleet::{stored, Fleet, SOURCE};
use crate::support::api::Rule;
use crate::support::docker_registry::{Kind, Registry};
use crate::support::program::has;
use crate::support::skipped;

/// What is where of one image, and what is to be found.
pub(super) struct Case {
    /// Whether the mirror has the image.
    pub(super) is_mirrored: bool,
    /// The sigstore signatures at the source and at the mirror.
    pub(super) attached: [&'static [&'static str]; 2],
    /// The files in the lookaside stores of the source and of the mirror.
    pub(super) stored: [&'static [&'static str]; 2],
    /// Kind and a part of the message of each finding.
    pub(super) found: &'static [(&'static str, &'static str)],
}

pub(super) const CASES: [Case; 9] = [
    Case {
        is_mirrored: true,
        attached: [&["a", "b"], &["a", "b"]],
        stored: [&["x", "y"], &["y", "x"]],
        found: &[],
    },
    Case {
        is_mirrored: true,
        attached: [&[], &[]],
        stored: [&[], &[]],
        found: &[],
    },
    Case {
        is_mirrored: false,
        attached: [&["a"], &[]],
        stored: [&["x"], &[]],
        found: &[("gap", "does not have the image")],
    },
    Case {
        is_mirrored: true,
        attached: [&["a"], &[]],
        stored: [&["x"], &["x"]],
        found: &[("gap", "sigstore signatures are at the source only")],
    },
    Case {
        is_mirrored: true,
        attached: [&["a", "b"], &["a"]],
        stored: [&[], &[]],
        found: &[("gap", "sigstore signatures differ: 1 of 2")],
    },
    Case {
        is_mirrored: true,
        attached: [&["a"], &["a"]],
        stored: [&["x"], &[]],
        found: &[("gap", "signatures in the lookaside store are at the source only")],
    },
    Case {
        is_mirrored: true,
        attached: [&[], &[]],
        stored: [&["x", "y"], &["y"]],
        found: &[("gap", "signatures in the lookaside store differ: 1 of 2")],
    },
    Case {
        is_mirrored: true,
        attached: [&["a"], &["a", "c"]],
        stored: [&["x"], &["x", "z"]],
        found: &[],
    },
    // What cannot be read may be what is missed.
    Case {
        is_mirrored: true,
        attached: [&[], &[]],
        stored: [&["x"], &[DAMAGED]],
        found: &[("unreachable", "lookaside store of the mirror")],
    },
];

/// A file that is a directory.
pub(super) const DAMAGED: &str = "damaged";

/// Two registries with the images of all cases, and a cluster that knows the one as the mirror of the other.
pub(super) struct Scene {
    pub(super) fleet: Fleet,
    pub(super) source: Option<Registry>,
    pub(super) mirror: Option<Registry>,
    pub(super) digests: Vec<String>,
}

impl Scene {
    pub(super) fn new() -> Option<Self> {
        let mut scene = Self::empty()?;
        let [source, mirror] = scene.addresses();
        let places = [format!("{source}/ns/app"), format!("{mirror}/m/app")];
        for (n, case) in CASES.iter().enumerate() {
            scene.fill(n, case, &places);
        }
        Some(scene)
    }

    /// Both registries with nothing in them.
    pub(super) fn empty() -> Option<Self> {
        if !has("skopeo") {
            skipped("mirrors", "skopeo is not installed");
            return None;
        }
        let fleet = Fleet::empty();
        let sandbox = &fleet.scene.sandbox;
        let registry = |name| {
            let registry = Registry::start(sandbox, name, &Kind::default());
            if registry.is_none() {
                skipped("mirrors", "docker-registry is not installed");
            }
            registry
        };
        let (source, mirror) = (registry("source")?, registry("mirror")?);
        let scene = Self {
            fleet,
            source: Some(source),
            mirror: Some(mirror),
            digests: Vec::new(),
        };
        scene.configure();
        Some(scene)
    }

    pub(super) fn addresses(&self) -> [&str; 2] {
        [&self.source, &self.mirror].map(|registry| registry.as_ref().unwrap().address.as_str())
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.fleet.scene.sandbox.path(name)
    }

    pub(super) fn configure(&self) {
        let [source, mirror] = self.addresses();
        mirrored(&self.fleet, [source, mirror]);
        let sandbox = &self.fleet.scene.sandbox;
        let store = |name: &str| {
            std::fs::create_dir_all(sandbox.path(name)).unwrap();
            format!("file://{}", sandbox.path(name).display())
        };
        sandbox.file(
            "registries.d/own.yaml",
            format!(
                "docker:\n  {source}:\n    lookaside: {}\n  {mirror}:\n    lookaside: {1}\n    lookaside-staging: {1}\n",
                store("source-store"),
                store("mirror-store")
            ),
        );
        // For skopeo.
        let entry = |host: &str| format!("[[registry]]\nlocation = \"{host}\"\ninsecure = true\n");
        sandbox.file(
            "home/.config/containers/registries.conf",
            format!("{}{}", entry(source), entry(mirror)),
        );
        sandbox.file(
            "home/.config/containers/policy.json",
            json!({"default": [{"type": "insecureAcceptAnything"}]}).to_string(),
        );
    }

    pub(super) fn fill(&mut self, n: usize, case: &Case, places: &[String; 2]) {
        let directory = self.path(&format!("image-{n}"));
        let digest = write_image(&directory, &format!("arch{n}"), &[]);
        for (at, place) in places.iter().enumerate() {
            if at == 0 || case.is_mirrored {
                self.push(&directory, &format!("{place}:t{n}"));
            }
            if !case.attached[at].is_empty() {
                let directory = self.path(&format!("attached-{n}-{at}"));
                write_image(&directory, "", case.attached[at]);
                self.push(&directory, &format!("{place}:{}.sig", digest.replace(':', "-")));
            }
            let store = ["source-store/ns/app", "mirror-store/m/app"][at];
            for (number, content) in case.stored[at].iter().enumerate() {
                let file = format!("{store}@{}/signature-{}", digest.replace(':', "="), number + 1);
                if *content == DAMAGED {
                    std::fs::create_dir_all(self.path(&file)).unwrap();
                } else {
                    let blob = self.fleet.sign(&digest, &format!("{SOURCE}/app:{content}"));
                    self.fleet.scene.sandbox.file(&file, blob);
                }
            }
        }
        let mut object = stored(&digest, &[&self.fleet.sign(&digest, &format!("{}:t{n}", places[0]))]);
        object["dockerImageReference"] = json!(format!("{}@{digest}", places[0]));
        self.fleet.server().image(object);
        let stream = json!({
            "spec": {"tags": [{"name": "v1", "from": {"kind": "DockerImage", "name": format!("{}:t{n}", places[0])}}]},
            "status": {"tags": [{"tag": "v1", "items": [{"image": digest}]}]},
        });
        self.fleet.server().stream("shop", &format!("app-{n}"), stream);
        self.digests.push(digest);
    }

    pub(super) fn push(&self, directory: &Path, reference: &str) {
        let from = format!("dir:{}", directory.display());
        self.skopeo(&format!(
            "skopeo copy -q --all --preserve-digests {from} docker://{reference}"
        ));
    }

    /// Runs a command in a shell; what is printed has the option already.
    #[track_caller]
    pub(super) fn skopeo(&self, command: &str) {
        // With the configuration of this test in place of the system's.
        let registries = self.path("registries.d");
        let option = format!("--registries.d {} ", registries.display());
        let own = match command.contains(&option) {
            true => command.to_owned(),
            false => command.replacen("skopeo ", &format!("skopeo {option}"), 1),
        };
        let run = Command::new("/bin/sh")
            .args(["-c", &own])
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", self.path("home"))
            .env("TMPDIR", self.fleet.scene.sandbox.root())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert!(run.status.success(), "{command}: {run:?}");
    }

    /// An audit with `--mirrors`, and the findings about mirrors of each image, in the order of the cases.
    #[track_caller]
    pub(super) fn audit(&self, more: &[&str], status: i32) -> Vec<Vec<Value>> {
        let registries = self.path("registries.d");
        let common = ["--mirrors", "--registries.d", registries.to_str().unwrap()];
        let (report, _) = self.fleet.lines(&[&common[..], more].concat(), status);
        self.digests.iter().map(|digest| about(&report, digest)).collect()
    }
}

/// Has the cluster know a host as the mirror of another one, both over plain http.
pub(super) fn mirrored(fleet: &Fleet, [source, mirror]: [&str; 2]) {
    let server = fleet.server();
    for (kind, plural, member) in [
        ("ImageDigestMirrorSet", "imagedigestmirrorsets", "imageDigestMirrors"),
        ("ImageTagMirrorSet", "imagetagmirrorsets", "imageTagMirrors"),
    ] {
        let items = if kind == "ImageDigestMirrorSet" {
            let mirrors = [format!("{mirror}/m")];
            json!([{"metadata": {"name": "own", "uid": "1"}, "spec": {member: [{"source": format!("{source}/ns"), "mirrors": mirrors}]}}])
        } else {
            json!([])
        };
        let list = json!({"kind": format!("{kind}List"), "apiVersion": "config.openshift.io/v1", "metadata": {}, "items": items});
        server.document(&format!("/apis/config.openshift.io/v1/{plural}"), list);
    }
    let configuration = json!({
        "kind": "Image", "apiVersion": "config.openshift.io/v1", "metadata": {"name": "cluster"},
        "spec": {"registrySources": {"insecureRegistries": [source, mirror]}},
    });
    server.document("/apis/config.openshift.io/v1/images/cluster", configuration);
    for (group, resource, verb) in [
        ("config.openshift.io", "imagedigestmirrorsets", "list"),
        ("config.openshift.io", "imagetagmirrorsets", "list"),
        ("operator.openshift.io", "imagecontentsourcepolicies", "list"),
        ("config.openshift.io", "images", "get"),
    ] {
        server.allow(Rule::new("alice", &[verb], "images").api_group(group, resource));
    }
}

pub(super) fn about(report: &Report, digest: &str) -> Vec<Value> {
    let entry = report.entries.iter().find(|entry| entry["image"] == *digest).unwrap();
    assert_eq!(entry["verdict"], "Verified", "{entry}");
    let findings = entry["findings"].as_array().cloned().unwrap_or_default();
    findings
        .into_iter()
        .filter(|finding| finding["kind"] == "gap" || finding["kind"] == "unreachable")
        .collect()
}

/// Writes an image into a directory, as skopeo does, and gives its digest. With `names` its layers are sigstore signatures.
pub(super) fn write_image(directory: &Path, architecture: &str, names: &[&str]) -> String {
    std::fs::create_dir_all(directory).unwrap();
    let blob = |media: &str, content: &[u8]| {
        let digest = Digest::of_bytes(content);
        std::fs::write(directory.join(digest.hex()), content).unwrap();
        json!({"mediaType": media, "size": content.len(), "digest": digest.as_str()})
    };
    let mut layers: Vec<Value> = names
        .iter()
        .map(|name| {
            let payload = format!("{{\"{name}\":1}}");
            let mut layer = blob("application/vnd.dev.cosign.simplesigning.v1+json", payload.as_bytes());
            layer["annotations"] = json!({"dev.cosignproject.cosign/signature": name});
            layer
        })
        .collect();
    if names.is_empty() {
        // Not packed, skopeo would pack it, and make another image of it.
        let mut packed = GzEncoder::new(Vec::new(), Compression::default());
        packed.write_all(&[0; 1024]).unwrap();
        let media = "application/vnd.oci.image.layer.v1.tar+gzip";
        layers.push(blob(media, &packed.finish().unwrap()));
    }
    let digests: Vec<&Value> = layers.iter().map(|layer| &layer["digest"]).collect();
    let config = json!({
        "architecture": architecture, "os": "linux", "config": {}, "rootfs": {"type": "layers", "diff_ids": digests},
    });
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": blob("application/vnd.oci.image.config.v1+json", config.to_string().as_bytes()),
        "layers": layers,
    });
    std::fs::write(directory.join("version"), "Directory Transport Version: 1.1\n").unwrap();
    std::fs::write(directory.join("manifest.json"), manifest.to_string()).unwrap();
    Digest::of_bytes(manifest.to_string().as_bytes()).to_string()
}
