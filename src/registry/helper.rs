// SPDX-License-Identifier: Apache-2.0
//! Credential helpers: programs `docker-credential-NAME` that keep logins, asked by `get` with a host on standard input.

use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{poll, PollFd, PollFlags, Timespec};

use super::login::Login;
use crate::http::secret::Secret;
use crate::json;
use crate::processes::program::look_up;
use crate::processes::{self, Running};
use crate::text::{quoted, safe};

/// Most bytes that a helper may print.
const MAX_OUTPUT: usize = 1 << 20;

/// Longest time that a helper may take: a keychain may have to be unlocked.
const MAX_RUN: Duration = Duration::from_secs(60);

/// How often a helper is looked at.
const LOOK: Duration = Duration::from_millis(20);

/// What helpers print, on standard output, where they have no login.
const NOT_FOUND: [&str; 2] = ["credentials not found in native keychain", "no credentials server URL"];

/// The user name that stands for an identity token.
const TOKEN_USER: &str = "<token>";

/// Asks a helper. `environment` is what the program itself was started with. What a helper prints is secret: no message
/// quotes it.
///
/// # Errors
/// When it cannot be run, fails or prints something else.
pub fn ask(name: &str, host: &str, environment: &[(OsString, OsString)]) -> Result<Option<Login>, String> {
    let is_name = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
    if name.is_empty() || !name.bytes().all(is_name) {
        return Err(format!("{} is not the name of a credential helper", quoted(name)));
    }
    let started = Instant::now();
    let program = format!("docker-credential-{name}");
    let path =
        look_up(&program, environment).ok_or_else(|| format!("credential helper {program} not found in PATH"))?;
    let (output, status) =
        run(&path, host, environment).map_err(|error| format!("credential helper {program}: {error}"))?;
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
        return Err(format!("credential helper {program} failed with {status}"));
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

fn run(program: &PathBuf, host: &str, environment: &[(OsString, OsString)]) -> io::Result<(Vec<u8>, ExitStatus)> {
    let mut command = Command::new(program);
    command
        .arg("get")
        .env_clear()
        .envs(environment.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let mut child = processes::start(&mut command)?;
    let deadline = Instant::now() + MAX_RUN;
    let ended = talk(&mut child, host, deadline);
    if ended.is_err() {
        let _ = child.kill();
        let _ = child.wait();
    }
    ended
}

fn talk(child: &mut Running, host: &str, deadline: Instant) -> io::Result<(Vec<u8>, ExitStatus)> {
    if let Some(mut stdin) = child.stdin.take() {
        // Far shorter than a pipe holds, so that this never waits. A helper need not read it.
        let _ = stdin.write_all(host.as_bytes());
    }
    let mut output = Vec::new();
    if let Some(mut stdout) = child.stdout.take() {
        let look = Timespec::try_from(LOOK).map_err(io::Error::other)?;
        let mut piece = [0; 8192];
        loop {
            in_time(deadline)?;
            match poll(&mut [PollFd::new(&stdout, PollFlags::IN)], Some(&look)) {
                Ok(0) | Err(rustix::io::Errno::INTR) => continue,
                Ok(_) => {}
                Err(error) => return Err(error.into()),
            }
            match stdout.read(&mut piece)? {
                0 => break,
                amount => output.extend_from_slice(&piece[..amount]),
            }
            if output.len() > MAX_OUTPUT {
                return Err(io::Error::other(format!("it prints more than {MAX_OUTPUT} bytes")));
            }
        }
    }
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok((output, status));
        }
        in_time(deadline)?;
        std::thread::sleep(LOOK);
    }
}

fn in_time(deadline: Instant) -> io::Result<()> {
    if Instant::now() < deadline {
        return Ok(());
    }
    Err(io::Error::other(format!(
        "it took longer than {} s and was ended",
        MAX_RUN.as_secs()
    )))
}
