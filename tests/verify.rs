// SPDX-License-Identifier: Apache-2.0
//! `verify` and `inspect`: where images come from, what is expected of them, what is printed, how it ends.

#[path = "verify/damaged.rs"]
mod damaged;
#[path = "verify/directories.rs"]
mod directories;
#[path = "verify/endings.rs"]
mod endings;
#[path = "verify/explain.rs"]
mod explain;
#[path = "verify/files.rs"]
mod files;
#[path = "verify/folders.rs"]
mod folders;
#[path = "verify/handed.rs"]
mod handed;
#[path = "verify/help.rs"]
mod help;
#[path = "verify/identities.rs"]
mod identities;
#[path = "verify/inspect.rs"]
mod inspect;
#[path = "verify/kinds.rs"]
mod kinds;
#[path = "verify/kubectl.rs"]
mod kubectl;
#[path = "verify/limits.rs"]
mod limits;
#[path = "verify/lists.rs"]
mod lists;
#[path = "verify/memory.rs"]
mod memory;
#[path = "verify/mistaken.rs"]
mod mistaken;
#[path = "verify/names.rs"]
mod names;
#[path = "verify/narrowed.rs"]
mod narrowed;
#[path = "verify/other_scopes.rs"]
mod other_scopes;
#[path = "verify/output.rs"]
mod output;
#[path = "verify/pairing.rs"]
mod pairing;
#[path = "verify/parts.rs"]
mod parts;
#[path = "verify/policy.rs"]
mod policy;
#[path = "verify/policy_files.rs"]
mod policy_files;
#[path = "verify/policy_records.rs"]
mod policy_records;
#[path = "verify/policy_scopes.rs"]
mod policy_scopes;
#[path = "verify/reading.rs"]
mod reading;
#[path = "verify/requirements.rs"]
mod requirements;
#[path = "verify/schema1.rs"]
mod schema1;
#[path = "verify/sigstore.rs"]
mod sigstore;
#[path = "verify/sigstore_keys.rs"]
mod sigstore_keys;
#[path = "verify/strings.rs"]
mod strings;
#[path = "verify/tips.rs"]
mod tips;
#[path = "verify/unknown.rs"]
mod unknown;
#[path = "verify/unverified.rs"]
mod unverified;

pub use crate::support::desk::{Desk, IDENTITY, OTHER, OWNER};
use crate::support::program::word;
pub use crate::support::program::Outcome;

/// `Verdict/Reason` of each item.
pub fn words(outcome: &Outcome) -> Vec<String> {
    outcome.json()["items"].as_array().unwrap().iter().map(word).collect()
}
