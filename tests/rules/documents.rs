// SPDX-License-Identifier: Apache-2.0
//! What comments cite is in the tree.

use std::fs;

use super::modules::{files, root};

/// Documents of other projects that comments name, and files that tests make.
const ELSEWHERE: [&str; 1] = ["descriptor.md"];

/// The comments of sources and tests: file, number of the line, text.
fn comments() -> Vec<(String, usize, String)> {
    let mut found = Vec::new();
    for file in [files("src", ".rs"), files("tests", ".rs"), files("benches", ".rs")].concat() {
        let text = fs::read_to_string(root().join(&file)).unwrap();
        for (number, line) in text.lines().enumerate() {
            if let Some((_, comment)) = line.split_once("//") {
                found.push((file.clone(), number + 1, comment.to_owned()));
            }
        }
    }
    found
}

/// The documents that a comment names, each with the word after it: `docs/contract.md` and `5`.
fn citations(comment: &str) -> Vec<(String, String)> {
    let is_of_name = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
    let mut found = Vec::new();
    let mut rest = comment;
    while let Some(at) = rest.find(".md") {
        let begin = rest[..at].rfind(|c| !is_of_name(c)).map_or(0, |before| before + 1);
        let after = &rest[at + 3..];
        let number: String = after
            .trim_start()
            .chars()
            .take_while(|c| c.is_ascii_digit() || *c == '.')
            .collect();
        found.push((
            format!("{}.md", &rest[begin..at]),
            number.trim_end_matches('.').to_owned(),
        ));
        rest = after;
    }
    found
}

#[test]
fn citations_are_read_as_they_are_written() {
    let cited = citations(" one (docs/contract.md 5). Two: docs/openshift-api.md 2.2, and README.md.");
    let expected = [
        ("docs/contract.md", "5"),
        ("docs/openshift-api.md", "2.2"),
        ("README.md", ""),
    ];
    assert_eq!(
        cited,
        expected.map(|(name, number)| (name.to_owned(), number.to_owned()))
    );
}

#[test]
fn what_comments_cite_is_in_the_tree() {
    let mut sections = 0;
    for (file, line, comment) in comments() {
        assert!(
            !comment.contains("product contract"),
            "{file}:{line}: it is docs/contract.md"
        );
        for (name, number) in citations(&comment) {
            if ELSEWHERE.contains(&name.as_str()) {
                continue;
            }
            let path = root().join(&name);
            let text = fs::read_to_string(&path)
                .unwrap_or_else(|_| panic!("{file}:{line}: {name} is not in the tree: name it from the root"));
            if number.is_empty() {
                continue;
            }
            sections += 1;
            let is_heading = |line: &str| {
                line.starts_with('#')
                    && (line.contains(&format!("# {number} ")) || line.contains(&format!("# {number}. ")))
            };
            assert!(
                text.lines().any(is_heading),
                "{file}:{line}: {name} has no section {number}"
            );
        }
    }
    assert!(sections > 20, "{sections}");
}

/// Links between the documents lead somewhere.
#[test]
fn links_of_documents_lead_somewhere() {
    let top = ["README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"].map(str::to_owned);
    let mut links = 0;
    for file in [top.to_vec(), files("docs", ".md")].concat() {
        let text = fs::read_to_string(root().join(&file)).unwrap();
        let directory = root().join(&file).parent().unwrap().to_owned();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if !link.starts_with("https://") {
                links += 1;
                assert!(directory.join(link).exists(), "{file}: {link}");
            }
        }
    }
    assert!(links > 5, "{links}");
}

/// The fewest words that say something which the name does not.
const WORDS: usize = 4;

/// Where doc comments are.
const FOLDERS: [&str; 6] = ["src", "tests", "benches", "fuzz/src", "faults/src", "mutants/src"];

/// What begins a line of a doc comment, on an item and on a file.
const DOC_MARKS: [&str; 2] = ["///", "//!"];

/// The doc comments of a text: the line that each begins in, and what it says.
fn doc_comments(text: &str) -> Vec<(usize, String)> {
    let mut found: Vec<(usize, String)> = Vec::new();
    let mut inside = None;
    for (number, line) in text.lines().enumerate() {
        let line = line.trim_start();
        let mark = DOC_MARKS.into_iter().find(|mark| line.starts_with(mark));
        let mark = mark.filter(|_| !line.starts_with("////"));
        if let Some(mark) = mark {
            let more = &line[mark.len()..];
            match inside == Some(mark) {
                true => found.last_mut().unwrap().1.push_str(more),
                false => found.push((number + 1, more.to_owned())),
            }
        }
        inside = mark;
    }
    found
}

#[test]
fn doc_comments_are_read_as_they_are_written() {
    let text = "//! Zero.\n/// One\n/// two.\nfn a() {}\n    /// Three.\n    b: u8,\n// four\n//// five\n";
    let expected = [(1, " Zero."), (2, " One two."), (5, " Three.")];
    assert_eq!(doc_comments(text), expected.map(|(line, text)| (line, text.to_owned())));
}

