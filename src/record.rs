// SPDX-License-Identifier: Apache-2.0
//! From a verdict to what is recorded about a signature on its Image object, and back to nothing.
//!
//! The rules are a table: product contract, section 5. Name, type and content of a signature are never touched, no
//! signature is ever removed, and the shape is one that the API server accepts and does not panic on: `Trusted`, then
//! `ForImage`, one of each with the same probe time, then conditions of other types as they were.

pub mod edit;

use serde_json::{json, Map, Value};

use crate::reason::{Reason, Verdict};
use crate::reference::Reference;
use crate::text::{cut, safe, time};
use crate::verdict::{name_signer, Ended, ImageOutcome, SignatureOutcome, Step};

/// The members of a signature that hold what is recorded, in the order in which they are written.
pub const MEMBERS: [&str; 6] = [
    "conditions",
    "imageIdentity",
    "signedClaims",
    "created",
    "issuedBy",
    "issuedTo",
];

/// Those of them that say who signed what, without the conditions.
const FACTS: [&str; 5] = ["imageIdentity", "signedClaims", "created", "issuedBy", "issuedTo"];

/// Longest recorded message, in characters.
const MAX_MESSAGE: usize = 1024;

/// What becomes of one member.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// It is taken away.
    Remove,
    /// It gets this value.
    Set(Value),
}

/// What becomes of the record about one signature.
#[derive(Debug, Clone, PartialEq)]
pub enum Plan {
    /// Nothing is written: there is nothing to say, or nothing that may be said.
    Untouched,
    /// Nothing is written: what is recorded still holds.
    Kept,
    /// These members change.
    Write {
        /// By name; members that are not named stay as they are.
        changes: Vec<(&'static str, Change)>,
        /// The change in words, such as `Trusted: True -> False (UnknownKey)`.
        summary: String,
    },
}

/// What a record says besides the verdict.
#[derive(Debug, Clone)]
pub struct Context {
    /// Seconds since 1970.
    pub now: i64,
    /// Who verified, with a note where that is not sure: `alice`, `alice (local)`, `alice (unconfirmed)`.
    pub user: String,
    /// What was expected.
    pub expected: Vec<Reference>,
    /// Options other than the default that decided: `--identity-match`, `--trust-model`.
    pub options: Vec<String>,
}

/// One condition as it stands recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// `True`, `False`, `Unknown` or anything else that somebody wrote.
    pub status: String,
    /// Why, a word.
    pub reason: String,
    /// Why, a sentence.
    pub message: String,
    /// When it was last looked at, as it is written; empty where it is not.
    pub last_probe: String,
    /// When the status last changed, likewise.
    pub last_transition: String,
}

/// The latest condition of a type: the last one that is not older than those before it, as the server chooses.
#[must_use]
pub fn latest(signature: &Value, kind: &str) -> Option<Condition> {
    let mut latest: Option<Condition> = None;
    for condition in conditions(signature).iter().filter(|c| c["type"] == kind) {
        let text = |name: &str| condition[name].as_str().unwrap_or_default().to_owned();
        let condition = Condition {
            status: text("status"),
            reason: text("reason"),
            message: text("message"),
            last_probe: text("lastProbeTime"),
            last_transition: text("lastTransitionTime"),
        };
        // Times are RFC 3339 in UTC, so that their texts are in order; a missing one is the oldest.
        if latest.as_ref().is_none_or(|l| condition.last_probe >= l.last_probe) {
            latest = Some(condition);
        }
    }
    latest
}

fn conditions(signature: &Value) -> &[Value] {
    signature["conditions"].as_array().map_or(&[], Vec::as_slice)
}

/// Whether anything is recorded about who signed what.
#[must_use]
pub fn has_facts(signature: &Value) -> bool {
    FACTS
        .iter()
        .any(|name| signature.get(name).is_some_and(|value| !value.is_null()))
}

/// Works out what is recorded about a signature. `stored` is its entry in the object.
#[must_use]
pub fn plan(stored: &Value, outcome: &SignatureOutcome, image: &ImageOutcome, context: &Context) -> Plan {
    match (outcome.reason(), outcome.verdict()) {
        (_, Verdict::Unchecked | Verdict::Allowed | Verdict::Unsigned) => Plan::Untouched,
        (Reason::Verified, _) if image.reason() == Reason::Verified => verified(stored, outcome, context),
        (Reason::Verified, _) => {
            let message = format!("good, but the image is not verified: {}", image.message());
            negative(stored, image.reason(), &message, "True", context)
        }
        (Reason::LimitExceeded | Reason::MalformedImage, _) | (_, Verdict::Unsupported) => {
            not_checked(stored, outcome, context)
        }
        (Reason::IdentityMismatch, _) if still_holds(stored, outcome) => Plan::Kept,
        (reason, _) => {
            let for_image = match outcome.ended(Step::Digest) {
                Ended::Pass => "True",
                Ended::Fail => "False",
                Ended::Skip => "Unknown",
            };
            negative(stored, reason, outcome.message(), for_image, context)
        }
    }
}

