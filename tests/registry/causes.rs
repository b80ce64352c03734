// SPDX-License-Identifier: Apache-2.0
//! What a message says of the cause where the configuration has something that does not apply, or a server sends elsewhere.

use serde_json::json;

use super::logins::{guarded, PASSWORD, USER};
use super::sources::{registry, REPOSITORY};
use crate::registry::town::Town;
use crate::support::cosign::{self, Cosign};
use crate::support::hub::{Answer, Hub};
use crate::support::images::base64;
use crate::support::secrets::assert_hidden;

/// The message of an image that is not verified.
fn message(town: &Town, args: &[&str]) -> String {
    town.verify_json(args).item()["message"].as_str().unwrap().to_owned()
}

/// Nobody has written the name of that host, so that there is no spelling to look at.
#[test]
fn a_host_that_a_server_names_is_said_to_be_named_by_it() {
    let (town, hub, _, reference) = registry();
    let (image, host) = (format!("docker://{reference}"), hub.host());
    let manifest = format!("/v2/{REPOSITORY}/manifests/v1");
    let redirects = format!("; {host} redirects there; ");
    hub.answer(&manifest, Answer::redirect("https://nosuch.invalid/x"));
    let text = message(&town, &[&image]);
    assert!(text.starts_with("https://nosuch.invalid/x: "), "{text}");
    assert!(text.contains(&redirects) && !text.contains("spelling"), "{text}");
    let server = "Bearer realm=\"https://nosuch.invalid/token\"";
    hub.answer(&manifest, Answer::challenge(server));
    let text = message(&town, &[&image]);
    assert!(text.starts_with("https://nosuch.invalid/token: "), "{text}");
    let names = format!("; {host} names this token server; ");
    assert!(text.contains(&names) && !text.contains("spelling"), "{text}");
    let tokens = Hub::plain();
    hub.answer(
        &manifest,
        Answer::challenge(&format!("Bearer realm=\"{}/token\"", tokens.url())),
    );
    let text = message(&town, &[&image]);
    let names = format!("unexpected status 404; {host} names this token server");
    assert!(text.contains(&names), "{text}");
    // The first request, and a store.
    hub.answer("/v2/", Answer::redirect("https://nosuch.invalid/v2/"));
    let text = message(&town, &[&image]);
    assert!(text.contains(&redirects) && !text.contains("spelling"), "{text}");
    hub.answer("/v2/", Answer::status(404));
    let text = message(&town, &[&image]);
    assert!(
        text.ends_with("every registry has this page: check the host and the port"),
        "{text}"
    );
    // What the user names is looked at.
    let text = message(&town, &["docker://nosuch.invalid/ns/app:v1"]);
    assert!(text.contains("spelling") && !text.contains("redirects"), "{text}");
}

#[test]
fn an_issuer_that_is_not_the_one_named_is_told_with_it() {
    let (town, hub, other) = (Town::new(), Hub::tls(), Hub::tls());
    hub.store(|store| store.repository("ns/app").image("v1", "issued"));
    let image = format!("docker://{}/ns/app:v1", hub.host());
    let text = message(&town, &[&image]);
    assert!(text.contains("; it is issued by CN="), "{text}");
    assert!(!text.contains("those named"), "{text}");
    let file = town.sandbox.file("other.crt", other.ca_pem());
    let text = message(&town, &[&image, "--registry-ca", file.to_str().unwrap()]);
    assert!(
        text.contains("with --registry-ca FILE (those named are of CN="),
        "{text}"
    );
}

