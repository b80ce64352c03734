// SPDX-License-Identifier: Apache-2.0
//! What is known of logins that helpers gave in place of refused ones.

use std::collections::BTreeMap;

use crate::registry::access::StoredLogin;
use crate::registry::authorization::MAX_TOKENS;
use crate::registry::repository::Repository;

/// Logins that helpers gave after one was refused, and that were good for the path of the repository.
#[derive(Debug, Default)]
pub(super) struct Newest(BTreeMap<String, StoredLogin>);

impl Newest {
    /// The repository with the login that its helper gave last.
    pub(super) fn of(&self, repository: &Repository) -> Repository {
        let newest = self.0.get(&repository.path);
        let is_of_same =
            |newest: &&StoredLogin| repository.login.as_ref().is_some_and(|own| own.helper == newest.helper);
        Repository {
            login: newest.filter(is_of_same).or(repository.login.as_ref()).cloned(),
            ..repository.clone()
        }
    }

    pub(super) fn keep(&mut self, renewed: &Repository) {
        if self.0.len() >= MAX_TOKENS {
            self.0.clear();
        }
        self.0
            .extend(renewed.login.clone().map(|stored| (renewed.path.clone(), stored)));
    }
}

/// What was given last for logins of helpers: for the same login the registry gives it again.
#[derive(Debug, Default)]
pub(super) struct Given {
    pub(super) by_path: BTreeMap<String, Request>,
    pub(super) last: Option<Request>,
}

/// A manifest or a blob, and how it was asked for.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub repository: Repository,
    pub url: String,
    pub accept: String,
    pub limit: u64,
    pub wanted: &'static str,
}

impl Given {
    pub(super) fn keep(&mut self, request: Request) {
        if self.by_path.len() >= MAX_TOKENS {
            self.by_path.clear();
        }
        self.by_path.insert(request.repository.path.clone(), request.clone());
        self.last = Some(request);
    }
}
