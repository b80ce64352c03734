// SPDX-License-Identifier: Apache-2.0
//! The public keys that sigstore signatures may be by, and what is found out about a signature with them.

use std::path::Path;

use super::check::{check, tries};
use super::key::{Kind, PublicKey, MAX_KEY_FILE};
use crate::files::exposed;
use crate::files::read::read_bounded;
use crate::reason::{Reason, Refusal};
use crate::subject::Attachment;
use crate::text::{io_message, safe};

/// Accepted public keys, each once.
#[derive(Debug, Clone, Default)]
pub struct Keys {
    keys: Vec<PublicKey>,
    /// Of these only those with one of these identifiers; all where none is named.
    named: Vec<String>,
}

/// The key that a signature was verified with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SigstoreSigner {
    /// Its identifier: see [`PublicKey::id`].
    pub id: String,
    /// Algorithm and strength, such as `rsa4096`.
    pub key_algorithm: String,
    /// Algorithm of the data digest; `none` where the signature is over the data itself.
    pub hash_algorithm: &'static str,
}

/// What is found out about one signature.
#[derive(Debug, Clone)]
pub enum Checked {
    /// Good, by an accepted key.
    Good(SigstoreSigner),
    /// Good, by a key that is not accepted.
    NotAccepted(SigstoreSigner, Refusal),
    /// Not by any of the keys, or not a signature.
    Refused(Refusal),
}

impl Keys {
    /// Takes keys, of which only those in `named` are accepted unless it is empty.
    #[must_use]
    pub fn new(all: Vec<PublicKey>, named: Vec<String>) -> Self {
        let mut keys: Vec<PublicKey> = Vec::new();
        for key in all {
            if !keys.iter().any(|own| own.id() == key.id()) {
                keys.push(key);
            }
        }
        Self { keys, named }
    }

    /// Identifiers that were named and that no key has.
    #[must_use]
    pub fn absent(&self) -> Vec<&str> {
        let named = self.named.iter().map(String::as_str);
        named
            .filter(|id| !self.keys.iter().any(|key| key.id() == *id))
            .collect()
    }

    /// How many of the keys a signature must be tried by, at most: what is not a signature costs next to nothing.
    #[must_use]
    pub fn tries(&self, attachment: &Attachment) -> usize {
        tries(attachment, &self.keys)
    }

    /// Checks one signature by the keys, and whether the one that made it is accepted.
    #[must_use]
    pub fn check(&self, attachment: &Attachment) -> Checked {
        let key = match check(attachment, &self.keys) {
            Ok(Ok(key)) => key,
            Ok(Err(refusal)) | Err(refusal) => return Checked::Refused(refusal),
        };
        let signer = SigstoreSigner {
            id: key.id().to_owned(),
            key_algorithm: key.algorithm().to_owned(),
            hash_algorithm: if key.kind == Kind::Ed25519 { "none" } else { "SHA256" },
        };
        if self.named.is_empty() || self.named.contains(&signer.id) {
            return Checked::Good(signer);
        }
        let named: Vec<String> = self.named.iter().map(|id| format!("sha256:{id}")).collect();
        let message = format!(
            "it is by sigstore key sha256:{}, which is not one that --signed-by names: {}",
            signer.id,
            named.join(", ")
        );
        Checked::NotAccepted(signer, Refusal::new(Reason::KeyNotAccepted, message))
    }
}

/// Reads the file of a public key.
///
/// # Errors
/// When it cannot be read or is not the file of a usable key; the message names the file.
pub fn read_file(path: &Path) -> Result<PublicKey, String> {
    if path.as_os_str().is_empty() {
        return Err("the path of a key file is empty".to_owned());
    }
    let shown = safe(&path.display().to_string());
    exposed::warn("key file", path);
    match read_bounded(path, MAX_KEY_FILE) {
        Ok(Some(text)) => match PublicKey::from_pem(&text) {
            Ok(mut key) => {
                key.file = Some(shown);
                Ok(key)
            }
            Err(error) => Err(format!("cannot use key file {shown}: {error}")),
        },
        Ok(None) => Err(format!(
            "cannot use key file {shown}: it has more than {MAX_KEY_FILE} bytes"
        )),
        Err(error) => Err(format!("reading key file {shown}: {}", io_message(&error))),
    }
}
