// SPDX-License-Identifier: Apache-2.0
//! Standard output that may be closed early, which is not a failure where a report is printed.

use std::cell::RefCell;
use std::io::{self, Write};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;
use std::rc::Rc;

use crate::text::io_message;
use rustix::fs::{fcntl_getfl, fstat, OFlags};

/// The program's standard output; where it was closed at the start, everything written is a broken pipe.
#[must_use]
pub fn standard() -> Box<dyn Write> {
    let stdout = io::stdout().lock();
    if was_closed(&stdout) {
        Box::new(Closed)
    } else {
        Box::new(stdout)
    }
}

/// Whether standard output was closed (`>&-`). Before `main`, the standard library opens /dev/null for reading and writing
/// in its place, so that what is printed would vanish with success; a shell opens `>/dev/null` for writing alone.
fn was_closed(stdout: &io::StdoutLock<'_>) -> bool {
    let is_two_way = fcntl_getfl(stdout).is_ok_and(|flags| flags.contains(OFlags::RDWR));
    is_two_way && is_null(stdout)
}

fn is_null(stdout: &io::StdoutLock<'_>) -> bool {
    let null = Path::new("/dev/null").metadata();
    match (fstat(stdout), null) {
        (Ok(stat), Ok(null)) => null.file_type().is_char_device() && stat.st_rdev == null.rdev(),
        _ => false,
    }
}

/// An output that nobody reads.
struct Closed;

impl Write for Closed {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What became of the output.
#[derive(Debug, Default)]
struct State {
    /// Nobody reads any more: what is written is dropped.
    closed: bool,
    /// A failure other than that.
    error: Option<String>,
}

/// A writer that keeps what went wrong for the end, so that printing need not look at each result: a closed pipe ends
/// the printing only, another failure is one of the run. Writing fails all the same, for those who must
/// know that everything arrived.
#[derive(Debug)]
pub struct Output<W> {
    inner: W,
    state: Rc<RefCell<State>>,
}

/// Tells at the end whether everything could be written.
#[derive(Debug)]
pub struct Fate(Rc<RefCell<State>>);

impl Fate {
    /// The failure that is to be told, if there was one.
    #[must_use]
    pub fn error(&self) -> Option<String> {
        self.0.borrow().error.clone()
    }
}

impl<W: Write> Output<W> {
    /// Wraps a writer; the second value tells later how writing went.
    pub fn new(inner: W) -> (Self, Fate) {
        let state = Rc::<RefCell<State>>::default();
        let fate = Fate(Rc::clone(&state));
        (Self { inner, state }, fate)
    }

    /// Writes, unless nobody reads any more.
    fn attempt(&mut self, write: impl FnOnce(&mut W) -> io::Result<()>) -> io::Result<()> {
        if self.state.borrow().closed {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        let result = write(&mut self.inner);
        if let Err(error) = &result {
            let mut state = self.state.borrow_mut();
            state.closed = true;
            if error.kind() != io::ErrorKind::BrokenPipe {
                state.error = Some(io_message(error));
            }
        }
        result
    }
}

impl<W: Write> Write for Output<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.attempt(|inner| inner.write_all(bytes))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.attempt(W::flush)
    }
}
