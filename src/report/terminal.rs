// SPDX-License-Identifier: Apache-2.0
//! Which of the standard streams a person looks at.

use std::io::{stderr, stdout, IsTerminal};

use rustix::termios::tcgetwinsize;

use crate::settings::environment::Terminal;

/// Columns of the terminal on standard error, which somebody may make wider or narrower meanwhile.
#[must_use]
pub(super) fn columns_of_stderr() -> Option<usize> {
    tcgetwinsize(stderr()).ok().map(|size| usize::from(size.ws_col))
}

/// Looks at the streams of this process.
#[must_use]
pub fn look() -> Terminal {
    Terminal {
        stdout: stdout().is_terminal(),
        stderr: stderr().is_terminal(),
        columns: tcgetwinsize(stdout()).ok().map(|size| usize::from(size.ws_col)),
    }
}
