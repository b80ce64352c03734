// SPDX-License-Identifier: Apache-2.0
//! A repository as it is asked about: its path and the login for it.

use super::access::StoredLogin;
use super::skopeo::Skopeo;
use crate::http::secret::Secret;

/// A repository of a registry, and the login for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repository {
    /// The repository's path in its registry.
    pub path: String,
    /// The login, if there is one.
    pub login: Option<StoredLogin>,
    /// How to have one, where there is none; safe to print.
    pub advice: String,
    /// Commands that ask about it as it is asked about here.
    pub skopeo: Skopeo,
}

impl Repository {
    /// What a server could repeat of the login.
    pub(super) fn secrets(&self) -> Vec<Secret> {
        let stored = self.login.as_ref();
        stored.map(|stored| stored.login.secrets()).unwrap_or_default()
    }
}
