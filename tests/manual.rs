// SPDX-License-Identifier: Apache-2.0
//! Man pages say what the program does: their options, values, reasons and exit statuses are its own.

#[path = "manual/examples.rs"]
mod examples;
#[path = "manual/form.rs"]
mod form;

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::CommandFactory;
use image_signature::cli::Cli;
use image_signature::reason::Reason;
use serde_json::json;

pub(super) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

pub(super) fn page(name: &str) -> String {
    std::fs::read_to_string(root().join("man").join(format!("{name}.1"))).unwrap()
}

/// The clap tree with what is inherited put in place.
pub(super) fn tree() -> clap::Command {
    let mut command = Cli::command();
    command.build();
    command
}

/// Each page with the command that it describes.
pub(super) fn pages() -> Vec<(String, clap::Command)> {
    let main = tree();
    let mut pages: Vec<(String, clap::Command)> = main
        .get_subcommands()
        .filter(|command| command.get_name() != "help")
        .map(|command| (format!("image-signature-{}", command.get_name()), command.clone()))
        .collect();
    pages.push(("image-signature".to_owned(), main));
    pages
}

/// The commands of a command that has some of its own, which are described in its page.
pub(super) fn inner(command: &clap::Command) -> impl Iterator<Item = &clap::Command> {
    let has_page = ["audit", "policy"].contains(&command.get_name());
    command
        .get_subcommands()
        .filter(move |inner| has_page && inner.get_name() != "help")
}

/// The names of all options, aliases included: `-f`, `--filename`.
pub(super) fn options(command: &clap::Command) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let all = command
        .get_arguments()
        .chain(inner(command).flat_map(clap::Command::get_arguments));
    for argument in all.filter(|argument| !argument.is_positional()) {
        names.extend(argument.get_short().map(|short| format!("-{short}")));
        names.extend(argument.get_long().map(|long| format!("--{long}")));
        let aliases = argument.get_all_aliases().unwrap_or_default();
        names.extend(aliases.into_iter().map(|alias| format!("--{alias}")));
    }
    names
}

/// The options that a page documents: those in its `.It Fl` lines.
pub(super) fn documented(page: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for line in page.lines().filter_map(|line| line.strip_prefix(".It Fl ")) {
        for part in format!("Fl {line}").split(" , ") {
            let words: Vec<&str> = part.split(' ').collect();
            names.insert(match words.as_slice() {
                ["Fl", "Fl", long, ..] => format!("--{long}"),
                ["Fl", short, ..] => format!("-{short}"),
                other => panic!("{other:?} in {line}"),
            });
        }
    }
    names
}

/// The text of a section.
pub(super) fn section<'p>(page: &'p str, title: &str) -> &'p str {
    let begin = format!(".Sh {title}\n");
    let (_, rest) = page.split_once(&begin).unwrap_or_else(|| panic!("no section {title}"));
    rest.split("\n.Sh ").next().unwrap()
}

#[test]
fn each_option_is_in_its_page_and_no_other() {
    for (name, command) in pages() {
        let (has, should) = (documented(&page(&name)), options(&command));
        assert!(should.len() > 1, "{name}");
        let missing: Vec<_> = should.difference(&has).collect();
        let invented: Vec<_> = has.difference(&should).collect();
        assert!(
            missing.is_empty() && invented.is_empty(),
            "{name}: missing {missing:?}, invented {invented:?}"
        );
    }
}

/// The words in `.Cm` of a text.
pub(super) fn literal_words(text: &str) -> BTreeSet<&str> {
    let lines = text.lines().filter_map(|line| line.strip_prefix(".Cm "));
    lines.filter_map(|line| line.split(' ').next()).collect()
}

/// The part of a page that documents an option.
pub(super) fn item<'p>(page: &'p str, long: &str) -> &'p str {
    let is_it = |item: &&str| {
        let head = item.lines().next().unwrap_or_default();
        head.starts_with("Fl ")
            && head
                .split(" , ")
                .any(|part| part.trim_start_matches("Fl ").split(' ').next() == Some(long))
    };
    let mut items = page.split("\n.It ").skip(1);
    let item = items.find(is_it).unwrap_or_else(|| panic!("{long} is not there"));
    item.split("\n.El").next().unwrap()
}

#[test]
fn each_value_of_an_option_is_in_its_page_and_no_other() {
    let of = |argument: &clap::Arg| -> BTreeSet<String> {
        let takes_words = argument.get_action().takes_values();
        let values = argument.get_possible_values().into_iter().filter(|_| takes_words);
        let values: BTreeSet<String> = values.map(|value| value.get_name().to_owned()).collect();
        // Switches that may be given a truth value are documented as switches.
        if values.contains("true") {
            return BTreeSet::new();
        }
        values
    };
    let pages = pages();
    let arguments = || {
        let all = pages
            .iter()
            .flat_map(|(_, command)| std::iter::once(command).chain(inner(command)));
        all.flat_map(clap::Command::get_arguments)
    };
    let all: BTreeSet<String> = arguments().flat_map(of).collect();
    let mut checked = 0;
    for (name, command) in &pages {
        let page = page(name);
        let inner = inner(command).flat_map(clap::Command::get_arguments);
        for argument in command.get_arguments().chain(inner) {
            let values = of(argument);
            if values.is_empty() {
                continue;
            }
            checked += 1;
            let text = match argument.get_long() {
                Some(long) => item(&page, long),
                None => section(&page, "DESCRIPTION"),
            };
            let words = literal_words(text);
            for value in &values {
                assert!(
                    words.contains(value.as_str()),
                    "{name}: {}: {value} is missing",
                    argument.get_id()
                );
            }
            // On a page of several commands one of them may have more values.
            let inner = self::inner(command).flat_map(clap::Command::get_arguments);
            let same = command.get_arguments().chain(inner);
            let allowed: BTreeSet<String> = same
                .filter(|other| other.get_long() == argument.get_long())
                .flat_map(of)
                .collect();
            let strangers: Vec<_> = words
                .iter()
                .filter(|word| all.contains(**word) && !allowed.contains(**word))
                .collect();
            assert!(
                strangers.is_empty(),
                "{name}: {}: {strangers:?} are not its values",
                argument.get_id()
            );
        }
    }
    assert!(checked > 8, "{checked}");
}

