// SPDX-License-Identifier: Apache-2.0
//! A password or a token in a place that is written wrongly, in configuration or by a registry, is shown nowhere: in no
//! format, in no log (contract 8).

use crate::registry::town::Town;
use crate::support::hub::{Answer, Guard, Hub};
use crate::support::secrets::assert_hidden;

const SECRETS: [&[u8]; 2] = [b"hunter2pw", b"idtok555"];

/// Places with a login or a token in them.
const PLACES: [&str; 4] = [
    "https://user:hunter2pw@h.example.com/x?token=idtok555",
    "https://user:hunter2pw@h.example.com",
    "user:hunter2pw@h.example.com/x",
    "h.example.com/x?token=idtok555",
];

/// Runs a command in each format and with each kind of log, and sees that it was about the place.
#[track_caller]
fn hides(town: &Town, args: &[&str], formats: &[&[&str]], says: &str) {
    for more in formats.iter().copied().chain([&["-v=9"][..]]) {
        for variable in [None, Some("trace")] {
            let mut command = town.command(&[args, more].concat());
            command.envs(variable.map(|value| ("RUST_LOG", value)));
            let outcome = town.sandbox.finish(&mut command, b"");
            assert_hidden(&outcome.stdout, &SECRETS);
            assert_hidden(&outcome.stderr, &SECRETS);
            let said = format!("{}{}", outcome.stdout, outcome.stderr);
            assert!(said.contains(says), "{args:?} {more:?}: {said}");
        }
    }
}

#[test]
fn registries_conf() {
    let town = Town::new();
    town.sandbox.file("policy.json", r#"{"default": [{"type": "reject"}]}"#);
    let image = "docker://reg.example.com/ns/app:v1";
    for place in PLACES {
        for conf in [
            format!("[[registry]]\nprefix = \"reg.example.com\"\nlocation = \"{place}\"\n"),
            format!("[[registry]]\nlocation = \"reg.example.com\"\n[[registry.mirror]]\nlocation = \"{place}\"\n"),
            format!("[[registry]]\nprefix = \"{place}\"\npull-from-mirror = \"all\"\nlocation = \"reg.example.com\"\n"),
            format!("unqualified-search-registries = [\"{place}\"]\n"),
            format!("[[registry]]\nlocation = \"{place}\"\n[[registry]]\nlocation = \"{place}\"\nblocked = true\n"),
        ] {
            town.conf(&conf);
            hides(
                &town,
                &["verify", image],
                &[&[], &["-o", "json"], &["--explain"]],
                "h.example.com",
            );
            let why = ["policy", "why", "reg.example.com/ns/app:v1", "policy.json"];
            hides(&town, &why, &[&[], &["-o", "json"]], "");
            hides(&town, &["policy", "lint", "policy.json"], &[&[], &["-o", "json"]], "");
        }
    }
}

#[test]
fn scopes_and_identities_of_policies() {
    let town = Town::new();
    for place in PLACES {
        let requirement = |identity: &str| {
            format!(
                r#"{{"default": [{{"type": "signedBy", "keyType": "GPGKeys", "keyPath": "key.gpg", "signedIdentity": {identity}}}]}}"#
            )
        };
        for policy in [
            format!(
                r#"{{"default": [{{"type": "reject"}}], "transports": {{"docker": {{"{place}": [{{"type": "reject"}}]}}}}}}"#
            ),
            format!(
                r#"{{"default": [{{"type": "reject"}}], "transports": {{"docker": {{"{place}": [{{"type": "none"}}]}}}}}}"#
            ),
            requirement(&format!(
                r#"{{"type": "exactReference", "dockerReference": "{place}"}}"#
            )),
            requirement(&format!(
                r#"{{"type": "exactRepository", "dockerRepository": "{place}"}}"#
            )),
            requirement(&format!(
                r#"{{"type": "remapIdentity", "prefix": "{place}", "signedPrefix": "b.example.com"}}"#
            )),
        ] {
            let file = town.sandbox.file("policy.json", policy);
            let lint = ["policy", "lint", file.to_str().unwrap()];
            hides(&town, &lint, &[&[], &["-o", "json"]], "h.example.com");
        }
    }
}

#[test]
fn token_servers_and_redirects() {
    let (town, hub) = (Town::new(), Hub::plain());
    town.insecure(&[&hub.host()]);
    let image = format!("docker://{}/ns/app:v1", hub.host());
    let formats: [&[&str]; 2] = [&[], &["-o", "json"]];
    for place in [
        "ftp://user:hunter2pw@h.example.com/x?token=idtok555",
        "https://user:hunter2pw@h.example.com/t",
        "http://h.example.com h/?token=idtok555",
        "//user:hunter2pw@h.example.com/t",
    ] {
        hub.guard(Guard::bearer(place, "good"));
        hides(&town, &["verify", &image], &formats, "is not an http or https URL");
        hub.guard(Guard::Open);
        hub.answer("/v2/ns/app/manifests/v1", Answer::redirect(place));
        hides(&town, &["verify", &image], &formats, "redirects to");
    }
}
