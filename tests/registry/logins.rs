// SPDX-License-Identifier: Apache-2.0
//! Whom a login goes to without verified TLS, and credential helpers.

use serde_json::json;

use crate::registry::town::Town;
use crate::support::hub::{Answer, Guard, Hub};
use crate::support::images::base64;
use crate::support::secrets::assert_hidden;

pub(super) const USER: &str = "reader";
pub(super) const PASSWORD: &str = "Xyzzy.pass.9917.word";

/// A registry over plain http that wants the password.
pub(super) fn guarded() -> (Town, Hub, String) {
    let (town, hub) = (Town::new(), Hub::plain());
    town.insecure(&[&hub.host()]);
    let image = signed(&town, &hub);
    (town, hub, image)
}

/// Puts an image that is signed into a registry, which wants the password from then on.
fn signed(town: &Town, hub: &Hub) -> String {
    town.store_on_disk();
    let digest = hub.store(|store| store.repository("ns/app").image("v1", "guarded"));
    let reference = format!("{}/ns/app:v1", hub.host());
    town.keep("ns/app", &digest, 1, &town.sign(&digest, &reference));
    hub.guard(Guard::Basic(USER.into(), PASSWORD.into()));
    format!("docker://{reference}")
}

pub(super) fn auths(key: &str) -> String {
    let pair = base64(format!("{USER}:{PASSWORD}").as_bytes());
    json!({"auths": {key: {"auth": pair}}}).to_string()
}

/// Whom a login goes to that is stored under each of several keys, by a connection that is not verified.
#[track_caller]
fn goes_to_exactly_its_host_and_port(town: &Town, hub: &Hub, call: &[&str], how: &str) {
    let host = hub.host();
    for (key, is_sent) in [
        (host.clone(), true),
        (format!("{host}/ns"), true),
        (format!("{host}/ns/app"), true),
        (format!("http://{host}"), false),
        (format!("https://{host}/v2/"), false),
        ("127.0.0.1".to_owned(), false),
    ] {
        let file = town.sandbox.file("auth.json", auths(&key));
        hub.take_seen();
        let outcome = town.verify_json(&[call, &["--authfile", file.to_str().unwrap(), "-v=9"]].concat());
        assert_hidden(&outcome.stderr, &[PASSWORD.as_bytes()]);
        let outcome = if is_sent {
            outcome.expect_verdict(0, "Verified/Verified")
        } else {
            outcome.expect_verdict(3, "Unchecked/Forbidden")
        };
        let was_sent = hub.seen().iter().any(|seen| !seen.authorization().is_empty());
        assert_eq!(was_sent, is_sent, "{key}");
        let warnings = outcome
            .stderr
            .lines()
            .filter(|line| line.starts_with("warning: the login"));
        let warnings: Vec<&str> = warnings.collect();
        match (is_sent, key.as_str()) {
            (true, _) => assert_eq!(warnings, [format!("warning: the login for {host} is sent {how}")]),
            (false, "127.0.0.1") => assert_eq!(warnings, [""; 0]),
            (false, _) => assert_eq!(
                warnings,
                [format!(
                    "warning: the login stored for {key} is not sent to {host} {how}"
                )]
            ),
        }
    }
}

#[test]
fn over_plain_http_to_exactly_the_host_and_port_that_it_is_stored_for() {
    let (town, hub, image) = guarded();
    goes_to_exactly_its_host_and_port(&town, &hub, &[&image], "over plain http");
}

