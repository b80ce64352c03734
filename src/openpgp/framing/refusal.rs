// SPDX-License-Identifier: Apache-2.0
//! Refusals of packets, each with the reason that it has wherever it is met.

use crate::reason::{Reason, Refusal};

pub(super) fn unsupported(message: impl Into<String>) -> Refusal {
    Refusal::new(Reason::UnsupportedSignature, message)
}

pub(super) fn malformed(message: impl Into<String>) -> Refusal {
    Refusal::new(Reason::NotASignature, message)
}

pub(super) fn bad(message: impl Into<String>) -> Refusal {
    Refusal::new(Reason::BadSignature, message)
}

/// Names a packet version that is not checked here.
pub(super) fn version_refusal(what: &str, version: u8) -> Refusal {
    match version {
        5 => unsupported(format!(
            "{what} has version 5 (LibrePGP), which this build does not check"
        )),
        6 => unsupported(format!(
            "{what} has version 6 (OpenPGP v6, RFC 9580), which this build does not check"
        )),
        v => unsupported(format!("{what} has version {v}, which this build does not check")),
    }
}
