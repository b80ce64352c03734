// SPDX-License-Identifier: Apache-2.0
//! How a cluster is reached, and as whom.

use super::credentials::CredentialSource;
use super::kubeconfig::ActAs;
use crate::clock::Clock;
use crate::http;
use crate::http::url::Url;

/// How a cluster is reached, and as whom.
#[derive(Debug, Clone)]
pub struct Access {
    /// The URL of the API server.
    pub server: Url,
    /// The way to it.
    pub http: http::Settings,
    /// What is shown to it, if it is an https server.
    pub credential: CredentialSource,
    /// Whom requests are made as.
    pub act_as: ActAs,
    /// Namespace of streams that are named without.
    pub namespace: String,
    /// Who the user may be, by the configuration alone.
    pub user_hint: Option<String>,
    /// The time: what credentials and certificates expire by, and the server's clock is compared with.
    pub clock: Clock,
}

impl Access {
    /// Whether there is nothing to show to the server.
    #[must_use]
    pub fn is_anonymous(&self) -> bool {
        matches!(self.credential, CredentialSource::None) && self.http.tls.identity.is_none()
    }
}
