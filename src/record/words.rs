// SPDX-License-Identifier: Apache-2.0
//! What is recorded and what changes about a record, in words.

use std::collections::HashSet;

use serde_json::{json, Value};

use super::condition::{latest, Condition, KINDS};
use super::context::Context;
use crate::edit::Change;
use crate::reference::Reference;
use crate::text::{cut, safe};
use crate::verdict::{ImageOutcome, SignatureOutcome, Signer};

/// Longest recorded message, in characters.
const MAX_MESSAGE: usize = 1024;

/// Between the parts of a message.
pub(super) const BETWEEN: &str = "; ";

/// Before the identities that were expected, in the part that has them.
pub(super) const EXPECTED: &str = "; expected as ";

/// How much of it the expected identities may take.
pub(super) const MAX_EXPECTED: usize = 320;

/// Who has verified what.
pub(super) fn verified(
    outcome: &SignatureOutcome,
    reached: &[&Reference],
    image: &ImageOutcome,
    context: &Context,
) -> String {
    let signer = outcome.signer().map(Signer::name).unwrap_or_default();
    let mut tail = format!("{EXPECTED}{}", cut(listed(reached, image), MAX_EXPECTED));
    append_options(&mut tail, context);
    sentence("verified", &format!("signed by {signer}"), &tail, context)
}

/// Identities; of more than there is room for, one of each scope comes first.
fn listed(reached: &[&Reference], image: &ImageOutcome) -> String {
    let joined = |all: &[&Reference]| all.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let text = joined(reached);
    if text.len() <= MAX_EXPECTED {
        return text;
    }
    let mut scopes = HashSet::new();
    let (first, rest): (Vec<&Reference>, Vec<&Reference>) = reached.iter().partition(|identity| {
        let own = image.tallies().iter().find(|tally| tally.identity == ***identity);
        own.is_some_and(|tally| scopes.insert(&tally.scope))
    });
    joined(&[first, rest].concat())
}

/// Who has rejected what and why: with the signer wherever gpg verified the key, and what was expected.
pub(super) fn rejected(outcome: &SignatureOutcome, message: &str, context: &Context) -> String {
    let mut tail = String::new();
    if let Some(signer) = outcome.signer() {
        tail.push_str(&format!("; signed by {}", signer.name()));
    }
    if !context.expected.is_empty() {
        let expected: Vec<String> = context.expected.iter().map(ToString::to_string).collect();
        let expected = cut(expected.join(", "), MAX_EXPECTED);
        tail.push_str(&format!("{EXPECTED}{expected}"));
    }
    append_options(&mut tail, context);
    sentence("rejected", message, &tail, context)
}

fn append_options(text: &mut String, context: &Context) {
    for option in &context.options {
        text.push_str(BETWEEN);
        text.push_str(&safe(option));
    }
}

/// The API shows such messages raw, so nothing in them may move a terminal; the parts are safe already. Where they are
/// too long, the message is cut, not who signed and what was expected.
fn sentence(what: &str, message: &str, tail: &str, context: &Context) -> String {
    let head = format!("{what} by {}: ", safe(&context.user));
    let taken = head.chars().count() + tail.chars().count() + 1;
    let message = cut(message.to_owned(), MAX_MESSAGE.saturating_sub(taken));
    cut(format!("{head}{message}{tail}"), MAX_MESSAGE)
}

/// What changes about status or reason of the conditions, such as `Trusted: True -> False (UnknownKey)`; `None` where
/// neither changes, whatever else is written.
#[must_use]
pub fn changes(stored: &Value, changes: &[(&'static str, Change)]) -> Option<String> {
    let after = changes.iter().find(|(name, _)| *name == "conditions");
    let after = match after {
        None => return None,
        Some((_, Change::Remove)) => Value::Null,
        Some((_, Change::Set(conditions))) => json!({"conditions": conditions}),
    };
    let mut parts: Vec<String> = Vec::new();
    for kind in KINDS {
        let (old, new) = (latest(stored, kind), latest(&after, kind));
        let (Some(from), Some(to)) = (&old, &new) else {
            let word = |condition: Option<&Condition>| condition.map_or("none".to_owned(), |c| safe(&c.status));
            if old.is_some() || new.is_some() {
                let reason = new.as_ref().map_or("", |new| new.reason.as_str());
                let (old, new) = (word(old.as_ref()), word(new.as_ref()));
                parts.push(format!("{kind}: {old} -> {new}{}", first(&parts, reason)));
            }
            continue;
        };
        if from.status != to.status {
            let (old, new) = (safe(&from.status), safe(&to.status));
            parts.push(format!("{kind}: {old} -> {new}{}", first(&parts, &to.reason)));
        } else if from.reason != to.reason && parts.is_empty() {
            let (status, old, new) = (safe(&to.status), safe(&from.reason), safe(&to.reason));
            let old = if old.is_empty() { "none".to_owned() } else { old };
            parts.push(format!("{kind}: {status}, reason {old} -> {new}"));
        }
    }
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// The reason in brackets, for the first part only: both conditions get the same.
fn first(parts: &[String], reason: &str) -> String {
    if parts.is_empty() && !reason.is_empty() {
        format!(" ({})", safe(reason))
    } else {
        String::new()
    }
}
