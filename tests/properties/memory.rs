// SPDX-License-Identifier: Apache-2.0
//! Inputs that are small and ask for much: the program reads them within a bound on its addresses and its time.

use std::io::Write;
use std::process::Command;

use crate::support::gpg::Signer;
use crate::support::images::{image, D1};
use crate::support::program::{binary, has, Outcome, Sandbox};
use crate::support::skipped;

const REFERENCE: &str = "registry.local:5000/foo/bar:v1";

/// A run in 400 MiB of addresses and 30 s of CPU.
fn confined(sandbox: &Sandbox, arguments: impl FnOnce(&mut Command)) -> Option<Outcome> {
    if !has("prlimit") {
        skipped("memory", "prlimit (util-linux) is not installed");
        return None;
    }
    let mut command = sandbox.command_of("/usr/bin/prlimit".as_ref());
    command.args(["--as=419430400", "--cpu=30", "--"]).arg(binary());
    arguments(&mut command);
    let outcome = sandbox.finish(&mut command, b"");
    assert!((0..=3).contains(&outcome.status), "{}", outcome.stderr);
    assert!(!outcome.stderr.contains("panicked"), "{}", outcome.stderr);
    Some(outcome)
}

fn object_file(content: &[u8], name: &str) -> Option<Outcome> {
    let sandbox = Sandbox::new();
    let signer = Signer::new();
    let key = signer.simple_key("key");
    let key = signer.export(&[&key], &sandbox.path("key.gpg"));
    let file = sandbox.file(name, content);
    confined(&sandbox, |command| {
        command.args(["verify", "-o", "json", "--expected-identity", REFERENCE, "-f"]);
        command.arg(file).arg("--public-key").arg(key);
    })
}

fn is_unchecked(outcome: Option<Outcome>) {
    if let Some(outcome) = outcome {
        assert_eq!(outcome.status, 3, "{outcome:#?}");
        assert!(outcome.stdout.len() < 1 << 16);
    }
}

#[test]
fn objects_nested_a_million_deep() {
    is_unchecked(object_file("[".repeat(1_000_000).as_bytes(), "a.json"));
    is_unchecked(object_file("{\"a\":".repeat(1_000_000).as_bytes(), "a.json"));
    is_unchecked(object_file("- ".repeat(100_000).as_bytes(), "a.yaml"));
    is_unchecked(object_file("{a: ".repeat(100_000).as_bytes(), "a.yaml"));
    is_unchecked(object_file(
        &[b"[".repeat(100_000), b"]".repeat(100_000)].concat(),
        "a.yaml",
    ));
}

#[test]
fn yaml_aliases_that_multiply() {
    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for n in 1..12 {
        let reference = vec![format!("*a{}", n - 1); 10].join(", ");
        bomb += &format!("a{n}: &a{n} [{reference}]\n");
    }
    is_unchecked(object_file(bomb.as_bytes(), "a.yaml"));
    // The same with one long string.
    let long = format!(
        "a: &a {}\nb: [{}]\n",
        "x".repeat(100_000),
        vec!["*a"; 100_000].join(", ")
    );
    is_unchecked(object_file(long.as_bytes(), "a.yaml"));
}

