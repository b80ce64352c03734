// SPDX-License-Identifier: Apache-2.0
//! What the tests share. No test uses all of it.

#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    missing_docs
)]

pub mod api;
pub mod cluster;
pub mod desk;
pub mod forge;
pub mod gpg;
pub mod images;
pub mod packets;
pub mod program;
pub mod schema;
pub mod secrets;
pub mod system;
pub mod terminal;
pub mod vectors;

/// Says that a test, or a part of one, did not run, and why. Never silent: CI prints these lines.
pub fn skipped(what: &str, why: &str) {
    println!("SKIPPED: {what}: {why}");
}
