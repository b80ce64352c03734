// SPDX-License-Identifier: Apache-2.0
//! The command `audit diff`.
//!
//! Of each image of the old report only the place of its line is kept: reports may have hundreds of thousands.

mod left;

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write as _};
use std::path::Path;

use self::left::Left;
use crate::audit::difference::{changes, Change, Difference, Place, State};
use crate::audit::entry::Entry;
use crate::audit::fault::Fault;
use crate::audit::head::Head;
use crate::audit::images::Images;
use crate::audit::lines::{entry_of, Line, Lines};
use crate::files::read::open_named;
use crate::report::audit::difference::{printer, Ends};
use crate::report::console::Console;
use crate::report::exit::Exit;
use crate::settings::audit::diff::{Diff, DiffOutput};
use crate::text::{io_message, safe};

/// A report that is compared.
struct Report {
    /// Its file, safe to print.
    name: String,
    head: Head,
    lines: Lines<BufReader<Box<dyn Read>>>,
}

/// What an image of the old report is remembered by.
struct Known {
    place: Place,
    is_there: bool,
}

/// Compares two reports. The exit status comes back.
pub(in crate::run) fn run(settings: &Diff, console: &mut Console<'_>) -> Exit {
    let mut faults = Vec::new();
    let mut printer = printer(settings.output == DiffOutput::Json);
    let mut ends = Ends::default();
    let mut is_nothing_common = false;
    let old = rewindable(&settings.old)
        .map_err(Fault::Io)
        .and_then(|(again, file)| Ok((again, open(&settings.old, file)?)));
    let new = rewindable(&settings.new)
        .map_err(Fault::Io)
        .and_then(|(again, file)| Ok((again, open(&settings.new, file)?)));
    match (old, new) {
        (Ok((again, old)), Ok((new_again, new))) => {
            if old.head.shard != new.head.shard {
                faults.push(format!(
                    "the reports are of different shards, {} and {}",
                    old.head.shard, new.head.shard
                ));
            }
            ends.heads = Some((old.head.clone(), new.head.clone()));
            let mut put = |difference: &Difference| printer.put(difference);
            match compare((old, &again), (new, &new_again), &mut put, &mut faults) {
                Ok(is_common) => is_nothing_common = !is_common,
                Err(error) => faults.push(format!("comparing: {}", io_message(&error))),
            }
        }
        (old, new) => {
            for (path, fault) in [(&settings.old, old.err()), (&settings.new, new.err())] {
                faults.extend(fault.map(|fault| fault.of(&safe(&path.display().to_string()))));
            }
        }
    }
    if let Some((old, new)) = ends.heads.as_ref().filter(|_| is_nothing_common) {
        console.err.warning(format_args!(
            "the reports have no image in common, so all are gone or new: the old report is of {}, the new one of {}",
            safe(&old.source),
            safe(&new.source)
        ));
    }
    ends.incomplete.clone_from(&faults);
    let printed = printer.end(console.out, &ends);
    if let Err(error) = printed.as_ref() {
        if error.kind() != io::ErrorKind::BrokenPipe {
            faults.push(format!("storing the differences temporarily: {}", io_message(error)));
        }
    }
    for fault in &faults {
        console.err.error(fault);
    }
    match (faults.is_empty(), printer.count()) {
        (false, _) => Exit::Trouble,
        (true, 0) => Exit::Success,
        (true, _) => Exit::Negative,
    }
}

/// A file to be read, after what has the same to be read again by place: of a pipe the copy of what was read of it.
fn rewindable(path: &Path) -> io::Result<(File, Box<dyn Read>)> {
    let file = open_named(path)?;
    if file.metadata()?.is_file() {
        return Ok((file.try_clone()?, Box::new(file)));
    }
    let copy = tempfile::tempfile()?;
    let again = copy.try_clone()?;
    Ok((again, Box::new(Piped::new(file, Some(copy)))))
}

/// Most bytes that are read of a pipe: more than any report has, so that one without end fills neither disk nor memory.
const MAX_PIPED: u64 = 8 << 30;

/// A pipe of which all that is read may be kept. Its reader ends at the first line that is none of a report.
struct Piped<R> {
    pipe: R,
    copy: Option<File>,
    left: u64,
}

impl<R> Piped<R> {
    fn new(pipe: R, copy: Option<File>) -> Self {
        let left = MAX_PIPED;
        Self { pipe, copy, left }
    }
}

impl<R: Read> Read for Piped<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.pipe.read(buffer)?;
        let left = self.left.checked_sub(length as u64);
        self.left = left.ok_or_else(|| {
            io::Error::other(format!(
                "more than {MAX_PIPED} bytes come out of it; save the report as a file"
            ))
        })?;
        if let Some(copy) = &mut self.copy {
            copy.write_all(&buffer[..length])?;
        }
        Ok(length)
    }
}

fn open(path: &Path, file: Box<dyn Read>) -> Result<Report, Fault> {
    let (head, lines) = Lines::new(BufReader::new(file))?;
    let name = safe(&path.display().to_string());
    Ok(Report { name, head, lines })
}

