// SPDX-License-Identifier: Apache-2.0
//! Bare parts: a manifest and signatures in files.

use crate::support::images::D1;
use crate::verify::{Desk, IDENTITY, OTHER};

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
        .expect_usage("cannot be used with IMAGE");
    desk.run(&[&both[..], &["--expected-identity", IDENTITY, "-f", "x"]].concat())
        .expect_usage("cannot be used with --filename");
}

#[test]
fn standard_input_is_a_manifest_or_a_signature_once() {
    let desk = desk();
    let key = desk.key_file.to_str().unwrap();
    let fixed = [
        "verify",
        "--public-key",
        key,
        "-o",
        "json",
        "--expected-identity",
        IDENTITY,
    ];
    let run = |more: &[&str], input: &[u8]| desk.sandbox.run_with_input([&fixed[..], more].concat(), input);
    let good = std::fs::read(desk.sandbox.path("good.sig")).unwrap();
    run(
        &["--manifest", "-", "--signature-file", "good.sig"],
        MANIFEST.as_bytes(),
    )
    .expect_verdict(0, "Verified/Verified");
    run(&["--manifest", "m.json", "--signature-file", "-"], &good).expect_verdict(0, "Verified/Verified");
    run(&["--manifest", "-", "--signature-file", "-"], b"").expect_usage("`-` may be given only once");
    // An empty answer is no manifest, though it has a digest.
    for nothing in [&b""[..], b" \n"] {
        run(&["--manifest", "-", "--signature-file", "good.sig"], nothing)
            .expect_verdict(3, "Unchecked/ManifestUnavailable");
    }
}

#[test]
fn a_digest_stands_for_the_manifest_only_where_it_is_expected() {
    let desk = desk();
    let digest = image_signature::digest::Digest::of_manifest(MANIFEST.as_bytes()).unwrap();
    let digest = digest.as_str();
    let fixed = ["--signature-file", "good.sig", "--expected-identity", IDENTITY];
    let run = |more: &[&str]| desk.run(&[&fixed[..], &["-o", "json"], more].concat());
    let given = ["--expected-digest", digest, digest];
    let outcome = run(&given).expect_verdict(0, "Verified/Verified");
    assert_eq!(outcome.item()["image"], digest);
    let detail = &outcome.item()["signatures"][0]["checks"][2]["detail"];
    assert!(detail.as_str().unwrap().contains("no manifest is given"), "{detail}");
    assert!(outcome.stderr.contains("note: no manifest is given"), "{outcome:?}");
    // A script that keeps standard output only is told as well.
    let said = "not given: the expected digest takes its place";
    let message = &outcome.item()["message"];
    assert!(message.as_str().unwrap().ends_with(said), "{message}");
    let outcome = desk.run(&[&fixed[..], &given].concat()).expect(0);
    let block = format!("  manifest   {said}\n");
    assert!(outcome.stdout.contains(&block), "{outcome:?}");
    // On a terminal it would be told twice.
    assert!(!outcome.stderr.contains("no manifest is given"), "{outcome:?}");
    // With the manifest at hand there is nothing to say.
    let whole = desk.run(&[&fixed[..], &["--manifest", "m.json", "--expected-digest", digest]].concat());
    assert!(!whole.expect(0).stdout.contains("manifest"));
    // Signed for another image, or another one asked for than named.
    run(&["--expected-digest", D1, D1]).expect_verdict(1, "Rejected/DigestMismatch");
    run(&["--expected-digest", D1, digest]).expect_verdict(1, "Rejected/DigestMismatch");
    run(&["--expected-digest", digest, D1]).expect_verdict(1, "Rejected/DigestMismatch");
    run(&[digest]).expect_usage("--expected-digest");
    run(&["--expected-digest", digest]).expect_usage(&format!("write {digest} as IMAGE too"));
    run(&["--expected-digest", "sha256:12"]).expect_usage("--expected-digest");
    run(&["--expected-digest", digest, "ns/app:v1"]).expect_usage("can only be sha256:DIGEST");
    run(&["--expected-digest", digest, "dir:x"]).expect_usage("can only be sha256:DIGEST");
    run(&["--expected-digest", digest, digest, digest]).expect_usage("several are named");
    run(&["--expected-digest", digest, digest, "--confirm"]).expect_usage("--confirm");
    run(&["--expected-digest", digest, digest, "-f", "x"]).expect_usage("--filename");
}

