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
use crate::openpgp::gnupg::system::{filters_exports, forces_keyboxd, options_of, SYSTEM_CONFIG};
use crate::openpgp::keys::ring::MAX_RING;
use crate::processes::{self, Running};
use crate::text::{io_message, safe};

/// How long gpg may take: the daemon waits for locks of others.
const TIMEOUT: Duration = Duration::from_secs(30);

/// First GnuPG that has the daemon.
const MIN_GNUPG: &str = "2.3";

/// Most of gpg's own words that are kept.
const MAX_WORDS: u64 = 64 << 10;

/// Largest common.conf in bytes.
const MAX_CONFIG: u64 = 1 << 20;

/// Why the keys cannot be had.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum KeyboxdError {
    #[error("there is no keyring in {home}: common.conf has use-keyboxd, and there is no {database}", home = .0.display(), database = .1.display())]
    Missing(PathBuf, PathBuf),
    #[error("reading {path}, which says where the keys are: {what}", path = .0.display(), what = .1)]
    Unreadable(PathBuf, String),
    #[error("{home} belongs to another user: its keys can be read only by running gpg in it", home = .0.display())]
    NotOurs(PathBuf),
    #[error("{SYSTEM_CONFIG} has export-filter, which hides keys")]
    Filter,
    #[error("exporting keys from {home}: {what}", home = .0.display(), what = .1)]
    Export(PathBuf, String),
    #[error("the keys of {home} are in GnuPG's database (use-keyboxd), which gpg {version} of this machine does not read: use gpg {MIN_GNUPG} or newer, or export the keys where it is and name the file with --public-key FILE", home = .0.display(), version = .1)]
    TooOld(PathBuf, String),
    #[error("gpg exports no key from the database of {home}: it is empty, or was not read; import keys with gpg --homedir {home} --import FILE, or name the signer's key file with --public-key FILE", home = .0.display())]
    Empty(PathBuf),
    #[error("gpg reported {1} keys exported from {home}, but delivered {2}", home = .0.display())]
    Partial(PathBuf, usize, usize),
}

/// Whether the keys of a home are in the database: its common.conf says so, or, where there is a database, its gpg.conf
/// (as with GnuPG 2.3) or that of the system.
///
/// # Errors
/// When what it says cannot be read: a keyring file beside the database may be one from before.
pub(crate) fn is_used(home: &Path) -> Result<bool, KeyboxdError> {
    if says_so(&home.join("common.conf"))? {
        return Ok(true);
    }
    if is_missing(&database(home)) {
        return Ok(false);
    }
    Ok(says_so(&home.join("gpg.conf"))? || forces_keyboxd().is_some())
}

fn says_so(file: &Path) -> Result<bool, KeyboxdError> {
    let unreadable = |what: String| Err(KeyboxdError::Unreadable(file.to_owned(), what));
    match read_regular(file, MAX_CONFIG) {
        Ok(Some(text)) => Ok(options_of(&text).iter().any(|option| option == "use-keyboxd")),
        Ok(None) => unreadable(format!("it has more than {MAX_CONFIG} bytes")),
        // A link to nowhere may be one to a volume that is not mounted.
        Err(error) if error.kind() == io::ErrorKind::NotFound && is_missing(file) => Ok(false),
        Err(error) => unreadable(io_message(&error)),
    }
}

fn is_missing(file: &Path) -> bool {
    fs::symlink_metadata(file).is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
}

/// The file that holds the keys.
#[must_use]
pub fn database(home: &Path) -> PathBuf {
    home.join("public-keys.d/pubring.db")
}

/// What gpg has exported from the database of keyboxd.
#[derive(Debug)]
pub struct Exported {
    /// The keys, one after the other.
    pub packets: Vec<u8>,
    /// How many they are by what gpg says.
    pub count: usize,
}

