// SPDX-License-Identifier: Apache-2.0
//! The list of `--images-from`, kept so that a name which is refused later can be found in it.

use crate::cli::audit::AuditCommand;
use crate::cluster::names::Name;
use crate::settings::image_name::refuse_type_alone;
use crate::settings::requests::{self, Names, Request};
use crate::settings::UsageError;
use crate::text::safe;

/// What a line of a list names that is not an object of a cluster.
const LISTED: &str = "docker://REFERENCE, dir:PATH REF";

/// The same of an argument.
const GIVEN: &str = "docker://REFERENCE, dir:PATH=REF";

/// A list of images.
#[derive(Debug)]
pub(super) struct List {
    /// Its file, safe to print.
    name: String,
    /// How messages name it.
    place: String,
    text: String,
}

impl List {
    /// Reads the one that is given, if one is; `-` is standard input.
    ///
    /// # Errors
    /// When images are given as arguments too, or it cannot be read, is too large or not text.
    pub(super) fn of(options: &AuditCommand) -> Result<Option<Self>, UsageError> {
        let Some(file) = &options.images_from else {
            return Ok(None);
        };
        if !options.images.is_empty() {
            return Err(UsageError::new(
                "--images-from cannot be used with IMAGE: it names the images",
            ));
        }
        Ok(Some(Self {
            name: safe(&file.display().to_string()),
            place: requests::list_name(file),
            text: requests::read_list(file)?,
        }))
    }

    /// The images that it names.
    ///
    /// # Errors
    /// When a line has another form. The message names it.
    pub(super) fn requests(&self) -> Result<Vec<Request>, UsageError> {
        requests::from_list(&self.place, &self.text, Names::Audited)
    }

    /// Its file, safe to print.
    pub(super) fn into_name(self) -> String {
        self.name
    }

    /// Says why an image of it cannot be meant, with the line that names the image first.
    fn refuse(&self, asked: &str, why: &str) -> UsageError {
        let names = |line: &str| {
            let rest = line.trim().strip_prefix(asked);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(|c: char| c == '=' || c.is_whitespace()))
        };
        let line = self.text.lines().position(names);
        let place = line.map(|line| format!(", line {}", line + 1)).unwrap_or_default();
        UsageError::new(format!("{}{place}: {why}", self.place))
    }
}

/// The name of an object in a cluster, which was asked for in a list or as an argument.
///
/// # Errors
/// When no object can have it. The message says what an image elsewhere is called, and names the line of the list.
pub(super) fn object_name(name: &str, asked: &str, list: Option<&List>) -> Result<Name, UsageError> {
    let parsed = refuse_type_alone(name).and_then(|()| Name::parse(name).map_err(UsageError));
    parsed.map_err(|UsageError(why)| match list {
        Some(list) => list.refuse(asked, &format!("{why}, or {LISTED}")),
        None => UsageError::new(format!("{why}, or {GIVEN}")),
    })
}
