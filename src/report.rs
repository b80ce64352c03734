// SPDX-License-Identifier: Apache-2.0
//! Output: pure functions from outcomes to a writer. Nothing else prints results.

pub mod appearance;
pub mod audit;
pub mod changes;
pub mod console;
pub mod description;
pub mod exit;
pub mod explain;
mod file_names;
mod image;
pub mod inspection;
pub mod json;
pub mod keys;
pub mod listing;
pub mod next;
pub mod output;
mod pace;
mod paragraph;
mod policy_keys;
pub mod policy_lint;
pub mod policy_test;
pub mod policy_why;
pub mod progress;
pub mod removal;
mod renderer;
pub mod signatures;
pub mod table;
pub mod terminal;
pub mod text;
pub mod usage;
mod validity;
mod wrap;
pub mod xml;

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
