// SPDX-License-Identifier: Apache-2.0
//! Where registries.conf and registries.d are found: the directories of the user, of the machine's administrator and of
//! the distribution, of which the first wins for files of one name.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use crate::files::read::read_regular;
use crate::registry::{registries_conf, registries_d};
use crate::settings::environment::Environment;
use crate::settings::UsageError;
use crate::text::safe;

/// Where administrators and distributions put configuration.
const SYSTEM: [&str; 2] = ["/etc/containers", "/usr/share/containers"];

/// A file and its text.
type File = (PathBuf, String);

/// The main file and its drop-ins, in the order in which they apply. A file that is named leaves all others out.
///
/// # Errors
/// When a file cannot be read.
pub(super) fn registries_conf(named: Option<&Path>, environment: &Environment) -> Result<Vec<File>, UsageError> {
    let variable = |name: &str| environment.variable(name).map(PathBuf::from);
    let replaced = named
        .map(Path::to_owned)
        .or_else(|| variable("CONTAINERS_REGISTRIES_CONF"));
    let mut files = Vec::new();
    if let Some(path) = replaced {
        files.push(must_read(&path, registries_conf::MAX_FILE)?);
    } else {
        let user = environment.config_home().map(|directory| directory.join("containers"));
        let directories = user.into_iter().chain(SYSTEM.map(PathBuf::from));
        for path in directories.map(|directory| directory.join("registries.conf")) {
            if let Some(file) = read(&path, registries_conf::MAX_FILE)? {
                files.push(file);
                break;
            }
        }
        files.extend(drop_ins("conf.d", ".conf", registries_conf::MAX_FILE, environment)?);
    }
    if let Some(path) = variable("CONTAINERS_REGISTRIES_CONF_OVERRIDE").filter(|_| named.is_none()) {
        files.push(must_read(&path, registries_conf::MAX_FILE)?);
    }
    Ok(files)
}

/// The files that say where signatures are kept. A directory that is named leaves all others out.
///
/// # Errors
/// When the named directory is not there, or a file cannot be read.
pub(super) fn registries_d(named: Option<&Path>, environment: &Environment) -> Result<Vec<File>, UsageError> {
    let Some(directory) = named else {
        return drop_ins("d", ".yaml", registries_d::MAX_FILE, environment);
    };
    if !directory.is_dir() {
        return Err(UsageError::new(format!(
            "--registries.d {}: it is not a directory",
            shown(directory)
        )));
    }
    let mut found = BTreeMap::new();
    add(directory, ".yaml", registries_d::MAX_FILE, &mut found)?;
    Ok(found.into_values().collect())
}

/// The files of all directories `registries.KIND`, in the order of their names.
fn drop_ins(kind: &str, ending: &str, limit: u64, environment: &Environment) -> Result<Vec<File>, UsageError> {
    let mut directories = Vec::new();
    if let Some(user) = environment.config_home() {
        directories.push(user.join("containers").join(format!("registries.{kind}")));
    }
    for system in SYSTEM.map(PathBuf::from) {
        if environment.uid == 0 {
            directories.push(system.join(format!("registries.rootful.{kind}")));
        } else {
            let rootless = system.join(format!("registries.rootless.{kind}"));
            directories.push(rootless.join(environment.uid.to_string()));
            directories.push(rootless);
        }
        directories.push(system.join(format!("registries.{kind}")));
    }
    let mut found = BTreeMap::new();
    for directory in directories {
        add(&directory, ending, limit, &mut found)?;
    }
    Ok(found.into_values().collect())
}

/// Adds the files of a directory whose names are not there yet.
fn add(directory: &Path, ending: &str, limit: u64, found: &mut BTreeMap<String, File>) -> Result<(), UsageError> {
    let wrong = |error: &io::Error| UsageError::new(format!("reading {}: {error}", shown(directory)));
    let entries = match std::fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(wrong(&error)),
    };
    for entry in entries {
        let path = entry.map_err(|error| wrong(&error))?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
            continue;
        };
        if name.ends_with(ending) && path.is_file() && !found.contains_key(name) {
            let name = name.to_owned();
            found.insert(name, must_read(&path, limit)?);
        }
    }
    Ok(())
}

fn must_read(path: &Path, limit: u64) -> Result<File, UsageError> {
    read(path, limit)?.ok_or_else(|| UsageError::new(format!("there is no file {}", shown(path))))
}

fn read(path: &Path, limit: u64) -> Result<Option<File>, UsageError> {
    let wrong = |what: String| UsageError::new(format!("reading {}: {what}", shown(path)));
    match read_regular(path, limit) {
        Ok(Some(bytes)) => match String::from_utf8(bytes) {
            Ok(text) => Ok(Some((path.to_owned(), text))),
            Err(_) => Err(wrong("it is not UTF-8 text".into())),
        },
        Ok(None) => Err(wrong(format!("it has more than {limit} bytes"))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(wrong(error.to_string())),
    }
}

fn shown(path: &Path) -> String {
    safe(&path.display().to_string())
}
