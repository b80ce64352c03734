// SPDX-License-Identifier: Apache-2.0
//! What messages advise can be done: an option that one names is an option of the command that was run, or of the command or
//! program that is named before it.

use clap::CommandFactory as _;
use image_signature::cli::Cli;
use serde_json::json;

use super::golden::sandbox;
use crate::support::cosign::Cosign;
use crate::support::program::{Outcome, Sandbox};

/// Programs of others whose options are named.
const OTHERS: [&str; 6] = ["gpg", "skopeo", "podman", "oc", "openssl", "git"];

/// What people give in the place of an image.
const NOT_IMAGES: [&str; 17] = [
    "nginx",
    "nginx:latest",
    "library/nginx:latest",
    "quay.io/ns/app:v1",
    "docker://quay.io/ns/app",
    "docker://quay.io/ns/app:v1@sha256:7e13b3d11e9e1d2b9bf1a7cfb9bb4f0c8e3fba6cf9ea2b0c5c1a2d8e0f9a9762",
    "docker://reader:Xyzzy.pass@quay.io/ns/app:v1",
    "https://quay.io/ns/app:v1",
    "docker-pullable://quay.io/ns/app@sha256:abc",
    "image.json",
    "./image.json",
    "absent.sig",
    "dir:",
    "dir:absent",
    "sha256:abc",
    "istag/x",
    "oci:x",
];

/// Runs that fail, or that find something, in a sandbox with [`files`].
const RUNS: &[&str] = &[
    "inspect image.json",
    "inspect image.yaml",
    "inspect key.asc",
    "inspect key.gpg",
    "inspect bundle.json",
    "inspect page.html",
    "inspect absent",
    "inspect docker://127.0.0.1:1/a/b:v1",
    "inspect docker://127.0.0.1:1/a/b:v1 --creds x",
    "inspect docker://127.0.0.1:1/a/b:v1 docker://127.0.0.2:1/a/b:v1 --creds u:p",
    "inspect docker://127.0.0.1:1/a/b:v1 --authfile absent",
    "inspect x --creds u:p",
    "inspect x --request-timeout 5",
    "inspect - -",
    "inspect x --filename y",
    "inspect x --explain -o json",
    "keys",
    "keys --homedir absent",
    "keys --homedir registries.d",
    "keys --public-key image.json",
    "keys --public-key cosign.pub",
    "keys --public-key key.asc --homedir x",
    "keys --public-key key.asc --signed-by ABCDEF",
    "keys --public-key key.asc --signed-by sha256:abc",
    "keys --public-key key.asc --signed-by F58D29798CE2022C3F0FA326E5144EDCDD89C95F",
    "keys --filename x",
    "policy why a/b",
    "policy why a/b:v1",
    "policy why a/b:v1 absent.json",
    "policy why a/b:v1 image.json",
    "policy why a/b:v1 sigstore.json",
    "policy why a/b:v1 swapped.json",
    "policy why a/b:v1 swapped.json --system-policy",
    "policy why a/b:v1 --cluster-policy",
    "policy why a/b:v1 --cluster-policy --server http://127.0.0.1:1",
    "policy why a/b:v1 swapped.json --registries.d absent",
    "policy why a/b:v1 ip.json",
    "policy why dir:x swapped.json",
    "policy why docker://a/b:v1 swapped.json",
    "policy lint",
    "policy lint absent.json",
    "policy lint image.json",
    "policy lint sigstore.json swapped.json",
    "policy lint swapped.json",
    "policy lint ip.json",
    "policy lint --cluster-policy",
    "policy lint --policy x",
    "policy test absent.yaml",
    "policy test table.yaml",
    "policy test table.yaml --policy swapped.json",
    "policy test table.yaml --policy ip.json",
    "policy test table.yaml --cluster-policy",
    "policy test image.json --policy swapped.json",
    "remove",
    "remove -f image.json nosuch:v1",
    "remove -f absent.json",
    "remove -f image.json --dry-run=server",
    "remove -f - --confirm -o json",
    "remove -f - -f -",
    "remove -f image.json --expected-identity x",
    "describe",
    "describe -f absent.json",
    "describe -f image.json nosuch:v1",
    "describe -f image.json --public-key x",
    "verify",
    "verify --remove-all -f image.json",
    "verify --cluster-policy dir:x --expected-identity a/b:v1",
    "verify --policy swapped.json --public-key key.asc dir:x --expected-identity a/b:v1",
    "verify --policy swapped.json -f image.json --expected-identity a/b:v1",
    "verify --policy sigstore.json -f image.json --expected-identity a/b:v1",
    "verify -f image.json --expected-identity sha256:abc --public-key key.asc",
    "verify -f image.json --expected-identity a/b --public-key key.asc",
    "verify -f image.json --public-key key.asc",
    "verify -f image.json --expected-identity a/b:v1",
    "verify -f image.json --expected-identity registry.local:5000/foo/bar:v2 --public-key key.asc",
    "verify -f image.json --expected-identity a/b:v1 --sigstore-key key.asc",
    "verify -f image.json --expected-identity a/b:v1 --sigstore-key cosign.pub",
    "verify -f image.json --expected-identity a/b:v1 --public-key cosign.pub",
    "verify --manifest image.json --expected-identity a/b:v1",
    "verify --signature-file key.gpg --expected-identity a/b:v1",
    "verify docker://127.0.0.1:1/a/b:v1 --public-key key.asc",
    "verify docker://127.0.0.1:1/a/b:v1 --public-key key.asc --confirm",
    "verify docker://127.0.0.1:1/a/b:v1 --public-key key.asc --require-list",
    "audit",
    "audit --policy absent.json",
    "audit --images-from absent",
    "audit --images-from - --images-from -",
    "audit -f image.json --public-key key.asc --shard 3",
    "audit -f image.json --public-key cosign.pub",
    "audit -f image.json --expected-identity x",
    "audit -f image.json --manifest x",
    "audit -f image.json sha256:abc=a/b:v1 --public-key key.asc",
    "audit docker://127.0.0.1:1/a/b:v1=a/b:v1@sha256:7e13b3d11e9e1d2b9bf1a7cfb9bb4f0c8e3fba6cf9ea2b0c5c1a2d8e0f9a9762 --public-key key.asc",
    "audit --resume image.json",
    "audit diff absent other",
    "audit diff image.json image.json",
    "audit merge",
    "audit merge absent",
    "audit merge image.json",
    "audit merge open.jsonl",
    "audit merge open.jsonl open.jsonl",
    "audit merge open.jsonl -o x",
    "audit merge open.jsonl --resume",
    "completion tcsh",
];