/// The signature is right and the manifest was changed on its way here: rejected, with what was found out.
#[test]
fn a_manifest_that_was_changed_says_how() {
    let desk = desk();
    let value: serde_json::Value = serde_json::from_str(MANIFEST).unwrap();
    let pretty = serde_json::to_string_pretty(&value).unwrap();
    for (changed, words) in [
        (format!("{MANIFEST}\n"), "without the white space at its end"),
        (format!("{MANIFEST}\r\n"), "without the white space at its end"),
        (pretty.clone(), "without the white space between its members"),
        (format!("{pretty}\n"), "without the white space between its members"),
        (format!("\u{feff}{MANIFEST}"), "without the byte order mark"),
        ("<html>Log in</html>".to_owned(), "a web page"),
        ("dHJ1c3Q=".to_owned(), "not JSON"),
    ] {
        let args = ["--expected-identity", IDENTITY, "-o", "json"];
        desk.put("changed.json", &changed);
        let parts = ["--manifest", "changed.json", "--signature-file", "good.sig"];
        desk.put("d/manifest.json", &changed);
        std::fs::copy(desk.sandbox.path("good.sig"), desk.sandbox.path("d/signature-1")).unwrap();
        for place in [&parts[..], &["dir:d"]] {
            let outcome = desk
                .run(&[place, &args].concat())
                .expect_verdict(1, "Rejected/DigestMismatch");
            let message = outcome.item()["message"].as_str().unwrap().to_owned();
            assert!(message.contains(words), "{changed:?}: {message}");
            assert!(message.contains("skopeo inspect --raw"), "{message}");
        }
    }
    // A manifest of another image has nothing to do with it.
    desk.put("changed.json", MANIFEST.replace("\"n\":2", "\"n\":3"));
    let outcome = desk.run(&[
        "--manifest",
        "changed.json",
        "--signature-file",
        "good.sig",
        "--expected-identity",
        IDENTITY,
    ]);
    assert!(!outcome.expect(1).stdout.contains("changed after"));
}

#[test]
fn a_manifest_inside_an_object_that_was_changed_says_how() {
    let desk = desk();
    let digest = image_signature::digest::Digest::of_manifest(MANIFEST.as_bytes()).unwrap();
    let mut object = crate::support::images::image(digest.as_str(), &[&desk.sign(digest.as_str(), IDENTITY)]);
    object["dockerImageManifest"] = format!("{MANIFEST}\n").into();
    desk.put("image.json", object.to_string());
    let outcome = desk.file("image.json").expect_verdict(1, "Rejected/ManifestMismatch");
    let message = outcome.item()["message"].as_str().unwrap().to_owned();
    assert!(message.contains("without the white space at its end"), "{message}");
}

#[test]
fn a_list_in_place_of_its_instance_names_the_instance() {
    let desk = desk();
    let digest = image_signature::digest::Digest::of_manifest(MANIFEST.as_bytes()).unwrap();
    for kind in [
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
    ] {
        let list = serde_json::json!({
            "schemaVersion": 2,
            "mediaType": kind,
            "manifests": [
                {"digest": D1, "size": 1, "platform": {"architecture": "amd64", "os": "linux"}},
                {"digest": digest.as_str(), "size": 1, "platform": {"architecture": "arm64", "os": "linux", "variant": "v8\u{1b}[2J"}},
            ],
        });
        desk.put("list.json", list.to_string());
        let outcome = desk
            .run(&[
                "--manifest",
                "list.json",
                "--signature-file",
                "good.sig",
                "--expected-identity",
                IDENTITY,
            ])
            .expect(1);
        for part in [
            "is a manifest list",
            "its instance linux/arm64/v8\\u{1b}[2J",
            &format!("docker://REPOSITORY@{digest}", digest = digest.as_str()),
        ] {
            assert!(outcome.words().contains(part), "{part}: {outcome:?}");
        }
    }
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
