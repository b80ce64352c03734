// SPDX-License-Identifier: Apache-2.0
//! Records in files: held until everything is judged, then written file by file.
//!
//! What is to be recorded is kept in a temporary file; of each object only a few bytes stay in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, Write};
use std::rc::Rc;

use crate::edit::SignatureEdit;
use crate::files::prepared::{self, Prepared};
use crate::files::replace;
use crate::json;
use crate::report::console::Messages;
use crate::source::objects::file::{reopen, ObjectFile};
use crate::source::objects::rewrite::{self, Changes};
use crate::source::objects::store::{Bytes, Store};
use crate::source::objects::{ObjectFiles, Place, Position};
use crate::text::{io_message, safe};

/// What is to be written on one object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Held {
    file: u32,
    entry: u32,
    start: u64,
    length: u32,
    /// It is written only if nothing speaks against it in the end.
    is_conditional: bool,
}

/// Records that are held until they are written.
#[derive(Debug, Default)]
pub struct FileRecords {
    store: Store,
    held: Vec<Held>,
    /// Objects that stand in several places, by each of them: they are written in all or in none.
    together: BTreeMap<Position, Rc<[Position]>>,
}

/// What could not be written.
#[derive(Debug, Default)]
pub struct Failures {
    files: BTreeSet<usize>,
    objects: BTreeSet<Position>,
}

impl Failures {
    /// Whether anything was not written, be it only the document that was to be printed.
    #[must_use]
    pub fn has_any(&self) -> bool {
        !self.files.is_empty() || !self.objects.is_empty()
    }

    /// Whether the record on an object was not written.
    #[must_use]
    pub fn has(&self, position: Position) -> bool {
        self.files.contains(&position.0) || self.objects.contains(&position)
    }
}

impl FileRecords {
    /// Holds changes to an object, and to its copies.
    ///
    /// # Errors
    /// When there is no room for them.
    pub fn add(&mut self, position: Position, copies: &[Position], edits: &[SignatureEdit]) -> io::Result<()> {
        self.hold(position, copies, edits, false)
    }

    /// Holds changes that take the place of those held before, unless [`FileRecords::drop_conditional`] is called.
    ///
    /// # Errors
    /// When there is no room for them.
    pub fn add_conditional(
        &mut self,
        position: Position,
        copies: &[Position],
        edits: &[SignatureEdit],
    ) -> io::Result<()> {
        self.hold(position, copies, edits, true)
    }

    /// Forgets conditional changes: what was held before of these objects is written.
    pub fn drop_conditional(&mut self) {
        self.held.retain(|held| !held.is_conditional);
    }

    fn hold(
        &mut self,
        position: Position,
        copies: &[Position],
        edits: &[SignatureEdit],
        is_conditional: bool,
    ) -> io::Result<()> {
        if edits.is_empty() {
            return Ok(());
        }
        let text = serde_json::Value::Array(edits.iter().map(SignatureEdit::to_json).collect()).to_string();
        let held = self.store.add(u64::MAX, |out| out.write_all(text.as_bytes()))?;
        let Bytes::Spooled { start, length } = held else {
            return Err(io::Error::other("the records are nowhere"));
        };
        for (file, entry) in std::iter::once(&position).chain(copies) {
            // Bounded by the number of objects.
            let number = |n: usize| u32::try_from(n).map_err(io::Error::other);
            self.held.push(Held {
                file: number(*file)?,
                entry: number(*entry)?,
                start,
                length: u32::try_from(length).map_err(io::Error::other)?,
                is_conditional,
            });
        }
        if !copies.is_empty() {
            let all: Rc<[Position]> = std::iter::once(position).chain(copies.iter().copied()).collect();
            self.together
                .extend(all.iter().map(|position| (*position, Rc::clone(&all))));
        }
        Ok(())
    }

