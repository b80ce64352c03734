// SPDX-License-Identifier: Apache-2.0
//! A repository as it is asked about: its path and the login for it.

use super::access::StoredLogin;

/// A repository of a registry, and the login for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repository {
    /// The repository's path in its registry.
    pub path: String,
    /// The login, if there is one.
    pub login: Option<StoredLogin>,
    /// How to have one, where there is none; safe to print.
    pub advice: String,
}
