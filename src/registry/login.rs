// SPDX-License-Identifier: Apache-2.0
//! containers-auth.json(5) and docker's config.json: which login is stored for a registry or a repository.
//!
//! Reading and running credential helpers is the caller's affair: this module is a function of the files' texts.

use base64::Engine as _;
use serde_json::{Map, Value};

use crate::http::secret::Secret;
use crate::json::{self, JsonError};
use crate::text::place::shown;

/// Largest file, in bytes.
pub(crate) const MAX_FILE: u64 = 4 << 20;

/// What is presented to a registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Login {
    /// User name and password.
    Password {
        /// The name of the user.
        user: String,
        /// The password that belongs to the name.
        password: Secret,
    },
    /// A token that a token server takes in exchange.
    IdentityToken {
        /// The user that it was stored for.
        user: String,
        /// The token itself, without the word before it.
        token: Secret,
    },
}

impl Login {
    /// What a server could repeat of it: the password, also as it is sent with the user, or the token.
    pub(super) fn secrets(&self) -> Vec<Secret> {
        match self {
            Self::Password { user, password } => {
                let pair = basic(user, password);
                let pair = pair
                    .reveal()
                    .split_once(' ')
                    .map(|(_, pair)| pair.trim_end_matches('='));
                [password.clone()].into_iter().chain(pair.map(Secret::new)).collect()
            }
            Self::IdentityToken { token, .. } => vec![token.clone()],
        }
    }
}

/// What a file says about a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stored {
    /// Nothing: the next file is asked.
    Nothing,
    /// A login, and the key that it is stored under.
    Login(Login, String),
    /// Run `docker-credential-NAME get` for this host; the file's own logins do not count then.
    Helper {
        /// The name of the helper.
        name: String,
        /// What it is asked for.
        host: String,
    },
}

/// A key that cannot be looked up, or a file that cannot be used. The rest of the files is then not asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct LoginError(String);

/// Looks up `HOST[:PORT][/PATH]`, without tag or digest, in the text of one file. `legacy` files (`.dockercfg`) are the
/// map of logins itself, by host.
///
/// # Errors
/// When the key has another form, or the file is not what it should be.
pub fn look_up(text: &[u8], key: &str, legacy: bool) -> Result<Stored, LoginError> {
    check_key(key)?;
    if text.trim_ascii().is_empty() {
        return Err(LoginError("it is empty".into()));
    }
    // A login is never quoted in a message: json's own errors may hold text of the file.
    let document = json::parse(text).map_err(|error| LoginError(broken(text, &error)))?;
    let root = document
        .as_object()
        .ok_or_else(|| LoginError("expected a JSON object".into()))?;
    let host = key.split('/').next().unwrap_or(key);
    if !legacy {
        if let Some(name) = object(root, "credHelpers")?.and_then(|helpers| helpers.get(host)) {
            let name = name
                .as_str()
                .ok_or_else(|| LoginError(format!("credHelpers of {}: expected a name", shown(host))))?;
            return Ok(Stored::Helper {
                name: name.to_owned(),
                host: host.to_owned(),
            });
        }
    }
    let empty = Map::new();
    let auths = if legacy {
        root
    } else {
        object(root, "auths")?.unwrap_or(&empty)
    };
    for (own, entry) in auths {
        check_entry(own, entry)?;
    }
    let mut candidates: Vec<&str> = Vec::new();
    let mut candidate = if legacy { host } else { key };
    loop {
        candidates.push(candidate);
        match candidate.rsplit_once('/') {
            Some((parent, _)) => candidate = parent,
            None => break,
        }
    }
    // The first key that exists decides, whatever it holds.
    if let Some((own, entry)) = candidates
        .iter()
        .find_map(|own| auths.get(*own).map(|entry| (*own, entry)))
    {
        return decode(entry, own);
    }
    let wanted = normalized_host(host, legacy);
    match auths.iter().find(|(own, _)| normalized_host(own, legacy) == wanted) {
        Some((own, entry)) => decode(entry, own),
        None => Ok(Stored::Nothing),
    }
}

