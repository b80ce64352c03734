// SPDX-License-Identifier: Apache-2.0
//! Signatures as sources have them, before anything in them is believed.

use std::collections::BTreeMap;

use crate::reason::Refusal;

/// A signature as a source has it.
#[derive(Debug, Clone)]
pub struct SignatureBlob {
    /// Its name at the source, such as `signature-1`.
    pub name: String,
    /// What is to be judged.
    pub content: Content,
}

/// What is to be judged, or why there is nothing. Where a signature was found and how it is stored decide its kind, never
/// what it says of itself: otherwise one kind could be passed off as the other.
#[derive(Debug, Clone)]
pub enum Content {
    /// A GPG signature: the bytes of an OpenPGP message.
    Gpg(Result<Vec<u8>, Refusal>),
    /// A sigstore signature: the payload and what is attached to it.
    Sigstore(Result<Attachment, Refusal>),
    /// A signature of another kind, none of which is checked, and what to say of it.
    Other(Refusal),
}

impl Content {
    /// The kind of the signature.
    #[must_use]
    pub fn kind(&self) -> SignatureKind {
        match self {
            Content::Gpg(_) => SignatureKind::Gpg,
            Content::Sigstore(_) => SignatureKind::Sigstore,
            Content::Other(_) => SignatureKind::Other,
        }
    }

    /// The same kind of signature with nothing to judge, for this reason.
    #[must_use]
    pub fn refused(&self, refusal: Refusal) -> Self {
        match self {
            Content::Gpg(_) => Content::Gpg(Err(refusal)),
            Content::Sigstore(_) => Content::Sigstore(Err(refusal)),
            Content::Other(_) => Content::Other(refusal),
        }
    }
}

/// Kinds of signatures, which decide how one is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SignatureKind {
    /// Simple signing: an OpenPGP message.
    Gpg,
    /// Sigstore: a payload with its raw signature in an annotation.
    Sigstore,
    /// Another one, such as Notation's.
    Other,
}

impl SignatureKind {
    /// The word in output.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            SignatureKind::Gpg => "gpg",
            SignatureKind::Sigstore => "sigstore",
            SignatureKind::Other => "other",
        }
    }
}

/// A sigstore signature as it is stored, not yet looked into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// The media type that it is stored under.
    pub media_type: String,
    /// The bytes that were signed.
    pub payload: Vec<u8>,
    /// The annotations by name: one holds the raw signature, others a certificate or a bundle.
    pub annotations: BTreeMap<String, String>,
}
