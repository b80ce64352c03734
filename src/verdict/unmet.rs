// SPDX-License-Identifier: Apache-2.0
//! Why an image is not Verified by a policy.

use super::tally::Tally;
use crate::reason::{Reason, Refusal, Verdict};
use crate::reference::Reference;
use crate::subject::{ManifestState, Subject};

/// Why an image is not Verified by a policy: of its identities, each judged in its own scope, the first that was refused
/// before those that could not be checked here and those for which nothing is required. One that is open leaves all open.
pub(super) fn by_policy(
    subject: &Subject,
    tallies: &[Tally],
    has_signatures: bool,
    no_signature: &str,
    furthest: &Refusal,
) -> Refusal {
    const ORDER: [Verdict; 5] = [
        Verdict::Unchecked,
        Verdict::Rejected,
        Verdict::Unsigned,
        Verdict::Unsupported,
        Verdict::Allowed,
    ];
    let refusals: Vec<Refusal> = tallies
        .iter()
        .map(|tally| {
            let refusal = tally.refusal(has_signatures, no_signature, furthest.clone());
            match unlike(subject, &tally.identity) {
                Some(other) if refusal.reason == Reason::Allowed => other,
                _ => refusal,
            }
        })
        .collect();
    let of = |verdict| refusals.iter().find(|refusal| refusal.reason.verdict() == verdict);
    let first = ORDER.into_iter().find_map(of);
    first.cloned().unwrap_or_else(|| furthest.clone())
}

/// Why an image is not the one that was asked for, whatever a policy accepts.
fn unlike(subject: &Subject, identity: &Reference) -> Option<Refusal> {
    if let ManifestState::Mismatch(why) = &subject.manifest {
        return Some(Refusal::new(Reason::ManifestMismatch, why.clone()));
    }
    let digest = identity.digest()?;
    let reason = match subject.has(digest) {
        Some(true) => return None,
        _ if subject.lists.iter().any(|list| list.has(digest)) => return None,
        Some(false) => Reason::DigestMismatch,
        None => Reason::ManifestUnavailable,
    };
    Some(Refusal::new(
        reason,
        format!("this image is {}; the image asked for is {digest}", subject.digest),
    ))
}
