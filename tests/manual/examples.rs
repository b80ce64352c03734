// SPDX-License-Identifier: Apache-2.0
//! What man pages and README show is what the program does: their examples run.

use std::os::unix::fs::symlink;
use std::path::Path;

use super::{page, pages, root, section};
use crate::support::api::{HttpProxy, Rule};
use crate::support::cluster::Scene;
use crate::support::hub::Hub;
use crate::support::program::{binary, Sandbox};
use base64::Engine as _;
use serde_json::json;

/// The file that a page shows whole, which begins so.
fn whole<'p>(page: &'p str, begin: &str) -> &'p str {
    let displays = section(page, "EXAMPLES").split(".Bd -literal -offset indent\n").skip(1);
    let mut texts = displays.map(|rest| rest.split(".Ed\n").next().unwrap());
    texts.find(|text| text.starts_with(begin)).unwrap()
}

/// The policy and the object that image-signature-policy(1) shows, with its keys in the sandbox.
fn write_policies(sandbox: &Sandbox, key: &[u8]) {
    let page = page("image-signature-policy");
    sandbox.file("policy.json", moved(whole(&page, "{"), &sandbox.path("")));
    let object = whole(&page, OBJECT);
    let data = base64::engine::general_purpose::STANDARD.encode(key);
    assert_eq!(object.matches("LS0tLS1CRUdJTi...").count(), 1, "{object}");
    sandbox.file("cluster-image-policy.yaml", object.replace("LS0tLS1CRUdJTi...", &data));
}

/// How an API object begins.
const OBJECT: &str = "apiVersion: ";

/// A policy of the documents with its keys in another directory.
fn moved(policy: &str, keys: &Path) -> String {
    let parsed: serde_json::Value = serde_json::from_str(policy).unwrap();
    assert_eq!(parsed["default"], json!([{"type": "reject"}]));
    assert_eq!(policy.matches("/etc/pki/containers/").count(), 2, "{policy}");
    policy.replace("/etc/pki/containers", keys.to_str().unwrap().trim_end_matches('/'))
}

/// The commands of a page's examples with the exit status that the page promises. A file that is shown begins with a brace, or is an object.
fn examples(page: &str) -> Vec<(String, i32)> {
    let mut found: Vec<(String, i32)> = Vec::new();
    let (mut status, mut literal, mut continued, mut is_file) = (0, false, false, false);
    for line in section(page, "EXAMPLES").lines() {
        match line {
            _ if line.starts_with(".Bd -literal") => literal = true,
            ".Ed" => (literal, status, is_file) = (false, 0, false),
            _ if line == "{" || line.starts_with(OBJECT) => is_file = true,
            _ if is_file => {}
            _ if !literal => {
                if let Some((_, rest)) = line.split_once("(exit status ") {
                    status = rest.split(')').next().unwrap().parse().unwrap();
                }
            }
            _ => {
                let (text, more) = match line.strip_suffix("\\e") {
                    Some(text) => (text, true),
                    None => (line, false),
                };
                match text.strip_prefix("$ ") {
                    Some(command) => found.push((command.to_owned(), status)),
                    None if continued => found.last_mut().unwrap().0.push_str(text.trim_start()),
                    None => panic!("neither a command nor its continuation: {line}"),
                }
                continued = more;
            }
        }
    }
    found
}

