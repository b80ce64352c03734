// SPDX-License-Identifier: Apache-2.0
//! `keys`

use std::io::Write;

use super::{engine, SUCCESS, TROUBLE};
use crate::report::json::Syntax;
use crate::report::keys as report;
use crate::settings::keys::{KeyOutput, Listing};
use crate::settings::workers::Workers;
use crate::settings::UsageError;
use crate::text::safe;

/// Lists the accepted keys, and the others with the reason.
///
/// # Errors
/// When a key file is of no use.
pub fn run(settings: &Listing, out: &mut dyn Write, stderr: &mut dyn Write) -> Result<u8, UsageError> {
    let listed = match engine::set_up(&settings.keys, Workers::Never, stderr)? {
        Ok(mut engine) => {
            let listed = engine.keys();
            for warning in engine.take_warnings() {
                let _ = writeln!(stderr, "warning: {warning}");
            }
            if listed.as_ref().is_ok_and(Vec::is_empty) {
                let _ = writeln!(stderr, "note: there is no key in {}", engine.name_of_keys());
            }
            listed.map_err(|error| safe(&error.to_string()))
        }
        Err(trouble) => Err(trouble.message),
    };
    let keys = match listed {
        Ok(keys) => keys,
        Err(message) => {
            let _ = writeln!(stderr, "error: {message}");
            let _ = match settings.output {
                KeyOutput::Json => report::write_failure(out, &message, Syntax::Json),
                KeyOutput::Yaml => report::write_failure(out, &message, Syntax::Yaml),
                KeyOutput::Text | KeyOutput::Wide | KeyOutput::Name => Ok(()),
            };
            return Ok(TROUBLE);
        }
    };
    // Failures are told at the end: see report::output.
    let _ = match settings.output {
        KeyOutput::Text => report::write_text(out, &keys, false),
        KeyOutput::Wide => report::write_text(out, &keys, true),
        KeyOutput::Name => report::write_names(out, &keys),
        KeyOutput::Json => report::write_json(out, &keys, Syntax::Json),
        KeyOutput::Yaml => report::write_json(out, &keys, Syntax::Yaml),
    };
    Ok(SUCCESS)
}
