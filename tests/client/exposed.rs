// SPDX-License-Identifier: Apache-2.0
//! Files that decide what is trusted and that every user of the machine can write to: warned of, by name.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::json;

use crate::support::cluster::{Scene, IDENTITY};
use crate::support::images::D1;

fn set(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// What is warned of, a line each, in a run that is Verified all the same.
#[track_caller]
fn said(scene: &Scene, args: &[&str]) -> String {
    let args: Vec<&str> = [&["verify", D1, "--expected-identity", IDENTITY], args].concat();
    let outcome = scene.run(&args);
    let text = outcome.expect(0).stderr;
    let lines: Vec<&str> = text.lines().filter(|line| line.starts_with("warning: ")).collect();
    lines.join("\n")
}

#[test]
fn a_kubeconfig_a_policy_and_key_files_that_everybody_can_write_are_warned_of() {
    let scene = Scene::signed();
    let kubeconfig = scene.sandbox.path("home/.kube/config");
    let key = scene.key_file.clone();
    let requirement = json!({"type": "signedBy", "keyType": "GPGKeys", "keyPath": key});
    let policy = json!({"default": [{"type": "reject"}], "transports": {"docker": {"": [requirement]}}});
    let policy = scene.sandbox.file("policy.json", policy.to_string());
    let by_key = ["--public-key", key.to_str().unwrap()];
    let by_policy = ["--policy", policy.to_str().unwrap()];
    // As they usually are, nothing is said.
    for path in [&kubeconfig, &key, &policy] {
        set(path, 0o664);
    }
    for args in [by_key, by_policy] {
        assert_eq!(said(&scene, &args), "", "{args:?}");
    }
    for (path, what, ways) in [
        (&kubeconfig, "kubeconfig", &[by_key, by_policy][..]),
        (&key, "key file", &[by_key, by_policy]),
        (&policy, "policy", &[by_policy]),
    ] {
        set(path, 0o666);
        for args in ways {
            let said = said(&scene, args);
            let wanted = format!(
                "every user of this machine can write to the {what} {} (mode 0666)",
                path.display()
            );
            assert_eq!(said.matches(&wanted).count(), 1, "{args:?}: {said}");
            assert_eq!(said.lines().count(), 1, "{said}");
        }
        set(path, 0o644);
    }
}

#[test]
fn a_directory_in_which_everybody_can_replace_a_key_file_is_warned_of() {
    let scene = Scene::signed();
    let open = scene.sandbox.path("open");
    fs::create_dir(&open).unwrap();
    let key = open.join("key.gpg");
    fs::copy(&scene.key_file, &key).unwrap();
    let args = ["--public-key", key.to_str().unwrap()];
    set(&open, 0o777);
    let warned = said(&scene, &args);
    let wanted = format!(
        "can replace the key file {}: its directory {}",
        key.display(),
        open.display()
    );
    assert!(warned.contains(&wanted), "{warned}");
    // Like /tmp: only the owner can.
    set(&open, 0o1777);
    assert_eq!(said(&scene, &args), "");
    // What a link leads to counts.
    set(&open, 0o777);
    let link = scene.sandbox.path("link.gpg");
    std::os::unix::fs::symlink(&key, &link).unwrap();
    let warned = said(&scene, &["--public-key", link.to_str().unwrap()]);
    assert!(
        warned.contains(&format!("its directory {}", open.display())),
        "{warned}"
    );
}
