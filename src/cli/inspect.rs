// SPDX-License-Identifier: Apache-2.0
//! The options of `inspect`, with its help texts.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::output::OutputOption;
use super::registry::RegistryOptions;

/// How claims are printed. Whatever the format, they are marked as unverified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum InspectOutput {
    /// One line per signature
    Text,
    /// The same with the structure of each signature
    Wide,
    /// The image that each signature claims to be for
    Name,
    /// One JSON document for all signatures
    Json,
    /// The same as YAML
    Yaml,
}

/// What `inspect --help` says about its results.
const NOTHING: &str = "\
Nothing that inspect shows is verified, and every line of it says so.";

/// There is no API server here.
const INSECURE: &str = "Accept certificates of registries that cannot be verified; does not allow plain http";

const EXAMPLES: &str = "\
Examples:
  image-signature inspect signature-1
  image-signature inspect --explain dir:image
  image-signature inspect -o json - < signature-1
  image-signature inspect docker://registry.local:5000/foo/bar:v1";

/// Show what signature blobs claim. Nothing is verified: anyone can write such claims.
#[derive(Debug, Args)]
#[command(after_help = format!("{NOTHING} {}\n\n{}\n\n{EXAMPLES}", super::help::MEANING, super::help::EXIT_STATUS_DONE))]
#[command(mut_arg("insecure", |argument| argument.help(INSECURE)))]
pub struct InspectCommand {
    /// Files with signature blobs, directories with files signature-1, signature-2 ..., - for standard input, or
    /// docker://REFERENCE for the signatures of an image in a registry
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,

    /// How registries are reached.
    #[command(flatten)]
    pub registry: RegistryOptions,

    /// Time limit per request (90s, 2m; a plain number is seconds), and twenty times that for all requests about an image;
    /// 0 means the built-in limits
    #[arg(long, value_name = "TIME", help_heading = "Registries, as for podman and skopeo")]
    pub request_timeout: Option<String>,

    /// How the results are printed.
    #[command(flatten)]
    pub format: OutputOption<InspectOutput>,

    /// Show the structure of each signature as numbered lines
    #[arg(long, help_heading = "Output")]
    pub explain: bool,
}
