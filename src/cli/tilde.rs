// SPDX-License-Identifier: Apache-2.0
//! `--option=~/FILE`: a shell replaces the tilde at the beginning of a word only, so that a directory called `~` would be meant.

use std::any::TypeId;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::error::ErrorKind;

use super::unknown::{has, innermost};
use crate::text::home_word;

/// The option whose value gpg completes by itself, and so do we.
const HOMEDIR: &str = "--homedir";

/// Refuses a command line with an option whose value is a path that begins with a tilde, unless a directory is really called so.
/// Other values may begin so, and may be secrets.
///
/// # Errors
/// When there is one.
pub fn refuse(args: &[OsString]) -> Result<(), clap::Error> {
    match message(args) {
        Some(message) => Err(clap::Error::raw(ErrorKind::ValueValidation, message)),
        None => Ok(()),
    }
}

/// What is wrong with the first of them, safe to print.
fn message(args: &[OsString]) -> Option<String> {
    let words = args.iter().skip(1).filter_map(|word| word.to_str());
    let (option, word) = words.take_while(|word| *word != "--").find_map(|word| {
        let (option, value) = split(word)?;
        let word = home_word(value)?;
        is_path(option.trim_end_matches('='), args).then_some((option, word))
    })?;
    (!Path::new("~").exists()).then(|| format!("the shell does not replace ~ after {option}: write {option}{word}"))
}

/// An option, as far as its value, and that.
fn split(word: &str) -> Option<(&str, &str)> {
    let end = match word.strip_prefix("--") {
        Some(_) => word.find('=')? + 1,
        None => {
            let letter = word
                .strip_prefix('-')?
                .chars()
                .next()
                .filter(char::is_ascii_alphabetic)?;
            1 + letter.len_utf8() + usize::from(word[1 + letter.len_utf8()..].starts_with('='))
        }
    };
    let (option, value) = word.split_at(end);
    (option.trim_end_matches('=') != HOMEDIR).then_some((option, value))
}

/// Whether the value of an option is a path, in the command that is called.
fn is_path(option: &str, args: &[OsString]) -> bool {
    let command = innermost(args);
    let mut arguments = command.get_arguments();
    let argument = arguments.find(|argument| has(argument, option));
    argument.is_some_and(|argument| argument.get_value_parser().type_id() == TypeId::of::<PathBuf>())
}
