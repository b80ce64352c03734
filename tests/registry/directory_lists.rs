// SPDX-License-Identifier: Apache-2.0
//! Manifest lists in directories, as `skopeo copy --all` writes them: judged as lists in registries are.

use std::fs;

use serde_json::{json, Value};
use sha2::{Digest as _, Sha512};

use super::town::{hex, list, sha256, Town};
use crate::support::docker_registry::{Kind, Registry};
use crate::support::program::{word, Outcome};
use crate::support::skipped;

const REFERENCE: &str = "registry.example/ns/multi:v1";
const OK: &str = "Verified/Verified";

/// A directory `multi` with a list of two images, and a policy that asks for the town's key.
struct Copied {
    town: Town,
    list: Vec<u8>,
    instances: Vec<String>,
}

impl Copied {
    fn new() -> Self {
        let town = Town::new();
        let (list, instances) = list(&town.sandbox.path("multi"));
        let key = json!({"type": "signedBy", "keyType": "GPGKeys", "keyPath": "key.gpg"});
        let policy = json!({"default": [{"type": "reject"}], "transports": {"docker": {"registry.example": [key]}}});
        town.sandbox.file("policy.json", policy.to_string());
        Self { town, list, instances }
    }

    /// Puts a signature of a manifest to it, as what skopeo calls the file.
    fn sign(&self, file: &str, digest: &str, reference: &str) {
        self.town
            .sandbox
            .file(&format!("multi/{file}"), self.town.sign(digest, reference));
    }

    fn sign_instance(&self, n: usize, reference: &str) {
        let digest = &self.instances[n];
        let file = format!("{}.signature-1", digest.strip_prefix("sha256:").unwrap());
        self.sign(&file, digest, reference);
    }

    fn manifest(&self, n: usize) -> std::path::PathBuf {
        let hex = self.instances[n].strip_prefix("sha256:").unwrap();
        self.town.sandbox.path(&format!("multi/{hex}.manifest.json"))
    }

    fn put_list(&self, list: &Value) {
        self.town.sandbox.file("multi/manifest.json", list.to_string());
    }

    fn verify(&self, args: &[&str]) -> Outcome {
        let args = [&["verify", "-o", "json", "--public-key", "key.gpg", "dir:multi"], args].concat();
        self.town.sandbox.run(args)
    }

    /// What verify and audit say of it must be the same by a key and by a policy.
    #[track_caller]
    fn is(&self, expected: &str) -> Value {
        self.is_as(REFERENCE, expected)
    }

    #[track_caller]
    fn is_as(&self, reference: &str, expected: &str) -> Value {
        let verified = self.verify(&["--expected-identity", reference]);
        assert_eq!(verified.verdict(), expected, "{verified:#?}");
        let image = format!("dir:multi={reference}");
        for demand in [["--public-key", "key.gpg"], ["--policy", "policy.json"]] {
            let run = |args: &[&str]| self.town.sandbox.run([args, &demand, &[&image]].concat());
            let by = run(&["verify", "-o", "json"]);
            assert_eq!(by.verdict(), expected, "{demand:?}: {by:#?}");
            let audited = run(&["audit", "-o", "jsonl"]);
            let entry = audited
                .stdout
                .lines()
                .filter_map(|line| serde_json::from_str(line).ok());
            let entry: Value = entry
                .into_iter()
                .find(|own: &Value| own["verdict"].is_string())
                .unwrap();
            assert_eq!(word(&entry), expected, "{demand:?}: {audited:#?}");
            assert_eq!(entry["image"], verified.item()["image"]);
        }
        verified.item()
    }
}

