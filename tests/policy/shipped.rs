// SPDX-License-Identifier: Apache-2.0
//! `policy why` of the policies that OpenShift, RHEL and Fedora ship: the whole of what is printed.

use std::path::Path;

use super::why::{desk, run};
use super::why_objects::openshift;
use crate::support::program::Sandbox;
use crate::support::vectors::data;

/// Fedora's, and what podman has where nobody made another one.
pub(super) const FEDORA: &str = r#"{
    "default": [
        {
            "type": "insecureAcceptAnything"
        }
    ],
    "transports":
        {
            "docker-daemon":
                {
                    "": [{"type":"insecureAcceptAnything"}]
                }
        }
}
"#;

/// RHEL's, with keys of the tests in the place of Red Hat's.
const RHEL: &str = r#"{
    "default": [
        {
            "type": "insecureAcceptAnything"
        }
    ],
    "transports": {
        "docker": {
            "registry.access.redhat.com": [
                {
                    "type": "signedBy",
                    "keyType": "GPGKeys",
                    "keyPaths": ["release-key.asc", "beta-key.asc"]
                }
            ],
            "registry.redhat.io": [
                {
                    "type": "signedBy",
                    "keyType": "GPGKeys",
                    "keyPaths": ["release-key.asc", "beta-key.asc"]
                }
            ]
        },
        "docker-daemon": {
            "": [
                {
                    "type": "insecureAcceptAnything"
                }
            ]
        }
    }
}
"#;

/// That of Fedora CoreOS, with keys of the tests in the place of Fedora's.
pub(super) fn coreos(keys: &[String; 3]) -> String {
    let accept = "[{\"type\": \"insecureAcceptAnything\"}]";
    format!(
        r#"{{
  "default": [{{"type": "reject"}}],
  "transports": {{
    "docker-daemon": {{"": {accept}}},
    "containers-storage": {{"": {accept}}},
    "oci": {{"": {accept}}},
    "oci-archive": {{"": {accept}}},
    "docker": {{
      "": {accept},
      "quay.io/fedora/fedora-coreos": [
        {{
          "type": "signedBy",
          "keyType": "GPGKeys",
          "keyPaths": {keys:?}
        }}
      ]
    }}
  }}
}}
"#
    )
}

pub(super) const COREOS_STORE: &str = "docker:\n  quay.io/fedora/fedora-coreos:\n    lookaside: https://builds.coreos.fedoraproject.org/prod/signatures/oci\n";

/// The files of RHEL's registries.d, and one that names a store for all others: the one that is built in has the user's name.
fn stores(sandbox: &Sandbox) {
    for (name, store) in [
        ("registry.redhat.io", "https://registry.redhat.io/containers/sigstore"),
        (
            "registry.access.redhat.com",
            "https://access.redhat.com/webassets/docker/content/sigstore",
        ),
    ] {
        sandbox.file(
            &format!("registries.d/{name}.yaml"),
            format!("docker:\n     {name}:\n         sigstore: {store}\n"),
        );
    }
    sandbox.file(
        "registries.d/default.yaml",
        "default-docker:\n  lookaside: https://sigs.example/store\n",
    );
}

/// The ClusterImagePolicy of OpenShift as `oc get -o yaml` prints it, but for what the server adds.
fn cluster_image_policy() -> String {
    let object = openshift();
    let key = object["spec"]["policy"]["rootOfTrust"]["publicKey"]["keyData"]
        .as_str()
        .unwrap();
    format!("apiVersion: config.openshift.io/v1\nkind: ClusterImagePolicy\nmetadata:\n  name: openshift\nspec:\n  scopes:\n  - quay.io/openshift-release-dev/ocp-release\n  - quay.io/openshift-release-dev/ocp-v4.0-art-dev\n  policy:\n    rootOfTrust:\n      policyType: PublicKey\n      publicKey:\n        keyData: {key}\n")
}

/// Compares with `tests/data/golden/why/NAME.txt`; `IMAGE_SIGNATURE_RENEW` writes it again.
#[track_caller]
fn explained(name: &str, args: &[&str]) {
    let sandbox = desk();
    stores(&sandbox);
    std::fs::copy(data("corpus/keys/rsa2048.asc"), sandbox.path("beta-key.asc")).unwrap();
    sandbox.file("fedora.json", FEDORA);
    sandbox.file("rhel.json", RHEL);
    sandbox.file("openshift.yaml", cluster_image_policy());
    sandbox.file(
        "coreos.json",
        coreos(&["release-key.asc", "beta-key.asc", "release-key.asc"].map(str::to_owned)),
    );
    sandbox.file("registries.d/fedora-coreos.yaml", COREOS_STORE);
    let outcome = run(&sandbox, &[&["why"], args].concat()).expect(0);
    assert_eq!(outcome.stderr, "");
    let text = format!("$ image-signature policy why {}\n{}", args.join(" "), outcome.stdout);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/data/golden/why/{name}.txt"));
    if std::env::var_os("IMAGE_SIGNATURE_RENEW").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &text).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(text, expected, "{name}");
}

/// What the nodes of a cluster make of the object and of the file that they come with.
#[test]
fn openshift_whole() {
    let digest = format!("sha256:{}", "a".repeat(64));
    let release = format!("quay.io/openshift-release-dev/ocp-release@{digest}");
    explained("openshift-release", &[&release, "openshift.yaml", "fedora.json"]);
    explained(
        "openshift-other",
        &["quay.io/other/app:v1", "openshift.yaml", "fedora.json"],
    );
}

#[test]
fn rhel_whole() {
    explained("rhel-redhat", &["registry.redhat.io/ubi9/ubi:9.4", "rhel.json"]);
    explained("rhel-other", &["docker.io/library/busybox:1", "rhel.json"]);
}

#[test]
fn fedora_whole() {
    explained("fedora", &["registry.fedoraproject.org/fedora:41", "fedora.json"]);
}

#[test]
fn fedora_coreos_whole() {
    explained("coreos", &["quay.io/fedora/fedora-coreos:stable", "coreos.json"]);
    explained("coreos-other", &["quay.io/fedora/fedora:41", "coreos.json"]);
}
