// SPDX-License-Identifier: Apache-2.0
//! Configuration of the whole system: found where podman finds it, after the user's own. The program runs in a system whose
//! directories for it are the test's.

use std::path::Path;

use crate::registry::town::Town;
use crate::support::hub::Hub;
use crate::support::skipped;
use crate::support::system::{mounts_are_permitted, why_not, System};

const REFERENCE: &str = "registry.example.com/ns/app:v1";
const PLACES: [&str; 2] = ["/etc/containers", "/usr/share/containers"];

/// A `registries.conf` by which the image is at a mirror.
fn mirror(host: &str) -> String {
    format!("[[registry]]\nlocation = \"registry.example.com/ns\"\nblocked = true\n[[registry.mirror]]\nlocation = \"{host}/up\"\n")
}

/// The image is reached by `registries.conf`, over TLS by `certs.d`, and its signature by `registries.d`.
#[test]
fn configuration_of_the_system_is_found_where_podman_finds_it() {
    if !mounts_are_permitted() {
        return skipped("configuration of the system", why_not());
    }
    if let Some(place) = PLACES.iter().find(|place| !Path::new(place).is_dir()) {
        return skipped("configuration of the system", &format!("there is no directory {place}"));
    }
    let (town, hub) = (Town::new(), Hub::tls());
    let digest = hub.store(|store| store.repository("up/app").image("v1", "found"));
    let name = format!("signatures/up/app@{}/signature-1", digest.replace(':', "="));
    town.sandbox.file(&name, town.sign(&digest, REFERENCE));
    let stores = |directory: &str| {
        let directory = town.sandbox.path(directory);
        format!(
            "docker:\n  {}:\n    lookaside: file://{}\n",
            hub.host(),
            directory.display()
        )
    };
    let (good, other) = (mirror(&hub.host()), mirror("registry.invalid:1"));
    let (found, empty) = (stores("signatures"), stores("elsewhere"));
    std::fs::create_dir(town.sandbox.path("elsewhere")).unwrap();
    let file = |name: &str, content: &str| town.sandbox.file(name, content);
    let remove = |name: &str| std::fs::remove_file(town.sandbox.path(name)).unwrap();
    let system = || {
        let places = PLACES.iter().zip(["etc-containers", "usr-containers"]);
        places.fold(System::new(), |system, (place, own)| {
            std::fs::create_dir_all(town.sandbox.path(own)).unwrap();
            system.replace(place, &town.sandbox.path(own))
        })
    };
    let run = |verdict: &str| {
        let mut command = system().command(&town.sandbox);
        command
            .args(["verify", "-o", "json", "--public-key"])
            .arg(&town.key_file);
        command.arg(format!("docker://{REFERENCE}"));
        let outcome = town.sandbox.finish(&mut command, b"");
        assert_eq!(outcome.verdict(), verdict, "{outcome:#?}");
    };
    let ok = "Verified/Verified";
    let certificate = format!("etc-containers/certs.d/{}/ca.crt", hub.host());
    file(&certificate, &hub.ca_pem());
    file("usr-containers/registries.conf", &good);
    file("usr-containers/registries.d/a.yaml", &found);
    run(ok);
    // What the administrator has comes before what the distribution has, file by file.
    file("etc-containers/registries.conf", &other);
    run("Unchecked/SourceUnavailable");
    file("etc-containers/registries.conf", &good);
    file("usr-containers/registries.conf", &other);
    run(ok);
    file("etc-containers/registries.d/a.yaml", &empty);
    run("Unsigned/NoSignature");
    file("etc-containers/registries.d/a.yaml", &found);
    file("usr-containers/registries.d/a.yaml", &empty);
    run(ok);
    file("etc-containers/registries.conf.d/10-a.conf", &other);
    run("Unchecked/SourceUnavailable");
    remove("etc-containers/registries.conf.d/10-a.conf");
    // The user's own come before both.
    let own = "home/.config/containers/registries.conf";
    file(own, &other);
    run("Unchecked/SourceUnavailable");
    remove(own);
    file("home/.config/containers/registries.d/a.yaml", &empty);
    run("Unsigned/NoSignature");
    std::fs::remove_dir_all(town.sandbox.path("home/.config/containers/registries.d")).unwrap();
    run(ok);
    remove(&certificate);
    run("Unchecked/SourceUnavailable");
}
