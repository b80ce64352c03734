// SPDX-License-Identifier: Apache-2.0
//! The report of JSON lines in a file: appended to image by image, so that another run can go on from it.

use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{sync_channel, Receiver, SyncSender};
use std::thread::JoinHandle;

use rustix::fs::{FlockOperation, OFlags};

use crate::audit::entry::Entry;
use crate::audit::head::Head;
use crate::audit::images::Images;
use crate::audit::lines::{Fault, Line, Lines};
use crate::audit::tail::Tail;
use crate::files::place::vetted;
use crate::report::json::write_line;
use crate::settings::UsageError;
use crate::text::safe;

/// Longest line at the end of a finished report, in bytes: the reasons in it are bounded.
const MAX_END: u64 = 1 << 20;

/// Write permission of others than the owner.
const WRITABLE_BY_OTHERS: u32 = 0o022;

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

/// Writes lines as they come. Each is on the disk before one that comes later; what came while the disk was at work goes
/// there together.
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

/// Images that a report to go on from has.
#[derive(Debug, Default)]
pub(super) struct Known(Images<()>);

impl Known {
    /// Adds an image; whether it was not there.
    fn insert(&mut self, image: &str, source: &str) -> bool {
        self.0.insert(name(image, source), source, ()).is_none()
    }

    /// Whether the report has an image.
    pub(super) fn has(&self, image: &str, source: &str) -> bool {
        self.0.get(name(image, source), source).is_some()
    }
}

/// What is in a place of its own is known by the place: its digest is not known before it is read.
fn name<'n>(image: &'n str, source: &str) -> &'n str {
    let has_own_place = source.starts_with("dir:") || source.starts_with("docker://");
    if has_own_place {
        ""
    } else {
        image
    }
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
            Ok(meta) if !meta.is_file() => OpenOptions::new().append(true).open(path),
            _ => options.open(path),
        };
        let mut file = file.map_err(|error| wrong(format!("it cannot be written: {error}")))?;
        let is_regular = file.metadata().is_ok_and(|meta| meta.is_file());
        if is_regular {
            lock(&file).map_err(wrong)?;
            match last_line(&mut file).map_err(|error| wrong(format!("reading it: {error}")))? {
                None => {}
                Some(line) if is_end(&line) => {}
                Some(_) => {
                    return Err(wrong(format!(
                        "the file is there and is not a finished report; go on from an unfinished one with --resume {shown}, or remove it"
                    )));
                }
            }
            let emptied = file.set_len(0).and_then(|()| file.rewind());
            emptied.map_err(|error| wrong(format!("it cannot be written: {error}")))?;
        }
        let mut line = Vec::new();
        let begun = write_line(&mut line, head).and_then(|()| file.write_all(&line));
        begun
            .and_then(|()| Self::start(path, file, is_regular))
            .map_err(|error| wrong(format!("it cannot be written: {error}")))
    }

    /// Starts what writes lines to the end of a file.
    fn start(path: &Path, mut file: File, is_regular: bool) -> io::Result<Self> {
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

    /// Ends the report when all of it is on the disk; why not everything was written comes back, in a sentence.
    pub(super) fn end(&mut self) -> Option<String> {
        self.lines = None;
        let written = match self.writer.take()?.join() {
            Ok(written) => written,
            Err(_) => Err(io::Error::other("the thread that writes it has ended")),
        };
        let error = written.err()?;
        Some(format!("writing {}: {error}", safe(&self.path.display().to_string())))
    }
}

/// A report that was not finished and that this run may go on from.
pub(super) struct Unfinished {
    /// Its first line.
    pub(super) head: Head,
    path: PathBuf,
    file: File,
}

