// SPDX-License-Identifier: Apache-2.0
//! The release payload that a cluster runs, and the signatures that the cluster keeps of it: there need be no Image object.
//! Its components are what it names: images that run and Images of the cluster are expected to be signed as it names them.

use super::users::used;
use super::{Candidate, Contents, Inventory, Reader};
use crate::audit::entry::UseKind;
use crate::audit::uses::Uses;
use crate::cluster::release::{self, Kept, Payload};
use crate::digest::Digest;
use crate::image::too_many;
use crate::limits::MAX_SIGNATURES;
use crate::reason::{Reason, Refusal};
use crate::run::cluster::Session;
use crate::run::elsewhere::Elsewhere;
use crate::subject::{Answer, Content, SignatureBlob, SourceAnswer, SourceKind};

/// Most signatures beyond the limit that are named.
const MAX_NAMED: usize = 1000;

impl Inventory {
    /// Finds out which payload runs, which signatures the cluster keeps of it, and which components it has.
    pub(super) fn add_release(&mut self, session: &mut Session, uses: &mut Uses, reader: Option<Reader<'_>>) {
        let api = &mut session.api;
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
                self.add_components(session, uses, payload, reader);
            }
        }
    }

    /// Whether the cluster says which payload it runs.
    pub(in crate::run) fn has_release(&self) -> bool {
        !self.release.is_empty()
    }

    /// Notes the components of a payload, each as it names it. What uses the payload itself is known by now.
    fn add_components(&mut self, session: &mut Session, uses: &mut Uses, payload: &Payload, reader: Reader<'_>) {
        let Some(digest) = payload.image.digest() else { return };
        uses.sort();
        let found = self.fetch(&mut session.api, digest, None);
        // What cannot be read may be what makes it one that is Verified.
        let trouble = found
            .as_ref()
            .err()
            .filter(|refusal| refusal.reason != Reason::NotFound);
        let trouble = trouble.map(|refusal| refusal.message.clone());
        let candidate = Candidate {
            name: digest.to_string(),
            found,
            known: uses.known(digest),
            wanted: Vec::new(),
            aside: self.aside(digest.as_str()),
            lost_name: None,
        };
        let version = &payload.version;
        let say = |why: String| format!("release payload {version}: {why}");
        let contents = match trouble {
            Some(why) => Contents::Unknown(why),
            None => reader(session, payload, candidate),
        };
        match contents {
            Contents::NotRead => {}
            Contents::Unknown(why) => self.incomplete.push(say(format!(
                "{why}; which components it has, and what these are to be signed as, is not known"
            ))),
            Contents::Components(components) => {
                for component in &components.named {
                    if let Some(own) = component.image.digest() {
                        let by = used(UseKind::Release, "", &format!("{version}/{}", component.name));
                        uses.add(own, &by, std::slice::from_ref(&component.image));
                    }
                }
                let faults = components.faults.into_iter();
                self.incomplete
                    .extend(faults.map(|why| say(format!("{why}; what it is to be signed as is not known"))));
            }
        }
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
