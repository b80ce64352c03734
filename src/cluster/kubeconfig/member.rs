// SPDX-License-Identifier: Apache-2.0
//! Typed reading of the members of a kubeconfig file: what stands where, and what was expected there.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use serde_json::Value;

use crate::text::{quoted, safe};
use crate::yaml::{self, Content, Node};

/// A kubeconfig file that cannot be understood: where, and what was expected.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Error(pub(super) String);

/// A place in a file, to read typed members from.
pub(super) struct Member<'n> {
    /// The value found there.
    pub node: &'n Node,
    path: String,
}

impl<'n> Member<'n> {
    /// The whole file, which must be a mapping.
    pub fn root(node: &'n Node) -> Result<Self, Error> {
        let root = Self {
            node,
            path: "the file".into(),
        };
        root.members()?;
        Ok(Self {
            path: String::new(),
            ..root
        })
    }

    /// Something else than expected stands here.
    pub fn error(&self, expected: &str) -> Error {
        let line = match yaml::line(self.node) {
            0 => String::new(),
            line => format!("line {line}: "),
        };
        Error(format!("{line}{}: expected {expected}", safe(&self.path)))
    }

    /// A member of this name; one that is null counts as missing.
    pub fn member(&self, name: &str) -> Option<Member<'n>> {
        let node = self.node.get(name)?;
        if matches!(node.content, Content::Scalar(Value::Null)) {
            return None;
        }
        let path = if self.path.is_empty() {
            name.to_owned()
        } else {
            format!("{}.{name}", self.path)
        };
        Some(Member { node, path })
    }

    /// The value itself as text; an error where it is something else.
    pub fn as_text(&self) -> Result<String, Error> {
        let text = self.node.as_str().ok_or_else(|| self.error("a string"))?;
        Ok(text.to_owned())
    }

    /// The text of a member; empty where there is none.
    pub fn text(&self, name: &str) -> Result<String, Error> {
        self.member(name).map_or(Ok(String::new()), |member| member.as_text())
    }

    /// Whether a member is true; without it, it is not.
    pub fn flag(&self, name: &str) -> Result<bool, Error> {
        let Some(member) = self.member(name) else {
            return Ok(false);
        };
        match member.node.content {
            Content::Scalar(Value::Bool(flag)) => Ok(flag),
            _ => Err(member.error("true or false")),
        }
    }

    /// A member that is a path, resolved against `directory`; nothing where it is empty.
    pub fn path(&self, name: &str, directory: &Path) -> Result<Option<PathBuf>, Error> {
        let text = self.text(name)?;
        Ok((!text.is_empty()).then(|| directory.join(text)))
    }

    /// A member that is base64; nothing where it is empty.
    pub fn data(&self, name: &str) -> Result<Option<Vec<u8>>, Error> {
        let Some(member) = self.member(name) else {
            return Ok(None);
        };
        let digits: String = member.as_text()?.split_ascii_whitespace().collect();
        if digits.is_empty() {
            return Ok(None);
        }
        let data = base64::engine::general_purpose::STANDARD.decode(digits);
        data.map(Some).map_err(|_| member.error("base64"))
    }

    /// A member that is a mapping.
    pub fn section(&self, name: &str) -> Result<Option<Member<'n>>, Error> {
        match self.member(name) {
            Some(member) => {
                member.members()?;
                Ok(Some(member))
            }
            None => Ok(None),
        }
    }

    /// All members by name.
    pub fn members(&self) -> Result<Vec<(String, Member<'n>)>, Error> {
        let Content::Mapping { members, .. } = &self.node.content else {
            return Err(self.error("a mapping"));
        };
        Ok(members
            .iter()
            .map(|member| {
                let path = format!("{}.{}", self.path, member.name);
                let node = &member.value;
                (member.name.clone(), Member { node, path })
            })
            .collect())
    }

    /// The elements of a member that is a list; without it there are none.
    pub fn list(&self, name: &str) -> Result<Vec<Member<'n>>, Error> {
        self.member(name).map_or(Ok(Vec::new()), |member| member.elements())
    }

    /// The elements of a list.
    pub fn elements(&self) -> Result<Vec<Member<'n>>, Error> {
        let Content::Sequence(elements) = &self.node.content else {
            return Err(self.error("a list"));
        };
        let path = |n: usize| format!("{}[{n}]", self.path);
        Ok(elements
            .iter()
            .enumerate()
            .map(|(n, node)| Member { node, path: path(n) })
            .collect())
    }

    /// A list of named entries, each with its content in a member of its own.
    pub fn entries<T: Default>(
        &self,
        list: &str,
        content: &str,
        read: impl Fn(&Member<'n>) -> Result<T, Error>,
    ) -> Result<Vec<(String, T)>, Error> {
        let mut names = HashSet::new();
        let mut entries = Vec::new();
        for element in self.list(list)? {
            element.members()?;
            let name = element.text("name")?;
            if !names.insert(name.clone()) {
                return Err(element.error(&format!("a unique name; {} occurs twice", quoted(&name))));
            }
            // kubectl takes an entry without content for an empty one.
            let entry = element
                .section(content)?
                .map_or(Ok(T::default()), |section| read(&section))?;
            entries.push((name, entry));
        }
        Ok(entries)
    }
}
