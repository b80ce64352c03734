// SPDX-License-Identifier: Apache-2.0
//! What each module may do, and that the map of the modules is whole.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use super::shipped::shipped;

/// One line of code and where it stands. Comments, which may name what the code may not use, are left out.
pub(super) struct Line {
    pub(super) file: String,
    pub(super) number: usize,
    pub(super) code: String,
}

pub(super) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// All files below a directory that end like this, by their path from the root.
pub(crate) fn files(directory: &str, ending: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut left = vec![root().join(directory)];
    while let Some(directory) = left.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                left.push(path);
            } else if path.to_str().unwrap().ends_with(ending) {
                found.push(path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned());
            }
        }
    }
    found.sort();
    assert!(!found.is_empty(), "nothing in {directory}");
    found
}

/// The code that ships: sources without comments and without what is there for tests only.
pub(super) fn code() -> Vec<Line> {
    let mut lines = Vec::new();
    for file in files("src", ".rs") {
        let text = fs::read_to_string(root().join(&file)).unwrap();
        lines.extend(shipped(&text).into_iter().map(|(number, code)| Line {
            file: file.clone(),
            number,
            code,
        }));
    }
    lines
}

/// The code of each module, by its path: `cluster::pods`.
pub(super) fn texts() -> BTreeMap<String, String> {
    let mut texts: BTreeMap<String, String> = BTreeMap::new();
    for line in code() {
        let module = line.file["src/".len()..line.file.len() - ".rs".len()].replace('/', "::");
        let text = texts.entry(module).or_default();
        text.push_str(&line.code);
        text.push('\n');
    }
    texts
}

/// Whether a file is that of a module, or of a module in it.
fn belongs(file: &str, module: &str) -> bool {
    let inside = file.strip_prefix("src/").unwrap();
    inside == format!("{module}.rs") || inside.starts_with(&format!("{module}/"))
}

/// Demands that these words stand in the code of these modules only, and that they do stand there.
#[track_caller]
fn only(modules: &[&str], words: &[&str]) {
    let mut strangers = Vec::new();
    let mut seen = 0;
    for line in code() {
        if !words.iter().any(|word| line.code.contains(word)) {
            continue;
        }
        if modules.iter().any(|module| belongs(&line.file, module)) {
            seen += 1;
        } else {
            strangers.push(format!("{}:{}: {}", line.file, line.number, line.code));
        }
    }
    assert!(strangers.is_empty(), "{words:?}:\n{}", strangers.join("\n"));
    assert!(seen > 0, "{words:?} do not even stand where they belong");
}

#[test]
fn only_openpgp_uses_gpgme() {
    only(&["openpgp"], &["gpgme"]);
}

#[test]
fn only_openpgp_starts_gpg_and_only_exec_plugins_are_started_elsewhere() {
    only(
        &["openpgp", "cluster/exec", "registry/helper"],
        &["Command::new", "process::Command"],
    );
    only(&["openpgp"], &["new(\"gpg"]);
}

#[test]
fn only_http_uses_ureq_and_sockets() {
    only(&["http"], &["ureq", "std::net", "TcpStream"]);
}

#[test]
fn only_report_and_main_print() {
    only(
        &["report", "main"],
        &["println!", "print!(", "stdout()", "stderr()", "error.print()"],
    );
}

/// The text of the string literals that stand on a line of code, as far as they end there.
fn literals(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = code.replace("'\"'", "' '");
    while let Some(begin) = rest.find('"') {
        let mut text = String::new();
        let mut characters = rest[begin + 1..].char_indices();
        let mut end = rest.len();
        while let Some((at, character)) = characters.next() {
            match character {
                '\\' => text.extend(characters.next().map(|(_, escaped)| escaped)),
                '"' => {
                    end = begin + 1 + at + 1;
                    break;
                }
                _ => text.push(character),
            }
        }
        found.push(text);
        rest = rest[end..].to_owned();
    }
    found
}

#[test]
fn literals_are_found() {
    let code = r#"tell(&format!("error: {a}", '"', "a \" b"), "open"#;
    assert_eq!(literals(code), ["error: {a}", "a \" b", "open"]);
}

/// What a message is to a person is said in one place, `report::console`; before there is a console, `main` says it.
#[test]
fn only_report_and_main_word_what_stands_before_a_message() {
    let mut places = BTreeSet::new();
    for line in code() {
        let worded = literals(&line.code).into_iter().any(|text| {
            let text = text.to_lowercase();
            ["error:", "warning:", "note:"].iter().any(|word| text.contains(word))
        });
        if worded {
            places.insert(line.file);
        }
    }
    let strangers: Vec<&String> = places
        .iter()
        .filter(|file| !belongs(file, "report") && !belongs(file, "main"))
        .collect();
    assert!(strangers.is_empty(), "{strangers:?}");
    assert!(places.contains("src/report/console.rs"), "{places:?}");
}