#[test]
fn a_list_in_a_directory_is_what_its_instances_are() {
    let copied = Copied::new();
    let item = copied.is("Unsigned/NoSignature");
    let message = format!(
        "instance linux/amd64 ({}): there is no signature of it in dir:multi",
        copied.instances[0]
    );
    assert_eq!(item["message"], message);
    copied.sign_instance(0, REFERENCE);
    copied.is("Unsigned/NoSignature");
    copied.sign_instance(1, REFERENCE);
    let item = copied.is(OK);
    assert_eq!(item["image"], sha256(&copied.list));
    assert_eq!(item["source"], "dir:multi");
    assert_eq!(item["pinned"], Value::Null);
    let instances = item["instances"].as_array().unwrap();
    let words: Vec<String> = instances.iter().map(word).collect();
    assert_eq!(words, [OK, OK]);
    assert_eq!(instances[0]["signers"][0]["primaryFingerprint"], copied.town.key);
    // By the digest of the list; that of an instance is another image.
    let by = |digest: &str| format!("registry.example/ns/multi@{digest}");
    copied.is_as(&by(&sha256(&copied.list)), OK);
    copied.is_as(&by(&copied.instances[0]), "Rejected/DigestMismatch");
    let expected = ["--expected-identity", REFERENCE, "--expected-digest"];
    copied
        .verify(&[&expected[..], &[&copied.instances[0]]].concat())
        .expect_verdict(1, "Rejected/DigestMismatch");
    copied
        .verify(&[&expected[..], &[&sha256(&copied.list)]].concat())
        .expect_verdict(0, OK);
    copied.is_as("registry.example/ns/multi:v2", "Rejected/IdentityMismatch");
    // One signature for another one's file, and one for another reference.
    copied.sign_instance(1, "registry.example/ns/other:v1");
    copied.is("Rejected/IdentityMismatch");
    let file = format!("{}.signature-1", copied.instances[1].strip_prefix("sha256:").unwrap());
    copied.sign(&file, &copied.instances[0], REFERENCE);
    copied.is("Rejected/DigestMismatch");
    // The list is signed itself.
    copied.sign("signature-1", &sha256(&copied.list), REFERENCE);
    copied.is(OK);
}

/// A list that was copied without all of its instances, or in which one was replaced.
#[test]
fn an_instance_that_is_not_in_the_directory_is_unknown() {
    let copied = Copied::new();
    copied.sign_instance(0, REFERENCE);
    copied.sign_instance(1, REFERENCE);
    let manifest = fs::read(copied.manifest(1)).unwrap();
    fs::remove_file(copied.manifest(1)).unwrap();
    let item = copied.is("Unchecked/ManifestUnavailable");
    let message = item["message"].as_str().unwrap();
    assert!(message.contains("its manifest is not in dir:multi"), "{message}");
    for (bytes, verdict) in [
        (Vec::new(), "Unchecked/ManifestUnavailable"),
        (vec![b' '; (4 << 20) + 1], "Unchecked/ManifestUnavailable"),
        ([&manifest[..], b"\n"].concat(), "Rejected/ManifestMismatch"),
        (fs::read(copied.manifest(0)).unwrap(), "Rejected/ManifestMismatch"),
    ] {
        fs::write(copied.manifest(1), bytes).unwrap();
        copied.is(verdict);
    }
    fs::remove_file(copied.manifest(1)).unwrap();
    std::os::unix::fs::symlink("/dev/zero", copied.manifest(1)).unwrap();
    copied.is("Unchecked/ManifestUnavailable");
    fs::remove_file(copied.manifest(1)).unwrap();
    fs::write(copied.manifest(1), manifest).unwrap();
    copied.is(OK);
}

#[test]
fn lists_in_a_directory_that_are_not_what_they_seem() {
    let copied = Copied::new();
    copied.sign_instance(0, REFERENCE);
    let list: Value = serde_json::from_slice(&copied.list).unwrap();
    let with = |manifests: Value| {
        let mut list = list.clone();
        list["manifests"] = manifests;
        list
    };
    let entry = &list["manifests"][0];
    copied.put_list(&with(json!([])));
    copied.is("Unsigned/NoSignature");
    copied.put_list(&with(json!([{}])));
    copied.is("Unchecked/ManifestUnavailable");
    let mut other = with(json!([entry]));
    other["config"] = json!({"digest": "x"});
    copied.put_list(&other);
    copied.is("Unchecked/ManifestUnavailable");
    copied.put_list(&with(json!([entry])));
    copied.is(OK);
    // Of 257 instances one is not looked at.
    let many: Vec<Value> = (0..257).map(|n| json!({"digest": entry["digest"], "size": n, "platform": {"os": "linux", "architecture": format!("a{n}")}})).collect();
    copied.put_list(&with(many[..256].into()));
    copied.verify(&["--expected-identity", REFERENCE]).expect_verdict(0, OK);
    copied.put_list(&with(many.into()));
    copied
        .verify(&["--expected-identity", REFERENCE])
        .expect_verdict(3, "Unchecked/ManifestUnavailable");
    // A list in the list, and an attestation beside it, whose manifest need not be there.
    let inner = with(json!([entry])).to_string();
    let attestation = json!({
        "digest": sha256(b"attestation"), "platform": {"os": "unknown", "architecture": "unknown"},
        "annotations": {"vnd.docker.reference.type": "attestation-manifest"},
    });
    copied
        .town
        .sandbox
        .file(&format!("multi/{}.manifest.json", hex(inner.as_bytes())), &inner);
    copied.put_list(&with(json!([{"digest": sha256(inner.as_bytes())}, attestation])));
    assert_eq!(copied.is(OK)["leftOut"], json!([sha256(b"attestation")]));
}

