// SPDX-License-Identifier: Apache-2.0
//! Files that appear at once and whole, in the place of one that may be there.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::files::cleanup::Guard;
use crate::files::pipe;

/// Longest part of a file's name that its temporary name repeats, in characters.
const MAX_NAME: usize = 40;

/// A file that is being written. It is removed when dropped, and takes its place by [`Fresh::commit`].
#[derive(Debug)]
pub struct Fresh {
    file: BufWriter<File>,
    /// Where it stands meanwhile; nothing where it is written in place, because what is there is no regular file.
    temporary: Option<Guard>,
    path: PathBuf,
}

impl Fresh {
    /// Begins a file beside the one whose place it is to take.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn create(path: &Path) -> io::Result<Self> {
        // A link stays one: what it points to is replaced.
        let (path, mode) = match fs::metadata(path) {
            Ok(meta) if meta.is_dir() => return Err(io::ErrorKind::IsADirectory.into()),
            Ok(meta) if !meta.is_file() => {
                return Ok(Self {
                    file: BufWriter::new(pipe::append(path)?),
                    temporary: None,
                    path: path.to_owned(),
                });
            }
            Ok(meta) => (fs::canonicalize(path)?, Some(meta.permissions().mode() & 0o777)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => (path.to_owned(), None),
            Err(error) => return Err(error),
        };
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let name: String = name.chars().take(MAX_NAME).collect();
        let directory = path.parent().map_or_else(PathBuf::new, Path::to_owned);
        for attempt in 0..100_u32 {
            let temporary = directory.join(format!(".{name}.image-signature-{}-{attempt}", std::process::id()));
            let opened = OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o644)
                .open(&temporary);
            match opened {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                opened => {
                    let file = opened?;
                    let temporary = Some(Guard::new(temporary));
                    if let Some(mode) = mode {
                        file.set_permissions(Permissions::from_mode(mode))?;
                    }
                    let file = BufWriter::new(file);
                    return Ok(Self { file, temporary, path });
                }
            }
        }
        Err(io::Error::other("too many temporary files exist beside it"))
    }

    /// Puts it in its place.
    ///
    /// # Errors
    /// When it cannot be written to the end; then what was there stays.
    pub fn commit(self) -> io::Result<()> {
        let file = self.file.into_inner().map_err(io::IntoInnerError::into_error)?;
        let Some(temporary) = self.temporary else {
            return Ok(());
        };
        file.sync_all()?;
        fs::rename(temporary.path(), &self.path)?;
        // It has another name now.
        let _ = temporary.keep();
        Ok(())
    }
}

impl Write for Fresh {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
