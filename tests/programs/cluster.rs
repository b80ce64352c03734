// SPDX-License-Identifier: Apache-2.0
//! Images of a cluster, its API server, and the test server that stands for it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, missing_docs)]

#[path = "../attach.rs"]
mod attach;
#[path = "../client.rs"]
mod client;
#[path = "../cluster.rs"]
mod cluster;
#[path = "../real_api.rs"]
mod real_api;
#[path = "../support/mod.rs"]
mod support;
