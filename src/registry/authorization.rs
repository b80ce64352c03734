// SPDX-License-Identifier: Apache-2.0
//! What a registry wants to see before it answers: a password, or a token of the token server that it names.
//!
//! A login goes to the registry that it is stored for. It goes to a token server on another host only over verified
//! https, and from a registry that was itself reached so: whoever can speak in the place of a registry could otherwise
//! name a server of his own. Without verified TLS it goes to exactly the host and port that it is stored for.

use std::collections::BTreeMap;

use super::access::{Access, StoredLogin};
use super::challenge::Challenge;
use super::clients::{Clients, Question};
use super::login::{basic, Login};
use super::network::Reach;
use super::redirect;
use super::refused::{self, Shown};
use super::repository::Repository;
use super::said;
use super::sent::Sent;
use super::token::{self, Token};
use super::trouble::Trouble;
use super::url_text::{encoded, is_same, server_of, with_query};
use crate::clock::Clock;
use crate::http::secret::Secret;
use crate::http::url::Url;
use crate::http::Response;
use crate::text::place::{quoted, shown};
use crate::text::safe;

/// Largest answer of a token server, and of a registry to a ping, in bytes.
pub(super) const MAX_SMALL: u64 = 1 << 20;

/// Seconds by which a token is renewed before it expires.
const RENEW_BEFORE: i64 = 5;

/// Most tokens that are kept.
pub(super) const MAX_TOKENS: usize = 1000;

/// How a registry wants to be asked, and the tokens that were given for it.
#[derive(Debug)]
pub(super) struct Authorization {
    base: Url,
    access: Access,
    pub challenges: Vec<Challenge>,
    tokens: BTreeMap<String, Token>,
    /// Scopes that were asked for after a token was not enough, by the path of the repository.
    further: BTreeMap<String, String>,
    /// What the registry was shown: it must reach no other host, and no message.
    pub sent: Sent,
    warnings: Vec<String>,
    clock: Clock,
}

impl Authorization {
    pub(super) fn new(base: Url, access: Access, challenges: Vec<Challenge>, sent: Sent, clock: Clock) -> Self {
        Self {
            base,
            access,
            challenges,
            tokens: BTreeMap::new(),
            further: BTreeMap::new(),
            sent,
            warnings: Vec::new(),
            clock,
        }
    }

    /// What the user should know: a login that was sent without verified TLS, or was not.
    pub(super) fn take_warnings(&mut self) -> Vec<String> {
        std::mem::take(&mut self.warnings)
    }

    /// The headers that the registry wants to see.
    pub(super) fn headers(
        &mut self,
        clients: &mut Clients<'_>,
        repository: &Repository,
    ) -> Result<Vec<(String, Secret)>, Trouble> {
        self.sent.keep_login(&repository.path, repository.secrets());
        let known = self.challenges.iter().find(|challenge| challenge.is_usable()).cloned();
        let value = match known {
            None => return Ok(Vec::new()),
            Some(challenge) if challenge.scheme == "basic" => match self.login(repository) {
                Some(Login::Password { user, password }) => basic(&user, &password),
                _ => return Ok(Vec::new()),
            },
            Some(challenge) => {
                let token = self.token(clients, repository, &challenge)?;
                if token.reveal().is_empty() {
                    return Ok(Vec::new());
                }
                self.sent.keep_token(&token);
                Secret::new(format!("Bearer {}", token.reveal()))
            }
        };
        Ok(vec![("Authorization".into(), value)])
    }

    /// What to do after an answer 401: whether asking once more makes sense.
    pub(super) fn learn(&mut self, repository: &Repository, challenges: Vec<Challenge>) -> bool {
        let further = challenges.iter().find_map(Challenge::further_scope);
        if let Some((kind, name, actions)) = further {
            let scope = format!("{kind}:{name}:{actions}");
            // Once: whoever always asks for more would be asked for ever.
            if !self.further.contains_key(&repository.path) && self.further.len() < MAX_TOKENS {
                self.further.insert(repository.path.clone(), scope);
                self.tokens.remove(&repository.path);
                return true;
            }
            return false;
        }
        if self.challenges.is_empty() && !challenges.is_empty() {
            // A registry that lets everybody ping and not everybody read.
            self.challenges = challenges;
            return true;
        }
        // A token from an earlier request may have been taken back.
        self.tokens.remove(&repository.path).is_some()
    }

