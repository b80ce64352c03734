// SPDX-License-Identifier: Apache-2.0
//! Where each member and element of a policy stands.

use std::collections::HashMap;

use super::document::{self, PlacedNode, Value};
use super::place::{Lines, Place};

/// The places of a policy's members and elements, by their path, such as `transports.docker["r.example"][0].keyPath`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Places(HashMap<String, Place>);

impl Places {
    /// Finds them in the text of a policy; in a text that is not a policy there are none.
    #[must_use]
    pub fn of(text: &[u8]) -> Self {
        let mut places = Self::default();
        if let Ok(root) = document::parse(text) {
            places.add(&root, &Lines::of(text));
        }
        places
    }

    fn add(&mut self, node: &PlacedNode, lines: &Lines) {
        match &node.value {
            Value::Array(elements) => {
                for element in elements {
                    self.0.insert(element.path.clone(), lines.at(element.offset));
                    self.add(element, lines);
                }
            }
            Value::Object(members) => {
                for member in members {
                    self.0.insert(member.node.path.clone(), lines.at(member.offset));
                    self.add(&member.node, lines);
                }
            }
            _ => {}
        }
    }

    /// The place of a member or element; that of what it stands in, where it is not there.
    #[must_use]
    pub fn at(&self, path: &str) -> Place {
        let mut path = path;
        loop {
            if let Some(place) = self.0.get(path) {
                return *place;
            }
            match path.rfind(['.', '[']) {
                Some(end) => path = &path[..end],
                None => return Place { line: 1, column: 1 },
            }
        }
    }

    /// Whether there is such a member or element.
    #[must_use]
    pub fn has(&self, path: &str) -> bool {
        self.0.contains_key(path)
    }
}

/// The path of a member of what stands at `path`, empty for the whole document: plain names after a dot, others in brackets.
#[must_use]
pub fn below(path: &str, name: &str) -> String {
    document::join(path, name)
}

/// The path of a scope's list of requirements: of a transport's scope, or the `default` of the policy.
#[must_use]
pub(crate) fn path_of(transport: &str, scope: Option<&str>) -> String {
    match scope {
        Some(scope) => document::join(&document::join("transports", transport), scope),
        None => "default".to_owned(),
    }
}
