// SPDX-License-Identifier: Apache-2.0
//! Strings of others move no terminal and are bounded, wherever they come from.

use serde_json::json;

use crate::support::images::{image, list, payload, D1};
use crate::support::{commands_with_formats, formats, text_formats};
use crate::verify::{Desk, Outcome, IDENTITY};

const EVIL: &str = "x\u{1b}[2J\u{202e}y\rz\u{7}\u{9b}";

#[track_caller]
fn assert_safe(outcome: &Outcome) {
    for text in [&outcome.stdout, &outcome.stderr] {
        for c in text.chars() {
            let expected = c == '\n' || c == '\t';
            assert!(expected || !image_signature::text::is_unsafe(c), "{c:?} in {text:?}");
        }
        for twice in ["\\\\u{", "\\u{5c}u{"] {
            assert!(!text.contains(twice), "escaped twice: {text}");
        }
        for line in text.lines() {
            assert!(line.chars().count() < 20_000, "a line of {} characters", line.len());
        }
    }
}

fn every_format(desk: &Desk, args: &[&str]) {
    let formats = text_formats("verify").into_iter().map(|format| format!("-o={format}"));
    let others = ["--explain", "-v=9", "--confirm"].map(str::to_owned);
    for more in formats.chain(others) {
        assert_safe(&desk.run(&[args, &[&more]].concat()));
    }
    // In JSON they are escaped as JSON has it.
    let outcome = desk.run(&[args, &["-o", "json"]].concat());
    assert!(!outcome.stdout.contains('\u{1b}'), "{outcome:?}");
    outcome.json();
}

#[test]
fn in_user_ids() {
    let desk = Desk::new();
    let key = desk.signer.simple_key("Evil \u{1b}[2J\u{202e}owner <e@example.com>");
    desk.signer.export(&[&key], &desk.key_file);
    let blob = desk.signer.sign(&key, &payload(D1, IDENTITY));
    desk.put("image.json", image(D1, &[&blob]).to_string());
    every_format(&desk, &["-f", "image.json", "--expected-identity", IDENTITY]);
    let key = desk.key_file.to_str().unwrap();
    for format in formats("keys") {
        assert_safe(&desk.sandbox.run(["keys", "--public-key", key, "-o", &format]));
    }
}

#[test]
fn in_signed_claims() {
    let desk = Desk::new();
    let mut claim: serde_json::Value = serde_json::from_slice(&payload(D1, EVIL)).unwrap();
    claim["optional"]["creator"] = format!("{EVIL}{}", "long".repeat(5000)).into();
    let blob = desk.signer.sign(&desk.key, claim.to_string().as_bytes());
    desk.put("image.json", image(D1, &[&blob]).to_string());
    every_format(&desk, &["-f", "image.json", "--expected-identity", IDENTITY]);
    let malformed = desk
        .signer
        .sign(&desk.key, format!("{{\"{}\":1}}", "\\u001b[2J").as_bytes());
    desk.put("image.json", image(D1, &[&malformed]).to_string());
    every_format(&desk, &["-f", "image.json", "--expected-identity", IDENTITY]);
}

#[test]
fn in_names_of_objects_and_signatures() {
    let desk = Desk::new();
    let mut object = desk.signed();
    object["signatures"][0]["metadata"]["name"] = format!("{D1}@{EVIL}").into();
    object["dockerImageReference"] = EVIL.into();
    desk.put("image.json", object.to_string());
    every_format(&desk, &["-f", "image.json", "--expected-identity", IDENTITY]);
    object["metadata"]["name"] = EVIL.into();
    desk.put("image.json", object.to_string());
    every_format(&desk, &["-f", "image.json", "--expected-identity", IDENTITY]);
    object["kind"] = EVIL.into();
    desk.put("image.json", object.to_string());
    every_format(&desk, &["-f", "image.json", "--expected-identity", IDENTITY]);
}

