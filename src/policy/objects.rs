// SPDX-License-Identifier: Apache-2.0
//! API objects that nodes of OpenShift make a policy and mirrors of: ClusterImagePolicy, ImagePolicy, and the mirror sets.
//!
//! In `spec`, members that the API does not have are refused, as its strict validation does: a typing error must not take
//! away a requirement. What the server adds elsewhere is left alone.

use std::collections::hash_map::Entry;
use std::collections::HashMap;

use serde_json::Value;

use super::document::{self, Fault, Outcome, PlacedNode, TextError};
use super::image_policy::{self, ImagePolicy};
use super::mirror_set::{self, MirrorSet};
use super::place::{Lines, Place};
use super::stream;
use crate::text::{quoted, safe};

/// The objects of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Objects {
    /// ClusterImagePolicies and ImagePolicies, in the order of the file.
    pub policies: Vec<ImagePolicy>,
    /// ImageDigestMirrorSets, ImageTagMirrorSets and ImageContentSourcePolicies, in the order of the file.
    pub mirror_sets: Vec<MirrorSet>,
}

/// Kinds that are read, each with the group of its API.
const KINDS: [(&str, &str); 5] = [
    ("ClusterImagePolicy", CONFIG),
    ("ImagePolicy", CONFIG),
    ("ImageDigestMirrorSet", CONFIG),
    ("ImageTagMirrorSet", CONFIG),
    ("ImageContentSourcePolicy", "operator.openshift.io/v1alpha1"),
];

const CONFIG: &str = "config.openshift.io/v1";

impl Objects {
    /// Parses the objects of a text: JSON or YAML, single objects, lists, and documents one after the other.
    ///
    /// # Errors
    /// When the text is not that, has an object of another kind, or an object breaks a rule of its API.
    pub fn parse(text: &str) -> Result<Self, TextError> {
        let mut all = Self::default();
        let lines = Lines::of(text.as_bytes());
        let mut seen = HashMap::new();
        stream::documents(text)
            .and_then(|documents| documents.iter().try_for_each(|root| all.add(root, &lines, &mut seen)))
            .map_err(|fault| fault.locate(text.as_bytes()))?;
        Ok(all)
    }

    /// Reads objects that a server gave: they stand in no file, so that errors name the object and have no line.
    ///
    /// # Errors
    /// When an object is of another kind or breaks a rule of its API as this version knows it.
    pub fn of_values(values: &[Value]) -> Result<Self, TextError> {
        let mut all = Self::default();
        for value in values {
            let found = Self::parse(&value.to_string()).map_err(|error| {
                let text = |value: &Value| safe(value.as_str().unwrap_or_default());
                let object = format!("{}/{}", text(&value["kind"]), text(&value["metadata"]["name"]));
                TextError {
                    line: 0,
                    column: 0,
                    path: format!("{object} {}", error.path).trim_end().to_owned(),
                    what: error.what,
                }
            })?;
            all.policies.extend(found.policies.into_iter().map(without_place));
            let sets = found.mirror_sets.into_iter();
            all.mirror_sets.extend(sets.map(MirrorSet::without_place));
        }
        Ok(all)
    }

    fn add(&mut self, root: &PlacedNode, lines: &Lines, seen: &mut Seen) -> Outcome<()> {
        let kind = root.required("kind")?;
        match kind.string()?.strip_suffix("List") {
            Some(of) if of.is_empty() || KINDS.iter().any(|(name, _)| *name == of) => whole(root)?
                .iter()
                .try_for_each(|item| self.add_item(item, lines, seen)),
            _ => self.add_item(root, lines, seen),
        }
    }

    fn add_item(&mut self, root: &PlacedNode, lines: &Lines, seen: &mut Seen) -> Outcome<()> {
        let names: Vec<&str> = KINDS.iter().map(|(name, _)| *name).collect();
        let kind = root.required("kind")?.word(&names)?;
        let version = root.required("apiVersion")?;
        let expected = KINDS
            .iter()
            .find(|(name, _)| *name == kind)
            .map_or(CONFIG, |(_, group)| group);
        if version.string()? != expected {
            return Err(version.fault(format!("expected {expected}, found {}", quoted(version.string()?))));
        }
        root.only(&["apiVersion", "kind", "metadata", "spec", "status"])?;
        let line = lines.at(root.offset).line;
        if kind.ends_with("ImagePolicy") {
            let own = image_policy::read(root, kind, lines)?;
            match seen.entry(own.to_string()) {
                Entry::Occupied(first) => {
                    let (at, line) = *first.get();
                    if without_place(self.policies[at].clone()) != without_place(own) {
                        return Err(twice(root, first.key(), line));
                    }
                }
                Entry::Vacant(new) => {
                    new.insert((self.policies.len(), line));
                    self.policies.push(own);
                }
            }
        } else {
            let own = mirror_set::read(root, kind, lines)?;
            match seen.entry(own.object.clone()) {
                Entry::Occupied(first) => {
                    let (at, line) = *first.get();
                    if self.mirror_sets[at].clone().without_place() != own.without_place() {
                        return Err(twice(root, first.key(), line));
                    }
                }
                Entry::Vacant(new) => {
                    new.insert((self.mirror_sets.len(), line));
                    self.mirror_sets.push(own);
                }
            }
        }
        Ok(())
    }
}

/// Each object by its kind and name, with its place among those of its sort, and its line.
type Seen = HashMap<String, (usize, usize)>;

/// The items of a list that has them all: in a part of one, a requirement may be missing.
fn whole(list: &PlacedNode) -> Outcome<&[PlacedNode]> {
    let metadata = list.member("metadata")?;
    if let Some(metadata) = metadata.filter(|node| !matches!(node.value, document::Value::Null)) {
        for (name, none) in [("continue", ""), ("remainingItemCount", "0")] {
            let Some(member) = metadata.member(name)? else { continue };
            let is_none = match &member.value {
                document::Value::Null => true,
                document::Value::String(text) | document::Value::Number(text) => text == none,
                _ => false,
            };
            if !is_none {
                return Err(member.fault("this is a part of a list; save the whole list, as oc get prints it"));
            }
        }
    }
    list.required("items")?.array()
}

/// Of two objects of one name only one is in the cluster, and nothing says which.
fn twice(second: &PlacedNode, object: &str, line: usize) -> Fault {
    second.fault(format!(
        "{} occurs here and at line {line} with different content; keep one",
        quoted(object)
    ))
}

/// An object as it is wherever it stands.
pub(super) fn without_place(mut object: ImagePolicy) -> ImagePolicy {
    object.place = Place::default();
    for scope in &mut object.scopes {
        scope.place = Place::default();
    }
    object
}

/// Whether a text holds API objects, and not containers-policy.json(5).
#[must_use]
pub(crate) fn is_objects(text: &str) -> bool {
    match stream::documents(text) {
        Ok(documents) => documents.iter().any(|root| matches!(root.member("kind"), Ok(Some(_)))),
        // A policy is JSON, without such a member.
        Err(_) => !text.trim_start().starts_with('{') || text.contains("\"apiVersion\""),
    }
}