/// Works out how everything that is recorded about a signature is forgotten.
#[must_use]
pub fn forget(stored: &Value, now: i64) -> Plan {
    let mut changes: Vec<(&'static str, Change)> = Vec::new();
    let others = other_conditions(stored);
    if !conditions(stored).is_empty() {
        // The server panics on a condition of an unknown type that stands alone.
        changes.push(if others.is_empty() {
            ("conditions", Change::Remove)
        } else if ["Trusted", "ForImage"]
            .iter()
            .all(|kind| status(stored, kind) == Some("Unknown".into()))
        {
            return forget_facts(stored, changes, "none");
        } else {
            let message = "the recorded verdict was removed";
            (
                "conditions",
                Change::Set(new_conditions(stored, ["Unknown", "Unknown"], "Removed", message, now)),
            )
        });
    } else if stored.get("conditions").is_some_and(|c| !c.is_null()) {
        changes.push(("conditions", Change::Remove));
    }
    forget_facts(stored, changes, "none")
}

fn forget_facts(stored: &Value, mut changes: Vec<(&'static str, Change)>, to: &str) -> Plan {
    changes.extend(removed_facts(stored));
    if changes.is_empty() {
        return Plan::Untouched;
    }
    Plan::Write {
        changes,
        summary: summary(stored, to, to, None),
    }
}

/// Everything holds.
fn verified(stored: &Value, outcome: &SignatureOutcome, context: &Context) -> Plan {
    let (Some(signer), Some(claim)) = (outcome.signer(), outcome.claim()) else {
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
    let matched: Vec<String> = outcome.matched().iter().map(ToString::to_string).collect();
    let message = format!("signed by {}, expected as {}", name_signer(signer), matched.join(", "));
    let message = sentence("verified", &message, context, false);
    let conditions = new_conditions(stored, ["True", "True"], Reason::Verified.word(), &message, context.now);
    let changes = vec![
        ("conditions", Change::Set(conditions)),
        ("imageIdentity", Change::Set(identity.into())),
        ("signedClaims", Change::Set(Value::Object(claims))),
        ("created", Change::Set(time(signer.created).into())),
        ("issuedBy", Change::Set(json!({"commonName": safe(&signer.user_id)}))),
        ("issuedTo", Change::Set(json!({"publicKeyID": signer.primary.as_str()}))),
    ];
    Plan::Write {
        changes,
        summary: summary(stored, "True", "True", Some(Reason::Verified)),
    }
}

/// Something does not hold: the record says what, and no longer who signed (`oc describe` calls that verified).
fn negative(stored: &Value, reason: Reason, message: &str, for_image: &str, context: &Context) -> Plan {
    let message = sentence("rejected", message, context, true);
    let conditions = new_conditions(stored, ["False", for_image], reason.word(), &message, context.now);
    let mut changes = vec![("conditions", Change::Set(conditions))];
    changes.extend(removed_facts(stored));
    Plan::Write {
        changes,
        summary: summary(stored, "False", for_image, Some(reason)),
    }
}

/// Nothing can be said about the signature, which must not leave an old "trusted" standing.
fn not_checked(stored: &Value, outcome: &SignatureOutcome, context: &Context) -> Plan {
    let trusted = status(stored, "Trusted");
    let for_image = status(stored, "ForImage");
    let mut changes: Vec<(&'static str, Change)> = Vec::new();
    let mut to = (trusted.clone(), for_image.clone());
    if trusted.as_deref() == Some("True") {
        let message = sentence("rejected", outcome.message(), context, true);
        let conditions = new_conditions(
            stored,
            ["False", "Unknown"],
            outcome.reason().word(),
            &message,
            context.now,
        );
        changes.push(("conditions", Change::Set(conditions)));
        to = (Some("False".into()), Some("Unknown".into()));
    } else if for_image.as_deref().is_some_and(|status| status != "Unknown") {
        changes.push((
            "conditions",
            Change::Set(for_image_unknown(stored, outcome.reason(), context.now)),
        ));
        to.1 = Some("Unknown".into());
    }
    changes.extend(removed_facts(stored));
    if changes.is_empty() {
        return Plan::Untouched;
    }
    let word = |status: Option<String>| status.map_or_else(|| "none".into(), |status| safe(&status));
    Plan::Write {
        changes,
        summary: summary(stored, &word(to.0), &word(to.1), Some(outcome.reason())),
    }
}

/// Whether a signature for another reference than the expected one is recorded as trusted for just the reference that
/// it is signed for, by the key that was found now: then another run of the same user has said so, and it still holds.
fn still_holds(stored: &Value, outcome: &SignatureOutcome) -> bool {
    let (Some(signer), Some(claim)) = (outcome.signer(), outcome.claim()) else {
        return false;
    };
    let signed = Reference::parse(&claim.reference).map(|reference| reference.to_string());
    status(stored, "Trusted").as_deref() == Some("True")
        && status(stored, "ForImage").as_deref() == Some("True")
        && signed.is_ok_and(|signed| stored["imageIdentity"] == signed.as_str())
        && stored["issuedTo"]["publicKeyID"] == signer.primary.as_str()
}

fn status(stored: &Value, kind: &str) -> Option<String> {
    latest(stored, kind).map(|condition| condition.status)
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

fn other_conditions(stored: &Value) -> Vec<Value> {
    let ours = |c: &&Value| c["type"] == "Trusted" || c["type"] == "ForImage";
    conditions(stored).iter().filter(|c| !ours(c)).cloned().collect()
}

/// `Trusted` and `ForImage` anew, then the conditions of other types.
fn new_conditions(stored: &Value, statuses: [&str; 2], reason: &str, message: &str, now: i64) -> Value {
    let now = time(now);
    let mut conditions: Vec<Value> = ["Trusted", "ForImage"]
        .into_iter()
        .zip(statuses)
        .map(|(kind, status)| condition(stored, kind, status, reason, message, &now))
        .collect();
    conditions.extend(other_conditions(stored));
    Value::Array(conditions)
}

fn condition(stored: &Value, kind: &str, status: &str, reason: &str, message: &str, now: &str) -> Value {
    // The time of the transition moves only with the status.
    let since = latest(stored, kind)
        .filter(|old| old.status == status && !old.last_transition.is_empty())
        .map_or_else(|| now.to_owned(), |old| old.last_transition);
    json!({
        "type": kind,
        "status": status,
        "lastProbeTime": now,
        "lastTransitionTime": since,
        "reason": reason,
        "message": message,
    })
}

/// `Trusted` as it was, `ForImage` unknown with the same probe time.
fn for_image_unknown(stored: &Value, reason: Reason, now: i64) -> Value {
    let mut conditions = Vec::new();
    let now = time(now);
    let old = latest(stored, "Trusted");
    let probe = match &old {
        Some(old) => {
            let as_it_was = self::conditions(stored)
                .iter()
                .rfind(|c| c["type"] == "Trusted" && c["lastProbeTime"].as_str().unwrap_or_default() == old.last_probe);
            conditions.extend(as_it_was.cloned());
            old.last_probe.clone()
        }
        None => {
            conditions.push(condition(stored, "Trusted", "Unknown", reason.word(), "", &now));
            now.clone()
        }
    };
    let mut for_image = condition(stored, "ForImage", "Unknown", reason.word(), "", &now);
    for_image["lastProbeTime"] = if probe.is_empty() { Value::Null } else { probe.into() };
    conditions.push(for_image);
    conditions.extend(other_conditions(stored));
    Value::Array(conditions)
}

/// Who found what, expecting what. The API shows such messages raw, so nothing in it may move a terminal.
fn sentence(what: &str, message: &str, context: &Context, with_expected: bool) -> String {
    let mut text = format!("{what} by {}: {message}", safe(&context.user));
    if with_expected && !context.expected.is_empty() {
        let expected: Vec<String> = context.expected.iter().map(ToString::to_string).collect();
        text.push_str(&format!("; expected as {}", expected.join(", ")));
    }
    for option in &context.options {
        text.push_str("; ");
        text.push_str(&safe(option));
    }
    // Its parts are safe already.
    cut(text, MAX_MESSAGE)
}

/// The change of both conditions in words.
fn summary(stored: &Value, trusted: &str, for_image: &str, reason: Option<Reason>) -> String {
    let from = |kind: &str| status(stored, kind).map_or_else(|| "none".to_owned(), |status| safe(&status));
    let reason = reason.map_or(String::new(), |reason| format!(" ({reason})"));
    format!(
        "Trusted: {} -> {trusted}{reason}, ForImage: {} -> {for_image}",
        from("Trusted"),
        from("ForImage")
    )
}
