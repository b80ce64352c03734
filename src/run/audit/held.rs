// SPDX-License-Identifier: Apache-2.0
//! Entries that wait until it is known what became of their records, in a temporary file.

use std::io::{self, BufRead, Seek, Write};

use serde::{Deserialize, Serialize};
use tempfile::SpooledTempFile;

use super::expected::Expected;
use super::recording::Told;
use crate::audit::entry::{Entry, IdentitySource, Use};
use crate::reason::{Reason, Refusal};
use crate::reference::Reference;
use crate::source::objects::Position;

/// What fits into memory before a file is made, in bytes.
const MAX_MEMORY: usize = 256 << 10;

/// An entry that waits.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Held {
    /// The entry as it is reported but for the fate of its record.
    pub(super) entry: Entry,
    /// Where the object is that its record belongs to, if it is in a file.
    pub(super) position: Option<Position>,
    /// What the image is expected to be signed as, where it is judged again before its record is written.
    pub(super) expected: Option<HeldExpected>,
    /// The other changes that wait, in words that are safe to print.
    pub(super) gains: Vec<Told>,
    /// The changes that take trust back, in words that are safe to print.
    pub(super) downgrades: Vec<Told>,
}

/// What an image is expected to be signed as, as it was found out at first.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct HeldExpected {
    identities: Vec<String>,
    demands: Vec<(Use, Vec<String>)>,
    more_demands: u64,
    source: IdentitySource,
    trouble: Option<String>,
    is_partial: bool,
    is_by_object: bool,
    lost_name: Option<(Reason, String)>,
}

impl From<&Expected> for HeldExpected {
    fn from(expected: &Expected) -> Self {
        let texts = |references: &[Reference]| references.iter().map(ToString::to_string).collect();
        let demands = expected.demands.iter();
        let lost_name = expected.lost_name.as_ref();
        Self {
            identities: texts(&expected.identities),
            demands: demands
                .map(|(by, identities)| (by.clone(), texts(identities)))
                .collect(),
            more_demands: expected.more_demands,
            source: expected.source,
            trouble: expected.trouble.clone(),
            is_partial: expected.is_partial,
            is_by_object: expected.is_by_object,
            lost_name: lost_name.map(|own| (own.reason, own.message.clone())),
        }
    }
}

impl From<HeldExpected> for Expected {
    /// A reference that cannot be read back is met by nothing.
    fn from(held: HeldExpected) -> Self {
        let references = |texts: Vec<String>| texts.iter().filter_map(|text| Reference::parse(text).ok()).collect();
        let demands = held.demands.into_iter();
        Self {
            identities: references(held.identities),
            demands: demands.map(|(by, texts)| (by, references(texts))).collect(),
            more_demands: held.more_demands,
            is_everywhere: false,
            open: Vec::new(),
            placed: Vec::new(),
            is_partial: held.is_partial,
            is_of_some: false,
            is_by_object: held.is_by_object,
            lost_name: held.lost_name.map(|(reason, message)| Refusal::new(reason, message)),
            source: held.source,
            trouble: held.trouble,
            unmapped: None,
        }
    }
}

/// Entries that wait in a file, in the order in which they are to be reported.
#[derive(Debug)]
pub(super) struct HeldEntries(SpooledTempFile);

impl HeldEntries {
    pub(super) fn new() -> Self {
        Self(SpooledTempFile::new(MAX_MEMORY))
    }

    /// Takes one more.
    ///
    /// # Errors
    /// When there is no room for it.
    pub(super) fn put(&mut self, held: &Held) -> io::Result<()> {
        let mut line = serde_json::to_vec(held)?;
        line.push(b'\n');
        self.0.write_all(&line)
    }

    /// Hands out all of them.
    ///
    /// # Errors
    /// When they cannot be read again.
    pub(super) fn each(mut self, take: &mut dyn FnMut(Held)) -> io::Result<()> {
        self.0.rewind()?;
        for line in io::BufReader::new(self.0).split(b'\n') {
            take(serde_json::from_slice(&line?)?);
        }
        Ok(())
    }
}
