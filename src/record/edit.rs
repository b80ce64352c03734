// SPDX-License-Identifier: Apache-2.0
//! Changing a few members of signatures in the text of an object, leaving every other byte as it is.
//!
//! So spelling of numbers, order, unknown members and comments survive without anybody having to know about them.

pub mod json;
pub mod yaml;

use crate::record::{Change, MEMBERS};

/// What changes about one signature.
#[derive(Debug, Clone, PartialEq)]
pub struct SignatureEdit {
    /// Which entry of `signatures`, from 0.
    pub index: usize,
    /// The members that change, by name.
    pub changes: Vec<(&'static str, Change)>,
}

/// Why a text cannot be changed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is not what it was when it was judged.
    #[error("the object no longer has the form in which it was judged: {0}")]
    Form(String),
    /// Its text stands for more than itself.
    #[error("it has YAML anchors or aliases, which cannot be changed in one place only")]
    Anchors,
}

/// A member as it stands in the text.
struct Piece<'t> {
    name: String,
    text: &'t str,
}

/// Puts the members of an entry together anew: changed ones in their place, new ones at the end. `write` renders a
/// member in the style of the text.
fn rebuild(
    pieces: &[Piece<'_>],
    edit: &SignatureEdit,
    write: impl Fn(&str, &serde_json::Value) -> String,
) -> Vec<String> {
    let change = |name: &str| edit.changes.iter().find(|(n, _)| *n == name).map(|(_, change)| change);
    let mut members: Vec<String> = Vec::new();
    for piece in pieces {
        match change(&piece.name) {
            None => members.push(piece.text.to_owned()),
            Some(Change::Remove) => {}
            Some(Change::Set(value)) => members.push(write(&piece.name, value)),
        }
    }
    for name in MEMBERS {
        if let (Some(Change::Set(value)), false) = (change(name), pieces.iter().any(|p| p.name == name)) {
            members.push(write(name, value));
        }
    }
    members
}
