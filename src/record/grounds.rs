// SPDX-License-Identifier: Apache-2.0
//! What a record of trust says that it was made for: the names of the image, and the scopes that accepted it.

use serde_json::Value;

use super::condition::latest;
use super::words::{BETWEEN, EXPECTED, MAX_EXPECTED};
use crate::reference::Reference;
use crate::text::{cut, safe};
use crate::verdict::tally::Tally;
use crate::verdict::{ImageOutcome, SignatureOutcome};

/// What the image of a signature that is recorded to be trusted was expected to be then, by the message of the record. Of
/// what the signature itself is made for this says nothing: a scope may accept an image as signed for another reference.
#[derive(Debug)]
pub(crate) struct Grounds {
    /// The identities that were expected, as far as the record names them.
    pub(crate) expected: Vec<Reference>,
    /// What the signature is made for.
    pub(crate) signed: Option<Reference>,
    /// Whether these are all that were expected: a long list was cut, and other programs name none.
    pub(crate) is_whole: bool,
    /// What decided besides, each scope as one option.
    options: Vec<String>,
}

impl Grounds {
    /// Those of the record of a signature, as `stored`; none where it is not recorded to be trusted, or for nothing.
    pub(crate) fn of(stored: &Value, signature: &SignatureOutcome) -> Option<Self> {
        let trusted = latest(stored, "Trusted").filter(|trusted| trusted.status == "True")?;
        let message = trusted.message.strip_prefix("verified by ").unwrap_or_default();
        // Who signed stands before it, in words of their own.
        let (_, said) = message.rsplit_once(EXPECTED).unwrap_or_default();
        let mut parts = said.split(BETWEEN);
        let names = parts.next().unwrap_or_default();
        // More than that is not of this program.
        let known = cut(names.to_owned(), MAX_EXPECTED);
        let names: Vec<_> = known.split(", ").collect();
        let expected: Vec<Reference> = names.iter().filter_map(|name| Reference::parse(name).ok()).collect();
        let grounds = Self {
            is_whole: expected.len() == names.len(),
            expected,
            signed: signed(stored, signature),
            options: parts.map(str::to_owned).collect(),
        };
        (grounds.identities().count() > 0).then_some(grounds)
    }

    /// What may speak for the record.
    pub(crate) fn identities(&self) -> impl Iterator<Item = &Reference> {
        self.expected.iter().chain(&self.signed)
    }

    /// Whether all that the record is of is among these; never, where it names some of it only.
    pub(crate) fn are_among(&self, judged: &[&Reference]) -> bool {
        let all = |own: &[Reference]| own.iter().all(|identity| judged.contains(&identity));
        match (self.is_whole, self.expected.is_empty()) {
            (true, _) => all(&self.expected),
            // Of other programs: they name what is signed at most.
            (false, true) => all(self.signed.as_slice()),
            (false, false) => false,
        }
    }

    /// Whether the record may be of this: what the signature is made for may be it where the record does not name all.
    pub(crate) fn may_be_of(&self, identity: &Reference) -> bool {
        self.expected.contains(identity) || (!self.is_whole && self.signed.as_ref() == Some(identity))
    }

    /// Whether the scopes of these outcomes are those that the record names.
    pub(crate) fn name_scopes_of(&self, outcomes: &[&ImageOutcome]) -> bool {
        tallies(outcomes).all(|tally| required(tally).is_some_and(|scope| self.options.contains(&scope)))
    }
}

fn tallies<'o>(outcomes: &[&'o ImageOutcome]) -> impl Iterator<Item = &'o Tally> {
    outcomes.iter().flat_map(|outcome| outcome.tallies())
}

/// The scope of a policy as an option that decided.
pub(crate) fn required_by(scope: &str) -> String {
    format!("required by {scope}")
}

fn required(tally: &Tally) -> Option<String> {
    tally.scope.as_ref().map(|scope| safe(&required_by(scope)))
}

/// The reference that a signature is recorded to be made for; where the record does not say it, the one that it names.
fn signed(stored: &Value, signature: &SignatureOutcome) -> Option<Reference> {
    let recorded = stored["imageIdentity"].as_str().filter(|text| !text.is_empty());
    let claimed = || signature.claim().map(|claim| claim.reference.as_str());
    Reference::parse(recorded.or_else(claimed)?).ok()
}