/// All keys of a home, with certifications that are not meant for others: what they say counts
/// for this user.
///
/// # Errors
/// When there is no database, the home belongs to somebody else than `uid`, gpg is too old for it (it would see no
/// keys, and make an empty keyring in the home), fails or takes too long, or exports nothing.
pub fn export(home: &Path, uid: u32) -> Result<Exported, KeyboxdError> {
    if is_missing(&database(home)) {
        return Err(KeyboxdError::Missing(home.to_owned(), database(home)));
    }
    let wrong = |what: String| KeyboxdError::Export(home.to_owned(), what);
    let owner = fs::metadata(home).map_err(|error| wrong(io_message(&error)))?.uid();
    if owner != uid {
        return Err(KeyboxdError::NotOurs(home.to_owned()));
    }
    if filters_exports() {
        return Err(KeyboxdError::Filter);
    }
    // Absolute: the daemon does not run in our directory.
    let home = std::path::absolute(home).map_err(|error| wrong(io_message(&error)))?;
    let version = version().map_err(|error| KeyboxdError::Export(home.clone(), error))?;
    if numbers(&version) < numbers(MIN_GNUPG) {
        return Err(KeyboxdError::TooOld(home, version));
    }
    let wrong = |what: String| KeyboxdError::Export(home.clone(), what);
    let was_running = daemon_runs(&home);
    let exported = run_export(&home).map_err(wrong);
    if !was_running {
        stop_daemon(&home);
    }
    let exported = exported?;
    if exported.count == 0 || exported.packets.is_empty() {
        return Err(KeyboxdError::Empty(home));
    }
    Ok(exported)
}

/// The version of the gpg that would export.
fn version() -> Result<String, String> {
    let mut command = Command::new("gpg");
    // Not in the home: an older gpg would make files there.
    command
        .args(["--no-options", "--version"])
        .env("GNUPGHOME", "/dev/null");
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let output =
        processes::output(&mut command).map_err(|error| format!("gpg cannot be run: {}", io_message(&error)))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let first = text.lines().next().and_then(|line| line.split(' ').next_back());
    first
        .filter(|version| output.status.success() && !numbers(version).is_empty())
        .map(str::to_owned)
        .ok_or_else(|| "gpg tells no version".into())
}

/// The numbers of a version; none where it is not one.
fn numbers(version: &str) -> Vec<u32> {
    let digits = |part: &str| {
        let end = part.find(|c: char| !c.is_ascii_digit()).unwrap_or(part.len());
        part[..end].parse().ok()
    };
    version.split('.').map_while(digits).collect()
}

fn run_export(home: &Path) -> Result<Exported, String> {
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
    let mut child =
        processes::start(&mut command).map_err(|error| format!("gpg cannot be run: {}", io_message(&error)))?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let keys = reader(stdout, MAX_RING);
    let words = reader(stderr, MAX_WORDS);
    let finished = wait(&mut child)?;
    let keys = joined(keys)?;
    let words = String::from_utf8_lossy(&joined(words)?).into_owned();
    // EXPORT_RES <keys looked at> <secret keys> <keys exported>
    let result = words.lines().find_map(|line| line.strip_prefix("[GNUPG:] EXPORT_RES "));
    let counts: Vec<usize> = result
        .map(|line| line.split(' ').map_while(|word| word.parse().ok()).collect())
        .unwrap_or_default();
    let (true, [looked_at, _, count, ..]) = (finished.success(), counts.as_slice()) else {
        let why = words
            .lines()
            .filter(|line| !line.starts_with("[GNUPG:]"))
            .map(|line| line.strip_prefix("gpg: ").unwrap_or(line))
            .collect::<Vec<_>>()
            .join("; ");
        return Err(format!("gpg reports: {} ({finished})", safe(&why)));
    };
    if keys.len() as u64 > MAX_RING {
        return Err(format!("more than {MAX_RING} bytes"));
    }
    if looked_at != count {
        return Err(format!("gpg exported {count} of {looked_at} keys"));
    }
    Ok(Exported {
        packets: keys,
        count: *count,
    })
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
        Ok(result) => result.map_err(|error| io_message(&error)),
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
                    Err(error) => io_message(&error),
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
