// SPDX-License-Identifier: Apache-2.0
//! From a request's credential to its user, and from that user to the one it acts as.

use openssl::x509::X509;

use super::certificates::{names, Authority};
use super::http::{decode, HttpRequest};
use super::rbac::{allowed, User, ANONYMOUS, AUTHENTICATED, UNAUTHENTICATED};
use super::route::Target;
use super::state::State;
use super::status::{forbidden, unauthorized, Answer, Failure};

/// What the connection says about its client.
#[derive(Debug, Clone, Default)]
pub struct Peer {
    /// The certificate that it showed, whoever issued it.
    pub certificate: Option<X509>,
    /// The name that it asked for in the TLS handshake.
    pub server_name: Option<String>,
    /// Whether the connection is encrypted.
    pub tls: bool,
}

/// The user of a request: by its certificate, else by its token. A credential that is not known is refused; none at all
/// makes an anonymous user. Other schemes than bearer tokens are no credential to this server.
pub fn authenticate(state: &State, authority: &Authority, request: &HttpRequest, peer: &Peer) -> Result<User, Failure> {
    let mut refused = false;
    if let Some(certificate) = &peer.certificate {
        if authority.vouches_for(certificate) {
            let (name, groups) = names(certificate);
            let user = groups.iter().fold(User::new(&name), |user, group| user.group(group));
            return Ok(user.group(AUTHENTICATED));
        }
        refused = true;
    }
    if let Some(token) = request.header("authorization").and_then(bearer) {
        match state.users.get(token) {
            Some(user) => return Ok(user.clone().group(AUTHENTICATED)),
            None => refused = true,
        }
    }
    if refused {
        Err(unauthorized())
    } else {
        Ok(User::anonymous())
    }
}

fn bearer(value: &str) -> Option<&str> {
    let mut words = value.trim().split(' ');
    let scheme = words.next()?;
    let token = words.next()?;
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

/// The user that a request acts as: itself, unless its headers name another and it may do that.
pub fn impersonate(state: &State, request: &HttpRequest, user: User) -> Result<User, Failure> {
    let name = request.header("impersonate-user").filter(|n| !n.is_empty());
    let uid = request.header("impersonate-uid").filter(|u| !u.is_empty());
    let groups: Vec<&str> = request.headers("impersonate-group").collect();
    let extra = extra(request);
    let Some(name) = name else {
        if uid.is_some() || !groups.is_empty() || !extra.is_empty() {
            let text = format!(
                "Internal Server Error: \"{}\": requested impersonation without impersonating a user",
                request.target
            );
            return Err(Box::new(Answer::text(500, &text)));
        }
        return Ok(user);
    };
    let mut wanted = Vec::new();
    let mut acting = User::new(name);
    let account = name
        .strip_prefix("system:serviceaccount:")
        .and_then(|rest| rest.split_once(':'));
    if let Some((namespace, account)) = account {
        let mut target = Target::right("impersonate", "", "serviceaccounts", account);
        target.namespace = namespace.to_owned();
        wanted.push(target);
        if groups.is_empty() {
            acting = acting
                .group("system:serviceaccounts")
                .group(&format!("system:serviceaccounts:{namespace}"));
        }
    } else {
        wanted.push(Target::right("impersonate", "", "users", name));
    }
    for group in groups {
        wanted.push(Target::right("impersonate", "", "groups", group));
        acting = acting.group(group);
    }
    for (key, value) in extra {
        let mut target = Target::right("impersonate", "authentication.k8s.io", "userextras", &value);
        target.subresource.clone_from(&key);
        wanted.push(target);
        acting = acting.extra(&key, &value);
    }
    if let Some(uid) = uid {
        wanted.push(Target::right("impersonate", "authentication.k8s.io", "uids", uid));
        acting = acting.uid(uid);
    }
    for target in &wanted {
        if !allowed(&state.rules, &user, target) {
            return Err(forbidden(&user.name, target));
        }
    }
    let known = |group: &String| group == AUTHENTICATED || group == UNAUTHENTICATED;
    if !acting.groups.iter().any(known) {
        let implied = if name == ANONYMOUS {
            UNAUTHENTICATED
        } else {
            AUTHENTICATED
        };
        acting = acting.group(implied);
    }
    Ok(acting)
}

/// `Impersonate-Extra-KEY` headers; keys are percent-encoded and know no case.
fn extra(request: &HttpRequest) -> Vec<(String, String)> {
    request
        .headers
        .iter()
        .filter_map(|(name, value)| {
            let name = name.to_lowercase();
            let key = name.strip_prefix("impersonate-extra-")?;
            Some((decode(key, false).unwrap_or_else(|| key.to_owned()), value.clone()))
        })
        .collect()
}
