// SPDX-License-Identifier: Apache-2.0
//! The payload inside a signed schema 1 manifest.

use base64::alphabet;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use base64::engine::DecodePaddingMode;
use base64::Engine as _;

use super::lenient::{fold, lenient, optional_string};
use crate::json::{JsonError, Kind, Reader};

/// Why the payload of a signed schema 1 manifest cannot be told. Its plain hash is not a substitute.
#[derive(Debug, thiserror::Error)]
pub enum SignedManifestError {
    /// The document or one of its signature entries is not of the right form.
    #[error("the signed schema 1 manifest is malformed: {0}")]
    Malformed(String),
    /// Bytes that the signature does not cover would be left out of the digest.
    #[error("the signed schema 1 manifest has content that its digest would not cover: {0}")]
    Uncovered(&'static str),
}

/// The two parts that, one after the other, are the payload of a signed schema 1 manifest.
#[derive(Debug)]
pub struct JwsPayload<'a> {
    /// The document up to its signatures, byte for byte.
    pub head: &'a [u8],
    /// The end of the document, as the protected header gives it.
    pub tail: Vec<u8>,
}

/// Takes the payload out of a signed schema 1 manifest (a JWS in libtrust's "pretty" form).
///
/// The JWS signatures themselves mean nothing and are not checked. Every byte outside the `signatures` member must
/// be part of the payload: a document that hides content from its own digest is refused.
///
/// # Errors
/// When a part is missing, malformed, contradicts another, or leaves bytes uncovered.
pub fn jws_payload(bytes: &[u8]) -> Result<JwsPayload<'_>, SignedManifestError> {
    let Signatures { headers, begin, end } = read_signatures(bytes)?;
    let mut length = 0;
    let mut tail = Vec::new();
    for header in headers {
        if length != 0 && header.length != length {
            return Err(malformed("its signatures disagree about formatLength"));
        }
        if !tail.is_empty() && header.tail != tail {
            return Err(malformed("its signatures disagree about formatTail"));
        }
        length = header.length;
        tail = header.tail;
    }
    let Some((head, _)) = bytes.split_at_checked(length) else {
        return Err(malformed("formatLength is beyond the end of the document"));
    };
    // White space and closing brackets carry no content; documents that were re-indented after signing leave out some.
    let gap = &bytes[begin.min(length)..begin.max(length)];
    let empty = gap.iter().all(|b| b.is_ascii_whitespace() || matches!(b, b']' | b'}'));
    if !empty || begin <= 1 {
        return Err(SignedManifestError::Uncovered(
            "formatLength does not end where the signatures begin",
        ));
    }
    if bytes[end..].trim_ascii() != tail.trim_ascii() {
        return Err(SignedManifestError::Uncovered(
            "what follows the signatures is not formatTail",
        ));
    }
    Ok(JwsPayload { head, tail })
}

fn malformed(what: impl Into<String>) -> SignedManifestError {
    SignedManifestError::Malformed(what.into())
}

/// What one signature's protected header says about the payload.
#[derive(Debug)]
struct ProtectedHeader {
    length: usize,
    tail: Vec<u8>,
}

/// The one `signatures` member of a document.
#[derive(Debug)]
struct Signatures {
    headers: Vec<ProtectedHeader>,
    /// Where the member before it ends, in bytes from the start; 1 when it is the first.
    begin: usize,
    /// Where its own value ends.
    end: usize,
}

/// Reads the `signatures` member, which must be spelled exactly so and occur once.
fn read_signatures(bytes: &[u8]) -> Result<Signatures, SignedManifestError> {
    let wrap = |e: JsonError| malformed(e.to_string());
    let mut reader = lenient(bytes);
    let mut found = None;
    reader.object().map_err(wrap)?;
    loop {
        let begin = place(&reader);
        let Some(name) = reader.key().map_err(wrap)? else {
            break;
        };
        if name != "signatures" {
            reader.skip().map_err(wrap)?;
            continue;
        }
        if found.is_some() {
            return Err(malformed("the signatures member is repeated"));
        }
        let mut headers = Vec::new();
        reader.array().map_err(wrap)?;
        while reader.element().map_err(wrap)? {
            headers.push(read_signature(&mut reader)?);
        }
        let end = place(&reader);
        found = Some(Signatures { headers, begin, end });
    }
    found.ok_or_else(|| malformed("it has no signatures member"))
}

