// SPDX-License-Identifier: Apache-2.0
//! `--cluster-policy`: the objects of a cluster decide by what images are judged.

use std::borrow::Cow;

use serde_json::Value;

use crate::digest::Digest;
use crate::policy::objects::Objects;
use crate::reason::{Reason, Refusal};
use crate::report::console::Messages;
use crate::run::cluster::Session;
use crate::settings::audit::{Audit, Images};
use crate::settings::UsageError;

/// The session of a run that needs one.
///
/// # Errors
/// When TLS cannot be set up.
pub(super) fn session(settings: &Audit, stderr: &mut Messages<'_>) -> Result<Option<Session>, UsageError> {
    let access = match (&settings.images, &settings.cluster_policy) {
        (Images::Cluster { access, .. }, _) => access,
        (_, Some(own)) => &own.access,
        _ => return Ok(None),
    };
    Session::new((**access).clone(), stderr).map(Some)
}

/// The settings with the policy that decides.
///
/// # Errors
/// When the objects that are the policy cannot be had: no image can be judged then.
pub(super) fn settled<'s>(settings: &'s Audit, session: Option<&mut Session>) -> Result<Cow<'s, Audit>, Refusal> {
    let (Some(own), Some(session)) = (&settings.cluster_policy, session) else {
        return Ok(Cow::Borrowed(settings));
    };
    let listed = session.listed_policies(own.namespace.as_deref())?;
    let objects = Objects::of_values(&listed).map_err(|error| {
        let message = format!("the policies of the cluster cannot be used: {error}");
        Refusal::new(Reason::SourceUnavailable, message)
    })?;
    let mut policy = own.policy(objects);
    policy.hash = Some(hash(&listed));
    let mut settings = settings.clone();
    settings.criteria.policy = Some(policy);
    Ok(Cow::Owned(settings))
}

/// What objects say, as a hash: neither their order nor what the server notes on them makes another policy.
fn hash(objects: &[Value]) -> String {
    let text = |object: &Value| {
        let metadata = &object["metadata"];
        let parts = [
            &object["kind"],
            &metadata["namespace"],
            &metadata["name"],
            &object["spec"],
        ];
        parts.map(Value::to_string).join("\n")
    };
    let mut texts: Vec<String> = objects.iter().map(text).collect();
    texts.sort_unstable();
    Digest::of_bytes(texts.join("\n").as_bytes()).hex().to_owned()
}
