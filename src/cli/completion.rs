// SPDX-License-Identifier: Apache-2.0
//! `completion`

use clap::{Args, ValueEnum};

/// A shell that completion scripts are written for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs)]
pub enum Shell {
    Bash,
    Zsh,
    Fish,
}

/// Print a script that makes a shell complete the words of this program.
#[derive(Debug, Args)]
pub struct Completion {
    /// The shell
    #[arg(value_name = "SHELL")]
    pub shell: Shell,
}
