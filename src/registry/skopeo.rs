// SPDX-License-Identifier: Apache-2.0
//! Commands of skopeo that are proposed. They reach a registry as the run did: with its files, and with a check loosened only
//! where the user or the configuration has loosened it already. podman takes the login that skopeo stores.

use std::path::{Path, PathBuf};

use crate::text::{path_again, safe, shell_word};

/// What the commands take over from a run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Skopeo {
    /// The registries.conf that the user names.
    pub registries_conf: Option<PathBuf>,
    /// The directory of registries.d that the user names.
    pub registries_d: Option<PathBuf>,
    /// The directory with certificates that the user names.
    pub cert_dir: Option<PathBuf>,
    /// The user names files with CA certificates, which skopeo takes from a directory alone.
    pub has_authorities: bool,
    /// The user gave a login by hand, which is for the user to give again.
    pub has_login: bool,
    /// The only file in which logins are looked for, where one is named.
    pub authfile: Option<PathBuf>,
    /// At the place in question, certificates need not be verified and plain http is spoken.
    pub is_unverified: bool,
}

impl Skopeo {
    /// The same for a place, which is one without verified TLS or not.
    #[must_use]
    pub fn at(&self, is_unverified: bool) -> Self {
        Self {
            is_unverified,
            ..self.clone()
        }
    }

    /// What it is for, and the command that stores a login for a registry or repository.
    #[must_use]
    pub fn login(&self, what_for: &str, key: &str) -> String {
        self.call(what_for, "login", "", key)
    }

    /// The same of the command that lists the tags of a repository.
    #[must_use]
    pub fn list_tags(&self, what_for: &str, repository: &str) -> String {
        self.call(what_for, "list-tags", self.creds(), &format!("docker://{repository}"))
    }

    /// The same of the command that prints what a registry has as a manifest.
    #[must_use]
    pub fn raw_manifest(&self, what_for: &str, reference: &str) -> String {
        let options = format!(" --raw{}", self.creds());
        self.call(what_for, "inspect", &options, &format!("docker://{reference}"))
    }

    fn creds(&self) -> &'static str {
        match self.has_login {
            true => " --creds USER:PASSWORD",
            false => "",
        }
    }

    fn call(&self, what_for: &str, command: &str, options: &str, target: &str) -> String {
        let option = |flag: &str, path: Option<&Path>| {
            path.map_or_else(String::new, |path| format!(" {flag} {}", path_again(path)))
        };
        let conf = option("--registries-conf", self.registries_conf.as_deref());
        let authfile = option("--authfile", self.authfile.as_deref());
        let is_verified = !self.is_unverified;
        let (note, certificates) = match self.has_authorities && is_verified {
            true => (
                " (DIR is a directory with the CA certificate as ca.crt)",
                " --cert-dir DIR".to_owned(),
            ),
            false => ("", option("--cert-dir", self.cert_dir.as_deref())),
        };
        let tls = if is_verified { "" } else { " --tls-verify=false" };
        let target = shell_word(&safe(target));
        format!("{what_for}{note}: skopeo{conf} {command}{options}{authfile}{certificates}{tls} {target}")
    }
}
