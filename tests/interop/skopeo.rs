// SPDX-License-Identifier: Apache-2.0
//! Debian's skopeo: `copy --sign-by`, `standalone-sign`, `standalone-verify`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::support::docker_registry::{Kind, Registry};
use crate::support::gpg::Signer;
use crate::support::images::{image, payload};
use crate::support::packets::{body, literal, one_pass_for, packet, zip};
use crate::support::program::{has, skopeo, word, Outcome, Sandbox};
use crate::support::skipped;

const REFERENCE: &str = "registry.local:5000/foo/bar:v1";

/// An unsigned image of one layer, a signer and its key in a file.
pub(super) struct Scene {
    pub(super) sandbox: Sandbox,
    pub(super) signer: Signer,
    pub(super) key: String,
    key_file: PathBuf,
    manifest: Vec<u8>,
}

fn sha256(bytes: &[u8]) -> String {
    image_signature::text::hex(&Sha256::digest(bytes)).to_lowercase()
}

impl Scene {
    pub(super) fn new(test: &str) -> Option<Self> {
        if !has("skopeo") {
            skipped(test, "skopeo is not installed");
            return None;
        }
        let (sandbox, signer) = (Sandbox::new(), Signer::new());
        let key = signer.key("Release <release@example.com>", "rsa2048", "sign,cert", "never");
        let key_file = signer.export(&[&key], &sandbox.path("key.gpg"));
        let mut scene = Self {
            sandbox,
            signer,
            key,
            key_file,
            manifest: Vec::new(),
        };
        scene.make_image();
        Some(scene)
    }

    fn make_image(&mut self) {
        let tar = [0; 1024];
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        std::io::Write::write_all(&mut encoder, &tar).unwrap();
        let layer = encoder.finish().unwrap();
        let config = json!({
            "architecture": "amd64", "os": "linux", "config": {},
            "rootfs": {"type": "layers", "diff_ids": [format!("sha256:{}", sha256(&tar))]},
        })
        .to_string()
        .into_bytes();
        let blob = |media: &str, content: &[u8]| {
            self.sandbox.file(&format!("unsigned/{}", sha256(content)), content);
            json!({"mediaType": media, "size": content.len(), "digest": format!("sha256:{}", sha256(content))})
        };
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
            "config": blob("application/vnd.docker.container.image.v1+json", &config),
            "layers": [blob("application/vnd.docker.image.rootfs.diff.tar.gzip", &layer)],
        });
        self.manifest = serde_json::to_vec(&manifest).unwrap();
        self.sandbox
            .file("unsigned/version", "Directory Transport Version: 1.1\n");
        self.sandbox.file("unsigned/manifest.json", &self.manifest);
    }

    pub(super) fn digest(&self) -> String {
        format!("sha256:{}", sha256(&self.manifest))
    }

    pub(super) fn skopeo(&self, args: &[&str]) -> Output {
        skopeo(&self.sandbox, self.signer.home()).args(args).output().unwrap()
    }

    #[track_caller]
    fn skopeo_ok(&self, args: &[&str]) -> Vec<u8> {
        let output = self.skopeo(args);
        assert!(
            output.status.success(),
            "skopeo {args:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        output.stdout
    }

    fn verify(&self, args: &[&str]) -> Outcome {
        let key = self.key_file.to_str().unwrap();
        self.sandbox
            .run([&["verify", "-o", "json", "--public-key", key][..], args].concat())
    }

    /// Whether skopeo accepts a signature for this reference and key.
    fn skopeo_accepts(&self, manifest: &Path, signature: &Path, reference: &str) -> bool {
        let [manifest, signature] = [manifest, signature].map(|path| path.to_str().unwrap());
        self.skopeo(&["standalone-verify", manifest, reference, &self.key, signature])
            .status
            .success()
    }
}

