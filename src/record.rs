// SPDX-License-Identifier: Apache-2.0
//! From a verdict to what is recorded about a signature on its Image object, and back to nothing.
//!
//! The rules are a table: docs/contract.md 5. Name, type and content of a signature are never touched, no
//! signature is ever removed, and the shape is one that the API server accepts and does not panic on: `Trusted`, then
//! `ForImage`, one of each with the same probe time, then conditions of other types as they were.

pub(crate) mod condition;
mod context;
mod grounds;
mod words;

use serde_json::{json, Map, Value};

use self::condition::{conditions, for_image_unknown, others, renewed, status};
pub use self::words::changes;
use crate::edit::Change;
use crate::limits::CLOCK_SKEW;
use crate::reason::{Reason, Refusal, Verdict};
use crate::reference::Reference;
use crate::subject::SignatureKind;
use crate::text::{safe, time};
use crate::verdict::{Ended, ImageOutcome, SignatureOutcome, Signer, Step};
pub use condition::{latest, Condition};
pub use context::Context;
pub(crate) use grounds::{required_by, Grounds};

/// Those of them that say who signed what, without the conditions.
const FACTS: [&str; 5] = ["imageIdentity", "signedClaims", "created", "issuedBy", "issuedTo"];

/// What becomes of the record about one signature.
#[derive(Debug, Clone, PartialEq)]
pub enum Plan {
    /// Nothing is written: there is nothing to say, or nothing that may be said.
    Untouched,
    /// Nothing is written: what is recorded still holds.
    Kept,
    /// It should be written and must not be, for the reason given.
    Withheld(String),
    /// These members of a condition change.
    Write {
        /// By name; members that are not named stay as they are.
        changes: Vec<(&'static str, Change)>,
        /// What changes about status or reason, such as `Trusted: True -> False (UnknownKey)`; `None` where only
        /// times, messages or facts do.
        summary: Option<String>,
    },
}

/// Whether anything is recorded about who signed what.
#[must_use]
pub(crate) fn has_facts(signature: &Value) -> bool {
    FACTS
        .iter()
        .any(|name| signature.get(name).is_some_and(|value| !value.is_null()))
}

/// Works out what is recorded about a signature. `stored` is its entry in the object.
#[must_use]
pub fn plan(stored: &Value, outcome: &SignatureOutcome, image: &ImageOutcome, context: &Context) -> Plan {
    // Of a sigstore signature nothing is ever recorded: the API has no place for it.
    if outcome.spares_record() || outcome.kind() == SignatureKind::Sigstore {
        return Plan::Untouched;
    }
    let plan = match (outcome.reason(), outcome.verdict()) {
        (_, Verdict::Unchecked | Verdict::Allowed | Verdict::Unsigned) => Plan::Untouched,
        (Reason::Verified, _) => passed(stored, outcome, image, context),
        (Reason::LimitExceeded | Reason::MalformedImage, _) | (_, Verdict::Unsupported) => {
            not_checked(stored, outcome, context)
        }
        (Reason::IdentityMismatch, _) if still_holds(stored, outcome) => match image.tally_as_signed(outcome) {
            None if outcome.is_missed_by_identity() => Plan::Kept,
            Some(tally) if tally.is_open() => Plan::Untouched,
            // The reference that it is signed for was asked for, or its key is not accepted, so that it holds no longer.
            _ => rejected(stored, outcome, context),
        },
        _ => rejected(stored, outcome, context),
    };
    match withheld(stored, &plan, outcome, image, context) {
        Some(why) => Plan::Withheld(why),
        None => plan,
    }
}

/// Whether a plan takes back a record of trust.
#[must_use]
pub(crate) fn takes_back(stored: &Value, plan: &Plan) -> bool {
    let Plan::Write { changes, .. } = plan else {
        return false;
    };
    // Whatever is written says anew whether the signature is trusted.
    let is_true = |value: &Value| status(value, "Trusted").as_deref() == Some("True");
    let new = changes.iter().find(|(name, _)| *name == "conditions");
    let keeps = |change: &Change| matches!(change, Change::Set(value) if is_true(&json!({"conditions": value})));
    is_true(stored) && new.is_some_and(|(_, change)| !keeps(change))
}

/// A signature that passed all steps. It is trusted only for an identity that enough keys signed for.
fn passed(stored: &Value, outcome: &SignatureOutcome, image: &ImageOutcome, context: &Context) -> Plan {
    let reached = image.reached(outcome);
    if !reached.is_empty() {
        return verified(stored, outcome, &reached, image, context);
    }
    match unreached(outcome, image) {
        Some(refusal) => negative(stored, outcome, refusal.reason, &refusal.message, "True", context),
        // Another signature could not be checked: with it there may be enough of them.
        None => Plan::Untouched,
    }
}

/// Why a signature that passed all steps is not trusted: the image is known not to be what any identity that the signature
/// is for requires. Nothing where it is that, or where what is not known may make it so.
#[must_use]
pub(crate) fn unreached(outcome: &SignatureOutcome, image: &ImageOutcome) -> Option<Refusal> {
    if !image.reached(outcome).is_empty() {
        return None;
    }
    let reason = match image.verdict() {
        // Verified for another identity than those that this signature is for.
        Verdict::Verified => Reason::ThresholdNotReached,
        Verdict::Rejected => image.reason(),
        Verdict::Unchecked | Verdict::Allowed | Verdict::Unsigned | Verdict::Unsupported => return None,
    };
    let message = match reason {
        Reason::ThresholdNotReached => format!("good, but {}", image.shortfall(outcome)),
        _ => format!("good, but the image is rejected: {}", image.message()),
    };
    Some(Refusal::new(reason, message))
}

/// Why a record that is true must not be taken back now: our clock differs from the server's, and it is a time that the
/// signature, or another one that it needs, fails for.
fn withheld(
    stored: &Value,
    plan: &Plan,
    outcome: &SignatureOutcome,
    image: &ImageOutcome,
    context: &Context,
) -> Option<String> {
    let skew = context.clock_skew.filter(|skew| skew.abs() > CLOCK_SKEW)?;
    let takes_back = matches!(plan, Plan::Write { .. })
        && status(stored, "Trusted").as_deref() == Some("True")
        && image.reached(outcome).is_empty();
    let of_time = match outcome.reason() {
        Reason::Verified => image.signatures().iter().any(|other| other.reason().is_of_time()),
        reason => reason.is_of_time(),
    };
    let direction = if skew > 0 { "ahead of" } else { "behind" };
    (takes_back && of_time).then(|| {
        format!(
            "its record stays: the clock of this machine is {} s {direction} that of the server, and the signature is rejected for a reason of time; set the clock and run the command again",
            skew.abs()
        )
    })
}

/// Works out how everything that is recorded about a signature is forgotten.
#[must_use]
pub fn forget(stored: &Value, now: i64) -> Plan {
    let mut changes: Vec<(&'static str, Change)> = Vec::new();
    if !conditions(stored).is_empty() {
        let is_forgotten = condition::KINDS
            .iter()
            .all(|kind| status(stored, kind).as_deref() == Some("Unknown"));
        // The server panics on a condition of an unknown type that stands alone.
        if others(stored).is_empty() {
            changes.push(("conditions", Change::Remove));
        } else if !is_forgotten {
            let message = "the recorded verdict was removed";
            let unknown = renewed(stored, ["Unknown", "Unknown"], "Removed", message, now);
            changes.push(("conditions", Change::Set(unknown)));
        }
    } else if stored.get("conditions").is_some_and(|c| !c.is_null()) {
        changes.push(("conditions", Change::Remove));
    }
    write(stored, changes)
}

/// These changes and the removal of every fact.
fn write(stored: &Value, mut changes: Vec<(&'static str, Change)>) -> Plan {
    changes.extend(removed_facts(stored));
    if changes.is_empty() {
        return Plan::Untouched;
    }
    let summary = words::changes(stored, &changes);
    Plan::Write { changes, summary }
}

/// Everything holds, for the identities in `reached`.
fn verified(
    stored: &Value,
    outcome: &SignatureOutcome,
    reached: &[&Reference],
    image: &ImageOutcome,
    context: &Context,
) -> Plan {
    let (Some(signer), Some(claim)) = (outcome.signer().and_then(Signer::gpg), outcome.claim()) else {
        return Plan::Untouched;
    };
    // Canonical: two spellings of one reference are one identity.
    let identity = Reference::parse(&claim.reference).map_or_else(|_| claim.reference.clone(), |r| r.to_string());
    let mut claims = Map::new();
    let mut put = |path: &str, value: String| claims.insert(path.into(), safe(&value).into());
    put("critical.identity.docker-reference", claim.reference.clone());
    put("critical.image.docker-manifest-digest", claim.digest.to_string());
    if let Some(creator) = &claim.creator {
        put("optional.creator", creator.clone());
    }
    if let Some(timestamp) = claim.timestamp {
        put("optional.timestamp", timestamp.to_string());
    }
    let message = words::verified(outcome, reached, image, context);
    let conditions = renewed(stored, ["True", "True"], Reason::Verified.word(), &message, context.now);
    let changes = vec![
        ("conditions", Change::Set(conditions)),
        ("imageIdentity", Change::Set(identity.into())),
        ("signedClaims", Change::Set(Value::Object(claims))),
        ("created", Change::Set(time(signer.created).into())),
        ("issuedBy", Change::Set(json!({"commonName": safe(&signer.user_id)}))),
        ("issuedTo", Change::Set(json!({"publicKeyID": signer.primary.as_str()}))),
    ];
    let summary = words::changes(stored, &changes);
    Plan::Write { changes, summary }
}

/// A signature that did not pass a step.
fn rejected(stored: &Value, outcome: &SignatureOutcome, context: &Context) -> Plan {
    let for_image = match outcome.ended(Step::Digest) {
        Ended::Pass => "True",
        Ended::Fail => "False",
        Ended::Skip => "Unknown",
    };
    negative(stored, outcome, outcome.reason(), outcome.message(), for_image, context)
}

/// Something does not hold: the record says what, and no longer who signed (`oc describe` calls that verified).
fn negative(
    stored: &Value,
    outcome: &SignatureOutcome,
    reason: Reason,
    message: &str,
    for_image: &str,
    context: &Context,
) -> Plan {
    let message = words::rejected(outcome, message, context);
    let conditions = renewed(stored, ["False", for_image], reason.word(), &message, context.now);
    write(stored, vec![("conditions", Change::Set(conditions))])
}

/// Nothing can be said about the signature, which must not leave an old "trusted" standing.
fn not_checked(stored: &Value, outcome: &SignatureOutcome, context: &Context) -> Plan {
    let reason = outcome.reason().word();
    let message = words::rejected(outcome, outcome.message(), context);
    let mut changes: Vec<(&'static str, Change)> = Vec::new();
    if status(stored, "Trusted").as_deref() == Some("True") {
        let conditions = renewed(stored, ["False", "Unknown"], reason, &message, context.now);
        changes.push(("conditions", Change::Set(conditions)));
    } else if status(stored, "ForImage").is_some_and(|status| status != "Unknown") {
        let conditions = for_image_unknown(stored, reason, &message, context.now);
        changes.push(("conditions", Change::Set(conditions)));
    }
    write(stored, changes)
}

/// Whether a signature for another reference than the expected one is recorded as trusted for just the reference that
/// it is signed for, by the key that was found now: then another run of the same user has said so, and it still holds.
fn still_holds(stored: &Value, outcome: &SignatureOutcome) -> bool {
    let (Some(signer), Some(claim)) = (outcome.signer().and_then(Signer::gpg), outcome.claim()) else {
        return false;
    };
    let signed = Reference::parse(&claim.reference).map(|reference| reference.to_string());
    let is_true = |kind| status(stored, kind).as_deref() == Some("True");
    condition::KINDS.into_iter().all(is_true)
        && signed.is_ok_and(|signed| stored["imageIdentity"] == signed.as_str())
        && stored["issuedTo"]["publicKeyID"] == signer.primary.as_str()
}

/// The facts that are set, as changes that remove them. `null` counts as not set.
fn removed_facts(stored: &Value) -> Vec<(&'static str, Change)> {
    let is_set = |name: &&str| stored.get(*name).is_some_and(|value| !value.is_null());
    FACTS
        .into_iter()
        .filter(is_set)
        .map(|name| (name, Change::Remove))
        .collect()
}
