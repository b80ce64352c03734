// SPDX-License-Identifier: Apache-2.0
//! The options of `describe`, with its help texts.

use clap::{Args, ValueEnum};

use super::output::OutputOption;
use super::verify::SourceOptions;

/// How results are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DescribeOutput {
    /// In the layout of `oc describe image`
    Text,
    /// One JSON document for all images
    Json,
    /// The same as YAML
    Yaml,
}

/// Calls for the end of the help text.
const EXAMPLES: &str = "\
Examples:
  image-signature describe -f image.json
  image-signature describe foo/bar:v1
  oc get image -o name | xargs image-signature describe -o json";

/// Show the signatures of images and what is recorded about them. Nothing is checked.
#[derive(Debug, Args)]
#[command(after_help = format!("{}\n\n{}\n\n{EXAMPLES}", super::help::MEANING, super::help::EXIT_STATUS_DONE))]
pub struct DescribeCommand {
    /// Images, as for verify
    #[arg(value_name = "IMAGE")]
    pub images: Vec<String>,

    /// Where images come from.
    #[command(flatten)]
    pub source: SourceOptions,

    /// How the results are printed.
    #[command(flatten)]
    pub format: OutputOption<DescribeOutput>,
}
