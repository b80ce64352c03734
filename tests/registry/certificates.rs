// SPDX-License-Identifier: Apache-2.0
//! What is said of a registry or store whose certificate is not accepted: what registries have for it, not
//! what API servers have.

use crate::registry::town::Town;
use crate::support::api::certificates::{Authority, KeyKind, Name};
use crate::support::api::HttpProxy;
use crate::support::hub::{Answer, Hub};
use crate::support::program::has;
use crate::support::skipped;

/// The message of an image that is not verified because a certificate is not accepted.
fn refused(town: &Town, args: &[&str]) -> String {
    let item = town
        .verify_json(args)
        .expect_verdict(3, "Unchecked/SourceUnavailable")
        .item();
    let message = item["message"].as_str().unwrap().to_owned();
    assert!(message.contains("is not accepted"), "{message}");
    assert!(!message.contains("certificate-authority"), "{message}");
    assert!(!message.contains("tls-server-name"), "{message}");
    message
}

/// A registry with an image that is signed in the store on disk.
fn signed(town: &Town, hub: &Hub) -> String {
    town.store_on_disk();
    let digest = hub.store(|store| store.repository("ns/app").image("v1", "certified"));
    let reference = format!("{}/ns/app:v1", hub.host());
    town.keep("ns/app", &digest, 1, &town.sign(&digest, &reference));
    format!("docker://{reference}")
}

/// The directory that the message names is the one that counts.
#[test]
fn an_authority_that_nobody_named() {
    let (town, hub) = (Town::new(), Hub::tls());
    let image = signed(&town, &hub);
    let message = refused(&town, &[&image]);
    let certificates = town.sandbox.path("home/.config/containers/certs.d");
    let own = certificates.join(hub.host());
    let advice = format!(
        "name the CA certificate of the authority that issued it with --registry-ca FILE, or put it into the directory {} as ca.crt",
        own.display()
    );
    assert!(message.ends_with(&advice), "{message}");
    let file = town.sandbox.file("ca.pem", hub.ca_pem());
    town.verify_json(&[&image, "--registry-ca", file.to_str().unwrap()])
        .expect_verdict(0, "Verified/Verified");
    std::fs::create_dir_all(&own).unwrap();
    let message = refused(&town, &[&image]);
    let said = format!("{} as ca.crt, where no CA certificate (*.crt) is", own.display());
    assert!(message.ends_with(&said), "{message}");
    std::fs::write(own.join("ca.crt"), hub.ca_pem()).unwrap();
    town.verify_json(&[&image]).expect_verdict(0, "Verified/Verified");
}

#[test]
fn a_directory_of_certificates_without_one() {
    let (town, hub) = (Town::new(), Hub::tls());
    let image = signed(&town, &hub);
    let empty = town.sandbox.path("empty");
    std::fs::create_dir(&empty).unwrap();
    let empty = empty.to_str().unwrap();
    let message = refused(&town, &[&image, "--cert-dir", empty]);
    let said = format!("or put it into the directory {empty} as ca.crt, where no CA certificate (*.crt) is");
    assert!(message.ends_with(&said), "{message}");
    town.sandbox.file("empty/ca.crt", hub.ca_pem());
    town.verify_json(&[&image, "--cert-dir", empty])
        .expect_verdict(0, "Verified/Verified");
}

#[test]
fn an_authority_of_a_store_that_nobody_named() {
    let (town, hub, store) = (Town::new(), Hub::plain(), Hub::tls());
    town.insecure(&[&hub.host()]);
    let digest = hub.store(|store| store.repository("ns/app").image("v1", "certified"));
    let reference = format!("{}/ns/app:v1", hub.host());
    let signature = town.sign(&digest, &reference);
    let file = format!("/s/ns/app@{}/signature-1", digest.replace(':', "="));
    store.answer(&file, Answer::ok("application/octet-stream", signature));
    town.stores(&format!("default-docker:\n  lookaside: https://{}/s\n", store.host()));
    let image = format!("docker://{reference}");
    let message = refused(&town, &[&image]);
    assert!(message.contains("with --registry-ca FILE"), "{message}");
    assert!(message.contains(&format!("certs.d/{}", store.host())), "{message}");
    let file = town.sandbox.file("ca.pem", store.ca_pem());
    town.verify_json(&[&image, "--registry-ca", file.to_str().unwrap()])
        .expect_verdict(0, "Verified/Verified");
}

