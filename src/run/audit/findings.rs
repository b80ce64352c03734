// SPDX-License-Identifier: Apache-2.0
//! What there is to know about an image besides its verdict: records that do not hold, damage, keys that expire.

use serde_json::Value;

use super::judged::Judged;
use crate::audit::entry::{AuditFinding, Entry, FindingKind, UseKind};
use crate::reason::{Reason, Verdict};
use crate::record::{latest, unreached};
use crate::reference::Reference;
use crate::report::description::SignatureDescription;
use crate::settings::audit::Audit;
use crate::source::objects::Loaded;
use crate::text::{safe, time};
use crate::verdict::{Footing, ImageOutcome, SignatureOutcome, Signer};

/// Length of a key ID in hexadecimal digits.
const KEY_ID: usize = 16;

/// Adds what does not hold, is damaged or contradicts itself on the object of an image.
pub(super) fn of_object(loaded: &Loaded, judged: &Judged, entry: &mut Entry) {
    let outcome = &judged.first;
    // What is wrong with a signature is told of that signature, without what it is to be signed by.
    let damaged = loaded
        .image
        .signatures
        .iter()
        .filter_map(|own| own.content.as_ref().err());
    let is_of_signature = damaged
        .into_iter()
        .any(|damage| outcome.message().starts_with(&damage.message));
    if outcome.reason() == Reason::MalformedImage && !is_of_signature {
        add(entry, FindingKind::Damaged, outcome.message().to_owned());
    }
    let damages = loaded.image.signatures.iter().map(|own| own.content.as_ref().err());
    for ((index, damage), signature) in damages.enumerate().zip(outcome.signatures()) {
        let stored = &loaded.object["signatures"][index];
        let name = name(signature.name(), index);
        if let Some(damage) = damage.filter(|damage| damage.reason == Reason::MalformedImage) {
            let message = format!("{}; the server may refuse every change of this image", damage.message);
            add(entry, FindingKind::Damaged, message);
        }
        for what in SignatureDescription::of(stored, None).contradictions() {
            add(entry, FindingKind::Contradictory, format!("{name}: {what}"));
        }
        // A record of trust holds for what it names, whatever else is expected of the image now.
        let what = match judged.as_recorded.of(stored, index, outcome) {
            Some(recorded) => recorded.own.and_then(|own| stale(stored, own, recorded.image)),
            None => stale(stored, signature, outcome),
        };
        if let Some(what) = what {
            add(entry, FindingKind::Stale, format!("{name}: {what}"));
        }
    }
}

/// Adds where a release payload is signed as another version than the cluster calls it.
pub(super) fn of_release(outcome: &ImageOutcome, entry: &mut Entry) {
    let versions: Vec<String> = entry
        .uses
        .iter()
        // Components have a version of their own.
        .filter(|by| by.kind == UseKind::Release && !by.is_component())
        .map(|by| by.name.clone())
        .collect();
    let verified = outcome
        .signatures()
        .iter()
        .filter(|own| own.verdict() == Verdict::Verified);
    let claims = verified.filter_map(SignatureOutcome::claim);
    let mut tags: Vec<String> = claims
        .filter_map(|claim| Some(Reference::parse(&claim.reference).ok()?.tag()?.to_owned()))
        .collect();
    tags.sort_unstable();
    tags.dedup();
    for version in versions {
        // The tag of a payload is its version and an architecture.
        let of_version = |tag: &&String| tag.strip_prefix(&version).is_some_and(|rest| rest.starts_with('-'));
        for tag in tags.iter().filter(|tag| !of_version(tag)) {
            let message = format!(
                "the cluster calls it release {}, and it is signed as {}",
                safe(&version),
                safe(tag)
            );
            add(entry, FindingKind::Contradictory, message);
        }
    }
}

/// Adds what follows from the entry itself, and keeps it within its bounds.
pub(super) fn finish(mut entry: Entry, footing: Option<&Footing>, settings: &Audit) -> Entry {
    if entry.is_in_use() && entry.verdict == Verdict::Unsigned {
        let message = "it is in use and has no signature".to_owned();
        add(&mut entry, FindingKind::UnsignedInUse, message);
    }
    let until = footing.and_then(|footing| footing.until);
    if let Some(until) = until.filter(|until| *until - settings.now < settings.reporting.warn_expiry) {
        let message = format!(
            "after {}, too few of its signing keys are valid; have it signed with other keys, or extend these",
            time(until)
        );
        add(&mut entry, FindingKind::Expiring, message);
    }
    entry.bounded()
}

fn add(entry: &mut Entry, kind: FindingKind, message: String) {
    entry.findings.push(AuditFinding {
        kind,
        message,
        command: None,
    });
}

/// A signature as findings name it; safe to print.
pub(super) fn name(name: &str, index: usize) -> String {
    match name {
        "" => format!("signature {} (without a name)", index + 1),
        name => safe(name),
    }
}

/// Why what is recorded about a signature does not hold, if it does not. What could not be judged now says nothing.
fn stale(stored: &Value, signature: &SignatureOutcome, image: &ImageOutcome) -> Option<String> {
    let trusted = latest(stored, "Trusted")?;
    if matches!(signature.verdict(), Verdict::Unchecked | Verdict::Allowed) || signature.spares_record() {
        return None;
    }
    let is_verified = signature.verdict() == Verdict::Verified;
    match trusted.status.as_str() {
        // It is recorded for what it is signed for, whatever is expected of the image now.
        "True" if signature.reason() == Reason::IdentityMismatch => of_another(stored, signature),
        "True" if !is_verified => Some(format!(
            "it is recorded as trusted, and it is {} now: {}: {}",
            signature.verdict(),
            signature.reason(),
            signature.message()
        )),
        "True" => of_another(stored, signature).or_else(|| {
            let refusal = unreached(signature, image)?;
            Some(format!(
                "it is recorded as trusted, and it does not hold now: {}: {}",
                refusal.reason, refusal.message
            ))
        }),
        "False" if is_verified && !image.reached(signature).is_empty() => Some(format!(
            "it is recorded as not trusted ({}), and it is Verified now",
            safe(&trusted.reason)
        )),
        _ => None,
    }
}

/// What a record of a verified signature says about signer and identity that the signature does not.
fn of_another(stored: &Value, signature: &SignatureOutcome) -> Option<String> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let signed = signature.claim().map(|claim| {
        Reference::parse(&claim.reference).map_or_else(|_| claim.reference.clone(), |reference| reference.to_string())
    })?;
    let identity = text(&stored["imageIdentity"]);
    if identity != signed {
        return Some(format!(
            "it is recorded as trusted for {}, and it is signed for {}",
            if identity.is_empty() {
                "nothing".to_owned()
            } else {
                safe(&identity)
            },
            safe(&signed)
        ));
    }
    let signer = signature.signer().and_then(Signer::gpg)?;
    let key = text(&stored["issuedTo"]["publicKeyID"]);
    let is_signer = is_named(&key, signer.primary.as_str()) || is_named(&key, signer.fingerprint.as_str());
    (!is_signer).then(|| {
        format!(
            "it is recorded as trusted by key {}, and it is made by key {}",
            if key.is_empty() {
                "(none)".to_owned()
            } else {
                safe(&key)
            },
            signer.primary
        )
    })
}

/// Whether a recorded key is the one with this fingerprint. Others record key IDs, the last 16 digits of it; what is shorter
/// names no key.
fn is_named(recorded: &str, fingerprint: &str) -> bool {
    let recorded = recorded.to_ascii_uppercase();
    recorded == fingerprint || recorded.len() == KEY_ID && fingerprint.ends_with(&recorded)
}
