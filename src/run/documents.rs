// SPDX-License-Identifier: Apache-2.0
//! Which formats of which command are one document, which is printed on failure too.

use crate::audit::format::ReportFormat;
use crate::report::json::Syntax;
use crate::settings::audit::diff::DiffOutput;
use crate::settings::describe::DescribeOutput;
use crate::settings::inspect::InspectOutput;
use crate::settings::keys::KeyOutput;
use crate::settings::policy::{PolicyOutput, TestOutput};
use crate::settings::remove::RemoveOutput;
use crate::settings::verify::VerifyOutput;

/// The formats of a command.
pub(super) trait Documents {
    /// How the document is written; none for formats that are text, or that have no way to say that a run failed.
    fn syntax(self) -> Option<Syntax>;
}

impl Documents for VerifyOutput {
    fn syntax(self) -> Option<Syntax> {
        match self {
            VerifyOutput::Text | VerifyOutput::Wide | VerifyOutput::Name => None,
            VerifyOutput::Json => Some(Syntax::Json),
            VerifyOutput::Yaml => Some(Syntax::Yaml),
        }
    }
}

impl Documents for RemoveOutput {
    fn syntax(self) -> Option<Syntax> {
        match self {
            RemoveOutput::Text | RemoveOutput::Name => None,
            RemoveOutput::Json => Some(Syntax::Json),
            RemoveOutput::Yaml => Some(Syntax::Yaml),
        }
    }
}

impl Documents for DescribeOutput {
    fn syntax(self) -> Option<Syntax> {
        match self {
            DescribeOutput::Text => None,
            DescribeOutput::Json => Some(Syntax::Json),
            DescribeOutput::Yaml => Some(Syntax::Yaml),
        }
    }
}

impl Documents for InspectOutput {
    fn syntax(self) -> Option<Syntax> {
        match self {
            InspectOutput::Text | InspectOutput::Wide | InspectOutput::Name => None,
            InspectOutput::Json => Some(Syntax::Json),
            InspectOutput::Yaml => Some(Syntax::Yaml),
        }
    }
}

impl Documents for KeyOutput {
    fn syntax(self) -> Option<Syntax> {
        match self {
            KeyOutput::Text | KeyOutput::Wide | KeyOutput::Name => None,
            KeyOutput::Json => Some(Syntax::Json),
            KeyOutput::Yaml => Some(Syntax::Yaml),
        }
    }
}

impl Documents for PolicyOutput {
    fn syntax(self) -> Option<Syntax> {
        match self {
            PolicyOutput::Text => None,
            PolicyOutput::Json => Some(Syntax::Json),
            PolicyOutput::Yaml => Some(Syntax::Yaml),
        }
    }
}

impl Documents for TestOutput {
    fn syntax(self) -> Option<Syntax> {
        match self {
            TestOutput::Text | TestOutput::Junit => None,
            TestOutput::Json => Some(Syntax::Json),
            TestOutput::Yaml => Some(Syntax::Yaml),
        }
    }
}

impl Documents for DiffOutput {
    fn syntax(self) -> Option<Syntax> {
        match self {
            DiffOutput::Text => None,
            DiffOutput::Json => Some(Syntax::Json),
        }
    }
}

impl Documents for ReportFormat {
    fn syntax(self) -> Option<Syntax> {
        match self {
            ReportFormat::Json => Some(Syntax::Json),
            ReportFormat::Text
            | ReportFormat::Wide
            | ReportFormat::Jsonl
            | ReportFormat::Csv
            | ReportFormat::Junit
            | ReportFormat::Sarif
            | ReportFormat::Html
            | ReportFormat::Openmetrics => None,
        }
    }
}
