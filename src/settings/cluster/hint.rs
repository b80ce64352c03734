// SPDX-License-Identifier: Apache-2.0
//! Who a user may be, by the configuration alone.

use base64::Engine as _;

use crate::cluster::credentials;
use crate::cluster::kubeconfig::User;
use crate::http::tls::Identity;
use crate::json;

/// Who the user may be, for records that no server confirms.
pub(super) fn hint(user: &User, identity: Option<&Identity>, entry: &str) -> Option<String> {
    let known = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let token = match (&user.token_file, &user.token) {
        (Some(file), _) => credentials::read_token(file).ok(),
        (None, token) => token.clone(),
    };
    known(&user.act_as.user)
        .or_else(|| identity.and_then(Identity::common_name))
        .or_else(|| token.and_then(|token| subject(token.reveal())))
        .or_else(|| known(&user.username))
        .or_else(|| entry.split('/').next().and_then(known))
}

/// The subject of a JSON web token (RFC 7519); nothing where it is not a token. It proves nothing.
fn subject(token: &str) -> Option<String> {
    let payload = token.split('.').nth(1)?;
    let payload = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(payload).ok()?;
    let subject = json::parse(&payload).ok()?["sub"].as_str()?.to_owned();
    (!subject.is_empty()).then_some(subject)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects_of_web_tokens() {
        let payload = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(r#"{"sub":"system:serviceaccount:a:b"}"#);
        assert_eq!(
            subject(&format!("x.{payload}.y")).as_deref(),
            Some("system:serviceaccount:a:b")
        );
        assert_eq!(subject("sha256~abc"), None);
    }
}
