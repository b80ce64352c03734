// SPDX-License-Identifier: Apache-2.0
//! Other logins in place of those that are refused: what a credential helper gives may be good for a short time.

use std::collections::BTreeMap;

use crate::registry::access::StoredLogin;
use crate::registry::authorization::MAX_TOKENS;
use crate::registry::helper::Renewable;
use crate::registry::repository::Repository;

/// Logins that helpers gave after one was refused, by the path of the repository.
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

    /// The repository with another login than the one that was refused, if its helper has one.
    pub(super) fn instead(&mut self, repository: &Repository) -> Option<Repository> {
        let stored = repository.login.as_ref()?;
        let stored = StoredLogin {
            login: stored.helper.as_ref()?.instead_of(&stored.login)?,
            ..stored.clone()
        };
        if self.0.len() >= MAX_TOKENS {
            self.0.clear();
        }
        self.0.insert(repository.path.clone(), stored.clone());
        Some(Repository {
            login: Some(stored),
            ..repository.clone()
        })
    }
}

/// Tells the helper that the other login was refused as well.
pub(super) fn was_in_vain(renewed: &Repository) {
    let helper = renewed.login.as_ref().and_then(|stored| stored.helper.as_ref());
    helper.into_iter().for_each(Renewable::was_in_vain);
}
