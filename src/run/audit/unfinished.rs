// SPDX-License-Identifier: Apache-2.0
//! A report of JSON lines that a run goes on from. An image that it has counts when the inventory of the run comes to it;
//! one that the inventory does not have any more is gone, and does not count.

use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, Seek, SeekFrom};
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

use super::gone::Gone;
use super::holding::Holding;
use super::job::Job;
use super::lines::{lock, LinesFile};
use crate::audit::difference::Place;
use crate::audit::entry::Entry;
use crate::audit::fault::Fault;
use crate::audit::head::Head;
use crate::audit::images::Images;
use crate::audit::lines::{entry_of, Line, Lines};
use crate::audit::totals::Verdicts;
use crate::files::place::vetted;
use crate::reason::Verdict;
use crate::settings::UsageError;
use crate::text::{io_message, safe};

/// Write permission of others than the owner.
const WRITABLE_BY_OTHERS: u32 = 0o022;

/// An image that the report has.
#[derive(Debug, Clone, Copy)]
struct Judged {
    place: Place,
    verdict: Verdict,
    /// The inventory has come to it.
    is_reached: bool,
    /// It is not proven that what was found still holds: it is judged again, and its line is left out.
    is_stale: bool,
}

/// The images of a report that is gone on from.
#[derive(Debug, Default)]
pub(super) struct Known {
    images: Images<Judged>,
    /// Lines of images that were judged once more later, since they did not hold any more then.
    superseded: Vec<Place>,
    /// Where their lines are, with the first one.
    report: Option<(File, Head)>,
}

/// What a report says of an image that the inventory comes to.
#[derive(Debug)]
pub(super) enum Reached {
    /// Nothing: it is to be judged.
    Nothing,
    /// This, which is taken over.
    Entry(Box<Entry>),
}

impl Known {
    /// What the report has of an image, which counts from now on: unless it is not proven that it still holds.
    ///
    /// # Errors
    /// When its line cannot be read again.
    pub(super) fn reach(&mut self, job: &Job, holding: &Holding) -> io::Result<Reached> {
        let (image, source) = (&job.image, &job.source);
        let (Some(judged), Some((file, head))) = (self.images.get_mut(name(image, source), source), &self.report)
        else {
            return Ok(Reached::Nothing);
        };
        if std::mem::replace(&mut judged.is_reached, true) {
            return Ok(Reached::Nothing);
        }
        let entry = read_at(file, judged.place, head)?;
        judged.is_stale = !holding.holds(&entry, job);
        Ok(match judged.is_stale {
            true => Reached::Nothing,
            false => Reached::Entry(Box::new(entry)),
        })
    }

    /// How many images were reached that the report has and that are judged again.
    pub(super) fn judged_again(&self) -> usize {
        self.images.values().filter(|judged| judged.is_stale).count()
    }

    /// How many images of each verdict the inventory has not come to.
    pub(super) fn left(&self) -> Verdicts {
        let mut verdicts = Verdicts::new();
        for judged in self.images.values().filter(|judged| !judged.is_reached) {
            *verdicts.entry(judged.verdict).or_default() += 1;
        }
        verdicts
    }

    /// The lines that are left out: of images that were judged again, and of those that the inventory has not come to where
    /// it is known to be whole.
    pub(super) fn gone(self, is_whole: bool) -> Option<Gone> {
        let (file, _) = self.report?;
        let is_left_out = |judged: &Judged| judged.is_stale || is_whole && !judged.is_reached;
        let left = self.images.into_values().filter(is_left_out);
        let mut places: Vec<Place> = left.map(|judged| judged.place).chain(self.superseded).collect();
        places.sort_unstable_by_key(|place| place.offset);
        (!places.is_empty()).then_some(Gone { file, places })
    }
}

