// SPDX-License-Identifier: Apache-2.0
//! The formats of an audit's report.

use clap::ValueEnum;

/// How a report is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum ReportFormat {
    /// What is wrong, image by image, then totals
    Text,
    /// The same with every image, what is expected, whole fingerprints and the table of controls
    Wide,
    /// One JSON document for all images
    Json,
    /// JSON lines, one per image; --resume, merge and diff read them
    Jsonl,
    /// A table with one row per image
    Csv,
    /// A JUnit report for CI systems
    Junit,
    /// SARIF 2.1.0 for code scanning
    Sarif,
    /// One page for people, without scripts
    Html,
    /// Totals as metrics, for a textfile collector
    Openmetrics,
}

impl ReportFormat {
    /// Whether it is text that a person reads on a terminal.
    #[must_use]
    pub fn is_for_people(self) -> bool {
        match self {
            ReportFormat::Text | ReportFormat::Wide => true,
            ReportFormat::Json
            | ReportFormat::Jsonl
            | ReportFormat::Csv
            | ReportFormat::Junit
            | ReportFormat::Sarif
            | ReportFormat::Html
            | ReportFormat::Openmetrics => false,
        }
    }
}
