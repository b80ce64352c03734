// SPDX-License-Identifier: Apache-2.0
//! `verify`

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::cluster::ClientOptions;
use super::keys::KeyOptions;

/// How results are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// A line an image, then its signatures
    Text,
    /// More columns, nothing summed up
    Wide,
    /// Names of the verified images
    Name,
    /// One JSON document
    Json,
    /// The same as YAML
    Yaml,
}

/// What is written where nothing is to be stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DryRun {
    /// As without this option
    None,
    /// Nothing is sent
    Client,
    /// It is sent as a trial
    Server,
}

/// What `verify --help` says first.
pub const LONG_ABOUT: &str = "\
Verify that images are the ones you asked for, as keys that you trust for them say.

IMAGE is one of
  sha256:DIGEST                  the Image object of that name
  [NAMESPACE/]STREAM:TAG         an image through its ImageStreamTag
  [NAMESPACE/]STREAM@sha256:...  an image through its ImageStreamImage
  dir:PATH                       a directory as skopeo writes it
With --filename it may be left out: then every object in the files is verified.";

/// Verify that images are the ones you asked for, as keys that you trust for them say.
#[derive(Debug, Args)]
#[command(after_help = format!("{}\n\n{}", super::MEANING, super::EXIT_STATUS))]
pub struct Verify {
    /// Images; IMAGE=REF gives one its expected identity
    #[arg(value_name = "IMAGE")]
    pub images: Vec<String>,

    /// The reference that the image must be signed as, with a tag or a digest (repeatable: one of them is enough)
    #[arg(long, value_name = "REF")]
    pub expected_identity: Vec<String>,

    /// How identities are compared: matchRepoDigestOrExact (default), matchExact, matchRepository, or
    /// remap:PREFIX=SIGNED-PREFIX
    #[arg(long, value_name = "RULE")]
    pub identity_match: Option<String>,

    /// The digest that the image must have
    #[arg(long, value_name = "DIGEST")]
    pub expected_digest: Option<String>,

    /// How many different keys must each have signed for one and the same identity
    #[arg(long, value_name = "N", default_value = "1", value_parser = clap::value_parser!(u32).range(1..))]
    pub require: u32,

    /// A file with an image and its expected identity on each line; - is standard input
    #[arg(long, value_name = "FILE")]
    pub images_from: Option<PathBuf>,

    /// Which keys.
    #[command(flatten)]
    pub keys: KeyOptions,

    /// Where images come from.
    #[command(flatten)]
    pub source: SourceOptions,

    /// Judge a manifest in a file, with --signature-file
    #[arg(long, value_name = "FILE", help_heading = "Source")]
    pub manifest: Option<PathBuf>,

    /// A signature in a file, for --manifest (repeatable)
    #[arg(long, value_name = "FILE", help_heading = "Source")]
    pub signature_file: Vec<PathBuf>,

    /// Output format
    #[arg(
        short,
        long,
        value_name = "FORMAT",
        default_value = "text",
        hide_default_value = true
    )]
    pub output: Output,

    /// Print every check of every signature with the values compared
    #[arg(long)]
    pub explain: bool,

    /// Judge and record only this signature of an image, by its name or the part of it after @ (repeatable)
    #[arg(long, value_name = "NAME", help_heading = "Recording")]
    pub signature: Vec<String>,

    /// Record the verdicts on the Image objects; without it nothing is written
    #[arg(long, visible_alias = "save", help_heading = "Recording")]
    pub confirm: bool,

    /// server: send what would be recorded as a trial, which the API server checks and does not store; client: as
    /// without --confirm
    #[arg(long, value_name = "HOW", help_heading = "Recording")]
    pub dry_run: Option<DryRun>,

    /// Forget recorded verdicts instead: as the command remove
    #[arg(long, help_heading = "As oc adm verify-image-signature had it")]
    pub remove: bool,

    /// The same for all signatures, which are kept themselves; needs --confirm
    #[arg(long, help_heading = "As oc adm verify-image-signature had it")]
    pub remove_all: bool,
}

/// Where images come from.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Source")]
pub struct SourceOptions {
    /// A file with API objects, a directory of such files, or - for standard input; no server is contacted (repeatable)
    #[arg(short, long, value_name = "FILE")]
    pub filename: Vec<PathBuf>,

    /// Read the directories in a directory of --filename too
    #[arg(short = 'R', long)]
    pub recursive: bool,

    /// The cluster, where there are no files.
    #[command(flatten)]
    pub client: ClientOptions,
}
