// SPDX-License-Identifier: Apache-2.0
//! `make bench`: the peak memory of runs over 1,000 and over 100,000 images, in every output format and when recording.
//! `MEMORY_IMAGES` names another large number; `cargo bench --bench memory -- audit` measures the rows that begin so.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, missing_docs)]

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

const FEW: usize = 1_000;
const MANY: usize = 100_000;
/// How much more memory the large run may take than the small one, in KiB.
const BAR: u64 = 10 * 1024;
/// How much memory an audit may take at all, in KiB. gpg is a process of its own; GNU time tells the larger of the two.
const BAR_OF_AUDIT: u64 = 60 * 1024;
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
    if met {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// A list in JSON, or one YAML document an image; each image has a signature that is none and a record to take back.
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

/// The peak of one run, in KiB.
fn peak(file: &Path, command: &str) -> u64 {
    let report = file.with_extension("time");
    let mut timed = Command::new("/usr/bin/time");
    timed.args(["-f", "%M", "-o"]).arg(&report);
    timed
        .arg(env!("CARGO_BIN_EXE_image-signature"))
        .args(command.split(' '));
    timed.arg("-f").arg(file).stdout(Stdio::null()).stderr(Stdio::null());
    let judges = command.starts_with("verify") || command.starts_with("audit");
    if judges {
        let key = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/example/release-key.asc");
        timed.arg("--public-key").arg(key);
    }
    if command.starts_with("verify") {
        timed.args(["--expected-identity", REFERENCE]);
    }
    if command.starts_with("audit") {
        let map = file.with_extension("map");
        std::fs::write(&map, "registry.local:5000 registry.local:5000\n").unwrap();
        timed.arg("--expected-identity-map").arg(map);
    }
    let status = timed.status().unwrap();
    // Every image is rejected.
    assert_eq!(status.code(), Some(i32::from(judges)), "{command}");
    let text = std::fs::read_to_string(&report).unwrap();
    text.lines().last().unwrap().trim().parse().unwrap()
}