    /// Writes changed files back, each at once; what came from standard input goes to `stdout`, changed or not. What goes
    /// wrong is told in whole sentences.
    pub fn write(mut self, files: &ObjectFiles, stdout: &mut dyn Write, stderr: &mut Messages<'_>) -> Failures {
        // Of changes to one object, which several names may ask for, the last ones count.
        self.held.sort_unstable();
        self.held.reverse();
        self.held.dedup_by_key(|held| (held.file, held.entry));
        self.held.reverse();
        let mut failures = Failures::default();
        for group in self.groups(files) {
            self.write_group(files, &group, &mut failures, stderr);
        }
        let documents = files.files.iter().enumerate();
        for (index, file) in documents.filter(|(_, file)| file.place == Place::Stdin) {
            let mut failed = Vec::new();
            if let Err(error) = self.print(files, index, &failures, stdout, &mut failed) {
                stderr.error(message(file, &io_message(&error)));
                failures.files.insert(index);
            }
            self.note(files, index, failed, &mut failures, stderr);
        }
        failures
    }

    /// The files that have changes, those together that have copies of one object. Standard input is none of them.
    fn groups(&self, files: &ObjectFiles) -> Vec<Vec<usize>> {
        let mut group_of: BTreeMap<usize, usize> = BTreeMap::new();
        for held in &self.held {
            group_of.insert(held.file as usize, held.file as usize);
        }
        for copies in self.together.values() {
            let groups: BTreeSet<usize> = copies
                .iter()
                .filter_map(|(file, _)| group_of.get(file).copied())
                .collect();
            let Some(first) = groups.first().copied() else { continue };
            if groups.len() > 1 {
                group_of
                    .values_mut()
                    .filter(|group| groups.contains(group))
                    .for_each(|group| *group = first);
            }
        }
        let mut groups: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (file, group) in group_of {
            if files.files[file].place != Place::Stdin {
                groups.entry(group).or_default().push(file);
            }
        }
        groups.into_values().collect()
    }

    fn write_group(&self, files: &ObjectFiles, group: &[usize], failures: &mut Failures, stderr: &mut Messages<'_>) {
        let prepared = loop {
            let mut prepared = Vec::new();
            let mut again = false;
            for index in group {
                let mut failed = Vec::new();
                match self.prepare(files, *index, failures, &mut failed) {
                    Ok(new) => prepared.extend(new),
                    Err(error) => return self.give_up(files, group, *index, &error, failures, stderr),
                }
                again |= self.note(files, *index, failed, failures, stderr);
            }
            // What cannot be changed in one place is not changed in the others, so that these are made anew.
            if !again {
                break prepared;
            }
        };
        if let Err(error) = replace::commit(prepared) {
            self.give_up(files, group, group[0], &error, failures, stderr);
        }
    }

    /// Nothing of a group of files is written.
    fn give_up(
        &self,
        files: &ObjectFiles,
        group: &[usize],
        culprit: usize,
        error: &io::Error,
        failures: &mut Failures,
        stderr: &mut Messages<'_>,
    ) {
        stderr.error(message(&files.files[culprit], &io_message(error)));
        for index in group {
            failures.files.insert(*index);
            if group.len() > 1 && *index != culprit {
                let why = "it has copies of objects in files that could not be written";
                stderr.error(message(&files.files[*index], why));
            }
        }
    }

    /// Notes objects that could not be changed, and their copies; tells whether there are copies.
    fn note(
        &self,
        files: &ObjectFiles,
        index: usize,
        failed: Vec<(usize, String)>,
        failures: &mut Failures,
        stderr: &mut Messages<'_>,
    ) -> bool {
        let mut has_copies = false;
        for (entry, why) in failed {
            stderr.error(message(&files.files[index], &format!("object {}: {why}", entry + 1)));
            let position = (index, entry);
            failures.objects.insert(position);
            if let Some(copies) = self.together.get(&position) {
                failures.objects.extend(copies.iter());
                has_copies = true;
            }
        }
        has_copies
    }

