// SPDX-License-Identifier: Apache-2.0
//! What the configuration has as the base of a lookaside store.

use crate::text::place::quoted;

/// Makes sure that what the configuration has as the base of a store is one.
///
/// # Errors
/// When it is not: what it is, safe to print.
pub fn check(base: &str) -> Result<(), String> {
    match base.split_once("://") {
        Some(("https" | "http" | "file", rest)) if !rest.is_empty() => Ok(()),
        _ => {
            let meant = match base.starts_with('/') {
                true => format!("; did you mean {}?", quoted(&format!("file://{base}"))),
                false => String::new(),
            };
            Err(format!(
                "the lookaside URL {} is not an https, http or file URL{meant}",
                quoted(base)
            ))
        }
    }
}
