// SPDX-License-Identifier: Apache-2.0
//! Signatures that a place has, or may have, and that nobody can look into.

use crate::reason::{Reason, Refusal};
use crate::subject::{Content, SignatureBlob};

/// Puts what is stored in an unknown way behind the others, so that it pushes none of them beyond the limit.
pub(super) fn put_last(signatures: &mut Vec<SignatureBlob>, origins: &mut Vec<usize>) {
    let all = std::mem::take(signatures).into_iter().zip(std::mem::take(origins));
    let (unknown, known): (Vec<_>, Vec<_>) = all.partition(|(blob, _)| match &blob.content {
        Content::Gpg(content) => is_unknown(content),
        Content::Sigstore(content) => is_unknown(content),
        Content::Other(_) => true,
    });
    (*signatures, *origins) = known.into_iter().chain(unknown).unzip();
}

fn is_unknown<T>(content: &Result<T, Refusal>) -> bool {
    matches!(content, Err(refusal) if refusal.reason == Reason::UnsupportedSignature)
}
