// SPDX-License-Identifier: Apache-2.0
//! Bounds on what others control (docs/contract.md 6).

use std::fs::File;
use std::io::{BufWriter, Write};

use crate::support::images::{image, signature, D1, D2};
use crate::support::program::has;
use crate::support::skipped;
use crate::verify::{words, Desk, IDENTITY};

/// Runs with so much memory of its own, in MiB; what libraries bring does not count.
fn with_memory(desk: &Desk, mebibytes: u64, name: &str) -> crate::verify::Outcome {
    let mut command = desk.sandbox.command_of(std::path::Path::new("/usr/bin/prlimit"));
    command
        .arg(format!("--data={}", mebibytes << 20))
        .arg(crate::support::program::binary())
        .args([
            "verify",
            "-o",
            "name",
            "--expected-identity",
            IDENTITY,
            "-f",
            name,
            "--public-key",
        ])
        .arg(&desk.key_file);
    desk.sandbox.finish(&mut command, b"")
}

#[test]
fn a_large_list_costs_little_memory() {
    if !has("prlimit") {
        return skipped("memory for a large list", "prlimit is not installed");
    }
    let desk = Desk::new();
    let mut file = BufWriter::new(File::create(desk.sandbox.path("list.json")).unwrap());
    file.write_all(br#"{"kind":"List","apiVersion":"v1","items":["#)
        .unwrap();
    let filler = "x".repeat(256 << 10);
    for n in 0..256 {
        let mut object = image(&format!("sha256:{n:064x}"), &[]);
        object["dockerImageConfig"] = filler.as_str().into();
        write!(file, "{object},").unwrap();
    }
    write!(file, "{}]}}", desk.signed()).unwrap();
    drop(file);
    let size = std::fs::metadata(desk.sandbox.path("list.json")).unwrap().len();
    assert!(size > 64 << 20, "{size}");
    // Far less than the file has.
    let outcome = with_memory(&desk, 32, "list.json").expect(1);
    assert_eq!(outcome.stdout, format!("image.image.openshift.io/{D1}\n"));
}

#[test]
fn one_object_that_is_too_large_is_unchecked_and_the_others_are_judged() {
    let desk = Desk::new();
    let mut large = image(D2, &[]);
    large["dockerImageConfig"] = "x".repeat((16 << 20) + 1).into();
    desk.put(
        "list.json",
        crate::support::images::list(&[large, desk.signed()]).to_string(),
    );
    let outcome = desk.file("list.json").expect(3);
    assert_eq!(words(&outcome), ["Unchecked/SourceUnavailable", "Verified/Verified"]);
    assert!(
        outcome.item()["message"].as_str().unwrap().contains("16777216"),
        "{outcome:?}"
    );
}

#[test]
fn deep_nesting_is_refused_without_a_crash() {
    let desk = Desk::new();
    for depth in [65, 1000, 2_000_000] {
        let nested = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        let object = format!("{{\"kind\":\"Image\",\"metadata\":{{\"name\":\"{D2}\"}},\"x\":{nested}}}");
        desk.put("image.json", &object);
        desk.file("image.json").expect_verdict(3, "Unchecked/SourceUnavailable");
        if depth < 1_000_000 {
            let list = format!("{{\"kind\":\"List\",\"items\":[{object},{}]}}", desk.signed());
            desk.put("list.json", list);
            let outcome = desk.file("list.json").expect(3);
            assert_eq!(words(&outcome), ["Unchecked/SourceUnavailable", "Verified/Verified"]);
        }
        let yaml = format!("kind: Image\nmetadata: {{name: \"{D2}\"}}\nx: {nested}\n");
        desk.put("image.yaml", yaml);
        desk.file("image.yaml").expect_verdict(3, "Unchecked/SourceUnavailable");
    }
}

#[test]
fn aliases_that_multiply_are_refused() {
    let desk = Desk::new();
    let mut yaml = format!("kind: Image\nmetadata: {{name: \"{D2}\"}}\na0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for n in 1..12 {
        let one = format!("*a{}", n - 1);
        let ten = vec![one; 10].join(", ");
        yaml.push_str(&format!("a{n}: &a{n} [{ten}]\n"));
    }
    desk.put("image.yaml", yaml);
    desk.file("image.yaml").expect_verdict(3, "Unchecked/SourceUnavailable");
}

#[test]
fn signatures_have_a_largest_size_and_number() {
    let desk = Desk::new();
    let large = vec![0x90; (1 << 20) + 1];
    desk.put("image.json", image(D1, &[&large]).to_string());
    desk.file("image.json").expect_verdict(1, "Rejected/LimitExceeded");
    let mut object = desk.signed();
    let good = object["signatures"][0].clone();
    let filler = signature(D1, "x", b"\x90x");
    for (count, verdict) in [(127, "Verified/Verified"), (128, "Rejected/NotASignature")] {
        let mut all = vec![filler.clone(); count];
        all.push(good.clone());
        object["signatures"] = all.into();
        desk.put("image.json", object.to_string());
        assert_eq!(desk.file("image.json").verdict(), verdict);
    }
}

#[test]
fn payloads_have_a_largest_size() {
    let desk = Desk::new();
    let mut payload = crate::support::images::payload(D1, IDENTITY);
    payload.resize(64 << 10, b' ');
    desk.put(
        "image.json",
        image(D1, &[&desk.signer.sign(&desk.key, &payload)]).to_string(),
    );
    desk.file("image.json").expect_verdict(0, "Verified/Verified");
    payload.push(b' ');
    desk.put(
        "image.json",
        image(D1, &[&desk.signer.sign(&desk.key, &payload)]).to_string(),
    );
    desk.file("image.json").expect_verdict(1, "Rejected/LimitExceeded");
}
