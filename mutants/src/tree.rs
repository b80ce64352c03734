// SPDX-License-Identifier: Apache-2.0
//! A copy of the sources with all the mutants in it, each behind a switch, and the programs that are built of it.

use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::hash::{Hash, Hasher};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::mends::{Mend, FIRST};
use crate::sites::{Mutant, Sites};

/// What every switch asks: whether its mutant is the one that the environment names. It tells which were reached.
const SWITCH: &str = r#"
#[doc(hidden)]
pub fn mutant(number: usize) -> bool {
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::sync::OnceLock;
    static CHOSEN: OnceLock<(usize, Option<String>)> = OnceLock::new();
    static REACHED: [AtomicBool; 32768] = [const { AtomicBool::new(false) }; 32768];
    let (chosen, reached) = CHOSEN.get_or_init(|| {
        let chosen = std::env::var("MUTANT").ok().and_then(|number| number.parse().ok());
        (chosen.unwrap_or(usize::MAX), std::env::var("MUTANTS_REACHED").ok())
    });
    if let Some(file) = reached {
        if !REACHED[number].swap(true, Ordering::Relaxed) {
            use std::io::Write as _;
            if let Ok(mut file) = std::fs::OpenOptions::new().append(true).create(true).open(file) {
                let _ = file.write_all(format!("{number}\n").as_bytes());
            }
        }
    }
    *chosen == number
}
"#;

/// The sandbox of the tests.
const SANDBOX: &str = "tests/support/program.rs";

/// Where the sandbox of the tests says which variables a run is given.
const KEPT: &str = "\"LLVM_PROFILE_FILE\"]";

/// What the compiler says of the library.
struct Checked {
    is_well: bool,
    /// File, first and last line of each error.
    errors: Vec<(String, usize, usize)>,
    /// The errors as they are printed.
    said: String,
}

/// The copy of the sources in which mutants are built.
#[derive(Debug)]
pub struct Tree {
    /// The directory of the copy.
    pub root: PathBuf,
    target: PathBuf,
    /// Texts that are changed before they are written: what is as it was is not built again.
    texts: BTreeMap<String, String>,
}

impl Tree {
    /// Copies the files that git knows from `from`.
    ///
    /// # Errors
    /// When one cannot be copied, or the tests' sandbox cannot be made to hand the number on.
    pub fn copy(from: &Path, root: &Path, target: &Path) -> io::Result<Self> {
        let listed = Command::new("git")
            .arg("-C")
            .arg(from)
            .args(["ls-files", "-z"])
            .output()?;
        let mut texts = BTreeMap::new();
        for name in String::from_utf8_lossy(&listed.stdout).split_terminator('\0') {
            let metadata = match fs::symlink_metadata(from.join(name)) {
                Ok(metadata) => metadata,
                Err(_) => continue,
            };
            if let Some(parent) = root.join(name).parent() {
                fs::create_dir_all(parent)?;
            }
            if metadata.is_symlink() {
                let _ = fs::remove_file(root.join(name));
                std::os::unix::fs::symlink(fs::read_link(from.join(name))?, root.join(name))?;
            } else if is_changed(name) {
                texts.insert(name.to_owned(), fs::read_to_string(from.join(name))?);
            } else {
                put(&root.join(name), &fs::read(from.join(name))?)?;
                fs::set_permissions(root.join(name), metadata.permissions())?;
            }
        }
        let mut tree = Self {
            root: root.to_owned(),
            target: target.to_owned(),
            texts,
        };
        let library = format!("#![allow(warnings)]\n{}{SWITCH}", tree.read("src/lib.rs")?);
        tree.set("src/lib.rs", library);
        let text = tree.read(SANDBOX)?;
        if !text.contains(KEPT) {
            return Err(io::Error::other(format!("{SANDBOX} does not hand on {KEPT}")));
        }
        let text = text.replace(KEPT, "\"LLVM_PROFILE_FILE\", \"MUTANT\", \"MUTANTS_REACHED\"]");
        tree.set(SANDBOX, text);
        Ok(tree)
    }