#[test]
fn an_image_copied_and_signed_into_a_directory_is_verified() {
    let Some(s) = Scene::new("an_image_copied_and_signed_into_a_directory") else {
        return;
    };
    s.skopeo_ok(&[
        "--insecure-policy",
        "copy",
        "--quiet",
        "--sign-by",
        &s.key,
        "--sign-identity",
        REFERENCE,
        "dir:unsigned",
        "dir:signed",
    ]);
    let outcome = s
        .verify(&["dir:signed", "--expected-identity", REFERENCE])
        .expect_verdict(0, "Verified/Verified");
    let signer = &outcome.item()["signatures"][0]["signer"];
    assert_eq!(signer["primaryFingerprint"], *s.key);
    assert_eq!(outcome.item()["image"], *s.digest());
    s.verify(&["dir:signed", "--expected-identity", "registry.local:5000/foo/bar:v2"])
        .expect_verdict(1, "Rejected/IdentityMismatch");
    s.verify(&["dir:unsigned", "--expected-identity", REFERENCE])
        .expect_verdict(1, "Unsigned/NoSignature");
    // The same signatures as an Image object carries them.
    let blob = fs::read(s.sandbox.path("signed/signature-1")).unwrap();
    let object = s.sandbox.file("image.json", image(&s.digest(), &[&blob]).to_string());
    s.verify(&["-f", object.to_str().unwrap(), "--expected-identity", REFERENCE])
        .expect_verdict(0, "Verified/Verified");
    // A manifest that somebody changed afterwards.
    let manifest = s.sandbox.path("signed/manifest.json");
    let mut changed = fs::read(&manifest).unwrap();
    changed.push(b'\n');
    fs::write(&manifest, changed).unwrap();
    s.verify(&["dir:signed", "--expected-identity", REFERENCE])
        .expect_verdict(1, "Rejected/DigestMismatch");
}

#[test]
fn an_image_signed_on_its_way_into_a_registry_is_verified_by_its_parts() {
    let Some(s) = Scene::new("an_image_signed_on_its_way_into_a_registry") else {
        return;
    };
    let Some(registry) = Registry::start(&s.sandbox, "registry", &Kind::default()) else {
        skipped(
            "an_image_signed_on_its_way_into_a_registry",
            "docker-registry is not installed",
        );
        return;
    };
    let store = s.sandbox.path("store");
    // The older names of these settings are understood by all versions.
    let settings = format!(
        "default-docker:\n  sigstore: file://{0}\n  sigstore-staging: file://{0}\n",
        store.display()
    );
    let settings = s.sandbox.file("registries.d/default.yaml", settings);
    let reference = format!("{}/foo/bar:v1", registry.address);
    let place = format!("docker://{reference}");
    let settings = settings.parent().unwrap().to_str().unwrap();
    s.skopeo_ok(&[
        "--insecure-policy",
        "--registries.d",
        settings,
        "copy",
        "--quiet",
        "--dest-tls-verify=false",
        "--sign-by",
        &s.key,
        "dir:unsigned",
        &place,
    ]);
    let raw = s.skopeo_ok(&["inspect", "--raw", "--tls-verify=false", &place]);
    let manifest = s.sandbox.file("raw.json", &raw);
    let signature = store.join(format!("foo/bar@sha256={}/signature-1", sha256(&raw)));
    let args = |expected: &str| {
        let [manifest, signature] = [&manifest, &signature].map(|path| path.to_str().unwrap().to_owned());
        let parts = [
            "--manifest",
            &manifest,
            "--signature-file",
            &signature,
            "--expected-identity",
            expected,
        ];
        s.verify(&parts)
    };
    args(&reference).expect_verdict(0, "Verified/Verified");
    args(&format!("{}/foo/bar:v2", registry.address)).expect_verdict(1, "Rejected/IdentityMismatch");
    args(&format!("{}/foo/other:v1", registry.address)).expect_verdict(1, "Rejected/IdentityMismatch");
}

