// SPDX-License-Identifier: Apache-2.0
//! The document of a call that was wrong, or that came to nothing. It has no `items`: an empty list of images would read as "all of them verified".

use std::io::{self, Write};

use serde_json::json;

use super::json::{write_document, Syntax, API_VERSION};

/// Prints the document; `message` is what was wrong.
///
/// # Errors
/// When writing fails.
pub fn write(out: &mut dyn Write, command: &str, message: &str, syntax: Syntax) -> io::Result<()> {
    let document = json!({"apiVersion": API_VERSION, "kind": "UsageError", "command": command, "message": message});
    write_document(out, &document, syntax)
}

/// Prints the document of a call that came to nothing; `message` is why.
///
/// # Errors
/// When writing fails.
pub(crate) fn write_trouble(out: &mut dyn Write, command: &str, message: &str, syntax: Syntax) -> io::Result<()> {
    let document = json!({"apiVersion": API_VERSION, "kind": "Trouble", "command": command, "message": message});
    write_document(out, &document, syntax)
}
