// SPDX-License-Identifier: Apache-2.0
//! Whether what a report that is resumed says of an image still holds.

use std::collections::{BTreeSet, HashSet};

use super::expected::Expected;
use crate::audit::consistency::is_unwritten;
use crate::audit::entry::{Entry, IdentitySource, Recorded, Use, UseKind, CLUSTER, MAX_FINDINGS};
use crate::reason::{Reason, Verdict};
use crate::reference::Reference;

/// Where uses are, of which kind they are, and whether they expect anything.
pub(super) fn places(uses: &[Use]) -> BTreeSet<(UseKind, &str, bool)> {
    let each = uses.iter();
    each.map(|by| (by.kind, by.namespace.as_str(), by.expects_nothing))
        .collect()
}

/// Whether an entry has what is expected of its image now; of very many identities it has only some.
pub(super) fn is_expected(entry: &Entry, expected: &Expected) -> bool {
    let now: HashSet<String> = expected.identities.iter().map(ToString::to_string).collect();
    let is_all = entry.expected.len() == now.len() || entry.expected.len() >= MAX_FINDINGS && now.len() > MAX_FINDINGS;
    is_all && entry.expected.iter().all(|own| now.contains(own))
}

/// Whether an image that was Verified gets it for each use that demands something now: what all of them expect together may
/// be the same where one of them demands something else.
pub(super) fn is_enough(entry: &Entry, expected: &Expected) -> bool {
    let matched: HashSet<&str> = entry.matched.iter().map(String::as_str).collect();
    let is_met = |identities: &[Reference]| {
        let mut texts = identities.iter().map(ToString::to_string);
        texts.any(|identity| matched.contains(&*identity))
    };
    entry.verdict != Verdict::Verified
        || expected.more_demands == 0 && expected.demands.iter().all(|(_, identities)| is_met(identities))
}

/// Whether an image was Verified by a key or a signature that has expired since.
pub(super) fn has_expired(entry: &Entry, now: i64) -> bool {
    let keys = entry.signers().map(|signer| signer.expires);
    let mut all = keys.chain(entry.signatures.iter().map(|own| own.expires)).flatten();
    entry.verdict == Verdict::Verified && all.any(|expires| expires <= now)
}

/// Whether what was found or recorded may be otherwise the next time, although nothing about the image has changed: what
/// could not be reached, a time that was to come, a record that was not written.
pub(super) fn is_open(entry: &Entry) -> bool {
    let is_passing = entry.verdict == Verdict::Unchecked && entry.reason != Reason::NoExpectedIdentity;
    is_passing || entry.reason.is_of_time() || is_unwritten(entry)
}

/// Whether nothing was recorded of an image of which the user says what it is: a run that records writes nothing where it
/// does not know all that uses an image.
pub(super) fn is_unrecorded(entry: &Entry) -> bool {
    let is_of_user = matches!(entry.identity_source, IdentitySource::Map | IdentitySource::User);
    entry.recorded == Recorded::No && is_of_user && entry.content.is_some() && !entry.signatures.is_empty()
}

/// Whether a run, which `records` or does not, may have judged an image again, and was killed before it could leave out the
/// line that it went on from.
pub(super) fn is_judged_again(before: &Entry, after: &Entry, records: bool) -> bool {
    let is_other = before.expected != after.expected
        || before.content != after.content
        || places(&before.uses) != places(&after.uses)
        || before.verdict == Verdict::Verified && before != after;
    // What was not at hand is judged again whatever was expected of it, and may come out as before.
    let is_open = is_open(before) || records && is_unrecorded(before);
    is_other || is_open || before.source == CLUSTER && !before.expected.is_empty()
}
