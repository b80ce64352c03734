// SPDX-License-Identifier: Apache-2.0
//! What to do where a registry or a token server refuses.

use super::access::StoredLogin;
use super::login::Login;
use crate::text::safe;

/// What became of the login before the answer came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shown {
    /// Who answers has looked at the login itself.
    Itself,
    /// A token server has taken it and given a token for it.
    AsToken,
    /// It was not sent: without verified TLS it goes to no other host and port.
    Not,
}

/// What to do after the status 401 or 403; safe to print. `advice` is how to have a login where there is none.
pub(super) fn hint(login: Option<&StoredLogin>, advice: &str, status: u16, shown: Shown) -> String {
    let Some(stored) = login else {
        return format!("; {advice}");
    };
    let stored_for = safe(&stored.stored_for);
    match (status, shown) {
        (_, Shown::Not) => format!("; the login stored for {stored_for} was not sent"),
        (401, Shown::Itself) => {
            // The name of the user is not told: some services take a secret as one.
            let what = match stored.login {
                Login::Password { .. } => "the user name or the password is not accepted",
                Login::IdentityToken { .. } => "the token is not accepted",
            };
            format!("; {what}; {}", stored.renewal)
        }
        _ => format!("; the login for {stored_for} does not allow it"),
    }
}
