// SPDX-License-Identifier: Apache-2.0
//! How audits are reported: options of `audit` and `audit merge`.

use std::ffi::OsStr;

use clap::builder::{EnumValueParser, PossibleValue, TypedValueParser};
use clap::error::ErrorKind;
use clap::{Arg, Args, Command, Error, ValueEnum};

use crate::audit::format::ReportFormat;
use crate::cli::output::{ColourOption, OutputOption};

/// What makes an audit fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FailOnFlag {
    /// An image that has signatures, of which not enough pass
    Rejected,
    /// An image with only signatures that this program cannot check
    Unsupported,
    /// An image without a signature
    Unsigned,
    /// An image that the policy accepts without a signature
    Allowed,
    /// An image that could not be judged
    Unchecked,
    /// A record that no longer holds
    Stale,
    /// An image verified only by keys that expire soon
    Expiring,
    /// A signature that is missing at a mirror
    Gap,
}

/// Takes the words of [`FailOnFlag`]. There is none for nothing, which people look for, and none is like it.
#[derive(Debug, Clone, Copy)]
struct FailOnWord;

impl TypedValueParser for FailOnWord {
    type Value = FailOnFlag;

    fn parse_ref(&self, command: &Command, arg: Option<&Arg>, value: &OsStr) -> Result<FailOnFlag, Error> {
        if value.is_empty() || value.eq_ignore_ascii_case("none") {
            let words: Vec<String> = self.words().map(|word| word.get_name().to_owned()).collect();
            let what = format!(
                "--fail-on {}: it needs at least one word of: {}\n",
                value.to_string_lossy(),
                words.join(", ")
            );
            return Err(Error::raw(ErrorKind::ValueValidation, what).with_cmd(command));
        }
        EnumValueParser::<FailOnFlag>::new().parse_ref(command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(self.words()))
    }
}

impl FailOnWord {
    fn words(self) -> impl Iterator<Item = PossibleValue> {
        FailOnFlag::value_variants()
            .iter()
            .filter_map(FailOnFlag::to_possible_value)
    }
}

/// Where help texts have these options.
const HEADING: &str = "Report";

/// What -o prints here.
const OUTPUT: &str = "Format of the report on standard output";

/// How an audit is reported.
#[derive(Debug, Args)]
#[command(mut_arg("output", |argument| argument.help(OUTPUT).help_heading(HEADING)))]
#[command(mut_arg("color", |argument| argument.help_heading(HEADING)))]
pub struct ReportOptions {
    /// How the report is printed.
    #[command(flatten)]
    pub format: OutputOption<ReportFormat>,

    /// Write a report in this format to a file as well (repeatable)
    #[arg(long, value_name = "FORMAT=FILE", help_heading = "Report")]
    pub report: Vec<String>,

    /// When verdicts are coloured.
    #[command(flatten)]
    pub colour: ColourOption,

    /// What makes the audit fail, separated by commas [default: rejected,unsupported,unsigned,allowed,unchecked]
    #[arg(long, value_name = "WHAT", value_delimiter = ',', value_parser = FailOnWord, help_heading = "Report")]
    pub fail_on: Vec<FailOnFlag>,

    /// Report images verified only by keys that expire within this time (30d, 12h) [default: 30d]
    #[arg(long, value_name = "TIME", help_heading = "Report")]
    pub warn_expiry: Option<String>,
}
