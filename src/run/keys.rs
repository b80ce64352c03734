// SPDX-License-Identifier: Apache-2.0
//! `keys`: lists the keys, and why one is not accepted.

use super::documents::Documents as _;
use super::engine;
use crate::report::console::Console;
use crate::report::exit::Exit;
use crate::report::json::Syntax;
use crate::report::keys::{write_failure, write_json, write_names, write_text};
use crate::settings::keys::{KeyOutput, Listing};
use crate::settings::workers::Workers;
use crate::settings::UsageError;
use crate::text::safe;

/// Lists the accepted keys, and the others with the reason.
///
/// # Errors
/// When a key file is of no use.
pub fn run(settings: &Listing, console: &mut Console<'_>) -> Result<Exit, UsageError> {
    let listed = match engine::set_up(&settings.keys, Workers::Never, &mut console.err)? {
        Ok(mut engine) => {
            let listed = engine.keys();
            for warning in engine.take_warnings() {
                console.err.warning(warning);
            }
            listed.map_err(|error| safe(&error.to_string()))
        }
        Err(trouble) => Err(trouble.message),
    };
    let keys = match listed {
        Ok(keys) => keys,
        Err(message) => {
            console.err.error(&message);
            let _ = match settings.output.syntax() {
                Some(syntax) => write_failure(console.out, &message, syntax),
                None => Ok(()),
            };
            return Ok(Exit::Trouble);
        }
    };
    // Failures are told at the end: see report::output.
    let _ = match settings.output {
        KeyOutput::Text => write_text(console.out, &keys, false, console.width),
        KeyOutput::Wide => write_text(console.out, &keys, true, console.width),
        KeyOutput::Name => write_names(console.out, &keys),
        KeyOutput::Json => write_json(console.out, &keys, Syntax::Json),
        KeyOutput::Yaml => write_json(console.out, &keys, Syntax::Yaml),
    };
    Ok(Exit::Success)
}