    /// The text of a file in it.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read(&self, name: &str) -> io::Result<String> {
        if let Some(text) = self.texts.get(name) {
            return Ok(text.clone());
        }
        fs::read_to_string(self.root.join(name)).map_err(|error| io::Error::other(format!("{name}: {error}")))
    }

    fn set(&mut self, name: &str, text: String) {
        self.texts.insert(name.to_owned(), text);
    }

    /// Writes the texts as they are by now.
    fn write(&self) -> io::Result<()> {
        for (name, text) in &self.texts {
            put(&self.root.join(name), text.as_bytes())?;
        }
        Ok(())
    }

    /// The Rust files of modules: `json` is `src/json.rs` and all below `src/json/`.
    ///
    /// # Errors
    /// When there are none, or a directory cannot be read.
    pub fn files(&self, modules: &[String]) -> io::Result<Vec<String>> {
        let mut files = Vec::new();
        for module in modules {
            let before = files.len();
            let file = format!("src/{module}.rs");
            if self.texts.contains_key(&file) {
                files.push(file);
            }
            let below = format!("src/{module}/");
            files.extend(self.texts.keys().filter(|name| name.starts_with(&below)).cloned());
            if files.len() == before {
                return Err(io::Error::other(format!("no module {module}")));
            }
        }
        files.sort();
        files.dedup();
        Ok(files)
    }

    /// Puts switches at the mends. One that changes a line which another one has changed is wrong in the list.
    ///
    /// # Errors
    /// When one does not fit.
    pub fn take_out(&mut self, mends: &[Mend]) -> io::Result<()> {
        for mend in mends {
            for change in &mend.changes {
                let text = change.apply(mend.number, &self.read(&change.file)?)?;
                self.set(&change.file, text);
            }
        }
        Ok(())
    }

    /// Puts the mutants in, without those that do not compile: them, and how many do not.
    ///
    /// # Errors
    /// When it does not compile without them either.
    pub fn mutate(&mut self, files: &[String]) -> io::Result<(Vec<Mutant>, usize)> {
        let originals: Vec<String> = files.iter().map(|file| self.read(file)).collect::<io::Result<_>>()?;
        let known = self.root.with_file_name("without");
        let mut without = read_without(&known, &originals);
        loop {
            let mut all = Vec::new();
            let mut next = 0;
            for (file, text) in files.iter().zip(&originals) {
                let mut parsed = syn::parse_file(text).map_err(|error| io::Error::other(format!("{file}: {error}")))?;
                let mut sites = Sites::new(file, next, &without);
                syn::visit_mut::visit_file_mut(&mut sites, &mut parsed);
                next = sites.next();
                all.append(&mut sites.found);
                self.set(file, prettyplease::unparse(&parsed));
            }
            self.write()?;
            let Checked { is_well, errors, said } = self.check()?;
            if is_well {
                write_without(&known, &originals, &without)?;
                return Ok((all, without.len()));
            }
            let before = without.len();
            for (file, first, last) in errors {
                self.at(&file, first, last, &mut without)?;
            }
            eprintln!("{} of {next} mutants do not compile", without.len());
            if without.len() == before {
                return Err(io::Error::other(format!(
                    "it does not compile, whatever mutants there are:\n{said}"
                )));
            }
        }
    }

    /// Notes the mutants in these lines, or else the one before them.
    fn at(&self, file: &str, first: usize, last: usize, without: &mut HashSet<usize>) -> io::Result<()> {
        let text = self.read(file)?;
        let lines: Vec<&str> = text.lines().collect();
        let of = |line: &str| -> Vec<usize> {
            let parts = line.split("crate::mutant(").skip(1);
            let numbers = parts.filter_map(|part| part.split("usize)").next()?.parse().ok());
            numbers.filter(|number| *number < FIRST).collect()
        };
        let last = last.min(lines.len());
        let mut found: Vec<usize> = lines[first - 1..last].iter().flat_map(|line| of(line)).collect();
        let mut above = first - 1;
        while found.is_empty() && above > 0 {
            above -= 1;
            found = of(lines[above]);
        }
        without.extend(found);
        Ok(())
    }

    /// Whether the library compiles, and the file and lines of each error.
    fn check(&self) -> io::Result<Checked> {
        let output = self.cargo(&["check", "--lib"]).stderr(Stdio::inherit()).output()?;
        let (mut errors, mut said) = (Vec::new(), String::new());
        for message in messages(&output.stdout) {
            let message = &message["message"];
            if message["level"] != "error" {
                continue;
            }
            said.push_str(message["rendered"].as_str().unwrap_or_default());
            for span in message["spans"].as_array().into_iter().flatten() {
                let number = |name: &str| span[name].as_u64().and_then(|line| usize::try_from(line).ok());
                if let (Some(file), Some(first), Some(last), Some(true)) = (
                    span["file_name"].as_str(),
                    number("line_start"),
                    number("line_end"),
                    span["is_primary"].as_bool(),
                ) {
                    errors.push((file.to_owned(), first, last));
                }
            }
        }
        Ok(Checked {
            is_well: output.status.success(),
            errors,
            said,
        })
    }

    fn cargo(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("cargo");
        command
            .args(arguments)
            .args(["--locked", "--quiet", "--message-format=json"])
            .current_dir(&self.root)
            .env("CARGO_TARGET_DIR", &self.target)
            .env("CARGO_INCREMENTAL", "0");
        command
    }

    /// The test programs that are built, by the names of their sources: `lib` for the unit tests.
    ///
    /// # Errors
    /// When they do not build.
    pub fn programs(&self, programs: &[String]) -> io::Result<Vec<(String, PathBuf)>> {
        let mut command = self.cargo(&["test", "--no-run", "--lib"]);
        for program in programs {
            command.args(["--test", program]);
        }
        let output = command.stderr(Stdio::inherit()).output()?;
        if !output.status.success() {
            return Err(io::Error::other("does not build"));
        }
        let mut found = Vec::new();
        for message in messages(&output.stdout) {
            let (Some(file), Some(true)) = (message["executable"].as_str(), message["profile"]["test"].as_bool())
            else {
                continue;
            };
            let is_library = message["target"]["kind"][0] != "test";
            let name = message["target"]["name"].as_str().unwrap_or_default();
            found.push((if is_library { "lib" } else { name }.to_owned(), file.into()));
        }
        Ok(found)
    }
}

