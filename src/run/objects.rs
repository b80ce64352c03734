// SPDX-License-Identifier: Apache-2.0
//! Choosing objects in files: what `verify`, `remove` and `describe` share.

use crate::edit;
use crate::reason::{Reason, Refusal};
use crate::source::objects::{sources, Loaded, ObjectFiles, Place, Position};
use crate::text::safe;

/// An object that was asked for, or why there is none.
#[derive(Debug)]
pub struct Selected {
    /// How it is named in output.
    pub name: String,
    /// Where it is, for output.
    pub source: String,
    /// Which of the names asked for it is, if it is one of them.
    pub request: Option<usize>,
    /// The object with its place, or why it cannot be had.
    pub found: Result<Found, Refusal>,
}

/// An object that was read.
#[derive(Debug)]
pub struct Found {
    /// The file and the place in it.
    pub position: Position,
    /// Where else it stands, with the same content.
    pub copies: Vec<Position>,
    /// What was read of the object.
    pub loaded: Loaded,
}

/// Chooses the objects of these names, or all, and reads them one at a time. Files that cannot be read come first: what
/// was asked for may be in them.
pub fn select<'f>(
    files: &'f ObjectFiles,
    names: Option<&'f [String]>,
    places: &[Place],
) -> impl Iterator<Item = Selected> + 'f {
    select_where(files, names, places, |_| true)
}

/// [`select`], where of all objects only some are wanted; those that are asked for by name always are.
pub(crate) fn select_where<'f>(
    files: &'f ObjectFiles,
    names: Option<&'f [String]>,
    places: &[Place],
    wants: impl Fn(Position) -> bool + 'f,
) -> impl Iterator<Item = Selected> + 'f {
    let everywhere = sources(places);
    let unreadable = files.unreadable.iter().map(|unreadable| Selected {
        name: unreadable.place.source(),
        source: unreadable.place.source(),
        request: None,
        found: Err(unreadable.refusal.clone()),
    });
    let nothing = names.is_none() && files.unreadable.is_empty() && files.positions().next().is_none();
    let nothing = nothing.then(|| missing(&everywhere, &everywhere, None, files.no_image_in(&shown(&everywhere))));
    let all = names.is_none().then(|| files.positions());
    let all = all
        .into_iter()
        .flatten()
        .filter(move |position| wants(*position))
        .filter_map(|position| one(files, position, None, false));
    let named = names.unwrap_or_default().iter().enumerate();
    let named = named.map(move |(request, name)| by_name(files, name, request, &everywhere));
    unreadable.chain(nothing).chain(all).chain(named)
}

/// The names of sources as messages show them, safe to print.
fn shown(everywhere: &str) -> String {
    safe(everywhere.trim_start_matches("file:"))
}

fn missing(name: &str, everywhere: &str, request: Option<usize>, message: String) -> Selected {
    Selected {
        name: name.to_owned(),
        source: everywhere.to_owned(),
        request,
        found: Err(Refusal::new(Reason::NotFound, message)),
    }
}

fn by_name(files: &ObjectFiles, name: &str, request: usize, everywhere: &str) -> Selected {
    let found = files.find(name);
    if files.are_different(&found) {
        let message = format!(
            "{} objects in {} are called {}: write NAMESPACE/NAME, or the digest of the image",
            found.len(),
            shown(everywhere),
            safe(name)
        );
        let mut ambiguous = missing(name, everywhere, Some(request), String::new());
        ambiguous.found = Err(Refusal::new(Reason::SourceUnavailable, message));
        return ambiguous;
    }
    // Of objects that stand there several times, the first one stands for all.
    let first = found
        .first()
        .and_then(|position| one(files, *position, Some(request), true));
    first.unwrap_or_else(|| {
        let message = format!("no object {} is in {}{}", safe(name), shown(everywhere), only(files));
        missing(name, everywhere, Some(request), message)
    })
}

/// Names the object of files that have one alone.
fn only(files: &ObjectFiles) -> String {
    let first = files.positions().next().filter(|_| files.count() == 1);
    match first.map(|position| files.load(position).image_name) {
        Some(name) if !name.is_empty() => format!(", which has {} alone", safe(&name)),
        _ => String::new(),
    }
}

/// Reads an object; nothing where it is a copy of one that comes before, unless it is asked for by name.
fn one(files: &ObjectFiles, position: Position, request: Option<usize>, by_name: bool) -> Option<Selected> {
    let object = files.load(position);
    if !by_name && object.copies.iter().any(|copy| *copy < position) {
        return None;
    }
    let source = files.place(position).source();
    let name = match object.image_name.as_str() {
        "" => source.clone(),
        name => name.to_owned(),
    };
    let found = match object.copies.iter().find(|copy| !files.are_same(position, &[**copy])) {
        None => object.loaded.map(|loaded| Found {
            position,
            copies: object.copies,
            loaded,
        }),
        Some(other) => Err(Refusal::new(
            Reason::SourceUnavailable,
            format!(
                "the object occurs {} times with different content, in {} and {}; keep one",
                object.copies.len() + 1,
                files.place_of(position),
                files.place_of(*other)
            ),
        )),
    };
    Some(Selected {
        name,
        source,
        request,
        found,
    })
}

/// Why nothing can be recorded on an object, whatever the verdict; `None` where it can. `image` is its name.
#[must_use]
pub fn refusal(files: &ObjectFiles, position: Position, image: &str) -> Option<String> {
    if files.is_read_only(position) {
        return Some(format!(
            "{}: the object is only a view of the image; records are written to Image objects (oc get image NAME -o json)",
            safe(image)
        ));
    }
    let file = &files.files[position.0];
    let why = match (&file.place, &file.identity) {
        (Place::Path(_), None) => "it is not a regular file".to_owned(),
        (Place::Path(_), Some(was)) if was.names() > 1 => format!("the file has {} names (hard links)", was.names()),
        _ if file.has_nested => "it has lists in lists; write the objects as one list, or each by itself".to_owned(),
        _ if !file.is_changeable(position.1) => edit::EditError::Anchors.to_string(),
        _ => return None,
    };
    Some(format!("{}: nothing can be recorded in it: {why}", file.place))
}
