// SPDX-License-Identifier: Apache-2.0
//! Other logins in place of those that are refused: what a credential helper gives may be good for a short time.

use super::Session;
use crate::registry::access::StoredLogin;
use crate::registry::authorization::MAX_TOKENS;
use crate::registry::helper::Renewable;
use crate::registry::repository::Repository;

impl Session<'_> {
    /// The repository with the login that its helper gave last.
    pub(super) fn with_newest_login(&self, repository: &Repository) -> Repository {
        let newest = self.newest.get(&repository.path);
        let is_of_same =
            |newest: &&StoredLogin| repository.login.as_ref().is_some_and(|own| own.helper == newest.helper);
        Repository {
            login: newest.filter(is_of_same).or(repository.login.as_ref()).cloned(),
            ..repository.clone()
        }
    }

    /// The repository with another login than the one that was refused, if its helper has one.
    pub(super) fn renewed(&mut self, repository: &Repository) -> Option<Repository> {
        let stored = repository.login.as_ref()?;
        if !self.authorization.may_send(stored) {
            return None;
        }
        let stored = StoredLogin {
            login: stored.helper.as_ref()?.instead_of(&stored.login)?,
            ..stored.clone()
        };
        self.authorization.forget(repository);
        if self.newest.len() >= MAX_TOKENS {
            self.newest.clear();
        }
        self.newest.insert(repository.path.clone(), stored.clone());
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
