// SPDX-License-Identifier: Apache-2.0
//! Choosing objects in files, and writing changed ones back: what `verify`, `remove` and `describe` share.

use std::collections::BTreeMap;
use std::io::{self, Seek, Write};

use crate::files::replace;
use crate::reason::{Reason, Refusal};
use crate::record::edit::SignatureEdit;
use crate::source::objects::file::ObjectFile;
use crate::source::objects::{ObjectFiles, Place, Position};
use crate::text::safe;

/// An object that was asked for, or why there is none.
#[derive(Debug)]
pub struct Selected {
    /// How it is named in output.
    pub name: String,
    /// Where it is, for output.
    pub source: String,
    /// Which of the names asked for it is; 0 where everything was.
    pub request: usize,
    /// The object.
    pub found: Result<Position, Refusal>,
}

/// Chooses the objects of these names, or all. Files that cannot be read come first: what was asked for may be in them.
#[must_use]
pub fn select(files: &ObjectFiles, names: Option<&[String]>, places: &[Place]) -> Vec<Selected> {
    let mut selected: Vec<Selected> = files
        .unreadable
        .iter()
        .map(|unreadable| Selected {
            name: source(&unreadable.place),
            source: source(&unreadable.place),
            request: 0,
            found: Err(unreadable.refusal.clone()),
        })
        .collect();
    let everywhere: Vec<String> = places.iter().map(ToString::to_string).collect();
    let everywhere = everywhere.join(", ");
    let missing = |name: &str, request: usize, message: String| Selected {
        name: name.to_owned(),
        source: format!("file:{everywhere}"),
        request,
        found: Err(Refusal::new(Reason::NotFound, message)),
    };
    match names {
        None => {
            selected.extend(files.positions().map(|position| one(files, position, 0)));
            if selected.is_empty() {
                let source = format!("file:{everywhere}");
                selected.push(missing(&source, 0, format!("there is no image in {everywhere}")));
            }
        }
        Some(names) => {
            for (request, name) in names.iter().enumerate() {
                let found = files.find(name);
                if files.are_different(&found) {
                    let message = format!(
                        "{} objects in {everywhere} are called {}: write NAMESPACE/NAME, or the digest of the image",
                        found.len(),
                        safe(name)
                    );
                    let mut ambiguous = missing(name, request, String::new());
                    ambiguous.found = Err(Refusal::new(Reason::SourceUnavailable, message));
                    selected.push(ambiguous);
                    continue;
                }
                // Of objects that stand there several times, the first is enough to say so.
                match found.first() {
                    Some(position) => selected.push(one(files, *position, request)),
                    None => selected.push(missing(
                        name,
                        request,
                        format!("no object {} is in {everywhere}", safe(name)),
                    )),
                }
            }
        }
    }
    selected
}

fn one(files: &ObjectFiles, position: Position, request: usize) -> Selected {
    let entry = files.entry(position);
    let source = source(files.place(position));
    let name = match entry.image_name() {
        "" => source.clone(),
        name => name.to_owned(),
    };
    let twins = files.twins(position);
    let found = match twins.first() {
        None => Ok(position),
        Some(twin) => Err(Refusal::new(
            Reason::SourceUnavailable,
            format!(
                "the object stands there {} times, in {} and {}: nobody can tell which one is meant",
                twins.len() + 1,
                files.place(position),
                files.place(*twin)
            ),
        )),
    };
    Selected {
        name,
        source,
        request,
        found,
    }
}

fn source(place: &Place) -> String {
    format!("file:{place}")
}

/// Why nothing can be recorded on an object, whatever the verdict; `None` where it can.
#[must_use]
pub fn refusal(files: &ObjectFiles, position: Position) -> Option<String> {
    if files.entry(position).is_read_only() {
        return Some(format!(
            "{}: the object is only a view of the image; records are written to Image objects (oc get image NAME -o json)",
            safe(files.entry(position).image_name())
        ));
    }
    let file = &files.files[position.0];
    match (&file.place, &file.identity) {
        (Place::Path(_), None) => Some(format!(
            "{}: it is not a regular file, so that nothing can be recorded in it",
            file.place
        )),
        _ => None,
    }
}

/// Changes to objects, by file and by object in the file.
pub type Edits = BTreeMap<usize, BTreeMap<usize, Vec<SignatureEdit>>>;

/// Notes changes to an object.
pub fn add(edits: &mut Edits, position: Position, changes: Vec<SignatureEdit>) {
    if !changes.is_empty() {
        edits.entry(position.0).or_default().insert(position.1, changes);
    }
}

/// Writes changed files back, each at once; what came from standard input goes to `stdout`, changed or not. The files
/// that could not be written come back with the reason.
pub fn write_back(files: &ObjectFiles, edits: &Edits, stdout: &mut dyn Write) -> BTreeMap<usize, String> {
    let mut failed = BTreeMap::new();
    let none = BTreeMap::new();
    for (index, file) in files.files.iter().enumerate() {
        let changes = edits.get(&index);
        let written = match (&file.place, &file.identity, changes) {
            (Place::Stdin, _, changes) => print(file, changes.unwrap_or(&none), stdout),
            (_, _, None) => continue,
            (Place::Path(path), Some(was), Some(changes)) => {
                replace::prepare(path, was, file.handle(), |new| file.write(changes, new))
                    .and_then(|new| replace::commit(vec![new]))
            }
            (Place::Path(_), None, Some(_)) => Err(io::Error::other("it is not a regular file")),
        };
        if let Err(error) = written {
            let doing = match &file.place {
                Place::Stdin => "printing the document with the records in it".to_owned(),
                place => format!("recording in {place}"),
            };
            failed.insert(index, format!("{doing}: {}", safe(&error.to_string())));
        }
    }
    failed
}

/// Prints a document as a whole or not at all.
fn print(file: &ObjectFile, changes: &BTreeMap<usize, Vec<SignatureEdit>>, stdout: &mut dyn Write) -> io::Result<()> {
    let mut spool = tempfile::tempfile()?;
    file.write(changes, &mut spool)?;
    spool.rewind()?;
    io::copy(&mut spool, stdout)?;
    stdout.flush()
}
