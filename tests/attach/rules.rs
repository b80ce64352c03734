// SPDX-License-Identifier: Apache-2.0
//! `--registry-url` with a policy and with sigstore keys, and whom it makes the program contact.

use std::path::Path;

use serde_json::{json, Value};

use crate::attach::Town;
use crate::support::cluster::IDENTITY;
use crate::support::cosign::{payload, Cosign};
use crate::support::hub::{Answer, Hub};
use crate::support::program::{binary, has, Sandbox};
use crate::support::skipped;

/// Runs the program about the image, with configuration of the test's own.
fn run(town: &Town, program: Option<&[&str]>, args: &[&str]) -> crate::support::program::Outcome {
    let path = |name: &str| town.scene.sandbox.path(name).to_str().unwrap().to_owned();
    let mut command = match program {
        Some(program) => {
            let mut command = town.scene.sandbox.command_of(Path::new(program[0]));
            command.args(&program[1..]).arg(binary());
            command
        }
        None => town.scene.sandbox.command(),
    };
    command
        .args(["verify", &town.digest, "--expected-identity", IDENTITY])
        .args([
            "--registries.d",
            &path("registries.d"),
            "--registries-conf",
            &path("registries.conf"),
        ])
        .args(["--registry-ca", &path("ca.pem")])
        .args(args);
    town.scene.finish(&mut command)
}

/// Judged by what a registry has, with the result as JSON.
fn elsewhere<'a>(by: &[&'a str; 2]) -> [&'a str; 6] {
    ["--registry-url", "auto", by[0], by[1], "-o", "json"]
}

#[test]
fn by_sigstore_keys() {
    let (town, key) = (Town::founded(), Cosign::new());
    town.scene.server.grant("alice", &["create"], "imagesignatures");
    let file = town.scene.sandbox.file("cosign.pub", key.pem());
    let signed = payload(&town.digest, IDENTITY);
    town.hub.store(|store| {
        let layers: [(&[u8], &[u8]); 1] = [(&signed, &key.sign(&signed))];
        store.repository("ns/app").attach(&town.digest, &layers);
    });
    let more = elsewhere(&["--sigstore-key", file.to_str().unwrap()]);
    let item = run(&town, None, &more).expect_verdict(0, "Verified/Verified").item();
    assert_eq!(item["signatures"][0]["kind"], "sigstore");
    let source = item["sources"]
        .as_array()
        .unwrap()
        .iter()
        .find(|s| s["kind"] == "attachment")
        .unwrap();
    assert_eq!((&source["answer"], &source["signatures"]), (&json!("found"), &json!(1)));
    // Of a sigstore signature nothing is added and nothing is recorded.
    let outcome = run(&town, None, &[&more[..], &["--confirm", "--attach"]].concat());
    let item = outcome.expect_verdict(0, "Verified/Verified").item();
    assert_eq!((&item["recorded"], &item["attached"]), (&json!("no"), &json!(null)));
    assert_eq!((town.names().len(), town.writes()), (0, 0));
    // Another key: what is there is rejected.
    std::fs::write(&file, Cosign::new().pem()).unwrap();
    run(&town, None, &more).expect_verdict(1, "Rejected/BadSignature");
}

#[test]
fn by_a_policy() {
    let town = Town::founded();
    town.scene.server.grant("alice", &["create"], "imagesignatures");
    let blob = town.sign();
    town.offer("a", &blob);
    let key = town
        .scene
        .signer
        .export(&[&town.scene.key], &town.scene.sandbox.path("policy.gpg"));
    let policy = |identity: &str| {
        let rule =
            json!({"type": "signedBy", "keyType": "GPGKeys", "keyPath": key, "signedIdentity": {"type": identity}});
        let policy =
            json!({"default": [{"type": "reject"}], "transports": {"docker": {"registry.local:5000": [rule]}}});
        town.scene.sandbox.file("policy.json", policy.to_string())
    };
    let file = policy("matchExact");
    let more = elsewhere(&["--policy", file.to_str().unwrap()]);
    let item = run(&town, None, &more).expect_verdict(0, "Verified/Verified").item();
    assert_eq!(item["policy"][0]["requirements"][0]["result"], "pass");
    let outcome = run(&town, None, &[&more[..], &["--confirm", "--attach"]].concat());
    let item = outcome.expect_verdict(0, "Verified/Verified").item();
    assert_eq!(
        (&item["recorded"], &item["attached"][0]["result"]),
        (&json!("yes"), &json!("added"))
    );
    assert_eq!(town.names().len(), 1);
    // A policy that rejects: nothing of the registry changes that.
    let reject = json!({"default": [{"type": "reject"}]}).to_string();
    std::fs::write(&file, reject).unwrap();
    run(&town, None, &more).expect_verdict(1, "Rejected/PolicyRejected");
}

