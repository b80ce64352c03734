// SPDX-License-Identifier: Apache-2.0
//! The options of `audit merge`, with its help texts.

use std::path::PathBuf;

use clap::Args;

use super::report::ReportOptions;

const EXIT_STATUS: &str = "\
Exit status: 0 nothing that --fail-on names was found; 1 something was; 2 usage error; 3 something is missing or occurs \
twice, a report cannot be read, or a shard is itself incomplete; 130 interrupted.";

const EXAMPLES: &str = "\
Examples:
  image-signature audit merge shard-*.jsonl
  image-signature audit merge shard-*.jsonl -o json --report html=audit.html";

/// Merge the reports of all shards of an audit, as if one run had made it. Each shard must be there exactly once, whole,
/// and of the same audit, and no image twice; otherwise the exit status is 3, and the report says what is missing.
#[derive(Debug, Args)]
#[command(after_help = format!("{EXIT_STATUS}\n\n{EXAMPLES}"))]
pub struct MergeCommand {
    /// Reports in JSON lines, one of each shard
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,

    /// How the sum is reported.
    #[command(flatten)]
    pub report: ReportOptions,
}
