// SPDX-License-Identifier: Apache-2.0
//! Credential helpers: programs `docker-credential-NAME` that keep logins, asked by `get` with a host on standard input.

mod state;

use std::collections::HashMap;
use std::ffi::OsString;
use std::fmt;
use std::io;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

pub(super) use self::state::Instead;
use self::state::{Answer, State};
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

/// A helper as it is asked of a host. One that asks holds the state meanwhile, and others wait for the same answer.
pub struct Helper {
    name: String,
    host: String,
    environment: Vec<(OsString, OsString)>,
    state: Mutex<State>,
}

/// What they say is secret.
impl fmt::Debug for Helper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Helper")
    }
}

/// Where another login may be had if the one at hand is refused.
#[derive(Debug, Clone)]
pub struct Renewable {
    helper: Arc<Helper>,
    /// The helper had given the login for another repository.
    is_old: bool,
}

impl PartialEq for Renewable {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.helper, &other.helper)
    }
}

impl Eq for Renewable {}

impl Renewable {
    /// Another login than this one, which was refused: one that is at hand, or the helper is asked again. `has_ended` says that
    /// the login is known to be good no longer.
    pub(super) fn instead_of(&self, refused: &Login, has_ended: bool) -> Instead {
        let mut state = self.helper.state();
        match state.instead_of(refused, self.is_old, has_ended) {
            Some(instead) => instead,
            None => state.again(refused, |state| self.helper.ask(state)),
        }
    }

    /// Tells that a login is good no longer, for which there was another one.
    pub(super) fn has_ended(&self, login: &Login) {
        self.helper.state().has_ended(login);
    }

    /// Tells what became of a login in place of another one.
    pub(super) fn was_shown(&self, login: &Login, is_good: bool) {
        self.helper.state().was_shown(login, is_good);
    }
}

impl Helper {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ask(&self, state: &mut State) -> Answer {
        let begun = Instant::now();
        let answer = ask(&self.name, &self.host, &self.environment);
        state.was_asked(answer.clone(), begun);
        answer
    }
}

/// What helpers have said in this run, by helper and host.
#[derive(Clone, Default)]
pub struct Answers(Arc<Mutex<Helpers>>);

type Helpers = HashMap<(String, String), Arc<Helper>>;

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
    pub(super) fn of(
        &self,
        name: &str,
        host: &str,
        environment: &[(OsString, OsString)],
    ) -> Result<Option<(Login, Renewable)>, String> {
        let helper = {
            let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let helper = all.entry((name.to_owned(), host.to_owned())).or_insert_with(|| {
                Arc::new(Helper {
                    name: name.to_owned(),
                    host: host.to_owned(),
                    environment: environment.to_vec(),
                    state: Mutex::default(),
                })
            });
            Arc::clone(helper)
        };
        let (answer, is_old) = {
            let mut state = helper.state();
            match state.remembered().cloned() {
                Some(answer) => (answer, true),
                None => (helper.ask(&mut state), false),
            }
        };
        Ok(answer?.map(|login| (login, Renewable { helper, is_old })))
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
    let path = look_up(&program, environment)
        .ok_or_else(|| format!("credential helper {program} not found in PATH{}", prefixed(name)))?;
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

/// What is said of a name that begins as the program does which it is the end of.
fn prefixed(name: &str) -> String {
    let own = name.strip_prefix("docker-credential-");
    own.map(|own| format!("; write {own}: docker-credential- is put before it"))
        .unwrap_or_default()
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
    answer::ask(&mut command, host.as_bytes(), limits, &|output| {
        json::parse(output).is_ok()
    })
}
