// SPDX-License-Identifier: Apache-2.0
//! What meets the attacks in SECURITY.md, and how it is taken out.

use std::collections::BTreeSet;
use std::io;

/// The number of the first one: below are those of mutants.
pub const FIRST: usize = 30_000;

/// What a line has where a mend is taken out.
const OUT: &str = "OUT";

/// A mend that can be taken out.
#[derive(Debug, Clone)]
pub struct Mend {
    /// The number that takes it out.
    pub number: usize,
    /// How the rows begin in SECURITY.md.
    pub attacks: Vec<String>,
    /// The lines that take it out.
    pub changes: Vec<Change>,
}

/// A change of one line.
#[derive(Debug, Clone, Default)]
pub struct Change {
    /// The source file, from the root.
    pub file: String,
    old: String,
    new: String,
}

impl Change {
    /// The text of the file with the change in it, which goes by the number of the mend.
    ///
    /// # Errors
    /// When the line does not stand there once: the mend has moved, and `mutants/mends` must follow.
    pub fn apply(&self, number: usize, text: &str) -> io::Result<String> {
        let count = text.matches(&self.old).count();
        if count != 1 {
            let what = format!("{}: {:?} stands there {count} times", self.file, self.old);
            return Err(io::Error::other(what));
        }
        let new = self.new.replace(OUT, &format!("crate::mutant({number}usize)"));
        Ok(text.replace(&self.old, &new))
    }
}

/// Reads the list.
///
/// # Errors
/// When a line is none of it.
pub fn read(text: &str) -> io::Result<Vec<Mend>> {
    let mut mends: Vec<Mend> = Vec::new();
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let wrong = || io::Error::other(format!("mends: {line}"));
        let (word, rest) = line.split_once(": ").ok_or_else(wrong)?;
        if word == "attack" {
            match mends.last_mut() {
                Some(mend) if mend.changes.is_empty() => mend.attacks.push(rest.to_owned()),
                _ => mends.push(Mend {
                    number: FIRST + mends.len(),
                    attacks: vec![rest.to_owned()],
                    changes: Vec::new(),
                }),
            }
            continue;
        }
        let mend = mends.last_mut().ok_or_else(wrong)?;
        if word == "file" {
            mend.changes.push(Change {
                file: rest.to_owned(),
                ..Change::default()
            });
            continue;
        }
        let change = mend.changes.last_mut().ok_or_else(wrong)?;
        match word {
            "old" => rest.clone_into(&mut change.old),
            "new" => rest.clone_into(&mut change.new),
            _ => return Err(wrong()),
        }
    }
    Ok(mends)
}

/// The attacks of SECURITY.md, each with its tests as they are named there.
pub fn rows(security: &str) -> Vec<(String, BTreeSet<String>)> {
    let mut rows = Vec::new();
    let mut sections = security.split("\n## ");
    let attacks = sections
        .find(|section| section.starts_with("Attacks"))
        .unwrap_or_default();
    for line in attacks.lines().filter(|line| line.starts_with("| ")) {
        let attack = line[2..].split(" |").next().unwrap_or_default().to_owned();
        let spans = line.split('`').skip(1).step_by(2);
        let tests: BTreeSet<String> = spans.filter(|span| span.contains("::")).map(str::to_owned).collect();
        if !tests.is_empty() {
            rows.push((attack, tests));
        }
    }
    rows
}