/// Values in memory take many times their text, so that those that nobody needs must not be kept: 12 times the text at
/// most, and what the program takes by itself.
#[test]
fn objects_of_more_values_than_text() {
    if !has("prlimit") {
        return skipped("memory", "prlimit (util-linux) is not installed");
    }
    let desk = crate::support::desk::Desk::new();
    let text = 1 << 20;
    let yaml = format!("kind: Image\nmetadata:\n  name: {D1}\nnote:");
    let json = format!("{{\"kind\":\"Image\",\"metadata\":{{\"name\":\"{D1}\"}},\"note\":");
    let members = |item: &dyn Fn(usize) -> String| (0..text / 11).map(item).collect::<String>();
    for (name, content) in [
        ("block.yaml", format!("{yaml}\n{}", "- a\n".repeat(text / 4))),
        ("flow.yaml", format!("{yaml} [{}a]\n", "a,".repeat(text / 2))),
        ("empty.yaml", format!("{yaml}\n{}", "-\n".repeat(text / 2))),
        (
            "members.yaml",
            format!("{yaml}\n{}", members(&|n| format!("  k{n:x}: a\n"))),
        ),
        ("list.yaml", "- a\n".repeat(text / 4)),
        (
            "items.yaml",
            format!("kind: List\nitems: [{}a]\n", "a,".repeat(text / 2)),
        ),
        ("anchors.yaml", format!("{yaml} &a [{}a]\n", "a,".repeat(text / 2))),
        ("numbers.json", format!("{json}[{}0]}}", "0,".repeat(text / 2))),
        ("arrays.json", format!("{json}[{}0]}}", "[],".repeat(text / 3))),
        (
            "members.json",
            format!("{json}{{{}\"x\":0}}}}", members(&|n| format!("\"k{n:x}\":0,"))),
        ),
        (
            "kept.json",
            format!("{{\"kind\":\"Image\",\"metadata\":[{}0]}}", "0,".repeat(text / 2)),
        ),
        (
            "entries.json",
            format!("{{\"kind\":\"Image\",\"signatures\":[{}0]}}", "{},".repeat(text / 3)),
        ),
    ] {
        let file = desk.put(name, content);
        let judging = [
            "--expected-identity",
            REFERENCE,
            "--public-key",
            desk.key_file.to_str().unwrap(),
        ];
        let others = [("describe", &[][..]), ("remove", &[])];
        let others = others.into_iter().filter(|_| matches!(name, "flow.yaml" | "kept.json"));
        for (command, more) in std::iter::once(("verify", &judging[..])).chain(others) {
            let mut confined = desk.sandbox.command_of("/usr/bin/prlimit".as_ref());
            // The binary of the tests is larger than the one that ships.
            let limit = 12 * text + (24 << 20);
            confined
                .arg(format!("--data={limit}"))
                .args(["--cpu=60", "--"])
                .arg(binary());
            confined.arg(command).arg("-f").arg(&file).args(more);
            let outcome = desk.sandbox.finish(&mut confined, b"");
            assert!((0..=3).contains(&outcome.status), "{command} {name}: {outcome:#?}");
            assert!(
                !outcome.stderr.contains("panicked"),
                "{command} {name}: {}",
                outcome.stderr
            );
        }
    }
}

#[test]
fn payloads_and_manifests_that_are_deep_or_wide() {
    let sandbox = Sandbox::new();
    let signer = Signer::new();
    let key = signer.simple_key("key");
    let public = signer.export(&[&key], &sandbox.path("key.gpg"));
    for payload in [
        "[".repeat(60_000),
        "{\"a\":".repeat(12_000),
        format!("{{{}}}", vec!["\"a\":1"; 9_000].join(",")),
        format!("[{}]", vec!["1e999999999"; 5_000].join(",")),
        "9".repeat(60_000),
    ] {
        let blob = signer.sign(&key, payload.as_bytes());
        let object = sandbox.file("image.json", image(D1, &[&blob]).to_string());
        let outcome = confined(&sandbox, |command| {
            command.args(["verify", "-o", "json", "--expected-identity", REFERENCE, "-f"]);
            command.arg(object).arg("--public-key").arg(&public);
        });
        if let Some(outcome) = outcome {
            outcome.expect_verdict(1, "Rejected/MalformedPayload");
        }
    }
    let blob = sandbox.file("good.sig", signer.sign(&key, b"{}"));
    for manifest in [
        "[".repeat(4_000_000),
        "{\"signatures\":".repeat(300_000),
        format!(
            "{{\"schemaVersion\":1,\"signatures\":[{}]}}",
            vec!["{}"; 1_000_000].join(",")
        ),
    ] {
        let file = sandbox.file("manifest.json", &manifest);
        confined(&sandbox, |command| {
            command.args(["verify", "-o", "json", "--expected-identity", REFERENCE, "--manifest"]);
            command.arg(file).arg("--signature-file").arg(&blob);
            command.arg("--public-key").arg(&public);
        });
    }
}

#[test]
fn key_files_that_are_large_or_expand() {
    let sandbox = Sandbox::new();
    let mut encoder = flate2::write::DeflateEncoder::new(vec![1], flate2::Compression::best());
    for _ in 0..64 {
        encoder.write_all(&vec![0; 1 << 20]).unwrap();
    }
    let bomb = crate::support::packets::packet(8, &encoder.finish().unwrap());
    let armored = format!("-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n{}", "AAAA\n".repeat(2_000_000));
    let many = crate::support::packets::packet(6, &[4]).repeat(500_000);
    for content in [
        &bomb[..],
        armored.as_bytes(),
        &many,
        &[0x99, 0xff, 0xff].repeat(1 << 20),
    ] {
        let file = sandbox.file("keys.gpg", content);
        let outcome = confined(&sandbox, |command| {
            command.args(["keys", "--public-key"]).arg(file);
        });
        if let Some(outcome) = outcome {
            assert_eq!(outcome.status, 2, "{outcome:#?}");
            assert!(outcome.stderr.len() < 1 << 16, "{}", outcome.stderr.len());
        }
    }
}
