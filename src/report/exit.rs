// SPDX-License-Identifier: Apache-2.0
//! The exit status of a command (docs/contract.md 3).

use std::process::ExitCode;

/// What a command amounts to. A run that a signal interrupts ends with 130 instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// 0: everything that was asked for holds.
    Success,
    /// 1: something does not hold.
    Negative,
    /// 2: the program was called wrongly; nothing was contacted.
    Usage,
    /// 3: something could not be decided, recorded or printed.
    Trouble,
}

impl Exit {
    /// The number that the program ends with.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Exit::Success => 0,
            Exit::Negative => 1,
            Exit::Usage => 2,
            Exit::Trouble => 3,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit.code())
    }
}