/// What a stream names is good enough to look at: nothing is added for it, and what is said would do so.
#[test]
fn what_a_stream_names_adds_nothing() {
    let town = Town::founded();
    let server = &town.scene.server;
    server.grant("alice", &["create"], "imagesignatures");
    for resource in ["imagestreamtags", "imagestreams"] {
        server.grant("alice", &["get"], resource);
    }
    let from = json!({"kind": "DockerImage", "name": IDENTITY});
    let item = json!({"created": "2026-02-02T00:00:00Z", "dockerImageReference": "quay.io/a/b:v1",
                      "image": town.digest, "generation": 1});
    let stream = json!({
        "spec": {"tags": [{"name": "v1", "from": from, "referencePolicy": {"type": "Source"}}]},
        "status": {"tags": [{"tag": "v1", "items": [item]}]},
    });
    server.stream("team", "app", stream);
    town.offer("a", &town.sign());
    let sandbox = &town.scene.sandbox;
    let keys = town
        .scene
        .signer
        .export(&[&town.scene.key], &sandbox.path("policy.gpg"));
    let rule = json!({"type": "signedBy", "keyType": "GPGKeys", "keyPath": keys});
    sandbox.file("policy.json", json!({"default": [rule]}).to_string());
    let verify = |more: &[&str]| {
        let path = |name: &str| sandbox.path(name).to_str().unwrap().to_owned();
        let own = [
            "verify",
            "team/app:v1",
            "--policy",
            "policy.json",
            "--registry-url",
            "auto",
        ];
        let mut command = sandbox.command();
        command.args(own).args(["--registries.d", &path("registries.d")]);
        command.args([
            "--registries-conf",
            &path("registries.conf"),
            "--registry-ca",
            &path("ca.pem"),
        ]);
        town.scene.finish(command.args(more)).expect(0)
    };
    let attach = ["--confirm", "--attach"];
    for more in [&[][..], &attach] {
        let outcome = verify(more);
        let said = "; --expected-identity REF with --confirm --attach adds what was found and records it";
        assert!(outcome.stderr.contains(said), "{outcome:?}");
        assert_eq!((town.names().len(), town.writes()), (0, 0));
    }
    let outcome = verify(&["--expected-identity", IDENTITY]);
    let said = "object; --confirm --attach adds what was found and records it";
    assert!(outcome.stderr.contains(said), "{outcome:?}");
    verify(&[&attach[..], &["--expected-identity", IDENTITY]].concat());
    assert_eq!(town.names().len(), 1);
}

