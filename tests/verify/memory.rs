// SPDX-License-Identifier: Apache-2.0
//! Memory does not grow with the number of images (docs/contract.md 2). `make bench` measures it at 100,000 images.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use crate::support::desk::{Desk, IDENTITY};
use crate::support::images::image;

const FEW: usize = 500;
/// How much more the larger run may take, in bytes for each image that it has more: one that is kept takes many times that.
const BAR: usize = 1024;

/// A list of Images, each with an invalid signature and a record to withdraw.
fn write(path: &Path, count: usize) {
    let mut file = BufWriter::new(File::create(path).unwrap());
    write!(file, r#"{{"kind":"List","apiVersion":"v1","items":["#).unwrap();
    for n in 0..count {
        let mut object = image(&format!("sha256:{n:064x}"), &[b"x"]);
        object["signatures"][0]["conditions"] = serde_json::json!([
            {"type": "Trusted", "status": "True", "reason": "Verified"},
            {"type": "ForImage", "status": "True", "reason": "Verified"},
        ]);
        let comma = if n == 0 { "" } else { "," };
        write!(file, "{comma}{object}").unwrap();
    }
    write!(file, "]}}").unwrap();
}

/// The peak memory of a run over so many images, in bytes. It only ever grows, so that what is read shortly before the end is it.
fn peak(desk: &Desk, options: &str, count: usize) -> usize {
    let path = desk.sandbox.path("many.json");
    write(&path, count);
    let mut command = desk.sandbox.command();
    command.args(options.split(' ')).arg("-f").arg(&path);
    command.arg("--public-key").arg(&desk.key_file);
    match options.starts_with("verify") {
        true => command.args(["--expected-identity", IDENTITY]),
        false => command
            .arg("--expected-identity-map")
            .arg(desk.put("map", "registry.local:5000 registry.local:5000\n")),
    };
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    let ended = loop {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let number = line.and_then(|rest| rest.trim().strip_suffix(" kB"));
        peak = number.map_or(peak, |number| number.parse::<usize>().unwrap() << 10);
        if let Some(ended) = child.try_wait().unwrap() {
            break ended;
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    // Every image is rejected.
    assert_eq!(ended.code(), Some(1), "{options}");
    assert!(peak > 0, "{options}");
    desk.sandbox.assert_clean();
    peak
}

#[test]
fn memory_does_not_grow_with_the_number_of_images() {
    let desk = Desk::new();
    for (options, many) in [
        ("verify -o json", 2500),
        ("verify -o yaml", 2500),
        ("verify -o text", 2500),
        ("verify --confirm", 1500),
        ("audit -o json", 2500),
    ] {
        let [small, large] = [FEW, many].map(|count| peak(&desk, options, count));
        assert!(
            large <= small + BAR * (many - FEW),
            "{options}: {small} bytes for {FEW} images, {large} for {many}"
        );
    }
}
