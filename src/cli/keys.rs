// SPDX-License-Identifier: Apache-2.0
//! `keys`, and the options that say which keys are accepted.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::output::OutputOption;

/// Which keys are accepted.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Keys")]
pub struct KeyOptions {
    /// A file with keys, armoured or binary; all keys in such files are accepted, and no others (repeatable). Without
    /// this option: the valid keys of the user's GnuPG keyring
    #[arg(long, value_name = "FILE")]
    pub public_key: Vec<PathBuf>,

    /// The GnuPG home directory with the keyring [default: $GNUPGHOME, else ~/.gnupg]; it is only read
    #[arg(long, value_name = "DIR")]
    pub homedir: Option<PathBuf>,

    /// Which keys of the keyring are accepted: gpg (those of full or ultimate validity) or always
    /// (all that are not revoked, expired or disabled)
    #[arg(long, value_name = "MODEL")]
    pub trust_model: Option<TrustModelFlag>,

    /// Accept only the key with this full fingerprint, of a primary key or of one subkey (repeatable)
    #[arg(long, value_name = "FINGERPRINT")]
    pub signed_by: Vec<String>,
}

/// Which keys of the user's keyring are accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TrustModelFlag {
    /// Those of full or ultimate validity
    Gpg,
    /// All that are not revoked, expired or disabled
    Always,
}

/// How keys are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum KeyOutput {
    /// One line per key
    Text,
    /// The same with subkeys
    Wide,
    /// Fingerprints of the accepted keys
    Name,
    /// One JSON document for all keys
    Json,
    /// The same as YAML
    Yaml,
}

/// Calls for the end of the help text.
const EXAMPLES: &str = "\
Examples:
  image-signature keys
  image-signature keys --public-key release-key.asc -o wide
  image-signature keys -o name";

/// List the accepted keys, and why the others are not accepted.
#[derive(Debug, Args)]
#[command(after_help = format!("{}\n\n{}\n\n{EXAMPLES}", super::help::MEANING, super::help::EXIT_STATUS_DONE))]
pub struct KeysCommand {
    /// Which keys are accepted.
    #[command(flatten)]
    pub keys: KeyOptions,

    /// How the results are printed.
    #[command(flatten)]
    pub format: OutputOption<KeyOutput>,
}
