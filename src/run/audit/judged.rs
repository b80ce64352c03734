// SPDX-License-Identifier: Apache-2.0
//! What an image was judged to be.

use crate::openpgp::framing::message::Message;
use crate::reason::{Reason, Refusal};
use crate::run::planning::AsRecorded;
use crate::subject::{Content, SignatureBlob, SourceAnswer};
use crate::verdict::{Footing, ImageOutcome, SignatureOutcome};

/// An image as it was judged.
pub(super) struct Judged {
    /// What it came to for any of its identities, whether or not every use gets what it expects.
    pub(super) first: ImageOutcome,
    /// What it came to for a use that does not get what it expects.
    pub(super) worse: Option<ImageOutcome>,
    /// When each of the signatures whose maker is known expires itself, in the order of the first ones; as far as that is known.
    pub(super) expiries: Vec<Option<i64>>,
    /// The places that were asked for signatures.
    pub(super) sources: Vec<SourceAnswer>,
    /// The digest, where it is known only now.
    pub(super) digest: Option<String>,
    /// The signatures of the instances that a list was judged by, at any depth, each with the digest of its instance.
    pub(super) instances: Vec<(String, SignatureOutcome)>,
    /// What it rests on that it is Verified for all of its uses, if it is.
    pub(super) footing: Option<Footing>,
    /// What it comes to as what its signatures are recorded to be trusted for, as far as that was looked at.
    pub(super) as_recorded: AsRecorded,
}

impl From<ImageOutcome> for Judged {
    fn from(outcome: ImageOutcome) -> Self {
        Self {
            footing: outcome.footing(),
            first: outcome,
            worse: None,
            expiries: Vec::new(),
            sources: Vec::new(),
            digest: None,
            instances: Vec::new(),
            as_recorded: AsRecorded::default(),
        }
    }
}

impl Judged {
    /// What it came to for all of its uses.
    pub(super) fn outcome(&self) -> &ImageOutcome {
        self.worse.as_ref().unwrap_or(&self.first)
    }
}

/// Whether gpg has failed on any signature.
pub(super) fn has_failed(outcome: &ImageOutcome) -> bool {
    outcome.reason() == Reason::EngineFailed
        || outcome
            .signatures()
            .iter()
            .any(|signature| signature.reason() == Reason::EngineFailed)
}

/// An image that is refused with all its signatures; those that are damaged themselves for their own reasons.
pub(super) fn refused(refusal: Refusal, signatures: &[SignatureBlob]) -> ImageOutcome {
    let signatures = signatures.iter().map(|blob| {
        let own = match &blob.content {
            Content::Gpg(Err(own)) | Content::Sigstore(Err(own)) => own.clone(),
            _ => refusal.clone(),
        };
        SignatureOutcome::refused(blob.name.clone(), blob.content.kind(), own, None)
    });
    let signatures = signatures.collect();
    ImageOutcome::refused(refusal, signatures)
}

/// When the signatures expire themselves whose maker is known: by what GnuPG has found good, no other bytes are looked at.
pub(super) fn expiries(outcome: &ImageOutcome, blobs: &[SignatureBlob]) -> Vec<Option<i64>> {
    let each = outcome.signatures().iter().zip(blobs);
    let expiry = each.map(|(own, blob)| match &blob.content {
        Content::Gpg(Ok(bytes)) if own.signer().is_some() => Message::parse(bytes).ok()?.signature.expires,
        _ => None,
    });
    expiry.collect()
}
