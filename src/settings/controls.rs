// SPDX-License-Identifier: Apache-2.0
//! The table of controls that an audit has evidence for: the one that is installed beside the program, which packagers
//! can change, else the one that the program comes with.

use std::io;
use std::path::PathBuf;

use super::environment::Environment;
use super::UsageError;
use crate::audit::controls::{built_in, parse, Control, MAX_BYTES};
use crate::files::read::read_bounded;
use crate::text::{io_message, safe};

/// Where it is installed, from the directory that the program is in.
const PLACE: &str = "../share/image-signature/controls.json";

/// Reads the table.
///
/// # Errors
/// When there is one beside the program that cannot be used.
pub(super) fn controls(environment: &Environment) -> Result<Vec<Control>, UsageError> {
    let Some(path) = place(environment) else {
        return built_in().map_err(UsageError::new);
    };
    let shown = safe(&path.display().to_string());
    let wrong = |what: String| UsageError::new(format!("table of controls {shown}: {what}"));
    let bytes = match read_bounded(&path, MAX_BYTES) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return built_in().map_err(UsageError::new),
        Err(error) => return Err(wrong(format!("it cannot be read: {}", io_message(&error)))),
        Ok(bytes) => bytes.ok_or_else(|| wrong(format!("it has more than {MAX_BYTES} bytes")))?,
    };
    parse(&bytes).map_err(wrong)
}

fn place(environment: &Environment) -> Option<PathBuf> {
    Some(environment.program.as_ref()?.parent()?.join(PLACE))
}
