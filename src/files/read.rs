// SPDX-License-Identifier: Apache-2.0
//! Reading files within bounds.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

use rustix::fs::{Mode, OFlags};

use super::pipe;
use super::refused::explained;

/// Opens a file that the user named, which may be a pipe: one that no program opens for writing would be
/// waited for for ever.
///
/// # Errors
/// When it cannot be opened, or is a pipe that has no writer within [`pipe::MAX_WAIT`].
pub(crate) fn open_named(path: &Path) -> io::Result<File> {
    let meta = fs::metadata(path).map_err(|error| explained(path, error))?;
    if meta.is_dir() {
        // Opening it would do, and reading would not.
        return Err(explained(path, ErrorKind::IsADirectory.into()));
    }
    if !meta.file_type().is_fifo() {
        return File::open(path).map_err(|error| explained(path, error));
    }
    let mut options = OpenOptions::new();
    options.read(true);
    pipe::open(path, options, "writing")
}

/// Reads a file of at most `limit` bytes; `None` when it is longer. `-` is not special here.
///
/// # Errors
/// When it cannot be read.
pub(crate) fn read_bounded(path: &Path, limit: u64) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    open_named(path)?.take(limit + 1).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= limit).then_some(bytes))
}

/// [`read_bounded`] for files that somebody else put into a directory: anything but a regular file, such as a pipe
/// that would never end, is an error.
///
/// # Errors
/// When it cannot be read.
pub(crate) fn read_regular(path: &Path, limit: u64) -> io::Result<Option<Vec<u8>>> {
    let bytes = read_head(path, limit + 1)?;
    Ok((bytes.len() as u64 <= limit).then_some(bytes))
}

/// The first bytes of a regular file, at most `count`, to tell what it is.
///
/// # Errors
/// When it is not a regular file, or cannot be read.
pub(crate) fn read_head(path: &Path, count: u64) -> io::Result<Vec<u8>> {
    // Without NONBLOCK, opening a pipe that nobody writes to would wait for ever.
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let opened = rustix::fs::open(path, flags, Mode::empty());
    let file = File::from(opened.map_err(|error| explained(path, error.into()))?);
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("not a regular file"));
    }
    let mut bytes = Vec::new();
    file.take(count).read_to_end(&mut bytes)?;
    Ok(bytes)
}