#[test]
fn over_unverified_tls_to_exactly_the_host_and_port_that_it_is_stored_for() {
    let (town, hub) = (Town::new(), Hub::tls());
    let image = signed(&town, &hub);
    let how = "without a verified certificate";
    goes_to_exactly_its_host_and_port(&town, &hub, &[&image, "--insecure"], how);
    // The same by registries.conf.
    town.insecure(&[&hub.host()]);
    goes_to_exactly_its_host_and_port(&town, &hub, &[&image], how);
    town.conf("");
    // Verified, it is whoever it says it is, and all spellings of its host are its own.
    let ca = town.sandbox.file("hub.pem", hub.ca_pem());
    let file = town
        .sandbox
        .file("auth.json", auths(&format!("https://{}/v2/", hub.host())));
    let more = [
        "--registry-ca",
        ca.to_str().unwrap(),
        "--authfile",
        file.to_str().unwrap(),
    ];
    let outcome = town.verify_json(&[&[image.as_str()], &more[..]].concat());
    let outcome = outcome.expect_verdict(0, "Verified/Verified");
    assert!(!outcome.stderr.contains("the login"), "{}", outcome.stderr);
}

/// What `--creds` gives is for the host that is named: over plain http and unverified TLS too, with a warning.
#[test]
fn a_login_that_is_given_is_warned_of() {
    let creds = format!("{USER}:{PASSWORD}");
    let (town, hub, image) = guarded();
    let outcome = town
        .verify_json(&[&image, "--creds", &creds, "-v=9"])
        .expect_verdict(0, "Verified/Verified");
    let warning = format!("warning: the login for {} is sent over plain http", hub.host());
    assert!(outcome.stderr.contains(&warning), "{}", outcome.stderr);
    assert_hidden(&outcome.stderr, &[PASSWORD.as_bytes()]);
    let hub = Hub::tls();
    let image = signed(&town, &hub);
    let outcome = town
        .verify_json(&[&image, "--creds", &creds, "--insecure"])
        .expect_verdict(0, "Verified/Verified");
    let warning = format!(
        "warning: the login for {} is sent without a verified certificate",
        hub.host()
    );
    assert!(outcome.stderr.contains(&warning), "{}", outcome.stderr);
    let ca = town.sandbox.file("hub.pem", hub.ca_pem());
    let outcome = town.verify_json(&[&image, "--creds", &creds, "--registry-ca", ca.to_str().unwrap()]);
    let outcome = outcome.expect_verdict(0, "Verified/Verified");
    assert!(!outcome.stderr.contains("the login for"), "{}", outcome.stderr);
}

/// Where only one file is read, a login that is anywhere else does not count: the file and the host are named.
#[test]
fn a_file_that_has_no_login_for_the_registry() {
    let (town, hub, image) = guarded();
    let host = hub.host();
    let file = town.sandbox.file("other auth.json", auths("other.example"));
    let file = file.to_str().unwrap();
    let conf = town.sandbox.path("registries.conf");
    let skopeo = format!("skopeo --registries-conf {} login", conf.display());
    let said = format!(
        "forbidden or not there (401); {file} has no login for {host}; to add one: {skopeo} --authfile '{file}' --tls-verify=false {host}"
    );
    let message = |item: &serde_json::Value| item["message"].as_str().unwrap().to_owned();
    let item = town
        .verify_json(&[&image, "--authfile", file])
        .expect_verdict(3, "Unchecked/Forbidden")
        .item();
    assert!(message(&item).ends_with(&said), "{item}");
    let mut command = town.command(&["verify", "-o", "json", &image]);
    let outcome = town.sandbox.finish(command.env("REGISTRY_AUTH_FILE", file), b"");
    let item = outcome.expect_verdict(3, "Unchecked/Forbidden").item();
    assert!(message(&item).ends_with(&said), "{item}");
    let item = town
        .verify_json(&[&image])
        .expect_verdict(3, "Unchecked/Forbidden")
        .item();
    assert!(
        message(&item).ends_with(&format!("(401); log in: {skopeo} --tls-verify=false {host}")),
        "{item}"
    );
    // With what was proposed it is read.
    let file = town.sandbox.file("other auth.json", auths(&host));
    town.verify_json(&[&image, "--authfile", file.to_str().unwrap()])
        .expect_verdict(0, "Verified/Verified");
}