impl Unfinished {
    /// Opens the report of an audit with the same parameters, and reads it through.
    ///
    /// # Errors
    /// When it is not such a report, is damaged, or others can write it.
    pub(super) fn open(path: &Path, head: &Head, uid: u32) -> Result<Self, UsageError> {
        let wrong = |what: String| refused(path, &what);
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            // Neither a link to something else, nor a pipe that nobody writes to.
            .custom_flags((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits() as i32)
            .open(path)
            .map_err(|error| wrong(format!("it cannot be opened: {error}")))?;
        check_owner(path, &file, uid).map_err(wrong)?;
        lock(&file).map_err(wrong)?;
        let (old, mut lines) = read(&file).map_err(|fault| wrong(fault.to_string()))?;
        let mut differences = head.differences(&old);
        if head.shard != old.shard {
            differences.push("the shard");
        }
        if !differences.is_empty() {
            return Err(wrong(format!(
                "it is the report of another audit, which differs in {}; give the same options, or begin a new report",
                differences.join(", ")
            )));
        }
        let mut known = Known::default();
        while let Some(line) = lines.next_line().map_err(|fault| wrong(fault.to_string()))? {
            let Line::Entry(entry) = line else {
                continue;
            };
            let image = safe(&entry.image);
            if !known.insert(&entry.image, &entry.source) {
                return Err(wrong(format!("it has image {image} twice; begin a new report")));
            }
            if !old.shard.has(&entry.image) {
                return Err(wrong(format!(
                    "it has image {image}, which belongs to another shard; begin a new report"
                )));
            }
        }
        Ok(Self {
            head: old,
            path: path.to_owned(),
            file,
        })
    }

    /// Goes on from it. `take` gets each image that it has; a line that is not whole is dropped, as is the end of a run
    /// that was interrupted.
    ///
    /// # Errors
    /// When it has changed since it was opened, or cannot be written.
    pub(super) fn go_on(mut self, take: &mut dyn FnMut(Entry)) -> Result<(LinesFile, Known), UsageError> {
        let path = self.path;
        let wrong = |what: String| refused(&path, &what);
        let mut known = Known::default();
        let (_, mut lines) = read(&self.file).map_err(|fault| wrong(fault.to_string()))?;
        let mut end = lines.position();
        while let Some(line) = lines.next_line().map_err(|fault| wrong(fault.to_string()))? {
            if let Line::Entry(entry) = line {
                known.insert(&entry.image, &entry.source);
                end = lines.position();
                take(*entry);
            }
        }
        let cut = self
            .file
            .set_len(end)
            .and_then(|()| self.file.seek(SeekFrom::Start(end)));
        cut.map_err(|error| wrong(format!("it cannot be written: {error}")))?;
        let lines = LinesFile::start(&path, self.file, true);
        let lines = lines.map_err(|error| wrong(format!("it cannot be written: {error}")))?;
        Ok((lines, known))
    }
}

/// Begins to read a report from its beginning.
fn read(mut file: &File) -> Result<(Head, Lines<BufReader<&File>>), Fault> {
    file.rewind()?;
    Lines::new(BufReader::with_capacity(64 << 10, file))
}

fn refused(path: &Path, what: &str) -> UsageError {
    UsageError::new(format!("--resume {}: {what}", safe(&path.display().to_string())))
}

fn lock(file: &File) -> Result<(), String> {
    rustix::fs::flock(file, FlockOperation::NonBlockingLockExclusive)
        .map_err(|_| "another run is writing it".to_owned())
}

/// Makes sure that nobody else has written the file or can.
fn check_owner(path: &Path, file: &File, uid: u32) -> Result<(), String> {
    let meta = file.metadata().map_err(|error| error.to_string())?;
    if !meta.is_file() {
        return Err("it is not a regular file".to_owned());
    }
    if meta.uid() != uid {
        return Err(format!("it belongs to another user, uid {}", meta.uid()));
    }
    if meta.mode() & WRITABLE_BY_OTHERS != 0 {
        return Err(format!(
            "others can write it (mode {:04o}): what stands there may not be what was found; begin a new report",
            meta.mode() & 0o7777
        ));
    }
    if meta.nlink() != 1 {
        return Err(format!("the file has {} names (hard links)", meta.nlink()));
    }
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    vetted(directory.unwrap_or(Path::new(".")), uid)
        .map(|_| ())
        .map_err(|error| format!("others may put another file in its place: {error}"))
}

/// Whether a line ends a report that was not interrupted.
fn is_end(line: &[u8]) -> bool {
    serde_json::from_slice::<Tail>(line).is_ok_and(|tail| !tail.interrupted)
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
