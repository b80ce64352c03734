// SPDX-License-Identifier: Apache-2.0
//! A password or a token in a reference, a mirror or a scope that objects of a cluster have is shown nowhere (contract 8).

use serde_json::json;

use crate::attach::{mirror_sets, Town};
use crate::support::cosign::Cosign;
use crate::support::formats;
use crate::support::images::image;
use crate::support::program::Outcome;
use crate::support::secrets::assert_hidden;

const SECRETS: [&[u8]; 2] = [b"hunter2pw", b"idtok555"];

const PLACES: [&str; 3] = [
    "https://user:hunter2pw@h.example.com/x?token=idtok555",
    "user:hunter2pw@h.example.com/ns/app:v1",
    "h.example.com/ns/app?token=idtok555",
];

/// Sees that it was about the place, and shows no secret.
#[track_caller]
fn hides(outcome: &Outcome, says: &str) {
    assert_hidden(&outcome.stdout, &SECRETS);
    assert_hidden(&outcome.stderr, &SECRETS);
    let said = format!("{}{}", outcome.stdout, outcome.stderr);
    assert!(said.contains(says), "{said}");
}

/// Ways to print and to log.
const WAYS: [&[&str]; 4] = [&[], &["-o", "json"], &["--explain"], &["-v=9"]];

#[test]
fn references_of_images() {
    let town = Town::founded();
    for place in PLACES {
        let mut object = image(&town.digest, &[]);
        object["dockerImageReference"] = place.into();
        town.scene.server.image(object);
        for way in WAYS {
            let mut command = town.command(&[&["--registry-url", "auto"], way].concat());
            hides(&town.scene.finish(command.env("RUST_LOG", "trace")), "h.example.com");
        }
        for format in formats("describe") {
            let outcome = town
                .scene
                .run(&["describe", &town.digest, "-o", &format, "-v=9"])
                .expect(0);
            hides(&outcome, "h.example.com");
        }
    }
}

#[test]
fn mirrors_of_the_cluster() {
    let town = Town::founded();
    for place in PLACES {
        for (source, mirror) in [(town.hub.host().as_str(), place), (place, "mirror.example.com")] {
            let entries = json!([{"source": source, "mirrors": [mirror]}]);
            mirror_sets(&town.scene.server, "ImageDigestMirrorSet", &[("m", entries)]);
            for way in WAYS {
                let mut command = town.command(&[&["--registry-url", "auto"], way].concat());
                hides(&town.scene.finish(command.env("RUST_LOG", "trace")), "h.example.com");
            }
        }
    }
}

#[test]
fn policies_of_the_cluster() {
    let town = Town::founded();
    town.scene.server.grant("alice", &["list"], "clusterimagepolicies");
    let root = Cosign::new().root_of_trust();
    for place in PLACES {
        for spec in [
            json!({"scopes": [place], "policy": {"rootOfTrust": root}}),
            json!({"scopes": ["h.example.com"], "policy": {"rootOfTrust": root, "signedIdentity":
                {"matchPolicy": "ExactRepository", "exactRepository": {"repository": place}}}}),
        ] {
            town.scene.server.policy(None, "own", spec);
            for way in WAYS {
                let args = ["policy", "why", "h.example.com/ns/app:v1", "--cluster-policy"];
                let mut command = town.scene.sandbox.command();
                let way: &[&str] = if way.contains(&"--explain") { &[] } else { way };
                command.args(args).args(way).env("RUST_LOG", "trace");
                hides(&town.scene.finish(&mut command), "h.example.com");
            }
        }
    }
}
