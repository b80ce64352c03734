// SPDX-License-Identifier: Apache-2.0
//! Which of the standard streams a person looks at.

use std::io::{stderr, stdout, IsTerminal};

use rustix::termios::tcgetwinsize;

/// Which of the standard streams are terminals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terminal {
    /// Standard output is one.
    pub stdout: bool,
    /// Standard error is one.
    pub stderr: bool,
    /// Columns of that on standard output.
    pub columns: Option<usize>,
}

impl Terminal {
    /// Looks at the streams of this process.
    #[must_use]
    pub fn take() -> Self {
        Self {
            stdout: stdout().is_terminal(),
            stderr: stderr().is_terminal(),
            columns: tcgetwinsize(stdout()).ok().map(|size| usize::from(size.ws_col)),
        }
    }
}
