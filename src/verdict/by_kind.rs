// SPDX-License-Identifier: Apache-2.0
//! What the signatures of each kind came to. Of a kind of which none was found, whether it is known that there is none.

use super::signature::SignatureOutcome;
use super::unmet::unread;
use crate::reason::Verdict;
use crate::subject::{SignatureKind, SourceAnswer, SourceKind, Subject};

/// Why it is not known that an image has no signature of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gap {
    /// The place that has them was not asked.
    NotAsked,
    /// A place that may have some gave no answer that says which, or one of the signatures is of no known kind.
    NotKnown,
}

/// The kinds of which nobody can say that there is none.
pub(super) fn gaps(subject: &Subject) -> Vec<(SignatureKind, Gap)> {
    let mut sources = subject.sources.iter();
    let is_unasked = subject.is_object_alone || sources.any(SourceAnswer::is_attachment_left_out);
    let unread = unread(subject).map_or(&[][..], |(kinds, _)| kinds);
    let of = |kind: SignatureKind| {
        if is_unasked && kind == SignatureKind::Sigstore {
            return Some((kind, Gap::NotAsked));
        }
        let mut sources = subject.sources.iter();
        let is_open = sources.any(|source| source.answer.trouble().is_some() && may_have(source.kind, kind));
        (is_open || unread.contains(&kind)).then_some((kind, Gap::NotKnown))
    };
    [SignatureKind::Gpg, SignatureKind::Sigstore]
        .into_iter()
        .filter_map(of)
        .collect()
}

fn may_have(place: SourceKind, kind: SignatureKind) -> bool {
    match place {
        SourceKind::Directory | SourceKind::Registry | SourceKind::Lookaside => true,
        SourceKind::Object | SourceKind::Extension | SourceKind::ConfigMap => kind == SignatureKind::Gpg,
        SourceKind::Attachment | SourceKind::Referrers => kind != SignatureKind::Gpg,
    }
}

/// What is said where signatures of both kinds are asked for or there. `place` says where there is none; it may be empty.
pub(super) fn told(
    signatures: &[SignatureOutcome],
    asked: &[SignatureKind],
    gaps: &[(SignatureKind, Gap)],
    place: &str,
) -> Option<String> {
    let kinds = [(SignatureKind::Gpg, "GPG"), (SignatureKind::Sigstore, "sigstore")];
    let mut parts = Vec::new();
    for (kind, name) in kinds {
        let own: Vec<&SignatureOutcome> = signatures.iter().filter(|s| s.kind() == kind).collect();
        let is_asked = asked.contains(&kind);
        if own.is_empty() && !is_asked {
            return None;
        }
        let gap = gaps.iter().find(|(of, _)| *of == kind).map(|(_, gap)| *gap);
        let said = match (furthest(own.iter().copied()), gap) {
            (None, None) => format!("none{place}"),
            (None, Some(Gap::NotAsked)) => "not asked".to_owned(),
            (None, Some(Gap::NotKnown)) => "not known".to_owned(),
            (Some(_), _) if !is_asked => "not checked".to_owned(),
            (Some(best), _) if best.verdict() == Verdict::Verified => best.verdict().to_string(),
            (Some(best), _) => format!("{} ({})", best.verdict(), best.reason()),
        };
        parts.push(format!("{name}: {said}"));
    }
    Some(parts.join(", "))
}

/// The first of the signatures that passed most steps.
pub(super) fn furthest<'s>(signatures: impl Iterator<Item = &'s SignatureOutcome>) -> Option<&'s SignatureOutcome> {
    let mut furthest: Option<&SignatureOutcome> = None;
    for signature in signatures {
        if furthest.is_none_or(|best| signature.progress() > best.progress()) {
            furthest = Some(signature);
        }
    }
    furthest
}
