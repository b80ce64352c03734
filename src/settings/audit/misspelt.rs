// SPDX-License-Identifier: Apache-2.0
//! Commands of `audit` that are misspelt: they pass for names of images.

use crate::policy::document::suggestion;
use crate::settings::UsageError;

/// The commands of `audit`.
const COMMANDS: [&str; 2] = ["diff", "merge"];

/// Refuses a first word that seems meant to be a command.
///
/// # Errors
/// When it is not an IMAGE, and near to a command.
pub(super) fn refuse(images: &[String]) -> Result<(), UsageError> {
    let Some(word) = images.first() else { return Ok(()) };
    let is_word = word.bytes().all(|b| b.is_ascii_lowercase());
    match suggestion(word, &COMMANDS) {
        meant if is_word && !meant.is_empty() => Err(UsageError::new(format!(
            "{word} is neither an image nor a command of audit{meant}"
        ))),
        _ => Ok(()),
    }
}
