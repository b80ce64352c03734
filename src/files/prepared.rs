// SPDX-License-Identifier: Apache-2.0
//! A new file beside the one that it is to replace.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{fchown, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::files::identity::Identity;
use crate::files::{attributes, cleanup};
use crate::text::{io_message, safe};

/// Most entries of a directory that are looked at for the other names of a file.
const MAX_SIBLINGS: usize = 10_000;

/// Longest part of a file's name that its temporary name repeats, in bytes; names have at most 255.
const MAX_NAME: usize = 160;

/// A new file beside the one that it is to replace; removed when dropped.
#[derive(Debug)]
pub struct Prepared {
    pub(super) path: PathBuf,
    pub(super) was: Identity,
    pub(super) temporary: cleanup::Guard,
    pub(super) new: Identity,
}

/// Writes what is to replace the file at `path`, which was `was` when it was read and is open as `old`. Mode, owner,
/// access list and extended attributes are those of the old one; a symbolic link stays one, and the file that it points
/// to is the one replaced.
///
/// # Errors
/// When the file has changed meanwhile, has several names, something of it cannot be kept, or writing fails.
pub fn prepare(
    path: &Path,
    was: &Identity,
    old: &File,
    write: impl FnOnce(&mut File) -> io::Result<()>,
) -> io::Result<Prepared> {
    let path = fs::canonicalize(path)?;
    check(&path, was)?;
    if was.names() > 1 {
        return Err(io::Error::other(several_names(&path, was)));
    }
    let (temporary, mut file) = create_beside(&path)?;
    write(&mut file)?;
    let meta = file.metadata()?;
    if (meta.uid(), meta.gid()) != was.owner() {
        fchown(&file, Some(was.owner().0), Some(was.owner().1))
            .map_err(|error| io::Error::new(error.kind(), format!("keeping its owner: {}", io_message(&error))))?;
    }
    attributes::copy(old, &file)?;
    // After the owner, which takes some bits of the mode away, and the access list, whose mask is among them.
    file.set_permissions(Permissions::from_mode(was.mode() & 0o7777))?;
    file.sync_all()?;
    let new = Identity::of(&file.metadata()?);
    Ok(Prepared {
        path,
        was: *was,
        temporary,
        new,
    })
}

fn changed() -> io::Error {
    io::Error::other("the file has changed since it was read; run the command again")
}

/// Whether the file is the one that was read, and as it was then.
pub(super) fn check(path: &Path, was: &Identity) -> io::Result<()> {
    if Identity::of(&fs::symlink_metadata(path)?) == *was {
        Ok(())
    } else {
        Err(changed())
    }
}

/// Says that a file has several names, with those in its own directory.
fn several_names(path: &Path, was: &Identity) -> String {
    let mut others = Vec::new();
    let siblings = path.parent().and_then(|directory| fs::read_dir(directory).ok());
    for sibling in siblings.into_iter().flatten().take(MAX_SIBLINGS).flatten() {
        let is_same = sibling
            .metadata()
            .is_ok_and(|meta| Identity::of(&meta).is_same_file(was));
        if is_same && sibling.path() != path {
            others.push(safe(&sibling.file_name().to_string_lossy()));
        }
    }
    others.sort();
    let named = match others.as_slice() {
        [] => String::new(),
        others => format!(", one is {}", others[0]),
    };
    format!(
        "the file has {} names (hard links{named}): the others would keep the old content; make it a file of its own first",
        was.names()
    )
}

/// Makes a file of mode 0600 in the same directory, so that it can take the place of the other.
fn create_beside(path: &Path) -> io::Result<(cleanup::Guard, File)> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let name: String = name
        .char_indices()
        .take_while(|(at, _)| *at < MAX_NAME)
        .map(|(_, c)| c)
        .collect();
    let directory = path.parent().map_or_else(PathBuf::new, Path::to_owned);
    for attempt in 0..100_u32 {
        let temporary = directory.join(format!(".{name}.image-signature-{}-{attempt}", std::process::id()));
        let opened = OpenOptions::new()
            .write(true)
            .read(true)
            .create_new(true)
            .mode(0o600)
            .open(&temporary);
        match opened {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            opened => {
                let file = opened.map_err(|error| {
                    io::Error::new(
                        error.kind(),
                        format!("writing beside it, {}: {}", temporary.display(), io_message(&error)),
                    )
                })?;
                return Ok((cleanup::Guard::new(temporary), file));
            }
        }
    }
    Err(io::Error::other("too many temporary files exist beside it"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hard_links_are_named() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        fs::write(&path, "old").unwrap();
        fs::hard_link(&path, directory.path().join("second")).unwrap();
        let old = File::open(&path).unwrap();
        let was = Identity::of(&old.metadata().unwrap());
        let error = prepare(&path, &was, &old, |_| Ok(())).unwrap_err().to_string();
        assert!(error.contains("2 names") && error.contains("second"), "{error}");
        let mut left: Vec<_> = fs::read_dir(directory.path())
            .unwrap()
            .map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap())
            .collect();
        left.sort();
        assert_eq!(left, ["old", "old"]);
    }
}
