// SPDX-License-Identifier: Apache-2.0
//! What text output says of the signatures of an image, beyond what it says of the image.

use std::collections::BTreeSet;
use std::io::{self, Write};

use super::appearance::verdict_text;
use super::image::ImageReport;
use super::wrap::{self, keep_together};
use crate::limits::MAX_SIGNATURES;
use crate::reason::{Reason, Verdict};
use crate::reference::Reference;
use crate::source::registry::signatures::places;
use crate::subject::{Answer, SignatureKind, SourceAnswer};
use crate::text::{safe, time};
use crate::verdict::{ImageOutcome, SignatureOutcome, Signer};

/// Most references that are named of signatures which are for another one.
const MAX_OTHERS: usize = 8;

/// The keys that an image's outcome is about, one for each primary key: those that verify it, else the one whose
/// signature got furthest.
pub(super) fn signers(outcome: &ImageOutcome) -> Vec<&Signer> {
    let mut seen = BTreeSet::new();
    outcome
        .signatures()
        .iter()
        .filter(|signature| match outcome.verdict() {
            Verdict::Verified => signature.verdict() == Verdict::Verified && !outcome.reached(signature).is_empty(),
            _ => is_the_images(outcome, signature),
        })
        .filter_map(SignatureOutcome::signer)
        .filter(|signer| seen.insert(signer.id()))
        .collect()
}

/// The keys that an image is reported with: its own, or those of the instances by which a list is verified, each once.
pub(super) fn makers(report: &ImageReport) -> Vec<&Signer> {
    let own = signers(&report.outcome);
    match &report.registry {
        Some(registry) if own.is_empty() && report.outcome.verdict() == Verdict::Verified => {
            let of_instances = registry.instances.iter().map(|instance| signers(&instance.outcome));
            let mut seen = BTreeSet::new();
            of_instances
                .flatten()
                .filter(|signer| seen.insert(signer.id()))
                .collect()
        }
        _ => own,
    }
}

/// The references in the signatures that verify an image for an expected identity, each once and safe to print.
pub(super) fn references(outcome: &ImageOutcome, identity: &Reference) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let own = outcome.signatures().iter();
    let own =
        own.filter(|signature| signature.verdict() == Verdict::Verified && signature.matched().contains(identity));
    for claim in own.filter_map(SignatureOutcome::claim) {
        let reference = safe(&claim.reference);
        if found.len() < MAX_OTHERS && !found.contains(&reference) {
            found.push(reference);
        }
    }
    found
}

/// The scopes of a policy that decided, each once: of a Verified image those of the identities that it is Verified for.
pub(super) fn scopes(outcome: &ImageOutcome) -> Vec<&str> {
    // None of them where the instances of a list are Verified for different ones.
    let matched = outcome.matched();
    let mut scopes: Vec<&str> = Vec::new();
    for tally in outcome.tallies() {
        let has_decided = matched.is_empty() || matched.contains(&tally.identity);
        if let Some(scope) = tally.scope.as_deref().filter(|_| has_decided) {
            if !scopes.contains(&scope) {
                scopes.push(scope);
            }
        }
    }
    scopes
}

/// The owners of all keys that are named, as they are printed.
pub(super) fn owners(outcome: &ImageOutcome) -> Vec<String> {
    let signers = outcome.signatures().iter().filter_map(SignatureOutcome::signer);
    signers.map(|signer| safe(&signer.owner())).collect()
}

/// Whether an outcome is the one that the image has from it.
fn is_the_images(outcome: &ImageOutcome, signature: &SignatureOutcome) -> bool {
    (signature.reason(), signature.message()) == (outcome.reason(), outcome.message())
}

/// Why an image is not Verified. The places that have no signature stand below, and are not named twice.
pub(super) fn message(report: &ImageReport) -> String {
    let message = report.outcome.message();
    match report.outcome.reason() {
        Reason::NoSignature if !report.sources.is_empty() => {
            let is_unasked = report.sources.iter().any(|source| source.answer == Answer::NotAsked);
            let below = match is_unasked {
                true => "any of the places below that were asked",
                false => "any of the places below",
            };
            message.replace(&places(&report.sources), below)
        }
        _ => message.to_owned(),
    }
}

