// SPDX-License-Identifier: Apache-2.0
//! The bytes of object files: those that can be read again stay where they are, the others are copied to a temporary
//! file without a name.

use std::cell::{Cell, OnceCell, RefCell};
use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use rustix::fs::{Mode, OFlags};

use crate::files::identity::Identity;
use crate::files::read::open_named;

/// Where the bytes of a text can be read again.
#[derive(Debug, Clone)]
pub enum Bytes {
    /// In a file that is opened when it is needed, so that thousands of files do not use up descriptors.
    File {
        /// Where the file is.
        path: PathBuf,
        /// What it was when it was first read; another one is an error.
        identity: Identity,
    },
    /// In the temporary file.
    Spooled {
        /// Where they begin in it, in bytes.
        start: u64,
        /// How many there are.
        length: u64,
    },
}

impl Bytes {
    /// How many there are.
    #[must_use]
    pub fn length(&self) -> u64 {
        match self {
            Bytes::File { identity, .. } => identity.size(),
            Bytes::Spooled { length, .. } => *length,
        }
    }
}

/// A file that is open, and what it is.
type Open = (PathBuf, Identity, Rc<File>);

/// Reads all object files of a run, and holds what was copied of them.
#[derive(Debug, Default)]
pub struct Store {
    spool: OnceCell<Rc<File>>,
    end: Cell<u64>,
    /// The file that was used last, as the next object is likely in it too.
    last: RefCell<Option<Open>>,
}

impl Store {
    /// Opens a file and says what it is. A pipe waits for its writer, unless it was merely found in a directory.
    ///
    /// # Errors
    /// When it cannot be opened, or was found in a directory and is not a regular file.
    pub fn open(&self, path: &Path, is_found: bool) -> io::Result<(Rc<File>, Option<Identity>)> {
        let file = if is_found {
            let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK;
            File::from(rustix::fs::open(path, flags, Mode::empty())?)
        } else {
            open_named(path)?
        };
        let meta = file.metadata()?;
        let file = Rc::new(file);
        if meta.is_file() {
            let identity = Identity::of(&meta);
            *self.last.borrow_mut() = Some((path.to_owned(), identity, Rc::clone(&file)));
            Ok((file, Some(identity)))
        } else if is_found || meta.is_dir() {
            Err(io::Error::other("not a regular file"))
        } else {
            Ok((file, None))
        }
    }

    /// The file that bytes are in, and where in it they begin.
    fn file(&self, bytes: &Bytes) -> io::Result<(Rc<File>, u64)> {
        match bytes {
            Bytes::Spooled { start, .. } => Ok((self.spool()?, *start)),
            Bytes::File { path, identity } => {
                let known = match &*self.last.borrow() {
                    Some((last, _, file)) if last == path => Some(Rc::clone(file)),
                    _ => None,
                };
                let file = match known {
                    Some(file) => file,
                    None => self.open(path, true)?.0,
                };
                if Identity::of(&file.metadata()?) != *identity {
                    return Err(io::Error::other(
                        "the file has changed since it was read; run the command again",
                    ));
                }
                Ok((file, 0))
            }
        }
    }

    /// A reader over a part of the bytes, to their end or for `length`.
    ///
    /// # Errors
    /// When the file cannot be opened again or has changed.
    pub fn section(&self, bytes: &Bytes, offset: u64, length: Option<u64>) -> io::Result<Section> {
        let (file, start) = self.file(bytes)?;
        let all = bytes.length().saturating_sub(offset);
        let at = start + offset;
        let end = at + length.map_or(all, |length| length.min(all));
        Ok(Section { file, at, end })
    }

    /// A part of the bytes.
    ///
    /// # Errors
    /// As [`Store::section`], or when there are not so many.
    pub fn read(&self, bytes: &Bytes, offset: u64, length: usize) -> io::Result<Vec<u8>> {
        let mut read = vec![0; length];
        self.section(bytes, offset, Some(length as u64))?
            .read_exact(&mut read)?;
        Ok(read)
    }

    fn spool(&self) -> io::Result<Rc<File>> {
        if self.spool.get().is_none() {
            let _ = self.spool.set(Rc::new(tempfile::tempfile()?));
        }
        self.spool
            .get()
            .map(Rc::clone)
            .ok_or_else(|| io::Error::other("no temporary file"))
    }

    /// Adds what `write` writes, of at most `limit` bytes.
    ///
    /// # Errors
    /// When writing fails, which includes that it is more.
    pub fn add<E: From<io::Error>>(
        &self,
        limit: u64,
        write: impl FnOnce(&mut dyn Write) -> Result<(), E>,
    ) -> Result<Bytes, E> {
        let start = self.end.get();
        let appender = Appender {
            file: self.spool()?,
            at: start,
            end: start.saturating_add(limit),
        };
        let mut writer = BufWriter::with_capacity(64 << 10, appender);
        write(&mut writer)?;
        writer.flush()?;
        let length = writer.get_ref().at - start;
        self.end.set(start + length);
        Ok(Bytes::Spooled { start, length })
    }

    /// Forgets what was added last, from there on.
    pub fn forget(&self, bytes: &Bytes) {
        if let Bytes::Spooled { start, .. } = bytes {
            self.end.set(*start);
        }
    }
}

/// A part of a file.
#[derive(Debug)]
pub struct Section {
    file: Rc<File>,
    at: u64,
    end: u64,
}

impl Section {
    /// The bytes of an open file from one place to another.
    #[must_use]
    pub fn new(file: Rc<File>, from: u64, to: u64) -> Self {
        let end = to.max(from);
        Self { file, at: from, end }
    }
}

impl Read for Section {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.end - self.at).unwrap_or(usize::MAX);
        let wanted = left.min(buffer.len());
        let got = self.file.read_at(&mut buffer[..wanted], self.at)?;
        self.at += got as u64;
        Ok(got)
    }
}

struct Appender {
    file: Rc<File>,
    at: u64,
    end: u64,
}

impl Write for Appender {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.len() as u64 > self.end - self.at {
            return Err(io::Error::new(
                io::ErrorKind::FileTooLarge,
                "it stands for more data than a file of its length may",
            ));
        }
        let written = self.file.write_at(bytes, self.at)?;
        self.at += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