fn files() -> Sandbox {
    let sandbox = sandbox();
    let key = std::fs::read(sandbox.path("release-key.asc")).unwrap();
    sandbox.file("key.asc", key);
    sandbox.file("key.gpg", b"\x99\x01\x0d\x04");
    sandbox.file("cosign.pub", Cosign::new().pem());
    sandbox.file("image.yaml", "apiVersion: image.openshift.io/v1\nkind: Image\n");
    sandbox.file(
        "bundle.json",
        r#"{"mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json"}"#,
    );
    sandbox.file("page.html", "<!doctype html><html><body>log in</body></html>");
    std::fs::create_dir(sandbox.path("registries.d")).unwrap();
    let policy = |requirement: serde_json::Value| {
        json!({"default": [{"type": "reject"}], "transports": {"docker": {"docker.io/a": [requirement]}}}).to_string()
    };
    let sigstore = json!({"type": "sigstoreSigned", "keyPath": "key.asc"});
    sandbox.file("sigstore.json", policy(sigstore));
    let swapped = json!({"type": "signedBy", "keyType": "GPGKeys", "keyPath": "cosign.pub"});
    sandbox.file("swapped.json", policy(swapped));
    sandbox.file(
        "ip.json",
        json!({"apiVersion": "config.openshift.io/v1", "kind": "ImagePolicy", "metadata": {"name": "p", "namespace": "team"},
            "spec": Cosign::new().policy_spec(&["docker.io/a"])})
        .to_string(),
    );
    sandbox.file("table.yaml", "docker.io/a/b:v1: {scope: default}\n");
    // The report of an audit that was killed.
    let head = json!({"apiVersion": "image-signature.io/audit/v1", "kind": "AuditReport", "program": "0.1.0", "keys": "aa",
        "policy": "dd", "options": "bb", "source": "files", "shard": {"index": 0, "count": 1}, "started": 1_780_000_000});
    sandbox.file("open.jsonl", format!("{head}\n"));
    sandbox
}

/// The command that a line calls, by the clap tree.
fn called<'t>(tree: &'t clap::Command, words: &[&str]) -> &'t clap::Command {
    let command = tree.find_subcommand(words[0]).unwrap();
    words
        .get(1)
        .and_then(|word| command.find_subcommand(word))
        .unwrap_or(command)
}

