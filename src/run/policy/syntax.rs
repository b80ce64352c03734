// SPDX-License-Identifier: Apache-2.0
//! Which outputs are documents.

use crate::report::json::Syntax;
use crate::settings::policy::{PolicyOutput, TestOutput};

/// The syntax of a document; none for text.
pub(super) fn of(output: PolicyOutput) -> Option<Syntax> {
    match output {
        PolicyOutput::Text => None,
        PolicyOutput::Json => Some(Syntax::Json),
        PolicyOutput::Yaml => Some(Syntax::Yaml),
    }
}

/// The same of tests, which are reported in other forms too.
pub(super) fn of_test(output: TestOutput) -> Option<Syntax> {
    match output {
        TestOutput::Text | TestOutput::Junit => None,
        TestOutput::Json => Some(Syntax::Json),
        TestOutput::Yaml => Some(Syntax::Yaml),
    }
}
