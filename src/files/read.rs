// SPDX-License-Identifier: Apache-2.0
//! Reading files within bounds.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::FileTypeExt;
use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;

use rustix::fs::{Mode, OFlags};

/// How long a named pipe may have no writer. A shell opens its end before it starts the program that writes.
pub const MAX_PIPE_WAIT: Duration = Duration::from_secs(10);

/// Opens a file that the user named, which may be a pipe: one that no program opens for writing would be waited for
/// for ever.
///
/// # Errors
/// When it cannot be opened, or is a pipe that has no writer within [`MAX_PIPE_WAIT`].
pub fn open_named(path: &Path) -> io::Result<File> {
    if !fs::metadata(path)?.file_type().is_fifo() {
        return File::open(path);
    }
    let (opened, is_opened) = mpsc::channel();
    let own = path.to_owned();
    // Opening cannot be given up: the thread stays until a writer comes, or the program ends.
    std::thread::Builder::new()
        .name("pipe".into())
        .stack_size(128 << 10)
        .spawn(move || opened.send(File::open(own)))?;
    is_opened.recv_timeout(MAX_PIPE_WAIT).unwrap_or_else(|_| {
        let seconds = MAX_PIPE_WAIT.as_secs();
        Err(io::Error::new(
            io::ErrorKind::TimedOut,
            format!("it is a pipe that no program has opened for writing within {seconds} s"),
        ))
    })
}

/// Reads a file of at most `limit` bytes; `None` when it is longer. `-` is not special here.
///
/// # Errors
/// When it cannot be read.
pub fn read_bounded(path: &Path, limit: u64) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    open_named(path)?.take(limit + 1).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= limit).then_some(bytes))
}

/// [`read_bounded`] for files that somebody else put into a directory: anything but a regular file, such as a pipe
/// that would never end, is an error.
///
/// # Errors
/// When it cannot be read.
pub fn read_regular(path: &Path, limit: u64) -> io::Result<Option<Vec<u8>>> {
    // Without NONBLOCK, opening a pipe that nobody writes to would wait for ever.
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let file = File::from(rustix::fs::open(path, flags, Mode::empty())?);
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("not a regular file"));
    }
    let mut bytes = Vec::new();
    file.take(limit + 1).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= limit).then_some(bytes))
}
