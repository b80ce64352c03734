// SPDX-License-Identifier: Apache-2.0
//! From a subject to its outcome: framing, engine and the pure steps, one signature after the other.

use crate::openpgp::engine::Engine;
use crate::openpgp::framing::message::Message;
use crate::reason::{Reason, Refusal};
use crate::subject::{Content, SignatureBlob, Subject};
use crate::text::safe;
use crate::verdict::{self, Expectation, ImageOutcome, SignatureOutcome};

/// An engine, or why there is none: then every signature is Unchecked for that reason.
pub type EngineOrTrouble = Result<Box<Engine>, Refusal>;

/// Judges an image and all its signatures.
pub fn judge_image(
    engine: &mut EngineOrTrouble,
    subject: &Subject,
    expectation: &Expectation,
    no_signature: &str,
) -> ImageOutcome {
    let signatures = subject
        .signatures
        .iter()
        .map(|blob| judge_blob(engine, blob, subject, expectation))
        .collect();
    ImageOutcome::combine(subject, signatures, expectation, no_signature)
}

fn judge_blob(
    engine: &mut EngineOrTrouble,
    blob: &SignatureBlob,
    subject: &Subject,
    expectation: &Expectation,
) -> SignatureOutcome {
    let kind = blob.content.kind();
    let refused = |refusal: Refusal| SignatureOutcome::refused(blob.name.clone(), kind, refusal, None);
    let content = match &blob.content {
        Content::Gpg(content) => content,
        Content::Sigstore(Err(refusal)) => return refused(refusal.clone()),
        Content::Sigstore(Ok(_)) => {
            let what = "present, not checked: a sigstore signature";
            return refused(Refusal::new(Reason::UnsupportedSignature, what).sparing_record());
        }
    };
    let message = content.as_ref().map_err(Clone::clone);
    let message = match message.and_then(|blob| Message::parse(blob)) {
        Ok(message) => message,
        Err(refusal) => return refused(refusal),
    };
    let engine = match engine {
        Ok(engine) => engine,
        Err(trouble) => return refused(trouble.clone()),
    };
    match engine.verify(&message) {
        Ok(finding) => verdict::judge(&blob.name, finding, &message.payload, subject, expectation),
        Err(error) => refused(Refusal::new(Reason::EngineFailed, safe(&error.to_string()))),
    }
}
