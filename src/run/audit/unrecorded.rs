// SPDX-License-Identifier: Apache-2.0
//! Images that `--confirm` leaves unrecorded because the user has not given what they are expected to be signed as
//! (docs/contract.md 9).

use crate::audit::entry::{Entry, IdentitySource, Recorded, CLUSTER};
use crate::reason::Verdict;
use crate::reference::Reference;
use crate::text::safe;

/// What to give, so that an image is recorded.
const GIVE: &str =
    "what streams, pods and objects say is not enough for a record; give IMAGE=REF, --images-from or --expected-identity-map";

/// What is known of them.
#[derive(Debug, Default)]
pub(super) struct Unrecorded {
    /// All images that were reported.
    images: u64,
    /// Those of which the user gave what is expected.
    given: u64,
    /// Those of which something is recorded, which may be that they are not trusted.
    recorded: u64,
    /// The others with a verdict on signatures that could be recorded.
    unrecorded: u64,
    /// The first of these.
    first: Option<String>,
    /// The first with a name that the map has no line for, and that name.
    unmapped: Option<(String, Reference)>,
}

impl Unrecorded {
    /// Notes a name of an image for which the map has no line.
    pub(super) fn remember(&mut self, entry: &Entry, unmapped: Option<Reference>) {
        if self.unmapped.is_none() && !is_given(entry) {
            self.unmapped = unmapped.map(|name| (entry.image.clone(), name));
        }
    }

    /// Counts an image that is reported.
    pub(super) fn add(&mut self, entry: &Entry) {
        self.images += 1;
        self.recorded += u64::from(entry.recorded == Recorded::Yes);
        if is_given(entry) {
            self.given += 1;
        } else if is_left_unrecorded(entry) {
            self.unrecorded += 1;
            self.first.get_or_insert_with(|| entry.image.clone());
        }
    }

    /// What the user is to know, safe to print.
    pub(super) fn told(&self) -> Option<String> {
        let unmapped = match &self.unmapped {
            Some((image, name)) => format!(
                "; the map has no line for {}, a name of {}",
                safe(&name.to_string()),
                safe(image)
            ),
            None => String::new(),
        };
        match (&self.first, self.unrecorded) {
            _ if self.images == 0 => None,
            _ if self.given == 0 => {
                let what = match self.recorded {
                    0 => "nothing is recorded",
                    _ => "no image is recorded as trusted",
                };
                Some(format!(
                    "no image has an expected identity that you gave, so {what}: {GIVE}{unmapped}"
                ))
            }
            (None, _) => None,
            (Some(image), 1) => Some(format!(
                "1 of {} images is not recorded, since you gave no expected identity for it, {}: {GIVE}{unmapped}",
                self.images,
                safe(image)
            )),
            (Some(image), count) => Some(format!(
                "{count} of {} images are not recorded, since you gave no expected identity for them, the first {}: {GIVE}{unmapped}",
                self.images,
                safe(image)
            )),
        }
    }
}

/// Whether the user says what is expected.
fn is_given(entry: &Entry) -> bool {
    matches!(entry.identity_source, IdentitySource::User | IdentitySource::Map)
}

/// Whether there is a verdict on signatures of an object, and no record of it.
fn is_left_unrecorded(entry: &Entry) -> bool {
    let is_object = entry.source == CLUSTER || entry.source.starts_with("file:");
    let is_judged = matches!(entry.verdict, Verdict::Verified | Verdict::Rejected);
    is_object && is_judged && !entry.signatures.is_empty() && entry.recorded == Recorded::No
}
