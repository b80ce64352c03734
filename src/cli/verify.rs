// SPDX-License-Identifier: Apache-2.0
//! The options of `verify`, with its help texts.

use std::ffi::OsStr;
use std::path::PathBuf;

use clap::builder::{PossibleValue, StringValueParser, TypedValueParser};
use clap::{Arg, Args, Command, ValueEnum};

use super::acceptance::AcceptanceOptions;
use super::cluster::ClientOptions;
use super::output::{ColourOption, OutputOption};
use super::registry::{ClusterRegistryOptions, RegistryOptions};

/// How results are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum VerifyOutput {
    /// A block for one image, a table for several
    Text,
    /// The same with more columns and every signature
    Wide,
    /// Names of the verified images
    Name,
    /// One JSON document for all images
    Json,
    /// The same as YAML
    Yaml,
}

impl VerifyOutput {
    /// Whether a person reads it, and not a program.
    #[must_use]
    pub fn is_for_people(self) -> bool {
        match self {
            VerifyOutput::Text | VerifyOutput::Wide => true,
            VerifyOutput::Name | VerifyOutput::Json | VerifyOutput::Yaml => false,
        }
    }

    /// Whether only verified images are in it.
    #[must_use]
    pub fn is_of_verified(self) -> bool {
        match self {
            VerifyOutput::Name => true,
            VerifyOutput::Text | VerifyOutput::Wide | VerifyOutput::Json | VerifyOutput::Yaml => false,
        }
    }
}

/// What is written where nothing is to be stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DryRun {
    /// The same as without this option
    None,
    /// Write nothing, as without --confirm
    Client,
    /// Validate on the server without storing
    Server,
}

/// Reads the rule of `--identity-match` as it is, and names those that have a name for completion.
#[derive(Debug, Clone, Copy)]
pub struct MatchRule;

impl TypedValueParser for MatchRule {
    type Value = String;

    fn parse_ref(&self, command: &Command, arg: Option<&Arg>, value: &OsStr) -> Result<String, clap::Error> {
        StringValueParser::new().parse_ref(command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        let names = ["matchRepoDigestOrExact", "matchExact", "matchRepository"];
        Some(Box::new(names.into_iter().map(PossibleValue::new)))
    }
}

/// What `verify --help` says first.
pub const LONG_ABOUT: &str = "\
Verify that images are the ones you asked for, by signatures of keys that you trust for them.

IMAGE is one of
  sha256:DIGEST                  the Image object of that name
  [NAMESPACE/]STREAM:TAG         an image through its ImageStreamTag
  [NAMESPACE/]STREAM@sha256:...  an image through its ImageStreamImage
  TYPE/NAME                      one of these as oc get -o name prints it: istag/STREAM:TAG
  docker://REFERENCE             an image in a registry, by tag or digest; it is not pulled
  dir:PATH                       a directory as skopeo writes it
With --filename, IMAGE may be omitted: every object in the files is then verified.";

/// Calls for the end of the help text.
const EXAMPLES: &str = "\
Examples:
  An Image object in a file, and the key file of its publisher:
    image-signature verify -f image.json --public-key release-key.asc \\
        --expected-identity registry.local:5000/foo/bar:v1
  With a key of your own keyring, chosen by its fingerprint:
    gpg --import release-key.asc
    image-signature verify -f image.json --expected-identity registry.local:5000/foo/bar:v1 \\
        --signed-by F58D29798CE2022C3F0FA326E5144EDCDD89C95E
  An image in the cluster, recording the verdict on it:
    image-signature verify foo/bar:v1 --expected-identity registry.local:5000/foo/bar:v1 --confirm
  An image in a registry, without pulling it:
    image-signature verify docker://registry.local:5000/foo/bar:v1 --public-key release-key.asc
  See why an image is not verified:
    image-signature verify dir:image --expected-identity registry.local:5000/foo/bar:v1 --explain";

/// Verify that images are the ones you asked for, by signatures of keys that you trust for them.
#[derive(Debug, Args)]
#[command(after_help = format!("{}\n\n{}\n\n{EXAMPLES}", super::help::MEANING, super::help::EXIT_STATUS))]
pub struct VerifyCommand {
    /// Images; IMAGE=REF also gives the expected identity of that image
    #[arg(value_name = "IMAGE")]
    pub images: Vec<String>,

