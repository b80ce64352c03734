// SPDX-License-Identifier: Apache-2.0
//! How the program is linked.

use std::process::Command;

use crate::support::program::{binary, has};
use crate::support::skipped;

#[test]
fn the_program_is_position_independent_with_full_relro_and_no_executable_stack() {
    if !has("readelf") {
        return skipped("hardening", "readelf is not installed");
    }
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/packaging/check-hardening.sh");
    let run = Command::new(script).arg(binary()).output().unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    assert!(String::from_utf8_lossy(&run.stdout).starts_with("hardened: "));
}

#[test]
fn the_build_date_is_the_one_that_was_asked_for() {
    let sandbox = crate::support::program::Sandbox::new();
    let script = sandbox.path("script");
    let compiler = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let built = std::process::Command::new(compiler)
        .args(["--edition", "2021", "-o"])
        .arg(&script)
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/build.rs"))
        .output();
    if !built.is_ok_and(|output| output.status.success()) {
        return crate::support::skipped("the build date", "rustc is not to be had");
    }
    let run = |epoch: &str| {
        std::process::Command::new(&script)
            .env("SOURCE_DATE_EPOCH", epoch)
            .output()
            .unwrap()
    };
    for (epoch, date) in [
        ("0", "1970-01-01"),
        ("951782400", "2000-02-29"),
        ("1764028800", "2025-11-25"),
    ] {
        let text = String::from_utf8(run(epoch).stdout).unwrap();
        assert!(
            text.contains(&format!("IMAGE_SIGNATURE_DATE={date}\n")),
            "{epoch}: {text}"
        );
    }
    assert!(!run("yesterday").status.success());
}
