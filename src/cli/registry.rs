// SPDX-License-Identifier: Apache-2.0
//! The options for images in registries.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::http::secret::Secret;

/// Whose login a registry may see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum WhoseLogin {
    /// The user's token for the cluster
    Cluster,
}

/// How registries are reached, as for podman and skopeo.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Registries, as for podman and skopeo")]
pub struct RegistryOptions {
    /// A file with logins [default: $REGISTRY_AUTH_FILE, else those of podman and docker]
    #[arg(long, value_name = "FILE")]
    pub authfile: Option<PathBuf>,

    /// Log in to the registry of the docker://REFERENCE; other users of the machine can see the password, so prefer
    /// a file with logins
    #[arg(long, value_name = "USER:PASSWORD")]
    pub creds: Option<Secret>,

    /// A directory with certificates for registries: CA certificates *.crt, a client certificate *.cert and its *.key
    /// [default: the registry's own in the directories certs.d]
    #[arg(long, value_name = "DIR")]
    pub cert_dir: Option<PathBuf>,

    /// CA certificate file for registries, in addition to the system's (repeatable)
    #[arg(long, value_name = "FILE")]
    pub registry_ca: Vec<PathBuf>,

    /// Accept certificates of registries that cannot be verified; does not allow plain http, and does not apply to the
    /// API server
    #[arg(long)]
    pub insecure: bool,

    /// The directory that says where signatures are kept [default: registries.d of the user and the system]
    #[arg(long = "registries.d", value_name = "DIR")]
    pub registries_d: Option<PathBuf>,

    /// The file that names mirrors, and registries that are insecure or blocked [default: registries.conf of the user,
    /// else of the system, with its drop-in files]
    #[arg(long, value_name = "FILE")]
    pub registries_conf: Option<PathBuf>,
}

/// Which registry is asked for the images of a cluster.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Registries, as for podman and skopeo")]
pub struct ClusterRegistryOptions {
    /// For images of a cluster: look in this registry for more signatures. auto: the cluster's own for images that were
    /// pushed to it, else the mirrors that the cluster is configured for and where the image came from. Plain http is
    /// used only for a HOST written with http://
    #[arg(long, value_name = "HOST|auto")]
    pub registry_url: Option<String>,

    /// cluster: send the cluster's token to the registry that --registry-url names
    #[arg(long, value_name = "WHOSE", requires = "registry_url")]
    pub registry_login: Option<WhoseLogin>,
}

impl RegistryOptions {
    /// The options that were given and that have no meaning without an image in a registry.
    #[must_use]
    pub fn given(&self) -> Vec<&'static str> {
        let Self {
            authfile,
            creds,
            cert_dir,
            registry_ca,
            // oc takes it with every image.
            insecure: _,
            registries_d,
            registries_conf,
        } = self;
        let options = [
            (authfile.is_some(), "--authfile"),
            (creds.is_some(), "--creds"),
            (cert_dir.is_some(), "--cert-dir"),
            (!registry_ca.is_empty(), "--registry-ca"),
            (registries_d.is_some(), "--registries.d"),
            (registries_conf.is_some(), "--registries-conf"),
        ];
        let given = options.into_iter().filter(|(given, _)| *given);
        given.map(|(_, name)| name).collect()
    }
}
