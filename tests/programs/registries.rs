// SPDX-License-Identifier: Apache-2.0
//! Images in registries, real ones and hostile ones.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, missing_docs)]

#[path = "../hostile.rs"]
mod hostile;
#[path = "../registry.rs"]
mod registry;
#[path = "../support/mod.rs"]
mod support;
