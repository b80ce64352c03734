// SPDX-License-Identifier: Apache-2.0
//! Commands, options and formats that the clap tree does not have: what a later version brings, what other programs call
//! differently, and what belongs to another command. None of them is ever accepted.

mod loosening;
mod names;
mod policy;

use std::ffi::OsString;
use std::path::Path;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::CommandFactory;

use super::Cli;
use crate::policy::rulebook::other_transport;
use crate::text::{bounded, quoted, safe, shell_word};

/// Longest line of a message of clap's, in characters.
const MAX_LINE: usize = 1000;

/// Commands of the product that this version does not have.
const LATER_COMMANDS: [&str; 1] = ["release"];

/// Says why a word is not an IMAGE, and what to write instead; nothing where it is one.
pub type NoImage<'f> = &'f dyn Fn(&str) -> Option<String>;

/// What is wrong with a command line that clap refused, in words that are safe to print; nothing where it is help that was
/// asked for. `args` is the command line, the program's name first; `no_image` says why a word is not an IMAGE that can be
/// verified. A message of clap's own has its `error: ` before it.
#[must_use]
pub fn message(error: &clap::Error, args: &[OsString], no_image: NoImage<'_>) -> Option<String> {
    let help = [
        ErrorKind::DisplayHelp,
        ErrorKind::DisplayVersion,
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand,
    ];
    if help.contains(&error.kind()) {
        return None;
    }
    Some(explain(error, args, no_image).unwrap_or_else(|| {
        let text = error.render().to_string();
        let lines: Vec<String> = text.trim_end().lines().map(|line| bounded(line, MAX_LINE)).collect();
        lines.join("\n")
    }))
}

/// A better message than clap's own, where there is one.
fn explain(error: &clap::Error, args: &[OsString], no_image: NoImage<'_>) -> Option<String> {
    let context = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.as_str()),
        _ => None,
    };
    match error.kind() {
        ErrorKind::InvalidSubcommand => {
            let word = context(ContextKind::InvalidSubcommand)?;
            let is_like_one = error.get(ContextKind::SuggestedSubcommand).is_some();
            command(word, no_image).or_else(|| (!is_like_one).then(|| no_command(word, args)))
        }
        ErrorKind::UnknownArgument => {
            let word = context(ContextKind::InvalidArg)?;
            let like = context(ContextKind::SuggestedArg);
            let is_like_one = like.is_some_and(|like| !loosening::OPTIONS.contains(&like));
            option(word, args).or_else(|| (!is_like_one).then(|| nothing_like(word, args)).flatten())
        }
        ErrorKind::InvalidValue => format(
            context(ContextKind::InvalidArg)?,
            context(ContextKind::InvalidValue)?,
            args,
        ),
        _ => None,
    }
}

fn command(word: &str, no_image: NoImage<'_>) -> Option<String> {
    if LATER_COMMANDS.contains(&word) {
        return Some(format!("{word}: this command is not in this version"));
    }
    if let Some((_, instead)) = names::COMMANDS.iter().find(|(other, _)| *other == word) {
        return Some(format!("{word} is not a command: {instead}"));
    }
    if let Some(transport) = other_transport(word).filter(|transport| *transport != "dir") {
        return Some(format!(
            "{} is not a command; {transport}: is a transport of skopeo that is not supported here; verify the image where its signatures are: image-signature verify docker://REFERENCE",
            quoted(word)
        ));
    }
    // Whoever leaves the command out most often means to verify.
    if [".json", ".yaml", ".yml"].iter().any(|end| word.ends_with(end)) {
        return Some(format!(
            "{} is not a command; to verify the objects in a file write: image-signature verify --filename {} --expected-identity REF",
            quoted(word),
            shell_word(&safe(word))
        ));
    }
    const VERIFY: &str = "to verify an image write: image-signature verify --expected-identity REF";
    let is_meant = looks_like_an_image(word) || word.contains('.') || Path::new(word).exists();
    if let Some(why) = no_image(word).filter(|_| is_meant) {
        return Some(format!("{} is not a command; {VERIFY} IMAGE; {why}", quoted(word)));
    }
    looks_like_an_image(word).then(|| {
        format!(
            "{} is not a command; {VERIFY} {}",
            quoted(word),
            shell_word(&safe(word))
        )
    })
}

