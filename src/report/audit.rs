// SPDX-License-Identifier: Apache-2.0
//! Reports of an audit: pure functions from its head, its entries and its end to a writer, one file a format.

mod csv;
pub mod difference;
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

use self::renderer::{Look, Renderer};
use crate::audit::format::Format;

/// The renderer of a format.
#[must_use]
pub fn renderer(format: Format, look: &Look) -> Box<dyn Renderer> {
    match format {
        Format::Text => Box::new(text::Text::new(look, false)),
        Format::Wide => Box::new(text::Text::new(look, true)),
        Format::Json => Box::new(json::Json::new(look)),
        Format::Jsonl => Box::new(jsonl::Jsonl),
        Format::Csv => Box::new(csv::Csv),
        Format::Junit => Box::new(junit::Junit::new(look)),
        Format::Sarif => Box::new(sarif::Sarif::new(look)),
        Format::Html => Box::new(html::Html::new(look)),
        Format::Openmetrics => Box::new(openmetrics::OpenMetrics::default()),
    }
}
