// SPDX-License-Identifier: Apache-2.0
//! Images in files and directories: judging, policies, records.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, missing_docs)]

#[path = "../audit.rs"]
mod audit;
#[path = "../audit_reports.rs"]
mod audit_reports;
#[path = "../policy.rs"]
mod policy;
#[path = "../record.rs"]
mod record;
#[path = "../support/mod.rs"]
mod support;
#[path = "../verify.rs"]
mod verify;