#[test]
fn in_names_of_files_and_arguments() {
    let desk = Desk::new();
    let name = "e\u{1b}[2J\u{202e}.json";
    desk.put(name, desk.signed().to_string());
    every_format(&desk, &["-f", name, "--expected-identity", IDENTITY]);
    for args in [
        &["-f", "absent\u{1b}[2J", "--expected-identity", IDENTITY][..],
        &["-f", name, "--expected-identity", EVIL],
        &["-f", name, "--expected-identity", IDENTITY, EVIL],
        &["-f", name, "--expected-identity", IDENTITY, "--signature", EVIL],
        &["-f", name, "--expected-identity", IDENTITY, "--identity-match", EVIL],
        &["dir:\u{1b}[2J", "--expected-identity", IDENTITY],
        &["--images-from", "absent\u{1b}[2J"],
        &[
            "--manifest",
            "absent\u{1b}[2J",
            "--signature-file",
            "s\u{1b}[2J",
            "--expected-identity",
            IDENTITY,
        ],
    ] {
        assert_safe(&desk.run(args));
    }
    for file in ["absent\u{1b}[2J", name] {
        assert_safe(&desk.sandbox.run(["inspect", file]));
        assert_safe(&desk.sandbox.run([
            "verify",
            "-f",
            name,
            "--expected-identity",
            IDENTITY,
            "--public-key",
            file,
        ]));
        assert_safe(
            &desk
                .sandbox
                .run(["verify", "-f", name, "--expected-identity", IDENTITY, "--homedir", file]),
        );
        assert_safe(&desk.sandbox.run(["describe", "-f", file]));
        assert_safe(&desk.sandbox.run(["remove", "-f", file]));
    }
}

#[test]
fn in_formats_types_and_layouts() {
    let desk = Desk::new();
    let mut object = desk.signed();
    object["signatures"][0]["type"] = EVIL.into();
    desk.put("image.json", object.to_string());
    every_format(&desk, &["-f", "image.json", "--expected-identity", IDENTITY]);
    let repeated = format!("{{\"{0}\":1,\"{0}\":2}}", "\\u001b[2J");
    for payload in [
        repeated.clone(),
        format!("{{\"critical\":{{\"type\":\"{0}\"}}}}", "\\u001b[2J"),
        String::from_utf8(payload("sha256:\u{1b}[2J", IDENTITY)).unwrap(),
    ] {
        let blob = desk.signer.sign(&desk.key, payload.as_bytes());
        desk.put("image.json", image(D1, &[&blob]).to_string());
        every_format(&desk, &["-f", "image.json", "--expected-identity", IDENTITY]);
    }
    desk.put("repeated.json", &repeated);
    desk.put("repeated.yaml", "kind: Image\n\"\\e[2J\": 1\n\"\\e[2J\": 2\n");
    for file in ["repeated.json", "repeated.yaml"] {
        every_format(&desk, &["-f", file, "--expected-identity", IDENTITY]);
    }
    desk.put("d/manifest.json", "{}");
    desk.put("d/signature-1", b"\0simple \"signing\"\n");
    every_dir_format(&desk);
    desk.put("d/version", EVIL);
    every_dir_format(&desk);
}

fn every_dir_format(desk: &Desk) {
    let formats = text_formats("verify").into_iter().map(|format| format!("-o={format}"));
    for format in formats.chain(["--explain".into()]) {
        let outcome = desk.run(&["dir:d", "--expected-identity", IDENTITY, &format]);
        assert_safe(&outcome);
        assert!(!outcome.stdout.contains("\\\""), "{outcome:?}");
    }
}

