// SPDX-License-Identifier: Apache-2.0
//! What a record of trust says that it was made for: the names of the image, and the scopes that accepted it.

use serde_json::Value;

use super::condition::latest;
use super::words::{BETWEEN, EXPECTED};
use crate::reference::Reference;
use crate::text::safe;
use crate::verdict::tally::Tally;
use crate::verdict::{ImageOutcome, SignatureOutcome};

/// What the image of a signature that is recorded to be trusted was expected to be then, by the message of the record. Of
/// what the signature itself is made for this says nothing: a scope may accept an image as signed for another reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Grounds {
    /// The identities that were expected; what the signature is made for where the record names none, like those of other
    /// programs.
    pub(crate) expected: Vec<Reference>,
    /// Whether these are all: a long list was cut.
    is_whole: bool,
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
        let names: Vec<_> = parts.next().unwrap_or_default().split(", ").collect();
        let mut expected: Vec<Reference> = names.iter().filter_map(|name| Reference::parse(name).ok()).collect();
        let is_whole = expected.len() == names.len();
        if expected.is_empty() {
            expected.push(signed(stored, signature)?);
        }
        Some(Self {
            expected,
            is_whole,
            options: parts.map(str::to_owned).collect(),
        })
    }

    /// Whether nothing but these outcomes, one for each identity, can speak for the record. Where it does not name all of its
    /// identities, they must be of all its scopes; where it names nothing at all, what is expected in `judged`.
    pub(crate) fn are_all(&self, outcomes: &[ImageOutcome], judged: &ImageOutcome) -> bool {
        let is_judged = |own: &Tally| {
            let mut expected = judged.tallies().iter();
            expected.any(|tally| tally.identity == own.identity && tally.scope == own.scope)
        };
        let scopes: Vec<String> = tallies(outcomes).filter_map(required).collect();
        match self.is_whole {
            true => true,
            false if self.options.is_empty() => tallies(outcomes).all(is_judged),
            false => self.options.iter().all(|option| scopes.contains(option)),
        }
    }

    /// Whether the scopes of these outcomes are those that the record names.
    pub(crate) fn name_scopes_of(&self, outcomes: &[ImageOutcome]) -> bool {
        tallies(outcomes).all(|tally| required(tally).is_some_and(|scope| self.options.contains(&scope)))
    }
}

fn tallies(outcomes: &[ImageOutcome]) -> impl Iterator<Item = &Tally> {
    outcomes.iter().flat_map(ImageOutcome::tallies)
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