    /// The reference that the image must be signed as, with a tag or a digest (repeatable; one match is enough)
    #[arg(long, value_name = "REF")]
    pub expected_identity: Vec<String>,

    /// How identities are compared: matchRepoDigestOrExact (default),
    /// matchExact, matchRepository, or remap:PREFIX=SIGNED-PREFIX
    #[arg(long, value_name = "RULE", value_parser = MatchRule, hide_possible_values = true)]
    pub identity_match: Option<String>,

    /// The digest that the image must have, for one image only; with --signature-file it can replace the manifest
    #[arg(long, value_name = "DIGEST")]
    pub expected_digest: Option<String>,

    /// How many different keys must have signed the image for the same identity [default: 1]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub require: Option<u32>,

    /// A file with an image and its expected identity on each line, separated by white space; - is standard input
    #[arg(long, value_name = "FILE")]
    pub images_from: Option<PathBuf>,

    /// Which keys are accepted, or the policy that says it.
    #[command(flatten)]
    pub acceptance: AcceptanceOptions,

    /// Where images come from.
    #[command(flatten)]
    pub source: SourceOptions,

    /// Judge the manifest in this file; needs --signature-file; - is standard input
    #[arg(long, value_name = "FILE", help_heading = "Source")]
    pub manifest: Option<PathBuf>,

    /// A signature in a file, for --manifest or --expected-digest (repeatable); - is standard input
    #[arg(long, value_name = "FILE", help_heading = "Source")]
    pub signature_file: Vec<PathBuf>,

    /// Judge the instance of a manifest list for this platform
    #[arg(
        long,
        value_name = "OS/ARCH[/VARIANT]",
        conflicts_with = "all_platforms",
        help_heading = "Source"
    )]
    pub platform: Option<String>,

    /// Judge each instance of a manifest list by itself
    #[arg(long, help_heading = "Source")]
    pub all_platforms: bool,

    /// With --platform or --all-platforms: the list itself must be verified too
    #[arg(long, help_heading = "Source")]
    pub require_list: bool,

    /// Which registry is asked for the images of a cluster.
    #[command(flatten)]
    pub cluster_registry: ClusterRegistryOptions,

    /// How registries are reached.
    #[command(flatten)]
    pub registry: RegistryOptions,

    /// How the results are printed.
    #[command(flatten)]
    pub format: OutputOption<VerifyOutput>,

    /// When verdicts are coloured.
    #[command(flatten)]
    pub colour: ColourOption,

    /// Print every check of every signature with the values compared
    #[arg(long, help_heading = "Output")]
    pub explain: bool,

    /// Judge and record only this signature of an image, by its name or the part of it after @ (repeatable)
    #[arg(long, value_name = "NAME", help_heading = "Recording")]
    pub signature: Vec<String>,

    /// Record the verdicts on the Image objects; without it nothing is written
    #[arg(long, visible_alias = "save", help_heading = "Recording")]
    pub confirm: bool,

    /// With --confirm and --registry-url: add to the Image object signatures found elsewhere that verify the image
    #[arg(long, help_heading = "Recording")]
    pub attach: bool,

    /// server: validate on the server without storing; client: as without --confirm
    #[arg(long, value_name = "HOW", help_heading = "Recording")]
    pub dry_run: Option<DryRun>,

    /// Remove recorded verdicts instead, as the command remove does
    #[arg(long, help_heading = "As in oc adm verify-image-signature")]
    pub remove: bool,

    /// Remove the records of all signatures (the signatures are kept); needs --confirm
    #[arg(long, help_heading = "As in oc adm verify-image-signature")]
    pub remove_all: bool,
}

/// Where images come from.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Source")]
pub struct SourceOptions {
    /// A file with API objects, a directory of such files, or - for standard input; no server is contacted (repeatable)
    #[arg(short, long, value_name = "FILE")]
    pub filename: Vec<PathBuf>,

    /// With --filename: read the subdirectories of a directory too
    #[arg(short = 'R', long)]
    pub recursive: bool,

    /// The cluster, where there are no files.
    #[command(flatten)]
    pub client: ClientOptions,
}
