// SPDX-License-Identifier: Apache-2.0
//! Bare parts: a manifest and signatures in files.

use crate::{Desk, IDENTITY, OTHER};

const MANIFEST: &str =
    r#"{"schemaVersion":2,"mediaType":"application/vnd.docker.distribution.manifest.v2+json","n":2}"#;

fn desk() -> Desk {
    let desk = Desk::new();
    desk.put("m.json", MANIFEST);
    let digest = image_signature::digest::Digest::of_manifest(MANIFEST.as_bytes()).unwrap();
    desk.put("good.sig", desk.sign(digest.as_str(), IDENTITY));
    desk.put("other.sig", desk.sign(digest.as_str(), OTHER));
    desk
}

#[test]
fn one_good_signature_among_several_is_enough() {
    let desk = desk();
    let fixed = ["--manifest", "m.json", "--expected-identity", IDENTITY, "-o", "json"];
    desk.run(&[&fixed[..], &["--signature-file", "good.sig"]].concat())
        .expect_verdict(0, "Verified/Verified");
    desk.run(
        &[
            &fixed[..],
            &["--signature-file", "other.sig", "--signature-file", "good.sig"],
        ]
        .concat(),
    )
    .expect_verdict(0, "Verified/Verified");
    desk.run(&[&fixed[..], &["--signature-file", "other.sig"]].concat())
        .expect_verdict(1, "Rejected/IdentityMismatch");
}

#[test]
fn files_that_cannot_be_read_are_unchecked() {
    let desk = desk();
    let fixed = ["--expected-identity", IDENTITY, "-o", "json"];
    desk.run(&[&fixed[..], &["--manifest", "absent", "--signature-file", "good.sig"]].concat())
        .expect_verdict(3, "Unchecked/ManifestUnavailable");
    desk.run(&[&fixed[..], &["--manifest", "m.json", "--signature-file", "absent"]].concat())
        .expect_verdict(3, "Unchecked/SourceUnavailable");
    // A good one suffices by itself.
    desk.run(
        &[
            &fixed[..],
            &[
                "--manifest",
                "m.json",
                "--signature-file",
                "absent",
                "--signature-file",
                "good.sig",
            ],
        ]
        .concat(),
    )
    .expect_verdict(0, "Verified/Verified");
}

#[test]
fn parts_that_do_not_make_an_image_are_a_usage_error() {
    let desk = desk();
    desk.run(&["--manifest", "m.json", "--expected-identity", IDENTITY])
        .expect_usage("--signature-file");
    desk.run(&["--signature-file", "good.sig", "--expected-identity", IDENTITY])
        .expect_usage("--manifest");
    let both = ["--manifest", "m.json", "--signature-file", "good.sig"];
    desk.run(&both).expect_usage("--expected-identity is required");
    desk.run(&[&both[..], &["--expected-identity", IDENTITY, "dir:x"]].concat())
        .expect_usage("exclude IMAGE");
    desk.run(&[&both[..], &["--expected-identity", IDENTITY, "-f", "x"]].concat())
        .expect_usage("exclude IMAGE");
}

#[test]
fn more_signatures_than_are_looked_at() {
    let desk = desk();
    desk.put("bad.sig", b"\x90x");
    let run = |bad: usize| {
        let mut args = vec!["--manifest", "m.json", "--expected-identity", IDENTITY, "-o", "json"];
        args.extend(["--signature-file", "bad.sig"].repeat(bad));
        args.extend(["--signature-file", "good.sig"]);
        desk.run(&args)
    };
    run(127).expect_verdict(0, "Verified/Verified");
    let outcome = run(128).expect_verdict(1, "Rejected/NotASignature");
    assert_eq!(outcome.item()["signatures"][128]["reason"], "LimitExceeded");
}

#[test]
fn a_schema_1_manifest_is_hashed_without_its_signatures() {
    let Some(path) = crate::support::vectors::shared("vectors/fixtures/manifests") else {
        return crate::support::skipped("schema 1 manifests", "../shared is absent");
    };
    let mut ran = 0;
    for entry in std::fs::read_dir(path).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        let Ok(digest) = image_signature::digest::Digest::of_manifest(&bytes) else {
            continue;
        };
        let desk = Desk::new();
        desk.put("m.json", &bytes);
        desk.put("s", desk.sign(digest.as_str(), IDENTITY));
        desk.run(&[
            "--manifest",
            "m.json",
            "--signature-file",
            "s",
            "--expected-identity",
            IDENTITY,
            "-o",
            "json",
        ])
        .expect_verdict(0, "Verified/Verified");
        ran += 1;
    }
    println!("{ran} manifests of the fixtures verified");
    assert!(ran > 3);
}