#[test]
fn what_skopeo_signs_alone_is_verified() {
    let Some(s) = Scene::new("what_skopeo_signs_alone") else {
        return;
    };
    s.skopeo_ok(&[
        "standalone-sign",
        "unsigned/manifest.json",
        REFERENCE,
        &s.key,
        "--output",
        "alone.sig",
    ]);
    let parts = ["--manifest", "unsigned/manifest.json", "--signature-file", "alone.sig"];
    let with = |reference: &str| s.verify(&[&parts[..], &["--expected-identity", reference]].concat());
    let outcome = with(REFERENCE).expect_verdict(0, "Verified/Verified");
    let claim = &outcome.item()["signatures"][0]["claim"];
    assert_eq!(claim["dockerReference"], REFERENCE);
    assert_eq!(claim["dockerManifestDigest"], *s.digest());
    assert!(claim["creator"].as_str().unwrap().starts_with("atomic "), "{claim}");
    with("registry.local:5000/foo/bar:v2").expect_verdict(1, "Rejected/IdentityMismatch");
}

/// None of these is one of the differences on purpose (docs/contract.md 7).
#[test]
fn skopeo_agrees_on_good_and_bad_signatures() {
    let Some(s) = Scene::new("skopeo_agrees_on_good_and_bad_signatures") else {
        return;
    };
    let good = payload(&s.digest(), REFERENCE);
    let other_digest = payload(&format!("sha256:{}", "1".repeat(64)), REFERENCE);
    let other_reference = payload(&s.digest(), "registry.local:5000/foo/bar:v2");
    let stranger = Signer::new();
    let unknown = stranger.simple_key("stranger");
    let mut text = String::from_utf8(good.clone()).unwrap();
    let with_member = text.replacen('{', "{\"extra\":1,", 1).into_bytes();
    let twice = text
        .replacen("{\"critical\"", "{\"optional\":{},\"critical\"", 1)
        .into_bytes();
    text.push_str("{}");
    let signature = s.signer.detach_sign(&s.key, &good);
    let by_hand = |data: &[u8], signature: &[u8]| {
        [one_pass_for(signature, &s.key), literal(b'b', data), signature.to_vec()].concat()
    };
    let mut altered = body(&signature);
    *altered.last_mut().unwrap() ^= 1;
    let cases: [(&str, Vec<u8>, bool); 17] = [
        ("as gpg makes it", s.signer.sign(&s.key, &good), true),
        (
            "SHA-512",
            s.signer.sign_with(&s.key, &["--digest-algo", "SHA512"], &good),
            true,
        ),
        (
            "zlib",
            s.signer.sign_with(&s.key, &["--compress-algo", "zlib"], &good),
            true,
        ),
        (
            "bzip2",
            s.signer.sign_with(&s.key, &["--compress-algo", "bzip2"], &good),
            true,
        ),
        ("by hand", by_hand(&good, &signature), true),
        ("by hand, compressed", zip(&by_hand(&good, &signature)), true),
        ("another image", s.signer.sign(&s.key, &other_digest), false),
        ("another reference", s.signer.sign(&s.key, &other_reference), false),
        ("another key", stranger.sign(&unknown, &good), false),
        ("altered payload", by_hand(&other_reference, &signature), false),
        ("altered signature", by_hand(&good, &packet(2, &altered)), false),
        ("an unknown member", s.signer.sign(&s.key, &with_member), false),
        ("a member twice", s.signer.sign(&s.key, &twice), false),
        ("data after the payload", s.signer.sign(&s.key, text.as_bytes()), false),
        ("no JSON", s.signer.sign(&s.key, b"hello"), false),
        ("detached", signature.clone(), false),
        ("garbage", b"garbage".to_vec(), false),
    ];
    let manifest = s.sandbox.path("unsigned/manifest.json");
    for (what, blob, expected) in &cases {
        let file = s.sandbox.file("case.sig", blob);
        let theirs = s.skopeo_accepts(&manifest, &file, REFERENCE);
        let outcome = s.verify(&[
            "--manifest",
            manifest.to_str().unwrap(),
            "--signature-file",
            file.to_str().unwrap(),
            "--expected-identity",
            REFERENCE,
        ]);
        let ours = outcome.status == 0;
        assert_eq!(
            (ours, theirs),
            (*expected, *expected),
            "{what}: {}",
            word(&outcome.item())
        );
    }
}
