// SPDX-License-Identifier: Apache-2.0
//! Places of members in files of registries.d.

use std::path::PathBuf;

use crate::policy::place::Place;
use crate::policy::places::below;
use crate::text::safe;

/// Where a member of a section stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MemberPlace {
    /// The file that it stands in.
    pub file: PathBuf,
    /// The namespace; `None` for `default-docker`.
    pub namespace: Option<String>,
    /// Whether it stands in a section, and not beside them.
    pub is_in_section: bool,
    /// Where its name begins.
    pub place: Place,
}

impl MemberPlace {
    /// The path of a member that is present, safe to print.
    #[must_use]
    pub fn path_of(&self, name: &str) -> String {
        match self.is_in_section {
            true => below(&section_of(self.namespace.as_deref()), name),
            false => below("", name),
        }
    }

    /// The section in words, safe to print.
    #[must_use]
    pub fn section(&self) -> String {
        match &self.namespace {
            Some(namespace) => section_of(Some(namespace)),
            None => "default-docker".to_owned(),
        }
    }

    /// The file and the line, safe to print.
    #[must_use]
    pub fn line_of_file(&self) -> String {
        format!("{} line {}", safe(&self.file.display().to_string()), self.place.line)
    }
}

/// The path of the section of a namespace, or of `default-docker`.
pub(super) fn section_of(namespace: Option<&str>) -> String {
    match namespace {
        Some(namespace) => below("docker", namespace),
        None => below("", "default-docker"),
    }
}
