// SPDX-License-Identifier: Apache-2.0
//! Which login counts where several files and helpers have one (containers-auth.json(5), containers-registries.conf(5)).

use serde_json::json;

use crate::registry::logins::{guarded, PASSWORD, USER};
use crate::support::images::base64;
use crate::support::program::Outcome;
use crate::support::secrets::assert_hidden;

const WRONG: &str = "Xyzzy.not.4471.this";
const VERIFIED: (i32, &str) = (0, "Verified/Verified");
const FORBIDDEN: (i32, &str) = (3, "Unchecked/Forbidden");
const UNAVAILABLE: (i32, &str) = (3, "Unchecked/SourceUnavailable");

/// A file with a login for a registry, in the format that its name says.
fn content(file: &str, host: &str, password: &str) -> String {
    let login = json!({host: {"auth": base64(format!("{USER}:{password}").as_bytes())}});
    if file.ends_with(".dockercfg") {
        login.to_string()
    } else {
        json!({ "auths": login }).to_string()
    }
}

#[track_caller]
fn shows_nothing(outcome: &Outcome) {
    let said = format!("{}{}", outcome.stdout, outcome.stderr);
    assert_hidden(&said, &[PASSWORD.as_bytes(), WRONG.as_bytes()]);
}

/// The first one that has any, as podman searches them: the other is not tried where the registry refuses it.
#[test]
fn which_file_counts() {
    let (town, hub, image) = guarded();
    let (host, other) = (hub.host(), "other.example".to_owned());
    let judged = |stored: &[(&str, &String, &str)], is_docker_elsewhere: bool, expected: (i32, &str)| {
        for (file, host, password) in stored {
            town.sandbox.file(file, content(file, host, password));
        }
        let mut command = town.command(&["verify", "-o", "json", &image, "-v=9"]);
        // The usual directory is looked at after each run, and has to be empty.
        command.env("XDG_RUNTIME_DIR", town.sandbox.path("login"));
        if is_docker_elsewhere {
            command.env("DOCKER_CONFIG", town.sandbox.path("docker"));
        }
        let outcome = town.sandbox.finish(&mut command, b"");
        for (file, ..) in stored {
            std::fs::remove_file(town.sandbox.path(file)).unwrap();
        }
        shows_nothing(&outcome);
        assert_eq!(outcome.verdict(), expected.1, "{stored:?}: {outcome:#?}");
        outcome.expect(expected.0);
    };
    let files = [
        "login/containers/auth.json",
        "home/.config/containers/auth.json",
        "home/.docker/config.json",
        "home/.dockercfg",
    ];
    for pair in files.windows(2) {
        judged(&[(pair[0], &host, WRONG), (pair[1], &host, PASSWORD)], false, FORBIDDEN);
        judged(&[(pair[0], &host, PASSWORD), (pair[1], &host, WRONG)], false, VERIFIED);
        judged(&[(pair[0], &other, WRONG), (pair[1], &host, PASSWORD)], false, VERIFIED);
    }
    // Another directory of docker's is in the place of the usual one.
    let docker = "docker/config.json";
    judged(&[(files[1], &host, WRONG), (docker, &host, PASSWORD)], true, FORBIDDEN);
    judged(
        &[
            (docker, &host, PASSWORD),
            (files[2], &host, WRONG),
            (files[3], &host, WRONG),
        ],
        true,
        VERIFIED,
    );
    judged(&[(files[2], &host, PASSWORD)], true, FORBIDDEN);
    judged(&[(files[3], &host, PASSWORD)], true, VERIFIED);
}

#[test]
fn credential_helpers_of_registries_conf() {
    let (town, hub, image) = guarded();
    let asked = town.sandbox.path("asked");
    let helper = |name: &str, script: String| {
        let file = format!("bin/docker-credential-{name}");
        town.sandbox
            .program(&file, format!("#!/bin/sh\n[ \"$1\" = get ] || exit 9\n{script}\n"));
    };
    let answer = format!("{{\"ServerURL\":\"x\",\"Username\":\"{USER}\",\"Secret\":\"{PASSWORD}\"}}");
    helper("good", format!("cat >{}\necho '{answer}'", asked.display()));
    helper(
        "none",
        "echo 'credentials not found in native keychain'; exit 1".to_owned(),
    );
    helper("fail", format!("echo '{PASSWORD}'; exit 1"));
    let path = format!("/usr/bin:/bin:{}", town.sandbox.path("bin").display());
    let stored = "home/.config/containers/auth.json";
    let judged = |helpers: &[&str], password: Option<&str>, more: &[&str], expected: (i32, &str), is_asked: bool| {
        let host = hub.host();
        town.conf(&format!(
            "credential-helpers = {helpers:?}\n[[registry]]\nlocation = \"{host}\"\ninsecure = true\n"
        ));
        if let Some(password) = password {
            town.sandbox.file(stored, content(stored, &host, password));
        }
        let mut command = town.command(&[&["verify", "-o", "json", &image, "-v=9"], more].concat());
        let outcome = town.sandbox.finish(command.env("PATH", &path), b"");
        let _ = std::fs::remove_file(town.sandbox.path(stored));
        shows_nothing(&outcome);
        assert_eq!(outcome.verdict(), expected.1, "{helpers:?} {password:?}: {outcome:#?}");
        let was_asked = std::fs::read_to_string(&asked).ok();
        let _ = std::fs::remove_file(&asked);
        assert_eq!(
            was_asked.as_deref(),
            is_asked.then_some(host.as_str()),
            "{helpers:?} {password:?}"
        );
        outcome.expect(expected.0).item()["message"].to_string()
    };
    judged(&["none", "good"], None, &[], VERIFIED, true);
    // Another one may have what one that fails does not tell.
    judged(&["fail", "good"], None, &[], VERIFIED, true);
    judged(&["none"], None, &[], FORBIDDEN, false);
    let message = judged(&["fail"], None, &[], UNAVAILABLE, false);
    assert!(
        message.contains("credential helper docker-credential-fail failed"),
        "{message}"
    );
    let message = judged(&["a/good"], None, &[], UNAVAILABLE, false);
    assert!(message.contains("is not the name of a credential helper"), "{message}");
    // The files are searched in their turn, and not at all where other helpers are named alone.
    let files = "containers-auth.json";
    judged(&[files, "good"], Some(PASSWORD), &[], VERIFIED, false);
    judged(&[files, "good"], None, &[], VERIFIED, true);
    judged(&["good", files], Some(WRONG), &[], VERIFIED, true);
    judged(&[files], Some(PASSWORD), &[], VERIFIED, false);
    judged(&["none"], Some(PASSWORD), &[], FORBIDDEN, false);
    judged(&[], Some(PASSWORD), &[], VERIFIED, false);
    // A file that the user names is the only place.
    let other = town.sandbox.file("other.json", "{}");
    judged(
        &["good"],
        None,
        &["--authfile", other.to_str().unwrap()],
        FORBIDDEN,
        false,
    );
}
