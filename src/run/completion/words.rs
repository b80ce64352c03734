// SPDX-License-Identifier: Apache-2.0
//! What all scripts need to know of options: what they and their values are called.

use clap::builder::NonEmptyStringValueParser;
use clap::{Arg, Command, ValueEnum, ValueHint};

use crate::audit::format::ReportFormat;

/// The command that is `verify` by itself.
pub(super) const VERIFY: &str = "verify-image-signature";

/// Other names of the program: the plugins of oc and kubectl.
pub(super) const PLUGINS: [&str; 2] = ["oc-image_signature", "kubectl-image_signature"];

/// What help texts call the value of an option or argument.
pub(super) fn value_name(arg: &Arg) -> &str {
    let name = arg.get_value_names().unwrap_or_default().first();
    name.map_or("", |name| name.as_str())
}

/// The names of an option as they are typed.
pub(super) fn names(arg: &Arg) -> Vec<String> {
    let short = arg.get_short().map(|short| format!("-{short}"));
    let long = arg.get_long_and_visible_aliases().unwrap_or_default();
    short
        .into_iter()
        .chain(long.into_iter().map(|long| format!("--{long}")))
        .collect()
}

/// The formats that stand before a file in a value FORMAT=FILE.
pub(super) fn formats(arg: &Arg) -> Option<Vec<String>> {
    let known = ReportFormat::value_variants()
        .iter()
        .filter_map(ValueEnum::to_possible_value);
    let known = known.map(|format| format.get_name().to_owned());
    (value_name(arg) == "FORMAT=FILE").then(|| known.collect())
}

/// The word that may stand in the place of a value, by its name: `auto` of `HOST|auto`; of `I/N|auto/N` its beginning,
/// `auto/`, after which the rest is typed.
pub(super) fn word_beside(arg: &Arg) -> Option<&str> {
    let mut others = value_name(arg).split('|').skip(1);
    let word = others.find(|other| other.starts_with(|c: char| c.is_ascii_lowercase()))?;
    Some(word.trim_end_matches(|c: char| c.is_ascii_uppercase()))
}

/// Whether a value is a list with commas.
pub(super) fn is_list(arg: &Arg) -> bool {
    arg.get_value_delimiter() == Some(',')
}

/// The command with lists as any text: their words are completed one by one, which clap cannot do.
pub(super) fn without_words_of_lists(command: Command) -> Command {
    let plain = |arg: Arg| match is_list(&arg) {
        true => arg
            .value_parser(NonEmptyStringValueParser::new())
            .value_hint(ValueHint::Other),
        false => arg,
    };
    command.mut_subcommands(|command| {
        let inner = |inner: Command| inner.mut_args(plain);
        command.mut_args(plain).mut_subcommands(inner)
    })
}

/// The words that a value may be, where there is a list of them.
pub(super) fn words(arg: &Arg) -> Option<Vec<String>> {
    let takes_values = arg.get_action().takes_values();
    let values = arg.get_value_parser().possible_values().filter(|_| takes_values)?;
    Some(values.map(|value| value.get_name().to_owned()).collect())
}
