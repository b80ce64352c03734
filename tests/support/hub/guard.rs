// SPDX-License-Identifier: Apache-2.0
//! What a registry wants to see before it answers.

use base64::Engine as _;

use super::answer::Answer;
use crate::support::api::http::HttpRequest;

/// What is asked for.
#[derive(Debug, Clone, Default)]
pub enum Guard {
    /// Nothing: everybody may read.
    #[default]
    Open,
    /// A user and a password.
    Basic(String, String),
    /// A user, and a password for each repository.
    Each(String, Vec<(&'static str, String)>),
    /// A token; the challenge says where to get it.
    Bearer {
        /// What stands in `WWW-Authenticate`.
        challenge: String,
        /// The token that is good.
        token: String,
    },
    /// A token of the cluster that the registry belongs to; it has a token server of its own.
    OpenShift {
        /// The URL of its token server.
        url: String,
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
            Guard::Each(user, passwords) => {
                let own = passwords.iter().find(|(path, _)| request.path.contains(path));
                let password = own.map_or("", |(_, password)| password);
                let pair = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"));
                ("Basic realm=\"registry\"".to_owned(), format!("Basic {pair}"))
            }
            Guard::Bearer { challenge, token } => (challenge.clone(), format!("Bearer {token}")),
            Guard::OpenShift { token, .. } if request.path == "/openshift/token" => {
                let shown = request
                    .header("authorization")
                    .and_then(|value| value.strip_prefix("Basic "));
                let shown = shown.and_then(|pair| base64::engine::general_purpose::STANDARD.decode(pair).ok());
                let is_good = shown.is_some_and(|pair| pair.ends_with(format!(":{token}").as_bytes()));
                return Some(Answer::token(if is_good { token } else { "anonymous" }));
            }
            Guard::OpenShift { url, token } => (
                format!("Bearer realm=\"{url}/openshift/token\""),
                format!("Bearer {token}"),
            ),
        };
        let is_good = request.header("authorization") == Some(&wanted);
        (!is_good).then(|| Answer::challenge(&challenge))
    }
}
