// SPDX-License-Identifier: Apache-2.0
//! What the configuration has as the base of a lookaside store, read as Go's `url.Parse` reads it for skopeo.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::path::PathBuf;

use base64::Engine as _;

use crate::http::secret::Secret;
use crate::registry::url_text::decoded_bytes;
use crate::text::place::quoted;

/// The base of a store, taken apart in one place for all that is done with it.
#[derive(Debug, Clone)]
pub(super) struct Base {
    /// `https`, `http` or `file`.
    pub(super) scheme: String,
    pub(super) login: Option<Login>,
    /// What stands between the login and the path.
    pub(super) host: String,
    pub(super) path: String,
    /// Query and fragment, with what begins them.
    pub(super) tail: String,
}

/// A user name and password that stand in a URL.
#[derive(Debug, Clone)]
pub(super) struct Login {
    /// The value of the header `Authorization`.
    pub(super) header: Secret,
    /// What a server could repeat of it.
    pub(super) secrets: Vec<Secret>,
}

impl Base {
    /// Reads what the configuration says.
    ///
    /// # Errors
    /// When it is not a URL that can be asked: what it is, safe to print.
    pub(super) fn parse(base: &str) -> Result<Self, String> {
        let url = normalised(base)?;
        let (scheme, rest) = url.split_once("://").unwrap_or_default();
        let (authority, path, tail) = parts(rest);
        let (login, host) = match authority.rsplit_once('@') {
            Some((login, host)) => (Some(Login::of(login)), host),
            None => (None, authority),
        };
        Ok(Self {
            scheme: scheme.to_owned(),
            login,
            host: host.to_owned(),
            path: path.to_owned(),
            tail: tail.to_owned(),
        })
    }
}

impl Login {
    /// As Go sends it (`net/http`): each part without its percent-encoding, with a colon even if the password is missing.
    fn of(text: &str) -> Self {
        let (user, password) = text.split_once(':').unwrap_or((text, ""));
        let (user, password) = (decoded_bytes(user), decoded_bytes(password));
        let pair = [&*user, b":", &*password].concat();
        let pair = base64::engine::general_purpose::STANDARD.encode(pair);
        // A token may stand in the place of the user.
        let own = if password.is_empty() { user } else { password };
        let secrets = [
            String::from_utf8_lossy(&own).into_owned(),
            pair.trim_end_matches('=').to_owned(),
        ];
        Self {
            header: Secret::new(format!("Basic {pair}")),
            secrets: secrets.map(Secret::new).into(),
        }
    }
}

/// What stands after the slashes of a URL: authority, path, and query and fragment.
fn parts(rest: &str) -> (&str, &str, &str) {
    let (before, tail) = rest.split_at(rest.find(['?', '#']).unwrap_or(rest.len()));
    let (authority, path) = before.split_at(before.find('/').unwrap_or(before.len()));
    (authority, path, tail)
}

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
        let (authority, ..) = parts(url.split_once("://").map_or("", |(_, rest)| rest));
        let login = authority.rsplit_once('@').map_or("", |(login, _)| login);
        // What is not shown is not to be looked for in what is.
        let what = match is_badly_encoded(login) {
            true => {
                "has a user name or password with a % without two hexadecimal digits after it; a % is written as %25"
            }
            false => "has a % without two hexadecimal digits after it",
        };
        return Err(format!("the lookaside URL {} {what}", quoted(base)));
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
    let (_, path, _) = parts(url.strip_prefix("file://")?);
    Some(OsString::from_vec(decoded_bytes(path)).into())
}
