// SPDX-License-Identifier: Apache-2.0
//! Members of a policy that name key files or hold them.

use std::path::PathBuf;

use base64::engine::{GeneralPurpose, GeneralPurposeConfig};
use base64::{alphabet, Engine as _};

use super::document::{Outcome, PlacedNode, Value};

/// The readers of this format pass over the bits of the last digit that belong to no byte.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
);

/// A path that is not empty.
pub(super) fn path(node: &PlacedNode) -> Outcome<PathBuf> {
    match node.string()? {
        "" => Err(node.fault("expected the path of a key file, found nothing")),
        text => Ok(PathBuf::from(text)),
    }
}

/// Paths, each of which may be empty: then it cannot be read when an image is judged.
pub(super) fn paths(node: &PlacedNode) -> Outcome<Vec<PathBuf>> {
    node.array()?
        .iter()
        .map(|element| element.string().map(PathBuf::from))
        .collect()
}

/// Base64 in the standard alphabet; line ends inside are passed over.
pub(super) fn data(node: &PlacedNode) -> Outcome<Vec<u8>> {
    if let Value::Array(elements) = &node.value {
        return elements.iter().map(byte).collect();
    }
    let Value::String(text) = &node.value else {
        return Err(node.expected("base64"));
    };
    let digits: Vec<u8> = text.bytes().filter(|b| !matches!(b, b'\r' | b'\n')).collect();
    BASE64
        .decode(digits)
        .map_err(|_| node.fault(format!("expected the base64 of a key file{}", found(text))))
}

/// What a text is that is not base64, where that is plain.
fn found(text: &str) -> &'static str {
    match text.trim_start() {
        text if is_armoured(text.as_bytes()) => ", found an OpenPGP key in ASCII armor; base64 -w0 FILE encodes a file",
        text if text.starts_with("-----BEGIN ") => ", found the PEM text itself; base64 -w0 FILE encodes a file",
        _ => "",
    }
}

/// Whether a text is an OpenPGP key in ASCII armor (RFC 4880, section 6.2).
pub(super) fn is_armoured(text: &[u8]) -> bool {
    text.starts_with(b"-----BEGIN PGP ")
}

/// The readers of this format take an array of numbers for the bytes it lists.
fn byte(node: &PlacedNode) -> Outcome<u8> {
    match &node.value {
        Value::Number(text) => text.parse().map_err(|_| node.fault("expected a number from 0 to 255")),
        _ => Err(node.expected("a number from 0 to 255")),
    }
}
