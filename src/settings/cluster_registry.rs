// SPDX-License-Identifier: Apache-2.0
//! `--registry-url`: in which registry images of a cluster are looked up for more signatures.

use super::objects::Recording;
use super::UsageError;
use crate::cli;
use crate::reference::Reference;
use crate::text::place;

/// Where images of a cluster are looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClusterRegistry {
    /// Where the cluster says: its own registry, mirrors, or where an image came from.
    Auto,
    /// In the registry that the user names.
    Host {
        /// `HOST[:PORT]` of the registry.
        host: String,
        /// The user lets it see the cluster's token.
        is_given_token: bool,
        /// The user wrote `http://`: it is reached over plain http, and in no other way.
        is_plain_http: bool,
    },
}

/// Makes sure that `--attach` has the options that it needs.
///
/// # Errors
/// When it has not.
pub(super) fn check_attach(options: &cli::verify::VerifyCommand, recording: Recording) -> Result<(), UsageError> {
    if options.attach && recording == Recording::Trial {
        return Err(UsageError::new(
            "--attach cannot be used with --dry-run=server: the server would store the signatures",
        ));
    }
    if options.attach && (recording != Recording::Confirm || options.cluster_registry.registry_url.is_none()) {
        return Err(UsageError::new(
            "--attach needs --confirm and --registry-url: it adds what is found there to the Image object",
        ));
    }
    Ok(())
}

impl ClusterRegistry {
    /// Reads the options; nothing where none is given. `in_files` says that the objects are in files, `in_cluster` that
    /// an image of the cluster is among those verified.
    ///
    /// # Errors
    /// When they do not fit each other, or what is verified.
    pub fn new(
        options: &cli::verify::VerifyCommand,
        in_files: bool,
        in_cluster: bool,
    ) -> Result<Option<Self>, UsageError> {
        if options.cluster_registry.registry_url.is_none() {
            return Ok(None);
        }
        if in_files {
            return Err(UsageError::new(
                "--registry-url cannot be used with --filename: with files no server is contacted",
            ));
        }
        if !in_cluster {
            return Err(UsageError::new(
                "--registry-url applies only to images of a cluster; add an IMAGE such as [NAMESPACE/]STREAM:TAG or sha256:DIGEST",
            ));
        }
        if !options.signature.is_empty() {
            return Err(UsageError::new(
                "--registry-url cannot be used with --signature, which names signatures of the Image object",
            ));
        }
        Self::parse(&options.cluster_registry)
    }

    /// Reads what is wanted, whatever it is for; nothing where it is not given.
    ///
    /// # Errors
    /// When it names no host.
    pub fn parse(options: &cli::registry::ClusterRegistryOptions) -> Result<Option<Self>, UsageError> {
        let Some(text) = &options.registry_url else {
            return Ok(None);
        };
        let is_given_token = options.registry_login.is_some();
        if text == "auto" {
            if is_given_token {
                return Err(UsageError::new(
                    "--registry-login cluster needs --registry-url HOST: with auto only the registry that the cluster lists as its own sees the token",
                ));
            }
            return Ok(Some(Self::Auto));
        }
        let plain = text.strip_prefix("http://");
        let host = plain.or_else(|| text.strip_prefix("https://")).unwrap_or(text);
        let host = host.trim_end_matches('/');
        let is_host = Reference::is_prefix(host) && !host.contains('/');
        if !is_host || (!host.contains(['.', ':']) && host != "localhost") {
            return Err(UsageError::new(format!(
                "--registry-url {}: expected HOST[:PORT], with http:// before it where the registry speaks plain http only, or auto, such as default-route-openshift-image-registry.apps.example.com",
                place::quoted(text)
            )));
        }
        if plain.is_some() && is_given_token {
            return Err(UsageError::new(
                "--registry-login cluster cannot be used with http://: the token is sent over verified TLS only",
            ));
        }
        Ok(Some(Self::Host {
            host: host.to_owned(),
            is_given_token,
            is_plain_http: plain.is_some(),
        }))
    }
}
