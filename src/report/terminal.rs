// SPDX-License-Identifier: Apache-2.0
//! Which of the standard streams a person looks at.

use std::io::{stderr, stdout, IsTerminal};
use std::os::fd::AsFd;

use rustix::termios::tcgetwinsize;

use crate::settings::environment::Terminal;

/// Columns of the terminal on standard error, which somebody may make wider or narrower meanwhile.
#[must_use]
pub(super) fn columns_of_stderr() -> Option<usize> {
    columns(stderr())
}

/// None also where the terminal does not know, as on a serial line.
fn columns(stream: impl AsFd) -> Option<usize> {
    let size = tcgetwinsize(stream).ok()?;
    Some(usize::from(size.ws_col)).filter(|columns| *columns > 0)
}

/// Looks at the streams of this process.
#[must_use]
pub fn look() -> Terminal {
    Terminal {
        stdout: stdout().is_terminal(),
        stderr: stderr().is_terminal(),
        columns: columns(stdout()),
    }
}
