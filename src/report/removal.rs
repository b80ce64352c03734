// SPDX-License-Identifier: Apache-2.0
//! `remove`: what was forgotten.

use std::io::{self, Read, Write};

use serde_json::{json, Value};

use super::image::RecordResult;
use super::json::{write_item, write_list, Syntax, API_VERSION};
use super::text::RESOURCE;
use crate::reason::Refusal;
use crate::text::safe;

/// What became of the records of one image.
#[derive(Debug, Clone)]
pub struct Removal {
    /// The image's name, or what was asked for where there is none.
    pub image: String,
    /// Where it was found.
    pub source: String,
    /// Why nothing could be done.
    pub trouble: Option<Refusal>,
    /// Names of the signatures that had a record, and what became of it.
    pub signatures: Vec<(String, RecordResult)>,
    /// What became of the whole.
    pub recorded: RecordResult,
}

/// How removals are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RemovalFormat {
    /// One line per image.
    Text,
    /// Names of the images that change.
    Name,
    /// One JSON or YAML document.
    Document(Syntax),
}

impl RemovalFormat {
    /// The syntax of the document, for formats that are one.
    #[must_use]
    pub fn syntax(self) -> Option<Syntax> {
        match self {
            RemovalFormat::Document(syntax) => Some(syntax),
            RemovalFormat::Text | RemovalFormat::Name => None,
        }
    }
}

/// Renders one removal as a complete item of the output.
#[must_use]
pub(crate) fn render(removal: &Removal, format: RemovalFormat) -> Vec<u8> {
    let mut text = Vec::new();
    // Writing into memory cannot fail.
    let _ = match format {
        RemovalFormat::Document(syntax) => write_item(&mut text, &item(removal), syntax),
        RemovalFormat::Name if removal.trouble.is_some() || removal.signatures.is_empty() => Ok(()),
        RemovalFormat::Name => writeln!(text, "{RESOURCE}/{}", safe(&removal.image)),
        RemovalFormat::Text => writeln!(text, "{}: {}", safe(&removal.image), sentence(removal)),
    };
    text
}

/// Writes a document with the removals that were rendered.
///
/// # Errors
/// When reading or writing fails.
pub fn write_all(out: &mut dyn Write, syntax: Syntax, items: &mut dyn Read) -> io::Result<()> {
    let document = json!({"apiVersion": API_VERSION, "kind": "RemovalList", "items": []});
    write_list(out, &document, syntax, items)
}

fn sentence(removal: &Removal) -> String {
    let count = match removal.signatures.len() {
        1 => "the record of 1 signature".to_owned(),
        n => format!("the records of {n} signatures"),
    };
    let was = if removal.signatures.len() == 1 { "was" } else { "were" };
    match (&removal.trouble, removal.recorded) {
        (Some(trouble), _) => trouble.to_string(),
        (None, _) if removal.signatures.is_empty() => "there is no record to remove".to_owned(),
        (None, RecordResult::Yes) => format!("{count} {was} removed; the signatures are kept"),
        (None, RecordResult::Failed) => format!("{count} could not be removed"),
        (None, _) => format!("{count} would be removed (dry run)"),
    }
}

fn item(removal: &Removal) -> Value {
    let signatures: Vec<Value> = removal
        .signatures
        .iter()
        .map(|(name, recorded)| json!({"name": name, "recorded": recorded.word()}))
        .collect();
    json!({
        "image": removal.image,
        "source": removal.source,
        "reason": removal.trouble.as_ref().map_or("", |trouble| trouble.reason.word()),
        "message": sentence(removal),
        "signatures": signatures,
        "recorded": removal.recorded.word(),
    })
}
