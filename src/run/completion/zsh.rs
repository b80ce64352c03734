// SPDX-License-Identifier: Apache-2.0
//! The script for zsh: that of clap, with what it cannot know.

use clap::Command;
use clap_complete::shells::Zsh;

use super::words::{formats, is_list, names, value_name, without_words_of_lists, word_beside, words, PLUGINS, VERIFY};

/// IMAGE: of all that it can be, only a directory can be looked up. Where an option is typed, saying so would keep zsh
/// from inserting the one that fits.
const IMAGES: &str = "
_image-signature_images() {
    if compset -P 'dir:'; then _path_files -/; elif [[ $PREFIX != -* ]]; then _message -e images 'image'; fi
}
";

/// `verify-image-signature` is completed as `image-signature verify`.
const AS_VERIFY: &str = "
    if [[ $service == verify-image-signature ]]; then
        words=(image-signature verify \"${(@)words[2,-1]}\")
        (( CURRENT += 1 ))
    fi
";

/// FORMAT=FILE, by the formats.
const REPORTS: &str = "
_image-signature_reports() {
    if compset -P '*='; then _files; else compadd -q -S = -- \"$@\"; fi
}
";

pub(super) fn script(command: Command) -> String {
    let name = command.get_name().to_owned();
    let values = values(&command);
    let mut command = without_words_of_lists(command);
    let mut script = Vec::new();
    clap_complete::generate(Zsh, &mut command, name.clone(), &mut script);
    let mut script = String::from_utf8_lossy(&script).into_owned();
    for group in command.get_subcommands().filter(|group| takes_images(group)) {
        script = with_images_beside_commands(&script, &name, group);
    }
    let mut out = format!("#compdef {name} {VERIFY} {}\n", PLUGINS.join(" "));
    for line in script.lines().skip(1) {
        out += &edited(line, &command, &values);
        out.push('\n');
        if line == format!("_{name}() {{") {
            out += AS_VERIFY;
        }
        if line.starts_with("autoload") {
            out += IMAGES;
            out += REPORTS;
            for group in command.get_subcommands().filter(|group| takes_images(group)) {
                let group = group.get_name();
                out += &format!(
                    "\n_{name}_{group}_words() {{\n    (( CURRENT == 2 )) && _{name}__{group}_commands && return 0\n    _{name}_images\n}}\n"
                );
            }
        }
    }
    out
}

/// Options whose values clap does not complete: the beginning of the line, ` --NAME=[`, and what completes them.
fn values(command: &Command) -> Vec<(String, String)> {
    let inner = command.get_subcommands().flat_map(Command::get_subcommands);
    let all = command.get_subcommands().chain(inner).flat_map(Command::get_arguments);
    let mut values = Vec::new();
    for arg in all {
        let action = match (formats(arg), words(arg), word_beside(arg)) {
            // Without the space zsh puts options of its own before the formats.
            (Some(formats), ..) => format!(" _image-signature_reports {}", formats.join(" ")),
            (None, Some(words), _) if is_list(arg) => format!("_values -s , {} {}", value_name(arg), words.join(" ")),
            (None, None, Some(word)) => match word.strip_suffix('/') {
                Some(begin) => format!("compadd -S / {begin}"),
                None => format!("compadd {word}"),
            },
            _ => continue,
        };
        if let Some(long) = arg.get_long() {
            values.push((format!("--{long}=["), action));
        }
    }
    values
}

/// Whether a command has commands of its own, each in the place of an image.
fn takes_images(command: &Command) -> bool {
    command.has_subcommands() && command.get_positionals().any(|arg| value_name(arg) == "IMAGE")
}

/// Clap's script takes the second argument for the command where images may stand, and leaves out the options after the
/// first: here the command is told by its name, before anything is completed.
fn with_images_beside_commands(script: &str, name: &str, group: &Command) -> String {
    let own = group.get_name();
    let commands: Vec<&str> = group.get_subcommands().map(Command::get_name).collect();
    let head = format!("\n({own})\n_arguments ");
    let Some((before, rest)) = script.split_once(&head) else {
        return script.to_owned();
    };
    let is_image = |line: &&str| {
        let mut images = group.get_positionals().map(|arg| format!("::{} -- ", arg.get_id()));
        line.starts_with('\'') && images.any(|start| line.contains(&start))
    };
    let image = rest.lines().find(is_image).map(|line| format!("{line}\n"));
    let replaced = [
        (image.unwrap_or_default(), String::new()),
        (
            format!("\":: :_{name}__{own}_commands\" \\\n\"*::: :->{own}\" \\\n&& ret=0\n"),
            format!("\"*: :_{name}_{own}_words\" \\\n&& ret=0\nfi\n"),
        ),
        (
            "        words=($line[2] \"${words[@]}\")\n        (( CURRENT += 1 ))\n".to_owned(),
            String::new(),
        ),
        ("command-$line[2]:".to_owned(), "command-$words[1]:".to_owned()),
        ("case $line[2] in".to_owned(), "case $words[1] in".to_owned()),
    ];
    let mut rest = rest.to_owned();
    for (found, put) in replaced.iter().filter(|(found, _)| !found.is_empty()) {
        rest = rest.replacen(found, put, 1);
    }
    format!(
        "{before}\n({own})\nif (( CURRENT > 2 )) && [[ $words[2] == ({}) ]]; then\n    shift words\n    (( CURRENT -= 1 ))\n    state={own}\nelse\n_arguments {rest}",
        commands.join("|")
    )
}

/// Options whose value may be left out have it in the same word only; `values` have what completes them. After two colons
/// everything from the first argument on would be an argument: options may follow one here.
fn edited(line: &str, command: &Command, values: &[(String, String)]) -> String {
    let mut line = match line.strip_prefix("'*::") {
        Some(rest) => format!("'*:{rest}"),
        None => line.to_owned(),
    };
    let begins = |option: &str| line.trim_start_matches(['\'', '*']).starts_with(option);
    if let Some((_, action)) = values.iter().find(|(option, _)| begins(option)) {
        if let Some(start) = line.strip_suffix(":' \\") {
            line = format!("{start}:{action}' \\");
        }
    }
    for arg in command.get_subcommands().flat_map(Command::get_arguments) {
        if arg.is_require_equals_set() {
            for name in names(arg) {
                line = line
                    .replace(&format!("{name}=["), &format!("{name}=-["))
                    .replace(&format!("{name}+["), &format!("{name}-["));
            }
        }
        if arg.is_positional() && value_name(arg) == "IMAGE" {
            if let Some(start) = line
                .strip_suffix(":' \\")
                .filter(|_| line.starts_with(&format!("'*:{} -- ", arg.get_id())))
            {
                line = format!("{start}:_image-signature_images' \\");
            }
        }
    }
    line
}
