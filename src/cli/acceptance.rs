// SPDX-License-Identifier: Apache-2.0
//! The options that say by which keys images are judged, for every command that judges.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::keys::KeyOptions;

/// How GnuPG is asked about signatures. The verdicts are the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum EngineChoice {
    /// gpgme for the first 15 signatures, batch for all others
    Auto,
    /// gpg is started for each signature
    Gpgme,
    /// One gpg process for many signatures
    Batch,
}

/// Which keys are accepted: those that are named, or those of a policy.
#[derive(Debug, Clone, Args)]
pub struct AcceptanceOptions {
    /// Which keys are accepted.
    #[command(flatten)]
    pub keys: KeyOptions,

    /// How GnuPG is run, with the same verdicts: gpgme starts gpg for each signature, batch keeps one gpg process for
    /// many, auto uses batch from the 16th signature on, or from the first if many images are known to follow
    #[arg(
        long,
        value_name = "ENGINE",
        default_value = "auto",
        hide_possible_values = true,
        help_heading = "Keys"
    )]
    pub engine: EngineChoice,

    /// A file with a PEM public key for sigstore signatures; these keys are accepted for them, and no others
    /// (repeatable); --signed-by sha256:HEX names one of them. GPG keys are then accepted only if an option names them
    /// as well
    #[arg(long, value_name = "FILE", help_heading = "Keys")]
    pub sigstore_key: Vec<PathBuf>,

    /// A policy as containers-policy.json(5) describes it, or ClusterImagePolicies and ImagePolicies: its scope for the
    /// expected identity decides which keys are accepted and how identities are compared
    #[arg(long, value_name = "FILE", help_heading = "Keys")]
    pub policy: Option<PathBuf>,

    /// Judge by the policy of this machine, found as podman finds it
    #[arg(long, help_heading = "Keys")]
    pub system_policy: bool,

    /// Judge by the ClusterImagePolicies of the cluster and, with -n, the ImagePolicies of that namespace
    #[arg(long, help_heading = "Keys")]
    pub cluster_policy: bool,
}
