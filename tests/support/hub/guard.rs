// SPDX-License-Identifier: Apache-2.0
//! What a registry wants to see before it answers.

use base64::Engine as _;

use super::answer::Answer;
use crate::support::api::http::HttpRequest;

/// What is asked for.
#[derive(Debug, Clone, Default)]
pub enum Guard {
    /// Nothing.
    #[default]
    Open,
    /// A user and a password.
    Basic(String, String),
    /// A token; the challenge says where to get it.
    Bearer {
        /// What stands in `WWW-Authenticate`.
        challenge: String,
        /// The token that is good.
        token: String,
    },
}

impl Guard {
    /// A guard that sends everybody to a token server.
    pub fn bearer(realm: &str, token: &str) -> Self {
        Guard::Bearer {
            challenge: format!("Bearer realm=\"{realm}\",service=\"registry\""),
            token: token.to_owned(),
        }
    }

    /// The refusal of a request that does not show what is asked for.
    pub(super) fn refusal(&self, request: &HttpRequest) -> Option<Answer> {
        let (challenge, wanted) = match self {
            Guard::Open => return None,
            Guard::Basic(user, password) => {
                let pair = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"));
                ("Basic realm=\"registry\"".to_owned(), format!("Basic {pair}"))
            }
            Guard::Bearer { challenge, token } => (challenge.clone(), format!("Bearer {token}")),
        };
        let is_good = request.header("authorization") == Some(&wanted);
        (!is_good).then(|| Answer::challenge(&challenge))
    }
}
