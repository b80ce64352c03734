// SPDX-License-Identifier: Apache-2.0
//! Self-tests of the server that plays the OpenShift API.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, missing_docs)]

mod support;
