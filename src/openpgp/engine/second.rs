// SPDX-License-Identifier: Apache-2.0
//! A second reading of the keys: what the checker makes of their copies by itself.

use std::sync::Arc;

use super::Engine;
use crate::openpgp::candidates::Candidates;
use crate::openpgp::error::EngineError;
use crate::openpgp::framing::message::Message;
use crate::openpgp::keys::certificate::Certificate;
use crate::openpgp::keys::key::{Fingerprint, Key};
use crate::reason::Reason;

/// What a second reading of a key has found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading {
    /// The signature is good.
    Good,
    /// The key is revoked, has expired or may not sign.
    Limits,
    /// There is no such key.
    Nothing,
}

impl Engine {
    /// Makes sure that the checker finds a signature by `maker` good also with the copies of its key as they were read.
    pub(super) fn ensure_good_as_read(
        &mut self,
        message: &Message,
        candidates: &Candidates,
        certificate: &Arc<Certificate>,
        maker: &Fingerprint,
    ) -> Result<(), EngineError> {
        let asked = (certificate.fingerprint().clone(), maker.clone());
        if self.read_alike.contains(&asked) {
            return Ok(());
        }
        match self.as_read(message, candidates, certificate)? {
            Some(Reading::Limits) => Err(differs(certificate, "finds that it may not make this signature")),
            Some(Reading::Nothing) => Err(differs(certificate, "takes no key")),
            Some(Reading::Good) | None => {
                self.read_alike.insert(asked);
                Ok(())
            }
        }
    }

    /// Makes sure that the checker finds nothing good with the copies of a key as they were read where it found that the key
    /// says too little for it.
    pub(super) fn ensure_bad_as_read(
        &mut self,
        message: &Message,
        candidates: &Candidates,
        certificate: &Arc<Certificate>,
    ) -> Result<(), EngineError> {
        match self.as_read(message, candidates, certificate)? {
            Some(Reading::Good) => Err(differs(certificate, "finds that it may make this signature")),
            Some(Reading::Limits | Reading::Nothing) | None => Ok(()),
        }
    }

    /// What the copies of a key as they were read say of the signature; `None` where that is nothing else.
    fn as_read(
        &mut self,
        message: &Message,
        candidates: &Candidates,
        certificate: &Arc<Certificate>,
    ) -> Result<Option<Reading>, EngineError> {
        if certificate.is_plain() {
            return Ok(None);
        }
        let mut copies = vec![Arc::clone(certificate)];
        copies.extend(self.revokers_of(certificate)?.into_iter().flat_map(|(_, keys)| keys));
        let keys: Vec<Arc<Key>> = candidates.keys().cloned().collect();
        let Some(answer) = self.check.check_as_read(message, &copies, &keys)? else {
            return Ok(Some(Reading::Nothing));
        };
        Ok(match answer {
            Ok(fit) if fit.is_good => Some(Reading::Good),
            Ok(fit) if fit.key_expired || fit.key_revoked => Some(Reading::Limits),
            Err(refusal) if refusal.reason == Reason::WrongKeyUsage => Some(Reading::Limits),
            // The signature fits the key, which the subkey has not consented to.
            Err(refusal) if refusal.reason == Reason::BadSignature => Some(Reading::Limits),
            _ => None,
        })
    }
}

fn differs(certificate: &Certificate, how: &str) -> EngineError {
    EngineError::failed(
        "checking the key of a signature",
        format!(
            "reading the copies of key {} one after the other, gpg {how}: they were altered, or contradict each other; get the key again from its owner",
            certificate.fingerprint()
        ),
    )
}
