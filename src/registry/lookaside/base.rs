// SPDX-License-Identifier: Apache-2.0
//! What the configuration has as the base of a lookaside store, read as Go's `url.Parse` reads it for skopeo.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::path::PathBuf;

use crate::registry::url_text::decoded_bytes;
use crate::text::place::quoted;

/// The base of a store in one form: the scheme in small letters, and a file URL with two slashes before its host, without
/// query and fragment, which no file has.
///
/// # Errors
/// When it is not a URL that can be asked: what it is, safe to print.
pub fn normalised(base: &str) -> Result<String, String> {
    let (before, fragment) = base.split_once('#').unwrap_or((base, ""));
    let path = before.split('?').next().unwrap_or_default();
    let url = match path.split_once(':') {
        Some((scheme, rest)) => match (scheme.to_ascii_lowercase(), rest.strip_prefix("//")) {
            (scheme, Some(rest)) if scheme == "file" && !rest.is_empty() => format!("file://{rest}"),
            (scheme, None) if scheme == "file" && rest.starts_with('/') => format!("file://{rest}"),
            (scheme, Some(rest)) if matches!(&*scheme, "https" | "http") && !rest.is_empty() => {
                format!("{scheme}{}", &base[scheme.len()..])
            }
            _ => return Err(no_url(base)),
        },
        None => return Err(no_url(base)),
    };
    if is_badly_encoded(path) || is_badly_encoded(fragment) {
        return Err(format!(
            "the lookaside URL {} has a % without two hexadecimal digits after it",
            quoted(base)
        ));
    }
    Ok(url)
}

fn no_url(base: &str) -> String {
    let url = format!("file://{base}");
    // What is left out of a message is not to be in its proposal.
    let is_shown = quoted(base) == format!("\"{base}\"");
    let is_path = base.starts_with('/') && !base.starts_with("//");
    let meant = match is_path && is_shown && normalised(&url).as_ref() == Ok(&url) {
        true => format!("; did you mean {}?", quoted(&url)),
        false => String::new(),
    };
    format!(
        "the lookaside URL {} is not an https, http or file URL{meant}",
        quoted(base)
    )
}

fn is_badly_encoded(text: &str) -> bool {
    let is_digit = |b: &u8| b.is_ascii_hexdigit();
    let mut encoded = text.split('%').skip(1);
    encoded.any(|after| after.bytes().take(2).filter(is_digit).count() != 2)
}

/// The file or directory that a file URL names. Its host counts for nothing.
pub(super) fn path_of(url: &str) -> Option<PathBuf> {
    let rest = url.strip_prefix("file://")?;
    let path = rest.find('/').map_or("", |slash| &rest[slash..]);
    Some(OsString::from_vec(decoded_bytes(path)).into())
}
