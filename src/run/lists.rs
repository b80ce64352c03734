// SPDX-License-Identifier: Apache-2.0
//! Lists of manifests among Image objects: a digest that is expected may be that of a list which names the image.

use crate::digest::Digest;
use crate::reason::{Reason, Refusal};
use crate::reference::Reference;
use crate::run::cluster::Session;
use crate::source::objects::{Loaded, ObjectFiles};
use crate::subject::NamingList;

/// The list that one of these identities expects and that names an image. `object` gives the Image of a digest, nothing
/// where there is none. What cannot be read might be the list: that is said, unless another one names the image.
fn naming(
    loaded: &Loaded,
    identities: &[Reference],
    mut object: impl FnMut(&Digest) -> Result<Option<Loaded>, Refusal>,
) -> Option<Result<NamingList, Refusal>> {
    let own = loaded.image.digest().ok()?;
    let mut trouble = None;
    for digest in identities.iter().filter_map(Reference::digest) {
        if digest.names(&own) {
            continue;
        }
        match object(digest) {
            Ok(Some(list)) => {
                if let Some(list) = NamingList::of_object(&list.object, &own) {
                    return Some(Ok(list));
                }
            }
            Ok(None) => {}
            Err(refusal) => trouble = trouble.or(Some(refusal)),
        }
    }
    trouble.map(Err)
}

/// The list among the Images of a cluster.
pub(super) fn in_cluster(
    session: &mut Session,
    loaded: &Loaded,
    identities: &[Reference],
) -> Option<Result<NamingList, Refusal>> {
    naming(loaded, identities, |digest| match session.image(digest) {
        Ok(list) => Ok(Some(list)),
        Err(refusal) if refusal.reason == Reason::NotFound => Ok(None),
        Err(refusal) => Err(refusal),
    })
}

/// The list among the objects of files.
pub(super) fn in_files(
    files: &ObjectFiles,
    loaded: &Loaded,
    identities: &[Reference],
) -> Option<Result<NamingList, Refusal>> {
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
