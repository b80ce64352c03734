// SPDX-License-Identifier: Apache-2.0
//! Named pipes, which open when somebody opens their other end, and maybe never.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;

/// How long a named pipe may have nobody at its other end. A shell opens its end before it starts the other program.
pub(crate) const MAX_WAIT: Duration = Duration::from_secs(10);

/// Opens a pipe, to read or to write as the options say.
///
/// # Errors
/// When it cannot be opened, or nobody has opened the other end within [`MAX_WAIT`]; `other` says what for.
pub fn open(path: &Path, options: OpenOptions, other: &str) -> io::Result<File> {
    let (opened, is_opened) = mpsc::channel();
    let own = path.to_owned();
    // Opening cannot be given up: the thread stays until somebody comes, or the program ends.
    std::thread::Builder::new()
        .name("pipe".into())
        .stack_size(128 << 10)
        .spawn(move || opened.send(options.open(own)))?;
    is_opened.recv_timeout(MAX_WAIT).unwrap_or_else(|_| {
        let seconds = MAX_WAIT.as_secs();
        Err(io::Error::new(
            io::ErrorKind::TimedOut,
            format!("it is a pipe that no program has opened for {other} within {seconds} s"),
        ))
    })
}

/// Opens what is not a regular file to write at its end: a pipe, a terminal, a device.
///
/// # Errors
/// When it cannot be opened, or is a pipe that nobody reads within [`MAX_WAIT`].
pub fn append(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::FileTypeExt as _;
    let mut options = OpenOptions::new();
    options.append(true);
    if std::fs::metadata(path)?.file_type().is_fifo() {
        open(path, options, "reading")
    } else {
        options.open(path)
    }
}