/// Hands out every difference, and notes why there may be more. Whether an image is in both reports comes back; also where
/// one of them has none. Each report comes with what it can be read again from.
fn compare(
    (old, old_again): (Report, &File),
    (new, new_again): (Report, &File),
    put: &mut dyn FnMut(&Difference) -> io::Result<()>,
    faults: &mut Vec<String>,
) -> io::Result<bool> {
    let (mut are_old, mut are_new, mut is_common) = (false, false, false);
    let mut known: Images<Known> = Images::default();
    let heads = (old.head.clone(), new.head.clone());
    each(old, faults, &mut |entry, place| {
        are_old = true;
        let before = known.insert(&entry.image, &entry.source, Known { place, is_there: false });
        Ok(before.is_none())
    })?;
    let mut seen: Images<()> = Images::default();
    let mut added = Left::default();
    each(new, faults, &mut |entry, place| {
        are_new = true;
        let is_new = seen.insert(&entry.image, &entry.source, ()).is_none();
        if let Some(before) = known.get_mut(&entry.image, &entry.source) {
            before.is_there = true;
            is_common = true;
            put_changes(&read(old_again, before.place, &heads.0)?, &entry, put)?;
        } else {
            added.add(&entry, place);
        }
        Ok(is_new)
    })?;
    let mut gone = Left::default();
    let left = known.into_values().filter(|known| !known.is_there);
    let mut places: Vec<Place> = left.map(|known| known.place).collect();
    places.sort_unstable_by_key(|place| place.offset);
    for place in places {
        gone.add(&read(old_again, place, &heads.0)?, place);
    }
    for place in added.places() {
        let entry = read(new_again, *place, &heads.1)?;
        if let Some(before) = added.only(&entry).and_then(|_| gone.only(&entry)) {
            is_common = true;
            put_changes(&read(old_again, before, &heads.0)?, &entry, put)?;
        } else {
            put(&Difference {
                change: Change::New,
                old: None,
                new: Some(State::of(&entry)),
            })?;
        }
    }
    for place in gone.places() {
        let entry = read(old_again, *place, &heads.0)?;
        if gone.only(&entry).and_then(|_| added.only(&entry)).is_none() {
            put(&Difference {
                change: Change::Gone,
                old: Some(State::of(&entry)),
                new: None,
            })?;
        }
    }
    Ok(is_common || !are_old || !are_new)
}

/// Hands out how an image differs that is in both reports.
fn put_changes(old: &Entry, new: &Entry, put: &mut dyn FnMut(&Difference) -> io::Result<()>) -> io::Result<()> {
    let (old, new) = (State::of(old), State::of(new));
    for change in changes(&old, &new) {
        put(&Difference {
            change,
            old: Some(old.clone()),
            new: Some(new.clone()),
        })?;
    }
    Ok(())
}

/// Hands out every image of a report with the place of its line, and notes why they may not be all. `take` tells whether
/// the image was not there before.
fn each(
    mut report: Report,
    faults: &mut Vec<String>,
    take: &mut dyn FnMut(Entry, Place) -> io::Result<bool>,
) -> io::Result<()> {
    let name = &report.name;
    let mut repeated = 0_u64;
    loop {
        let offset = report.lines.position();
        match report.lines.next_line() {
            Ok(Some(Line::Entry(entry))) => {
                let length = report.lines.position() - offset;
                repeated += u64::from(!take(*entry, Place { offset, length })?);
            }
            Ok(Some(Line::End(tail))) => {
                if tail.interrupted {
                    faults.push(format!("{name} is of an audit that was interrupted"));
                }
                if !tail.incomplete.is_empty() {
                    faults.push(format!("{name} is of an audit that is not complete itself"));
                }
            }
            Ok(None) => break,
            Err(fault) => {
                faults.push(format!("{name}: {fault}"));
                return Ok(());
            }
        }
    }
    if !report.lines.has_ended() {
        faults.push(format!(
            "{name} is unfinished: its audit was killed or is still running"
        ));
    }
    if repeated > 0 {
        faults.push(format!("{name} has {repeated} images more than once"));
    }
    Ok(())
}

/// Reads the line of an image again.
fn read(file: &File, place: Place, head: &Head) -> io::Result<Entry> {
    let mut file = file;
    file.seek(SeekFrom::Start(place.offset))?;
    let mut line = Vec::new();
    BufReader::new(file).take(place.length).read_until(b'\n', &mut line)?;
    entry_of(&line, head).map_err(|fault| io::Error::other(format!("a report has changed: {fault}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pipe_without_end_is_read_no_further_than_the_limit() {
        let copy = tempfile::tempfile().unwrap();
        let mut piped = Piped::new(io::repeat(b'x'), Some(copy.try_clone().unwrap()));
        piped.left = 100_000;
        let error = io::copy(&mut piped, &mut io::sink()).unwrap_err();
        assert!(error.to_string().contains("save the report as a file"), "{error}");
        assert!(copy.metadata().unwrap().len() <= 100_000);
        let mut whole = Piped::new(io::repeat(b'x').take(100_000), None);
        whole.left = 100_000;
        assert_eq!(io::copy(&mut whole, &mut io::sink()).unwrap(), 100_000);
    }
}
