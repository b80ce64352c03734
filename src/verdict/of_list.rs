// SPDX-License-Identifier: Apache-2.0
//! Signatures of the instances of one manifest list: each may have as many as an image, and there are hundreds of instances.
//! What comes again is checked once, and gpg, which is started for each one that is not good, is asked about so many only.
//! Sigstore keys, which are quicker, are tried so often only.

use std::collections::HashMap;

use sha2::{Digest as _, Sha256};

use crate::limits::{MAX_CHECKED_OF_LIST, MAX_TRIED_OF_LIST};
use crate::openpgp::engine::Engine;
use crate::openpgp::error::EngineError;
use crate::openpgp::framing::message::Message;
use crate::openpgp::judgement::Judgement;
use crate::reason::{Reason, Refusal};
use crate::sigstore::keys::{Checked, Keys};
use crate::subject::Attachment;
use crate::text::safe;

/// What was found out about signatures of the instances of one list.
#[derive(Debug, Default)]
pub(crate) struct OfList {
    /// Of those that gpg was asked about: by the set of keys, and by the SHA-256 of the whole blob.
    found: HashMap<(usize, [u8; 32]), Judgement>,
    /// About how many gpg was asked.
    checked: usize,
    /// How often sigstore keys were tried.
    tried: usize,
}

impl OfList {
    /// What the engine of a set of keys makes of a blob, of which `message` is the content.
    ///
    /// # Errors
    /// When nothing can be said about it: the engine has failed, or was asked about too many before.
    pub(super) fn verify(
        &mut self,
        (set, engine): (usize, &mut Engine),
        blob: &[u8],
        message: &Message,
    ) -> Result<Judgement, Refusal> {
        let own = (set, Sha256::digest(blob).into());
        if let Some(judgement) = self.found.get(&own) {
            return Ok(judgement.clone());
        }
        if self.checked >= MAX_CHECKED_OF_LIST {
            return Err(too_many_of_list(&format!(
                "gpg was asked about {MAX_CHECKED_OF_LIST} other signatures"
            )));
        }
        let before = engine.checked;
        let judgement = engine.verify(message);
        let is_checked = engine.checked > before;
        self.checked += engine.checked - before;
        let judgement = judgement.map_err(|error| failed(&error))?;
        if is_checked {
            self.found.insert(own, judgement.clone());
        }
        Ok(judgement)
    }

    /// What the keys of a set make of a sigstore signature.
    ///
    /// # Errors
    /// When nothing can be said about it, because keys were tried too often before.
    pub(super) fn check(&mut self, keys: &Keys, attachment: &Attachment) -> Result<Checked, Refusal> {
        let tries = keys.tries(attachment);
        if tries > 0 && self.tried >= MAX_TRIED_OF_LIST {
            return Err(too_many_of_list(&format!(
                "sigstore keys were tried {MAX_TRIED_OF_LIST} times for other signatures"
            )));
        }
        self.tried += tries;
        Ok(keys.check(attachment))
    }
}

/// An engine that says nothing about a signature.
pub(super) fn failed(error: &EngineError) -> Refusal {
    Refusal::new(Reason::EngineFailed, safe(&error.to_string()))
}

/// Which others came first is chance, and says nothing about this one.
fn too_many_of_list(what: &str) -> Refusal {
    let message = format!(
        "not checked: {what} of the manifest list before, the most for one list; verify the instance by its own digest"
    );
    Refusal::new(Reason::SourceUnavailable, message)
}
