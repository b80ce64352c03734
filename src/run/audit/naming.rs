// SPDX-License-Identifier: Apache-2.0
//! Lists that name an image and whose digests are expected of it, as `verify` looks for them.

use crate::digest::Digest;
use crate::reference::Reference;
use crate::run::lists::ExpectedLists;

/// What is known of the lists whose digests are expected of an image.
#[derive(Debug, Clone, Default)]
pub(super) struct Lists(Vec<(Digest, ExpectedLists)>);

impl Lists {
    /// Looks for the list of each different digest in these identities; `find` is given one identity.
    pub(super) fn of(identities: &[Reference], mut find: impl FnMut(&[Reference]) -> ExpectedLists) -> Self {
        let mut found: Vec<(Digest, ExpectedLists)> = Vec::new();
        for identity in identities {
            let Some(digest) = identity.digest() else {
                continue;
            };
            if found.iter().all(|(asked, _)| asked != digest) {
                found.push((digest.clone(), find(std::slice::from_ref(identity))));
            }
        }
        Self(found)
    }

    /// The digests of those that name the image.
    pub(super) fn digests(&self) -> Vec<String> {
        let named = self.0.iter().flat_map(|(_, lists)| &lists.named);
        named.map(|list| list.digest().to_string()).collect()
    }

    /// The digests that are expected, each with what is known of its list.
    pub(super) fn each(&self) -> impl Iterator<Item = &(Digest, ExpectedLists)> {
        self.0.iter()
    }

    /// The lists that these identities expect.
    pub(super) fn expected_by(&self, identities: &[Reference]) -> ExpectedLists {
        let is_expected = |digest: &Digest| identities.iter().any(|identity| identity.digest() == Some(digest));
        let mut expected = ExpectedLists::default();
        for (_, lists) in self.0.iter().filter(|(digest, _)| is_expected(digest)) {
            expected.extend(lists.clone());
        }
        expected
    }
}
