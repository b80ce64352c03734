// SPDX-License-Identifier: Apache-2.0
//! Images in files and directories: each once, in order, whatever the number of threads.

use serde_json::json;

use crate::audit::bench::{digest, Bench, Report, PLACE, SIGNED};
use crate::support::images::{image, list};

#[test]
fn every_image_of_a_folder_is_in_the_report_once_and_in_order() {
    let bench = Bench::new();
    bench.mixed("folder/one.json", 30);
    bench.desk.put("folder/two.json", bench.good(100).to_string());
    bench.desk.put("folder/deep/three.json", bench.good(101).to_string());
    let first = bench.lines(&["-f", "folder", "--workers", "1"], 1);
    assert_eq!(first.entries.len(), 31);
    let words = first.words();
    for (n, word) in words.iter().take(30).enumerate() {
        let wanted = match n % 10 {
            7 => "Rejected/IdentityMismatch",
            8 => "Rejected/NotASignature",
            9 => "Unsigned/NoSignature",
            _ => "Verified/Verified",
        };
        assert_eq!(*word, wanted, "{n}");
        assert_eq!(first.entries[n]["image"], digest(n));
        assert_eq!(first.entries[n]["source"], "file:folder/one.json");
    }
    assert_eq!(first.entries[0]["expected"], json!([format!("{SIGNED}:v1")]));
    assert_eq!(first.entries[0]["identitySource"], "map");
    assert_eq!(first.entries[0]["signatures"][0]["signer"]["primary"], bench.desk.key);
    for workers in ["2", "7"] {
        let other = bench.lines(&["-f", "folder", "--workers", workers], 1);
        assert_eq!(other.entries, first.entries);
    }
    let deep = bench.lines(&["-f", "folder", "-R"], 1);
    assert_eq!(deep.entries.len(), 32);
}

#[test]
fn engines_agree() {
    let bench = Bench::new();
    bench.mixed("images.json", 40);
    let reports: Vec<Report> = ["gpgme", "batch", "auto"]
        .iter()
        .map(|engine| bench.lines(&["-f", "images.json", "--engine", engine], 1))
        .collect();
    for report in &reports {
        assert_eq!(report.entries, reports[0].entries);
        // Where GnuPG is asked in another way, nothing else is found: one may go on from the other.
        assert_eq!(report.head["options"], reports[0].head["options"]);
    }
}

/// Where many images are known to come, gpgme has none of the good signatures to check.
#[test]
fn workers_check_from_the_first_signature_on_where_there_are_many_images() {
    let bench = Bench::new();
    bench.mixed("many.json", 40);
    bench.mixed("few.json", 10);
    // Of ten, eight have a signature that is good, for whatever image.
    for (file, engine, expected) in [
        ("many.json", "auto", [1, 32, 0]),
        ("few.json", "auto", [0, 0, 8]),
        ("few.json", "batch", [1, 8, 0]),
    ] {
        let outcome = bench.run(&["-v", "-f", file, "--engine", engine, "--workers", "1"]);
        assert_eq!(outcome.expect(1).workers(), expected, "{file}, {engine}");
    }
    let key = bench.desk.key_file.to_str().unwrap();
    let identity = format!("{SIGNED}:v1");
    let common = [
        "verify",
        "-v",
        "--public-key",
        key,
        "--expected-identity",
        &identity,
        "-f",
    ];
    for (file, expected) in [("many.json", [1, 32, 0]), ("few.json", [0, 0, 8])] {
        let args = [&common[..], &[file]].concat();
        assert_eq!(bench.desk.sandbox.run(args).expect(1).workers(), expected, "{file}");
    }
}

#[test]
fn the_summary_counts_verdicts() {
    let bench = Bench::new();
    bench.mixed("images.json", 10);
    let outcome = bench.run(&["-f", "images.json"]).expect(1);
    assert!(outcome.stdout.contains("10 images"), "{outcome:#?}");
    assert!(outcome.words().contains("7 Verified"), "{outcome:#?}");
}

