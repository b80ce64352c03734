// SPDX-License-Identifier: Apache-2.0
//! What this machine and the user say about registries.

use std::path::PathBuf;

use super::logins::Logins;
use super::network::Network;
use super::registries_conf::RegistriesConf;
use super::registries_d::RegistriesD;
use super::skopeo::Skopeo;

/// Everything that is known before a registry is asked.
#[derive(Debug, Clone, Default)]
pub struct Configuration {
    /// Certificates and proxies, by host.
    pub network: Network,
    /// What may have a login for a registry.
    pub logins: Logins,
    /// What commands that are proposed take over.
    pub skopeo: Skopeo,
    /// Mirrors, and what is insecure or blocked.
    pub mirrors: RegistriesConf,
    /// Lookaside stores and attachments.
    pub stores: RegistriesD,
    /// The directory that these are from, where the user names one.
    pub stores_directory: Option<PathBuf>,
    /// The lookaside store where none is configured.
    pub default_store: String,
    /// Accept certificates of registries that cannot be verified.
    pub unverified: bool,
    /// Look for sigstore signatures whatever the configuration says.
    pub wants_attachments: bool,
    /// API objects ask for them: nodes of their cluster look for them, and do not go by this machine.
    pub is_by_objects: bool,
}
