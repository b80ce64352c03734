// SPDX-License-Identifier: Apache-2.0
//! Help texts: what they must say, and examples that the program itself takes.

use clap::{CommandFactory, Parser};
use image_signature::cli::Cli;

use crate::support::program::Sandbox;

/// The words of the commands, of those in others as well: `policy why`. None for the program alone.
fn commands() -> Vec<Vec<String>> {
    fn below(command: &clap::Command, words: &[String], found: &mut Vec<Vec<String>>) {
        found.push(words.to_vec());
        for inner in command.get_subcommands() {
            below(inner, &[words, &[inner.get_name().to_owned()]].concat(), found);
        }
    }
    let mut found = Vec::new();
    below(&Cli::command(), &[], &mut found);
    assert!(found.iter().any(|words| words.join(" ") == "policy why"), "{found:?}");
    found
}

fn help(command: &[&str]) -> String {
    Sandbox::new().run([command, &["--help"]].concat()).expect(0).stdout
}

#[test]
fn every_help_text_says_what_verified_means() {
    for command in ["verify", "remove", "describe", "inspect", "keys"] {
        let text = help(&[command]).replace('\n', " ");
        assert!(
            text.contains("\"Verified\" and \"trusted\" mean: at least one signature"),
            "{command}"
        );
        assert!(text.contains("Exit status: 0"), "{command}");
    }
    let text = help(&["verify"]);
    assert!(text.contains("dir:PATH") && text.contains("TYPE/NAME"), "{text}");
}

/// The example calls of a help text, each in one line.
fn examples(help: &str) -> Vec<String> {
    let (_, examples) = help.split_once("\nExamples:\n").expect("no examples");
    let joined = examples.replace("\\\n", " ");
    // A link to the program's completions is not a call of the program.
    let calls = joined.lines().filter(|line| !line.trim_start().starts_with("ln "));
    let calls = calls.filter_map(|line| {
        let start = line.find("image-signature ")?;
        let call = line[start..].split(['<', '>', '|']).next().unwrap();
        Some(call.split_whitespace().collect::<Vec<_>>().join(" "))
    });
    calls.collect()
}

#[test]
fn every_help_text_has_examples_that_the_program_takes() {
    for command in commands() {
        let words: Vec<&str> = command.iter().map(String::as_str).collect();
        let text = help(&words);
        let examples = examples(&text);
        assert!(!examples.is_empty(), "{command:?}");
        for example in examples {
            // References, file names and digests have no blanks.
            let parsed = Cli::try_parse_from(example.split(' '));
            assert!(parsed.is_ok(), "{example}: {}", parsed.unwrap_err());
            let called = [&["image-signature"], &words[..]].concat().join(" ");
            assert!(
                example.starts_with(&format!("{called} ")) || example == called,
                "{called}: {example}"
            );
        }
        for line in text.lines() {
            assert!(line.chars().count() <= 100, "{command:?}: {line}");
        }
    }
}
