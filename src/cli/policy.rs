// SPDX-License-Identifier: Apache-2.0
//! The options of `policy` and its subcommands, with their help texts.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::cluster::ClientOptions;
use super::output::OutputOption;

/// Where the policy is, and what belongs to it.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Configuration")]
pub struct Configuration {
    /// Where the configuration of registries is that belongs to the policy.
    #[command(flatten)]
    pub registries: Registries,

    /// Read the policy of this machine, found as podman finds it; the default without a policy FILE
    #[arg(long)]
    pub system_policy: bool,

    /// Read the ClusterImagePolicies of the cluster, and the ImagePolicies of the namespace of -n; with FILE, all are
    /// combined
    #[arg(long)]
    pub cluster_policy: bool,

    /// The cluster of --cluster-policy.
    #[command(flatten)]
    pub client: ClientOptions,
}

/// Where the configuration of registries is.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Configuration")]
pub struct Registries {
    /// The registries.conf to read, without drop-in files [default: that of the user, else of the system]
    #[arg(long, value_name = "FILE")]
    pub registries_conf: Option<PathBuf>,

    /// The directory to read in place of registries.d [default: those of the user and the system]
    #[arg(long = "registries.d", value_name = "DIR")]
    pub registries_d: Option<PathBuf>,
}

/// What -n is for here.
const NAMESPACE: &str = "Add the ImagePolicies of this namespace; without this option, ImagePolicies are left out";

/// What --cluster-policy reads for `why`.
const CLUSTER_POLICY: &str =
    "Read the ClusterImagePolicies of the cluster, the ImagePolicies of the namespace of -n, and \
    the mirror sets; with FILE, all are combined";

/// How explanations and findings are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PolicyOutput {
    /// Text for people to read
    Text,
    /// One JSON document for programs
    Json,
    /// The same as YAML
    Yaml,
}

const STATUS_WHY: &str = "\
Exit status: 0 done; 2 usage error, or a file cannot be read or is malformed; 3 GnuPG, a cluster or printing \
failed; 130 interrupted.";

const STATUS_LINT: &str = "\
Exit status: 0 nothing found but notes; 1 errors or warnings found; 2 usage error, or a file cannot be read; 3 GnuPG, a \
cluster or printing failed; 130 interrupted.";

const STATUS_TEST: &str = "\
Exit status: 0 all is as expected; 1 something is not; 2 usage error, or the table or the policy cannot be read or is \
malformed; 3 a key file of the policy cannot be used, or GnuPG, a cluster or printing failed; 130 interrupted.";

const LINT: &str = "  image-signature policy lint
  image-signature policy lint policy.json -o json";
const TEST: &str = "  image-signature policy test expected.yaml --policy policy.json";
const WHY: &str = "  image-signature policy why registry.local:5000/foo/bar:v1
  image-signature policy why registry.local:5000/foo/bar:v1 policy.json --mirrors
  image-signature policy why registry.local:5000/foo/bar:v1 --cluster-policy";

/// Say who may sign what: which part of a policy applies to an image, and what it means.
#[derive(Debug, Args)]
#[command(arg_required_else_help = true, after_help = format!("Examples:\n{LINT}\n{TEST}\n{WHY}"))]
pub struct PolicyCommand {
    /// The subcommand that says something of a policy.
    #[command(subcommand)]
    pub action: PolicySubcommand,
}

/// What is said of a policy.
#[derive(Debug, Subcommand)]
pub enum PolicySubcommand {
    /// Explain which scope applies to a reference and what it requires
    Why(WhyCommand),
    /// Find what cannot work in a policy, and what may mean something other than intended
    Lint(LintCommand),
    /// Compare what a policy says with a table of what it is meant to say
    Test(TestCommand),
}

/// Explain what a policy means for one image: the scopes that are tried, what is required and by which keys, how the
/// signed reference must look, the mirrors, and where signatures would be looked for. No server is contacted, unless
/// --cluster-policy asks for it.
#[derive(Debug, Args)]
#[command(
    after_help = format!("{STATUS_WHY}\n\nExamples:\n{WHY}"),
    mut_arg("namespace", |arg| arg.help(NAMESPACE)),
    mut_arg("cluster_policy", |arg| arg.help(CLUSTER_POLICY)),
)]
pub struct WhyCommand {
    /// The image as it would be asked for: HOST/PATH:TAG or HOST/PATH@DIGEST
    #[arg(value_name = "REF")]
    pub reference: String,

    /// A policy.json, or files with ClusterImagePolicies, ImagePolicies and mirror sets (IDMS, ITMS, ICSP)
    #[arg(value_name = "FILE")]
    pub files: Vec<PathBuf>,

    /// Print what the policy must say so that images asked for by a mirror's own name are accepted; nothing is written
    #[arg(long)]
    pub mirrors: bool,

    /// The policy: that of files, of this machine or of a cluster.
    #[command(flatten)]
    pub configuration: Configuration,

    /// How the results are printed.
    #[command(flatten)]
    pub format: OutputOption<PolicyOutput>,
}

/// Find what cannot work in a policy, and what may mean something other than intended: one line per finding, with a stable
/// code, severity, file, line and column. The policy of this machine is checked together with its registries.conf,
/// registries.d and programs.
#[derive(Debug, Args)]
#[command(after_help = format!("{STATUS_LINT}\n\nExamples:\n{LINT}"), mut_arg("namespace", |arg| arg.help(NAMESPACE)))]
pub struct LintCommand {
    /// A policy.json, or files with ClusterImagePolicies and ImagePolicies
    #[arg(value_name = "FILE")]
    pub files: Vec<PathBuf>,

    /// The policy: that of files, of this machine or of a cluster.
    #[command(flatten)]
    pub configuration: Configuration,

    /// How the results are printed.
    #[command(flatten)]
    pub format: OutputOption<PolicyOutput>,
}

/// How the outcome of tests is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TestOutput {
    /// Text for people to read
    Text,
    /// One JSON document for programs
    Json,
    /// The same as YAML
    Yaml,
    /// A JUnit report for CI systems
    Junit,
}

/// Compare what a policy says with a table of what it is meant to say: references, each with scope, verdict or keys.
#[derive(Debug, Args)]
#[command(after_help = format!("{STATUS_TEST}\n\nExamples:\n{TEST}"), mut_arg("namespace", |arg| arg.help(NAMESPACE)))]
pub struct TestCommand {
    /// The table, YAML or JSON: REF: {scope: SCOPE, verdict: VERDICT, keys: [FINGERPRINT...]}
    #[arg(value_name = "TABLE")]
    pub table: PathBuf,

    /// A policy.json, or a file with ClusterImagePolicies and ImagePolicies (repeatable)
    #[arg(long = "policy", value_name = "FILE")]
    pub policy: Vec<PathBuf>,

    /// The policy: that of files, of this machine or of a cluster.
    #[command(flatten)]
    pub configuration: Configuration,

    /// How the results are printed.
    #[command(flatten)]
    pub format: OutputOption<TestOutput>,
}
