// SPDX-License-Identifier: Apache-2.0
//! Signatures that a place has, or may have, and that nobody can look into.

use crate::reason::{Reason, Refusal};
use crate::registry::lookaside::Store;
use crate::registry::registries_d::MemberPlace;
use crate::registry::trouble::Trouble;
use crate::subject::{Content, SignatureBlob};
use crate::text::safe;

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

/// That a store on a disk, which a file names, is not there: whoever names one has it, and nothing is known of what is in it.
pub(super) fn away(store: &Store, named: &MemberPlace) -> Option<Trouble> {
    let directory = store.missing_directory()?;
    let line = named.line_of_file();
    Some(Trouble::Unreachable {
        url: safe(&store.location()),
        why: match directory.as_os_str().is_empty() {
            true => format!("the URL that {line} has names no directory; it is written as file:///DIRECTORY"),
            false => format!(
                "there is no directory {}, which {line} names; if it is on another volume, mount that",
                safe(&directory.display().to_string())
            ),
        },
    })
}
