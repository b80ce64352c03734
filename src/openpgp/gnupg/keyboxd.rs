// SPDX-License-Identifier: Apache-2.0
//! Homes whose keys GnuPG keeps in a database of its own (GnuPG 2.4 and later, `use-keyboxd` in common.conf).
//!
//! Only GnuPG's daemon reads that database, so that the user's own gpg exports the keys, in the user's home: the one
//! case where a program other than this one works there. A daemon that was not running before is stopped.

use std::fs;
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::files::read::read_regular;
use crate::openpgp::gnupg::system::{options_of, SYSTEM_CONFIG};
use crate::openpgp::keys::ring::MAX_RING;
use crate::processes::{self, Running};
use crate::text::safe;

/// How long gpg may take: the daemon waits for locks of others.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Most of gpg's own words that are kept.
const MAX_WORDS: u64 = 64 << 10;

/// Largest common.conf in bytes.
const MAX_CONFIG: u64 = 1 << 20;

/// Why the keys cannot be had.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum Error {
    #[error("there is no keyring in {home}: common.conf has use-keyboxd, and there is no {database}", home = .0.display(), database = .1.display())]
    Missing(PathBuf, PathBuf),
    #[error("reading {path}, which says where the keys are: {what}", path = .0.display(), what = .1)]
    Unreadable(PathBuf, String),
    #[error("{home} belongs to another user: its keys can be had only by running gpg in it", home = .0.display())]
    NotOurs(PathBuf),
    #[error("{SYSTEM_CONFIG} has export-filter, which hides keys")]
    Filter,
    #[error("exporting keys from {home}: {what}", home = .0.display(), what = .1)]
    Export(PathBuf, String),
}

/// Whether a home says that its keys are in the database.
///
/// # Errors
/// When what it says cannot be read: a keyring file beside the database may be one from before.
pub fn is_used(home: &Path) -> Result<bool, Error> {
    let path = home.join("common.conf");
    let unreadable = |what: String| Err(Error::Unreadable(path.clone(), what));
    match read_regular(&path, MAX_CONFIG) {
        Ok(Some(text)) => Ok(options_of(&text).iter().any(|option| option == "use-keyboxd")),
        Ok(None) => unreadable(format!("it has more than {MAX_CONFIG} bytes")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => unreadable(error.to_string()),
    }
}

/// The file that holds the keys.
#[must_use]
pub fn database(home: &Path) -> PathBuf {
    home.join("public-keys.d/pubring.db")
}

/// All keys of a home, one after the other, with certifications that are not meant for others: what they say counts
/// for this user.
///
/// # Errors
/// When there is no database, the home belongs to somebody else than `uid`, or gpg fails or takes too long.
pub fn export(home: &Path, uid: u32) -> Result<Vec<u8>, Error> {
    if fs::symlink_metadata(database(home)).is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
        return Err(Error::Missing(home.to_owned(), database(home)));
    }
    let wrong = |what: String| Error::Export(home.to_owned(), what);
    let owner = fs::metadata(home).map_err(|error| wrong(error.to_string()))?.uid();
    if owner != uid {
        return Err(Error::NotOurs(home.to_owned()));
    }
    if fs::read_to_string(SYSTEM_CONFIG).is_ok_and(|text| text.contains("export-filter")) {
        return Err(Error::Filter);
    }
    // Absolute: the daemon does not run in our directory.
    let home = std::path::absolute(home).map_err(|error| wrong(error.to_string()))?;
    let was_running = daemon_runs(&home);
    let keys = run_export(&home).map_err(wrong);
    if !was_running {
        stop_daemon(&home);
    }
    keys
}

fn run_export(home: &Path) -> Result<Vec<u8>, String> {
    let mut command = Command::new("gpg");
    command
        .arg("--homedir")
        .arg(home)
        .args(["--batch", "--no-tty", "--no-options", "--no-greeting", "--lock-never"])
        .args([
            "--trust-model",
            "always",
            "--no-auto-check-trustdb",
            "--no-permission-warning",
        ])
        .args([
            "--disable-dirmngr",
            "--no-auto-key-retrieve",
            "--no-armor",
            "--output",
            "-",
        ])
        .args([
            "--export-options",
            "export-local-sigs,export-attributes,no-export-clean,no-export-minimal",
        ])
        .args(["--status-fd", "2", "--export"])
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = processes::start(&mut command).map_err(|error| format!("gpg cannot be run: {error}"))?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let keys = reader(stdout, MAX_RING);
    let words = reader(stderr, MAX_WORDS);
    let finished = wait(&mut child)?;
    let keys = joined(keys)?;
    let words = String::from_utf8_lossy(&joined(words)?).into_owned();
    let reports_end = words.lines().any(|line| line.starts_with("[GNUPG:] EXPORT_RES "));
    if !finished.success() || !reports_end {
        let why = words
            .lines()
            .filter(|line| !line.starts_with("[GNUPG:]"))
            .map(|line| line.strip_prefix("gpg: ").unwrap_or(line))
            .collect::<Vec<_>>()
            .join("; ");
        return Err(format!("gpg reports: {} ({finished})", safe(&why)));
    }
    if keys.len() as u64 > MAX_RING {
        return Err(format!("more than {MAX_RING} bytes"));
    }
    Ok(keys)
}

type Reading = std::thread::JoinHandle<io::Result<Vec<u8>>>;

fn reader(pipe: Option<impl Read + Send + 'static>, limit: u64) -> Reading {
    std::thread::spawn(move || {
        let mut content = Vec::new();
        if let Some(pipe) = pipe {
            pipe.take(limit + 1).read_to_end(&mut content)?;
        }
        Ok(content)
    })
}

fn joined(reading: Reading) -> Result<Vec<u8>, String> {
    match reading.join() {
        Ok(result) => result.map_err(|error| error.to_string()),
        Err(_) => Err("reading what gpg prints failed".into()),
    }
}

fn wait(child: &mut Running) -> Result<std::process::ExitStatus, String> {
    let begin = Instant::now();
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Ok(status),
            Ok(None) if begin.elapsed() < TIMEOUT => std::thread::sleep(Duration::from_millis(2)),
            outcome => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(match outcome {
                    Err(error) => error.to_string(),
                    Ok(_) => format!("gpg took longer than {} s", TIMEOUT.as_secs()),
                });
            }
        }
    }
}

/// Whether somebody listens on the daemon's socket.
fn daemon_runs(home: &Path) -> bool {
    gpgconf(home, &["--list-dirs", "keyboxd-socket"]).is_some_and(|path| UnixStream::connect(path.trim_end()).is_ok())
}

fn stop_daemon(home: &Path) {
    if gpgconf(home, &["--kill", "keyboxd"]).is_none() {
        log::warn!("stopping the daemon keyboxd of {} failed", home.display());
    }
}

fn gpgconf(home: &Path, args: &[&str]) -> Option<String> {
    let mut command = Command::new("gpgconf");
    command.arg("--homedir").arg(home).args(args);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let output = processes::output(&mut command).ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}