/// How far a reader over a slice has come; never beyond the slice.
fn place(reader: &Reader<&[u8]>) -> usize {
    usize::try_from(reader.offset()).unwrap_or(usize::MAX)
}

fn read_signature(reader: &mut Reader<&[u8]>) -> Result<ProtectedHeader, SignedManifestError> {
    let wrap = |e: JsonError| malformed(e.to_string());
    let mut protected = String::new();
    reader.object().map_err(wrap)?;
    while let Some(name) = reader.key().map_err(wrap)? {
        match fold(&name).as_str() {
            "protected" => protected = optional_string(reader).map_err(wrap)?.unwrap_or_default(),
            "header" => read_header(reader)?,
            _ => reader.skip().map_err(wrap)?,
        }
    }
    let header = decode_base64url(&protected).ok_or_else(|| malformed("a protected header is not base64url"))?;
    let mut reader = lenient(&header);
    let mut length = None;
    let mut tail = None;
    reader.object().map_err(wrap)?;
    while let Some(name) = reader.key().map_err(wrap)? {
        match (name.as_str(), reader.kind().map_err(wrap)?) {
            ("formatLength", Kind::Number) => length = Some(reader.number().map_err(wrap)?),
            ("formatTail", Kind::String) => tail = Some(reader.string().map_err(wrap)?),
            _ => reader.skip().map_err(wrap)?,
        }
    }
    reader.end().map_err(wrap)?;
    let length = length.ok_or_else(|| malformed("a protected header has no formatLength"))?;
    let length = whole_length(&length).ok_or_else(|| malformed("formatLength is not a length"))?;
    let tail = tail.ok_or_else(|| malformed("a protected header has no formatTail"))?;
    let tail = decode_base64url(&tail).ok_or_else(|| malformed("formatTail is not base64url"))?;
    Ok(ProtectedHeader { length, tail })
}

/// Reads a header for the one thing that can be wrong with it: a malformed key.
fn read_header(reader: &mut Reader<&[u8]>) -> Result<(), SignedManifestError> {
    let wrap = |e: JsonError| malformed(e.to_string());
    if reader.kind().map_err(wrap)? == Kind::Null {
        return reader.null().map_err(wrap);
    }
    reader.object().map_err(wrap)?;
    while let Some(name) = reader.key().map_err(wrap)? {
        if fold(&name) != "jwk" {
            reader.skip().map_err(wrap)?;
            continue;
        }
        let mut key_type = String::new();
        reader.object().map_err(wrap)?;
        while let Some(name) = reader.key().map_err(wrap)? {
            if name == "kty" {
                key_type = reader.string().map_err(wrap)?;
            } else {
                reader.skip().map_err(wrap)?;
            }
        }
        if !matches!(key_type.as_str(), "EC" | "RSA") {
            return Err(malformed("a signature's key is neither EC nor RSA"));
        }
    }
    Ok(())
}

/// A length in bytes out of a JSON number; fractions are cut off, as every reader of this format does.
fn whole_length(text: &str) -> Option<usize> {
    let value: f64 = text.parse().ok()?;
    // Far above any manifest's size, far below where doubles lose integers.
    if !(0.0..4e9).contains(&value) {
        return None;
    }
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    Some(value as usize)
}

/// base64url with or without padding (RFC 7515 appendix C).
fn decode_base64url(text: &str) -> Option<Vec<u8>> {
    let config = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    GeneralPurpose::new(&alphabet::URL_SAFE, config).decode(text).ok()
}