#[test]
fn examples_run_as_the_pages_say() {
    let scene = Scene::new();
    let example = root().join("tests/data/example");
    for name in ["image.json", "release-key.asc"] {
        std::fs::copy(example.join(name), scene.sandbox.path(name)).unwrap();
    }
    symlink(example.join("image"), scene.sandbox.path("image")).unwrap();
    let cosign = crate::support::cosign::Cosign::new();
    let manifest = std::fs::read(example.join("image/manifest.json")).unwrap();
    let digest = image_signature::digest::Digest::of_manifest(&manifest).unwrap();
    let identity = crate::support::desk::IDENTITY;
    scene.sandbox.file("cosign.pub", cosign.pem());
    scene.sandbox.file("sigstore-image/manifest.json", &manifest);
    scene
        .sandbox
        .file("sigstore-image/signature-1", cosign.file(digest.as_str(), identity));
    for name in ["registries.conf", "expected.yaml"] {
        std::fs::copy(example.join(name), scene.sandbox.path(name)).unwrap();
    }
    write_policies(&scene.sandbox, &cosign.pem());
    let object: serde_json::Value =
        serde_json::from_slice(&std::fs::read(example.join("image.json")).unwrap()).unwrap();
    let digest = object["metadata"]["name"].as_str().unwrap().to_owned();
    scene.server.image(object);
    let stream = json!({
        "spec": {"lookupPolicy": {"local": false}},
        "status": {"tags": [{"tag": "v1", "items": [
            {"created": "2026-01-01T00:00:00Z", "dockerImageReference": format!("r/a@{digest}"), "image": digest, "generation": 1},
        ]}]},
    });
    scene.server.stream("foo", "bar", stream);
    scene.server.grant("alice", &["get"], "imagestreamtags");
    for (group, resources) in [
        (
            "config.openshift.io",
            &["images", "imagedigestmirrorsets", "imagetagmirrorsets"][..],
        ),
        ("operator.openshift.io", &["imagecontentsourcepolicies"]),
    ] {
        for resource in resources {
            let rule = Rule::new("alice", &["get", "list"], "images");
            scene.server.allow(rule.api_group(group, resource));
        }
    }
    for resource in ["clusterimagepolicies", "imagepolicies"] {
        scene.server.grant("alice", &["list"], resource);
    }
    let bin = scene.sandbox.path("bin");
    std::fs::create_dir(&bin).unwrap();
    symlink(binary(), bin.join("image-signature")).unwrap();
    // The user's own keyring has the key, uncertified.
    let home = scene.sandbox.path("home/.gnupg");
    std::fs::create_dir(&home).unwrap();
    let imported = scene
        .sandbox
        .command_of(Path::new("/usr/bin/gpg"))
        .args(["--batch", "-q", "--no-autostart", "--homedir"])
        .arg(&home)
        .arg("--import")
        .arg(example.join("release-key.asc"))
        .output()
        .unwrap();
    assert!(imported.status.success(), "{imported:?}");

    let (registry, proxy) = (Hub::tls(), HttpProxy::start());
    proxy.route("registry.local:5000", registry.address());
    let file = |name: &str| std::fs::read(example.join("image").join(name)).unwrap();
    registry.store(|store| {
        store.has_extension = true;
        let repository = store.repository("foo/bar");
        let digest = repository.push(
            "v1",
            "application/vnd.oci.image.manifest.v1+json",
            &file("manifest.json"),
        );
        repository.sign(&digest, "one", &file("signature-1"));
    });
    scene.sandbox.file(
        "home/.config/containers/certs.d/registry.local:5000/ca.crt",
        registry.ca_pem(),
    );

    scene.sandbox.file("ca.crt", registry.ca_pem());
    scene.sandbox.file("auth.json", "{}");

    let mut ran = 0;
    for (name, _) in pages() {
        let text = page(&name);
        let examples = examples(&text);
        assert!(!examples.is_empty(), "{name}");
        for (example, status) in examples {
            let mut command = scene.sandbox.command_of(Path::new("/bin/bash"));
            command
                .env("PATH", format!("{}:/usr/bin:/bin", bin.display()))
                .env("HTTPS_PROXY", proxy.url())
                .args(["-c", &example]);
            let outcome = scene.finish(&mut command);
            assert_eq!(outcome.status, status, "{name}: {example}: {outcome:#?}");
            ran += 1;
        }
    }
    let documents = std::fs::read_to_string(root().join("man/image-signature-output.5")).unwrap();
    for (example, status) in examples(&documents) {
        let mut command = scene.sandbox.command_of(Path::new("/bin/bash"));
        command
            .env("PATH", format!("{}:/usr/bin:/bin", bin.display()))
            .args(["-c", &example]);
        let outcome = scene.finish(&mut command).expect(status);
        assert_eq!(outcome.json()["kind"], "VerificationList");
        ran += 1;
    }
    println!("{ran} examples ran");
    // The examples of removal have removed what those of recording recorded.
    let left = std::fs::read_to_string(scene.sandbox.path("image.json")).unwrap();
    assert!(!left.contains("conditions"), "{left}");
}

