// SPDX-License-Identifier: Apache-2.0
//! Reads registries.conf and registries.d where they were found.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use super::{may_be_there, Containers};
use crate::files::read::{read_bounded, read_regular};
use crate::registry::registries_conf::{self, RegistriesConf};
use crate::registry::registries_d::{self, RegistriesD};
use crate::text::safe;

/// Most files of one directory that are looked at.
const MAX_FILES: usize = 1000;

/// What the files say, or why they cannot be read; and which they are.
#[derive(Debug)]
pub struct Read<T> {
    /// What they say together; the error is safe to print.
    pub content: Result<T, String>,
    /// The files, in the order in which they apply.
    pub files: Vec<PathBuf>,
    /// Where a file breaks its format, if one does.
    pub fault: Option<Fault>,
}

/// What breaks the format of a file, and where.
#[derive(Debug)]
pub struct Fault {
    /// The file that it stands in.
    pub file: PathBuf,
    /// The line, counted from 1; 0 where it is not known.
    pub line: usize,
    /// The path of the member, safe to print; empty where it is not known.
    pub path: String,
    /// What is wrong, safe to print.
    pub what: String,
}

impl<T> Read<T> {
    fn failed(what: String) -> Self {
        Self {
            content: Err(what),
            files: Vec::new(),
            fault: None,
        }
    }
}

/// registries.conf: the main file, drop-ins sorted by name, and what applies last.
#[must_use]
pub fn registries_conf(containers: &Containers) -> Read<RegistriesConf> {
    let mut files = Vec::new();
    let main = containers
        .registries_conf
        .iter()
        .find(|path| containers.is_named || may_be_there(path));
    files.extend(main.cloned());
    match listed(&containers.drop_ins, "conf") {
        Ok(found) => files.extend(found),
        Err(what) => return Read::failed(what),
    }
    files.extend(containers.last.clone());
    // Whoever names a file may name a pipe.
    let is_named = |file: &PathBuf| containers.is_named && main == Some(file) || containers.last.as_ref() == Some(file);
    // There are no drop-ins beside it.
    let texts = texts(&files, registries_conf::MAX_FILE, is_named).map_err(|what| {
        if containers.is_by_option {
            format!("--registries-conf: {what}")
        } else {
            what
        }
    });
    let parsed = texts.map(|texts| RegistriesConf::parse(&texts));
    let fault = match &parsed {
        Ok(Err(registries_conf::RegistriesConfError::File { file, line, what })) => Some(Fault {
            file: file.clone(),
            line: *line,
            path: String::new(),
            what: what.clone(),
        }),
        _ => None,
    };
    let content = parsed.and_then(|parsed| parsed.map_err(|error| error.to_string()));
    Read { content, files, fault }
}

/// registries.d: the files of all its directories, sorted by name.
#[must_use]
pub fn registries_d(containers: &Containers) -> Read<RegistriesD> {
    if let Some(directory) = containers.named_registries_d().filter(|directory| !directory.is_dir()) {
        let what = match directory.try_exists() {
            Ok(false) => "there is no such directory",
            _ => "it is not a directory",
        };
        return Read::failed(format!("--registries.d {}: {what}", shown(directory)));
    }
    let files = match listed(&containers.registries_d, "yaml") {
        Ok(files) => files,
        Err(what) => return Read::failed(what),
    };
    let texts = texts(&files, registries_d::MAX_FILE, |_| false);
    let not_read = match misnamed(&containers.registries_d) {
        Ok(files) => files,
        Err(what) => return Read::failed(what),
    };
    let parsed = texts.map(|texts| {
        RegistriesD::parse(&texts).map(|mut all| {
            all.not_read = not_read;
            all
        })
    });
    let fault = match &parsed {
        Ok(Err(error)) => Some(Fault {
            file: error.file.clone(),
            line: error.fault.line,
            path: error.fault.path.clone(),
            what: error.fault.what.clone(),
        }),
        _ => None,
    };
    let content = parsed.and_then(|parsed| parsed.map_err(|error| error.to_string()));
    Read { content, files, fault }
}

/// Files of registries.d that are meant to be read by their looks, and are not.
fn misnamed(directories: &[PathBuf]) -> Result<Vec<PathBuf>, String> {
    let mut files = Vec::new();
    for extension in ["yml", "YAML", "YML"] {
        files.extend(listed(directories, extension)?);
    }
    Ok(files)
}

/// The files of some directories with an extension, sorted by name; of two of one name that in the earlier directory.
fn listed(directories: &[PathBuf], extension: &str) -> Result<Vec<PathBuf>, String> {
    let mut found: BTreeMap<OsString, PathBuf> = BTreeMap::new();
    for directory in directories {
        let entries = match directory.read_dir() {
            Ok(entries) => entries,
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => continue,
            Err(error) => return Err(format!("reading {}: {error}", shown(directory))),
        };
        for (number, entry) in entries.enumerate() {
            if number == MAX_FILES {
                return Err(format!("{} has more than {MAX_FILES} files", shown(directory)));
            }
            let entry = entry.map_err(|error| format!("reading {}: {error}", shown(directory)))?;
            let path = entry.path();
            if path.extension().is_some_and(|own| own == extension) && !path.is_dir() {
                found.entry(entry.file_name()).or_insert(path);
            }
        }
    }
    Ok(found.into_values().collect())
}

fn texts(files: &[PathBuf], limit: u64, is_named: impl Fn(&PathBuf) -> bool) -> Result<Vec<(PathBuf, String)>, String> {
    files
        .iter()
        .map(|file| Ok((file.clone(), text(file, limit, is_named(file))?)))
        .collect()
}

fn text(file: &Path, limit: u64, is_named: bool) -> Result<String, String> {
    let bytes = if is_named {
        read_bounded(file, limit)
    } else {
        read_regular(file, limit)
    };
    let bytes = bytes.map_err(|error| format!("reading {}: {error}", shown(file)))?;
    let bytes = bytes.ok_or_else(|| format!("{} has more than {limit} bytes", shown(file)))?;
    String::from_utf8(bytes).map_err(|_| format!("{} is not UTF-8", shown(file)))
}

fn shown(path: &Path) -> String {
    safe(&path.display().to_string())
}
