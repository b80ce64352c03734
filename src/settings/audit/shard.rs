// SPDX-License-Identifier: Apache-2.0
//! What `--shard` asks for: one of several parts of the inventory.

use crate::audit::head::Shard;
use crate::settings::environment::Environment;
use crate::settings::UsageError;
use crate::text::{quoted, safe};

/// The variable in which a Kubernetes Indexed Job tells a pod its number, from 0.
const INDEX: &str = "JOB_COMPLETION_INDEX";

/// The part that `I/N` or `auto/N` names; the whole where nothing is given.
pub(super) fn shard(text: Option<&str>, environment: &Environment) -> Result<Shard, UsageError> {
    let Some(text) = text else {
        return Ok(Shard::WHOLE);
    };
    let wrong = |what: &str| Err(UsageError::new(format!("--shard {}: {what}", quoted(text))));
    let Some((index, count)) = text.split_once('/') else {
        return wrong("expected I/N, with I from 0 to N-1, or auto/N");
    };
    let Some(count) = number(count).filter(|count| *count > 0) else {
        return wrong("expected the number of parts, at least 1, after the slash");
    };
    let index = if index == "auto" {
        let Some(value) = environment.variable(INDEX) else {
            return wrong(&format!(
                "{INDEX} is not set; a Kubernetes Job with completionMode: Indexed sets it"
            ));
        };
        let value = value.to_string_lossy();
        match number(&value) {
            Some(index) => index,
            None => return wrong(&format!("{INDEX} is {}, not a number", safe(&value))),
        }
    } else {
        match number(index) {
            Some(index) => index,
            None => return wrong("expected the number of the part, from 0, or auto before the slash"),
        }
    };
    if index >= count {
        return wrong(&format!(
            "there is no part {index} of {count}: parts are counted from 0"
        ));
    }
    Ok(Shard { index, count })
}

/// A number in digits alone.
fn number(text: &str) -> Option<u32> {
    let is_number = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    is_number.then(|| text.parse().ok()).flatten()
}
