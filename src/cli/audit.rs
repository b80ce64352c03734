// SPDX-License-Identifier: Apache-2.0
//! The options of `audit`, with its help texts.

pub(crate) mod diff;
pub(crate) mod merge;
pub(crate) mod report;

use std::path::PathBuf;

use clap::{Args, Subcommand};

use self::report::ReportOptions;
use super::acceptance::AcceptanceOptions;
use super::registry::{ClusterRegistryOptions, RegistryOptions};
use super::verify::{MatchRule, SourceOptions};

/// What `audit --help` says first.
pub const LONG_ABOUT: &str = "\
Judge every image of a set, and report which are verified, which are not, and why.

The images are those of the cluster (with -n, those that a namespace uses), of --filename,
of --images-from, or the IMAGE arguments:
  [NAMESPACE/]STREAM:TAG         an image of the cluster, expected to be signed as its stream says
  [NAMESPACE/]STREAM@sha256:...  the same, by its digest
  sha256:DIGEST=REF              the Image object of that name, expected to be signed as REF
  dir:PATH=REF                   a directory as skopeo writes it, expected to be signed as REF
  docker://REFERENCE             an image in a registry, expected to be signed as REFERENCE
With --filename, IMAGE=REF names an object in the files and what it is expected to be signed as.
If no REF is given, --expected-identity-map can say under which names images are signed.
An image without an expected identity is Unchecked (NoExpectedIdentity).";

const EXIT_STATUS: &str = "\
Exit status: 0 nothing that --fail-on names was found; 1 something was; 2 usage error, nothing was contacted; 3 not all \
images are known, or a record or report could not be written; 130 interrupted.";

const NAMESPACE: &str = "\
Images of a cluster: only those that streams and pods of this namespace use. With --filename: the namespace of streams that \
are named without one. With a policy, the ImagePolicies of this namespace apply";

const EXAMPLES: &str = "\
Examples:
  Every image of the cluster, judged by a policy:
    image-signature audit --policy policy.json
  Image objects in files, with a map of the prefixes that they are signed under:
    image-signature audit -f images.json --public-key release-key.asc \\
        --expected-identity-map prefixes.txt
  The same, with a report that can be resumed:
    image-signature audit -f images.json --public-key release-key.asc \\
        --expected-identity-map prefixes.txt --report jsonl=audit.jsonl
  The same audit, resumed after an interruption:
    image-signature audit -f images.json --public-key release-key.asc \\
        --expected-identity-map prefixes.txt --resume audit.jsonl
  Images in a list:
    image-signature audit --images-from images.txt --public-key release-key.asc";

/// What is done with the reports of audits.
#[derive(Debug, Subcommand)]
pub enum AuditSubcommand {
    /// Merge the reports of all shards of an audit
    Merge(merge::MergeCommand),
    /// Compare the reports of two audits
    Diff(diff::DiffCommand),
}

/// Judge every image of a set, and report on all of them.
#[derive(Debug, Args)]
#[command(mut_arg("namespace", |argument| argument.help(NAMESPACE)))]
#[command(args_conflicts_with_subcommands = true)]
#[command(after_help = format!("{}\n\n{EXIT_STATUS}\n\n{EXAMPLES}", super::help::MEANING))]
pub struct AuditCommand {
    /// What is done with reports.
    #[command(subcommand)]
    pub action: Option<AuditSubcommand>,

    /// Images; IMAGE=REF also gives the expected identity of that image
    #[arg(value_name = "IMAGE")]
    pub images: Vec<String>,

    /// Images of a cluster: only those that streams and pods of any namespace use
    #[arg(short = 'A', long, help_heading = "Source")]
    pub all_namespaces: bool,

    /// Images of a cluster: only those with these labels; with -n or -A, those that streams and pods with these labels use
    #[arg(short = 'l', long, value_name = "SELECTOR", help_heading = "Source")]
    pub selector: Option<String>,

    /// A file with an image on each line and, after white space, its expected identity; - is standard input
    #[arg(long, value_name = "FILE")]
    pub images_from: Option<PathBuf>,

    /// A file with two prefixes on each line, separated by white space: where images are, and what they are signed as;
    /// the longest match decides
    #[arg(long, value_name = "FILE")]
    pub expected_identity_map: Option<PathBuf>,

    /// How identities are compared: matchRepoDigestOrExact (default),
    /// matchExact, matchRepository, or remap:PREFIX=SIGNED-PREFIX
    #[arg(long, value_name = "RULE", value_parser = MatchRule, hide_possible_values = true)]
    pub identity_match: Option<String>,

    /// How many different keys must have signed the image for the same identity [default: 1]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub require: Option<u32>,

    /// By which keys images are judged.
    #[command(flatten)]
    pub acceptance: AcceptanceOptions,

    /// Where images come from.
    #[command(flatten)]
    pub source: SourceOptions,

    /// Compare each image, and its signatures of each kind, at the mirrors of its source with those at the source
    #[arg(long, help_heading = "Source")]
    pub mirrors: bool,

    /// Which registry is asked for the images of a cluster.
    #[command(flatten)]
    pub cluster_registry: ClusterRegistryOptions,

    /// How registries are reached.
    #[command(flatten)]
    pub registry: RegistryOptions,

    /// The number of threads that judge [default: the number of processors]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=256), help_heading = "Run")]
    pub workers: Option<u32>,

    /// Judge only part I of N parts (shards) of the images, counted from 0; auto takes I from $JOB_COMPLETION_INDEX
    #[arg(long, value_name = "I/N|auto/N", help_heading = "Run")]
    pub shard: Option<String>,

    /// Continue an unfinished report of --report jsonl=FILE, with the options of the audit that began it
    #[arg(long, value_name = "FILE", help_heading = "Run")]
    pub resume: Option<PathBuf>,

    /// Formats and destinations of the report.
    #[command(flatten)]
    pub report: ReportOptions,

    /// Record the verdicts on the Image objects; without it nothing is written
    #[arg(long, help_heading = "Recording")]
    pub confirm: bool,

    /// With --confirm: how many records may change from True to False; if there are more, none of them
    /// is written [default: 20]
    #[arg(long, value_name = "N", help_heading = "Recording")]
    pub max_downgrades: Option<u32>,
}
