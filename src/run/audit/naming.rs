// SPDX-License-Identifier: Apache-2.0
//! Lists that name an image and whose digests are expected of it, as `verify` looks for them.

use crate::digest::Digest;
use crate::reason::Refusal;
use crate::reference::Reference;
use crate::subject::NamingList;

/// What is known of the lists whose digests are expected of an image.
#[derive(Debug, Clone, Default)]
pub(super) struct Lists(Vec<(Digest, Result<NamingList, Refusal>)>);

impl Lists {
    /// Looks for the list of each different digest in these identities; `find` is given one identity.
    pub(super) fn of(
        identities: &[Reference],
        mut find: impl FnMut(&[Reference]) -> Option<Result<NamingList, Refusal>>,
    ) -> Self {
        let mut asked: Vec<&Digest> = Vec::new();
        let mut found = Vec::new();
        for identity in identities {
            let Some(digest) = identity.digest().filter(|digest| !asked.contains(digest)) else {
                continue;
            };
            asked.push(digest);
            found.extend(find(std::slice::from_ref(identity)).map(|list| (digest.clone(), list)));
        }
        Self(found)
    }

    /// The digests of those that name the image.
    pub(super) fn digests(&self) -> Vec<String> {
        let named = self.0.iter().filter_map(|(_, list)| list.as_ref().ok());
        named.map(|list| list.digest().to_string()).collect()
    }

    /// The first list that one of these identities expects; else why it is not known whether there is one.
    pub(super) fn expected_by(&self, identities: &[Reference]) -> Option<&Result<NamingList, Refusal>> {
        let is_expected = |digest: &Digest| identities.iter().any(|identity| identity.digest() == Some(digest));
        let own = || self.0.iter().filter(|(digest, _)| is_expected(digest));
        let named = own().find(|(_, list)| list.is_ok()).or_else(|| own().next());
        named.map(|(_, list)| list)
    }
}
