// SPDX-License-Identifier: Apache-2.0
//! A table of what a policy is meant to say: references, each with the scope, the verdict or the keys that are expected.

use std::collections::BTreeSet;

use super::document::{Outcome, PlacedNode, TextError, Value};
use super::place::{Lines, Place};
use super::stream;
use crate::reference::Reference;
use crate::text::quoted;

/// Most cases of a table.
const MAX_CASES: usize = 10_000;

/// The verdicts that an image can get at best.
const VERDICTS: [&str; 4] = ["Verified", "Allowed", "Rejected", "Unsupported"];

/// The word for the policy's default in place of a scope.
pub const DEFAULT: &str = "default";

/// A reference, and what the policy is expected to say of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// The reference of the image, as the table writes it.
    pub reference: Reference,
    /// Where the case stands in the table.
    pub place: Place,
    /// The scope that is to apply; [`DEFAULT`] for the policy's default.
    pub scope: Option<String>,
    /// The verdict that an image is to get at best.
    pub verdict: Option<String>,
    /// The keys that are to be accepted, all of them: fingerprints in upper case, and `sha256:` with digits in lower case.
    pub keys: Option<BTreeSet<String>>,
}

/// Parses a table, YAML or JSON. `reference` reads what a row is about, and says what is wrong with it.
///
/// # Errors
/// When it is not a table, or a row has something unknown.
pub fn parse(text: &str, reference: impl Fn(&str) -> Result<Reference, String>) -> Result<Vec<Case>, TextError> {
    let lines = Lines::of(text.as_bytes());
    stream::documents(text)
        .and_then(|documents| {
            let mut cases = Vec::new();
            for root in &documents {
                for member in root.object()? {
                    let asked = reference(&member.name).map_err(|what| member.node.fault(what))?;
                    cases.push(case(asked, &member.node, lines.at(member.offset))?);
                }
                if cases.len() > MAX_CASES {
                    return Err(root.fault(format!("expected at most {MAX_CASES} rows")));
                }
            }
            Ok(cases)
        })
        .map_err(|fault| fault.locate(text.as_bytes()))
}

fn case(reference: Reference, node: &PlacedNode, place: Place) -> Outcome<Case> {
    node.only(&["scope", "verdict", "keys"])?;
    if node.object()?.is_empty() {
        return Err(node.fault("expected scope, verdict or keys, found none of them"));
    }
    let text = |name: &str| -> Outcome<Option<String>> {
        match node.member(name)? {
            // Nothing is not the scope of all images, which is "".
            Some(value) if matches!(value.value, Value::Null) => Err(value.expected("a scope")),
            Some(value) => value.string().map(|text| Some(text.to_owned())),
            None => Ok(None),
        }
    };
    let verdict = match node.member("verdict")? {
        Some(value) => Some(value.word(&VERDICTS)?.to_owned()),
        None => None,
    };
    let keys = match node.member("keys")? {
        Some(list) => Some(list.array()?.iter().map(key).collect::<Outcome<_>>()?),
        None => None,
    };
    Ok(Case {
        reference,
        place,
        scope: text("scope")?,
        verdict,
        keys,
    })
}

/// A fingerprint, with or without spaces and `0x`, or the SHA-256 of a sigstore key.
fn key(node: &PlacedNode) -> Outcome<String> {
    let expected = "expected a whole fingerprint, or sha256: and 64 hexadecimal digits";
    let text = match &node.value {
        Value::String(text) => text,
        // A fingerprint without letters is a number in YAML.
        Value::Number(text) => text,
        _ => return Err(node.expected("a fingerprint")),
    };
    let is_hex =
        |text: &str, lengths: &[usize]| lengths.contains(&text.len()) && text.bytes().all(|b| b.is_ascii_hexdigit());
    if let Some(digits) = text.strip_prefix("sha256:") {
        if is_hex(digits, &[64]) {
            return Ok(text.to_ascii_lowercase());
        }
    }
    let digits: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let digits = digits.strip_prefix("0x").unwrap_or(&digits);
    if is_hex(digits, &[40, 64]) {
        return Ok(digits.to_ascii_uppercase());
    }
    Err(node.fault(format!("{expected}, found {}", quoted(text))))
}
