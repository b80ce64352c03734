// SPDX-License-Identifier: Apache-2.0
//! Signatures that a registry lists among the manifests which refer to an image (OCI distribution specification, "Listing
//! Referrers"): cosign 3 writes its bundles so. They are recognised by their types, and not checked.

use serde_json::Value;

use crate::digest::Digest;
use crate::json;
use crate::limits::MAX_SIGNATURES;
use crate::manifest::OCI_INDEX;
use crate::text::safe;

/// Most pages of a list that are read.
pub(super) const MAX_PAGES: usize = 16;

/// What the type of a sigstore bundle begins with, whatever its version.
const BUNDLE: &str = "application/vnd.dev.sigstore.bundle";

/// The type of a `.sig` manifest that refers to its image instead of hanging at a tag.
const COSIGN: &str = "application/vnd.dev.cosign.artifact.sig.v1+json";

/// The type of a signature by Notation.
const NOTATION: &str = "application/vnd.cncf.notary.signature";

/// What a bundle is about; one about anything else than a signature is an attestation.
const PREDICATE: &str = "dev.sigstore.bundle.predicateType";

/// What a bundle is about that holds a signature.
const SIGNED: &str = "https://sigstore.dev/cosign/sign/v1";

/// Kinds of signatures that refer to an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A bundle of cosign 3.
    Bundle,
    /// A signature of cosign in the older layout.
    Cosign,
    /// A signature of Notation.
    Notation,
}

/// A signature that refers to an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Referrer {
    /// Which kind of signature it is.
    pub kind: Kind,
    /// The digest of its manifest, safe to print.
    pub digest: String,
}

/// What a list has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Referrers {
    /// Signatures, in order, at most [`MAX_SIGNATURES`].
    pub signatures: Vec<Referrer>,
    /// How many there are beyond the limit.
    pub beyond_limit: usize,
}

/// The tag at which the list hangs where a registry does not make lists itself.
#[must_use]
pub fn tag(image: &Digest) -> String {
    image.as_str().replacen(':', "-", 1)
}

impl Referrers {
    /// Adds the signatures of a page of the list, which came with a media type. Attestations and other things that refer
    /// to the image are left out.
    ///
    /// # Errors
    /// When it is not an OCI index.
    pub fn add(&mut self, media_type: &str, body: &[u8]) -> Result<(), String> {
        if media_type != OCI_INDEX {
            return Err(format!(
                "expected media type {OCI_INDEX}, found {}",
                crate::text::quoted(media_type)
            ));
        }
        let document = json::parse(body).map_err(|error| safe(&error.to_string()))?;
        let root = document.as_object().ok_or("expected a JSON object")?;
        let entries = match root.get("manifests") {
            Some(Value::Array(entries)) => entries.as_slice(),
            Some(Value::Null) => &[],
            // Without the list nobody knows what is in it.
            _ => return Err("manifests: expected an array".into()),
        };
        for entry in entries {
            let Some(kind) = kind(entry) else { continue };
            let digest = entry["digest"].as_str().ok_or("the digest of an entry is missing")?;
            if self.signatures.len() == MAX_SIGNATURES {
                self.beyond_limit += 1;
            } else {
                self.signatures.push(Referrer {
                    kind,
                    digest: safe(digest),
                });
            }
        }
        Ok(())
    }
}

/// What an entry is, where it is a signature.
fn kind(entry: &Value) -> Option<Kind> {
    match entry["artifactType"].as_str()? {
        COSIGN => Some(Kind::Cosign),
        NOTATION => Some(Kind::Notation),
        text if text.starts_with(BUNDLE) => {
            // A bundle that does not say what it is about may be a signature.
            let about = entry["annotations"][PREDICATE].as_str();
            about.is_none_or(|about| about == SIGNED).then_some(Kind::Bundle)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Result<Referrers, String> {
        let mut found = Referrers::default();
        found.add(OCI_INDEX, body.as_bytes()).map(|()| found)
    }

    #[test]
    fn attestations_are_no_signatures() {
        let list = |kind: &str, about: &str| {
            let text = format!("{{\"manifests\":[{{\"digest\":\"sha256:1\",\"artifactType\":\"{kind}\"{about}}}]}}");
            read(&text).unwrap().signatures.first().map(|found| found.kind)
        };
        let about = |what: &str| format!(",\"annotations\":{{\"{PREDICATE}\":\"{what}\"}}");
        let bundle = "application/vnd.dev.sigstore.bundle.v0.3+json";
        assert_eq!(list(bundle, ""), Some(Kind::Bundle));
        assert_eq!(list(bundle, &about(SIGNED)), Some(Kind::Bundle));
        assert_eq!(list(bundle, &about("https://slsa.dev/provenance/v1")), None);
        assert_eq!(list(COSIGN, ""), Some(Kind::Cosign));
        assert_eq!(list(NOTATION, ""), Some(Kind::Notation));
        assert_eq!(list("application/spdx+json", ""), None);
    }

    #[test]
    fn lists_that_are_none() {
        for bad in [
            "",
            "[]",
            "{}",
            "{\"manifests\":1}",
            "{\"manifests\":[],\"manifests\":[]}",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
        assert_eq!(read("{\"manifests\":[]}"), Ok(Referrers::default()));
        assert!(Referrers::default().add("text/html", b"{\"manifests\":[]}").is_err());
    }
}