/// A call of each command that has formats. What the files of [`scene`] say is hostile wherever it may be.
const CALLS: [(&str, &[&str]); 11] = [
    (
        "verify",
        &[
            "-f",
            "image.json",
            "--public-key",
            "evil.gpg",
            "--expected-identity",
            IDENTITY,
        ],
    ),
    ("remove", &["-f", "image.json"]),
    ("describe", &["-f", "image.json"]),
    ("inspect", &["evil.sig"]),
    ("keys", &["--public-key", "evil.gpg"]),
    (
        "policy why",
        &[IDENTITY, "policy.json", "--registries-conf=conf", "--registries.d=d"],
    ),
    (
        "policy lint",
        &["policy.json", "--registries-conf=conf", "--registries.d=d"],
    ),
    (
        "policy test",
        &[
            "table.json",
            "--policy=policy.json",
            "--registries-conf=conf",
            "--registries.d=d",
        ],
    ),
    ("audit", &["-f", "image.json", "--public-key=evil.gpg"]),
    ("audit merge", &["0.jsonl", "1.jsonl"]),
    ("audit diff", &["0.jsonl", "1.jsonl"]),
];

fn scene() -> Desk {
    let desk = Desk::new();
    let owner = desk.signer.simple_key("Evil \u{1b}[2J\u{202e}owner <e@example.com>");
    desk.signer.export(&[&owner], &desk.sandbox.path("evil.gpg"));
    let blob = desk.signer.sign(&owner, &payload(D1, EVIL));
    desk.put("evil.sig", &blob);
    let mut object = image(D1, &[&blob]);
    let condition = json!({"type": "Trusted", "status": "True", "reason": EVIL, "message": EVIL,
        "lastProbeTime": EVIL, "lastTransitionTime": EVIL});
    let signature = &mut object["signatures"][0];
    signature["metadata"]["name"] = format!("{D1}@{EVIL}").into();
    signature["conditions"] = json!([condition]);
    signature["imageIdentity"] = EVIL.into();
    signature["issuedBy"] = json!({"commonName": EVIL});
    let mut other = object.clone();
    other["metadata"]["name"] = EVIL.into();
    desk.put("image.json", list(&[object, other]).to_string());
    let reject = json!([{"type": "reject"}]);
    let by_no_key = json!([{"type": "signedBy", "keyType": "GPGKeys", "keyPath": EVIL}]);
    let policy = json!({"default": reject, "transports": {"docker": {EVIL: reject, "": by_no_key}}});
    desk.put("policy.json", policy.to_string());
    desk.put(
        "table.json",
        json!({IDENTITY: {"scope": EVIL, "verdict": "Verified"}}).to_string(),
    );
    desk.put("conf", "");
    std::fs::create_dir(desk.sandbox.path("d")).unwrap();
    for shard in ["0", "1"] {
        let (part, report) = (format!("--shard={shard}/2"), format!("--report=jsonl={shard}.jsonl"));
        desk.sandbox
            .run(["audit", "-f", "image.json", "--public-key=evil.gpg", &part, &report]);
    }
    desk
}

#[test]
fn in_every_format_of_every_command() {
    let desk = scene();
    for (command, formats) in commands_with_formats() {
        let call = CALLS.iter().find(|(own, _)| *own == command);
        let (_, args) = call.unwrap_or_else(|| panic!("no call of {command}"));
        let mut reached = 0;
        for format in formats {
            let words = command.split(' ').chain(["-o", &format]).chain(args.iter().copied());
            let outcome = desk.sandbox.run(words);
            for text in [&outcome.stdout, &outcome.stderr] {
                // Lines of a table for other programs end with both.
                let text = text.replace("\r\n", "\n");
                let bad = text
                    .chars()
                    .find(|c| !"\n\t".contains(*c) && image_signature::text::is_unsafe(*c));
                assert_eq!(bad, None, "{command} -o {format}: {text:?}");
            }
            assert_ne!(outcome.status, 2, "{command} -o {format}: {outcome:?}");
            reached += usize::from(outcome.stdout.contains("[2J"));
        }
        assert!(reached > 0, "{command}: nothing hostile is in any format");
    }
}
