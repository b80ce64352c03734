// SPDX-License-Identifier: Apache-2.0
//! The policy that decides which keys are accepted for which image.

use std::path::{Path, PathBuf};

use super::containers::Containers;
use super::demands::Demands;
use super::environment::Environment;
use super::UsageError;
use crate::cli::acceptance::AcceptanceOptions;
use crate::files::read::read_bounded;
use crate::policy::combined::Combined;
use crate::policy::file::PolicyFile;
use crate::policy::{Policy, MAX_POLICY_BYTES};
use crate::text::safe;

/// A policy, and what GnuPG needs.
#[derive(Debug, Clone)]
pub struct ByPolicy {
    /// What it is called in messages; safe to print.
    pub name: String,
    /// The policy.
    pub policy: Policy,
    /// What a user should know of it; safe to print.
    pub notes: Vec<String>,
    /// It is made of API objects alone, so that its `default` is nobody's.
    pub is_objects_alone: bool,
    /// Where temporary keyrings may stand.
    pub places: Vec<PathBuf>,
    /// Our user ID, to know left-overs of our own.
    pub uid: u32,
    /// The time by which keys and signatures are judged, in seconds since 1970.
    pub now: i64,
}

impl ByPolicy {
    /// The policy that the options name, if they name one.
    ///
    /// # Errors
    /// When it cannot be read or breaks a rule of its format, or options contradict each other.
    pub fn new(
        options: &AcceptanceOptions,
        demands: Demands<'_>,
        environment: &Environment,
    ) -> Result<Option<Self>, UsageError> {
        let (flag, file) = match (&options.policy, options.system_policy) {
            (None, false) => return Ok(None),
            (Some(_), true) => {
                return Err(UsageError::new(
                    "--policy cannot be used with --system-policy: one policy decides",
                ))
            }
            (Some(file), false) => ("--policy", file.clone()),
            (None, true) => ("--system-policy", system_policy(environment)?),
        };
        refuse_others(options, demands, flag)?;
        read(&file, demands.namespace, environment).map(Some)
    }
}

/// A policy decides on keys, identity rule and threshold; options that do so too would say something else.
fn refuse_others(options: &AcceptanceOptions, demands: Demands<'_>, flag: &str) -> Result<(), UsageError> {
    let keys = &options.keys;
    let others = [
        (!keys.public_key.is_empty(), "--public-key"),
        (keys.homedir.is_some(), "--homedir"),
        (keys.trust_model.is_some(), "--trust-model"),
        (!keys.signed_by.is_empty(), "--signed-by"),
        (!options.sigstore_key.is_empty(), "--sigstore-key"),
        (demands.require.is_some(), "--require"),
        (demands.identity_match.is_some(), "--identity-match"),
    ];
    match others.into_iter().find(|(given, _)| *given) {
        Some((_, other)) => Err(UsageError::new(format!(
            "{other} cannot be used with {flag}: the policy decides on keys, their number and the identity rule"
        ))),
        None => Ok(()),
    }
}

fn read(file: &Path, namespace: Option<&str>, environment: &Environment) -> Result<ByPolicy, UsageError> {
    let shown = safe(&file.display().to_string());
    let bytes = read_bounded(file, MAX_POLICY_BYTES as u64)
        .map_err(|error| UsageError::new(format!("reading policy {shown}: {error}")))?
        .ok_or_else(|| UsageError::new(format!("policy {shown} has more than {MAX_POLICY_BYTES} bytes")))?;
    let parsed = PolicyFile::parse(&bytes).map_err(|error| UsageError::new(format!("policy {shown}: {error}")))?;
    let mut notes = Vec::new();
    let (policy, is_objects_alone) = match parsed {
        PolicyFile::Policy(policy) => (policy, false),
        PolicyFile::Objects(objects) if objects.policies.is_empty() => {
            return Err(UsageError::new(format!(
                "policy {shown}: it has no ClusterImagePolicy and no ImagePolicy"
            )));
        }
        PolicyFile::Objects(objects) => {
            let combined = Combined::new(None, &objects.policies, namespace);
            let left_out = combined.left_out.iter();
            notes.extend(left_out.map(|object| {
                let object = safe(object);
                format!("policy {shown}: {object} is left out: ImagePolicies count for the namespace of -n only")
            }));
            notes.extend(combined.dropped.iter().map(|dropped| {
                let [object, scope, inside, of] =
                    [&dropped.object, &dropped.scope, &dropped.inside, &dropped.of].map(|text| safe(text));
                format!(
                    "policy {shown}: scope {scope} of {object} is left out, as on nodes: {of} has the scope {inside}"
                )
            }));
            (combined.policy, true)
        }
    };
    Ok(ByPolicy {
        name: format!("policy {shown}"),
        policy,
        notes,
        is_objects_alone,
        places: environment.temporary_places(),
        uid: environment.uid,
        now: environment.now,
    })
}

/// The policy that podman goes by on this machine (docs/contract.md 9).
fn system_policy(environment: &Environment) -> Result<PathBuf, UsageError> {
    let places = Containers::new(environment, None, None).policy;
    // One that was named must be there.
    if let [named] = &places[..] {
        return Ok(named.clone());
    }
    if let Some(found) = places.iter().find(|place| place.exists()) {
        return Ok(found.clone());
    }
    let places: Vec<String> = places.iter().map(|place| safe(&place.display().to_string())).collect();
    Err(UsageError::new(format!(
        "--system-policy: this machine has no policy: none of {} is there; name one with --policy FILE",
        places.join(", ")
    )))
}
