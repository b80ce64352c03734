// SPDX-License-Identifier: Apache-2.0
//! What kind of manifest some bytes are, and the payload inside a signed schema 1 manifest.
//!
//! Manifests are read leniently where it only serves to name them, the way registries and the reference
//! implementation do: member names in any case, the last of repeated members. Nothing but the media type and the
//! split of a JWS is ever taken out of them.

pub mod list;

use base64::alphabet;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use base64::engine::DecodePaddingMode;
use base64::Engine as _;

use crate::json::{Error, Kind, Reader, Rules};

/// Docker image manifest, version 2 schema 2.
pub const SCHEMA2: &str = "application/vnd.docker.distribution.manifest.v2+json";
/// Docker manifest list.
pub const DOCKER_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
/// Docker image manifest, version 2 schema 1, without signatures.
pub const SCHEMA1: &str = "application/vnd.docker.distribution.manifest.v1+json";
/// The same wrapped in a JWS.
pub const SCHEMA1_SIGNED: &str = "application/vnd.docker.distribution.manifest.v1+prettyjws";
/// OCI image manifest.
pub const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// OCI image index.
pub const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
const OCI_CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const SCHEMA2_CONFIG: &str = "application/vnd.docker.container.image.v1+json";

/// Nesting at which the lenient reading gives up, as the reference implementation's JSON reader does.
const MAX_MANIFEST_DEPTH: usize = 10_000;

/// Why the payload of a signed schema 1 manifest cannot be told. Its plain hash is no substitute.
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

/// Names the media type of a manifest; an empty text when it cannot be told.
#[must_use]
pub fn media_type(bytes: &[u8]) -> &'static str {
    read_outline(bytes).map_or("", |outline| outline.media_type())
}

/// The members that tell kinds of manifests apart.
#[derive(Debug, Default)]
struct Outline {
    media_type: String,
    schema_version: i64,
    has_signatures: bool,
    config_type: String,
    has_manifests: bool,
    /// A member that matters only where the media type is missing has the wrong type.
    config_unreadable: bool,
    manifests_unreadable: bool,
}

impl Outline {
    fn media_type(&self) -> &'static str {
        for known in [SCHEMA2, DOCKER_LIST, OCI_MANIFEST, OCI_INDEX] {
            if self.media_type == known {
                return known;
            }
        }
        // Schema 1 is told by its version alone: its media types are not taken at their word.
        match self.schema_version {
            1 if self.has_signatures => SCHEMA1_SIGNED,
            1 => SCHEMA1,
            2 if self.config_unreadable => "",
            2 if self.config_type == OCI_CONFIG => OCI_MANIFEST,
            2 if self.config_type == SCHEMA2_CONFIG => SCHEMA2,
            2 if self.manifests_unreadable => "",
            2 if self.has_manifests && self.config_type.is_empty() => OCI_INDEX,
            // A list with a configuration of an unknown kind is nothing that exists.
            2 if self.has_manifests => "",
            2 => OCI_MANIFEST,
            _ => "",
        }
    }
}

/// Reads a whole document for its outline. A wrong type of a decisive member is an error, as is any bad syntax.
fn read_outline(bytes: &[u8]) -> Result<Outline, Error> {
    let mut reader = lenient(bytes);
    let mut outline = Outline::default();
    if reader.kind()? == Kind::Null {
        reader.null()?;
        reader.end()?;
        return Ok(outline);
    }
    reader.object()?;
    while let Some(name) = reader.key()? {
        match fold(&name).as_str() {
            "mediatype" => {
                if let Some(text) = optional_string(&mut reader)? {
                    outline.media_type = text;
                }
            }
            "schemaversion" => {
                if reader.kind()? == Kind::Null {
                    reader.null()?;
                } else {
                    let text = reader.number()?;
                    outline.schema_version = text.parse().map_err(|_| reader.syntax("schemaVersion is no integer"))?;
                }
            }
            "signatures" => {
                outline.has_signatures = reader.kind()? != Kind::Null;
                reader.skip()?;
            }
            "config" => {
                outline.config_unreadable |= !read_config(&mut reader, &mut outline.config_type)?;
            }
            "manifests" => match reader.kind()? {
                Kind::Array => {
                    reader.array()?;
                    outline.has_manifests = false;
                    while reader.element()? {
                        outline.has_manifests = true;
                        outline.manifests_unreadable |= !matches!(reader.kind()?, Kind::Object | Kind::Null);
                        reader.skip()?;
                    }
                }
                kind => {
                    outline.has_manifests = false;
                    outline.manifests_unreadable |= kind != Kind::Null;
                    reader.skip()?;
                }
            },
            _ => reader.skip()?,
        }
    }
    reader.end()?;
    Ok(outline)
}

/// Takes the media type out of a `config` member; `false` when the member has a type that cannot be read.
fn read_config(reader: &mut Reader<&[u8]>, media_type: &mut String) -> Result<bool, Error> {
    let kind = reader.kind()?;
    if kind != Kind::Object {
        reader.skip()?;
        return Ok(kind == Kind::Null);
    }
    let mut readable = true;
    reader.object()?;
    while let Some(name) = reader.key()? {
        match (fold(&name).as_str(), reader.kind()?) {
            ("mediatype", Kind::String) => *media_type = reader.string()?,
            ("mediatype", kind) => {
                readable &= kind == Kind::Null;
                reader.skip()?;
            }
            _ => reader.skip()?,
        }
    }
    Ok(readable)
}

fn lenient(bytes: &[u8]) -> Reader<&[u8]> {
    Reader::new(
        bytes,
        Rules {
            depth: MAX_MANIFEST_DEPTH,
            length: bytes.len(),
            finite_numbers: false,
            lossy_text: true,
        },
    )
}

fn optional_string(reader: &mut Reader<&[u8]>) -> Result<Option<String>, Error> {
    if reader.kind()? == Kind::Null {
        reader.null()?;
        return Ok(None);
    }
    reader.string().map(Some)
}

/// Case folding of member names; the two letters outside ASCII that fold to ASCII ones are the long s and Kelvin.
fn fold(name: &str) -> String {
    name.chars()
        .map(|c| match c {
            '\u{17f}' => 's',
            '\u{212a}' => 'k',
            c => c.to_ascii_lowercase(),
        })
        .collect()
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

/// Reads the `signatures` member, which must be spelled exactly so and stand there once.
fn read_signatures(bytes: &[u8]) -> Result<Signatures, SignedManifestError> {
    let wrap = |e: Error| malformed(e.to_string());
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
    let wrap = |e: Error| malformed(e.to_string());
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

/// Reads a header for the one thing that can be wrong with it: a key that is none.
fn read_header(reader: &mut Reader<&[u8]>) -> Result<(), SignedManifestError> {
    let wrap = |e: Error| malformed(e.to_string());
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
