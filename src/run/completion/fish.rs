// SPDX-License-Identifier: Apache-2.0
//! The script for fish: that of clap, with what it leaves out.

use std::fmt::Write;

use clap::{Command, ValueHint};
use clap_complete::shells::Fish;

use super::words::{formats, is_list, value_name, without_words_of_lists, word_beside, words, PLUGINS, VERIFY};

pub(super) fn script(mut command: Command) -> String {
    let name = command.get_name().to_owned();
    let values = values(&command);
    command = without_words_of_lists(command);
    let mut script = Vec::new();
    clap_complete::generate(Fish, &mut command, name.clone(), &mut script);
    let mut script = edited(&String::from_utf8_lossy(&script), &command, &values);
    let _ = writeln!(script);
    for subcommand in command.get_subcommands() {
        let own = std::iter::once((String::new(), subcommand));
        let inner = subcommand.get_subcommands().filter(|_| subcommand.get_name() != "help");
        let inner = inner.map(|inner| (format!("; and __fish_seen_subcommand_from {}", inner.get_name()), inner));
        let all = own.chain(inner).flat_map(|(also, command)| {
            let positionals: Vec<_> = command.get_positionals().collect();
            positionals.into_iter().map(move |arg| (also.clone(), arg))
        });
        for (also, arg) in all {
            let condition = format!(
                "complete -c {name} -n \"__fish_image_signature_using_subcommand {}{also}\"",
                subcommand.get_name()
            );
            if let Some(words) = words(arg) {
                let _ = writeln!(script, "{condition} -f -a \"{}\"", words.join(" "));
            } else if value_name(arg) == "IMAGE" {
                let _ = writeln!(script, "{condition} -f -a \"(__fish_image_signature_images)\"");
            } else if arg.get_value_hint() == ValueHint::AnyPath {
                let _ = writeln!(script, "{condition} -F");
            }
        }
    }
    let _ = writeln!(
        script,
        "{IMAGES}{VALUES}\ncomplete -c {VERIFY} --wraps \"{name} verify\""
    );
    for plugin in PLUGINS {
        let _ = writeln!(script, "complete -c {plugin} --wraps {name}");
    }
    script
}

/// IMAGE: of all that it can be, only a directory can be looked up.
const IMAGES: &str = "
function __fish_image_signature_images
	set -l word (commandline -ct | string trim -l -c \"'\\\"\")
	string match -q 'dir:*' -- $word
	or return
	for directory in (__fish_complete_directories (string sub -s 5 -- $word) '')
		echo dir:$directory
	end
end
";

/// Lists with commas, and FORMAT=FILE: what is typed already stands before what may follow. A file in the word of its
/// short option (`-fFILE`) is not looked up by fish.
const VALUES: &str = "
function __fish_image_signature_typed
	set -l word (commandline -ct)
	set -l bare (string unescape -- $word)
	and set word $bare
	string replace -r -- '^(--[^=]*=|-[^-])' '' $word
end

function __fish_image_signature_attached
	set -l word (commandline -ct)
	string match -q -r -- '^-[^-=]' $word
	and __fish_complete_path (__fish_image_signature_typed)
end

function __fish_image_signature_list
	set -l begun (__fish_image_signature_typed | string match -r -- '.*,')
	set -l typed (string split , -- $begun)
	for word in $argv
		contains -- $word $typed
		or echo \"$begun$word\"
	end
end

function __fish_image_signature_reports
	set -l parts (string split -m 1 = -- (__fish_image_signature_typed))
	if test (count $parts) -eq 2
		for path in (__fish_complete_path $parts[2])
			echo $parts[1]=$path
		end
	else
		for format in $argv
			echo $format=
		end
	end
end
";

/// Options whose values a function of [`VALUES`] completes: ` -l NAME `, and how it is called.
fn values(command: &Command) -> Vec<(String, String)> {
    let inner = command.get_subcommands().flat_map(Command::get_subcommands);
    let all = command.get_subcommands().chain(inner).flat_map(Command::get_arguments);
    let mut values: Vec<(String, String)> = Vec::new();
    for arg in all {
        let call = match (formats(arg), words(arg), word_beside(arg)) {
            (Some(formats), ..) => format!("__fish_image_signature_reports {}", formats.join(" ")),
            (None, Some(words), _) if is_list(arg) => format!("__fish_image_signature_list {}", words.join(" ")),
            (None, None, Some(word)) => format!("echo {word}"),
            _ => continue,
        };
        if let Some(long) = arg.get_long() {
            values.push((format!(" -l {long} "), call));
        }
    }
    values
}

/// Options whose value may be left out do not take the next word for it, and `values` have what completes them.
fn edited(script: &str, command: &Command, values: &[(String, String)]) -> String {
    let mut out = String::with_capacity(script.len());
    let optional: Vec<String> = command
        .get_subcommands()
        .flat_map(Command::get_arguments)
        .filter(|arg| arg.is_require_equals_set())
        .filter_map(|arg| arg.get_long().map(|long| format!(" -l {long} ")))
        .collect();
    for line in script.lines() {
        let mut line = line.replace(" v/v= ", " 'v/v=?' ");
        if optional.iter().any(|option| line.contains(option)) {
            line = line.replace(" -r -f -a ", " -f -a ").replace(" -r -f", "");
        }
        // `help` is on the line wherever this is asked.
        if line.contains("using_subcommand help; and not ") {
            line = line.replacen(" help\" -f", "\" -f", 1);
        }
        if line.contains(" -s ") && line.ends_with(" -r -F") {
            line += " -a \"(__fish_image_signature_attached)\"";
        }
        if let Some((_, call)) = values.iter().find(|(option, _)| line.contains(option)) {
            let _ = write!(line, " -a \"({call})\"");
        }
        out += &line;
        out.push('\n');
    }
    out
}