    /// Whether it is certain whom we talk to.
    fn is_verified(&self) -> bool {
        self.base.is_https() && !self.access.unverified
    }

    /// Forgets what was given for the login of a repository.
    pub(super) fn forget(&mut self, repository: &Repository) {
        self.tokens.remove(&repository.path);
    }

    /// Whether a login may be sent to this registry: without verified TLS only one that is stored for exactly this host and port.
    pub(super) fn may_send(&self, stored: &StoredLogin) -> bool {
        self.is_verified() || (stored.is_for(&self.access.host) && !stored.stays)
    }

    /// The login, if it may be sent to this registry.
    fn login(&mut self, repository: &Repository) -> Option<Login> {
        let stored = repository.login.as_ref()?;
        if self.is_verified() {
            return Some(stored.login.clone());
        }
        let how = if self.base.is_https() {
            "without a verified certificate"
        } else {
            "over plain http"
        };
        let (stored_for, host) = (safe(&stored.stored_for), safe(&self.access.host));
        let is_for = self.may_send(stored);
        let warning = if stored.stays {
            format!("the cluster's token is not sent to {host} {how}")
        } else if is_for {
            format!("the login for {host} is sent {how}")
        } else {
            format!("the login stored for {stored_for} is not sent to {host} {how}")
        };
        if !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
        is_for.then(|| stored.login.clone())
    }

    fn token(
        &mut self,
        clients: &mut Clients<'_>,
        repository: &Repository,
        challenge: &Challenge,
    ) -> Result<Secret, Trouble> {
        let now = self.clock.now();
        if let Some(token) = self.tokens.get(&repository.path) {
            if token.expires > now + RENEW_BEFORE {
                return Ok(token.token.clone());
            }
        }
        let token = self.new_token(clients, repository, challenge)?;
        if self.tokens.len() >= MAX_TOKENS {
            self.tokens.clear();
        }
        let secret = token.token.clone();
        self.tokens.insert(repository.path.clone(), token);
        Ok(secret)
    }

    /// Asks the token server that the registry names.
    fn new_token(
        &mut self,
        clients: &mut Clients<'_>,
        repository: &Repository,
        challenge: &Challenge,
    ) -> Result<Token, Trouble> {
        let realm = challenge.parameters.get("realm").cloned().unwrap_or_default();
        let wrong = |what: String| Trouble::Wrong {
            url: self.base.to_string(),
            what,
        };
        let server = server_of(&realm).ok_or_else(|| {
            wrong(format!(
                "its token server {} is not an http or https URL without a user name",
                quoted(&realm)
            ))
        })?;
        redirect::check(&self.base, &server, "sends clients for a token").map_err(wrong)?;
        let is_same = is_same(&server, &self.base);
        let elsewhere = |what: &str| {
            let (server, host) = (safe(&server.address()), safe(&self.access.host));
            wrong(format!(
                "it names a token server on another host, {server}; {what} is sent to {host} only"
            ))
        };
        if !is_same && repository.login.is_some() && !(self.is_verified() && server.is_https()) {
            return Err(elsewhere("without verified TLS the login"));
        }
        if !is_same && repository.login.as_ref().is_some_and(|stored| stored.stays) {
            return Err(elsewhere("the token of a cluster"));
        }
        let login = self.login(repository);
        let is_sent = login.is_some();
        let mut query: Vec<(&str, String)> = Vec::new();
        if let Some(service) = challenge.parameters.get("service") {
            query.push(("service", service.clone()));
        }
        query.push(("scope", format!("repository:{}:pull", repository.path)));
        query.extend(self.further.get(&repository.path).map(|scope| ("scope", scope.clone())));
        let reach = if is_same {
            Reach::of_registry(self.access.unverified)
        } else {
            redirect::reach(&self.base, &server)
        };
        let (url, headers, form) = match login {
            Some(Login::IdentityToken { token, .. }) => {
                query.push(("grant_type", "refresh_token".into()));
                query.push(("client_id", "image-signature".into()));
                query.push(("refresh_token", token.reveal().to_owned()));
                (realm.clone(), Vec::new(), Some(encoded(&query).into_bytes()))
            }
            Some(Login::Password { user, password }) => {
                let has_both = !user.is_empty() && !password.reveal().is_empty();
                let headers = has_both.then(|| ("Authorization".to_owned(), basic(&user, &password)));
                if !user.is_empty() {
                    query.insert(0, ("account", user));
                }
                (with_query(&realm, &query), headers.into_iter().collect(), None)
            }
            None => (with_query(&realm, &query), Vec::new(), None),
        };
        let names = (!is_same).then(|| format!("{} names this token server", safe(&self.access.host)));
        let question = Question {
            url: &url,
            accept: "application/json",
            headers: &headers,
            form: form.as_deref(),
            limit: MAX_SMALL,
            sent: names.as_deref(),
        };
        let response = clients.ask(&server, reach, question)?;
        let (url, response) = self.follow(clients, repository, &server, question, response)?;
        let url = shown(&url);
        match response.status {
            200 => token::parse(&response.body, self.clock.now()).map_err(|what| Trouble::Wrong {
                url,
                what: format!("the answer of the token server: {what}"),
            }),
            status @ (401 | 403) => Err(Trouble::Forbidden {
                url,
                status,
                hint: self.hint_of(repository, &response, if is_sent { Shown::Itself } else { Shown::Not }),
            }),
            status => Err(Trouble::Status {
                url,
                status,
                hint: self.said(&response) + &names.map(|by| format!("; {by}")).unwrap_or_default(),
            }),
        }
    }