/// What a cluster writes for mirrors by digest: for a tag the source alone is asked.
#[test]
fn a_mirror_that_is_not_for_tags_is_told_where_the_source_has_nothing() {
    let (town, mirror) = (Town::new(), Hub::plain());
    town.store_on_disk();
    let digest = mirror.store(|store| store.repository("mir/app").image("v1", "mirrored"));
    let name = "reg.invalid/ns/app";
    town.keep("mir/app", &digest, 1, &town.sign(&digest, &format!("{name}:v1")));
    let host = mirror.host();
    let both = [
        ("", "pull-from-mirror = \"digest-only\"\n"),
        ("mirror-by-digest-only = true\n", ""),
    ];
    for (of_registry, of_mirror) in both {
        town.conf(&format!(
            "[[registry]]\nprefix = \"reg.invalid/ns\"\nlocation = \"reg.invalid/ns\"\n{of_registry}[[registry.mirror]]\nlocation = \"{host}/mir\"\ninsecure = true\n{of_mirror}"
        ));
        let told = format!("mirror {host}/mir is for digests only, and not asked for an image by tag");
        let image = format!("docker://{name}:v1");
        let outcome = town.verify(&[&image, "-v"]).expect(3);
        assert!(outcome.words().contains(&told), "{outcome:?}");
        assert!(
            outcome.stderr.contains(&format!("registries.conf: {told}")),
            "{outcome:?}"
        );
        let text = town.verify(&[&image, "--explain"]).expect(3).words();
        assert!(text.contains(&told), "{text}");
        let by_digest = format!("docker://{name}@{digest}");
        let identity = ["--expected-identity", "reg.invalid/ns/app:v1"];
        let outcome = town.verify(&[&by_digest, identity[0], identity[1], "-v"]).expect(0);
        let all = format!("{}{}", outcome.stdout, outcome.stderr);
        assert!(!all.contains("only, and not asked"), "{all}");
        town.sandbox
            .file("policy.json", json!({"default": [{"type": "reject"}]}).to_string());
        let mut why = town.sandbox.command();
        why.args([
            "policy",
            "why",
            &format!("{name}:v1"),
            "policy.json",
            "--registries-conf",
        ]);
        why.arg(town.sandbox.path("registries.conf"));
        let text = town.sandbox.finish(&mut why, b"").expect(0).words();
        assert!(text.contains(&format!("Note: {told}")), "{text}");
    }
}

/// An entry that is there and does not count.
#[test]
fn what_a_file_has_in_place_of_a_login_is_told() {
    let (town, hub, image) = guarded();
    let host = hub.host();
    let auth = base64(format!("{USER}:{PASSWORD}").as_bytes());
    for (content, told) in [
        (
            json!({"auths": {&host: {"username": USER, "password": PASSWORD}}}),
            format!("its entry {host} has no auth; "),
        ),
        (
            json!({"auths": {&host: {"auth": base64(PASSWORD.as_bytes())}}}),
            format!("the auth of its entry {host} has no user and password; "),
        ),
        (
            json!({"auths": {"127.0.0.1": {"auth": auth}}}),
            "its login is for 127.0.0.1; ".to_owned(),
        ),
        (
            json!({"auths": {&host: {}}, "credsStore": "desktop"}),
            "its credsStore is not used, and neither podman nor skopeo uses it; ".to_owned(),
        ),
        (
            json!({"auth": {&host: {"auth": auth}}}),
            "it has a member auth, and no auths; ".to_owned(),
        ),
    ] {
        let file = town.sandbox.file("auth.json", content.to_string());
        let shown = file.display();
        let text = message(&town, &[&image, "--authfile", file.to_str().unwrap()]);
        assert!(text.contains(&format!("{shown}: {told}")), "{text}");
        // Where podman looks.
        let docker = town.sandbox.file("home/.docker/config.json", content.to_string());
        let text = message(&town, &[&image]);
        assert!(
            text.contains(&format!("{}: {told}log in: ", docker.display())),
            "{text}"
        );
        std::fs::remove_file(docker).unwrap();
        assert_hidden(&text, &[PASSWORD.as_bytes(), auth.as_bytes()]);
    }
    let file = town.sandbox.file(
        "auth.json",
        json!({"auths": {"other.example": {"auth": auth}}}).to_string(),
    );
    let text = message(&town, &[&image, "--authfile", file.to_str().unwrap()]);
    let plain = format!("; {} has no login for {host}; ", file.display());
    assert!(text.contains(&plain), "{text}");
    let file = town.sandbox.file("auth.json", "\n");
    let outcome = town.verify(&[&image, "--authfile", file.to_str().unwrap()]).expect(2);
    assert!(outcome.stderr.contains("auth.json: it is empty"), "{outcome:?}");
}

/// A port that was forgotten, and a URL in the place of a name.
#[test]
fn a_lookaside_store_for_another_scope_is_not_said_to_be_none() {
    let (town, hub, _, reference) = registry();
    let (image, name) = (format!("docker://{reference}"), reference.strip_suffix(":v1").unwrap());
    let url = format!("http://{}/ns", hub.host());
    for (scope, is_url) in [("127.0.0.1/ns", false), (url.as_str(), true)] {
        town.stores(&format!(
            "docker:\n  \"{scope}\":\n    lookaside: http://127.0.0.1:9/s\n"
        ));
        let outcome = town.verify(&[&image]).expect(1);
        let none = format!("built in: registries.d names no lookaside for {name}");
        assert!(outcome.words().contains(&none), "{outcome:?}");
        let warning = format!(
            "test.yaml line 2: no image is in the scope \"{url}\", which is a URL: write {}/ns",
            hub.host()
        );
        assert_eq!(outcome.stderr.contains(&warning), is_url, "{outcome:?}");
        let text = town.verify(&[&image, "--explain"]).expect(1).words();
        assert!(text.contains("name that in "), "{text}");
    }
}

