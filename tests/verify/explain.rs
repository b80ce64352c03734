// SPDX-License-Identifier: Apache-2.0
//! `--explain`: numbered steps with the values compared, and what to look at next.

use serde_json::json;

use crate::support::gpg::Signer;
use crate::support::images::{image, payload, D1, D2};
use crate::verify::{Desk, IDENTITY, OTHER};

fn explain(desk: &Desk, object: &serde_json::Value, more: &[&str], status: i32) -> String {
    desk.put("image.json", object.to_string());
    let fixed = ["-f", "image.json", "--expected-identity", IDENTITY, "--explain"];
    desk.run(&[&fixed[..], more].concat()).expect(status).stdout
}

fn steps(text: &str) -> Vec<String> {
    text.lines()
        .filter_map(|line| line.strip_prefix("  "))
        .filter(|line| line.starts_with(|c: char| c.is_ascii_digit()))
        .map(|line| line.split_whitespace().take(3).collect::<Vec<_>>().join(" "))
        .collect()
}

#[test]
fn each_step_ends_in_pass_fail_or_skip() {
    let desk = Desk::new();
    for (object, expected, status) in [
        (desk.signed(), ["pass", "pass", "pass", "pass"], 0),
        (image(D1, &[&desk.sign(D1, OTHER)]), ["pass", "pass", "pass", "fail"], 1),
        (
            image(D1, &[&desk.sign(D2, IDENTITY)]),
            ["pass", "pass", "fail", "skip"],
            1,
        ),
        (
            image(D1, &[&desk.signer.sign(&desk.key, b"{}")]),
            ["pass", "fail", "skip", "skip"],
            1,
        ),
        (image(D1, &[b"x"]), ["fail", "skip", "skip", "skip"], 1),
    ] {
        let text = explain(&desk, &object, &[], status);
        let names = ["1. signature", "2. payload", "3. digest", "4. identity"];
        let expected: Vec<String> = names.iter().zip(expected).map(|(n, e)| format!("{n} {e}")).collect();
        assert_eq!(steps(&text), expected, "{text}");
        assert!(text.lines().last().unwrap().starts_with("Next: "), "{text}");
    }
}

#[test]
fn the_values_compared_stand_side_by_side() {
    let desk = Desk::new();
    let text = explain(&desk, &image(D1, &[&desk.sign(D1, OTHER)]), &[], 1);
    assert!(
        text.contains(&format!("expected {IDENTITY}, signed for {OTHER}: the tag differs")),
        "{text}"
    );
    assert!(text.contains(&desk.key), "{text}");
    let text = explain(&desk, &image(D1, &[&desk.sign(D2, IDENTITY)]), &[], 1);
    assert!(
        text.contains(&format!("it is signed for image {D2}; this image is {D1}")),
        "{text}"
    );
}

#[test]
fn what_differs_is_named() {
    let desk = Desk::new();
    for (signed, difference) in [
        ("other.local:5000/foo/bar:v1", "the registry host differs"),
        ("registry.local:5000/foo/baz:v1", "the repository differs"),
        (OTHER, "the tag differs"),
        ("registry.local:5000/foo/bar", "neither tag nor digest"),
        (&format!("registry.local:5000/foo/bar@{D1}"), "has no tag"),
        ("Not A Reference", "which is not a reference"),
    ] {
        let text = explain(&desk, &image(D1, &[&desk.sign(D1, signed)]), &[], 1);
        assert!(text.contains(difference), "{difference}: {text}");
    }
}