/// However many names there are, and however long: what to do is said.
#[test]
fn a_certificate_for_other_names() {
    let town = Town::new();
    let long: Vec<String> = (0..20).map(|n| format!("{n}.{}.example", "a".repeat(60))).collect();
    let many: Vec<Name<'_>> = long.iter().map(|name| Name::Dns(name)).collect();
    for (names, told) in [
        (vec![Name::Dns("registry.example")], "it is for registry.example: use"),
        (
            vec![Name::Dns("127.0.0.1")],
            "it is for 127.0.0.1 (as a DNS name, not as an address): use",
        ),
        (many, " and 16 more: use"),
    ] {
        let hub = Hub::tls_for(&names);
        let ca = town.sandbox.file("ca.pem", hub.ca_pem());
        let message = refused(&town, &[&signed(&town, &hub), "--registry-ca", ca.to_str().unwrap()]);
        assert!(message.contains(told), "{message}");
        assert!(
            message.ends_with("use a name that it has, or have it reissued for this one"),
            "{message}"
        );
    }
}

/// It is shown to the server whose directory has it, and to no other one.
#[test]
fn a_client_certificate() {
    let town = Town::new();
    let clients = Authority::new("authority of clients");
    let (hub, other) = (Hub::tls_for_clients(&clients), Hub::tls_for_clients(&clients));
    let image = signed(&town, &hub);
    let ca = town.sandbox.file("ca.pem", hub.ca_pem() + &other.ca_pem());
    let run = |more: &[&str]| town.verify_json(&[&[&image, "--registry-ca", ca.to_str().unwrap()], more].concat());
    let client = clients.client("reader", &[], KeyKind::EcPkcs8, true);
    let put = |directory: &str| {
        for (name, content) in [("client.cert", &client.certificate), ("client.key", &client.key)] {
            town.sandbox.file(&format!("{directory}/{name}"), content);
        }
    };
    let outcome = run(&[]).expect_verdict(3, "Unchecked/SourceUnavailable");
    let item = outcome.item();
    let message = item["message"].as_str().unwrap();
    let own = |hub: &Hub| format!("home/.config/containers/certs.d/{}", hub.host());
    let advice = format!(
        "the server requires a client certificate; put one and its key into the directory {} as client.cert and client.key",
        town.sandbox.path(&own(&hub)).display()
    );
    assert!(message.ends_with(&advice), "{message}");
    put("given");
    run(&["--cert-dir", "given"]).expect_verdict(0, "Verified/Verified");
    put(&own(&hub));
    run(&[]).expect_verdict(0, "Verified/Verified");
    // A server that the registry sends us to, and that would take the same one.
    other.store(|store| store.repository("ns/app").image("v1", "certified"));
    let manifest = "/v2/ns/app/manifests/v1";
    hub.answer(manifest, Answer::redirect(&format!("{}{manifest}", other.url())));
    run(&[]).expect_verdict(3, "Unchecked/SourceUnavailable");
    assert_eq!(other.lines(), [""; 0]);
    put(&own(&other));
    run(&[]).expect_verdict(0, "Verified/Verified");
}

/// By TLS 1.3 it may end the connection before the request is sent: the reason is in what it had said until then.
#[test]
fn a_server_that_asked_for_a_client_certificate_and_did_not_wait() {
    if !has("strace") {
        return skipped("a request that comes too late", "strace is not installed");
    }
    let town = Town::new();
    let hub = Hub::tls_for_clients(&Authority::new("authority of clients"));
    let ca = town.sandbox.file("ca.pem", hub.ca_pem());
    let image = signed(&town, &hub);
    let verify = town.command(&["verify", "-o", "json", &image, "--registry-ca", ca.to_str().unwrap()]);
    let mut command = town.sandbox.command_of("/usr/bin/strace".as_ref());
    command
        .args(["-f", "-qq", "-o", "/dev/null", "-e", "trace=sendto"])
        .args(["-e", "inject=sendto:delay_enter=100000"])
        .arg(verify.get_program())
        .args(verify.get_args());
    let outcome = town.sandbox.finish(&mut command, b"");
    if outcome.stderr.contains("ptrace") {
        return skipped("a request that comes too late", "tracing is not permitted here");
    }
    let item = outcome.expect_verdict(3, "Unchecked/SourceUnavailable").item();
    let message = item["message"].as_str().unwrap();
    assert!(
        message.contains("the server requires a client certificate"),
        "{message}"
    );
}