/// What an administrator looks for whose registry gives trouble; and no secret among it.
#[test]
fn the_files_that_are_read_are_logged() {
    let (town, _hub, image) = guarded();
    let auth = base64(format!("{USER}:{PASSWORD}").as_bytes());
    let host = image.strip_prefix("docker://").unwrap().split('/').next().unwrap();
    let file = town
        .sandbox
        .file("auth.json", json!({"auths": {host: {"auth": auth}}}).to_string());
    let args = [image.as_str(), "--authfile", file.to_str().unwrap()];
    let run = |level: &str| town.verify(&[&args[..], &[level]].concat()).expect(0).stderr;
    let log = run("-v=4");
    for told in [
        format!(
            "registries.conf: read {}",
            town.sandbox.path("registries.conf").display()
        ),
        format!(
            "registries.d: read {}",
            town.sandbox.path("registries.d/test.yaml").display()
        ),
        format!("logins: read {}", file.display()),
        format!("{}: a login for {host}/ns/app", file.display()),
    ] {
        assert!(log.contains(&told), "{told}: {log}");
    }
    assert_hidden(&log, &[PASSWORD.as_bytes(), auth.as_bytes()]);
    let log = run("-v");
    assert!(!log.contains("logins: read"), "{log}");
    assert!(log.contains("/signature-1: read"), "{log}");
}

/// A sigstore signature does not name its key, so that the key is the first to be looked at.
#[test]
fn the_file_of_a_sigstore_key_that_does_not_fit_is_named() {
    let (town, hub, digest, reference) = registry();
    let payload = cosign::payload(&digest, &reference);
    let layers = [(&payload[..], &Cosign::new().sign(&payload)[..])];
    hub.store(|store| store.repository(REPOSITORY).attach(&digest, &layers));
    let file = town.sandbox.file("other.pub", Cosign::new().pem());
    let image = format!("docker://{reference}");
    let args = [image.as_str(), "--explain", "--sigstore-key", file.to_str().unwrap()];
    let text = town.verify(&args).expect(1).words();
    assert!(
        text.contains(&format!("({}), or its payload was altered", file.display())),
        "{text}"
    );
    let next = "Next: make sure, from a source that you trust, that the key is the publisher's.";
    assert!(text.contains(next), "{text}");
}

/// What is wrong with a file or its name stands where it is found, with what to write.
#[test]
fn what_is_nearly_right_is_told_with_what_to_write() {
    let (town, hub, image) = guarded();
    let helpers = json!({"credHelpers": {hub.host(): "docker-credential-own"}});
    let file = town.sandbox.file("auth.json", helpers.to_string());
    let text = message(&town, &[&image, "--authfile", file.to_str().unwrap()]);
    let told = "not found in PATH; write own: docker-credential- is put before it";
    assert!(text.contains(told), "{text}");
    let (town, hub, _, reference) = registry();
    let image = format!("docker://{reference}");
    town.stores(&format!("default-docker:\n  lookaside: https://{}/s\n", hub.host()));
    let text = message(&town, &[&image]);
    assert!(
        text.contains("plain http; if it is, write http:// in registries.d"),
        "{text}"
    );
    let free = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let mut command = town.command(&["verify", "docker://reg.invalid/ns/app:v1"]);
    command.env("HTTPS_PROXY", format!("http://{free}"));
    let text = town.sandbox.finish(&mut command, b"").expect(3).words();
    let told = "refused the connection; a host that needs no proxy is named in NO_PROXY";
    assert!(text.contains(told), "{text}");
    town.conf("");
    for name in ["client.crt", "client.key"] {
        town.sandbox.file(&format!("certificates/{name}"), hub_pem());
    }
    let directory = town.sandbox.path("certificates");
    let text = message(&town, &[&image, "--cert-dir", directory.to_str().unwrap()]);
    assert!(
        text.ends_with("; *.crt are CA certificates: name that of the client *.cert"),
        "{text}"
    );
}

fn hub_pem() -> String {
    Hub::tls().ca_pem()
}
