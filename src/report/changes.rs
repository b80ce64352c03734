// SPDX-License-Identifier: Apache-2.0
//! What a run changes on a server, for what is said when a signal ends it: what was stored, and what was asked for and
//! not answered, of which nobody knows. There is one list for the process, as there is one end of it.

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::files::cleanup;
use crate::text::safe;

/// Most signatures that are named one by one when a run is interrupted.
const MAX_NAMED: usize = 1000;

static CHANGES: Mutex<Changes> = Mutex::new(Changes {
    next: 0,
    under_way: BTreeMap::new(),
    added: Vec::new(),
    more_added: 0,
    images: 0,
});

#[derive(Debug)]
struct Changes {
    next: u64,
    /// What is asked for, by number.
    under_way: BTreeMap<u64, Kind>,
    /// Names of signatures that were added, the first of them.
    added: Vec<String>,
    more_added: usize,
    /// Changes of Images that were stored.
    images: usize,
}

/// A change of one object, by its name, safe to print.
#[derive(Debug)]
enum Kind {
    Signature(String),
    Image(String),
}

/// A change that is asked for. It counts as one of which nothing is known until it is [stored](Self::stored), or dropped:
/// then nothing came of it, or what came of it was told.
#[derive(Debug)]
pub struct Change(u64);

/// The list stays usable after a panic elsewhere: each change of it is whole.
fn changes() -> MutexGuard<'static, Changes> {
    CHANGES.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Change {
    /// From now on a signature is being added.
    #[must_use]
    pub fn adding(signature: &str) -> Self {
        Self::begin(Kind::Signature(safe(signature)))
    }

    /// From now on an Image is being written.
    #[must_use]
    pub fn of_image(image: &str) -> Self {
        Self::begin(Kind::Image(safe(image)))
    }

    fn begin(kind: Kind) -> Self {
        let mut changes = changes();
        changes.next += 1;
        let number = changes.next;
        changes.under_way.insert(number, kind);
        Self(number)
    }

    /// The server has said that it is stored, or it was found there.
    pub fn stored(self) {
        let mut changes = changes();
        match changes.under_way.remove(&self.0) {
            Some(Kind::Signature(name)) if changes.added.len() < MAX_NAMED => changes.added.push(name),
            Some(Kind::Signature(_)) => changes.more_added += 1,
            Some(Kind::Image(_)) => changes.images += 1,
            None => {}
        }
    }
}

impl Drop for Change {
    fn drop(&mut self) {
        changes().under_way.remove(&self.0);
    }
}

/// What a run that is interrupted has changed on a server, and may have changed.
#[derive(Debug)]
pub(super) struct Told {
    /// How often an Image was written.
    pub(super) images: usize,
    /// A request to write an Image is not answered.
    pub(super) is_image_open: bool,
    /// A sentence for each signature that was added, and for each request that is not answered.
    pub(super) lines: Vec<String>,
}

/// What was changed until now.
pub(super) fn told() -> Told {
    let changes = changes();
    let mut lines: Vec<String> = changes
        .added
        .iter()
        .map(|name| format!("{name}: added to the Image"))
        .collect();
    if changes.more_added > 0 {
        lines.push(format!("{} more signatures were added to Images", changes.more_added));
    }
    lines.extend(changes.under_way.values().map(|kind| match kind {
        Kind::Signature(name) => format!(
            "{name}: it is unknown whether it was added to the Image: the request was under way; oc describe image shows it"
        ),
        Kind::Image(name) => format!(
            "{name}: it is unknown whether the Image was changed: the request was under way; image-signature describe shows what is recorded"
        ),
    }));
    Told {
        images: changes.images,
        is_image_open: changes.under_way.values().any(|kind| matches!(kind, Kind::Image(_))),
        lines,
    }
}

/// From now on a removal of records that a signal ends says what became of its changes. `in_cluster`: they are changes on
/// a server, each for itself; files are written at the end.
pub(crate) fn tell_removals_when_interrupted(in_cluster: bool) {
    cleanup::when_interrupted(Box::new(move || {
        let told = told();
        let first = match told.images {
            _ if !in_cluster => "interrupted".to_owned(),
            0 if told.is_image_open => "interrupted".to_owned(),
            0 => "interrupted; nothing was removed".to_owned(),
            1 => "interrupted; records were removed from 1 image".to_owned(),
            count => format!("interrupted; records were removed from {count} images"),
        };
        for line in std::iter::once(&first).chain(&told.lines) {
            // There is nobody left to tell.
            let _ = writeln!(io::stderr(), "{line}");
        }
    }));
}
