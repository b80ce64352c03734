// SPDX-License-Identifier: Apache-2.0
//! Output: pure functions from outcomes to a writer. Nothing else prints results.

pub(crate) mod appearance;
pub mod audit;
pub(crate) mod changes;
pub mod console;
pub(crate) mod description;
pub mod exit;
pub(crate) mod explain;
mod file_names;
mod image;
pub(crate) mod inspection;
pub(crate) mod json;
pub(crate) mod keys;
pub(crate) mod listing;
pub(crate) mod next;
pub mod output;
mod pace;
mod paragraph;
mod policy_keys;
pub(crate) mod policy_lint;
pub(crate) mod policy_test;
pub(crate) mod policy_why;
pub(crate) mod progress;
pub(crate) mod removal;
mod renderer;
pub(crate) mod signatures;
pub(crate) mod table;
pub mod terminal;
pub(crate) mod text;
pub(crate) mod usage;
mod validity;
mod wrap;
pub(crate) mod xml;

use self::appearance::Appearance;
pub use self::image::{Attached, Attachment, ImageReport, InRegistry, Instance, RecordResult, FOR_INFORMATION};
pub use self::renderer::{Renderer, Summary, VerificationFormat};

/// The renderer of a format.
#[must_use]
pub fn renderer(appearance: Appearance) -> Box<dyn Renderer> {
    let Appearance {
        format,
        colour,
        width,
        room,
        explained,
        table,
        tips,
    } = appearance;
    let wide = format == VerificationFormat::Wide;
    match (format, table) {
        (VerificationFormat::Text | VerificationFormat::Wide, Some(columns)) => Box::new(table::Table {
            wide,
            colour,
            width,
            room,
            columns,
        }),
        (VerificationFormat::Text | VerificationFormat::Wide, None) => Box::new(text::Block { wide, colour, width }),
        (VerificationFormat::Name, _) => Box::new(text::Names),
        (VerificationFormat::Json, _) => Box::new(json::Json::new(json::Syntax::Json)),
        (VerificationFormat::Yaml, _) => Box::new(json::Json::new(json::Syntax::Yaml)),
        (VerificationFormat::Explain, _) => Box::new(explain::Explain {
            colour,
            width: explained,
            has_several: table.is_some(),
            tips,
        }),
    }
}
