// SPDX-License-Identifier: Apache-2.0
//! The options that oc and kubectl have for reaching a cluster.

use std::path::PathBuf;

use clap::Args;

use crate::http::secret::Secret;

/// How the cluster is reached, as for oc and kubectl.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Cluster, as for oc and kubectl")]
pub struct ClientOptions {
    /// The kubeconfig file [default: those of $KUBECONFIG, else ~/.kube/config; in a pod its service account]
    #[arg(long, value_name = "FILE")]
    pub kubeconfig: Option<PathBuf>,

    /// Name of the kubeconfig's context
    #[arg(long, value_name = "NAME")]
    pub context: Option<String>,

    /// Name of the kubeconfig's cluster
    #[arg(long, value_name = "NAME")]
    pub cluster: Option<String>,

    /// Name of the kubeconfig's user
    #[arg(long, value_name = "NAME")]
    pub user: Option<String>,

    /// Namespace of streams that are named without one
    #[arg(short, long, value_name = "NAME")]
    pub namespace: Option<String>,

    /// Address and port of the API server
    #[arg(short, long, value_name = "URL")]
    pub server: Option<String>,

    /// The name that the API server's certificate must have, if not the server's host name
    #[arg(long, value_name = "NAME")]
    pub tls_server_name: Option<String>,

    /// Do not check the API server's certificate
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL")]
    pub insecure_skip_tls_verify: Option<bool>,

    /// CA certificate file for the API server
    #[arg(long, value_name = "FILE")]
    pub certificate_authority: Option<PathBuf>,

    /// Client certificate file for the API server
    #[arg(long, value_name = "FILE")]
    pub client_certificate: Option<PathBuf>,

    /// Private key file of the client certificate
    #[arg(long, value_name = "FILE")]
    pub client_key: Option<PathBuf>,

    /// Bearer token for the API server
    #[arg(long, value_name = "TOKEN")]
    pub token: Option<Secret>,

    /// The user to act as
    #[arg(long = "as", value_name = "USER")]
    pub act_as: Option<String>,

    /// The UID to act as
    #[arg(long, value_name = "UID")]
    pub as_uid: Option<String>,

    /// The group to act as (repeatable)
    #[arg(long, value_name = "GROUP")]
    pub as_group: Vec<String>,

    /// Extra information about the user to act as (repeatable)
    #[arg(long, value_name = "KEY=VALUE")]
    pub as_user_extra: Vec<String>,

    /// Time limit per request (90s, 2m; a plain number is seconds); 0 means the built-in limits
    #[arg(long, value_name = "TIME")]
    pub request_timeout: Option<String>,

    /// Do not ask for compressed answers
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL")]
    pub disable_compression: Option<bool>,

    /// Accepted for compatibility with oc; ignored
    #[arg(long, value_name = "DIR")]
    pub cache_dir: Option<PathBuf>,
}
