// SPDX-License-Identifier: Apache-2.0
//! Credential helpers: programs `docker-credential-NAME` that keep logins, asked by `get` with a host on standard input.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fmt;
use std::io;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::login::Login;
use crate::http::patience::Patience;
use crate::http::secret::Secret;
use crate::json;
use crate::processes::answer::{self, Limits};
use crate::processes::program::look_up;
use crate::text::{io_message, quoted, safe};

/// Most bytes that a helper may print.
const MAX_OUTPUT: usize = 1 << 20;

/// Longest time that a helper may take: a keychain may have to be unlocked.
const MAX_RUN: Duration = Duration::from_secs(60);

/// What helpers print, on standard output, where they have no login.
const NOT_FOUND: [&str; 2] = ["credentials not found in native keychain", "no credentials server URL"];

/// The user name that stands for an identity token.
const TOKEN_USER: &str = "<token>";

/// How long a login is good for other repositories of the host: it may be a token that expires.
const MAX_AGE: Duration = Duration::from_secs(300);

/// From when on a helper that fails is not asked again for a host: each repository would wait as long, in vain.
const TOO_LONG: Duration = Duration::from_secs(5);

type Answer = Result<Option<Login>, String>;

/// One that asks holds it meanwhile, and others wait for the same answer.
type Held = Arc<Mutex<Option<(Instant, Duration, Answer)>>>;

/// What helpers have said in this run, by helper and host.
#[derive(Clone, Default)]
pub struct Answers(Arc<Mutex<HashMap<(String, String), Held>>>);

/// What they say is secret.
impl fmt::Debug for Answers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Answers")
    }
}

impl Answers {
    /// What a helper says of a host, now or a short time ago.
    ///
    /// # Errors
    /// When it cannot be run, fails or prints something else.
    pub(super) fn of(&self, name: &str, host: &str, environment: &[(OsString, OsString)]) -> Answer {
        let key = (name.to_owned(), host.to_owned());
        let held = {
            let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(all.entry(key).or_default())
        };
        let mut held = held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((begun, took, answer)) = &*held {
            let is_good = match answer {
                Ok(_) => begun.elapsed() < MAX_AGE,
                Err(_) => *took > TOO_LONG,
            };
            if is_good {
                return answer.clone();
            }
        }
        let begun = Instant::now();
        let answer = ask(name, host, environment);
        *held = Some((begun, begun.elapsed(), answer.clone()));
        answer
    }
}

/// Asks a helper. `environment` is what the program itself was started with. What a helper prints is secret:
/// no message quotes it.
///
/// # Errors
/// When it cannot be run, fails or prints something else.
fn ask(name: &str, host: &str, environment: &[(OsString, OsString)]) -> Answer {
    let is_name = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
    if name.is_empty() || !name.bytes().all(is_name) {
        return Err(format!("{} is not the name of a credential helper", quoted(name)));
    }
    let started = Instant::now();
    let program = format!("docker-credential-{name}");
    let path =
        look_up(&program, environment).ok_or_else(|| format!("credential helper {program} not found in PATH"))?;
    let _patience = Patience::begin(&format!("credential helper {program}"), &Arc::default());
    let (output, status) = run(&path, host, environment)
        .map_err(|error| format!("credential helper {program}: {}", io_message(&error)))?;
    log::info!(
        "credential helper {program} for {}: {} ms",
        safe(host),
        started.elapsed().as_millis()
    );
    if !status.success() {
        let said = String::from_utf8_lossy(&output);
        if NOT_FOUND.iter().any(|text| said.trim() == *text) {
            return Ok(None);
        }
        return Err(format!(
            "credential helper {program} failed with {status}; its messages are not shown, since they may hold the secret"
        ));
    }
    let wrong = || format!("credential helper {program}: the answer is not JSON with Username and Secret");
    let answer = json::parse(&output).map_err(|_| wrong())?;
    let (Some(user), Some(secret)) = (answer["Username"].as_str(), answer["Secret"].as_str()) else {
        return Err(wrong());
    };
    Ok(match (user, secret) {
        ("", "") => None,
        (TOKEN_USER, token) => Some(Login::IdentityToken {
            user: TOKEN_USER.to_owned(),
            token: Secret::new(token),
        }),
        (user, password) => Some(Login::Password {
            user: user.to_owned(),
            password: Secret::new(password),
        }),
    })
}

fn run(program: &Path, host: &str, environment: &[(OsString, OsString)]) -> io::Result<(Vec<u8>, ExitStatus)> {
    let mut command = Command::new(program);
    command
        .arg("get")
        .env_clear()
        .envs(environment.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        // It may have the secret in it.
        .stderr(Stdio::null());
    let limits = Limits {
        output: MAX_OUTPUT,
        time: MAX_RUN,
    };
    answer::ask(&mut command, host.as_bytes(), limits)
}
