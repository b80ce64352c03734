// SPDX-License-Identifier: Apache-2.0
//! Help texts: what they must say, and examples that the program itself takes.

use clap::{CommandFactory, Parser};
use image_signature::cli::Cli;

use crate::support::program::Sandbox;

/// The words of the commands, and the program alone.
fn commands() -> Vec<Option<String>> {
    let tree = Cli::command();
    let names = tree
        .get_subcommands()
        .map(|command| Some(command.get_name().to_owned()));
    std::iter::once(None).chain(names).collect()
}

fn help(command: Option<&str>) -> String {
    let mut args: Vec<&str> = command.into_iter().collect();
    args.push("--help");
    Sandbox::new().run(args).expect(0).stdout
}

#[test]
fn every_help_text_says_what_verified_means() {
    for command in ["verify", "remove", "describe", "inspect", "keys"] {
        let text = help(Some(command)).replace('\n', " ");
        assert!(
            text.contains("\"Verified\" and \"trusted\" mean: at least one signature"),
            "{command}"
        );
        assert!(text.contains("Exit status: 0"), "{command}");
    }
    let text = help(Some("verify"));
    assert!(text.contains("dir:PATH") && text.contains("TYPE/NAME"), "{text}");
}

/// The example calls of a help text, each in one line.
fn examples(help: &str) -> Vec<String> {
    let (_, examples) = help.split_once("\nExamples:\n").expect("no examples");
    let joined = examples.replace("\\\n", " ");
    let calls = joined.lines().filter_map(|line| {
        let start = line.find("image-signature ")?;
        let call = line[start..].split(['<', '>', '|']).next().unwrap();
        Some(call.split_whitespace().collect::<Vec<_>>().join(" "))
    });
    calls.collect()
}

#[test]
fn every_help_text_has_examples_that_the_program_takes() {
    for command in commands() {
        let text = help(command.as_deref());
        let examples = examples(&text);
        assert!(!examples.is_empty(), "{command:?}");
        for example in examples {
            // References, file names and digests have no blanks.
            let parsed = Cli::try_parse_from(example.split(' '));
            assert!(parsed.is_ok(), "{example}: {}", parsed.unwrap_err());
            if let Some(command) = &command {
                assert!(example.starts_with(&format!("image-signature {command}")), "{example}");
            }
        }
        for line in text.lines() {
            assert!(line.chars().count() <= 100, "{command:?}: {line}");
        }
    }
}