/// Whatever the outcome, nobody is told how to get around it.
#[test]
fn no_outcome_proposes_to_loosen_a_check() {
    let desk = Desk::new();
    let stranger = Signer::new();
    let unknown = stranger.simple_key("Stranger <s@example.com>");
    let old = desk.signer.key("Old <o@example.com>", "rsa2048", "sign,cert", "never");
    let both = desk.signer.export(&[&desk.key, &old], &desk.sandbox.path("both.gpg"));
    let weak = ["--digest-algo", "SHA1", "--allow-weak-digest-algos"];
    let armoured = desk.signer.sign_with(&desk.key, &["--armor"], &payload(D1, IDENTITY));
    let mut damaged = desk.signed();
    damaged["signatures"][0]["content"] = "%".into();
    let mut reasons = std::collections::BTreeSet::new();
    for object in [
        image(D1, &[]),
        image(D1, &[b"x"]),
        image(D1, &[&armoured]),
        image(D1, &[&stranger.sign(&unknown, &payload(D1, IDENTITY))]),
        image(D1, &[&desk.signer.sign_with(&old, &weak, &payload(D1, IDENTITY))]),
        image(D1, &[&desk.sign(D1, OTHER)]),
        image(D1, &[&desk.sign(D2, IDENTITY)]),
        image(D1, &[&desk.signer.sign(&desk.key, b"{}")]),
        image("latest", &[&desk.sign(D1, IDENTITY)]),
        image(D1, &[&vec![0x90; (1 << 20) + 1]]),
        damaged,
        json!({"kind": "Pod", "metadata": {"name": "p"}}),
    ] {
        desk.put("image.json", object.to_string());
        let fixed = ["verify", "-f", "image.json", "--expected-identity", IDENTITY];
        for keys in [
            &["--public-key", both.to_str().unwrap()][..],
            &["--homedir", desk.signer.home().to_str().unwrap()],
            &["--homedir", "absent"],
            &["--public-key", both.to_str().unwrap(), "--signed-by", &"A".repeat(40)],
            &["--public-key", both.to_str().unwrap(), "--require", "2"],
        ] {
            for format in ["--explain", "-o=json"] {
                let outcome = desk.sandbox.run([&fixed[..], keys, &[format]].concat());
                let all = format!("{}{}", outcome.stdout, outcome.stderr).to_lowercase();
                for word in [
                    "--trust-model",
                    "trust model always",
                    "matchrepository",
                    "--insecure",
                    "allow-weak",
                    "--identity-match",
                    "--require 1",
                    "disable",
                    "ignore",
                    "bypass",
                    "skip the",
                    "without check",
                ] {
                    // "disabled" is a state of keys.
                    let text = all.replace("disabled", "");
                    assert!(!text.contains(word), "{word}: {all}");
                }
                if format == "-o=json" {
                    let reason = outcome.item()["reason"].as_str().unwrap().to_owned();
                    reasons.insert(reason);
                }
            }
        }
    }
    println!("{} reasons looked at: {reasons:?}", reasons.len());
    assert!(reasons.len() >= 13, "{reasons:?}");
}

#[test]
fn other_formats_exclude_it() {
    let desk = Desk::new();
    desk.put("image.json", desk.signed().to_string());
    for format in crate::support::formats("verify")
        .iter()
        .filter(|format| *format != "text")
    {
        desk.run(&[
            "-f",
            "image.json",
            "--expected-identity",
            IDENTITY,
            "--explain",
            "-o",
            format,
        ])
        .expect_usage("--explain");
    }
}

/// The accepted keys are those of this run, not those that the command would list without its options.
#[test]
fn the_call_that_shows_the_accepted_keys_has_the_options_of_this_run() {
    let desk = Desk::new();
    let stranger = Signer::new();
    let unknown = stranger.simple_key("Stranger <s@example.com>");
    let blob = stranger.sign(&unknown, &payload(D1, IDENTITY));
    desk.put("image.json", image(D1, &[&blob]).to_string());
    let key = std::fs::read(&desk.key_file).unwrap();
    desk.sandbox.file("other key.asc", key);
    let fixed = [
        "verify",
        "-f",
        "image.json",
        "--expected-identity",
        IDENTITY,
        "--explain",
    ];
    let next = |more: &[&str]| {
        let outcome = desk.sandbox.run([&fixed[..], more].concat()).expect(1);
        assert!(outcome.stdout.contains("UnknownKey"), "{outcome:?}");
        outcome.next().unwrap()
    };
    let shows = |call: &str| {
        format!("Next: find out whose key it is from a source that you trust. {call} shows the accepted keys.")
    };
    let more = ["--public-key", "other key.asc", "--signed-by", &desk.key];
    let call = format!(
        "image-signature keys --public-key 'other key.asc' --signed-by {}",
        desk.key
    );
    assert_eq!(next(&more), shows(&call));
    let listed = desk.sandbox.run([&["keys"][..], &more].concat()).expect(0);
    assert!(listed.stdout.contains(&desk.key), "{listed:?}");
    let home = desk.signer.home().to_str().unwrap().to_owned();
    assert_eq!(
        next(&["--homedir", &home, "--trust-model", "always"]),
        shows(&format!("image-signature keys --homedir {home} --trust-model always"))
    );
    let by = json!({"type": "signedBy", "keyType": "GPGKeys", "keyPath": "other key.asc"});
    desk.put("policy.json", json!({"default": [by]}).to_string());
    assert_eq!(
        next(&["--policy", "policy.json"]),
        shows(&format!("image-signature policy why {IDENTITY} policy.json"))
    );
}
