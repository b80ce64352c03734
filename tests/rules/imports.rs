// SPDX-License-Identifier: Apache-2.0
//! Which file of the sources uses which: read from paths that begin with `crate`, `super`, `self` or a module of the file.

use std::collections::{BTreeMap, BTreeSet};

use super::modules::texts;

/// Each file, by the path of its module (`openpgp::engine`), and the modules whose files it uses.
pub(super) struct Imports(pub(super) BTreeMap<String, BTreeSet<String>>);

impl Imports {
    /// Those of the tree.
    pub(super) fn read() -> Self {
        let texts = texts();
        let modules: BTreeSet<String> = texts.keys().cloned().collect();
        let imports = texts.iter().map(|(module, text)| {
            let paths = paths(text).into_iter();
            let used = paths.filter_map(|path| resolve(module, &path, &modules));
            (module.clone(), used.filter(|used| used != module).collect())
        });
        Self(imports.collect())
    }

    /// Groups of files that use each other, directly or through others.
    pub(super) fn circles(&self) -> Vec<BTreeSet<&str>> {
        let reached: BTreeMap<&str, BTreeSet<&str>> = self
            .0
            .keys()
            .map(|module| (module.as_str(), self.reach(module)))
            .collect();
        let mut circles: Vec<BTreeSet<&str>> = Vec::new();
        for (module, reaches) in &reached {
            let circle: BTreeSet<&str> = reaches
                .iter()
                .copied()
                .filter(|other| reached[other].contains(module))
                .collect();
            if !circle.is_empty() && !circles.contains(&circle) {
                circles.push(circle);
            }
        }
        circles
    }

    /// What a file uses, directly or through others.
    fn reach(&self, module: &str) -> BTreeSet<&str> {
        let mut reached = BTreeSet::new();
        let mut left = vec![module];
        while let Some(next) = left.pop() {
            for used in &self.0[next] {
                if reached.insert(used.as_str()) {
                    left.push(used);
                }
            }
        }
        reached
    }
}

/// The module whose file a path leads into.
fn resolve(module: &str, path: &str, modules: &BTreeSet<String>) -> Option<String> {
    let mut words = path.split("::").peekable();
    let mut place: Vec<&str> = match *words.peek()? {
        "crate" => Vec::new(),
        _ => module.split("::").collect(),
    };
    for word in words {
        match word {
            "crate" | "self" => {}
            "super" => {
                place.pop();
            }
            _ => place.push(word),
        }
    }
    while !place.is_empty() {
        let name = place.join("::");
        if modules.contains(&name) {
            return Some(name);
        }
        place.pop();
    }
    None
}

/// The paths into this crate that stand in a text: trees of `use` with a path for each leaf, and paths in the code.
pub(super) fn paths(text: &str) -> Vec<String> {
    let mut children = Vec::new();
    for line in text.lines() {
        let line = line.trim_start();
        let line = line
            .split_once("mod ")
            .filter(|(before, _)| before.is_empty() || before.starts_with("pub"));
        children.extend(line.and_then(|(_, name)| name.trim_end().strip_suffix(';')));
    }
    // Who may see something is no use of it.
    let text = &text.replace("pub(in crate", "pub(in ");
    let mut found = Vec::new();
    let is_of_path = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    let mut at = 0;
    while let Some(length) = text[at..].find(is_of_path) {
        let begin = at + length;
        let end = text[begin..].find(|c| !is_of_path(c)).map_or(text.len(), |n| begin + n);
        let path = &text[begin..end];
        at = end;
        let first = path.split("::").next().unwrap();
        if !path.contains("::") || !(["crate", "super", "self"].contains(&first) || children.contains(&first)) {
            continue;
        }
        // A path that goes on with braces is the stem of a tree.
        if path.ends_with("::") && text[end..].starts_with('{') {
            let (tree, length) = braces(&text[end..]);
            found.extend(leaves(path, tree));
            at = end + length;
        } else {
            found.push(path.to_owned());
        }
    }
    found
}

/// What stands between the braces with which a text begins, and its length with them.
fn braces(text: &str) -> (&str, usize) {
    let mut depth = 0;
    for (at, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return (&text[1..at], at + 1);
        }
    }
    panic!("braces are not closed: {text}");
}

/// The paths of a tree below a stem that ends with `::`.
fn leaves(stem: &str, tree: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = tree.trim();
    while !rest.is_empty() {
        let end = rest.find([',', '{']).unwrap_or(rest.len());
        let path = rest[..end].trim().split(" as ").next().unwrap();
        let mut after = end;
        if rest[end..].starts_with('{') {
            let (tree, length) = braces(&rest[end..]);
            found.extend(leaves(&format!("{stem}{path}"), tree));
            after += length;
        } else {
            found.push(format!("{stem}{path}"));
        }
        rest = rest[after..].trim_start().trim_start_matches(',').trim_start();
    }
    found
}

#[test]
fn paths_are_found_however_they_are_written() {
    let text = "pub mod child;\nuse crate::a::{b::C, d, e::{self, F as G}};\nuse child::X;\nuse std::io;\n\
                fn f() -> super::Y { crate::z::w(1) }\n";
    let expected = [
        "crate::a::b::C",
        "crate::a::d",
        "crate::a::e::self",
        "crate::a::e::F",
        "child::X",
        "super::Y",
        "crate::z::w",
    ];
    assert_eq!(paths(text), expected);
    let modules: BTreeSet<String> = ["a", "a::e", "m", "m::n", "m::n::child", "m::Y"]
        .map(str::to_owned)
        .into();
    let to = |path: &str| resolve("m::n", path, &modules);
    assert_eq!(to("crate::a::e::self").as_deref(), Some("a::e"));
    assert_eq!(to("crate::a::b::C").as_deref(), Some("a"));
    assert_eq!(to("child::X").as_deref(), Some("m::n::child"));
    assert_eq!(to("super::Y").as_deref(), Some("m::Y"));
    assert_eq!(to("crate::z"), None);
}

#[test]
fn circles_are_found() {
    let of = |pairs: &[(&str, &[&str])]| {
        let own = |used: &[&str]| used.iter().map(|&name| name.to_owned()).collect();
        Imports(pairs.iter().map(|&(name, used)| (name.to_owned(), own(used))).collect())
    };
    let round = of(&[("a", &["b"]), ("b", &["c"]), ("c", &["a", "d"]), ("d", &[])]);
    assert_eq!(round.circles(), [BTreeSet::from(["a", "b", "c"])]);
    let straight = of(&[("a", &["b", "c"]), ("b", &["c"]), ("c", &[])]);
    assert!(straight.circles().is_empty());
}
