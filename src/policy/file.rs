// SPDX-License-Identifier: Apache-2.0
//! What a file that says who may sign what holds: a policy, or API objects.

use super::document::{self, Fault, PlacedNode, TextError};
use super::objects::{is_objects, Objects};
use super::places::path_of;
use super::scope::{is_in_storage, STORAGE};
use super::{stream, table, Policy};
use crate::input::{self, Encoding};
use crate::reference::Reference;
use crate::text::quoted;

/// The content of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PolicyText {
    /// A policy as containers-policy.json(5) describes it.
    Policy(Policy),
    /// ClusterImagePolicies, ImagePolicies and mirror sets.
    Objects(Objects),
}

impl PolicyText {
    /// Reads the bytes of a file. API objects are text as `kubectl` reads it, a policy is what its own readers take.
    ///
    /// # Errors
    /// When it is neither, or breaks a rule of its format.
    pub fn parse(bytes: &[u8]) -> Result<Self, TextError> {
        match input::text(bytes.to_vec()) {
            Ok(text) if is_objects(&text) => Objects::parse(&text).map(Self::Objects),
            _ => {
                let policy =
                    Policy::parse(bytes).map_err(|error| other(bytes).unwrap_or_else(|| told(error, bytes)))?;
                check_storage(&policy, bytes)?;
                Ok(Self::Policy(policy))
            }
        }
    }
}

/// What a file is that people have beside policies.
fn other(bytes: &[u8]) -> Option<TextError> {
    let text = std::str::from_utf8(bytes).ok()?;
    let reference = |text: &str| {
        let name = text.strip_prefix("docker://").unwrap_or(text);
        Reference::parse(name).map_err(|error| error.to_string())
    };
    let is_table = || table::parse(text, reference).is_ok_and(|cases| !cases.is_empty());
    let documents = stream::documents(text).ok()?;
    let has = |root: &PlacedNode, name| matches!(root.member(name), Ok(Some(_)));
    let is_part = documents.iter().any(|root| has(root, "spec") && !has(root, "default"));
    let what = if is_part {
        "expected an object, found a part of one: a ClusterImagePolicy has apiVersion, kind, metadata.name and spec.policy.rootOfTrust too, as image-signature-policy(1) shows"
    } else if is_table() {
        "expected a policy, found a table of policy test: write image-signature policy test TABLE --policy FILE"
    } else {
        return None;
    };
    Some(TextError {
        line: 1,
        column: 1,
        path: String::new(),
        what: what.to_owned(),
    })
}

/// What else a text is that does not begin as JSON does.
fn told(error: TextError, bytes: &[u8]) -> TextError {
    let encoding = Encoding::of(bytes);
    if bytes.trim_ascii_start().starts_with(b"-----BEGIN ") {
        return TextError {
            what: "expected a policy in JSON, and the file looks like a key: a policy names it in keyPath".to_owned(),
            line: 1,
            column: 1,
            ..error
        };
    }
    let begin = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
    let what = match begin {
        _ if error.line != 1 || error.column != 1 => return error,
        _ if encoding != Encoding::Utf8 && encoding.is_utf8() => {
            "the file begins with a byte order mark; save it without"
        }
        _ if encoding != Encoding::Utf8 => "the file is in UTF-16; save it as UTF-8 without a byte order mark",
        None => {
            return TextError {
                what: "the file is empty".to_owned(),
                ..error
            }
        }
        Some(b'{') => return error,
        Some(_) if document::parse(bytes).is_ok() => return error,
        Some(_) => "the file does not begin as JSON does (only API objects, with apiVersion and kind, may be YAML)",
    };
    TextError {
        what: format!("{}: {what}; the readers of policy.json take JSON in UTF-8", error.what),
        ..error
    }
}

/// podman and skopeo refuse the whole file for an invalid scope of their storage.
fn check_storage(policy: &Policy, bytes: &[u8]) -> Result<(), TextError> {
    let sections = policy.transports.iter().filter(|own| own.name == STORAGE);
    let mut scopes = sections.flat_map(|section| &section.scopes);
    let wrong = scopes.find(|scope| !scope.name.is_empty() && !is_in_storage(&scope.name));
    match wrong {
        Some(scope) => Err(Fault {
            offset: scope.offset,
            path: path_of(STORAGE, Some(&scope.name)),
            what: format!("this is not a scope of transport {}", quoted(STORAGE)),
        }
        .locate(bytes)),
        None => Ok(()),
    }
}
