// SPDX-License-Identifier: Apache-2.0
//! What several formats of an audit's report say in the same words.

use crate::audit::entry::{Entry, EntrySigner};
use crate::audit::totals::Verdicts;
use crate::reason::{Reason, Verdict};
use crate::report::renderer::Summary;
use crate::text::is_unsafe;

/// Images by verdict, for what counts images elsewhere.
pub(super) fn counts(verdicts: &Verdicts) -> Summary {
    let mut summary = Summary::default();
    for (verdict, count) in verdicts {
        *summary.of(*verdict) = usize::try_from(*count).unwrap_or(usize::MAX);
    }
    summary
}

/// The keys that an image is signed by, each once: of a Verified one those that verify it, of another those whose signatures
/// are good, whatever else is wrong with them.
pub(super) fn makers(entry: &Entry) -> Vec<&EntrySigner> {
    if entry.verdict == Verdict::Verified {
        return entry.signers().collect();
    }
    let mut makers: Vec<&EntrySigner> = Vec::new();
    for signer in entry.signatures.iter().filter_map(|own| own.signer.as_ref()) {
        if makers.iter().all(|known| known.primary != signer.primary) {
            makers.push(signer);
        }
    }
    makers
}

/// The name of a signature, without the image's.
pub(super) fn short(name: &str) -> &str {
    name.rsplit_once('@').map_or(name, |(_, name)| name)
}

/// Whether the message of an image is to be shown. That an object has no signature is said by its reason; which places and
/// instances were looked at in a registry or a directory is not.
pub(super) fn has_message(entry: &Entry) -> bool {
    let is_place = ["docker://", "dir:"].iter().any(|own| entry.source.starts_with(own));
    let is_said = entry.reason == Reason::NoSignature && !is_place;
    entry.verdict != Verdict::Verified && !is_said
}

/// Longest message, in characters.
const MAX_MESSAGE: usize = 1000;

/// A message of an entry, which has the strings of others in it escaped already: what is unsafe all the same, as in a
/// report that somebody else wrote, is escaped, and what is escaped stays as it is.
pub(super) fn message(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars().take(MAX_MESSAGE) {
        if is_unsafe(c) {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    if text.chars().nth(MAX_MESSAGE).is_some() {
        out.push('\u{2026}');
    }
    out
}

/// `unsignedInUse` as `Unsigned in use`.
pub(super) fn title(word: &str) -> String {
    let mut title = String::new();
    for (n, c) in word.chars().enumerate() {
        if n > 0 && c.is_uppercase() {
            title.push(' ');
            title.extend(c.to_lowercase());
        } else if n == 0 {
            title.extend(c.to_uppercase());
        } else {
            title.push(c);
        }
    }
    title
}
