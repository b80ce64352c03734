// SPDX-License-Identifier: Apache-2.0
//! Names what came in place of a signed message: a web page, base64 text, JSON, a key, compressed data ... and says
//! what to do. Nothing of it is quoted, and nothing here makes a signature count.

use base64::Engine as _;
use serde_json::Value;

use crate::input::tar::{is_tar, TAR};
use crate::json;
use crate::openpgp::framing::packet::tag;

/// Beginnings of files, and what they are.
const BEGINNINGS: [(&[u8], &str); 23] = [
    (b"\x1f\x8b", "gzip data; unpack it first"),
    (b"\x28\xb5\x2f\xfd", "zstd data; unpack it first"),
    (b"\xfd7zXZ\0", "xz data; unpack it first"),
    (b"BZh", "bzip2 data; unpack it first"),
    (b"PK\x03\x04", "a ZIP archive; unpack it first"),
    (b"\x7fELF", "a program (ELF)"),
    (b"%PDF-", "a PDF document"),
    (b"#!", "a script"),
    (b"\xff\xfe", UTF16),
    (b"\xfe\xff", UTF16),
    (b"\xef\xbf\xbd", REPLACED),
    (b"HTTP/", "an HTTP response with its headers; save the body alone"),
    (
        b"version https://git-lfs",
        "a Git LFS pointer; get the file itself with git lfs pull",
    ),
    (b"sha256:", "a digest; the signature is a file of its own"),
    (
        b"apiVersion:",
        "an API object in YAML; image-signature verify takes it with --filename",
    ),
    (
        b"kind:",
        "an API object in YAML; image-signature verify takes it with --filename",
    ),
    (
        b"untrusted comment:",
        "a signify or minisign signature, which is not an OpenPGP signature",
    ),
    (b"-----BEGIN CERTIFICATE-", "a certificate (PEM)"),
    (b"-----BEGIN PUBLIC KEY-", "a PEM public key, not an OpenPGP key"),
    (b"-----BEGIN SSH SIGNATURE-", "a signature made by SSH"),
    (
        b"-----BEGIN PGP ",
        "ASCII armour behind other bytes; the format demands a binary message (containers-signature(5))",
    ),
    (b"-----BEGIN ", "PEM data"),
    (
        b"\x30\x82",
        "DER data, such as a certificate or a signature of another kind",
    ),
];

const UTF16: &str = "UTF-16 text; a signature must be copied byte by byte, not through a program that converts text";
const REPLACED: &str = "data corrupted by a text conversion; fetch the signature again, byte by byte";
const CONVERTED: &str = "a signature that was converted from Latin-1 to UTF-8; fetch the signature again, byte by byte";
const PAGE: &str = "a web page (HTML); a proxy, a login page or an error page answered in place of the signature store: fetch the signature again";
const TEXT: &str = "plain text, such as an error message; fetch the signature again";
const XML: &str = "XML, such as the error message of a store; fetch the signature again";

/// What a blob is that is not an OpenPGP message, with what to do, to stand behind "not OpenPGP data but"; `None` where it
/// looks like nothing known. `is_message` tells signed messages.
#[must_use]
pub fn describe(blob: &[u8], is_message: &dyn Fn(&[u8]) -> bool) -> Option<String> {
    let told = |what: &str| Some(what.to_owned());
    if blob.iter().all(|byte| *byte == 0) {
        return told("only zero bytes (0x00); the file was not written or not copied whole");
    }
    if blob.get(8..12) == Some(b"KBXf") {
        return told("a keybox of GnuPG; signatures are files of their own");
    }
    if is_tar(blob) {
        return told(TAR);
    }
    let text = blob.strip_prefix(b"\xef\xbb\xbf").unwrap_or(blob).trim_ascii_start();
    let begins = |what: &[u8]| blob.starts_with(what) || text.starts_with(what);
    if let Some((_, what)) = BEGINNINGS.iter().find(|(beginning, _)| begins(beginning)) {
        return told(what);
    }
    match text.first() {
        Some(b'<') if is_page(text) => told(PAGE),
        Some(b'<') => told(XML),
        Some(b'{' | b'[') => Some(format!("JSON{}", describe_json(text))),
        _ => encoded(text, is_message).or_else(|| is_text(text).then(|| TEXT.to_owned())),
    }
}

/// Whether a text in angle brackets is HTML.
fn is_page(text: &[u8]) -> bool {
    let head = text[..text.len().min(1024)].to_ascii_lowercase();
    let has = |what: &[u8]| head.windows(what.len()).any(|window| window == what);
    [&b"<!doctype html"[..], b"<html", b"<head", b"<body", b"<title"]
        .into_iter()
        .any(has)
}