#[test]
fn a_file_that_cannot_be_read_spoils_no_other_and_leaves_the_audit_incomplete() {
    let bench = Bench::new();
    bench.desk.put("folder/bad.json", "{");
    bench.desk.put("folder/good.json", bench.good(1).to_string());
    let report = bench.lines(&["-f", "folder"], 3);
    assert_eq!(report.words(), ["Unchecked/SourceUnavailable", "Verified/Verified"]);
    assert!(report.tail["incomplete"][0].as_str().unwrap().contains("bad.json"));
}

#[test]
fn nothing_to_judge_is_no_success() {
    let bench = Bench::new();
    bench.desk.put("folder/readme.txt", "");
    let report = bench.lines(&["-f", "folder"], 3);
    assert_eq!(report.entries.len(), 0);
    let others = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}});
    bench.desk.put("folder/map.json", others.to_string());
    let outcome = bench.run(&["-f", "folder"]).expect(3);
    assert!(
        outcome.stderr.contains("1 object of another kind was skipped"),
        "{outcome:#?}"
    );
    assert!(outcome.stderr.contains("there is no image"), "{outcome:#?}");
}

#[test]
fn views_are_judged_where_the_image_is_not_there_itself() {
    let bench = Bench::new();
    let view = |name: &str, n: usize| {
        json!({
            "kind": "ImageStreamTag", "apiVersion": "image.openshift.io/v1",
            "metadata": {"name": name, "namespace": "ns"}, "image": bench.good(n),
        })
    };
    let objects = [view("app:v1", 1), view("app:v2", 1), view("app:v3", 2), bench.good(2)];
    bench.desk.put("all.json", list(&objects).to_string());
    let report = bench.lines(&["-f", "all.json"], 0);
    let images: Vec<&str> = report
        .entries
        .iter()
        .map(|entry| entry["image"].as_str().unwrap())
        .collect();
    assert_eq!(images, [digest(1), digest(2)]);
}

#[test]
fn objects_that_differ_under_one_name_are_not_judged() {
    let bench = Bench::new();
    let mut other = bench.good(1);
    other["metadata"]["resourceVersion"] = json!("8");
    let same = bench.good(2);
    let objects = [bench.good(1), other, same.clone(), same];
    bench.desk.put("all.json", list(&objects).to_string());
    let report = bench.lines(&["-f", "all.json"], 1);
    assert_eq!(report.words(), ["Unchecked/SourceUnavailable", "Verified/Verified"]);
}

#[test]
fn a_directory_is_judged_by_the_digest_of_its_manifest() {
    let bench = Bench::new();
    let manifest = b"{\"schemaVersion\": 2}\n";
    let digest = image_signature::digest::Digest::of_bytes(manifest);
    bench.desk.put("image/manifest.json", manifest);
    bench.desk.put(
        "image/signature-1",
        bench.desk.sign(digest.as_str(), &format!("{SIGNED}:v1")),
    );
    let report = bench.lines(&[&format!("dir:image={SIGNED}:v1")], 0);
    assert_eq!(report.entry()["image"], digest.as_str());
    assert_eq!(report.entry()["source"], "dir:image");
    assert_eq!(report.entry()["identitySource"], "user");
    bench.desk.put("list", "# all\n\ndir:image\n");
    let report = bench.lines(&["--images-from", "list"], 1);
    assert_eq!(report.words(), ["Unchecked/NoExpectedIdentity"]);
    // The map knows places in registries, and a directory is none.
    let message = report.entry()["message"].as_str().unwrap().to_owned();
    assert!(
        message.contains("write dir:image=REF, or name it in --images-from"),
        "{message}"
    );
    assert!(!message.contains("map") && !message.contains("digest"), "{message}");
}