/// What is said of a command that is like none there is.
fn no_command(word: &str, args: &[OsString]) -> String {
    let here = innermost(args);
    let path = here.get_bin_name().filter(|path| !path.is_empty());
    let names: Vec<&str> = here.get_subcommands().map(clap::Command::get_name).collect();
    let word = quoted(word);
    if let (Some(path), true) = (path, names.is_empty()) {
        return format!("{word} is not a command: {path} has no commands; write image-signature help {path}");
    }
    let path = path.map(|path| format!(" of {path}")).unwrap_or_default();
    format!("{word} is not a command{path}; there are: {}", names.join(", "))
}

fn looks_like_an_image(word: &str) -> bool {
    word.contains([':', '@', '/'])
}

fn option(word: &str, args: &[OsString]) -> Option<String> {
    let here = innermost(args);
    // In full: what belongs to `audit` need not belong to `audit merge`.
    let command = here.get_bin_name().filter(|name| !name.is_empty());
    if !word.starts_with('-') {
        return (command == Some("policy test")).then(|| {
            format!(
                "{}: policy test takes the policy as an option: image-signature policy test TABLE --policy FILE",
                shell_word(&safe(word))
            )
        });
    }
    // Clap names a short option without the value that sticks to it, a long one as far as the equals sign.
    let name = word.split('=').next().unwrap_or(word);
    if loosening::NAMES.contains(&name) {
        let asks_registries = owners("--registry-ca");
        let other = command.filter(|command| !asks_registries.iter().any(|own| own == command));
        return Some(loosening::answer(name, other));
    }
    if let ("--policy", Some(command @ ("policy why" | "policy lint"))) = (name, command) {
        return Some(policy::as_an_argument(command, args));
    }
    if let Some((_, here)) = names::OPTIONS.iter().find(|(others, _)| others.contains(&name)) {
        let flag = here.split(' ').next().unwrap_or(here);
        let owners = owners(flag);
        if command.is_none_or(|command| owners.iter().any(|owner| owner == command)) {
            return Some(format!(
                "there is no option {name}; did you mean {}?",
                meant(here, command)
            ));
        }
        let instead = command.map_or("", |command| names::instead(command, flag));
        let first = here.split(", ").next().unwrap_or(here);
        let first = first.split(" for ").next().unwrap_or(first);
        return Some(format!(
            "there is no option {name}; {first} is an option of {}{instead}",
            owners.join(", ")
        ));
    }
    if let Some((_, instead)) = names::NOTHING.iter().find(|(others, _)| others.contains(&name)) {
        return Some(format!("there is no option {name}: {instead}"));
    }
    let owners = owners(name);
    if owners.is_empty() {
        if let Some(long) = long_with_one_dash(word, args) {
            return Some(format!("there is no option {}; did you mean {long}?", &long[1..]));
        }
        let usual = name.to_ascii_lowercase().replace('_', "-");
        let is_there = usual != name && !loosening::OPTIONS.contains(&&*usual) && !self::owners(&usual).is_empty();
        return is_there.then(|| format!("there is no option {name}; did you mean {usual}?"));
    }
    Some(match command {
        Some("remove" | "describe" | "inspect") if is_about_judging(name) => format!(
            "{} judges nothing: {name} is an option of {}",
            command.unwrap_or_default(),
            owners.join(", ")
        ),
        Some(command) if owners.iter().all(|owner| owner != command) => {
            format!(
                "{name} is an option of {}, not of {command}{}",
                owners.join(", "),
                names::instead(command, name)
            )
        }
        _ => format!(
            "{name}: write the options of a command after it: image-signature {} {name} ...",
            command.unwrap_or(&owners[0])
        ),
    })
}

/// A long option that was written with one dash, of which clap names the first letter alone.
fn long_with_one_dash(word: &str, args: &[OsString]) -> Option<String> {
    let mut words = args.iter().filter_map(|arg| arg.to_str());
    let typed = words.find(|arg| arg.len() > word.len() && arg.starts_with(word) && !word.starts_with("--"))?;
    let long = format!("-{}", typed.split('=').next().unwrap_or(typed));
    (!owners(&long).is_empty() && !loosening::OPTIONS.contains(&&*long)).then_some(long)
}

/// The options that may be meant, without those that the command lacks.
fn meant(offers: &str, command: Option<&str>) -> String {
    let is_there = |offer: &&str| {
        let flag = offer.split(' ').next().unwrap_or(offer);
        command.is_none_or(|command| owners(flag).iter().any(|owner| owner == command))
    };
    let all: Vec<&str> = offers.split(", or ").collect();
    match all.iter().copied().filter(is_there).collect::<Vec<_>>().as_slice() {
        // Nothing is left that it could be mistaken for.
        [one] if all.len() > 1 => one.split(" for ").next().unwrap_or(one).to_owned(),
        some => some.join(", or "),
    }
}

