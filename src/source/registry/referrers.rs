// SPDX-License-Identifier: Apache-2.0
//! Signatures that refer to an image: cosign 3 and Notation write theirs so. Neither nodes nor this program check them, so
//! they are looked for only where nothing else is found, for an image that has one is not unsigned.

use super::signatures::Gathered;
use super::{Registries, Taken};
use crate::digest::Digest;
use crate::image::too_many;
use crate::limits::MAX_SIGNATURES;
use crate::reason::{Reason, Refusal};
use crate::registry::referrers::{Kind, Referrer, Referrers};
use crate::registry::trouble::Trouble;
use crate::subject::{Content, SignatureBlob, SourceKind};

/// Most signatures beyond the limit that are named.
const MAX_NAMED: usize = 1000;

impl Registries<'_> {
    /// Adds the signatures that refer to a manifest at the location that it was taken from.
    pub fn referrers(&mut self, taken: &Taken, digest: &Digest, gathered: &mut Gathered) {
        let (place, found) = match self.read_referrers(taken, digest) {
            Ok((place, found)) => (place, found),
            Err((place, trouble)) => return gathered.add(SourceKind::Referrers, place, Vec::new(), Some(&trouble)),
        };
        let mut signatures: Vec<SignatureBlob> = found.signatures.into_iter().map(blob).collect();
        for n in 0..found.beyond_limit.min(MAX_NAMED) {
            let index = MAX_SIGNATURES + n;
            signatures.push(SignatureBlob {
                name: format!("referrer {}", index + 1),
                content: Content::Sigstore(Err(too_many(index))),
            });
        }
        gathered.add(SourceKind::Referrers, place, signatures, None);
    }

    /// The list and where it is, or the place that did not give it.
    fn read_referrers(&mut self, taken: &Taken, digest: &Digest) -> Result<(String, Referrers), (String, Trouble)> {
        let unnamed = |trouble| (taken.location.reference.domain().to_owned(), trouble);
        let repository = self.repository(&taken.asked, &taken.location).map_err(unnamed)?;
        let session = self.session(&taken.location).map_err(unnamed)?;
        let place = session.referrers_url(&repository, digest);
        match session.referrers(&repository, digest) {
            Ok(found) => Ok((place, found)),
            // Neither a list of the registry's nor one of a client's.
            Err(Trouble::Absent { .. }) => Ok((place, Referrers::default())),
            Err(trouble) => Err((place, trouble)),
        }
    }
}

fn blob(referrer: Referrer) -> SignatureBlob {
    let unchecked = |what: &str| {
        Refusal::new(
            Reason::UnsupportedSignature,
            format!("present, not checked: {what} that refers to the image; nodes do not look for it either"),
        )
    };
    let content = match referrer.kind {
        Kind::Bundle => Content::Sigstore(Err(unchecked("a sigstore bundle (cosign 3)"))),
        Kind::Cosign => Content::Sigstore(Err(unchecked("a sigstore signature of cosign's OCI 1.1 mode"))),
        Kind::Notation => Content::Other(unchecked("a Notation signature")),
    };
    SignatureBlob {
        name: referrer.digest,
        content,
    }
}
