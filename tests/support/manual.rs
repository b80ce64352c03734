// SPDX-License-Identifier: Apache-2.0
//! Manual pages as readers see them.

use std::path::Path;
use std::process::Command;

use super::program::has;

/// The page as mandoc prints it, without what makes bold and underlined; `None` where there is no mandoc.
pub fn rendered(file: &str) -> Option<String> {
    if !has("mandoc") {
        return None;
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("man").join(file);
    let output = Command::new("mandoc").args(["-T", "utf8"]).arg(&path).output().unwrap();
    assert!(output.status.success(), "{file}: {output:?}");
    let mut text = String::new();
    // Printers strike a character, go back, and strike it again.
    for character in String::from_utf8(output.stdout).unwrap().chars() {
        if character == '\u{8}' {
            text.pop();
        } else {
            text.push(character);
        }
    }
    Some(text)
}
