// SPDX-License-Identifier: Apache-2.0
//! Which signatures are checked by gpg workers.

use crate::cli::acceptance::EngineChoice;

/// From which signature of a run on a worker is worth its start, where the user leaves it to us and it is not known
/// beforehand that so many will come.
const FIRST: usize = 16;

/// Which signatures gpg workers check. What they do not find good, gpgme decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Workers {
    /// None: gpgme decides on each.
    Never,
    /// All that come after the first so many.
    After(usize),
}

impl Workers {
    /// The same for each of several threads that judge: together they leave about as many signatures to gpgme as one.
    #[must_use]
    pub fn shared_by(self, threads: usize) -> Self {
        match self {
            Workers::Never => Workers::Never,
            Workers::After(count) => Workers::After(count / threads.max(1)),
        }
    }

    /// The same where about so many signatures will come: then the first ones need not be waited for.
    #[must_use]
    pub fn expecting(self, signatures: usize) -> Self {
        match self {
            Workers::After(count) if signatures > count => Workers::After(0),
            other => other,
        }
    }

    /// What an engine stands for.
    #[must_use]
    pub fn new(engine: EngineChoice) -> Self {
        match engine {
            EngineChoice::Auto => Workers::After(FIRST - 1),
            EngineChoice::Gpgme => Workers::Never,
            EngineChoice::Batch => Workers::After(0),
        }
    }
}
