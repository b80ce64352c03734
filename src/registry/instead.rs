// SPDX-License-Identifier: Apache-2.0
//! What a file has where a login is missing that whoever wrote it may have taken for one.

use serde_json::{Map, Value};

use super::login::normalized_host;
use crate::json;
use crate::text::place::shown;

/// What there is in place of a login for `HOST[:PORT][/PATH]`, which the file does not have; safe to print.
pub(super) fn instead_of_login(text: &[u8], key: &str, legacy: bool) -> Option<String> {
    let document = json::parse(text).ok()?;
    let root = document.as_object()?;
    let host = key.split('/').next().unwrap_or(key);
    let empty = Map::new();
    let auths = match legacy {
        true => Some(root),
        false => root.get("auths").and_then(Value::as_object),
    };
    let keys = || auths.unwrap_or(&empty).iter();
    let is_text = |value: &Value| value.as_str().is_some_and(|text| !text.is_empty());
    // With it docker leaves entries in `auths` that are empty.
    if !legacy && root.get("credsStore").is_some_and(is_text) {
        return Some("its credsStore is not used, and neither podman nor skopeo uses it".to_owned());
    }
    let is_above = |own: &str| {
        let rest = key.strip_prefix(own);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let is_own = |own: &str| is_above(own) || normalized_host(own, legacy) == normalized_host(host, legacy);
    if let Some((own, entry)) = keys().find(|(own, _)| is_own(own)) {
        return Some(match is_text(&entry["auth"]) {
            true => format!("the auth of its entry {} has no user and password", shown(own)),
            false => format!("its entry {} has no auth", shown(own)),
        });
    }
    let name = |own: &str| {
        let host = normalized_host(own, true);
        host.rsplit_once(':').map_or(host, |(host, _)| host).to_owned()
    };
    if let Some((own, _)) = keys().find(|(own, _)| name(own) == name(key)) {
        return Some(format!("its login is for {}", shown(own)));
    }
    let is_of_logins = ["auths", "credHelpers"].iter().any(|name| root.contains_key(*name));
    let misspelt = ["auth", "Auths", "Auth"].iter().find(|name| root.contains_key(**name));
    misspelt
        .filter(|_| !legacy && !is_of_logins)
        .map(|name| format!("it has a member {name}, and no auths"))
}
