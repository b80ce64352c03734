// SPDX-License-Identifier: Apache-2.0
//! Names of files: safe in text, and exact in documents, whose writer escapes what moves a terminal.

use std::path::Path;

use crate::text::safe;

/// The name in text.
pub(super) fn name(file: &Path) -> String {
    safe(&exact(file))
}

/// Several names in text.
pub(super) fn names(files: &[impl AsRef<Path>]) -> String {
    files
        .iter()
        .map(|file| name(file.as_ref()))
        .collect::<Vec<_>>()
        .join(", ")
}

/// The name in a document. What is not UTF-8 in it is replaced, as JSON has no other way.
pub(super) fn exact(file: &Path) -> String {
    file.display().to_string()
}
