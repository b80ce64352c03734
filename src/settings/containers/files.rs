// SPDX-License-Identifier: Apache-2.0
//! Reads registries.conf and registries.d where they were found.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use super::{may_be_there, Containers};
use crate::files::read::{read_bounded, read_regular};
use crate::policy::place::Place;
use crate::registry::registries_conf::{self, RegistriesConf};
use crate::registry::registries_d::{self, RegistriesD};
use crate::text::{io_message, safe};

/// Most files of one directory that are looked at.
const MAX_FILES: usize = 1000;

/// Most files that are named of a directory of which none is read.
const MAX_TOLD: usize = 5;

/// What the files say, or why they cannot be read; and which they are.
#[derive(Debug)]
pub struct Read<T> {
    /// What they say together; the error is safe to print.
    pub content: Result<T, String>,
    /// The files, in the order in which they apply.
    pub files: Vec<PathBuf>,
    /// Which file cannot be read or breaks its format, if one does, and where.
    pub fault: Option<Fault>,
}

/// What breaks the format of a file, and where; or why a file or directory cannot be read.
#[derive(Debug)]
pub struct Fault {
    /// The file that it stands in.
    pub file: PathBuf,
    /// Where in the file; line 0 where that is not known.
    pub place: Place,
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

    fn unread(unread: Unread) -> Self {
        Self {
            fault: Some(unread.fault()),
            ..Self::failed(unread.told)
        }
    }
}

/// A file or directory that cannot be read.
struct Unread {
    file: PathBuf,
    /// In a sentence that names the file, safe to print.
    told: String,
    /// To follow the name of the file, safe to print.
    what: String,
}

impl Unread {
    fn because(file: &Path, error: &io::Error) -> Self {
        Self {
            file: file.to_owned(),
            told: format!("reading {}: {}", shown(file), io_message(error)),
            what: format!("it cannot be read: {}", io_message(error)),
        }
    }

    /// `is` is what is wrong, such as "is not UTF-8".
    fn that(file: &Path, is: &str) -> Self {
        Self {
            file: file.to_owned(),
            told: format!("{} {is}", shown(file)),
            what: format!("it {is}"),
        }
    }

    fn fault(&self) -> Fault {
        Fault {
            file: self.file.clone(),
            place: Place::default(),
            path: String::new(),
            what: self.what.clone(),
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
        Err(unread) => return Read::unread(unread),
    }
    files.extend(containers.last.clone());
    // Whoever names a file may name a pipe.
    let is_named = |file: &PathBuf| containers.is_named && main == Some(file) || containers.last.as_ref() == Some(file);
    // There are no drop-ins beside it.
    let texts = match texts(&files, registries_conf::MAX_FILE, is_named) {
        Ok(texts) => texts,
        Err(mut unread) => {
            if containers.is_by_option {
                unread.told = format!("--registries-conf: {}", unread.told);
            }
            return Read::unread(unread);
        }
    };
    let parsed = RegistriesConf::parse(&texts);
    let fault = match &parsed {
        Err(registries_conf::RegistriesConfError::File { file, place, what }) => Some(Fault {
            file: file.clone(),
            place: *place,
            path: String::new(),
            what: what.clone(),
        }),
        _ => None,
    };
    let content = parsed.map_err(|error| error.to_string());
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
        Err(unread) => return Read::unread(unread),
    };
    let texts = match texts(&files, registries_d::MAX_FILE, |_| false) {
        Ok(texts) => texts,
        Err(unread) => return Read::unread(unread),
    };
    // Whoever names a directory of which nothing is read has mistaken the ending, whatever it is.
    let is_alarming = files.is_empty() && containers.is_registries_d_named;
    let not_read = match misnamed(&containers.registries_d, is_alarming) {
        Ok(files) => files,
        Err(unread) => return Read::unread(unread),
    };
    let parsed = RegistriesD::parse(&texts);
    let fault = parsed.as_ref().err().map(|error| Fault {
        file: error.file.clone(),
        place: error.fault.place,
        path: error.fault.path.clone(),
        what: error.fault.what.clone(),
    });
    let content = parsed.map_err(|error| error.to_string()).map(|mut all| {
        all.not_read = not_read;
        all
    });
    Read { content, files, fault }
}

/// Files of registries.d that are meant to be read by their looks, and are not; or the first of all that are not.
fn misnamed(directories: &[PathBuf], all: bool) -> Result<Vec<PathBuf>, Unread> {
    let has_looks = |path: &Path| {
        let extension = path.extension().and_then(OsStr::to_str);
        extension.is_some_and(|own| matches!(own, "yml" | "YAML" | "YML"))
    };
    let is_hidden = |path: &Path| path.file_name().is_some_and(|name| name.as_bytes().starts_with(b"."));
    let mut files = chosen(directories, |path| has_looks(path) || all && !is_hidden(path))?;
    if all {
        files.truncate(MAX_TOLD);
    }
    Ok(files)
}

/// The files of some directories with an extension, sorted by name; of two of one name that in the earlier directory.
fn listed(directories: &[PathBuf], extension: &str) -> Result<Vec<PathBuf>, Unread> {
    chosen(directories, |path| path.extension().is_some_and(|own| own == extension))
}

fn chosen(directories: &[PathBuf], is_one: impl Fn(&Path) -> bool) -> Result<Vec<PathBuf>, Unread> {
    let mut found: BTreeMap<OsString, PathBuf> = BTreeMap::new();
    for directory in directories {
        let entries = match directory.read_dir() {
            Ok(entries) => entries,
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => continue,
            Err(error) => return Err(Unread::because(directory, &error)),
        };
        for (number, entry) in entries.enumerate() {
            if number == MAX_FILES {
                return Err(Unread::that(directory, &format!("has more than {MAX_FILES} files")));
            }
            let entry = entry.map_err(|error| Unread::because(directory, &error))?;
            let path = entry.path();
            if is_one(&path) && !path.is_dir() {
                found.entry(entry.file_name()).or_insert(path);
            }
        }
    }
    Ok(found.into_values().collect())
}

fn texts(files: &[PathBuf], limit: u64, is_named: impl Fn(&PathBuf) -> bool) -> Result<Vec<(PathBuf, String)>, Unread> {
    files
        .iter()
        .map(|file| Ok((file.clone(), text(file, limit, is_named(file))?)))
        .collect()
}

fn text(file: &Path, limit: u64, is_named: bool) -> Result<String, Unread> {
    let bytes = if is_named {
        read_bounded(file, limit)
    } else {
        read_regular(file, limit)
    };
    let bytes = bytes.map_err(|error| Unread::because(file, &error))?;
    let bytes = bytes.ok_or_else(|| Unread::that(file, &format!("has more than {limit} bytes")))?;
    String::from_utf8(bytes).map_err(|_| Unread::that(file, "is not UTF-8"))
}

fn shown(path: &Path) -> String {
    safe(&path.display().to_string())
}
