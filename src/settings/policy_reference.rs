// SPDX-License-Identifier: Apache-2.0
//! The reference that a policy is asked about.

use super::expected_identity::other;
use crate::policy::rulebook::other_transport;
use crate::reference::Reference;
use crate::text::place::quoted;
use crate::text::safe;

/// A reference by tag or by digest, `docker://` before it or not: the scopes that apply depend on it.
///
/// # Errors
/// When it is not one, or what `verify` takes for something else where an identity is expected; the message is safe to print.
pub fn reference(text: &str) -> Result<Reference, String> {
    if other_transport(text).is_some() {
        return Err(format!(
            "{} is not a reference; images are verified in the scopes of transport docker, by the reference that is expected of them, wherever they are at hand: name that reference",
            quoted(text)
        ));
    }
    let bare = text.strip_prefix("docker://").unwrap_or(text);
    if let Some(what) = other(bare) {
        return Err(format!("{}: {what}", quoted(text)));
    }
    let reference = Reference::parse(bare).map_err(|error| format!("{} is not a reference: {error}", quoted(text)))?;
    if reference.is_name_only() {
        return Err(format!(
            "{} has neither tag nor digest; write {}:latest",
            quoted(text),
            safe(&reference.to_string())
        ));
    }
    if reference.tag().is_some() && reference.digest().is_some() {
        return Err(format!(
            "{} has a tag and a digest; images are asked for by one of them",
            quoted(text)
        ));
    }
    Ok(reference)
}
