// SPDX-License-Identifier: Apache-2.0
//! Manifest lists among Image objects: a digest that is expected may be that of a list which names the image.

use crate::digest::{Algorithm, Digest};
use crate::reason::{Reason, Refusal};
use crate::reference::Reference;
use crate::run::cluster::Session;
use crate::source::objects::{Loaded, ObjectFiles};
use crate::subject::{ManifestState, NamingList};

/// The lists that are expected of an image.
#[derive(Debug, Clone, Default)]
pub(super) struct ExpectedLists {
    /// The manifest lists that name the image.
    pub(super) named: Vec<NamingList>,
    /// Why it is not known of another one whether it does.
    pub(super) trouble: Option<Refusal>,
}

impl ExpectedLists {
    /// Puts those of some identities to those of others.
    pub(super) fn extend(&mut self, others: Self) {
        for list in others.named {
            if !self.named.contains(&list) {
                self.named.push(list);
            }
        }
        self.trouble = self.trouble.take().or(others.trouble);
    }
}

/// The lists that these identities expect and that name an image. `object` gives the Image of a digest, nothing where there
/// is none. What cannot be read might be such a list: that is said, also where others name the image.
fn naming(
    loaded: &Loaded,
    identities: &[Reference],
    mut object: impl FnMut(&Digest) -> Result<Option<Loaded>, Refusal>,
) -> ExpectedLists {
    let mut lists = ExpectedLists::default();
    let Ok(own) = loaded.image.digest() else {
        return lists;
    };
    let mut asked: Vec<&Digest> = Vec::new();
    for digest in identities.iter().filter_map(Reference::digest) {
        if digest.names(&own) || asked.contains(&digest) {
            continue;
        }
        asked.push(digest);
        let manifest = loaded.image.manifest_state(&own).unwrap_or(ManifestState::NotAtHand);
        let found = match (manifest.has(digest, &own), digest.algorithm()) {
            (Some(true), _) => continue,
            (_, Algorithm::Sha256) => object(digest),
            _ => Err(not_a_name(digest)),
        };
        lists.extend(match found {
            Ok(list) => ExpectedLists {
                named: list
                    .and_then(|list| NamingList::of_object(&list.object, &own, &manifest))
                    .into_iter()
                    .collect(),
                trouble: None,
            },
            Err(refusal) => ExpectedLists {
                named: Vec::new(),
                trouble: Some(refusal),
            },
        });
    }
    lists
}

/// A list may have the digest, and no object is found by it.
fn not_a_name(digest: &Digest) -> Refusal {
    Refusal::new(
        Reason::SourceUnavailable,
        format!("{digest} may be the digest of a manifest list with this image in it: Image objects have names by sha256, so none is found by it"),
    )
}

/// The lists among the Images of a cluster.
pub(super) fn in_cluster(session: &mut Session, loaded: &Loaded, identities: &[Reference]) -> ExpectedLists {
    naming(loaded, identities, |digest| match session.image(digest) {
        Ok(list) => Ok(Some(list)),
        Err(refusal) if refusal.reason == Reason::NotFound => Ok(None),
        Err(refusal) => Err(refusal),
    })
}

/// The lists among the objects of files.
pub(super) fn in_files(files: &ObjectFiles, loaded: &Loaded, identities: &[Reference]) -> ExpectedLists {
    naming(loaded, identities, |digest| {
        let found = files.find(digest.as_str());
        let Some((first, others)) = found.split_first() else {
            return match files.unreadable.first() {
                Some(unreadable) => Err(unreadable.refusal.clone()),
                None => Ok(None),
            };
        };
        if !files.are_same(*first, others) {
            let places: Vec<String> = found.iter().map(|position| files.place_of(*position)).collect();
            return Err(Refusal::new(
                Reason::SourceUnavailable,
                format!("image {digest} occurs with different content: {}", places.join(", ")),
            ));
        }
        files.load(*first).loaded.map(Some)
    })
}
