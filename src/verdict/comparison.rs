// SPDX-License-Identifier: Apache-2.0
//! The signed reference against the identities that an image is expected to have.

use std::collections::HashSet;

use super::expectation::{Expectation, Place};
use crate::digest::Digest;
use crate::identity::Rule;
use crate::payload::Payload;
use crate::reason::{Reason, Refusal};
use crate::reference::Reference;
use crate::subject::{NamingList, SignatureKind, Subject};
use crate::text::{quoted, safe};

/// Most comparisons of one signed reference with expected identities that are named.
const MAX_COMPARISONS: usize = 50;

/// Which expected identities the signed reference matches.
#[derive(Default)]
pub(super) struct Fit {
    pub(super) matched: Vec<Reference>,
    pub(super) met: Vec<Place>,
    pub(super) missed: Vec<(Place, Refusal)>,
    /// The comparisons that were made.
    pub(super) detail: String,
}

/// Why the signed reference matches no identity, and which requirements of a policy that leaves unmet.
pub(super) struct Unfit {
    pub(super) refusal: Refusal,
    pub(super) missed: Vec<(Place, Refusal)>,
}

/// Different comparisons of one reference, in words.
#[derive(Default)]
struct Comparisons {
    seen: HashSet<String>,
    /// Those that are named, in the order in which they came.
    told: Vec<String>,
}

impl Comparisons {
    fn add(&mut self, text: &str) {
        if !self.seen.contains(text) {
            self.seen.insert(text.to_owned());
            if self.told.len() < MAX_COMPARISONS {
                self.told.push(text.to_owned());
            }
        }
    }

    /// These, and how many there are besides.
    fn words(self) -> Vec<String> {
        let mut words = self.told;
        match self.seen.len() - words.len() {
            0 => {}
            more => words.push(format!("{more} more expected identities are compared")),
        }
        words
    }
}

/// Compares the signed reference with every identity that a signature by the keys of a set may be for; what differs
/// where it matches none, or that nobody knows.
pub(super) fn check_identity(
    payload: &Payload,
    subject: &Subject,
    expectation: &Expectation,
    (kind, set): (SignatureKind, usize),
) -> Result<Fit, Unfit> {
    let signed = match Reference::parse(&payload.reference) {
        Ok(signed) => signed,
        Err(error) => {
            let what = quoted(&payload.reference);
            let message = format!("it is signed for {what}, which is not a reference: {error}");
            return Err(Unfit {
                refusal: Refusal::new(Reason::IdentityMismatch, message),
                missed: Vec::new(),
            });
        }
    };
    let mut fit = Fit::default();
    let mut matched = HashSet::new();
    let (mut passed, mut failed) = (Comparisons::default(), Comparisons::default());
    let mut reason = Reason::IdentityMismatch;
    for (place, alternative, demand) in expectation.signed() {
        if demand.keys.of(kind) != Some(set) {
            continue;
        }
        let (expected, rule) = (&alternative.identity, &demand.rule);
        match compare(expected, &signed, subject, rule) {
            Ok(()) => {
                passed.add(&format!("expected {expected}, signed for {signed}: {rule} holds"));
                if matched.insert(expected) {
                    fit.matched.push(expected.clone());
                }
                fit.met.push(place);
            }
            Err(Unlike { difference, is_known }) => {
                let mut own = Reason::IdentityMismatch;
                if !is_known {
                    (reason, own) = (Reason::ManifestUnavailable, Reason::ManifestUnavailable);
                }
                let wanted = rule.wanted(expected);
                // A tag would help only where there is a reference to hold it against.
                let lacks_tag = if rule.can_be_met(expected) {
                    without_tag(kind, &wanted, &signed)
                } else {
                    ""
                };
                let text = format!(
                    "expected {wanted}, signed for {}: {difference}{lacks_tag}",
                    safe(&signed.to_string()),
                );
                failed.add(&text);
                fit.missed.push((place, Refusal::new(own, text)));
            }
        }
    }
    if fit.matched.is_empty() {
        if !expectation.is_by_policy() {
            fit.missed.clear();
        }
        return Err(Unfit {
            refusal: Refusal::new(reason, failed.words().join("; ")),
            missed: fit.missed,
        });
    }
    let mut words = passed.words();
    words.extend(failed.words());
    fit.detail = words.join("; ");
    Ok(fit)
}

/// What to know of a signed reference that only lacks a tag or a digest, as an addition to a message: signers of this kind
/// write none unless they are told to.
fn without_tag(kind: SignatureKind, wanted: &Reference, signed: &Reference) -> &'static str {
    match kind {
        SignatureKind::Sigstore if signed.is_name_only() && signed.name() == wanted.name() => {
            "; payloads of this kind name a repository and no tag, unless the signer gives one (image-signature-verify(1), Signatures without a tag)"
        }
        _ => "",
    }
}

/// Why a signed reference is not held for an expected one, in words that are safe to print.
struct Unlike {
    difference: String,
    /// It is another one; else what it takes to know is not at hand.
    is_known: bool,
}

/// One expected identity against the signed reference. A digest in either must be the image's own, or that of a list that
/// the image was asked for by, which the rule by itself does not ask. Who expects one list does not get the image as another
/// one has it.
fn compare(expected: &Reference, signed: &Reference, subject: &Subject, rule: &Rule) -> Result<(), Unlike> {
    let unlike = |difference, is_known| Err(Unlike { difference, is_known });
    if !rule.matches(Some(expected), signed) {
        return unlike(rule.difference(expected, signed), true);
    }
    let named = expected.digest().filter(|digest| subject.has(digest) != Some(true));
    let mut lists: Vec<&NamingList> = subject.lists.iter().collect();
    if let Some(named) = named {
        lists.retain(|list| list.has(named));
    }
    let is_own = |digest: &Digest| subject.has(digest) == Some(true) || lists.iter().any(|list| list.has(digest));
    for reference in [expected, signed] {
        if reference.digest().is_some_and(|digest| !is_own(digest)) {
            let lists = subject.lists.iter();
            let lists: String = lists
                .map(|list| format!(", in the manifest list {}", list.digest()))
                .collect();
            let open = reference.digest().filter(|digest| subject.has(digest).is_none());
            let open = open
                .map(|digest| format!("; whether {digest} is its digest too takes its manifest, which is not at hand"));
            let is_known = open.is_none();
            return unlike(
                format!(
                    "the image itself is {}{lists}{}",
                    subject.digest,
                    open.unwrap_or_default()
                ),
                is_known,
            );
        }
    }
    Ok(())
}
