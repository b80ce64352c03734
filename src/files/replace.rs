// SPDX-License-Identifier: Apache-2.0
//! Replacing a file at once: readers see the old one or the new one, also when the program is killed on the way.

use std::fs::{self, File, Metadata, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{fchown, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::RenameFlags;

use crate::files::cleanup;

/// What tells whether a file is still the one that was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
    owner: (u32, u32),
    mode: u32,
}

impl Identity {
    /// The identity of an open or named file.
    #[must_use]
    pub fn of(meta: &Metadata) -> Self {
        Self {
            device: meta.dev(),
            inode: meta.ino(),
            size: meta.size(),
            modified: (meta.mtime(), meta.mtime_nsec()),
            owner: (meta.uid(), meta.gid()),
            mode: meta.mode(),
        }
    }
}

/// Replaces the file at `path`, which was `was` when it was read, by what `write` writes. Mode and owner stay the same;
/// a symbolic link stays one, and the file that it points to is replaced.
///
/// # Errors
/// When the file has changed meanwhile (nothing is replaced then), the owner cannot be kept, or writing fails.
pub fn replace(path: &Path, was: &Identity, write: impl FnOnce(&mut File) -> io::Result<()>) -> io::Result<()> {
    let path = fs::canonicalize(path)?;
    check(&path, was)?;
    let (temporary, mut file) = create_beside(&path)?;
    write(&mut file)?;
    let meta = file.metadata()?;
    if (meta.uid(), meta.gid()) != was.owner {
        fchown(&file, Some(was.owner.0), Some(was.owner.1))
            .map_err(|error| io::Error::new(error.kind(), format!("keeping its owner: {error}")))?;
    }
    // After the owner: changing that takes some bits of the mode away.
    file.set_permissions(Permissions::from_mode(was.mode & 0o7777))?;
    file.sync_all()?;
    swap(&path, temporary, was)?;
    // The new name reaches the disk too. That this fails on some file systems does no harm.
    if let Some(directory) = path.parent() {
        let _ = File::open(directory).and_then(|directory| directory.sync_all());
    }
    Ok(())
}

fn changed() -> io::Error {
    io::Error::other("the file has changed since it was read; run the command again")
}

fn check(path: &Path, was: &Identity) -> io::Result<()> {
    if Identity::of(&fs::metadata(path)?) == *was {
        Ok(())
    } else {
        Err(changed())
    }
}

/// Exchanges the two files and looks at what came out: so no change by others between a look and the exchange is lost.
fn swap(path: &Path, temporary: cleanup::Guard, was: &Identity) -> io::Result<()> {
    let here = rustix::fs::CWD;
    // From here on the temporary name may hold what somebody else has written: an interruption must not remove it.
    let temporary = temporary.keep();
    let exchange = || rustix::fs::renameat_with(here, &temporary, here, path, RenameFlags::EXCHANGE);
    let result = match exchange() {
        Ok(()) if check(&temporary, was).is_ok() => Ok(()),
        Ok(()) => exchange().map_err(io::Error::from).and(Err(changed())),
        // Not every file system can exchange.
        Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS | rustix::io::Errno::NOTSUP) => {
            return check(path, was)
                .and_then(|()| fs::rename(&temporary, path))
                .inspect_err(|_| {
                    // The error that is told is the first one.
                    let _ = fs::remove_file(&temporary);
                });
        }
        Err(error) => Err(error.into()),
    };
    fs::remove_file(&temporary)?;
    result
}

/// Makes a file of mode 0600 in the same directory, so that it can take the place of the other.
fn create_beside(path: &Path) -> io::Result<(cleanup::Guard, File)> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let directory = path.parent().map_or_else(PathBuf::new, Path::to_owned);
    for attempt in 0..100_u32 {
        let temporary = directory.join(format!(".{name}.image-signature-{}-{attempt}", std::process::id()));
        let opened = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&temporary);
        match opened {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            opened => {
                let file = opened.map_err(|error| {
                    io::Error::new(
                        error.kind(),
                        format!("writing beside it, {}: {error}", temporary.display()),
                    )
                })?;
                return Ok((cleanup::Guard::new(temporary), file));
            }
        }
    }
    Err(io::Error::other("too many temporary names are taken beside it"))
}
