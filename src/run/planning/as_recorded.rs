// SPDX-License-Identifier: Apache-2.0
//! What becomes of a record of trust by what it was made for, whatever else is expected of the image now.

use serde_json::Value;

use crate::reason::{Reason, Verdict};
use crate::record::Grounds;
use crate::verdict::{ImageOutcome, SignatureOutcome};

/// What an image comes to as each identity that its signatures are recorded to be trusted for, each by itself.
#[derive(Debug, Clone, Default)]
pub(in crate::run) struct AsRecorded(pub(in crate::run) Vec<(Grounds, Vec<ImageOutcome>)>);

/// What is known of a record of trust by what it was made for.
pub(in crate::run) enum Recorded<'o> {
    /// It is not known what it was made for, so that it stays.
    Doubtful,
    /// What the image and the signature come to as that; nothing is known of a signature that the image was not judged by.
    Judged {
        image: &'o ImageOutcome,
        own: Option<&'o SignatureOutcome>,
        /// Whether it is refused whatever the uses of the image are: in any scope, or in the one that the record names.
        is_settled: bool,
    },
}

impl AsRecorded {
    /// What is known of the record of a signature of an image that was `judged`, by the identity that speaks for it most, if
    /// that was looked at. Where none does or is against it, this counts only for a signature that nothing but other scopes is
    /// against.
    pub(in crate::run) fn of(&self, stored: &Value, number: usize, judged: &ImageOutcome) -> Option<Recorded<'_>> {
        let signature = judged.signatures().get(number)?;
        let recorded = Grounds::of(stored, signature)?;
        let (grounds, outcomes) = self.0.iter().find(|(grounds, _)| *grounds == recorded)?;
        let own = outcomes
            .iter()
            .map(|outcome| (outcome, outcome.signatures().get(number)));
        let (known, (image, own)) = own.map(|own| (known(own), own)).max_by_key(|(known, (_, own))| {
            // Of what speaks against it, the signature itself comes first.
            (*known, own.is_some_and(SignatureOutcome::is_refused_itself))
        })?;
        let is_refused_anywhere = own.is_some_and(SignatureOutcome::is_refused_anywhere);
        let counts = match known {
            Known::Good => true,
            Known::Bad if is_refused_anywhere || grounds.are_all(outcomes, judged) => true,
            Known::Bad if signature.is_refused_anywhere() => false,
            Known::Bad => return Some(Recorded::Doubtful),
            Known::Open => !signature.is_refused_anywhere(),
            Known::Nothing => signature.is_refused_by_scope(),
        };
        let is_refused =
            own.is_some_and(|own| own.verdict() == Verdict::Rejected && own.reason() != Reason::IdentityMismatch);
        counts.then_some(Recorded::Judged {
            image,
            own,
            is_settled: is_refused_anywhere || is_refused && grounds.name_scopes_of(outcomes),
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
