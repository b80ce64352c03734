// SPDX-License-Identifier: Apache-2.0
//! Other logins in place of those that are refused: what a credential helper gives may be good for a short time.
//!
//! Another login may be allowed less than the first one, and registries hide what it may not see. So nothing that is asked
//! for with it counts before it was given a manifest or a blob of the repository.

use super::renewal::Request;
use super::Session;
use crate::http::Response;
use crate::registry::access::StoredLogin;
use crate::registry::helper::{Instead, Renewable};
use crate::registry::login::Login;
use crate::registry::repository::Repository;
use crate::registry::trouble::Trouble;

impl Session<'_> {
    /// Asks with what the registry wants to see, following redirects. Where that is refused, a credential helper may
    /// have another login by now.
    pub(super) fn get(
        &mut self,
        repository: &Repository,
        url: &str,
        accept: &str,
        limit: u64,
        wanted: &'static str,
    ) -> Result<Response, Trouble> {
        let asked = self.newest.of(repository);
        let answer = self.get_once(&asked, url, accept, limit, wanted);
        let Some(helper) = helper_of(&asked) else {
            return answer;
        };
        let request = |repository: &Repository| Request {
            repository: repository.clone(),
            url: url.to_owned(),
            accept: accept.to_owned(),
            limit,
            wanted,
        };
        // Lists are also given to those who may see nothing of them.
        let is_content = matches!(wanted, "a manifest" | "a blob");
        let refused = match answer {
            Err(refused @ Trouble::Forbidden { .. }) => refused,
            answer => {
                if answer.is_ok() && is_content {
                    self.given.keep(request(&asked));
                }
                return answer;
            }
        };
        if !asked.login.as_ref().is_some_and(|own| self.authorization.may_send(own)) {
            return Err(refused);
        }
        let Some(renewed) = self.renewed(&asked, &helper) else {
            return Err(refused);
        };
        self.authorization.forget(&renewed);
        let answer = self.get_once(&renewed, url, accept, limit, wanted);
        let is_good = match &answer {
            Ok(_) if is_content => {
                self.given.keep(request(&renewed));
                true
            }
            Err(Trouble::Forbidden { .. }) => false,
            _ => self.is_given(&renewed),
        };
        let is_refused = matches!(answer, Err(Trouble::Forbidden { .. }));
        match (&renewed.login, &asked.login) {
            (_, Some(old)) if is_refused && self.has_ended(&old.login) => helper.has_ended(&old.login),
            // Of what is not there nobody knows whether it would be given.
            (Some(stored), _) if is_good || is_refused => helper.was_shown(&stored.login, is_good),
            _ => {}
        }
        if is_good {
            self.newest.keep(&renewed);
            return answer;
        }
        self.authorization.forget(&renewed);
        match answer {
            Ok(_) | Err(Trouble::Absent { .. } | Trouble::Status { .. }) => Err(refused),
            answer => answer,
        }
    }

    /// The repository with another login than the one that was refused, if its helper has one.
    fn renewed(&mut self, asked: &Repository, helper: &Renewable) -> Option<Repository> {
        let stored = asked.login.as_ref()?;
        let login = match helper.instead_of(&stored.login, false) {
            Instead::Another(login) => login,
            Instead::TooSoon if self.has_ended(&stored.login) => match helper.instead_of(&stored.login, true) {
                Instead::Another(login) => login,
                _ => return None,
            },
            _ => return None,
        };
        let login = StoredLogin {
            login,
            ..stored.clone()
        };
        Some(Repository {
            login: Some(login),
            ..asked.clone()
        })
    }

    /// Whether what was given for a login is refused now. A repository may be forbidden for as long as the login is good.
    fn has_ended(&mut self, login: &Login) -> bool {
        let last = self.given.last.clone();
        let is_of = |given: &Request| given.repository.login.as_ref().is_some_and(|own| own.login == *login);
        let Some(given) = last.filter(is_of) else {
            return false;
        };
        // A token may be good for longer.
        self.authorization.forget(&given.repository);
        matches!(self.again(&given, &given.repository), Err(Trouble::Forbidden { .. }))
    }

    /// Whether something of the repository that was given before is given for this login.
    fn is_given(&mut self, renewed: &Repository) -> bool {
        let given = self.given.by_path.get(&renewed.path).cloned();
        given.is_some_and(|given| self.again(&given, renewed).is_ok())
    }

    fn again(&mut self, given: &Request, repository: &Repository) -> Result<Response, Trouble> {
        self.get_once(repository, &given.url, &given.accept, given.limit, given.wanted)
    }
}

fn helper_of(repository: &Repository) -> Option<Renewable> {
    repository.login.as_ref()?.helper.clone()
}
