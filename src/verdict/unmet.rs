// SPDX-License-Identifier: Apache-2.0
//! Why an image is not Verified by a policy.

use super::tally::Tally;
use crate::reason::{Reason, Refusal, Verdict};
use crate::reference::Reference;
use crate::subject::{Content, ManifestState, SignatureBlob, SignatureKind, Subject};
use crate::text::safe;

/// A signature that nobody looked into, and of which kinds it may be: it is beyond those that are looked at, or stored in a
/// way that is not known here. It may be one that is missing.
pub(super) fn unread(subject: &Subject) -> Option<(&'static [SignatureKind], Refusal)> {
    let mut all: &[SignatureKind] = &[];
    let mut first = None;
    for blob in &subject.signatures {
        let Some((kinds, refusal)) = why_unread(blob) else {
            continue;
        };
        all = match all {
            [] => kinds,
            all if all == kinds => all,
            _ => &BOTH,
        };
        first.get_or_insert_with(|| {
            let name = safe(&blob.name);
            let message = format!(
                "{name} is not read and may be a signature that is required: {}",
                refusal.message
            );
            Refusal::new(Reason::SourceUnavailable, message)
        });
    }
    Some((all, first?))
}

const BOTH: [SignatureKind; 2] = [SignatureKind::Gpg, SignatureKind::Sigstore];

fn why_unread(blob: &SignatureBlob) -> Option<(&'static [SignatureKind], &Refusal)> {
    let (kinds, refusal): (&[SignatureKind], _) = match &blob.content {
        // What is stored in a way that is not known may be of another kind as well.
        Content::Gpg(Err(refusal)) if refusal.reason == Reason::UnsupportedSignature => (&BOTH, refusal),
        Content::Gpg(Err(refusal)) => (&BOTH[..1], refusal),
        Content::Sigstore(Err(refusal)) => (&BOTH[1..], refusal),
        Content::Gpg(Ok(_)) | Content::Sigstore(Ok(_)) | Content::Other(_) => return None,
    };
    let is_beyond_limit = refusal.reason == Reason::LimitExceeded && refusal.spares_record;
    (is_beyond_limit || refusal.reason == Reason::UnsupportedSignature).then_some((kinds, refusal))
}

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
