// SPDX-License-Identifier: Apache-2.0
//! The settings of `completion`: the shell alone.

pub use crate::cli::completion::Shell;
