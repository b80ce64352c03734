// SPDX-License-Identifier: Apache-2.0
//! What becomes of a record of trust by what it was made for, whatever else is expected of the image now.

use serde_json::Value;

use crate::reason::{Reason, Verdict};
use crate::record::Grounds;
use crate::reference::Reference;
use crate::verdict::{ImageOutcome, SignatureOutcome};

/// Most identities that are looked at of an image: a record names a few.
pub(in crate::run) const MAX_IDENTITIES: usize = 64;

/// What an image comes to as each identity that its signatures are, or may be, recorded to be trusted for, each by itself.
#[derive(Debug, Clone, Default)]
pub(in crate::run) struct AsRecorded(pub(in crate::run) Vec<(Reference, ImageOutcome)>);

/// What an image and a signature come to as what a record of trust was made for.
pub(in crate::run) struct Recorded<'o> {
    pub(in crate::run) image: &'o ImageOutcome,
    /// Nothing is known of a signature that the image was not judged by.
    pub(in crate::run) own: Option<&'o SignatureOutcome>,
    /// Whether it is refused whatever the uses of the image are: in any scope, or in those that the record names.
    pub(in crate::run) is_settled: bool,
}

impl AsRecorded {
    /// What is known of the record of a signature of an image that was `judged`, by the identity that speaks for it most, if
    /// that was looked at. Where none speaks for it or against it, this counts only for a signature that is not refused but
    /// by the scopes of the policy.
    pub(in crate::run) fn of(&self, stored: &Value, number: usize, judged: &ImageOutcome) -> Option<Recorded<'_>> {
        let signature = judged.signatures().get(number)?;
        let grounds = Grounds::of(stored, signature)?;
        let look = |identity| {
            self.0
                .iter()
                .find(|(own, _)| own == identity)
                .map(|(_, outcome)| outcome)
        };
        let named: Vec<&ImageOutcome> = grounds.expected.iter().filter_map(look).collect();
        let is_whole = grounds.is_whole && named.len() == grounds.expected.len();
        let of = |outcome: &'_ ImageOutcome| known((outcome, outcome.signatures().get(number)));
        // What the signature is made for speaks too where the record does not name all, or names what nobody judges now.
        let says_nothing = named.iter().all(|outcome| of(outcome) == Known::Nothing);
        let signed = grounds.signed.as_ref().and_then(look);
        let signed = signed.filter(|_| says_nothing || !is_whole);
        let own = named.iter().copied().chain(signed);
        let own = own.map(|outcome| (outcome, outcome.signatures().get(number)));
        let (known, (image, own)) = own.map(|own| (known(own), own)).max_by_key(|(known, (_, own))| {
            // Of what speaks against it, the signature itself comes first.
            (*known, own.is_some_and(SignatureOutcome::is_refused_itself))
        })?;
        let is_refused_anywhere = own.is_some_and(SignatureOutcome::is_refused_anywhere);
        let counts = match known {
            Known::Good | Known::Bad => true,
            Known::Open => !signature.is_refused_anywhere(),
            Known::Nothing => signature.is_refused_by_scope(),
        };
        let is_refused =
            own.is_some_and(|own| own.verdict() == Verdict::Rejected && own.reason() != Reason::IdentityMismatch);
        let is_by_its_scopes = is_whole && !says_nothing && is_refused && grounds.name_scopes_of(&named);
        counts.then_some(Recorded {
            image,
            own,
            is_settled: is_refused_anywhere || is_by_its_scopes,
        })
    }
}

/// What is known of a record of trust by one identity, the least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Known {
    /// The scope does not judge such signatures.
    Nothing,
    /// It does not hold in the scope.
    Bad,
    /// A part that could not be checked may make it hold.
    Open,
    /// The image is Verified by the signature there.
    Good,
}

fn known((outcome, signature): (&ImageOutcome, Option<&SignatureOutcome>)) -> Known {
    match signature {
        Some(own) if !outcome.reached(own).is_empty() => Known::Good,
        None => Known::Open,
        Some(own) if own.verdict() == Verdict::Unchecked => Known::Open,
        Some(own) if own.spares_record() || own.verdict() == Verdict::Allowed => Known::Nothing,
        Some(own) if own.verdict() == Verdict::Verified && outcome.verdict() == Verdict::Unchecked => Known::Open,
        Some(_) => Known::Bad,
    }
}