#[test]
fn there_is_a_page_for_each_command_and_none_more() {
    let mut expected: Vec<String> = pages().into_iter().map(|(name, _)| format!("{name}.1")).collect();
    expected.push("image-signature-output.5".to_owned());
    expected.sort();
    let mut found: Vec<String> = std::fs::read_dir(root().join("man"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    found.sort();
    assert_eq!(found, expected);
    for command in tree().get_subcommands() {
        assert!(page("image-signature").contains(&format!(".It Cm {}\n", command.get_name())));
    }
}

#[test]
fn exit_statuses_are_those_of_the_program() {
    let statuses = |name: &str| -> Vec<String> {
        section(&page(name), "EXIT STATUS")
            .lines()
            .filter_map(|line| line.strip_prefix(".It ").map(str::to_owned))
            .collect()
    };
    for name in ["image-signature", "image-signature-verify"] {
        assert_eq!(statuses(name), ["0", "1", "2", "3", "130"]);
    }
    assert_eq!(statuses("image-signature-policy"), ["0", "1", "2", "3", "130"]);
    for command in ["remove", "describe", "inspect", "keys"] {
        assert_eq!(statuses(&format!("image-signature-{command}")), ["0", "2", "3", "130"]);
    }
}

#[test]
fn every_reason_is_explained() {
    let text = page("image-signature");
    let verdicts = section(&text, "VERDICTS");
    let words = Reason::ALL.map(Reason::word);
    for word in words.into_iter().filter(|word| *word != "Verified") {
        assert!(verdicts.contains(&format!("Li {word}")), "{word}");
    }
}

/// The page has each code with its usual severity and an example, and no other.
#[test]
fn every_finding_is_explained() {
    use image_signature::policy::finding::Code;
    let text = page("image-signature-policy");
    let mut found: Vec<(&str, &str, usize)> = Vec::new();
    for line in section(&text, "DESCRIPTION").lines() {
        if let Some((code, severity)) = line.strip_prefix(".It Li ").and_then(|rest| rest.split_once(" Pq ")) {
            found.push((code, severity.split(';').next().unwrap(), 0));
        } else if line == ".Bd -literal -offset indent -compact" {
            found.last_mut().unwrap().2 += 1;
        }
    }
    let expected: Vec<(&str, &str, usize)> = Code::ALL
        .iter()
        .map(|code| (code.word(), code.severity().word(), 1))
        .collect();
    assert_eq!(found, expected);
}

/// The schema names every reason and every kind of document, and the page names the kinds.
#[test]
fn the_schema_of_documents_is_complete() {
    let schema = crate::support::schema::schema();
    let reasons = Reason::ALL.map(Reason::word);
    assert_eq!(schema["$defs"]["reason"]["enum"], json!(reasons));
    let verdicts: BTreeSet<&str> = Reason::ALL.iter().map(|reason| reason.verdict().word()).collect();
    let listed = schema["$defs"]["verdict"]["enum"].as_array().unwrap();
    assert_eq!(listed.len(), verdicts.len());
    assert!(
        listed
            .iter()
            .all(|verdict| verdicts.contains(verdict.as_str().unwrap())),
        "{listed:?}"
    );
    let text = |name: &str| std::fs::read_to_string(root().join(name)).unwrap();
    let page = text("man/image-signature-output.5");
    let mut kinds: Vec<String> = Vec::new();
    let reports = ["src/report", "src/report/audit"].map(|folder| std::fs::read_dir(root().join(folder)).unwrap());
    for entry in reports.into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            continue;
        }
        let source = std::fs::read_to_string(path).unwrap();
        let found = source.split("\"kind\": \"").skip(1);
        kinds.extend(found.map(|rest| rest.split('"').next().unwrap().to_owned()));
    }
    // Those of parts of documents begin with a small letter.
    kinds.retain(|kind| kind.starts_with(char::is_uppercase));
    kinds.sort();
    kinds.dedup();
    assert!(kinds.len() >= 5, "{kinds:?}");
    let alternatives = schema["oneOf"].as_array().unwrap();
    assert_eq!(alternatives.len(), kinds.len());
    for kind in kinds {
        let reference = json!({"$ref": format!("#/$defs/{kind}")});
        assert!(alternatives.contains(&reference), "{kind}");
        assert!(page.contains(&format!(".It Li {kind}\n")), "{kind}");
    }
}
