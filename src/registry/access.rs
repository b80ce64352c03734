// SPDX-License-Identifier: Apache-2.0
//! How one registry is reached, and the login that it may see.

use super::helper::Renewable;
use super::login::Login;
use super::registries_conf::Origin;

/// A registry and what the user allows there.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Access {
    /// `HOST[:PORT]`, as references have it.
    pub host: String,
    /// Accept a certificate that cannot be verified.
    pub unverified: bool,
    /// Fall back to plain http.
    pub plain_http: bool,
    /// The user wrote `http://`: begin with it, and use nothing else.
    pub http_only: bool,
    /// Who says whether plain http is spoken there.
    pub origin: Origin,
}

/// A login, and the key that it is stored under.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredLogin {
    /// What is presented to the registry.
    pub login: Login,
    /// `HOST[:PORT]`, maybe with a path.
    pub stored_for: String,
    /// It is a cluster's: sent to this host and port only, also by a token server, and over verified TLS only.
    pub stays: bool,
    /// Where it was found and how to renew it, safe to print.
    pub renewal: String,
    /// The helper that gave it.
    pub helper: Option<Renewable>,
}

impl StoredLogin {
    /// Whether it is stored for exactly this host and port, and not for another spelling of it.
    #[must_use]
    pub fn is_for(&self, host: &str) -> bool {
        self.stored_for.split('/').next() == Some(host)
    }
}