fn is_text(text: &[u8]) -> bool {
    let printable = |byte: &u8| byte.is_ascii_graphic() || byte.is_ascii_whitespace() || !byte.is_ascii();
    std::str::from_utf8(text).is_ok() && text.iter().all(printable)
}

/// What a JSON document is, as far as its members tell.
fn describe_json(text: &[u8]) -> &'static str {
    /// Nothing that is told apart here is larger.
    const LARGEST: usize = 64 << 10;
    if text.len() > LARGEST {
        return "";
    }
    let Ok(value) = json::parse(text) else {
        return ", damaged or incomplete";
    };
    let has = |member: &str| !value[member].is_null();
    let kind = value["kind"].as_str();
    let media_type = value["mediaType"].as_str().unwrap_or_default();
    if has("critical") {
        ": perhaps the payload without its signature"
    } else if has("schemaVersion") && has("content") {
        " as the registry's signature extension gives it; its member content, decoded from base64, is the signature"
    } else if value["signatures"].is_array() && value.as_object().is_some_and(|members| members.len() == 1) {
        " as the registry's signature extension gives it; the members content, decoded from base64, are the signatures"
    } else if has("errors") {
        ": the error message of a registry, which has no such signature or does not give it"
    } else if kind == Some("Status") {
        ": the answer of an API server that has no such object or does not give it"
    } else if has("apiVersion") && kind.is_some() {
        ": an API object; image-signature verify takes it with --filename"
    } else if media_type.contains("sigstore") || has("payloadType") || has("base64Signature") || has("dsseEnvelope") {
        ": a sigstore bundle or attestation, which is not an OpenPGP signature"
    } else if has("schemaVersion") {
        ": an image manifest; the signature is a file of its own"
    } else if matches!(value, Value::Array(_)) {
        ", a list"
    } else {
        "; a signature never has this form"
    }
}

/// What a text encodes that has a signature's bytes in base64, in hexadecimal, or converted to UTF-8.
fn encoded(text: &[u8], is_message: &dyn Fn(&[u8]) -> bool) -> Option<String> {
    let packed: Vec<u8> = text
        .iter()
        .copied()
        .filter(|byte| !byte.is_ascii_whitespace())
        .collect();
    let of = |what: &str, how: &str, bytes: &[u8]| match bytes.first() {
        _ if is_message(bytes) => format!("{what} text of a signature; decode it first ({how})"),
        Some(b'{') => format!("{what} text of JSON{}", describe_json(bytes)),
        Some(0x30) => format!("{what} text of DER data, such as a sigstore signature"),
        _ => format!("{what} text, but what it encodes is not a signature either"),
    };
    // Short words are base64 by chance.
    const SHORTEST: usize = 40;
    if packed.len() < SHORTEST {
        return None;
    }
    if packed.iter().all(u8::is_ascii_hexdigit) && packed.len() % 2 == 0 {
        let digit = |byte: &u8| {
            char::from(*byte)
                .to_digit(16)
                .and_then(|digit| u8::try_from(digit).ok())
        };
        let bytes: Option<Vec<u8>> = packed
            .chunks(2)
            .map(|pair| Some(digit(&pair[0])? << 4 | digit(pair.get(1)?)?))
            .collect();
        return bytes.map(|bytes| of("hexadecimal", "xxd -r -p", &bytes));
    }
    use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
    for engine in [STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD] {
        if let Ok(bytes) = engine.decode(&packed) {
            return Some(of("base64", "base64 -d", &bytes));
        }
    }
    let characters = std::str::from_utf8(text).ok()?.chars();
    let bytes: Vec<u8> = characters
        .map(|c| u8::try_from(u32::from(c)).ok())
        .collect::<Option<_>>()?;
    (bytes != text && is_message(&bytes)).then(|| CONVERTED.to_owned())
}

/// What packets are that begin no message: keys and what belongs to them.
#[must_use]
pub(crate) fn describe_packets(tags: &[u8]) -> Option<&'static str> {
    match *tags.first()? {
        tag::PUBLIC_KEY | tag::PUBLIC_SUBKEY if !has_message(tags) => {
            Some("an OpenPGP public key, not a signature; image-signature verify and keys take keys with --public-key")
        }
        tag::SECRET_KEY | tag::SECRET_SUBKEY if !has_message(tags) => {
            Some("an OpenPGP secret key, not a signature; never publish it beside a signature")
        }
        _ => None,
    }
}

fn has_message(tags: &[u8]) -> bool {
    tags.iter()
        .any(|tag| matches!(*tag, tag::LITERAL | tag::COMPRESSED | tag::ONE_PASS_SIGNATURE))
}
