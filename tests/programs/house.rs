// SPDX-License-Identifier: Apache-2.0
//! The house itself: rules of the sources, manuals, completions, packaging, and how text looks.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, missing_docs)]

#[path = "../completions.rs"]
mod completions;
#[path = "../manual.rs"]
mod manual;
#[path = "../packaging.rs"]
mod packaging;
#[path = "../rules.rs"]
mod rules;
#[path = "../support/mod.rs"]
mod support;
#[path = "../text.rs"]
mod text;
