// SPDX-License-Identifier: Apache-2.0
//! Directories in which files may be made that nobody else must be able to replace.

use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Write permission of others than the owner.
const WRITABLE_BY_OTHERS: u32 = 0o022;

/// In a directory with this bit, only the owner of an entry (or of the directory) may rename or remove it.
const STICKY: u32 = 0o1000;

/// Directories of the system: root's everywhere, also where a user namespace cannot name their owner.
const OF_THE_SYSTEM: [&str; 9] = [
    "/",
    "/dev",
    "/dev/shm",
    "/home",
    "/run",
    "/run/user",
    "/tmp",
    "/var",
    "/var/tmp",
];

/// What the kernel gives as owner where that user has no number in a user namespace (user_namespaces(7)).
const NOBODY: u32 = 65534;

/// Makes sure that nobody but `uid` and root can put another directory in the place of this one: each directory on its
/// path belongs to one of them, and has the sticky bit if others can write to it. Returns the path without symbolic
/// links, which is the one to be used.
///
/// # Errors
/// When it cannot be read or is not such a directory; the message names the directory on the path that is not.
pub(crate) fn vetted(place: &Path, uid: u32) -> io::Result<PathBuf> {
    let place = fs::canonicalize(place)?;
    let in_namespace = is_in_user_namespace();
    for directory in place.ancestors() {
        let meta = fs::symlink_metadata(directory)?;
        check(directory, &meta, uid, in_namespace).map_err(io::Error::other)?;
    }
    Ok(place)
}

fn check(directory: &Path, meta: &Metadata, uid: u32, in_namespace: bool) -> Result<(), String> {
    let shown = directory.display();
    if !meta.is_dir() {
        return Err(format!("{shown} is not a directory"));
    }
    let is_of_the_system =
        in_namespace && meta.uid() == NOBODY && OF_THE_SYSTEM.iter().any(|own| Path::new(own) == directory);
    if meta.uid() != uid && meta.uid() != 0 && !is_of_the_system {
        return Err(format!("{shown} belongs to another user, uid {}", meta.uid()));
    }
    if meta.mode() & WRITABLE_BY_OTHERS != 0 && meta.mode() & STICKY == 0 {
        return Err(format!(
            "others can write to {shown} (mode {:04o}), which has no sticky bit",
            meta.mode() & 0o7777
        ));
    }
    Ok(())
}

/// Whether users of the machine may be unknown here. A range that begins with `0 0` and holds all numbers is that of a
/// process outside any such namespace.
fn is_in_user_namespace() -> bool {
    let map = fs::read_to_string("/proc/self/uid_map").unwrap_or_default();
    let words: Vec<&str> = map.split_ascii_whitespace().collect();
    !words.is_empty() && words != ["0", "0", "4294967295"]
}
