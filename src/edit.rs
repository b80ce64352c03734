// SPDX-License-Identifier: Apache-2.0
//! Changing a few members of signatures in the text of an object, leaving every other byte as it is.
//!
//! So spelling of numbers, order, unknown members and comments survive without anybody having to know about them.

pub mod json;
mod locate;
pub mod yaml;

use serde_json::{json, Value};

/// The members of a signature that hold what is recorded, in the order in which they are written.
pub const MEMBERS: [&str; 6] = [
    "conditions",
    "imageIdentity",
    "signedClaims",
    "created",
    "issuedBy",
    "issuedTo",
];

/// What becomes of one member.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// It is taken away.
    Remove,
    /// It gets this value.
    Set(Value),
}

/// What changes about one signature.
#[derive(Debug, Clone, PartialEq)]
pub struct SignatureEdit {
    /// Which entry of `signatures`, from 0.
    pub index: usize,
    /// The members that change, by name.
    pub changes: Vec<(&'static str, Change)>,
}

impl SignatureEdit {
    /// As JSON, to be read back by [`SignatureEdit::from_json`].
    #[must_use]
    pub fn to_json(&self) -> Value {
        let changes = self.changes.iter().map(|(name, change)| match change {
            Change::Remove => json!([name]),
            Change::Set(value) => json!([name, value]),
        });
        json!([self.index, changes.collect::<Vec<_>>()])
    }

    /// What [`SignatureEdit::to_json`] made; nothing where it made something else.
    #[must_use]
    pub fn from_json(value: &Value) -> Option<Self> {
        let index = usize::try_from(value.get(0)?.as_u64()?).ok()?;
        let change = |change: &Value| {
            let name = change.get(0)?.as_str()?;
            let name = MEMBERS.into_iter().find(|known| *known == name)?;
            Some((name, change.get(1).map_or(Change::Remove, |v| Change::Set(v.clone()))))
        };
        let changes = value.get(1)?.as_array()?.iter().map(change).collect::<Option<_>>()?;
        Some(Self { index, changes })
    }

    /// Makes the changes in the value of an object, to be compared with what became of its text.
    pub fn apply(&self, object: &mut Value) {
        let entry = object.get_mut("signatures").and_then(|all| all.get_mut(self.index));
        if let Some(Value::Object(entry)) = entry {
            for (name, change) in &self.changes {
                match change {
                    Change::Remove => entry.shift_remove(*name),
                    Change::Set(value) => entry.insert((*name).to_owned(), value.clone()),
                };
            }
        }
    }
}

/// Why a text cannot be changed.
#[derive(Debug, thiserror::Error)]
pub enum EditError {
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
