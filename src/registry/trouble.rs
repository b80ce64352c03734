// SPDX-License-Identifier: Apache-2.0
//! Why a registry, a token server or a signature store gave nothing to judge.

use std::time::Duration;

use crate::reason::{Reason, Refusal};

/// What came instead of an answer. None of it says anything about a signature.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// 404: it is not there.
    #[error("{url}: not found (404){hint}")]
    Absent {
        /// The URL of the request, without credentials.
        url: String,
        /// What the server says and what to do, or nothing; safe to print.
        hint: String,
    },
    /// 401 or 403. Registries answer so for repositories that do not exist as well.
    #[error("{url}: forbidden or not there ({status}){hint}")]
    Forbidden {
        /// The URL of the request, without credentials.
        url: String,
        /// The status code of the answer.
        status: u16,
        /// What the server says and what to do, or nothing; safe to print.
        hint: String,
    },
    /// Another status than was expected.
    #[error("{url}: unexpected status {status}{hint}")]
    Status {
        /// The URL of the request, without credentials.
        url: String,
        /// The status code of the answer.
        status: u16,
        /// What the server says, or nothing; safe to print.
        hint: String,
    },
    /// A web page where data was expected: often from a proxy, or a login page.
    #[error("{url}: a web page came instead of {wanted}; look at the URL in a browser, or at the proxy")]
    Page {
        /// The URL of the request, without credentials.
        url: String,
        /// What should have come, in words.
        wanted: &'static str,
    },
    /// Something else under 200 where a manifest was expected: no image, and no other one than was asked for.
    #[error("{place} did not return a manifest: {why}; look at the proxy, or {look}")]
    NoManifest {
        /// The reference that was asked for, safe to print.
        place: String,
        /// What came instead of a manifest.
        why: &'static str,
        /// The command that shows it, and what it is for; safe to print.
        look: String,
    },
    /// Nobody answered: it is not known what is there.
    #[error("{url}: {why}")]
    Unreachable {
        /// The URL of the request, without credentials.
        url: String,
        /// How the request failed, safe to print.
        why: String,
    },
    /// The time for all requests about an image is over.
    #[error("{url}: given up: the requests about this image took longer than {} s in all", limit.as_secs_f32())]
    OutOfTime {
        /// The URL of the request, without credentials.
        url: String,
        /// The time limit for all of them.
        limit: Duration,
    },
    /// The configuration forbids to ask.
    #[error("{url}: blocked by {by}")]
    Blocked {
        /// The URL of the request that was not sent, without credentials.
        url: String,
        /// Whose configuration it is, and what of it; safe to print.
        by: String,
    },
    /// An answer beyond its limit.
    #[error("{url}: the answer has more than {limit} bytes")]
    TooLarge {
        /// The URL of the request, without credentials.
        url: String,
        /// The limit, in bytes.
        limit: u64,
    },
    /// Neither over https nor over plain http, which was tried as well.
    #[error("{}; {}", .0[0], .0[1])]
    BothWays(Box<[Trouble; 2]>),
    /// An answer that breaks a rule.
    #[error("{url}: {what}")]
    Wrong {
        /// The URL of the request, without credentials.
        url: String,
        /// What is wrong with the answer.
        what: String,
    },
}

/// What is wrong with one entry of an answer with several, in words that are safe to print.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// It breaks a rule.
    Broken(String),
    /// It is of a type or version that is not known here.
    Unknown(String),
}

impl Trouble {
    /// The trouble that says most: of two ways the one that led to an answer.
    #[must_use]
    pub fn decisive(&self) -> &Trouble {
        match self {
            Trouble::BothWays(ways) => match &**ways {
                [first, Trouble::Unreachable { .. }] => first,
                [_, second] => second,
            },
            trouble => trouble,
        }
    }

    /// The verdict's reason for it.
    #[must_use]
    pub fn reason(&self) -> Reason {
        match self.decisive() {
            Trouble::Absent { .. } => Reason::NotFound,
            Trouble::Forbidden { .. } => Reason::Forbidden,
            Trouble::NoManifest { .. } => Reason::ManifestUnavailable,
            _ => Reason::SourceUnavailable,
        }
    }

    /// As the refusal of an image or a signature.
    #[must_use]
    pub fn refusal(&self) -> Refusal {
        Refusal::new(self.reason(), self.to_string())
    }
}
