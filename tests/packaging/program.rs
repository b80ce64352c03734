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
