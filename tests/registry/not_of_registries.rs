// SPDX-License-Identifier: Apache-2.0
//! Options that are not about registries.

use crate::registry::town::Town;
use crate::support::hub::Hub;

/// They would change nothing, and whoever gives one of them takes it for an option about the registry.
#[test]
fn options_about_an_api_server_where_none_is_asked() {
    let (town, hub) = (Town::new(), Hub::plain());
    let image = format!("docker://{}/ns/app:v1", hub.host());
    let list = town.sandbox.file("list", &image);
    let (list, key) = (list.to_str().unwrap(), town.key_file.to_str().unwrap());
    for (option, value, instead) in [
        ("--certificate-authority", "ca.pem", "--registry-ca"),
        ("--client-certificate", "client.pem", "--cert-dir"),
        ("--client-key", "client.key", "--cert-dir"),
        ("--tls-server-name", "registry.example", "written in the reference"),
        ("--token", "t0ken", "--authfile"),
        ("--server", "https://api.example:6443", ""),
        ("--as", "carol", "--authfile"),
    ] {
        let about = format!("{option} applies only to the API server of a cluster");
        for command in [
            vec!["verify", &image],
            vec!["verify", "dir:.", "--expected-identity", "a:v1"],
            vec!["audit", "--images-from", list],
        ] {
            let outcome = town
                .sandbox
                .run([&command[..], &["--public-key", key, option, value]].concat());
            let outcome = outcome.expect_usage(&about);
            assert!(outcome.stderr.contains(instead), "{}", outcome.stderr);
            assert!(!outcome.stderr.contains("t0ken"), "{}", outcome.stderr);
        }
    }
    town.verify(&[&image, "--insecure-skip-tls-verify"])
        .expect_usage("--insecure-skip-tls-verify applies only to the API server of a cluster");
    assert_eq!(hub.connections(), 0);
    // What chooses a cluster or a namespace may stand in a script for all images alike.
    town.insecure(&[&hub.host()]);
    town.store_on_disk();
    hub.store(|store| store.repository("ns/app").image("v1", "unsigned"));
    town.verify_json(&[&image, "--context", "x", "-n", "ns", "--request-timeout", "20s"])
        .expect_verdict(1, "Unsigned/NoSignature");
}