/// The directory has what the registry has, and so the same verdict.
#[test]
fn a_list_that_skopeo_copied_from_a_registry() {
    let copied = Copied::new();
    let town = &copied.town;
    let Some(registry) = Registry::start(&town.sandbox, "registry", &Kind::default()) else {
        return skipped("docker-registry", "it is not installed");
    };
    town.store_on_disk();
    town.insecure(&[&registry.address]);
    let reference = format!("{}/ns/multi:v1", registry.address);
    if town.push("dir:multi", &reference, false, &["--all"]).is_none() {
        return;
    }
    let image = format!("docker://{reference}");
    for (signed, verdict) in [(0, "Unsigned/NoSignature"), (1, "Unsigned/NoSignature"), (2, OK)] {
        if signed > 0 {
            let digest = &copied.instances[signed - 1];
            town.keep("ns/multi", digest, 1, &town.sign(digest, &reference));
        }
        let directory = format!("dir:{}", town.sandbox.path(&format!("copy{signed}")).display());
        let arguments = ["copy", "--insecure-policy", "-q", "--all", "--src-tls-verify=false"];
        let output = town.skopeo(&[&arguments[..], &[&image, &directory]].concat()).unwrap();
        assert!(output.status.success(), "{output:?}");
        assert_eq!(town.verify_json(&[&image]).verdict(), verdict);
        let args = [
            "verify",
            "-o",
            "json",
            "--public-key",
            "key.gpg",
            "--expected-identity",
            &reference,
        ];
        let outcome = town.sandbox.run([&args[..], &[&directory]].concat());
        assert_eq!(outcome.verdict(), verdict, "{outcome:#?}");
        assert_eq!(outcome.item()["image"], sha256(&copied.list));
    }
}

/// Newer versions of skopeo name the files of such an instance with the algorithm, older ones without it.
#[test]
fn an_instance_by_another_algorithm_is_found_by_either_name() {
    let names = ["sha512-HEX", "HEX"];
    for (of_manifest, of_signature) in names.into_iter().flat_map(|one| names.map(|other| (one, other))) {
        let copied = Copied::new();
        let mut list: Value = serde_json::from_slice(&copied.list).unwrap();
        let mut longs = Vec::new();
        for n in 0..2 {
            let manifest = fs::read(copied.manifest(n)).unwrap();
            fs::remove_file(copied.manifest(n)).unwrap();
            let long = image_signature::text::hex(&Sha512::digest(&manifest)).to_lowercase();
            let file = format!("multi/{}.manifest.json", of_manifest.replace("HEX", &long));
            copied.town.sandbox.file(&file, &manifest);
            list["manifests"][n]["digest"] = format!("sha512:{long}").into();
            longs.push(long);
        }
        copied.put_list(&list);
        copied.is("Unsigned/NoSignature");
        for (long, digest) in longs.iter().zip(&copied.instances) {
            let file = format!("{}.signature-1", of_signature.replace("HEX", long));
            copied.sign(&file, digest, REFERENCE);
        }
        copied.is(OK);
        let inspected = copied.town.sandbox.run(["inspect", "multi"]).expect(0).stdout;
        assert_eq!(inspected.matches(".signature-1").count(), 2, "{inspected}");
        // What does not hash to the digest is another manifest.
        let file = format!("multi/{}.manifest.json", of_manifest.replace("HEX", &longs[1]));
        copied.town.sandbox.file(&file, b"{}");
        copied.is("Rejected/ManifestMismatch");
    }
}
