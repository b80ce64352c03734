// SPDX-License-Identifier: Apache-2.0
//! Captures of whole runs on terminals of 80 and 160 columns. See `tests/data/golden/README.md`.

use std::path::PathBuf;

use serde_json::{json, Value};

use crate::support::images::{image, list, D1, D2, D3};
use crate::support::program::{has, Sandbox};
use crate::support::skipped;
use crate::support::terminal::Terminal;

const V1: &str = "registry.local:5000/foo/bar:v1";
const V2: &str = "registry.local:5000/foo/bar:v2";

const STORES: &str = "\
default-docker:
  lookaside: https://lookaside.example.com/signatures
";

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The object with the record of an earlier run.
fn with_record(mut object: Value) -> Value {
    let condition = |kind: &str| {
        json!({"type": kind, "status": "True", "lastProbeTime": "2026-01-01T00:00:00Z",
            "lastTransitionTime": "2026-01-01T00:00:00Z", "reason": "Verified", "message": "recorded before"})
    };
    let signature = &mut object["signatures"][0];
    signature["conditions"] = json!([condition("Trusted"), condition("ForImage")]);
    signature["imageIdentity"] = json!(V1);
    signature["signedClaims"] = json!({});
    object
}

/// The example, whose key and signature are the same for ever, and others that need no key.
pub(super) fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    let example = root().join("tests/data/example");
    for name in ["image.json", "release-key.asc", "policy.json"] {
        std::fs::copy(example.join(name), sandbox.path(name)).unwrap();
    }
    std::fs::create_dir(sandbox.path("image")).unwrap();
    for entry in std::fs::read_dir(example.join("image")).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), sandbox.path("image").join(entry.file_name())).unwrap();
    }
    for (key, name) in [
        ("rsa2048", "stranger.asc"),
        ("expired-now", "expired.asc"),
        ("sub-revoked", "subkeys.asc"),
    ] {
        let file = root().join(format!("tests/data/corpus/keys/{key}.asc"));
        std::fs::copy(file, sandbox.path(name)).unwrap();
    }
    std::fs::create_dir(sandbox.path("stores.d")).unwrap();
    sandbox.file("stores.d/default.yaml", STORES);
    sandbox.file("prefixes.txt", "registry.local:5000/foo registry.local:5000/foo\n");
    let good: Value = serde_json::from_slice(&std::fs::read(example.join("image.json")).unwrap()).unwrap();
    let mut mixed = good.clone();
    let damaged = json!({"metadata": {"name": format!("{}@damaged", good["metadata"]["name"].as_str().unwrap())},
        "type": "atomic", "content": "bm90aGluZw=="});
    mixed["signatures"].as_array_mut().unwrap().push(damaged);
    sandbox.file("mixed.json", mixed.to_string());
    sandbox.file("recorded.json", with_record(good.clone()).to_string());
    sandbox.file(
        "images.json",
        list(&[good, image(D1, &[]), image(D2, &[b"garbage"]), image(D3, &[])]).to_string(),
    );
    sandbox
}

/// What stands on a screen, without the time at which an audit began.
fn timeless(shown: &str) -> String {
    match shown.split_once(", begun ") {
        Some((before, after)) => format!("{before}, begun NOW{}", &after["2026-01-01T00:00:00Z".len()..]),
        None => shown.to_owned(),
    }
}

fn capture(name: &str, args: &[&str]) {
    if !has("setsid") {
        return skipped(&format!("capture of {name}"), "setsid is not installed");
    }
    for columns in [80, 160] {
        let sandbox = sandbox();
        let mut command = sandbox.command();
        command.env("TERM", "xterm").args(args);
        let (status, shown) = Terminal::run(&command, columns).end();
        sandbox.assert_clean();
        let shown = timeless(&shown.replace("\r\n", "\n").replace('\u{1b}', "ESC"));
        let text = format!("$ image-signature {}\n{shown}(exit status {status})\n", args.join(" "));
        let path = root().join(format!("tests/data/golden/{name}.{columns}.txt"));
        if std::env::var_os("IMAGE_SIGNATURE_RENEW").is_some() {
            std::fs::write(&path, &text).unwrap();
        }
        let expected = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        assert_eq!(text, expected, "{} is something else", path.display());
    }
}

fn verify<'a>(source: &[&'a str], identities: &[&'a str], more: &[&'a str]) -> Vec<&'a str> {
    let mut args = vec!["verify"];
    args.extend(source);
    args.extend(["--public-key", "release-key.asc"]);
    args.extend(
        identities
            .iter()
            .flat_map(|identity| ["--expected-identity", *identity]),
    );
    args.extend(more);
    args
}

