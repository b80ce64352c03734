// SPDX-License-Identifier: Apache-2.0
//! The conditions of a signature: which of those that stand recorded count, and the ones that take their place.

use serde_json::{json, Value};

use crate::text::{seconds, time};

/// The two types that this program writes, in the order in which the server wants them.
pub const KINDS: [&str; 2] = ["Trusted", "ForImage"];

/// One condition as it stands recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// `True`, `False`, `Unknown` or anything else that somebody wrote.
    pub status: String,
    /// The reason as a word in CamelCase.
    pub reason: String,
    /// The message, for people to read.
    pub message: String,
    /// When it was last looked at, as it is written; empty where it is not.
    pub last_probe: String,
    /// When the status last changed, as it is written; empty where it is not.
    pub last_transition: String,
}

/// The latest condition of a type: the last one that is not older than those before it, as the server chooses.
#[must_use]
pub fn latest(signature: &Value, kind: &str) -> Option<Condition> {
    let condition = latest_of(conditions(signature), kind)?;
    let text = |name: &str| condition[name].as_str().unwrap_or_default().to_owned();
    Some(Condition {
        status: text("status"),
        reason: text("reason"),
        message: text("message"),
        last_probe: text("lastProbeTime"),
        last_transition: text("lastTransitionTime"),
    })
}

/// The status of the latest condition of a type.
pub(super) fn status(signature: &Value, kind: &str) -> Option<String> {
    latest(signature, kind).map(|condition| condition.status)
}

/// Everything that stands recorded as a condition.
pub(super) fn conditions(signature: &Value) -> &[Value] {
    signature["conditions"].as_array().map_or(&[], Vec::as_slice)
}

fn latest_of<'c>(conditions: &'c [Value], kind: &str) -> Option<&'c Value> {
    let mut latest: Option<(Option<i64>, &Value)> = None;
    for condition in conditions.iter().filter(|c| c["type"] == kind) {
        // One without a time, or with something else in its place, is older than any that has one.
        let probed = condition["lastProbeTime"].as_str().and_then(seconds);
        if latest.is_none_or(|(newest, _)| probed >= newest) {
            latest = Some((probed, condition));
        }
    }
    latest.map(|(_, condition)| condition)
}

/// Conditions of other types than ours, as they are.
pub(super) fn others(signature: &Value) -> Vec<Value> {
    let ours = |c: &&Value| KINDS.iter().any(|kind| c["type"] == *kind);
    conditions(signature).iter().filter(|c| !ours(c)).cloned().collect()
}

/// `Trusted` and `ForImage` anew, then the conditions of other types.
pub(super) fn renewed(stored: &Value, statuses: [&str; 2], reason: &str, message: &str, now: i64) -> Value {
    let now = time(now);
    let mut conditions: Vec<Value> = KINDS
        .into_iter()
        .zip(statuses)
        .map(|(kind, status)| condition(stored, kind, status, reason, message, &now))
        .collect();
    conditions.extend(others(stored));
    Value::Array(conditions)
}

/// `Trusted` as it was, `ForImage` unknown with the same probe time, then the conditions of other types.
pub(super) fn for_image_unknown(stored: &Value, reason: &str, message: &str, now: i64) -> Value {
    let now = time(now);
    let unknown = |kind| condition(stored, kind, "Unknown", reason, message, &now);
    let trusted = match latest_of(conditions(stored), "Trusted") {
        Some(as_it_was) => as_it_was.clone(),
        None => unknown("Trusted"),
    };
    let mut for_image = unknown("ForImage");
    for_image["lastProbeTime"] = trusted["lastProbeTime"].clone();
    let mut conditions = vec![trusted, for_image];
    conditions.extend(others(stored));
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
