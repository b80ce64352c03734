// SPDX-License-Identifier: Apache-2.0
//! What is said of files of registries.d, and of what they lack.

use std::path::Path;

use super::place::MemberPlace;
use crate::text::place::{quoted, shown};
use crate::text::safe;

/// What is to be said of a member without a meaning.
#[must_use]
pub(crate) fn passed_over(name: &str) -> String {
    format!(
        "{} is not a member that containers-registries.d(5) knows, and is ignored",
        quoted(name)
    )
}

/// What is to be said of a file whose name does not end as those that are read, after its name.
pub(crate) const NOT_READ: &str = "is not read: only files in registries.d whose names end in .yaml are read";

/// The same with its name.
#[must_use]
pub(crate) fn not_read(file: &Path) -> String {
    format!("{} {NOT_READ}", safe(&file.display().to_string()))
}

/// What is to be said of a scope that is a URL, after its place.
pub(super) fn url(scope: &str, at: &MemberPlace) -> String {
    let bare = scope.split_once("://").map_or(scope, |(_, rest)| rest);
    format!(
        "{}: no image is in the scope {}, which is a URL: write {}",
        at.line_of_file(),
        quoted(scope),
        shown(bare)
    )
}
