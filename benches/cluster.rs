// SPDX-License-Identifier: Apache-2.0
//! `make bench`: what a cluster adds to one verification: requests, and CPU time against the same image from a file.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, missing_docs)]

mod measure;
#[path = "../tests/support/mod.rs"]
mod support;

use std::process::ExitCode;

use measure::{mean, median, rounds, Case};
use support::cluster::{Scene, IDENTITY};
use support::images::D1;

/// How many pairs of runs are compared.
const PAIRS: usize = 40;
/// What `verify --confirm` of one image may take beyond the same verification from a file, in CPU seconds.
const CPU_BAR: f64 = 0.030;
/// How many requests it may make: the right, the image, the user, the write.
const REQUESTS: usize = 4;

fn main() -> ExitCode {
    if !measure::is_wanted() {
        return ExitCode::SUCCESS;
    }
    let scene = Scene::signed();
    let kubeconfig = scene.sandbox.path("home/.kube/config");
    let file = scene.sandbox.file("image.json", scene.server.stored(D1).to_string());
    let program = env!("CARGO_BIN_EXE_image-signature");
    let key = scene.key_file.to_str().unwrap();
    let command = |more: &[&str]| {
        let args = [
            &[program, "verify", "--expected-identity", IDENTITY, "--public-key", key],
            more,
        ]
        .concat();
        args.into_iter().map(str::to_owned).collect()
    };
    let from_file = Case {
        name: "verify -f",
        command: command(&["-f", file.to_str().unwrap()]),
        home: None,
    };
    let from_cluster = Case {
        name: "verify --confirm of one Image by name, on loopback",
        command: command(&[D1, "--confirm", "--kubeconfig", kubeconfig.to_str().unwrap()]),
        home: None,
    };
    measure::run(&from_cluster);
    let requests = scene.server.requests().len();
    println!("\n{}: {requests} requests", from_cluster.name);
    let met = verdict(&format!("{REQUESTS} requests"), requests <= REQUESTS);
    let [cluster, file] = rounds([&from_cluster, &from_file], PAIRS);
    let more = mean(&cluster.cpu) - mean(&file.cpu);
    println!(
        "  wall  {:5.1} ms against {:5.1} ms from a file (medians)",
        median(&cluster.wall) * 1e3,
        median(&file.wall) * 1e3
    );
    println!(
        "  CPU   {:5.1} ms against {:5.1} ms from a file (means, all processes): {:.1} ms more",
        mean(&cluster.cpu) * 1e3,
        mean(&file.cpu) * 1e3,
        more * 1e3
    );
    let met = verdict(&format!("at most {} ms more", CPU_BAR * 1e3), more <= CPU_BAR) & met;
    if met {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn verdict(what: &str, met: bool) -> bool {
    println!("  bar: {what}: {}", if met { "met" } else { "NOT MET" });
    met
}
