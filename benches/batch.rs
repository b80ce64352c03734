// SPDX-License-Identifier: Apache-2.0
//! `make bench`: what many signatures cost with one gpg process for all of them, as a ratio against gpgme in the same run.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, missing_docs)]

mod measure;
mod signer;

use std::path::Path;
use std::process::ExitCode;

use base64::Engine as _;
use measure::{mean, median, rounds, Case};
use serde_json::{json, Value};
use signer::Signer;

/// Signatures of a run.
const SIGNATURES: usize = 2_000;
/// Signatures of an image.
const AN_IMAGE: usize = 100;
/// Measured runs of each kind.
const ROUNDS: usize = 5;
/// The check by a worker may take this part of the CPU time of the check by gpgme.
const BAR: f64 = 0.15;
/// Measured runs of each kind with one signature.
const ROUNDS_OF_ONE: usize = 60;
/// One signature may not take longer for the choice; the rest is noise.
const BAR_OF_ONE: f64 = 1.05;
const REFERENCE: &str = "registry.local:5000/foo/bar:v1";

fn main() -> ExitCode {
    if !measure::is_wanted() {
        return ExitCode::SUCCESS;
    }
    let directory = tempfile::tempdir_in("/dev/shm").unwrap();
    let signer = Signer(directory.path().join("signer"));
    let key_file = signer.make_key();
    let [many, one] =
        [("many.json", SIGNATURES / AN_IMAGE, AN_IMAGE), ("one.json", 1, 1)].map(|(name, images, each)| {
            let objects = directory.path().join(name);
            std::fs::write(&objects, list(&signer, images, each).to_string()).unwrap();
            objects
        });
    let case = |objects: &Path, engine: &'static str| Case {
        name: engine,
        command: [
            env!("CARGO_BIN_EXE_image-signature"),
            "verify",
            "--engine",
            engine,
            "--expected-identity",
            REFERENCE,
            "--public-key",
            key_file.to_str().unwrap(),
            "-f",
            objects.to_str().unwrap(),
        ]
        .map(str::to_owned)
        .to_vec(),
        home: None,
    };
    let mut met = true;
    let mut compare = |name: &str, figure: &str, bar: f64, own: f64, other: f64| {
        let ratio = own / other;
        met &= ratio <= bar;
        println!(
            "  bar: {name} at most {bar} of the {figure} of gpgme: {ratio:.3}, {}",
            if ratio <= bar { "met" } else { "NOT MET" }
        );
    };

    println!("\n{SIGNATURES} good signatures, {ROUNDS} runs each, CPU of all processes");
    let cases = ["gpgme", "batch", "auto"].map(|engine| case(&many, engine));
    let [gpgme, batch, auto] = rounds(cases.each_ref(), ROUNDS);
    for (case, figures) in cases.iter().zip([&gpgme, &batch, &auto]) {
        println!(
            "  {:6} {:7.0} ms CPU, {:.3} ms a signature, {:7.0} ms wall",
            case.name,
            median(&figures.cpu) * 1e3,
            median(&figures.cpu) * 1e3 / SIGNATURES as f64,
            median(&figures.wall) * 1e3
        );
    }
    compare("batch", "CPU", BAR, median(&batch.cpu), median(&gpgme.cpu));
    compare("auto", "CPU", BAR, median(&auto.cpu), median(&gpgme.cpu));

    println!("\none signature, {ROUNDS_OF_ONE} runs each");
    let cases = ["gpgme", "auto"].map(|engine| case(&one, engine));
    let [gpgme, auto] = rounds(cases.each_ref(), ROUNDS_OF_ONE);
    for (case, figures) in cases.iter().zip([&gpgme, &auto]) {
        println!(
            "  {:6} {:5.1} ms CPU, {:5.1} ms wall (fastest {:5.1})",
            case.name,
            mean(&figures.cpu) * 1e3,
            median(&figures.wall) * 1e3,
            figures.wall.iter().copied().fold(f64::INFINITY, f64::min) * 1e3
        );
    }
    // CPU is counted in hundredths of a second: only the mean of many runs says something.
    compare("auto", "CPU", BAR_OF_ONE, mean(&auto.cpu), mean(&gpgme.cpu));
    compare("auto", "wall time", BAR_OF_ONE, median(&auto.wall), median(&gpgme.wall));
    if met {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Images, each with as many signatures for it.
fn list(signer: &Signer, images: usize, signatures: usize) -> Value {
    let image = |n: usize| {
        let digest = format!("sha256:{n:064x}");
        let payload = json!({
            "critical": {
                "type": "atomic container signature",
                "image": {"docker-manifest-digest": digest},
                "identity": {"docker-reference": REFERENCE},
            },
            "optional": {},
        });
        let blob = signer.sign(payload.to_string().as_bytes());
        let content = base64::engine::general_purpose::STANDARD.encode(blob);
        let name = |s: usize| format!("{digest}@{s}");
        let entries: Vec<Value> = (0..signatures)
            .map(|s| json!({"metadata": {"name": name(s)}, "type": "atomic", "content": content}))
            .collect();
        json!({
            "apiVersion": "image.openshift.io/v1",
            "kind": "Image",
            "metadata": {"name": digest},
            "signatures": entries,
        })
    };
    let items: Vec<Value> = (1..=images).map(image).collect();
    json!({"apiVersion": "v1", "kind": "List", "items": items})
}