#[test]
fn a_credential_helper_is_asked_for_the_host() {
    let (town, hub, image) = guarded();
    let helper = town.sandbox.program(
        "bin/docker-credential-test",
        format!(
            "#!/bin/sh\n[ \"$1\" = get ] || exit 9\nread host\necho \"$host\" > {}\necho '{{\"ServerURL\":\"x\",\"Username\":\"{USER}\",\"Secret\":\"{PASSWORD}\"}}'\n",
            town.sandbox.path("asked").display()
        ),
    );
    let config = json!({"auths": {}, "credHelpers": {hub.host(): "test"}}).to_string();
    let file = town.sandbox.file("auth.json", config);
    let run = |path: String| {
        let mut command = town.command(&[
            "verify",
            "-o",
            "json",
            &image,
            "--authfile",
            file.to_str().unwrap(),
            "-v=9",
        ]);
        town.sandbox.finish(command.env("PATH", path), b"")
    };
    let path = format!("/usr/bin:/bin:{}", town.sandbox.path("bin").display());
    let outcome = run(path.clone()).expect_verdict(0, "Verified/Verified");
    assert_hidden(&outcome.stderr, &[PASSWORD.as_bytes()]);
    let asked = std::fs::read_to_string(town.sandbox.path("asked")).unwrap();
    assert_eq!(asked.trim(), hub.host());
    // One that has nothing, one that fails, and one that is not there.
    for (script, verdict) in [
        (
            "echo 'credentials not found in native keychain'; exit 1",
            "Unchecked/Forbidden",
        ),
        ("echo secret; exit 1", "Unchecked/SourceUnavailable"),
        ("echo not-json", "Unchecked/SourceUnavailable"),
    ] {
        std::fs::write(&helper, format!("#!/bin/sh\n{script}\n")).unwrap();
        run(path.clone()).expect_verdict(3, verdict);
    }
    let outcome = run("/usr/bin:/bin".to_owned()).expect_verdict(3, "Unchecked/SourceUnavailable");
    assert!(outcome.item()["message"]
        .as_str()
        .unwrap()
        .contains("docker-credential-test not found"));
}

/// A login that registries.d has for a store goes to that store, and over plain http with a warning.
#[test]
fn the_login_for_a_store_over_plain_http_is_warned_of() {
    let (town, hub, store) = (Town::new(), Hub::plain(), Hub::plain());
    town.insecure(&[&hub.host()]);
    let digest = hub.store(|store| store.repository("ns/app").image("v1", "stored"));
    let reference = format!("{}/ns/app:v1", hub.host());
    let file = format!("/s/ns/app@{}/signature-1", digest.replace(':', "="));
    store.answer(
        &file,
        Answer::ok("application/octet-stream", town.sign(&digest, &reference)),
    );
    let image = format!("docker://{reference}");
    let warning = format!(
        "warning: the login that registries.d has for {} is sent over plain http",
        store.host()
    );
    for (login, is_warned) in [(format!("{USER}:{PASSWORD}@"), true), (String::new(), false)] {
        town.stores(&format!(
            "default-docker:\n  lookaside: http://{login}{}/s\n",
            store.host()
        ));
        store.take_seen();
        let outcome = town
            .verify_json(&[&image, "-v=9"])
            .expect_verdict(0, "Verified/Verified");
        assert_hidden(&(outcome.stdout.clone() + &outcome.stderr), &[PASSWORD.as_bytes()]);
        assert_eq!(outcome.stderr.contains(&warning), is_warned, "{}", outcome.stderr);
        let pair = format!("Basic {}", base64(format!("{USER}:{PASSWORD}").as_bytes()));
        assert!(!store.seen().is_empty());
        for seen in store.seen() {
            assert_eq!(seen.authorization(), if is_warned { pair.as_str() } else { "" });
        }
        assert!(hub.seen().iter().all(|seen| seen.authorization().is_empty()));
    }
}