/// Only keys in the form that logins are stored under.
fn check_key(key: &str) -> Result<(), LoginError> {
    let refuse = |what: &str| Err(LoginError(format!("{}: {what}", shown(key))));
    if key.starts_with("http://") || key.starts_with("https://") {
        return refuse("expected HOST[:PORT][/PATH], without http:// or https://");
    }
    if key.contains('@') {
        return refuse("a login is stored for a repository, not for a digest");
    }
    if key.split_once('/').is_some_and(|(_, path)| path.contains(':')) {
        return refuse("a login is stored for a repository, not for a tag");
    }
    Ok(())
}

fn object<'m>(root: &'m Map<String, Value>, name: &str) -> Result<Option<&'m Map<String, Value>>, LoginError> {
    match root.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(members)) => Ok(Some(members)),
        Some(_) => Err(LoginError(format!("{name}: expected an object"))),
    }
}

/// Where a file breaks the grammar, and how.
fn broken(text: &[u8], error: &JsonError) -> String {
    let (offset, what) = match error {
        JsonError::Repeated { offset, .. } => (offset, "a member occurs twice in an object"),
        JsonError::Syntax { offset, .. } | JsonError::Type { offset, .. } => (offset, "it is not JSON"),
        JsonError::Depth { offset, .. } | JsonError::Length { offset, .. } | JsonError::Weight { offset, .. } => {
            (offset, "it is nested too deep, or has too much in it")
        }
        JsonError::Io(_) => return "it is not JSON".to_owned(),
    };
    let end = usize::try_from(*offset).unwrap_or(usize::MAX).min(text.len());
    let line = text[..end].iter().filter(|byte| **byte == b'\n').count() + 1;
    format!("line {line}: {what}")
}

/// The types of all entries, also of those that are not looked up: a file is usable or not.
fn check_entry(key: &str, entry: &Value) -> Result<(), LoginError> {
    let members = match entry {
        Value::Null => return Ok(()),
        Value::Object(members) => members,
        _ => {
            return Err(LoginError(format!(
                "auths, the entry for {}: expected an object",
                shown(key)
            )))
        }
    };
    for name in ["auth", "identitytoken"] {
        if !matches!(members.get(name), None | Some(Value::Null | Value::String(_))) {
            let key = shown(key);
            return Err(LoginError(format!(
                "auths, the entry for {key}: {name}: expected a string"
            )));
        }
    }
    Ok(())
}

fn decode(entry: &Value, key: &str) -> Result<Stored, LoginError> {
    // As other tools do: what prints base64 breaks its lines.
    let auth = entry["auth"].as_str().unwrap_or_default().replace(['\r', '\n'], "");
    let bytes = base64::engine::general_purpose::STANDARD
        .decode(auth)
        .map_err(|_| LoginError(format!("the login for {} is not base64", shown(key))))?;
    let text = String::from_utf8(bytes).map_err(|_| LoginError(format!("the login for {} is not text", shown(key))))?;
    // An entry without a colon is no login: the next file is asked.
    let Some((user, password)) = text.split_once(':') else {
        return Ok(Stored::Nothing);
    };
    let user = user.to_owned();
    let password = password.trim_matches('\0');
    let login = match entry["identitytoken"].as_str().unwrap_or_default() {
        "" if user.is_empty() && password.is_empty() => return Ok(Stored::Nothing),
        "" => Login::Password {
            user,
            password: Secret::new(password),
        },
        token => Login::IdentityToken {
            user,
            token: Secret::new(token),
        },
    };
    Ok(Stored::Login(login, key.to_owned()))
}

/// The host of a key, as logins of docker's own registry are stored under several names. What follows the host is left
/// out where a scheme says that the key is a URL, and in legacy files.
pub(super) fn normalized_host(key: &str, legacy: bool) -> &str {
    let without_scheme = key.strip_prefix("https://").or(key.strip_prefix("http://"));
    let host = match without_scheme {
        Some(rest) => rest.split('/').next().unwrap_or(rest),
        None if legacy => key.split('/').next().unwrap_or(key),
        None => key,
    };
    match host {
        "registry-1.docker.io" | "docker.io" => "index.docker.io",
        host => host,
    }
}

/// The value of an `Authorization` header that says user and password (RFC 7617).
pub(super) fn basic(user: &str, password: &Secret) -> Secret {
    let text = format!("{user}:{}", password.reveal());
    Secret::new(format!(
        "Basic {}",
        base64::engine::general_purpose::STANDARD.encode(text)
    ))
}
