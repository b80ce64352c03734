// SPDX-License-Identifier: Apache-2.0
//! A sigstore signature as it is stored: as a layer of an attached manifest, or as JSON in a file.

use std::collections::BTreeMap;

use base64::Engine as _;

use crate::json::{self, Kind, Reader, Rules};
use crate::limits::MAX_BLOB_BYTES;
use crate::reason::{Reason, Refusal};
use crate::subject::Attachment;
use crate::text::{quoted, safe};

/// The media type of a signature.
pub const SIGNATURE_TYPE: &str = "application/vnd.dev.cosign.simplesigning.v1+json";

/// The annotation that holds the signature over the payload, in base64.
pub(crate) const SIGNATURE_ANNOTATION: &str = "dev.cosignproject.cosign/signature";

/// The annotation that holds the certificate of a keyless signature.
pub(crate) const CERTIFICATE_ANNOTATION: &str = "dev.sigstore.cosign/certificate";

/// Parses the JSON that follows the format name `sigstore-json` in a file: members `mimeType`, `payload` (base64)
/// and `annotations`, each exactly once. Further members are passed over.
///
/// # Errors
/// [`Reason::NotASignature`] when it is something else.
pub fn parse(stored: &[u8]) -> Result<Attachment, Refusal> {
    read(stored).map_err(|what| {
        Refusal::new(
            Reason::NotASignature,
            format!("it is not a stored sigstore signature: {what}"),
        )
    })
}

fn read(stored: &[u8]) -> Result<Attachment, String> {
    let say = |error: json::JsonError| safe(&error.to_string());
    let mut reader = Reader::new(stored, Rules::object(MAX_BLOB_BYTES));
    reader.object().map_err(say)?;
    let (mut media_type, mut payload, mut annotations) = (None, None, None);
    let mut seen = Vec::new();
    while let Some(name) = reader.key().map_err(say)? {
        if seen.contains(&name) {
            return Err(format!("member {} is repeated", quoted(&name)));
        }
        match name.as_str() {
            "mimeType" => media_type = Some(reader.string().map_err(say)?),
            "payload" => {
                let text = reader.string().map_err(say)?;
                let bytes = base64::engine::general_purpose::STANDARD.decode(text);
                payload = Some(bytes.map_err(|_| "payload is not base64".to_owned())?);
            }
            "annotations" => annotations = Some(read_annotations(&mut reader)?),
            _ => reader.skip().map_err(say)?,
        }
        // Only so many are remembered: a signature has three.
        if seen.len() >= MAX_MEMBERS {
            return Err(format!("it has more than {MAX_MEMBERS} members"));
        }
        seen.push(name);
    }
    reader.end().map_err(say)?;
    Ok(Attachment {
        media_type: media_type.ok_or("mimeType is missing")?,
        payload: payload.ok_or("payload is missing")?,
        annotations: annotations.ok_or("annotations is missing")?,
    })
}

/// Most members of a stored signature, and most annotations.
const MAX_MEMBERS: usize = 128;

fn read_annotations(reader: &mut Reader<&[u8]>) -> Result<BTreeMap<String, String>, String> {
    let say = |error: json::JsonError| safe(&error.to_string());
    let found = reader.kind().map_err(say)?;
    if found != Kind::Object {
        return Err(format!("annotations: expected {}, found {found}", Kind::Object));
    }
    reader.object().map_err(say)?;
    let mut annotations = BTreeMap::new();
    while let Some(name) = reader.key().map_err(say)? {
        let value = reader.string().map_err(say)?;
        if annotations.len() >= MAX_MEMBERS {
            return Err(format!("it has more than {MAX_MEMBERS} annotations"));
        }
        if annotations.insert(name.clone(), value).is_some() {
            return Err(format!("annotation {} is repeated", quoted(&name)));
        }
    }
    Ok(annotations)
}
