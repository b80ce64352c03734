// SPDX-License-Identifier: Apache-2.0
//! Failures of gpg and of gpgme, in words.

use crate::openpgp::error::EngineError;

/// Who fails where gpg does; for messages.
pub(super) const GPG: &str = "gpg";

/// gpgme has answered something that cannot be: nothing follows from it.
pub(super) fn answer(doing: &'static str, why: impl Into<String>) -> EngineError {
    EngineError::Unreliable {
        doing,
        who: GPG,
        why: why.into(),
    }
}

/// gpgme reports an error.
pub(super) fn failed(doing: &'static str, error: gpgme::Error) -> EngineError {
    EngineError::failed(doing, format!("gpg reports {}", describe(error)))
}

/// A gpg error in a form that does not depend on the locale alone: its code beside its text.
pub(super) fn describe(error: gpgme::Error) -> String {
    format!("{} (code {})", error.description(), error.code())
}