/// The one signature of an image whose message is about the blob itself, and does not name it.
pub(super) fn damaged(outcome: &ImageOutcome) -> Option<&SignatureOutcome> {
    let [signature] = outcome.signatures() else { return None };
    let is_of_blob = matches!(
        signature.reason(),
        Reason::NotASignature
            | Reason::MultipleSignatures
            | Reason::MalformedPayload
            | Reason::UnsupportedSignature
            | Reason::BadSignature
    );
    (is_of_blob && is_said(outcome, signature)).then_some(signature)
}

/// Whether the lines about the image say it all.
pub(super) fn is_said(outcome: &ImageOutcome, signature: &SignatureOutcome) -> bool {
    match (outcome.verdict(), signature.verdict()) {
        (Verdict::Verified, Verdict::Verified) => !outcome.reached(signature).is_empty(),
        (Verdict::Verified, _) => false,
        _ => outcome.signatures().len() == 1 && is_the_images(outcome, signature),
    }
}

/// Whether a signature of a verified image is good, for a reference that the image is not expected to be.
fn is_for_another(outcome: &ImageOutcome, signature: &SignatureOutcome) -> bool {
    outcome.verdict() == Verdict::Verified
        && signature.reason() == Reason::IdentityMismatch
        && signature.is_missed_by_identity()
        && outcome.tally_as_signed(signature).is_none()
}