/// The object of the page says of the sigstore key what the policy of the page says.
#[test]
fn the_object_of_the_page_is_as_the_policy_of_the_page() {
    let (sandbox, cosign) = (Sandbox::new(), crate::support::cosign::Cosign::new());
    let example = root().join("tests/data/example");
    std::fs::copy(example.join("release-key.asc"), sandbox.path("release-key.asc")).unwrap();
    sandbox.file("cosign.pub", cosign.pem());
    write_policies(&sandbox, &cosign.pem());
    let manifest = std::fs::read(example.join("image/manifest.json")).unwrap();
    let digest = image_signature::digest::Digest::of_manifest(&manifest).unwrap();
    sandbox.file("image/manifest.json", &manifest);
    // As cosign signs: without a tag.
    let signature = cosign.file(digest.as_str(), "registry.local:5000/new/app");
    sandbox.file("image/signature-1", signature);
    for (identity, verdict, status) in [
        ("registry.local:5000/new/app:v1", "Verified", 0),
        ("registry.local:5000/new/other:v1", "Rejected", 1),
        ("registry.local:5000/other:v1", "Rejected", 1),
    ] {
        for policy in ["policy.json", "cluster-image-policy.yaml"] {
            let args = [
                "verify",
                "dir:image",
                "--policy",
                policy,
                "--expected-identity",
                identity,
            ];
            let outcome = sandbox.run([&args[..], &["-o", "json"]].concat()).expect(status);
            assert_eq!(outcome.json()["items"][0]["verdict"], verdict, "{policy}: {outcome:?}");
        }
    }
}

#[test]
fn changed_objects_go_back_by_replace() {
    for name in ["image-signature-verify", "image-signature-remove"] {
        let page = page(name);
        assert!(page.contains("oc replace -f FILE"), "{name}");
        assert!(
            page.contains("does not work with objects that have signatures"),
            "{name}"
        );
    }
}

/// Commands in the README that show their output, with that output.
#[test]
fn the_readme_shows_what_the_program_prints() {
    let text = std::fs::read_to_string(root().join("README.md")).unwrap();
    let mut shown: Vec<(&str, String)> = Vec::new();
    let mut is_open = false;
    for line in text.lines() {
        match line.strip_prefix("    ") {
            Some(line) if line.starts_with("$ ") => {
                shown.push((&line[2..], String::new()));
                is_open = true;
            }
            Some(line) if is_open => {
                let (_, output) = shown.last_mut().unwrap();
                output.push_str(line);
                output.push('\n');
            }
            _ => is_open = false,
        }
    }
    assert!(shown.len() > 1, "{shown:?}");
    let sandbox = Sandbox::new();
    for name in ["image.json", "release-key.asc", "policy.json", "registries.conf"] {
        std::fs::copy(root().join("tests/data/example").join(name), sandbox.path(name)).unwrap();
    }
    sandbox.file("cosign.pub", crate::support::cosign::Cosign::new().pem());
    for (command, output) in shown {
        if let Some(file) = command.strip_prefix("cat ") {
            sandbox.file(file, moved(&output, &sandbox.path("")));
            continue;
        }
        let words = command.strip_prefix("image-signature ").unwrap().split(' ');
        let outcome = sandbox.run(words);
        assert_eq!(outcome.stdout, output, "{command}");
    }
}