/// Meaning, unit, limit, error: three words say none of it, be it on a file, an item, a field, a variant or an option.
#[test]
fn doc_comments_say_something() {
    let mut all = 0;
    let mut short = Vec::new();
    for file in FOLDERS
        .iter()
        .flat_map(|folder| files(folder, ".rs"))
        .chain(["build.rs".to_owned()])
    {
        let text = fs::read_to_string(root().join(&file)).unwrap();
        let found = doc_comments(&text);
        all += found.len();
        let few = found.iter().filter(|(_, text)| text.split_whitespace().count() < WORDS);
        short.extend(few.map(|(line, text)| format!("{file}:{line}:{text}")));
    }
    assert!(all > 4000, "{all}");
    assert!(short.is_empty(), "{}", short.join("\n"));
}

/// The phrase of a text that makes a reader stop: `is none` for what is not one, `is no X` for what is not an X, and a word that
/// leaves to the reader what is the same.
fn riddle(text: &str) -> Option<String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let is_likewise = |word: &&&str| word.to_lowercase().starts_with("likewise");
    if let Some(word) = words.iter().find(is_likewise) {
        return Some((*word).to_owned());
    }
    words.windows(4).find_map(|four| {
        let is_of_one = !four[0].eq_ignore_ascii_case("there") && four[1] == "is";
        let is_none = four[2].trim_end_matches(['.', ',', ';', ':']) == "none" && four[3] != "of";
        let is_no = four[2] == "no" && !["longer", "more"].contains(&four[3]);
        (is_of_one && (is_none || is_no)).then(|| four[1..].join(" "))
    })
}

#[test]
fn riddles_are_found() {
    let is_found = |text| riddle(&format!("{text} {END}")).is_some();
    for text in [
        "What is no key.",
        "When it is none, or cannot",
        "The rest, likewise.",
        "That is none.",
    ] {
        assert!(is_found(text), "{text}");
    }
    for text in [
        "If there is none.",
        "There is no key.",
        "What is no longer so",
        "It is nonexistent.",
    ] {
        assert!(!is_found(text), "{text}");
    }
}

/// Stands behind a comment, so that its last words are followed by something.
const END: &str = "| |";

#[test]
fn doc_comments_do_not_ask_riddles() {
    let mut riddles = Vec::new();
    for file in FOLDERS.iter().flat_map(|folder| files(folder, ".rs")) {
        let text = fs::read_to_string(root().join(&file)).unwrap();
        for (line, text) in doc_comments(&text) {
            let found = riddle(&format!("| {text} {END}"));
            riddles.extend(found.map(|phrase| format!("{file}:{line}: {phrase}")));
        }
    }
    assert!(riddles.is_empty(), "{}", riddles.join("\n"));
}

/// What CONTRIBUTING.md names between backquotes; blocks of commands are left out.
fn named(text: &str) -> Vec<&str> {
    let blocks = text.split("\n\n").filter(|block| !block.starts_with("    "));
    let quoted = blocks.flat_map(|block| block.split('`').skip(1).step_by(2));
    quoted.filter(|name| !name.contains(char::is_whitespace)).collect()
}

/// Whether a name is that of an item, and not a word of a command or of output.
fn is_item(name: &str) -> bool {
    let is_camel = name.starts_with(char::is_uppercase) && name.contains(char::is_lowercase);
    let is_name = |c: char| c.is_ascii_alphanumeric() || "_:".contains(c);
    name.chars().all(is_name) && (is_camel || name.contains('_') || name.contains("::"))
}

/// A newcomer goes to the places that it names.
#[test]
fn what_contributing_names_is_there() {
    let text = fs::read_to_string(root().join("CONTRIBUTING.md")).unwrap();
    let sources: Vec<(String, String)> = files("src", ".rs")
        .into_iter()
        .map(|file| (file.clone(), fs::read_to_string(root().join(file)).unwrap()))
        .collect();
    let (mut paths, mut items) = (0, 0);
    for name in named(&text) {
        if name.contains('/') {
            let is_there = [root().join(name), root().join("src").join(name)]
                .iter()
                .any(|path| path.exists());
            assert!(is_there, "CONTRIBUTING.md: there is no {name}");
            paths += 1;
        } else if is_item(name) {
            // What is before the name is its module, or the type that it is of.
            let (place, own) = name.rsplit_once("::").unwrap_or(("", name));
            let of_type = place.starts_with(char::is_uppercase);
            let place = if of_type {
                "src/".to_owned()
            } else {
                format!("src/{}", place.replace("::", "/"))
            };
            let is_word = |text: &str| {
                text.split(|c: char| !c.is_alphanumeric() && c != '_')
                    .any(|word| word == own)
            };
            let is_there = sources
                .iter()
                .any(|(file, text)| file.starts_with(&place) && is_word(text));
            assert!(is_there, "CONTRIBUTING.md: there is no {name}");
            items += 1;
        }
    }
    assert!(paths > 30 && items > 15, "{paths} {items}");
}
