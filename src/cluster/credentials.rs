// SPDX-License-Identifier: Apache-2.0
//! What a user shows to the API server, renewed when it runs out.

use std::path::{Path, PathBuf};

use base64::Engine as _;

use super::exec::{self, Plugin};
use crate::clock::Clock;
use crate::files::read::read_bounded;
use crate::http::secret::Secret;
use crate::http::tls::Identity;
use crate::text::io_message;

/// Largest token file, in bytes.
const MAX_TOKEN: u64 = 1 << 20;

/// How long a token out of a file is used before the file is read again, in seconds: somebody else renews it there.
const TOKEN_FILE_AGE: i64 = 50;

/// Where a credential comes from. A client certificate from files is not here: it belongs to the connection.
#[derive(Debug, Clone, Default)]
pub enum CredentialSource {
    /// No credential: requests are made without one.
    #[default]
    None,
    /// A bearer token that does not change during the run.
    Token(Secret),
    /// A file with a token.
    TokenFile(PathBuf),
    /// User name and password.
    Basic(String, Secret),
    /// A program that is asked for a credential, and again when that expires.
    Exec(Box<Plugin>),
}

/// A credential that cannot be had, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs)]
pub enum CredentialError {
    #[error("reading token file {0}: {1}")]
    TokenFile(String, String),
    #[error(transparent)]
    Exec(#[from] exec::ExecError),
}

/// A credential that is in use.
#[derive(Debug, Clone, Default)]
pub struct Held {
    /// Value of the header `Authorization`.
    pub authorization: Option<Secret>,
    /// A client certificate, where the credential is or has one.
    pub identity: Option<Identity>,
    expires: Option<i64>,
}

/// A source, and what it gave last.
#[derive(Debug)]
pub struct Credentials {
    source: CredentialSource,
    held: Option<Held>,
    clock: Clock,
}

impl Credentials {
    /// Nothing is read or run yet.
    #[must_use]
    pub fn new(source: CredentialSource, clock: Clock) -> Self {
        Self {
            source,
            held: None,
            clock,
        }
    }

    /// The credential to use now.
    ///
    /// # Errors
    /// When there is none to be had.
    pub fn current(&mut self) -> Result<Held, CredentialError> {
        let now = self.clock.now();
        if let Some(held) = &self.held {
            if held.expires.is_none_or(|expires| now < expires) {
                return Ok(held.clone());
            }
        }
        self.obtain()
    }

    /// Gets another credential after one was refused; false where the source cannot have another one.
    ///
    /// # Errors
    /// When it fails to.
    pub fn renew(&mut self) -> Result<bool, CredentialError> {
        match self.source {
            CredentialSource::TokenFile(_) => {
                let before = self.held.take().and_then(|held| held.authorization);
                Ok(self.obtain()?.authorization != before)
            }
            CredentialSource::Exec(_) => {
                self.held = None;
                self.obtain().map(|_| true)
            }
            CredentialSource::None | CredentialSource::Token(_) | CredentialSource::Basic(..) => Ok(false),
        }
    }

    fn obtain(&mut self) -> Result<Held, CredentialError> {
        let now = self.clock.now();
        let held = match &self.source {
            CredentialSource::None => Held::default(),
            CredentialSource::Token(token) => bearer(token),
            CredentialSource::Basic(user, password) => {
                let pair = format!("{user}:{}", password.reveal());
                let pair = base64::engine::general_purpose::STANDARD.encode(pair);
                Held {
                    authorization: Some(Secret::new(format!("Basic {pair}"))),
                    ..Held::default()
                }
            }
            CredentialSource::TokenFile(path) => match (read_token(path), self.held.take()) {
                (Ok(token), _) => Held {
                    expires: Some(now + TOKEN_FILE_AGE),
                    ..bearer(&token)
                },
                (Err(error), Some(old)) => {
                    log::warn!("{error}; the token that was read before is used on");
                    Held {
                        expires: Some(now + TOKEN_FILE_AGE),
                        ..old
                    }
                }
                (Err(error), None) => return Err(error),
            },
            CredentialSource::Exec(plugin) => {
                let credential = plugin.run()?;
                let authorization = credential.token.as_ref().and_then(|token| bearer(token).authorization);
                Held {
                    authorization,
                    identity: credential.identity,
                    expires: credential.expires,
                }
            }
        };
        self.held = Some(held.clone());
        Ok(held)
    }
}

fn bearer(token: &Secret) -> Held {
    Held {
        authorization: Some(Secret::new(format!("Bearer {}", token.reveal()))),
        ..Held::default()
    }
}

/// Reads a token, without the white space around it.
///
/// # Errors
/// When the file cannot be read, or has none.
pub(crate) fn read_token(path: &Path) -> Result<Secret, CredentialError> {
    let wrong = |what: String| CredentialError::TokenFile(crate::text::safe(&path.display().to_string()), what);
    let bytes = read_bounded(path, MAX_TOKEN)
        .map_err(|error| wrong(io_message(&error)))?
        .ok_or_else(|| wrong(format!("it has more than {MAX_TOKEN} bytes")))?;
    let text = crate::input::text(bytes).map_err(|error| wrong(format!("it is not text: {error}")))?;
    match text.trim() {
        "" => Err(wrong("it is empty".into())),
        token if token.bytes().any(|byte| byte.is_ascii_control()) => {
            Err(wrong("it has more than one line, or a control character".into()))
        }
        token => Ok(Secret::new(token)),
    }
}
