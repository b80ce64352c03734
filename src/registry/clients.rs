// SPDX-License-Identifier: Apache-2.0
//! One client a server, so that its connection is used again.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use super::access::Access;
use super::budget::Budget;
use super::network::{Network, Reach};
use super::registries_conf::Origin;
use super::trouble::Trouble;
use crate::http::secret::Secret;
use crate::http::url::Url;
use crate::http::{Client, HttpError, Method, Request, Response};
use crate::text::place::shown;

/// Most servers whose connections are kept: whoever redirects chooses how many there are.
const MAX_CLIENTS: usize = 16;

/// The clients of a run.
#[derive(Debug)]
pub(super) struct Clients<'n> {
    network: &'n Network,
    budget: Arc<Budget>,
    /// The registry is asked over plain http as well.
    allows_plain: bool,
    /// Who says whether it is.
    origin: Origin,
    /// The host of the registry, as references have it.
    host: Option<String>,
    warnings: Vec<String>,
    clients: HashMap<(String, Reach), Client>,
}

/// One request to a registry, before it is decided who it goes through.
#[derive(Clone, Copy)]
pub(super) struct Question<'q> {
    /// The absolute URL, with its query.
    pub url: &'q str,
    /// Media types that are understood.
    pub accept: &'q str,
    /// What is sent besides.
    pub headers: &'q [(String, Secret)],
    /// A form to be posted.
    pub form: Option<&'q [u8]>,
    /// Largest answer, in bytes.
    pub limit: u64,
    /// Who sends us there, in words that are safe to print, where neither the user nor the configuration names the server.
    pub sent: Option<&'q str>,
}

/// Without URL and form: either may hold a secret.
impl fmt::Debug for Question<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Question")
            .field("accept", &self.accept)
            .field("headers", &self.headers)
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}

/// `HOST[:PORT]`, as references have it.
pub(super) fn location_of(server: &Url) -> String {
    match server.port() {
        443 => server.host().to_owned(),
        _ => server.address(),
    }
}

impl<'n> Clients<'n> {
    pub(super) fn new(network: &'n Network, budget: Arc<Budget>) -> Self {
        Self {
            network,
            budget,
            allows_plain: false,
            origin: Origin::default(),
            host: None,
            warnings: Vec::new(),
            clients: HashMap::new(),
        }
    }

    /// For a registry. Where it is asked over plain http as well, nobody is told what that is for.
    pub(super) fn of_registry(self, access: &Access) -> Self {
        Self {
            allows_plain: access.plain_http,
            origin: access.origin,
            host: Some(access.host.clone()),
            ..self
        }
    }

    /// What the user should know: files with certificates that are passed over.
    pub(super) fn take_warnings(&mut self) -> Vec<String> {
        std::mem::take(&mut self.warnings)
    }

    /// Asks a server; the answer comes back whatever its status.
    pub(super) fn ask(&mut self, server: &Url, reach: Reach, question: Question<'_>) -> Result<Response, Trouble> {
        let unreachable = |why: String| Trouble::Unreachable {
            url: shown(question.url),
            why,
        };
        let out_of_time = || Trouble::OutOfTime {
            url: shown(question.url),
            limit: self.budget.limit(),
        };
        if self.budget.is_over() {
            return Err(out_of_time());
        }
        let key = (server.to_string(), reach);
        if !self.clients.contains_key(&key) {
            if self.clients.len() >= MAX_CLIENTS {
                self.clients.clear();
            }
            let settings = self.network.settings(server, reach, self.host.as_deref());
            let (settings, warnings) = settings.map_err(unreachable)?;
            self.warnings.extend(warnings);
            let client = Client::new(settings).map_err(|error| unreachable(error.to_string()))?;
            self.clients.insert(key.clone(), client);
        }
        let Some(client) = self.clients.get_mut(&key) else {
            return Err(unreachable("no client is configured for it".into()));
        };
        let answer = client.send(&Request {
            method: if question.form.is_some() {
                Method::Post
            } else {
                Method::Get
            },
            url: question.url,
            accept: question.accept,
            headers: question.headers,
            body: question.form.map(|form| ("application/x-www-form-urlencoded", form)),
            limit: question.limit,
            until: self.budget.until(),
        });
        answer.map_err(|error| match error {
            _ if self.budget.is_over() => out_of_time(),
            HttpError::TooLarge(limit) => Trouble::TooLarge {
                url: shown(question.url),
                limit,
            },
            HttpError::NotTls if reach.is_registry && !self.allows_plain => {
                let aside = match reach.unverified {
                    true => ", and --insecure applies only to certificates",
                    false => "",
                };
                unreachable(format!("{error}, {}{aside}", self.origin.plain(&location_of(server))))
            }
            error => {
                let sent = question.sent.map(|by| format!("; {by}")).unwrap_or_default();
                unreachable(format!(
                    "{error}{sent}{}",
                    next_step(&error, reach, question.sent.is_some())
                ))
            }
        })
    }
}

/// What to look at where nobody was reached. `is_sent`: no user wrote the name of the host.
fn next_step(error: &HttpError, reach: Reach, is_sent: bool) -> &'static str {
    match error {
        HttpError::NotTls if !reach.is_registry && !is_sent => "; if it is, write http:// in registries.d",
        HttpError::Proxy { what, .. } if what.starts_with("refused") => {
            "; a host that needs no proxy is named in NO_PROXY"
        }
        HttpError::Refused if is_sent => "; check that the server is running",
        HttpError::Refused => "; check the host and the port, and that the server is running",
        HttpError::Unreached(_) if is_sent => "; look at DNS and the network; if a proxy is needed, set HTTPS_PROXY",
        HttpError::Unreached(what) if is_unknown_host(what) => {
            "; look at the spelling of the host, and at DNS; if a proxy is needed, set HTTPS_PROXY"
        }
        HttpError::Unreached(_) => "; check the host, the port and the network; if a proxy is needed, set HTTPS_PROXY",
        _ => "",
    }
}

/// Whether the name of a host was not found.
fn is_unknown_host(what: &str) -> bool {
    what == "no such host" || what.starts_with("failed to lookup address")
}
