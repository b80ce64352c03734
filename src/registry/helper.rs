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

/// How long failures of a helper may take in all, for a host, before they are remembered: a prompt may have been missed once.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long a failure is remembered at most: what was locked may have been unlocked.
const MAX_FAILED: Duration = Duration::from_secs(60);

/// How old a login is at least that is refused where it was first used, for another one to be asked for; twice as old after
/// each time in a row that this was in vain.
const MIN_AGE: Duration = Duration::from_secs(5);

/// The most that comes of that: a login that was good for a short time may have ended meanwhile.
const MAX_MIN_AGE: Duration = Duration::from_secs(60);

type Answer = Result<Option<Login>, String>;

/// What a helper has said last.
struct Said {
    answer: Answer,
    begun: Instant,
    /// When it was asked last, and how long that took; the answer is older where it had no other login then.
    asked: Instant,
    took: Duration,
}

#[derive(Default)]
struct State {
    said: Option<Said>,
    /// What failures in a row took together.
    failing: Duration,
    /// The last login that was asked for in place of a refused one was refused, too.
    is_in_vain: bool,
    /// How often in a row that was so.
    in_vain: u32,
}

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
    /// Another login than this one, which was refused: the helper is asked again, unless it has been already.
    pub(super) fn instead_of(&self, refused: &Login) -> Option<Login> {
        let mut state = self.helper.state.lock().unwrap_or_else(PoisonError::into_inner);
        let said = state.said.as_ref()?;
        match &said.answer {
            Ok(Some(login)) if login != refused => return Some(login.clone()),
            Ok(Some(_)) => {}
            _ => return None,
        }
        // Repositories may be forbidden whatever the login: each of them would have the helper asked.
        let age = said.asked.elapsed();
        let is_young = age < said.took.saturating_mul(10).max(min_age(state.in_vain));
        if is_young && (state.is_in_vain || !self.is_old) {
            return None;
        }
        if !state.is_in_vain {
            state.in_vain = 0;
        }
        state.is_in_vain = false;
        let before = state.said.take();
        let login = self.helper.ask(&mut state).ok().flatten();
        if let (None, Some(before), Some(said)) = (&login, before, &mut state.said) {
            // What one repository refuses may be good for others.
            said.answer = before.answer;
            said.begun = before.begun;
        }
        let login = login.filter(|login| login != refused);
        if login.is_none() {
            state.was_in_vain();
        }
        login
    }

    /// Tells that a login was refused that was asked for in place of another one.
    pub(super) fn was_in_vain(&self) {
        let mut state = self.helper.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.was_in_vain();
    }
}

impl Helper {
    fn ask(&self, state: &mut State) -> Answer {
        let begun = Instant::now();
        let answer = ask(&self.name, &self.host, &self.environment);
        let took = begun.elapsed();
        state.failing = match answer {
            Ok(_) => Duration::ZERO,
            Err(_) => state.failing.saturating_add(took),
        };
        state.said = Some(Said {
            answer: answer.clone(),
            begun,
            asked: begun,
            took,
        });
        answer
    }
}

impl State {
    /// What was said last, if it counts still.
    fn remembered(&self) -> Option<&Answer> {
        let said = self.said.as_ref()?;
        let age = said.begun.elapsed();
        let counts = match said.answer {
            Ok(_) => age < MAX_AGE,
            Err(_) => is_remembered(self.failing, said.took, age),
        };
        counts.then_some(&said.answer)
    }

    /// Several sessions may find the same login refused.
    fn was_in_vain(&mut self) {
        if !self.is_in_vain {
            self.is_in_vain = true;
            self.in_vain = self.in_vain.saturating_add(1);
        }
    }
}

/// How old a refused login must be after so many others that were asked for in vain.
fn min_age(in_vain: u32) -> Duration {
    MIN_AGE.saturating_mul(2_u32.saturating_pow(in_vain)).min(MAX_MIN_AGE)
}

/// Whether a failure is remembered that took so long and began so long ago, after failures that took so long in all: helpers
/// must not take most of the time of a run, and one that works again must be asked.
fn is_remembered(failing: Duration, took: Duration, age: Duration) -> bool {
    failing > PATIENCE && age < took.saturating_add(took.saturating_mul(10).min(MAX_FAILED))
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
            let mut state = helper.state.lock().unwrap_or_else(PoisonError::into_inner);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_helper_is_asked_ever_more_seldom_for_logins_that_are_refused() {
        let ages = [0, 1, 2, 3, 4, 99].map(|in_vain| min_age(in_vain).as_secs());
        assert_eq!(ages, [5, 10, 20, 40, 60, 60]);
    }

    #[test]
    fn a_failure_is_remembered_for_a_time_only_once_failures_took_long() {
        let seconds = Duration::from_secs;
        for (failing, took, age, expected) in [
            (6, 6, 6, false),
            (12, 6, 6, true),
            (12, 6, 65, true),
            (12, 6, 67, false),
            (14, 4, 5, true),
            (14, 4, 45, false),
            (60, 60, 119, true),
            (60, 60, 121, false),
        ] {
            let is = is_remembered(seconds(failing), seconds(took), seconds(age));
            assert_eq!(is, expected, "{failing} {took} {age}");
        }
    }
}
