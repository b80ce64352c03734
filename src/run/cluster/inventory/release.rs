// SPDX-License-Identifier: Apache-2.0
//! The release payload that a cluster runs, and the signatures that the cluster keeps of it: there need be no Image object.
//! Its components are what it names: images that run and Images of the cluster are expected to be signed as it names them.

use super::contents::{Contents, Reader};
use super::users::used;
use super::Inventory;
use crate::audit::entry::UseKind;
use crate::audit::uses::Uses;
use crate::cluster::api::Api;
use crate::cluster::images;
use crate::cluster::names::Name;
use crate::cluster::release::{self, Kept, Payload};
use crate::digest::Digest;
use crate::image::too_many;
use crate::limits::MAX_SIGNATURES;
use crate::reason::{Reason, Refusal};
use crate::run::elsewhere::Elsewhere;
use crate::subject::{Answer, Content, SignatureBlob, SourceAnswer, SourceKind};

/// Most signatures beyond the limit that are named.
const MAX_NAMED: usize = 1000;

impl Inventory {
    /// Finds out which payload runs, which signatures the cluster keeps of it, and which components it has.
    pub(super) fn add_release(&mut self, api: &mut Api, uses: &mut Uses, reader: Option<Reader<'_>>) {
        let payloads = match release::running(api) {
            Ok(payloads) => payloads,
            Err(refusal) => {
                let why = refusal.message;
                return self
                    .incomplete
                    .push(format!("{why}; it is unknown which release payload runs"));
            }
        };
        let mut digests: Vec<Digest> = Vec::new();
        for payload in &payloads {
            if let Some(digest) = payload.image.digest() {
                let by = used(UseKind::Release, "", &payload.version);
                uses.add(digest, &by, &payload.references());
                digests.push(digest.clone());
            }
        }
        if digests.is_empty() {
            return;
        }
        let mut kept = release::signatures(api, &digests).map(Vec::into_iter);
        for digest in &digests {
            let own = kept.as_mut().map(|all| all.next().unwrap_or_default());
            if let Some(hash) = digest.hash() {
                self.release
                    .insert(hash, of_release(own.map_err(|refusal| refusal.clone())));
            }
        }
        if let Some(reader) = reader {
            for payload in &payloads {
                self.add_components(api, uses, payload, reader);
            }
        }
    }

    /// Whether the cluster runs a payload that is known.
    pub(in crate::run) fn has_release(&self) -> bool {
        !self.release.is_empty()
    }

    /// Whether an image is a payload that the cluster runs.
    pub(in crate::run) fn is_release(&self, image: &str) -> bool {
        let hash = Digest::parse(image).ok().and_then(|digest| digest.hash());
        hash.is_some_and(|hash| self.release.contains_key(&hash))
    }

    /// Notes the components of a payload, each as it names it.
    fn add_components(&mut self, api: &mut Api, uses: &mut Uses, payload: &Payload, reader: Reader<'_>) {
        let Some(digest) = payload.image.digest() else { return };
        let object = images::find(api, &Name::Image(digest.clone()));
        let Contents { components, unknown } = reader(payload, self.aside(digest.as_str()), object);
        // What is no Image and is not used otherwise is not judged, and needs no place in the table.
        let has_all = self.has_outline && self.scope.selector.is_empty();
        let added = uses.added();
        let is_known = |uses: &Uses, hash: &[u8; 32]| uses.began_with(hash) || added.binary_search(hash).is_ok();
        for component in components {
            let own = component.image.digest();
            let own = own.filter(|own| !has_all || own.hash().is_some_and(|hash| is_known(uses, &hash)));
            if let Some(own) = own {
                let by = used(UseKind::Release, "", &format!("{}/{}", payload.version, component.name));
                uses.add(own, &by, std::slice::from_ref(&component.image));
            }
        }
        self.incomplete.extend(unknown);
    }
}

/// What the cluster keeps of a payload, as signatures of it.
fn of_release(kept: Result<Vec<Kept>, Refusal>) -> Elsewhere {
    let (kept, trouble) = match kept {
        Ok(kept) => (kept, None),
        Err(refusal) => (Vec::new(), Some(refusal)),
    };
    let signatures = kept.len();
    let blobs = kept.into_iter().enumerate().take(MAX_SIGNATURES + MAX_NAMED);
    let blobs = blobs.map(|(index, kept)| SignatureBlob {
        name: kept.name,
        content: Content::Gpg(match index {
            index if index < MAX_SIGNATURES => kept.content,
            index => Err(too_many(index)),
        }),
    });
    let source = SourceAnswer {
        kind: SourceKind::ConfigMap,
        location: release::SIGNATURES.to_owned(),
        answer: match trouble {
            None if signatures == 0 => Answer::Absent,
            None => Answer::Found,
            Some(refusal) if refusal.reason == Reason::Forbidden => Answer::Forbidden(refusal.message),
            Some(refusal) => Answer::Unreachable(refusal.message),
        },
        signatures,
        note: None,
    };
    Elsewhere::kept(blobs.collect(), source)
}
