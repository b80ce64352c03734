// SPDX-License-Identifier: Apache-2.0
//! Reports of an audit: pure functions from its head, its entries and its end to a writer, one file a format.

mod jsonl;
pub mod renderer;
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
        Format::Jsonl => Box::new(jsonl::Jsonl),
    }
}
