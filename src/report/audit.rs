// SPDX-License-Identifier: Apache-2.0
//! Reports of an audit: pure functions from its head, its entries and its end to a writer, one file a format.

mod csv;
pub(crate) mod difference;
mod html;
mod json;
mod jsonl;
mod junit;
mod openmetrics;
pub mod renderer;
mod sarif;
mod spool;
mod summary;
mod text;
mod words;

use self::renderer::{Look, ReportRenderer};
use crate::audit::format::ReportFormat;

/// The renderer of a format.
#[must_use]
pub fn renderer(format: ReportFormat, look: &Look) -> Box<dyn ReportRenderer> {
    match format {
        ReportFormat::Text => Box::new(text::Text::new(look, false)),
        ReportFormat::Wide => Box::new(text::Text::new(look, true)),
        ReportFormat::Json => Box::new(json::JsonReport::new(look)),
        ReportFormat::Jsonl => Box::new(jsonl::Jsonl),
        ReportFormat::Csv => Box::new(csv::Csv),
        ReportFormat::Junit => Box::new(junit::Junit::new(look)),
        ReportFormat::Sarif => Box::new(sarif::Sarif::new(look)),
        ReportFormat::Html => Box::new(html::Html::new(look)),
        ReportFormat::Openmetrics => Box::new(openmetrics::OpenMetrics::default()),
    }
}
