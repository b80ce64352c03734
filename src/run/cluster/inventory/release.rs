// SPDX-License-Identifier: Apache-2.0
//! The release payload that a cluster runs, and the signatures that the cluster keeps of it: there need be no Image object.

use super::users::used;
use super::Inventory;
use crate::audit::entry::UseKind;
use crate::audit::uses::Uses;
use crate::cluster::api::Api;
use crate::cluster::release::{self, Kept};
use crate::digest::Digest;
use crate::image::too_many;
use crate::limits::MAX_SIGNATURES;
use crate::reason::{Reason, Refusal};
use crate::run::elsewhere::Elsewhere;
use crate::subject::{Answer, Content, SignatureBlob, SourceAnswer, SourceKind};

/// Most signatures beyond the limit that are named.
const MAX_NAMED: usize = 1000;

impl Inventory {
    /// Finds out which payload runs, and which signatures the cluster keeps of it.
    pub(super) fn add_release(&mut self, api: &mut Api, uses: &mut Uses) {
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