#[test]
fn verified() {
    capture("verified", &verify(&["-f", "image.json"], &[V1], &[]));
}

#[test]
fn verified_directory_for_one_of_two() {
    capture("directory", &verify(&["dir:image"], &[V1, V2], &[]));
}

#[test]
fn rejected_by_identity() {
    capture("rejected", &verify(&["-f", "image.json"], &[V2], &["--color", "never"]));
}

#[test]
fn made_by_an_unknown_key() {
    let args = [
        "verify",
        "-f",
        "image.json",
        "--public-key",
        "stranger.asc",
        "--expected-identity",
        V1,
    ];
    capture("unknown-key", &args);
}

#[test]
fn verified_with_a_damaged_signature_beside() {
    capture("mixed", &verify(&["-f", "mixed.json"], &[V1], &[]));
}

#[test]
fn rejected_with_two_signatures() {
    capture("two-signatures", &verify(&["-f", "mixed.json"], &[V2], &[]));
}

#[test]
fn not_found() {
    capture("not-found", &verify(&["dir:absent"], &[V1], &[]));
}

#[test]
fn table() {
    capture("table", &verify(&["-f", "images.json"], &[V1], &[]));
}

#[test]
fn table_of_what_was_typed() {
    let (one, other, absent) = (
        format!("dir:image={V1}"),
        format!("dir:image/={V2}"),
        format!("dir:absent={V1}"),
    );
    capture("typed", &verify(&[&one, &other, &absent], &[], &["--color=always"]));
}

#[test]
fn wide() {
    capture("wide", &verify(&["-f", "mixed.json"], &[V1], &["-o", "wide"]));
}

#[test]
fn wide_table() {
    capture("wide-table", &verify(&["-f", "images.json"], &[V1], &["-o", "wide"]));
}

#[test]
fn explained() {
    capture("explained", &verify(&["dir:image"], &[V2], &["--explain"]));
}

#[test]
fn recorded() {
    capture("recorded", &verify(&["-f", "image.json"], &[V1], &["--confirm"]));
}

#[test]
fn keys_accepted_and_not() {
    let mut args = vec!["keys", "-o", "wide"];
    args.extend(
        ["release-key.asc", "expired.asc", "subkeys.asc"]
            .iter()
            .flat_map(|file| ["--public-key", file]),
    );
    capture("keys", &args);
}

#[test]
fn described() {
    capture("described", &["describe", "-f", "recorded.json"]);
}

#[test]
fn inspected() {
    capture("inspected", &["inspect", "image/signature-1", "-o", "wide"]);
}

#[test]
fn why() {
    let by = ["--registries.d", "stores.d", "--registries-conf", "/dev/null"];
    capture("policy-why", &[&["policy", "why", V1, "policy.json"][..], &by].concat());
}

/// As a compiler prints findings: each is one line, however narrow the terminal is.
#[test]
fn linted() {
    let by = ["--registries.d", "stores.d", "--registries-conf", "/dev/null"];
    capture("policy-lint", &[&["policy", "lint", "policy.json"][..], &by].concat());
}

#[test]
fn audited() {
    let map = ["--expected-identity-map", "prefixes.txt"];
    let args = ["audit", "-f", "images.json", "--public-key", "release-key.asc"];
    capture("audit", &[&args[..], &map].concat());
}

#[test]
fn audited_without_a_home() {
    let map = ["--expected-identity-map", "prefixes.txt"];
    let args = ["audit", "-f", "images.json", "--homedir", "absent"];
    capture("incomplete", &[&args[..], &map].concat());
}

#[test]
fn usage_error() {
    capture(
        "usage",
        &[
            "verify",
            "-f",
            "image.json",
            "--expected-identity",
            "registry.local:5000/foo/bar",
        ],
    );
}

/// What is one word may be longer, and so may rows of tables.
#[test]
fn at_eighty_columns_nothing_is_cut_within_a_line() {
    for name in [
        "explained",
        "keys",
        "described",
        "inspected",
        "policy-why",
        "recorded",
        "incomplete",
        "usage",
        "unknown-key",
    ] {
        let path = root().join(format!("tests/data/golden/{name}.80.txt"));
        let text = std::fs::read_to_string(&path).unwrap();
        for line in text.lines().skip(1) {
            let column = |column: usize, c| if c == '\t' { column / 8 * 8 + 8 } else { column + 1 };
            let columns = line
                .replace("ESC[1;31m", "")
                .replace("ESC[1;32m", "")
                .replace("ESC[0m", "")
                .chars()
                .fold(0, column);
            let last = line.split_whitespace().last().unwrap_or_default();
            assert!(columns <= 80 || last.chars().count() > 60, "{}: {line}", path.display());
        }
    }
}
