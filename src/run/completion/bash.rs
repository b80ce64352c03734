// SPDX-License-Identifier: Apache-2.0
//! The script for bash. File names are left to readline, which alone knows how they are quoted.

use std::fmt::Write;

use clap::{Arg, Command, ValueHint};

use super::words::{formats, is_list, names, value_name, word_beside, words, PLUGINS, VERIFY};

/// What is the same whatever the options are.
const SKELETON: &str = include_str!("skeleton.bash");

/// The line of [`SKELETON`] in whose place the commands stand.
const PLACE: &str = "        # commands\n";

/// The line of [`SKELETON`] in whose place the commands stand that have commands of their own.
const GROUPS: &str = "                    # groups\n";

pub(super) fn script(command: &Command) -> String {
    let mut cases = case("''", command);
    let mut groups = String::new();
    for subcommand in command.get_subcommands() {
        let name = subcommand.get_name();
        cases += &case(name, subcommand);
        let own = subcommand.get_subcommands();
        let inner: String = own
            .map(|own| case(&format!("'{name} {}'", own.get_name()), own))
            .collect();
        cases += &inner;
        if !inner.is_empty() && name != "help" {
            // Where a command of the group may be left out, another word is an argument of the group.
            let own: Vec<&str> = subcommand.get_subcommands().map(Command::get_name).collect();
            let _ = writeln!(
                groups,
                "                    '{name} '{}) command=\"{name} ${{COMP_WORDS[i]}}\" ;;",
                own.join(&format!("|'{name} '"))
            );
        }
    }
    let all = [command.get_name(), VERIFY, PLUGINS[0], PLUGINS[1]];
    let script = SKELETON.replace(PLACE, &cases).replace(GROUPS, &groups);
    format!("{script}\ncomplete -F _image_signature {}\n", all.join(" "))
}

/// Sets what can follow in a command.
fn case(pattern: &str, command: &Command) -> String {
    let mut options: Vec<String> = Vec::new();
    let mut values = String::new();
    let mut argument = subcommands(command);
    for arg in command.get_arguments().filter(|arg| !arg.is_hide_set()) {
        if arg.is_positional() {
            // A command may stand in the place of an argument.
            argument = match command.has_subcommands() {
                true => format!("{argument} {}", kind(arg)),
                false => kind(arg),
            };
            continue;
        }
        let names = names(arg);
        if arg.get_action().takes_values() {
            // An option whose value may be left out has it after "=" only.
            let condition = if arg.is_require_equals_set() {
                "[[ -z $after_equals ]] || "
            } else {
                ""
            };
            let _ = writeln!(
                values,
                "                {}) {condition}value='{}' ;;",
                names.join("|"),
                kind(arg)
            );
        }
        options.extend(names);
    }
    format!(
        "        {pattern})\n            options='{}'\n            argument='{argument}'\n            case $option in\n{values}            esac\n            ;;\n",
        options.join(" ")
    )
}

/// The commands below a command; `help` has those that it tells about.
fn subcommands(command: &Command) -> String {
    let names: Vec<&str> = command.get_subcommands().map(Command::get_name).collect();
    if names.is_empty() {
        ":nothing".to_owned()
    } else {
        names.join(" ")
    }
}

/// What a value is: words, or with a colon before it what is looked up.
fn kind(arg: &Arg) -> String {
    if let Some(formats) = formats(arg) {
        return format!(":report {}", formats.join(" "));
    }
    match word_beside(arg) {
        Some(begin) if begin.ends_with('/') => return format!(":begin {begin}"),
        Some(word) => return word.to_owned(),
        None => {}
    }
    match (words(arg), arg.get_value_hint()) {
        (Some(words), _) if is_list(arg) => format!(":list {}", words.join(" ")),
        (Some(words), _) => words.join(" "),
        (None, ValueHint::AnyPath) => ":file".to_owned(),
        (None, ValueHint::DirPath) => ":directory".to_owned(),
        (None, _) if value_name(arg) == "IMAGE" => ":image".to_owned(),
        (None, _) => ":nothing".to_owned(),
    }
}