/// Debug formatting escapes what is made safe already once more. The exception is for the log.
#[test]
fn nothing_is_escaped_twice() {
    only(&["openpgp/gnupg/status"], &[":?}"]);
}

#[test]
fn only_settings_and_main_read_environment_clock_and_home() {
    only(
        &["settings", "main"],
        &[
            "env::",
            "env_logger::Env",
            "Env::default",
            "from_env(",
            "parse_env",
            "home_dir()",
            "temp_dir",
            "current_dir()",
            "SystemTime::now",
            "UtcNow",
            "Timestamp::now",
            "Zoned::now",
        ],
    );
}

/// What the system says of the user and the working directory, and where temporary files stand. Files without a name are the
/// exception: `tempfile` looks for their place by itself, and nobody else can find them there, whichever it is.
#[test]
fn only_settings_and_files_ask_where_the_program_runs() {
    // GnuPG asks the same of a home that is named to it.
    const HOMES: [&str; 2] = ["openpgp/gnupg/home", "openpgp/gnupg/keyboxd"];
    only(&["settings", HOMES[0]], &["geteuid", "getuid"]);
    only(&["settings", HOMES[1]], &["path::absolute"]);
    only(&["settings", "files"], &["canonicalize"]);
    only(
        &[
            "report/audit/spool",
            "report/listing",
            "run/audit/diff",
            "run/audit/held",
            "run/file_records",
            "run/held",
            "run/printer",
            "run/verify/aside",
            "source/objects/store",
        ],
        &["tempfile::tempfile", "SpooledTempFile::new"],
    );
}

/// Formats and decisions are functions of their arguments. Reading from a `BufRead` that is handed in is none of
/// the things meant here.
#[test]
fn formats_and_decisions_do_no_input_or_output() {
    const PURE: [&str; 8] = [
        "json",
        "payload",
        "digest",
        "reference",
        "identity",
        "policy",
        "verdict",
        "record",
    ];
    const DOING: [&str; 10] = [
        "std::fs",
        "std::net",
        "std::env",
        "std::process",
        "std::thread",
        "File::",
        "rustix",
        "stdin()",
        "ureq",
        "gpgme",
    ];
    let mut seen = 0;
    for line in code() {
        if PURE.iter().any(|module| belongs(&line.file, module)) {
            seen += 1;
            for word in DOING {
                assert!(
                    !line.code.contains(word),
                    "{}:{}: {}",
                    line.file,
                    line.number,
                    line.code
                );
            }
        }
    }
    assert!(seen > 500);
}

/// `Verified` is made in one place: everything else asks.
#[test]
fn only_verdict_makes_a_signature_verified() {
    only(&["verdict"], &["reason = Reason::Verified", "reason: Reason::Verified"]);
}

#[test]
fn every_file_says_its_licence() {
    for file in [files("src", ".rs"), files("tests", ".rs"), files("benches", ".rs")].concat() {
        let text = fs::read_to_string(root().join(&file)).unwrap();
        assert!(
            text.starts_with("// SPDX-License-Identifier: Apache-2.0\n"),
            "{file} does not begin with its SPDX line"
        );
    }
    for file in [files("packaging", ".sh"), vec!["Makefile".into(), "deny.toml".into()]].concat() {
        let text = fs::read_to_string(root().join(&file)).unwrap();
        let first = text.lines().take(2).collect::<Vec<_>>().join("\n");
        assert!(first.contains("# SPDX-License-Identifier: Apache-2.0"), "{file}");
    }
}

#[test]
fn the_index_names_every_module() {
    let text = fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let (index, code): (Vec<&str>, Vec<&str>) = text.lines().partition(|line| line.starts_with("//!"));
    let index = index.join("\n");
    let mut modules = 0;
    for line in code {
        let line = line.replace("pub(crate) ", "pub ");
        let Some(name) = line.strip_prefix("pub mod ").and_then(|rest| rest.strip_suffix(';')) else {
            continue;
        };
        modules += 1;
        let linked = [format!("[`{name}`]"), format!("[`mod@{name}`]")];
        assert!(
            linked.iter().any(|link| index.contains(link)),
            "{name} is not in the index"
        );
        assert!(Path::new(&root().join(format!("src/{name}.rs"))).exists());
    }
    assert!(modules > 10);
    // The picture above it names modules by their paths.
    let is_path = |word: &&str| word.contains("::") && word.chars().all(|c| c.is_ascii_lowercase() || c == ':');
    let paths: Vec<&str> = index.split_whitespace().filter(is_path).collect();
    for path in &paths {
        let file = format!("src/{}.rs", path.replace("::", "/"));
        assert!(
            root().join(&file).exists(),
            "src/lib.rs names {path}, and there is no {file}"
        );
    }
    assert!(paths.len() > 1, "{paths:?}");
}

#[test]
fn main_is_short() {
    let text = fs::read_to_string(root().join("src/main.rs")).unwrap();
    assert!(text.lines().count() < 60);
}