/// Which files of very many count would be chance.
#[test]
fn a_directory_of_certificates_with_too_many_files() {
    let (town, hub) = (Town::new(), Hub::tls());
    let image = signed(&town, &hub);
    town.sandbox.file("many/z.crt", hub.ca_pem());
    for n in 1..1000 {
        town.sandbox.file(&format!("many/{n}"), "");
    }
    let many = town.sandbox.path("many");
    let many = many.to_str().unwrap();
    town.verify_json(&[&image, "--cert-dir", many])
        .expect_verdict(0, "Verified/Verified");
    town.sandbox.file("many/1000", "");
    let outcome = town.verify_json(&[&image, "--cert-dir", many]);
    let item = outcome.expect_verdict(3, "Unchecked/SourceUnavailable").item();
    let message = item["message"].as_str().unwrap();
    assert!(
        message.contains(&format!("{many}: has more than 1000 files")),
        "{message}"
    );
}

/// Packages have left links to certificates that are nowhere, and podman passes them over.
#[cfg(unix)]
#[test]
fn a_ca_certificate_that_is_not_there_is_passed_over() {
    let (town, hub) = (Town::new(), Hub::tls());
    let image = signed(&town, &hub);
    let own = town
        .sandbox
        .path(&format!("home/.config/containers/certs.d/{}", hub.host()));
    std::fs::create_dir_all(&own).unwrap();
    std::os::unix::fs::symlink("/nowhere/ca.pem", own.join("link.crt")).unwrap();
    std::fs::write(own.join("readme.crt"), "no certificate\n").unwrap();
    let link = format!(
        "passed over: {}: it is a link to a file that does not exist",
        own.join("link.crt").display()
    );
    let text = format!(
        "passed over: {}: it has no PEM certificate",
        own.join("readme.crt").display()
    );
    let message = refused(&town, &[&image]);
    assert!(message.ends_with(&format!("; {link}; {text}")), "{message}");
    std::fs::write(own.join("ca.crt"), hub.ca_pem()).unwrap();
    let outcome = town.verify_json(&[&image]).expect_verdict(0, "Verified/Verified");
    for line in [link, text] {
        let line = format!("warning: {line}");
        assert_eq!(outcome.stderr.matches(&line).count(), 1, "{outcome:?}");
    }
    // What is damaged was meant to count.
    std::fs::write(own.join("client.cert"), "no certificate\n").unwrap();
    std::fs::write(own.join("client.key"), "no key\n").unwrap();
    let outcome = town.verify_json(&[&image]);
    outcome.expect_verdict(3, "Unchecked/SourceUnavailable");
}

/// As podman: by the name that references have, as it is written, and then by that of the server.
#[test]
fn directories_are_named_as_references_name_registries() {
    let (town, hub) = (Town::new(), Hub::tls_for(&[Name::Dns("registry-1.docker.io")]));
    let proxy = HttpProxy::start();
    proxy.route("registry-1.docker.io:443", hub.address());
    town.store_on_disk();
    let digest = hub.store(|store| store.repository("ns/app").image("v1", "certified"));
    town.keep("ns/app", &digest, 1, &town.sign(&digest, "docker.io/ns/app:v1"));
    let run = || {
        let args = ["verify", "-o", "json", "docker://docker.io/ns/app:v1"];
        let mut command = town.command(&args);
        town.sandbox.finish(command.env("HTTPS_PROXY", proxy.url()), b"")
    };
    let outcome = run().expect_verdict(3, "Unchecked/SourceUnavailable");
    let message = outcome.item()["message"].as_str().unwrap().to_owned();
    assert!(message.ends_with("certs.d/docker.io as ca.crt"), "{message}");
    let certificates = town.sandbox.path("home/.config/containers/certs.d");
    for name in ["docker.io", "registry-1.docker.io"] {
        let file = format!("home/.config/containers/certs.d/{name}/ca.crt");
        town.sandbox.file(&file, hub.ca_pem());
        run().expect_verdict(0, "Verified/Verified");
        std::fs::remove_dir_all(certificates.join(name)).unwrap();
    }
    // Host names have no case, but directories have one.
    let hub = Hub::tls();
    let image = signed(&town, &hub).replace("127.0.0.1", "LOCALHOST");
    let port = hub.address().port();
    for name in ["LOCALHOST", "localhost"] {
        let file = format!("home/.config/containers/certs.d/{name}:{port}/ca.crt");
        town.sandbox.file(&file, hub.ca_pem());
        // The identity in the signature is the address.
        town.verify_json(&[&image])
            .expect_verdict(1, "Rejected/IdentityMismatch");
        std::fs::remove_dir_all(certificates.join(format!("{name}:{port}"))).unwrap();
    }
}