    /// Writes a file anew beside the old one; nothing where no change of it is left.
    fn prepare(
        &self,
        files: &ObjectFiles,
        index: usize,
        failures: &Failures,
        failed: &mut Vec<(usize, String)>,
    ) -> io::Result<Option<Prepared>> {
        let file = &files.files[index];
        let changes = self.changes(index, failures);
        if changes.from(0)?.is_none() {
            return Ok(None);
        }
        let (Place::Path(path), Some(was)) = (&file.place, &file.identity) else {
            return Err(io::Error::other("it is not a regular file"));
        };
        let old = reopen(path, was)?;
        let new = prepared::prepare(path, was, &old, |new| write(files, file, &changes, new, failed))?;
        let is_any_left = failed.len() < changes.count();
        Ok(is_any_left.then_some(new))
    }

    fn changes<'r>(&'r self, index: usize, failures: &'r Failures) -> FileChanges<'r> {
        let from = self.held.partition_point(|held| (held.file as usize) < index);
        let to = self.held.partition_point(|held| held.file as usize <= index);
        FileChanges {
            store: &self.store,
            all: &self.held[from..to],
            without: failures,
        }
    }

    /// Prints a document as a whole or not at all.
    fn print(
        &self,
        files: &ObjectFiles,
        index: usize,
        failures: &Failures,
        stdout: &mut dyn Write,
        failed: &mut Vec<(usize, String)>,
    ) -> io::Result<()> {
        let file = &files.files[index];
        let mut new = tempfile::tempfile()?;
        write(files, file, &self.changes(index, failures), &mut new, failed)?;
        io::Seek::rewind(&mut new)?;
        io::copy(&mut new, stdout)?;
        stdout.flush()
    }
}

/// Writes a file, and reads it again.
fn write(
    files: &ObjectFiles,
    file: &ObjectFile,
    changes: &FileChanges<'_>,
    new: &mut File,
    failed: &mut Vec<(usize, String)>,
) -> io::Result<()> {
    rewrite::write(files, file, changes, new, &mut |entry, why| failed.push((entry, why)))?;
    rewrite::verify(files, file, changes, new)
}

fn message(file: &ObjectFile, why: &str) -> String {
    let doing = match &file.place {
        Place::Stdin => "printing the document with the records in it".to_owned(),
        place => format!("recording in {place}"),
    };
    format!("{doing}: {}", safe(why))
}

/// The changes to one file.
struct FileChanges<'r> {
    store: &'r Store,
    all: &'r [Held],
    without: &'r Failures,
}

impl FileChanges<'_> {
    fn count(&self) -> usize {
        self.all.iter().filter(|held| !self.without.has(position(held))).count()
    }
}

fn position(held: &Held) -> Position {
    (held.file as usize, held.entry as usize)
}

impl Changes for FileChanges<'_> {
    fn from(&self, entry: usize) -> io::Result<Option<(usize, Vec<SignatureEdit>)>> {
        let first = self.all.partition_point(|held| (held.entry as usize) < entry);
        let mut rest = self.all[first..].iter();
        let Some(held) = rest.find(|held| !self.without.has(position(held))) else {
            return Ok(None);
        };
        let (start, length) = (held.start, u64::from(held.length));
        let text = self
            .store
            .read(&Bytes::Spooled { start, length }, 0, held.length as usize)?;
        let edits = json::parse(&text).ok();
        let edits = edits.as_ref().and_then(serde_json::Value::as_array);
        let edits = edits.and_then(|edits| edits.iter().map(SignatureEdit::from_json).collect());
        let edits = edits.ok_or_else(|| io::Error::other("what is to be recorded cannot be read again"))?;
        Ok(Some((held.entry as usize, edits)))
    }

    fn has(&self, entry: usize) -> bool {
        let found = self.all.binary_search_by_key(&entry, |held| held.entry as usize);
        found.is_ok_and(|at| !self.without.has(position(&self.all[at])))
    }
}