/// What tells sources apart: those that do not compile are known for the same ones.
fn mark(sources: &[String]) -> String {
    let mut hasher = DefaultHasher::new();
    sources.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

/// The mutants of these sources that did not compile before.
fn read_without(file: &Path, sources: &[String]) -> HashSet<usize> {
    let text = fs::read_to_string(file).unwrap_or_default();
    match text.split_once('\n') {
        Some((own, numbers)) if own == mark(sources) => numbers.lines().filter_map(|line| line.parse().ok()).collect(),
        _ => HashSet::new(),
    }
}

fn write_without(file: &Path, sources: &[String], without: &HashSet<usize>) -> io::Result<()> {
    let numbers: Vec<String> = without.iter().map(ToString::to_string).collect();
    fs::write(file, format!("{}\n{}\n", mark(sources), numbers.join("\n")))
}

fn messages(output: &[u8]) -> Vec<Value> {
    String::from_utf8_lossy(output)
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect()
}

/// Whether switches may come into a file.
fn is_changed(name: &str) -> bool {
    name == SANDBOX || name.starts_with("src/") && name.ends_with(".rs")
}

/// Writes a file, where it is not so already: what is unchanged is not built again.
fn put(path: &Path, content: &[u8]) -> io::Result<()> {
    if fs::read(path).is_ok_and(|there| there == content) {
        return Ok(());
    }
    fs::write(path, content)
}
