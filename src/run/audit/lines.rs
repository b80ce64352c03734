// SPDX-License-Identifier: Apache-2.0
//! The report of JSON lines in a file: appended to image by image, so that another run can go on from it.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{sync_channel, Receiver, SyncSender};
use std::thread::JoinHandle;

use rustix::fs::FlockOperation;

use super::gone::Gone;
use crate::audit::head::Head;
use crate::audit::tail::Tail;
use crate::files::pipe;
use crate::report::json::write_line;
use crate::settings::UsageError;
use crate::text::{io_message, safe};

/// Longest line at the end of a finished report, in bytes: the reasons in it are bounded.
const MAX_END: u64 = 1 << 20;

/// A report that is being written.
#[derive(Debug)]
pub(super) struct LinesFile {
    path: PathBuf,
    /// Where whole lines go; nothing once the report is ended.
    lines: Option<SyncSender<Vec<u8>>>,
    writer: Option<JoinHandle<io::Result<()>>>,
}

/// Most lines that wait for the disk.
const MAX_WAITING: usize = 256;

/// Most bytes that are written before they are made sure of.
const MAX_AT_ONCE: usize = 1 << 20;

/// Writes lines as they come. Each is on the disk before one that comes later; what came while the disk was at
/// work goes there together.
fn write_all(file: &mut File, lines: &Receiver<Vec<u8>>, is_regular: bool) -> io::Result<()> {
    while let Ok(mut text) = lines.recv() {
        while text.len() < MAX_AT_ONCE {
            match lines.try_recv() {
                Ok(line) => text.extend(line),
                Err(_) => break,
            }
        }
        file.write_all(&text)?;
        if is_regular {
            file.sync_data()?;
        }
    }
    Ok(())
}

impl LinesFile {
    /// Begins a report. One that is whole is replaced; one that is not may be gone on from, and is kept.
    ///
    /// # Errors
    /// When there is an unfinished one, or the file cannot be written.
    pub(super) fn create(path: &Path, head: &Head) -> Result<Self, UsageError> {
        let shown = safe(&path.display().to_string());
        let wrong = |what: String| UsageError::new(format!("--report jsonl={shown}: {what}"));
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(0o644);
        let file = match std::fs::metadata(path) {
            // A pipe, a terminal: what is written there cannot be read again.
            Ok(meta) if !meta.is_file() => pipe::append(path),
            _ => options.open(path),
        };
        let mut file = file.map_err(|error| wrong(format!("it cannot be written: {}", io_message(&error))))?;
        let is_regular = file.metadata().is_ok_and(|meta| meta.is_file());
        if is_regular {
            lock(&file).map_err(wrong)?;
            match last_line(&mut file).map_err(|error| wrong(format!("reading it: {}", io_message(&error))))? {
                None => {}
                Some(line) if is_end(&line) => {}
                Some(_) => {
                    return Err(wrong(format!(
                        "the file exists and is not a finished report; resume an unfinished one with --resume {shown}, or remove the file"
                    )));
                }
            }
            let emptied = file.set_len(0).and_then(|()| file.rewind());
            emptied.map_err(|error| wrong(format!("it cannot be written: {}", io_message(&error))))?;
        }
        let mut line = Vec::new();
        let begun = write_line(&mut line, head).and_then(|()| file.write_all(&line));
        begun
            .and_then(|()| Self::start(path, file, is_regular))
            .map_err(|error| wrong(format!("it cannot be written: {}", io_message(&error))))
    }

    /// Starts what writes lines to the end of a file.
    ///
    /// # Errors
    /// When there is no thread for it.
    pub(super) fn start(path: &Path, mut file: File, is_regular: bool) -> io::Result<Self> {
        let (lines, waiting) = sync_channel(MAX_WAITING);
        let writer = std::thread::Builder::new()
            .name("report".into())
            .spawn(move || write_all(&mut file, &waiting, is_regular))?;
        Ok(Self {
            path: path.to_owned(),
            lines: Some(lines),
            writer: Some(writer),
        })
    }

    /// Appends a line. After a failure nothing more is written: what follows would be taken for the whole.
    pub(super) fn put(&mut self, value: &impl serde::Serialize) {
        let mut line = Vec::new();
        // Writing into memory cannot fail; whether it came to the file is told at the end.
        if let (Ok(()), Some(lines)) = (write_line(&mut line, value), &self.lines) {
            let _ = lines.send(line);
        }
    }

    /// Ends the report with its last line, when all of it is on the disk. Lines at these places are left out: the file is
    /// replaced by one without them. Why not everything was written comes back, in a sentence.
    pub(super) fn end(&mut self, tail: &Tail, without: Option<Gone>) -> Option<String> {
        if without.is_none() {
            self.put(tail);
        }
        self.lines = None;
        let mut written = match self.writer.take()?.join() {
            Ok(written) => written,
            Err(_) => Err(io::Error::other("the thread that writes it has ended")),
        };
        if let (Ok(()), Some(gone)) = (&written, &without) {
            written = gone.leave_out(&self.path, tail);
        }
        let error = written.err()?;
        Some(format!(
            "writing {}: {}",
            safe(&self.path.display().to_string()),
            io_message(&error)
        ))
    }
}

pub(super) fn lock(file: &File) -> Result<(), String> {
    rustix::fs::flock(file, FlockOperation::NonBlockingLockExclusive)
        .map_err(|_| "another run is writing it".to_owned())
}

/// Whether a line ends a report that was not interrupted.
fn is_end(line: &[u8]) -> bool {
    serde_json::from_slice::<Tail>(line).is_ok_and(|tail| !tail.interrupted)
}

/// How many images a whole report has, as its last line says; nothing where that cannot be looked up. The file stands at
/// its beginning afterwards.
///
/// # Errors
/// When it cannot be read.
pub(super) fn images(file: &mut File) -> io::Result<Option<u64>> {
    if !file.metadata()?.is_file() {
        return Ok(None);
    }
    let line = last_line(file)?;
    file.rewind()?;
    let tail = line.and_then(|line| serde_json::from_slice::<Tail>(&line).ok());
    Ok(tail.map(|tail| tail.images))
}

/// The last line of a file; nothing where it is empty.
fn last_line(file: &mut File) -> io::Result<Option<Vec<u8>>> {
    let length = file.metadata()?.len();
    if length == 0 {
        return Ok(None);
    }
    let from = length.saturating_sub(MAX_END);
    file.seek(SeekFrom::Start(from))?;
    let mut bytes = Vec::new();
    Read::by_ref(file).take(MAX_END).read_to_end(&mut bytes)?;
    let text = bytes.strip_suffix(b"\n").unwrap_or_default();
    let begin = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    Ok(Some(text[begin..].to_vec()))
}
