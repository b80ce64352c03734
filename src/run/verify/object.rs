// SPDX-License-Identifier: Apache-2.0
//! Judging an Image object by its signatures, and by those that were found elsewhere.

use super::attach;
use super::beside::Beside;
use super::judged::Judged;
use super::run::Run;
use crate::image;
use crate::reason::{Reason, Refusal, Verdict};
use crate::reference::Reference;
use crate::run::elsewhere::Elsewhere;
use crate::run::manifests::not_counted;
use crate::source::objects::Loaded;
use crate::source::registry::signatures::places;
use crate::subject::{Content, SignatureBlob, Subject};
use crate::text::safe;
use crate::verdict::{ImageOutcome, SignatureOutcome};

impl Run<'_, '_> {
    /// Which signatures of an object are to be judged.
    pub(super) fn choose(&mut self, loaded: &Loaded) -> Vec<usize> {
        let wanted = &self.settings.signatures;
        let all = loaded.image.signatures.iter().enumerate();
        if wanted.is_empty() {
            return all.map(|(n, _)| n).collect();
        }
        let mut chosen = Vec::new();
        for (n, signature) in all {
            for (carried, name) in self.carried.iter_mut().zip(wanted) {
                if signature.is_named(name) {
                    *carried = true;
                    chosen.push(n);
                }
            }
        }
        chosen.dedup();
        chosen
    }

    /// Signatures that no image carries are not found.
    pub(super) fn signatures_not_found(&mut self, source: &str) {
        let missing: Vec<String> = self
            .settings
            .signatures
            .iter()
            .zip(&self.carried)
            .filter(|(_, carried)| !**carried)
            .map(|(name, _)| safe(name))
            .collect();
        if !missing.is_empty() && !self.any_not_found {
            let message = format!("no image carries a signature {}", missing.join(", "));
            let refusal = Refusal::new(Reason::NotFound, message);
            let judged = self.refused(source, source, refusal, &[]);
            self.print(&judged);
        }
    }

    /// What is said of an image that carries none of the signatures asked for.
    pub(super) fn carries_none(&self) -> Refusal {
        let wanted = self.settings.signatures.join(", ");
        Refusal::new(Reason::NotFound, format!("it carries no signature {}", safe(&wanted)))
    }

    /// Judges the chosen signatures of an object.
    pub(super) fn judge_object(
        &mut self,
        loaded: &Loaded,
        chosen: &[usize],
        name: &str,
        source: &str,
        identities: &[Reference],
        beside: Beside<'_>,
    ) -> Judged {
        let elsewhere = beside.elsewhere;
        let mut blobs: Vec<SignatureBlob> = chosen.iter().map(|n| blob(loaded, *n)).collect();
        let mut sources = Vec::new();
        if let Some(elsewhere) = elsewhere {
            sources = elsewhere.sources(source, blobs.len());
            elsewhere.add_to(&mut blobs);
        }
        let mut attachable = Vec::new();
        let outcome = match loaded.image.digest() {
            Ok(digest) => match loaded.image.manifest_state(&digest) {
                Ok(manifest) => {
                    let manifest = match elsewhere {
                        Some(elsewhere) => elsewhere.manifest_state(manifest, &digest),
                        None => manifest,
                    };
                    let mut absence = image::absence(&loaded.object);
                    if let Some(elsewhere) = elsewhere {
                        let others = not_counted(elsewhere.not_counted.as_deref().unwrap_or_default());
                        absence = format!(" and in {}{others}{absence}", places(&sources[1..]));
                    }
                    let subject = Subject {
                        manifest,
                        digest,
                        lists: beside.lists.map_or_else(Vec::new, |lists| lists.named.clone()),
                        signatures: blobs,
                        sources: sources.clone(),
                        is_object_alone: !elsewhere.is_some_and(Elsewhere::looked_in_registries),
                    };
                    let mut outcome = self.judge(&subject, source, &absence, identities);
                    let trouble = beside.lists.and_then(|lists| lists.trouble.as_ref());
                    if let (Some(refusal), Verdict::Rejected) = (trouble, outcome.verdict()) {
                        // It may be the image that was asked for.
                        let signatures = subject.signatures.iter();
                        let signatures = signatures.map(|blob| refused(blob, refusal));
                        outcome = ImageOutcome::refused(refusal.clone(), signatures.collect());
                    }
                    attachable = attach::attachable(&outcome, &subject.signatures, chosen.len());
                    outcome
                }
                Err(refusal) => ImageOutcome::refused(refusal, Vec::new()),
            },
            // What is recorded on an object of no image must not stand either.
            Err(refusal) => {
                let signatures = blobs.iter().map(|blob| refused(blob, &refusal)).collect();
                ImageOutcome::refused(refusal, signatures)
            }
        };
        let mut judged = self.judged(name, source, outcome, identities);
        if let Some(others) = elsewhere.and_then(|elsewhere| elsewhere.not_counted.as_ref()) {
            sources.extend(others.iter().cloned());
        }
        judged.report.sources = sources;
        judged.attachable = attachable;
        judged
    }
}

/// A signature that is not judged.
fn refused(blob: &SignatureBlob, refusal: &Refusal) -> SignatureOutcome {
    SignatureOutcome::refused(blob.name.clone(), blob.content.kind(), refusal.clone(), None)
}

fn blob(loaded: &Loaded, index: usize) -> SignatureBlob {
    let signature = &loaded.image.signatures[index];
    SignatureBlob {
        name: signature.name.clone(),
        content: Content::Gpg(signature.content.clone()),
    }
}