/// Nodes have a registries.d of their own: that the one of this machine does not have sigstore signatures asked for says
/// nothing about the image, and no record is taken back for it.
#[test]
fn sigstore_signatures_that_nobody_was_asked_for() {
    let (town, key) = (Town::founded(), Cosign::new());
    let blob = town.sign();
    town.store(&[&blob], &town.hub.host(), false);
    let signed = payload(&town.digest, IDENTITY);
    town.hub.store(|store| {
        let layers: [(&[u8], &[u8]); 1] = [(&signed, &key.sign(&signed))];
        store.repository("ns/app").attach(&town.digest, &layers);
    });
    let sandbox = &town.scene.sandbox;
    let keys = town
        .scene
        .signer
        .export(&[&town.scene.key], &sandbox.path("policy.gpg"));
    let cosign = sandbox.file("cosign.pub", key.pem());
    let policy = |first: Value| {
        let second = json!({"type": "sigstoreSigned", "keyPath": cosign});
        sandbox.file("policy.json", json!({"default": [first, second]}).to_string())
    };
    let good = json!({"type": "signedBy", "keyType": "GPGKeys", "keyPath": keys});
    let file = policy(good);
    let more = [
        "--registry-url",
        "auto",
        "--policy",
        file.to_str().unwrap(),
        "-o",
        "json",
        "--confirm",
    ];
    let stores = |text: &str| drop(sandbox.file("registries.d/none.yaml", text));
    let trusted = || {
        let object = town.scene.server.stored(&town.digest);
        let conditions = object["signatures"][0]["conditions"].clone();
        format!("{} {}", conditions[0]["status"], conditions[0]["reason"])
    };
    stores("default-docker:\n  lookaside: file:///usr\n  use-sigstore-attachments: true\n");
    run(&town, None, &more).expect_verdict(0, "Verified/Verified");
    assert_eq!(trusted(), "\"True\" \"Verified\"");
    let writes = town.writes();
    for setting in ["", "  use-sigstore-attachments: false\n"] {
        stores(&format!("default-docker:\n  lookaside: file:///usr\n{setting}"));
        let outcome = run(&town, None, &more).expect_verdict(3, "Unchecked/SourceUnavailable");
        let message = outcome.item()["message"].as_str().unwrap().to_owned();
        assert!(
            message
                .starts_with("no place was asked for the sigstore signatures that the policy requires: use-sigstore")
                && message.contains("--registries.d DIR"),
            "{message}"
        );
        assert_eq!((trusted(), town.writes()), ("\"True\" \"Verified\"".to_owned(), writes));
    }
    // Where the registry was asked and has none, that is an answer.
    stores("default-docker:\n  lookaside: file:///usr\n  use-sigstore-attachments: true\n");
    let tag = format!("/v2/ns/app/manifests/{}.sig", town.digest.replace(':', "-"));
    town.hub.answer(&tag, Answer::status(404));
    run(&town, None, &more).expect_verdict(1, "Rejected/PolicyRejected");
    assert_eq!(trusted(), "\"False\" \"PolicyRejected\"");
    // And a signature that is rejected for itself is, whoever was asked for others.
    stores("default-docker:\n  lookaside: file:///usr\n");
    let other = town
        .scene
        .signer
        .key("Other <other@example.com>", "rsa2048", "sign,cert", "never");
    let others = town.scene.signer.export(&[&other], &sandbox.path("other.gpg"));
    policy(json!({"type": "signedBy", "keyType": "GPGKeys", "keyPath": others}));
    run(&town, None, &more).expect(1);
}

/// Seen by the kernel: the API server, the registry and the store that are named, and nobody else.
#[test]
fn nobody_else_is_contacted() {
    if !has("strace") {
        return skipped("connections of verify --registry-url", "strace is not installed");
    }
    let town = Town::founded();
    town.scene.server.grant("alice", &["create"], "imagesignatures");
    town.offer("a", &town.sign());
    let key = town
        .scene
        .signer
        .export(&[&town.scene.key], &town.scene.sandbox.path("key.gpg"));
    let bystander = Hub::tls();
    // The image came from somewhere else than the registry that the user names.
    town.store(&[], &bystander.host(), false);
    let log = town.scene.sandbox.path("strace.log");
    let strace = [
        "/usr/bin/strace",
        "-f",
        "-qq",
        "-e",
        "trace=connect,sendto,sendmsg,sendmmsg",
        "-o",
    ];
    let strace = [&strace[..], &[log.to_str().unwrap()]].concat();
    let named = [town.scene.server.address().port(), town.hub.address().port()];
    for more in [&[][..], &["--confirm", "--attach"]] {
        let own = [
            "--registry-url",
            &town.hub.host(),
            "--public-key",
            key.to_str().unwrap(),
        ];
        run(&town, Some(&strace), &[&own[..], more].concat()).expect(0);
        let text = std::fs::read_to_string(&log).unwrap();
        let mut seen = [0; 2];
        for line in text.lines().filter(|line| line.contains("AF_INET")) {
            let port = named.iter().position(|port| line.contains(&format!("htons({port})")));
            seen[port.unwrap_or_else(|| panic!("somebody else is contacted: {line}"))] += 1;
        }
        assert!(seen.iter().all(|count| *count > 0), "{seen:?}: {text}");
    }
    assert_eq!((bystander.connections(), town.names().len()), (0, 1));
}

/// What the options lack is said, not that there is no cluster.
#[test]
fn what_attaching_needs_is_said_before_anything_of_the_cluster() {
    let sandbox = Sandbox::new();
    let needs = "--attach needs --confirm and --registry-url";
    for (more, said) in [
        (&[][..], needs),
        (&["--confirm"], needs),
        (&["--registry-url", "auto"], needs),
        (&["--dry-run=server"], "--attach cannot be used with --dry-run=server"),
    ] {
        let call = ["verify", "ns/app:v1", "--expected-identity", IDENTITY, "--attach"];
        sandbox.run([&call[..], more].concat()).expect_usage(said);
    }
}