    /// Follows the redirects of a token server: with the login only as long as it is the server that the login is for, and
    /// never with a token in a form.
    fn follow(
        &self,
        clients: &mut Clients<'_>,
        repository: &Repository,
        first: &Url,
        question: Question<'_>,
        mut response: Response,
    ) -> Result<(String, Response), Trouble> {
        let (mut url, mut server) = (question.url.to_owned(), first.clone());
        let mut redirects = 0;
        while redirect::is_redirect(&response) {
            let wrong = |what: String| Trouble::Wrong { url: shown(&url), what };
            if question.form.is_some() {
                return Err(wrong(
                    "the token server redirects, and an identity token is sent to it only".into(),
                ));
            }
            if redirects == redirect::MAX_REDIRECTS {
                return Err(wrong(format!("more than {} redirects", redirect::MAX_REDIRECTS)));
            }
            redirects += 1;
            let location = response.headers.get("location").unwrap_or_default();
            if self.sent.is_in_url(location, &repository.path) {
                return Err(wrong("it redirects to a URL that has the login in it".into()));
            }
            let sent = redirect::told(&server);
            let (target, next) = redirect::target(&server, &url, &response)?;
            // A chain must not lead where the registry may not send us.
            redirect::check(&self.base, &next, "redirects").map_err(wrong)?;
            let reach = if is_same(&next, &self.base) {
                Reach::of_registry(self.access.unverified)
            } else {
                redirect::reach(&self.base, &next)
            };
            let question = Question {
                url: &target,
                headers: if is_same(&next, first) { question.headers } else { &[] },
                sent: Some(&sent),
                ..question
            };
            response = clients.ask(&next, reach, question)?;
            (url, server) = (target, next);
        }
        Ok((url, response))
    }

    /// What the registry says and what to do where it refuses.
    pub(super) fn hint(&self, repository: &Repository, response: &Response) -> String {
        let known = self.challenges.iter().find(|challenge| challenge.is_usable());
        let shown = match &repository.login {
            Some(stored) if !self.may_send(stored) => Shown::Not,
            _ if known.is_some_and(|challenge| challenge.scheme == "bearer") => Shown::AsToken,
            _ => Shown::Itself,
        };
        self.hint_of(repository, response, shown)
    }

    fn hint_of(&self, repository: &Repository, response: &Response, shown: Shown) -> String {
        self.said(response) + &refused::hint(repository.login.as_ref(), &repository.advice, response.status, shown)
    }

    /// The words of a server, unless they repeat a login.
    pub(super) fn said(&self, response: &Response) -> String {
        said::told(response, |words| self.sent.is_in(words))
    }

    /// `HOST[:PORT]` of the registry, as references have it.
    pub(super) fn host(&self) -> &str {
        &self.access.host
    }
}
