// SPDX-License-Identifier: Apache-2.0
//! Tests that use the library where a run of the program would not show it, in processes of their own.

use std::env;
use std::process::Command;

/// Runs a test that asks GnuPG without the program in a process of its own, and says in that process that it is there.
/// Before gpgme is told a home it asks gpg for its version: not in that of whoever runs the tests.
pub fn is_apart(module: &str, test: &str) -> bool {
    const NO_HOME: &str = "/dev/null/none";
    if env::var_os("GNUPGHOME").is_some_and(|home| home == NO_HOME) {
        return true;
    }
    let (_, path) = module.split_once("::").unwrap();
    let run = Command::new(env::current_exe().unwrap())
        .args(["--exact", "--nocapture", &format!("{path}::{test}")])
        .env("GNUPGHOME", NO_HOME)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&run.stdout);
    assert!(run.status.success(), "{said}\n{}", String::from_utf8_lossy(&run.stderr));
    assert!(said.contains("1 passed"), "{path}::{test} did not run:\n{said}");
    false
}
