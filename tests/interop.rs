// SPDX-License-Identifier: Apache-2.0
//! The other side: what skopeo signs is verified here, and skopeo agrees with the verdicts on signatures made by hand.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, missing_docs)]

mod support;

#[path = "interop/policies.rs"]
mod policies;
#[path = "interop/registry.rs"]
mod registry;
#[path = "interop/skopeo.rs"]
mod skopeo;