/// Writes what is left to say of the signatures.
///
/// # Errors
/// When writing fails.
pub(super) fn write(
    out: &mut dyn Write,
    report: &ImageReport,
    wide: bool,
    margin: usize,
    width: usize,
) -> io::Result<()> {
    let outcome = &report.outcome;
    let owners = owners(outcome);
    // Where all is well, nobody needs to know where nothing was found.
    let matters = |source: &&SourceAnswer| {
        let is_found_with_note = source.answer == Answer::Found && source.note.is_some();
        // Nor where something was found that decides, and the place not asked could not have anything to add.
        let is_wanted = outcome.kinds().contains(&SignatureKind::Sigstore);
        let is_unasked = outcome.verdict() == Verdict::Rejected && source.answer == Answer::NotAsked && !is_wanted;
        wide || outcome.verdict() != Verdict::Verified && !is_unasked || is_found_with_note
    };
    let sources = report.sources.iter().filter(matters);
    let sources: Vec<String> = sources.map(|own| source_below(own, outcome.message())).collect();
    let mut line = |indent: usize, text: &str| {
        let text = keep_together(text, owners.iter().map(String::as_str));
        write!(out, "{:indent$}", "")?;
        wrap::write(out, &text, indent, indent + 4, width)
    };
    let mut others: Vec<String> = Vec::new();
    let mut groups: Vec<(String, &SignatureOutcome, usize)> = Vec::new();
    for signature in outcome.signatures() {
        if !wide && is_for_another(outcome, signature) {
            others.extend(signature.claim().map(|claim| safe(&claim.reference)));
        } else if wide || !is_said(outcome, signature) {
            let text = said_of(outcome, signature);
            match groups.last_mut() {
                Some((last, _, more)) if !wide && *last == text => *more += 1,
                _ => groups.push((text, signature, 0)),
            }
        }
    }
    // Those at the source may have the other kind, and do not count.
    let place = if report.is_at_a_mirror() { " at the mirror" } else { "" };
    if let Some(text) = outcome.by_kind(place) {
        line(margin, &text)?;
    }
    for source in sources {
        line(margin, &format!("source {source}"))?;
    }
    for (text, signature, more) in groups {
        let more = match more {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        line(margin, &format!("signature {}{more}: {text}", name(signature)))?;
        if wide {
            details(signature, &mut |text| line(margin + 2, text))?;
        }
    }
    others.sort();
    others.dedup();
    let count = outcome
        .signatures()
        .iter()
        .filter(|signature| !wide && is_for_another(outcome, signature))
        .count();
    let rest = if others.len() > MAX_OTHERS { ", ..." } else { "" };
    others.truncate(MAX_OTHERS);
    let shown = others.join(", ");
    match count {
        0 => Ok(()),
        1 => line(
            margin,
            &format!("1 more signature is good, but for another reference: {shown}"),
        ),
        _ => line(
            margin,
            &format!("{count} more signatures are good, but for other references: {shown}{rest}"),
        ),
    }
}

/// A place that was asked for signatures, and what it answered.
#[must_use]
pub fn source(source: &SourceAnswer) -> String {
    source_below(source, "")
}

/// The same below a message, which may say already what the trouble is.
fn source_below(source: &SourceAnswer, said: &str) -> String {
    let location = safe(&source.location);
    let answer = match (&source.answer, source.signatures) {
        (Answer::NotAsked, _) => "not asked".to_owned(),
        (answer, count) => match answer.trouble() {
            None => counted(count),
            Some(trouble) if said.contains(&trouble.message) => "unknown (see above)".to_owned(),
            // Where it is stands before it.
            Some(trouble) => {
                let before = format!("{}: ", safe(&source.location));
                trouble
                    .message
                    .strip_prefix(&before)
                    .unwrap_or(&trouble.message)
                    .to_owned()
            }
        },
    };
    // What is asked is named once, and so is the beginning of a URL below it.
    let own = answer.strip_prefix(location.as_str());
    let own = own.and_then(|rest| rest.strip_prefix(": ").or_else(|| rest.strip_prefix('/')));
    let answer = own.unwrap_or(&answer);
    let note = source.note.as_ref().map(|note| format!("; {note}"));
    let note = note.unwrap_or_default();
    format!("{} {location}: {answer}{note}", source.kind.word())
}

fn counted(signatures: usize) -> String {
    match signatures {
        0 => "no signature".to_owned(),
        1 => "1 signature".to_owned(),
        count => format!("{count} signatures"),
    }
}

/// The outcome of a signature, without what is said of the image already.
fn said_of(outcome: &ImageOutcome, signature: &SignatureOutcome) -> String {
    if outcome.verdict() == Verdict::Verified && is_said(outcome, signature) {
        return signature.verdict().to_string();
    }
    if signature.is_left_out() {
        return verdict_text(
            signature.reason(),
            &format!("only {MAX_SIGNATURES} of an image are judged"),
        );
    }
    if outcome.verdict() != Verdict::Verified && is_the_images(outcome, signature) {
        return format!("{}: {}", signature.verdict(), signature.reason());
    }
    verdict_text(signature.reason(), signature.message())
}

/// The part of a signature's name that tells it from the others of its image.
pub(super) fn name(signature: &SignatureOutcome) -> String {
    let name = signature.name();
    match name.split_once('@').map_or(name, |(_, own)| own) {
        "" => "(without a name)".to_owned(),
        own => safe(own),
    }
}

/// What `-o wide` adds.
fn details(signature: &SignatureOutcome, line: &mut dyn FnMut(&str) -> io::Result<()>) -> io::Result<()> {
    if let Some(Signer::Sigstore(signer)) = signature.signer() {
        line(&format!("key sha256:{}, {}", signer.id, signer.key_algorithm))?;
    }
    if let Some(Signer::Gpg(signer)) = signature.signer() {
        line(&format!(
            "key {}, {}, {}, made {}, validity {}",
            signer.fingerprint,
            signer.key_algorithm,
            signer.hash_algorithm,
            time(signer.created),
            super::validity::validity_word(signer.validity)
        ))?;
    }
    if let Some(claim) = signature.claim() {
        let mut text = format!("signed for {} as {}", claim.digest, safe(&claim.reference));
        if let Some(creator) = &claim.creator {
            text.push_str(&format!(", by {}", safe(creator)));
        }
        if let Some(timestamp) = claim.timestamp {
            text.push_str(&format!(", claimed time {}", time(timestamp)));
        }
        line(&text)?;
    }
    Ok(())
}
