// SPDX-License-Identifier: Apache-2.0
//! Why a request to the API server came to nothing, and what that means for an image.

use crate::cluster::credentials;
use crate::cluster::status::Status;
use crate::http::{self, tls};
use crate::reason::{Reason, Refusal};

/// Why a request came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// The server refused it.
    #[error("{0}")]
    Status(Box<Status>),
    /// The server was not reached, or its answer did not arrive.
    #[error("{}", unreachable(server, error))]
    Transport {
        /// Host and port of the API server.
        server: String,
        /// How the request failed.
        error: http::HttpError,
    },
    /// The server was not asked: an earlier request has found nobody.
    #[error("{server} was not asked again: {why}")]
    Down {
        /// Host and port of the API server.
        server: String,
        /// What was found then.
        why: String,
    },
    /// There is no credential to show.
    #[error("getting a credential: {0}")]
    Credential(#[from] credentials::CredentialError),
    /// The answer is not what was asked for.
    #[error("unexpected response from {server}: {what}")]
    Answer {
        /// Host and port of the API server.
        server: String,
        /// What is wrong with it.
        what: String,
    },
    /// The TLS library refuses its configuration.
    #[error("{0}")]
    Tls(#[from] tls::TlsError),
}

/// The words of oc and kubectl.
fn unreachable(server: &str, error: &http::HttpError) -> String {
    match error {
        http::HttpError::Refused => {
            format!("The connection to the server {server} was refused - did you specify the right host or port?")
        }
        error => format!("Unable to connect to the server: {server}: {error}"),
    }
}

impl ApiError {
    /// The status, if the server answered with one.
    #[must_use]
    pub fn status(&self) -> Option<&Status> {
        match self {
            ApiError::Status(status) => Some(status),
            _ => None,
        }
    }

    /// Whether the answer was longer than it may be: fewer items at once may fit.
    #[must_use]
    pub fn is_too_large(&self) -> bool {
        matches!(
            self,
            ApiError::Transport {
                error: http::HttpError::TooLarge(_),
                ..
            }
        )
    }

    /// What it means for an image that was to be read or written. `what` begins the message, such as "reading ...".
    #[must_use]
    pub fn refusal(&self, what: &str) -> Refusal {
        let reason = match self.status() {
            // About an object, and not about the whole resource.
            Some(status) if status.code == 404 && !status.name.is_empty() => Reason::NotFound,
            Some(status) if status.code == 401 || status.code == 403 => Reason::Forbidden,
            _ => Reason::SourceUnavailable,
        };
        Refusal::new(reason, format!("{what}: {self}"))
    }
}
