// SPDX-License-Identifier: Apache-2.0
//! Sigstore signatures at the `.sig` tag of an image.

use std::collections::HashMap;

use super::signatures::Gathered;
use super::Registries;
use crate::digest::Digest;
use crate::image::too_many;
use crate::limits::{MAX_PAYLOAD_BYTES, MAX_SIGNATURES};
use crate::reason::{Reason, Refusal};
use crate::reference::Reference;
use crate::registry::attachments::{self, Layer};
use crate::registry::registries_conf::Location;
use crate::registry::session::Session;
use crate::registry::trouble::{Fault, Trouble};
use crate::registry::Repository;
use crate::sigstore::attachment::SIGNATURE_TYPE;
use crate::subject::{Attachment, Content, SignatureBlob, SourceKind};
use crate::text::safe;

/// Most signatures beyond the limit that are named.
const MAX_NAMED: usize = 1000;

/// What hangs at a tag.
#[derive(Debug, Default)]
pub(super) struct Hanging {
    pub(super) signatures: Vec<SignatureBlob>,
    /// What else hangs there, in words that are safe to print.
    others: Option<String>,
}

impl Registries<'_> {
    /// Adds what hangs at the tag, where the configuration or the user asks for it. Only signatures are fetched, and from
    /// nowhere but this repository.
    pub(super) fn attachments(
        &mut self,
        asked: &Reference,
        location: &Location,
        digest: &Digest,
        gathered: &mut Gathered,
    ) {
        let tag = attachments::tag(digest);
        let place = format!("{}:{tag}", location.reference.name());
        let unconfigured = self.unconfigured(&location.reference);
        if unconfigured.is_some() {
            self.warn_of_unknown_members(&location.reference);
        }
        if let (Some(why), false) = (&unconfigured, self.configuration.wants_attachments) {
            return gathered.leave_out(SourceKind::Attachment, place, why.clone());
        }
        let (found, trouble) = self.attached(asked, location, &tag);
        let others = found.others;
        gathered.add(SourceKind::Attachment, place, found.signatures, trouble.as_ref());
        let unconfigured = unconfigured.filter(|_| !self.configuration.is_by_objects);
        let unconfigured = unconfigured.map(|why| {
            let whose = match self.configuration.stores_directory {
                Some(_) => "the registries.d that is named here",
                None => "the registries.d of this machine",
            };
            format!("podman and CRI-O with {whose} do not look there: {why}")
        });
        let notes: Vec<String> = others.into_iter().chain(unconfigured).collect();
        if !notes.is_empty() {
            gathered.note(notes.join("; "));
        }
    }

    /// What hangs at the tag, whatever the configuration says.
    pub(super) fn attached(&mut self, asked: &Reference, location: &Location, tag: &str) -> (Hanging, Option<Trouble>) {
        let opened = self.repository(asked, location);
        let opened = opened.and_then(|repository| Ok((repository, self.session(location)?)));
        let read = opened.and_then(|(repository, session)| read(session, &repository, tag));
        match read {
            Ok(found) => (found, None),
            Err(trouble) => (Hanging::default(), Some(trouble)),
        }
    }

    /// Why programs that have this machine's configuration do not look for sigstore signatures of a repository,
    /// if they do not.
    fn unconfigured(&self, place: &Reference) -> Option<String> {
        match self.configuration.stores.use_sigstore_attachments(place) {
            Some((true, _)) => None,
            Some((false, at)) => Some(format!("use-sigstore-attachments is false in {}", at.line_of_file())),
            None => Some(format!(
                "use-sigstore-attachments is not set for {} in registries.d",
                safe(place.name())
            )),
        }
    }
}

fn read(session: &mut Session<'_>, repository: &Repository, tag: &str) -> Result<Hanging, Trouble> {
    let manifest = session.manifest(repository, tag)?;
    let layers = attachments::parse(&manifest.media_type, &manifest.body).map_err(|what| Trouble::Wrong {
        url: format!("{}/v2/{}/manifests/{tag}", session.base(), repository.path),
        what,
    })?;
    let others = match layers.others {
        0 => None,
        1 => Some(format!("a layer of another type hangs there, {}", layers.first_other)),
        many => Some(format!(
            "{many} layers of other types hang there, the first {}",
            layers.first_other
        )),
    };
    // Several keys over one payload are several layers with one digest, whose blob is fetched once.
    let mut blobs: HashMap<Digest, Result<Vec<u8>, Refusal>> = HashMap::new();
    let mut found = Vec::new();
    for (n, layer) in layers.signatures.into_iter().enumerate() {
        let content = match layer {
            // A size that is no lie needs no request.
            Ok(layer) if layer.size > MAX_PAYLOAD_BYTES as u64 => Err(Refusal::new(
                Reason::LimitExceeded,
                format!("its payload has {} bytes, more than {MAX_PAYLOAD_BYTES}", layer.size),
            )),
            Ok(layer) => {
                let blob = blobs.entry(layer.digest.clone()).or_insert_with(|| {
                    session
                        .blob(repository, &layer.digest)
                        .map_err(|trouble| unread(&trouble))
                });
                blob.clone().and_then(|payload| attachment(layer, payload))
            }
            Err(Fault::Broken(what)) => Err(Refusal::new(
                Reason::NotASignature,
                format!("its layer is malformed: {what}"),
            )),
            Err(Fault::Unknown(what)) => Err(Refusal::new(Reason::UnsupportedSignature, what)),
        };
        found.push(SignatureBlob {
            name: format!("{tag}#{}", n + 1),
            content: Content::Sigstore(content),
        });
    }
    for n in 0..layers.beyond_limit.min(MAX_NAMED) {
        let index = MAX_SIGNATURES + n;
        found.push(SignatureBlob {
            name: format!("{tag}#{}", index + 1),
            content: Content::Sigstore(Err(too_many(index))),
        });
    }
    Ok(Hanging {
        signatures: found,
        others,
    })
}

/// A payload that cannot be had says nothing about the signature.
fn unread(trouble: &Trouble) -> Refusal {
    match trouble {
        Trouble::TooLarge { .. } => Refusal::new(Reason::LimitExceeded, trouble.to_string()),
        trouble => Refusal::new(Reason::SourceUnavailable, trouble.to_string()),
    }
}

fn attachment(layer: Layer, payload: Vec<u8>) -> Result<Attachment, Refusal> {
    let size = payload.len() as u64;
    if size != layer.size {
        return Err(Refusal::new(
            Reason::NotASignature,
            format!("its layer says {} bytes, and the payload has {size}", layer.size),
        ));
    }
    Ok(Attachment {
        media_type: SIGNATURE_TYPE.to_owned(),
        payload,
        annotations: layer.annotations,
    })
}
