// SPDX-License-Identifier: Apache-2.0
//! What a user can do about a login that is refused (401) or a right that is missing (403).
//!
//! Reading an image is forbidden for several causes, and only one of them is a missing role (docs/openshift-api.md 10).

use super::access::Access;
use super::credentials::CredentialSource;
use super::status::Status;
use crate::text::{quoted, safe};

/// The role that may read and write images and nothing else.
pub(super) const AUDITOR: &str = "system:image-auditor";

/// The role that may read everything of a cluster but secrets.
const READER: &str = "cluster-reader";

/// The group of policies.
const CONFIG: &str = "config.openshift.io";

/// What to do about a refusal; empty where there is nothing to say beyond the server's own words. `path` is
/// what was asked for.
pub(super) fn advice(status: &Status, access: &Access, path: &str) -> String {
    match status.code {
        401 => login(access),
        403 => right(status, access, path),
        _ => String::new(),
    }
}

/// The server did not accept who we say that we are.
fn login(access: &Access) -> String {
    match &access.credential {
        CredentialSource::TokenFile(path) => format!(
            "the token in {} has expired or was revoked: log in again: oc login",
            safe(&path.display().to_string())
        ),
        CredentialSource::Token(_) => "the token has expired or was revoked: log in again: oc login".into(),
        CredentialSource::Exec(plugin) => format!(
            "the credential that {} gave is not accepted: log in again with it",
            safe(plugin.command())
        ),
        CredentialSource::Basic(..) => "API servers of OpenShift take no passwords: log in: oc login".into(),
        CredentialSource::None => match &access.http.tls.identity {
            Some(identity) => match identity.expired(access.clock.now()) {
                Some(time) => format!("the client certificate expired at {time}: log in again: oc login"),
                None => "the client certificate is not accepted: log in again: oc login".into(),
            },
            None => "log in: oc login".into(),
        },
    }
}

fn right(status: &Status, access: &Access, path: &str) -> String {
    let message = status.message.as_str();
    if message.contains(" cannot impersonate ") {
        return format!(
            "impersonation is refused: the login needs the right to impersonate {}; leave out --as, --as-uid, --as-group and --as-user-extra (or `as` in the kubeconfig) to act as yourself",
            describe_act_as(access)
        );
    }
    if message.contains("\"system:anonymous\"") {
        return anonymous(access);
    }
    // A path that the server does not take for that of a resource.
    if message.contains(" cannot ") && message.contains(" path \"") {
        return format!(
            "the server does not know this path as that of an image: look at the path in the server's URL, {}",
            access.server
        );
    }
    let is_about = |resource: &str| message.contains(&format!(" resource \"{resource}\""));
    if !message.contains(" cannot ") {
        return String::new();
    }
    if is_about("images") {
        return format!("the cluster role {AUDITOR} allows it");
    }
    let namespace = || {
        let inside = path.split_once("/namespaces/");
        inside.and_then(|(_, rest)| rest.split('/').next()).unwrap_or_default()
    };
    if is_about("clusterimagepolicies") {
        return format!("the cluster role {READER} allows it; ask an administrator for it, or for the right to list clusterimagepolicies.{CONFIG}: oc create clusterrole image-policy-reader --verb=list --resource=clusterimagepolicies.{CONFIG}");
    }
    if is_about("imagepolicies") {
        let namespace = namespace();
        return format!("the cluster role {READER} allows it; ask an administrator for it, or for the right to list imagepolicies.{CONFIG} in namespace {namespace}: oc create role image-policy-reader -n {namespace} --verb=list --resource=imagepolicies.{CONFIG}");
    }
    if is_about("imagestreamtags") || is_about("imagestreamimages") {
        let namespace = namespace();
        return format!("the role view in namespace {namespace} allows it; an image can also be named by its digest");
    }
    String::new()
}

/// What is said where the server saw no login at all.
pub(super) fn anonymous(access: &Access) -> String {
    if !access.server.is_https() {
        return "the request came without a login: no credentials are sent to a server that is not https".into();
    }
    match &access.credential {
        CredentialSource::Basic(..) => "API servers of OpenShift take no passwords: log in: oc login".into(),
        _ => "the request came without a login: log in with oc login, or give --token or a client certificate".into(),
    }
}

fn describe_act_as(access: &Access) -> String {
    let act_as = &access.act_as;
    if act_as.groups.is_empty() {
        quoted(&act_as.user)
    } else {
        format!("{} and the groups given", quoted(&act_as.user))
    }
}
