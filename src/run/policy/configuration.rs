// SPDX-License-Identifier: Apache-2.0
//! Reads registries.conf and registries.d, as podman finds them.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use super::load::shown;
use crate::files::read::read_bounded;
use crate::registry::registries_conf::{self, RegistriesConf};
use crate::registry::registries_d::{self, RegistriesD};
use crate::settings::containers::Containers;

/// Most files of one kind.
const MAX_FILES: usize = 1000;

/// What the files say, or why they cannot be read; and which they are.
pub(super) struct Read<T> {
    pub content: Result<T, String>,
    pub files: Vec<PathBuf>,
}

/// registries.conf: the main file, drop-ins sorted by name, and what applies last.
pub(super) fn registries_conf(containers: &Containers) -> Read<RegistriesConf> {
    let mut files = Vec::new();
    let main = containers
        .registries_conf
        .iter()
        .find(|path| containers.is_named || path.exists());
    files.extend(main.cloned());
    let drop_ins = match listed(&containers.drop_ins, "conf") {
        Ok(found) => found,
        Err(what) => {
            return Read {
                content: Err(what),
                files,
            }
        }
    };
    files.extend(drop_ins);
    files.extend(containers.last.clone());
    let content = texts(&files, registries_conf::MAX_FILE)
        .and_then(|texts| RegistriesConf::parse(&texts).map_err(|error| error.to_string()));
    Read { content, files }
}

/// Reads the files of registries.d.
pub(super) fn registries_d(containers: &Containers) -> Read<RegistriesD> {
    let files = match listed(&containers.registries_d, "yaml") {
        Ok(files) => files,
        Err(what) => {
            return Read {
                content: Err(what),
                files: Vec::new(),
            }
        }
    };
    let content = texts(&files, registries_d::MAX_FILE)
        .and_then(|texts| RegistriesD::parse(&texts).map_err(|error| error.to_string()));
    Read { content, files }
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
        for entry in entries.take(MAX_FILES) {
            let entry = entry.map_err(|error| format!("reading {}: {error}", shown(directory)))?;
            let path = entry.path();
            if path.extension().is_some_and(|own| own == extension) && !path.is_dir() {
                found.entry(entry.file_name()).or_insert(path);
            }
        }
    }
    Ok(found.into_values().collect())
}

fn texts(files: &[PathBuf], limit: u64) -> Result<Vec<(PathBuf, String)>, String> {
    files
        .iter()
        .map(|file| Ok((file.clone(), text(file, limit)?)))
        .collect()
}

fn text(file: &Path, limit: u64) -> Result<String, String> {
    let bytes = read_bounded(file, limit).map_err(|error| format!("reading {}: {error}", shown(file)))?;
    let bytes = bytes.ok_or_else(|| format!("{} has more than {limit} bytes", shown(file)))?;
    String::from_utf8(bytes).map_err(|_| format!("{} is not UTF-8", shown(file)))
}
