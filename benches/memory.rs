// SPDX-License-Identifier: Apache-2.0
//! `make bench`: the peak memory of runs over 1,000 and over 100,000 images, in every output format and when recording; and of
//! audits of a cluster and of files in which each image has a tag and a signature that gpg checks.
//! `MEMORY_IMAGES` names another large number; `cargo bench --bench memory -- audit` measures the rows that begin so.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, missing_docs)]

mod fleet;
#[path = "../tests/support/mod.rs"]
mod support;

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

use support::forge::{Draft, Key};
use support::images::payload;

const FEW: usize = 1_000;
const MANY: usize = 100_000;
/// How much more memory the large run may take than the small one, in KiB.
const BAR: u64 = 10 * 1024;
/// How much memory an audit may take at all, in KiB. gpg is a process of its own; GNU time tells the larger of the two.
const BAR_OF_AUDIT: u64 = 60 * 1024;
/// How much more memory the large run may take where each image is used, in KiB: what uses an image, and what that expects,
/// is kept in short until the end (docs/contract.md 11).
const BAR_OF_USES: u64 = 13 * 1024;
const REFERENCE: &str = "registry.local:5000/foo/bar:v1";

fn main() -> ExitCode {
    // Without it the tests build and run this program too.
    if !std::env::args().any(|arg| arg == "--bench") {
        return ExitCode::SUCCESS;
    }
    if Command::new("/usr/bin/time").arg("--version").output().is_err() {
        println!("SKIPPED: GNU time is not installed: peak memory is not measured");
        return ExitCode::SUCCESS;
    }
    let rows = std::env::args()
        .skip(1)
        .find(|arg| !arg.starts_with('-'))
        .unwrap_or_default();
    let many = std::env::var("MEMORY_IMAGES").map_or(MANY, |n| n.parse().unwrap());
    let directory = tempfile::tempdir().unwrap();
    let mut met = true;
    println!("\npeak memory of commands with -f in MiB, {FEW} and {many} images");
    for syntax in ["json", "yaml"] {
        let files = [FEW, many].map(|count| write(directory.path(), syntax, count));
        for options in [
            "verify -o text",
            "verify -o wide",
            "verify -o name",
            "verify -o json",
            "verify -o yaml",
            "verify --explain",
            "verify --confirm",
            "verify --confirm -o json",
            "describe",
            "describe -o json",
            "audit",
            "audit -o wide",
            "audit -o json",
            "audit -o jsonl",
            "audit -o csv",
            "audit -o junit",
            "audit -o sarif",
            "audit -o html",
            "audit -o openmetrics",
            "audit --workers 8",
            "audit --confirm --max-downgrades 1000000",
            "remove -o yaml",
            "remove --confirm",
        ]
        .into_iter()
        .filter(|options| options.starts_with(&rows))
        {
            let begin = Instant::now();
            let [small, large] = files.each_ref().map(|file| peak(file, options));
            let is_met = large <= small + BAR && (large <= BAR_OF_AUDIT || !options.starts_with("audit"));
            met &= is_met;
            println!(
                "  {syntax}  {:<40} {:5.1} {:5.1}  {:6.1} s  {}",
                options,
                small as f64 / 1024.0,
                large as f64 / 1024.0,
                begin.elapsed().as_secs_f64(),
                if is_met { "met" } else { "NOT MET" }
            );
        }
    }
    println!(
        "  bar: at most {} MiB more, and an audit at most {} MiB",
        BAR / 1024,
        BAR_OF_AUDIT / 1024
    );
    if rows.is_empty() || rows == "used" {
        met &= used(directory.path(), many);
    }
    if met {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// A list in JSON, or one YAML document an image; each image has an invalid signature and a record to take back.
fn write(directory: &Path, syntax: &str, count: usize) -> PathBuf {
    let path = directory.join(format!("{count}.{syntax}"));
    let mut out = BufWriter::new(File::create(&path).unwrap());
    let conditions = r#"[{"type": "Trusted", "status": "True", "reason": "Verified"}, {"type": "ForImage", "status": "True", "reason": "Verified"}]"#;
    let is_json = syntax == "json";
    if is_json {
        writeln!(out, "{{\"kind\": \"List\", \"apiVersion\": \"v1\", \"items\": [").unwrap();
    }
    for n in 0..count {
        let name = format!("sha256:{n:064x}");
        if is_json {
            let comma = if n == 0 { "" } else { "," };
            writeln!(
                out,
                "{comma}{{\"kind\": \"Image\", \"metadata\": {{\"name\": \"{name}\"}}, \"dockerImageReference\": \"{REFERENCE}\", \"signatures\": [{{\"metadata\": {{\"name\": \
                 \"{name}@s\"}}, \"type\": \"atomic\", \"content\": \"eA==\", \"conditions\": {conditions}}}]}}"
            )
        } else {
            writeln!(
                out,
                "---\nkind: Image\nmetadata:\n  name: {name}\ndockerImageReference: {REFERENCE}\nsignatures:\n- metadata:\n    name: {name}@s\n  type: atomic\n  \
                 content: eA==\n  conditions: {conditions}"
            )
        }
        .unwrap();
    }
    if is_json {
        writeln!(out, "]}}").unwrap();
    }
    out.flush().unwrap();
    path
}

/// Whether audits of images with a tag each, all of which are Verified, take as little memory as they may.
fn used(directory: &Path, many: usize) -> bool {
    println!(
        "\npeak memory of audits in MiB, {FEW} and {many} images, each with a tag and a signature that gpg checks"
    );
    let key = Key::new();
    let key_file = directory.join("used.gpg");
    std::fs::write(&key_file, key.certificate("Example Release <release@example.com>")).unwrap();
    let images: Vec<fleet::Signed> = (0..many)
        .map(|n| {
            let (digest, reference) = (format!("sha256:{n:064x}"), format!("quay.example/team/app:v{n}"));
            let blob = key.message(&Draft::new(key.created), &payload(&digest, &reference));
            (digest, reference, blob)
        })
        .collect();
    let mut met = true;
    let mut measure = |what: &str, options: &str, places: &[Vec<String>; 2]| {
        let begin = Instant::now();
        let [small, large] = places.each_ref().map(|place| {
            let mut audit = vec!["audit", "--public-key", key_file.to_str().unwrap()];
            audit.extend(options.split(' '));
            audit.extend(place.iter().map(String::as_str));
            let (peak, status) = timed(&directory.join("time"), &audit);
            assert_eq!(status, Some(0), "{audit:?}");
            peak
        });
        let is_met = large <= small + BAR_OF_USES && large <= BAR_OF_AUDIT;
        met &= is_met;
        println!(
            "  {what:<8} {options:<35} {:5.1} {:5.1}  {:6.1} s  {}",
            small as f64 / 1024.0,
            large as f64 / 1024.0,
            begin.elapsed().as_secs_f64(),
            if is_met { "met" } else { "NOT MET" }
        );
    };
    let [few, many] = [&images[..FEW.min(many)], &images[..]];
    let files = [few, many].map(|images| {
        let path = directory.join(format!("used-{}.json", images.len()));
        fleet::file(&path, images);
        vec!["-f".to_owned(), path.display().to_string()]
    });
    for options in ["-o jsonl", "-o html"] {
        measure("files", options, &files);
    }
    let scenes = [few, many].map(fleet::cluster);
    let clusters = scenes.each_ref().map(|scene| {
        let kubeconfig = scene.sandbox.path("home/.kube/config");
        vec!["--kubeconfig".to_owned(), kubeconfig.display().to_string()]
    });
    for options in ["-o jsonl", "-o html"] {
        measure("cluster", options, &clusters);
    }
    println!(
        "  bar: at most {} MiB more, and an audit at most {} MiB",
        BAR_OF_USES / 1024,
        BAR_OF_AUDIT / 1024
    );
    met
}

/// The peak of one run, in KiB, and its exit status.
fn timed(report: &Path, args: &[&str]) -> (u64, Option<i32>) {
    let mut timed = Command::new("/usr/bin/time");
    timed.args(["-f", "%M", "-o"]).arg(report);
    timed.arg(env!("CARGO_BIN_EXE_image-signature")).args(args);
    let status = timed.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap();
    let text = std::fs::read_to_string(report).unwrap();
    (text.lines().last().unwrap().trim().parse().unwrap(), status.code())
}

/// The peak of one run over a file, in KiB.
fn peak(file: &Path, command: &str) -> u64 {
    let key = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/example/release-key.asc");
    let map = file.with_extension("map");
    let mut args: Vec<&str> = command.split(' ').collect();
    args.extend(["-f", file.to_str().unwrap()]);
    let judges = command.starts_with("verify") || command.starts_with("audit");
    if judges {
        args.extend(["--public-key", key.to_str().unwrap()]);
    }
    if command.starts_with("verify") {
        args.extend(["--expected-identity", REFERENCE]);
    }
    if command.starts_with("audit") {
        std::fs::write(&map, "registry.local:5000 registry.local:5000\n").unwrap();
        args.extend(["--expected-identity-map", map.to_str().unwrap()]);
    }
    let (peak, status) = timed(&file.with_extension("time"), &args);
    // Every image is rejected.
    assert_eq!(status, Some(i32::from(judges)), "{command}");
    peak
}
