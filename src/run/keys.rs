// SPDX-License-Identifier: Apache-2.0
//! `keys`

use std::io::Write;

use super::{engine, SUCCESS, TROUBLE};
use crate::cli::keys::{KeyOutput, Keys as Options};
use crate::openpgp::engine::SignedBy;
use crate::openpgp::key::{Key, MIN_BITS};
use crate::report::keys::{self as report, KeyReport};
use crate::settings::environment::Environment;
use crate::settings::verify::Keys;
use crate::settings::UsageError;
use crate::text::time;

/// Lists the keys that count, and the others with the reason.
///
/// # Errors
/// When the options are wrong or a key file is of no use.
pub fn run(
    options: &Options,
    environment: &Environment,
    out: &mut dyn Write,
    stderr: &mut dyn Write,
) -> Result<u8, UsageError> {
    let keys = Keys::new(&options.keys, environment)?;
    let listed = match engine::from_files(&keys, stderr)? {
        Ok(mut engine) => engine.keys().map_err(|error| error.to_string()),
        Err(trouble) => Err(trouble.message),
    };
    let listed = match listed {
        Ok(listed) => listed,
        Err(message) => {
            let _ = writeln!(stderr, "error: {message}");
            return Ok(TROUBLE);
        }
    };
    let reports: Vec<KeyReport> = listed
        .into_iter()
        .map(|key| KeyReport {
            owner: key.owner(false).to_owned(),
            validity: None,
            refusal: refusal(&key, &keys.signed_by, keys.now),
            key,
        })
        .collect();
    // Output never fails: see report::output.
    let _ = match options.output {
        KeyOutput::Text => report::write_text(out, &reports, false),
        KeyOutput::Wide => report::write_text(out, &reports, true),
        KeyOutput::Name => report::write_names(out, &reports),
        KeyOutput::Json => report::write_json(out, &reports),
    };
    Ok(SUCCESS)
}

/// Why no signature by a key would count: the reason word, and what is the matter.
fn refusal(key: &Key, signed_by: &SignedBy, now: i64) -> Option<String> {
    let primary = key.primary();
    let usable =
        |k: &&crate::openpgp::key::Subkey| k.can_sign && !k.revoked && !k.is_expired(now) && !k.invalid && !k.is_weak();
    if key.revoked || primary.revoked {
        return Some("KeyRevoked: it is revoked".into());
    }
    if key.disabled {
        return Some("KeyDisabled: it is disabled in the keyring".into());
    }
    if primary.is_expired(now) {
        let when = primary.expires.map_or(String::new(), |t| format!(" since {}", time(t)));
        return Some(format!("KeyExpired: it is expired{when}"));
    }
    if primary.is_weak() {
        return Some(format!(
            "WeakAlgorithm: {} has fewer than {MIN_BITS} bits",
            primary.algorithm_name()
        ));
    }
    let mut signing = key.subkeys.iter().filter(usable).peekable();
    if signing.peek().is_none() {
        return Some("WrongKeyUsage: it has no key that may sign data and is not revoked or expired".into());
    }
    if !signing.any(|k| signed_by.admits(&k.fingerprint, key.fingerprint())) {
        return Some("KeyNotAccepted: it is not named with --signed-by".into());
    }
    None
}