/// Reads the line of an image.
fn read_at(file: &File, place: Place, head: &Head) -> io::Result<Entry> {
    let mut line = vec![0; usize::try_from(place.length).map_err(io::Error::other)?];
    file.read_exact_at(&mut line, place.offset)?;
    entry_of(&line, head).map_err(|what| io::Error::other(format!("it has changed: {what}")))
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

/// A report that was not finished and that this run may go on from.
pub(super) struct Unfinished {
    /// Its first line: what the report is about.
    pub(super) head: Head,
    path: PathBuf,
    file: File,
    images: Images<Judged>,
    superseded: Vec<Place>,
    /// Where its last entry ends, in bytes.
    end: u64,
}

impl Unfinished {
    /// Opens the report of an audit with the same parameters, and reads it through.
    ///
    /// # Errors
    /// When it is not such a report, is damaged, or others can write it.
    pub(super) fn open(path: &Path, head: &Head, uid: u32, holding: &Holding) -> Result<Self, UsageError> {
        let wrong = |what: String| refused(path, &what);
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            // Neither a link to something else, nor a pipe that nobody writes to.
            .custom_flags((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits() as i32)
            .open(path)
            .map_err(|error| wrong(format!("it cannot be opened: {}", io_message(&error))))?;
        check_owner(path, &file, uid).map_err(wrong)?;
        lock(&file).map_err(wrong)?;
        let (old, mut lines) = read(&file).map_err(|fault| wrong(fault.to_string()))?;
        let mut differences = head.differences(&old);
        if head.shard != old.shard {
            differences.push("the shard");
        }
        if !differences.is_empty() {
            return Err(wrong(format!(
                "it is the report of another audit, which differs in {}; give the same options, or start a new report",
                differences.join(", ")
            )));
        }
        let mut images: Images<Judged> = Images::default();
        let mut superseded = Vec::new();
        let mut end = lines.position();
        while let Some(line) = lines.next_line().map_err(|fault| wrong(fault.to_string()))? {
            let Line::Entry(entry) = line else {
                continue;
            };
            let place = Place {
                offset: end,
                length: lines.position() - end,
            };
            end = lines.position();
            let judged = Judged {
                place,
                verdict: entry.verdict,
                is_reached: false,
                is_stale: false,
            };
            let image = safe(&entry.image);
            if let Some(before) = images.insert(name(&entry.image, &entry.source), &entry.source, judged) {
                let first = read_at(&file, before.place, &old).map_err(|error| wrong(io_message(&error)))?;
                // What a run judged again that was killed stands there twice, and the later one counts. Whatever is recorded
                // may be judged again, since others may have changed the record meanwhile.
                let is_the_same = first.content == entry.content && holding.is_lasting(&first);
                if is_the_same && !holding.records() {
                    return Err(wrong(format!("it has image {image} twice; start a new report")));
                }
                superseded.push(before.place);
            }
            if !old.shard.has(entry.shard_key()) {
                return Err(wrong(format!(
                    "it has image {image}, which belongs to another shard; start a new report"
                )));
            }
        }
        Ok(Self {
            head: old,
            path: path.to_owned(),
            file,
            images,
            superseded,
            end,
        })
    }

    /// Goes on from it: a line that is not whole is dropped, as is the end of a run that was interrupted.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn go_on(mut self) -> Result<(LinesFile, Known), UsageError> {
        let begun = self.file.set_len(self.end).and_then(|()| {
            self.file.seek(SeekFrom::Start(self.end))?;
            // Lines are read there by their places, which moves nothing.
            Ok((self.file.try_clone()?, LinesFile::start(&self.path, self.file, true)?))
        });
        let (file, lines) =
            begun.map_err(|error| refused(&self.path, &format!("it cannot be written: {}", io_message(&error))))?;
        let known = Known {
            images: self.images,
            superseded: self.superseded,
            report: Some((file, self.head)),
        };
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

/// Makes sure that nobody else has written the file or can.
fn check_owner(path: &Path, file: &File, uid: u32) -> Result<(), String> {
    let meta = file.metadata().map_err(|error| io_message(&error))?;
    if !meta.is_file() {
        return Err("it is not a regular file".to_owned());
    }
    if meta.uid() != uid {
        return Err(format!("it belongs to another user, uid {}", meta.uid()));
    }
    if meta.mode() & WRITABLE_BY_OTHERS != 0 {
        return Err(format!(
            "others can write to it (mode {:04o}), so what it says cannot be trusted; start a new report",
            meta.mode() & 0o7777
        ));
    }
    if meta.nlink() != 1 {
        return Err(format!("the file has {} names (hard links)", meta.nlink()));
    }
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    vetted(directory.unwrap_or(Path::new(".")), uid)
        .map(|_| ())
        .map_err(|error| format!("others may put another file in its place: {}", io_message(&error)))
}