#[test]
fn a_key_that_is_in_no_keyring_is_named_as_claimed() {
    let bench = Bench::new();
    let stranger = bench.desk.signer.simple_key("Stranger <s@example.com>");
    let payload = crate::support::images::payload(&digest(1), &format!("{SIGNED}:v1"));
    let blob = bench.desk.signer.sign(&stranger, &payload);
    bench.desk.put("image.json", bench.image(1, &[&blob]).to_string());
    let report = bench.lines(&["-f", "image.json"], 1);
    let signature = &report.entry()["signatures"][0];
    assert_eq!(signature["reason"], "UnknownKey");
    let claimed = signature["claimedKey"].as_str().unwrap();
    assert!(stranger.ends_with(claimed), "{claimed}");
    assert_eq!(signature.get("signer"), None);
}

#[test]
fn an_object_without_a_tag_in_its_place_is_not_judged_by_its_digest() {
    let bench = Bench::new();
    let d = digest(1);
    let blob = bench.desk.sign(&d, &format!("{SIGNED}:v1"));
    // image() says where it is by digest, at a place that no line of the map is for.
    bench.desk.put("image.json", image(&d, &[&blob]).to_string());
    let report = bench.lines(&["-f", "image.json"], 1);
    assert_eq!(report.words(), ["Unchecked/NoExpectedIdentity"]);
    assert_eq!(report.entry()["expected"], json!([]));
    // At one that a line is for, any tag of the repository will do, and the digest must be the image's.
    let mut mapped = image(&d, &[&blob]);
    mapped["dockerImageReference"] = json!(format!("{PLACE}@{d}"));
    bench.desk.put("image.json", mapped.to_string());
    let report = bench.lines(&["-f", "image.json"], 0);
    assert_eq!(report.entry()["expected"], json!([format!("{SIGNED}@{d}")]));
    mapped["dockerImageReference"] = json!(format!("{PLACE}@{}", digest(2)));
    bench.desk.put("image.json", mapped.to_string());
    let report = bench.lines(&["-f", "image.json"], 1);
    assert_eq!(report.words(), ["Rejected/IdentityMismatch"]);
}

/// Whoever writes a map must know what repository it lacks; what others wrote there is no expectation, and moves no terminal.
#[test]
fn an_image_without_expected_identity_is_told_with_the_repository_that_its_object_names() {
    let bench = Bench::new();
    for (reference, told) in [
        (format!("quay.io/other/app@{}", digest(1)), "quay.io/other/app"),
        ("\u{1b}[31m x".to_owned(), "\\u{1b}[31m x"),
    ] {
        let mut object = bench.good(1);
        object["dockerImageReference"] = json!(reference);
        bench.desk.put("one.json", object.to_string());
        let report = bench.lines(&["-f", "one.json"], 1);
        assert_eq!(report.words(), ["Unchecked/NoExpectedIdentity"]);
        let message = report.entry()["message"].as_str().unwrap();
        assert!(
            message.ends_with(&format!("; its object names the repository {told}")),
            "{message}"
        );
    }
}

/// A digest of 71 columns stands below the rest of its row where there is not room for both.
#[test]
fn the_table_fits_the_columns_that_there_are() {
    let bench = Bench::new();
    let object = bench.image(1, &[b"garbage"]);
    bench.desk.put("one.json", object.to_string());
    let in_columns = |columns: &str| {
        let mut command = bench.desk.sandbox.command();
        command.env("COLUMNS", columns).args(["audit", "-f", "one.json"]);
        command.args(["--expected-identity-map", "map", "--public-key"]);
        command.arg(&bench.desk.key_file);
        bench.desk.sandbox.finish(&mut command, b"").expect(1).stdout
    };
    let d = digest(1);
    let narrow = format!("\nVERDICT       REASON\n    IMAGE\nRejected      NotASignature\n    {d}\n");
    let wide = format!("\nVERDICT       REASON                 IMAGE\nRejected      NotASignature          {d}\n");
    let text = in_columns("80");
    assert!(text.contains(&narrow) && !text.contains("used by"), "{text}");
    assert!(text.lines().all(|line| line.len() <= 80), "{text}");
    let text = in_columns("108");
    assert!(text.contains(&wide), "{text}");
    assert!(in_columns("107").contains(&narrow));
    assert!(in_columns("none").contains(&wide));
}
