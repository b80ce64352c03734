// SPDX-License-Identifier: Apache-2.0
//! What breaks the format of a file of registries.d.

use crate::text::safe;
use crate::yaml::{self, Node};

/// What is wrong in a file, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The line, counted from 1; 0 where it is not known, or stands in `what`.
    pub line: usize,
    /// The path of the member, safe to print; empty for the whole file.
    pub path: String,
    /// What is wrong, safe to print.
    pub what: String,
}

impl Fault {
    /// What is wrong with the member at `path`.
    pub(super) fn at(node: &Node, path: &str, what: impl Into<String>) -> Self {
        Self {
            line: yaml::line(node),
            path: path.to_owned(),
            what: what.into(),
        }
    }

    /// A text that is not YAML, or not as we take it.
    pub(super) fn of_grammar(problem: &yaml::Error) -> Self {
        let (line, what) = match problem {
            yaml::Error::Rule { line, what } => (*line, what.clone()),
            yaml::Error::Syntax(what) => (0, what.clone()),
        };
        Self {
            line,
            path: String::new(),
            what: safe(&what),
        }
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.line > 0 {
            write!(f, "line {}: ", self.line)?;
        }
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.what)
    }
}
