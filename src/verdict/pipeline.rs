// SPDX-License-Identifier: Apache-2.0
//! From a subject to its outcome: framing, engine and the pure steps, one signature after the other.

use crate::openpgp::engine::Engine;
use crate::openpgp::framing::message::Message;
use crate::reason::{Reason, Refusal};
use crate::subject::{SignatureBlob, Subject};
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
    ImageOutcome::combine(&subject.digest, signatures, expectation, no_signature)
}

fn judge_blob(
    engine: &mut EngineOrTrouble,
    blob: &SignatureBlob,
    subject: &Subject,
    expectation: &Expectation,
) -> SignatureOutcome {
    let refused = |refusal: Refusal| SignatureOutcome::refused(blob.name.clone(), refusal, None);
    let message = match blob
        .content
        .as_ref()
        .map_err(Clone::clone)
        .and_then(|b| Message::parse(b))
    {
        Ok(message) => message,
        Err(refusal) => return refused(refusal),
    };
    let engine = match engine {
        Ok(engine) => engine,
        Err(trouble) => return refused(trouble.clone()),
    };
    match engine.verify(&message) {
        Ok(finding) => verdict::judge(
            &blob.name,
            finding,
            &message.payload,
            &subject.digest,
            &subject.manifest,
            expectation,
        ),
        Err(error) => refused(Refusal::new(Reason::EngineFailed, safe(&error.to_string()))),
    }
}
