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
    /// JSON lines, one per image as it is judged; --resume, merge and diff read them
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