fn has(command: &clap::Command, option: &str) -> bool {
    let long = option.trim_start_matches("--");
    let mut arguments = command.get_arguments();
    arguments.any(|arg| {
        arg.get_long_and_visible_aliases()
            .is_some_and(|names| names.contains(&long))
    })
}

/// The options in a text, each with the clause that it stands in, as far as it goes before it.
fn options(text: &str) -> Vec<(&str, &str)> {
    let is_part = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.".contains(c);
    let begins = text
        .match_indices("--")
        .filter(|(at, _)| !text[..*at].ends_with(|c: char| is_part(c) || c == '-'));
    let found = begins.map(|(at, _)| {
        let rest = &text[at..];
        let end = rest.find(|c: char| !is_part(c)).unwrap_or(rest.len());
        let before = &text[..at];
        let clause = before.rfind(['\n', ';']).map_or(before, |start| &before[start..]);
        (rest[..end].trim_end_matches(['.', '-']), clause)
    });
    found.filter(|(option, _)| option.len() > 2).collect()
}

/// A text with the lines of each paragraph in one.
fn unwrapped(text: &str) -> String {
    let mut out = String::new();
    for line in text.lines() {
        if !line.starts_with("  ") {
            out.push('\n');
        }
        out += line;
    }
    out
}

/// Options that a run names and that the command does not have.
fn foreign(tree: &clap::Command, line: &str, outcome: &Outcome) -> Vec<String> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let command = called(tree, &words);
    let text = unwrapped(&format!("{}\n{}", outcome.stderr, outcome.stdout));
    let mut foreign = Vec::new();
    for (option, clause) in options(&text) {
        let is_given = words.iter().any(|word| word.split('=').next() == Some(option));
        let named = clause.split(|c: char| !c.is_ascii_alphanumeric());
        let is_named = named.into_iter().any(|word| {
            let own = tree.find_subcommand(word);
            let is_inner = |own: &clap::Command| own.get_subcommands().any(|inner| has(inner, option));
            OTHERS.contains(&word) || own.is_some_and(|own| has(own, option) || is_inner(own))
        });
        // "X is an option of A, B" says whose it is.
        let is_told = text.contains(&format!("{option} is an option of "));
        if !(is_given || is_named || is_told || has(command, option)) {
            foreign.push(format!("{line}: {option} in {:?}", text.trim()));
        }
    }
    foreign
}

#[test]
fn messages_name_options_that_the_command_has() {
    let sandbox = files();
    let mut tree = Cli::command();
    tree.build();
    let mut lines: Vec<String> = RUNS.iter().map(ToString::to_string).collect();
    for name in NOT_IMAGES {
        for command in [
            "verify",
            "verify --expected-identity a/b:v1",
            "remove",
            "remove -f image.json",
            "describe",
            "describe -f image.json",
            "audit",
            "audit -f image.json",
            "inspect",
        ] {
            lines.push(format!("{command} {name}"));
        }
    }
    let (mut failed, mut named, mut found) = (0, 0, Vec::new());
    for line in &lines {
        let mut command = sandbox.command();
        command.args(line.split_whitespace());
        let outcome = sandbox.finish(&mut command, b"x");
        failed += usize::from(outcome.status != 0);
        named += options(&outcome.stderr).len();
        found.extend(foreign(&tree, line, &outcome));
    }
    println!(
        "{} runs, {failed} of them failed, with {named} options in their messages",
        lines.len()
    );
    assert!(found.is_empty(), "{found:#?}");
    assert!(failed > 200 && named > 80, "{failed} {named}");
}

/// The search itself sees what it is for.
#[test]
fn options_in_a_message_are_told_apart() {
    let mut tree = Cli::command();
    tree.build();
    let said = |stderr: &str| {
        let outcome = Outcome {
            status: 2,
            stdout: String::new(),
            stderr: stderr.to_owned(),
        };
        foreign(&tree, "inspect x", &outcome).len()
    };
    assert_eq!(said("an API object; pass it with --filename"), 1);
    assert_eq!(said("write --public-key FILE or --filename FILE"), 2);
    assert_eq!(said("image-signature verify takes it with --filename"), 0);
    assert_eq!(said("verify it\nwith --filename"), 1);
    assert_eq!(said("verify it\n    with --filename"), 0);
    assert_eq!(said("log in: skopeo login --authfile x, with --creds"), 0);
    assert_eq!(said("-----BEGIN PGP MESSAGE-----"), 0);
    assert_eq!(said("certify it with gpg --lsign-key X"), 0);
    assert_eq!(said("--registries.d x: it is not a directory"), 0);
}
