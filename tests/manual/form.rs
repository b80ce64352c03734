// SPDX-License-Identifier: Apache-2.0
//! The form of man pages: sections, dates, references, and what mandoc says of them.

use std::collections::BTreeSet;
use std::process::Command;

use super::{page, pages, root, section};
use crate::rules::files;
use crate::support::manual::rendered;
use crate::support::program::has;
use crate::support::skipped;

#[test]
fn sections_are_those_that_people_look_for() {
    for (name, _) in pages() {
        let text = page(&name);
        for title in [
            "NAME",
            "SYNOPSIS",
            "DESCRIPTION",
            "OPTIONS",
            "ENVIRONMENT",
            "FILES",
            "EXIT STATUS",
            "EXAMPLES",
            "SEE ALSO",
            "SECURITY CONSIDERATIONS",
        ] {
            assert!(section(&text, title).len() > 20, "{name}: {title}");
        }
    }
    for name in ["image-signature", "image-signature-verify"] {
        let text = page(name);
        assert!(section(&text, "STANDARDS").contains("containers-signature 5"));
        assert!(section(&text, "DESCRIPTION").contains(".Em trusted ,\nwhen at least one signature"));
        assert!(section(&text, "VERDICTS").len() > 100);
    }
}

/// What a page refers to is in its SEE ALSO; the first page has all pages, and each page has the first.
#[test]
fn see_also_has_every_page_that_is_named() {
    let references = |text: &str| -> BTreeSet<String> {
        let lines = text.lines().filter_map(|line| line.strip_prefix(".Xr "));
        lines
            .map(|line| line.split(' ').take(2).collect::<Vec<_>>().join(" "))
            .collect()
    };
    let mut all = BTreeSet::new();
    for entry in std::fs::read_dir(root().join("man")).unwrap() {
        let path = entry.unwrap().path();
        let file = path.file_name().unwrap().to_str().unwrap();
        let own = file.replace('.', " ");
        let text = std::fs::read_to_string(&path).unwrap();
        let mut named = references(&text);
        named.insert("image-signature 1".to_owned());
        named.remove(&own);
        assert_eq!(references(section(&text, "SEE ALSO")), named, "{file}");
        all.insert(own);
    }
    let also = references(section(&page("image-signature"), "SEE ALSO"));
    all.remove("image-signature 1");
    assert!(all.len() > 8 && also.is_superset(&all), "{also:?}");
    let also = references(section(&page("image-signature-verify"), "SEE ALSO"));
    for command in ["audit", "inspect", "policy"] {
        assert!(also.contains(&format!("image-signature-{command} 1")), "{also:?}");
    }
}

#[test]
fn pages_have_one_date_that_is_not_before_the_newest_release() {
    let dates: BTreeSet<String> = pages()
        .iter()
        .map(|(name, _)| {
            let text = page(name);
            let line = text.lines().find_map(|line| line.strip_prefix(".Dd ")).unwrap();
            let date = jiff::fmt::strtime::parse("%B %d, %Y", line).unwrap().to_date().unwrap();
            date.to_string()
        })
        .collect();
    assert_eq!(dates.len(), 1, "{dates:?}");
    let changes = std::fs::read_to_string(root().join("CHANGELOG.md")).unwrap();
    let released = changes
        .lines()
        .filter_map(|line| {
            line.strip_prefix("## [")?
                .split_once("] - ")
                .map(|(_, date)| date.trim())
        })
        .max();
    if let Some(released) = released {
        assert!(
            dates.iter().all(|date| date.as_str() >= released),
            "{dates:?} {released}"
        );
    }
}

#[test]
fn mandoc_has_nothing_to_say() {
    if !has("mandoc") {
        return skipped("mandoc -Tlint", "mandoc is not installed");
    }
    for entry in std::fs::read_dir(root().join("man")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.display().to_string();
        let output = Command::new("mandoc")
            .args(["-Tlint", "-Wwarning"])
            .arg(&path)
            .output()
            .unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stdout), "", "{name}");
        assert!(output.status.success(), "{name}");
    }
}

/// In a line with a macro a quote holds words together and is not printed.
#[test]
fn no_quote_of_a_page_is_lost() {
    let mut quotes = 0;
    for entry in std::fs::read_dir(root().join("man")).unwrap() {
        let path = entry.unwrap().path();
        let file = path.file_name().unwrap().to_str().unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with(".\\\"")).collect();
        for line in &lines {
            assert!(!(line.starts_with('.') && line.contains('"')), "{file}: {line}");
        }
        let written = lines.join("\n").replace("\\(dq", "\"").matches('"').count();
        let Some(rendered) = rendered(file) else {
            skipped("quotes in manual pages", "mandoc is not installed");
            continue;
        };
        assert_eq!(rendered.matches('"').count(), written, "{file}");
        quotes += written;
    }
    assert!(quotes > 100 || !has("mandoc"), "{quotes}");
}

/// Whoever looks for the keys that count finds the place of either kind of keyring.
#[test]
fn pages_that_name_the_keyring_name_the_database_of_keyboxd() {
    let mut pages = 0;
    for entry in std::fs::read_dir(root().join("man")).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let names = |file: &str| {
            text.lines()
                .any(|line| line.starts_with(".It Pa ") && line.contains(file))
        };
        if names("/pubring.kbx") {
            pages += 1;
            assert!(names("/public-keys.d/pubring.db"), "{}", path.display());
        }
    }
    assert!(pages >= 4, "{pages}");
}

/// The variables that the sources of a room name, in quotes.
fn variables(room: &str) -> BTreeSet<String> {
    let is_name = |text: &&str| text.len() > 3 && text.chars().all(|c| c.is_ascii_uppercase() || c == '_');
    let mut found = BTreeSet::new();
    for file in files(room, ".rs") {
        let text = std::fs::read_to_string(root().join(file)).unwrap();
        let text = text.split("#[cfg(test)]").next().unwrap();
        found.extend(text.split('"').skip(1).step_by(2).filter(is_name).map(str::to_owned));
    }
    found
}

#[test]
fn each_variable_that_is_read_is_in_a_page() {
    let environment = |name: &str| section(&page(name), "ENVIRONMENT").to_owned();
    let words = |text: &str| -> BTreeSet<String> {
        let lines = text.lines().filter(|line| line.contains(".It Ev "));
        lines
            .flat_map(|line| line.split([' ', ',']))
            .map(str::to_owned)
            .collect()
    };
    let pages = ["image-signature", "image-signature-verify", "image-signature-audit"];
    let documented: BTreeSet<String> = pages.iter().flat_map(|name| words(&environment(name))).collect();
    let mut read = variables("src/settings");
    // The ending of a file.
    read.remove("YAML");
    assert!(read.len() > 20, "{read:?}");
    let missing: Vec<&String> = read.difference(&documented).collect();
    assert!(missing.is_empty(), "{missing:?}");
    for name in ["image-signature-audit", "image-signature-inspect"] {
        for title in ["ENVIRONMENT", "FILES"] {
            let text = page(name);
            assert!(
                section(&text, title).contains(".Xr image-signature-verify 1"),
                "{name}: {title}"
            );
        }
    }
    assert!(environment("image-signature-verify").contains(".Xr image-signature 1"));
}
