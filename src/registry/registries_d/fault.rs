// SPDX-License-Identifier: Apache-2.0
//! What breaks the format of a file of registries.d.

use crate::policy::place::{Lines, Place};
use crate::text::safe;
use crate::yaml;

/// What is wrong in a file, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Where the member or the value begins that is wrong.
    pub place: Place,
    /// The path of the member, safe to print; empty for the whole file.
    pub path: String,
    /// What is wrong, safe to print.
    pub what: String,
}

impl Fault {
    /// What is wrong with the member at `path`.
    pub(super) fn at(place: Place, path: &str, what: impl Into<String>) -> Self {
        Self {
            place,
            path: path.to_owned(),
            what: what.into(),
        }
    }

    /// A text that is not YAML, or not as we take it.
    pub(super) fn of_grammar(text: &str, problem: &yaml::Error) -> Self {
        let what = match problem {
            yaml::Error::Rule { what, .. } => what,
            // The parser names the place too.
            yaml::Error::Syntax(what) => what.rsplit_once(" at byte ").map_or(what.as_str(), |(what, _)| what),
        };
        let place = Lines::of(text.as_bytes()).at(problem.offset(text) as u64);
        Self::at(place, "", safe(what))
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "line {}, column {}: ", self.place.line, self.place.column)?;
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.what)
    }
}
