// SPDX-License-Identifier: Apache-2.0
//! What goes wrong in an engine itself, whatever it is made of: then nothing can be said about a signature.

use std::fmt::Display;
use std::time::Duration;

/// Why an engine can say nothing about a signature.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The program that checks is missing, too old, or cannot be used on this system; what to do is said.
    #[error("{0}")]
    Unusable(String),
    /// It does not answer.
    #[error("{doing}: {who} did not answer within {0} s", .patience.as_secs())]
    Silent {
        /// What was being done.
        doing: &'static str,
        /// The program that failed, such as `gpg`.
        who: &'static str,
        /// How long it was waited for.
        patience: Duration,
    },
    /// An operation failed: the program says so, or the system did not let it.
    #[error("{doing}: {why}")]
    Failed {
        /// What was being done.
        doing: &'static str,
        /// What failed, in the words of the program that said so.
        why: String,
    },
    /// The key was not found, but may be where was not looked.
    #[error("looking up the signer: {0}")]
    Elsewhere(String),
    /// An answer is incomplete, or contradicts itself or what was asked.
    #[error("{doing}: unexpected answer from {who}: {why}")]
    Unreliable {
        /// What was being done.
        doing: &'static str,
        /// The program that gave the answer, such as `gpg`.
        who: &'static str,
        /// What is wrong with it.
        why: String,
    },
}

impl EngineError {
    /// The error that an operation failed, and why.
    pub fn failed(doing: &'static str, why: impl ToString) -> Self {
        let why = why.to_string();
        Self::Failed { doing, why }
    }

    /// More is written into a key than is looked at, and what it says is not known.
    pub fn crowded(key: &str) -> Self {
        Self::failed(
            "checking the key of a signature",
            format!(
                "key {key} has more signatures or designated revokers than a legitimate key: which of them apply \
                is unknown; get the key again from its owner"
            ),
        )
    }

    /// A key, or subkey, carries a revocation by its designated revoker, and the checker says neither that it holds nor that
    /// it is bad.
    pub fn unchecked_revocation(key: &str, revoker: &str, why: impl Display) -> Self {
        Self::failed(
            "checking the key of a signature",
            format!("key {key} is said to be revoked by its designated revoker, key {revoker}, {why}: ask the owner of key {revoker}"),
        )
    }

    /// A key carries a revocation, or what limits it, and the checker says neither that it holds nor that it is bad.
    pub fn odd_revocation(key: &str, doubt: impl Display) -> Self {
        Self::failed(
            "checking the key of a signature",
            format!("key {key} {doubt}; ask its owner, or get the key again from its owner"),
        )
    }
}