/// What is said of a word that is like nothing here. Clap would propose to write an option as an IMAGE: `-- --option`.
fn nothing_like(word: &str, args: &[OsString]) -> Option<String> {
    let here = innermost(args);
    let path = here.get_bin_name().filter(|path| !path.is_empty());
    let path = path.map(|path| format!(" {path}")).unwrap_or_default();
    if word.starts_with('-') {
        let name = bounded(&safe(word.split('=').next().unwrap_or(word)), MAX_LINE);
        return Some(format!(
            "there is no option {name}; image-signature{path} --help shows those there are"
        ));
    }
    (here.get_name() == "keys").then(|| {
        "keys takes options alone, and lists the accepted keys of your keyring without any; for those in a file write: image-signature keys --public-key FILE".to_owned()
    })
}

/// Options that say what is expected and which keys are accepted.
fn is_about_judging(name: &str) -> bool {
    matches!(
        name,
        "--expected-identity"
            | "--expected-digest"
            | "--identity-match"
            | "--require"
            | "--images-from"
            | "--public-key"
            | "--homedir"
            | "--trust-model"
            | "--signed-by"
    )
}

fn format(option: &str, value: &str, args: &[OsString]) -> Option<String> {
    if !option.starts_with("--output") {
        return None;
    }
    let known = Cli::command();
    let owners: Vec<&str> = known
        .get_subcommands()
        .filter(|command| formats(command).iter().any(|format| format == value))
        .map(clap::Command::get_name)
        .collect();
    let here = innermost(args);
    let own = formats(&here);
    if owners.is_empty() || own.is_empty() {
        return None;
    }
    Some(format!(
        "--output {value} is a format of {}, not of {}, whose formats are: {}",
        owners.join(", "),
        here.get_bin_name().unwrap_or(here.get_name()),
        own.join(", ")
    ))
}

/// The formats that a command prints.
fn formats(command: &clap::Command) -> Vec<String> {
    let mut arguments = command.get_arguments();
    let output = arguments.find(|argument| argument.get_long() == Some("output"));
    let formats = output.map(clap::Arg::get_possible_values).unwrap_or_default();
    formats.iter().map(|format| format.get_name().to_owned()).collect()
}

/// The command that was called, as far in as it goes: `audit diff` of `audit`. Its bin name is that without the program's.
pub(super) fn innermost(args: &[OsString]) -> clap::Command {
    let words = args.iter().skip(1).filter_map(|word| word.to_str());
    let (mut command, mut name) = (Cli::command(), Vec::new());
    for word in words {
        if let Some(inner) = command.find_subcommand(word).cloned() {
            name.push(word);
            command = inner;
        }
    }
    command.bin_name(name.join(" "))
}

/// Whether an argument is the option of this name, with its dashes.
pub(super) fn has(argument: &clap::Arg, name: &str) -> bool {
    let longs = argument.get_long_and_visible_aliases().unwrap_or_default();
    let shorts = argument.get_short_and_visible_aliases().unwrap_or_default();
    match name.strip_prefix("--") {
        Some(long) => longs.contains(&long),
        None => name.chars().nth(1).is_some_and(|short| shorts.contains(&short)),
    }
}

/// The commands that have an option, as they are called.
fn owners(name: &str) -> Vec<String> {
    let has = |argument: &clap::Arg| has(argument, name);
    let known = Cli::command();
    let mut owners = Vec::new();
    for command in known.get_subcommands() {
        let name = command.get_name();
        if command.get_arguments().any(has) {
            owners.push(name.to_owned());
        } else {
            let inner = command.get_subcommands().filter(|inner| inner.get_arguments().any(has));
            owners.extend(inner.map(|inner| format!("{name} {}", inner.get_name())));
        }
    }
    owners
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What exists leaves these tables: they are for what clap does not know.
    #[test]
    fn nothing_here_is_in_the_clap_tree() {
        let others = names::OPTIONS.iter().flat_map(|(names, _)| names.iter().copied());
        for name in others {
            assert!(owners(name).is_empty(), "{name} exists");
        }
        for (_, here) in names::OPTIONS {
            let flag = here.split(' ').next().unwrap();
            assert!(!owners(flag).is_empty(), "{flag} does not exist");
        }
        for name in names::NOTHING.iter().flat_map(|(names, _)| names.iter().copied()) {
            assert!(owners(name).is_empty(), "{name} exists");
        }
        for command in LATER_COMMANDS
            .into_iter()
            .chain(names::COMMANDS.map(|(command, _)| command))
        {
            assert!(Cli::command().find_subcommand(command).is_none(), "{command} exists");
        }
    }
}
