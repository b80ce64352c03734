// SPDX-License-Identifier: Apache-2.0
//! What the process was started with: variables, home directory, user, clock.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::{Path, PathBuf};

use image_signature_surroundings as surroundings;
use jiff::Timestamp;

use crate::clock::Clock;
use crate::processes::NO_HOME;

/// Directories that are searched for gpg before those of the caller, so that a PATH that somebody prepared cannot
/// put another program in its place.
const SYSTEM_PATH: [&str; 6] = [
    "/usr/bin",
    "/bin",
    "/usr/sbin",
    "/sbin",
    "/usr/local/bin",
    "/usr/local/sbin",
];

/// Which of the standard streams are terminals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terminal {
    /// Standard output is one.
    pub stdout: bool,
    /// Standard error is one.
    pub stderr: bool,
    /// Columns of that on standard output.
    pub columns: Option<usize>,
}

/// A snapshot of the process's surroundings.
#[derive(Clone)]
pub struct Environment {
    variables: HashMap<OsString, OsString>,
    /// The user's home directory, if there is one.
    pub home: Option<PathBuf>,
    /// The effective user ID.
    pub uid: u32,
    /// What is a terminal.
    pub terminal: Terminal,
    /// The file of this program, if it is known.
    pub program: Option<PathBuf>,
    /// When the run began, in seconds since 1970.
    pub now: i64,
    clock: Clock,
}

/// Without the variables, which may hold secrets.
impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Environment")
            .field("home", &self.home)
            .field("uid", &self.uid)
            .field("terminal", &self.terminal)
            .field("program", &self.program)
            .field("now", &self.now)
            .finish_non_exhaustive()
    }
}

impl Environment {
    /// Reads everything once; then puts the directories of the system first in this process's `PATH` and takes the user's
    /// GnuPG home out of its surroundings, since gpgme goes by them. Call it before the first thread is started.
    #[must_use]
    // Called deprecated by the oldest toolchain that is promised, for what it does on Windows only.
    #[allow(deprecated)]
    pub fn take(terminal: Terminal) -> Self {
        let now = Timestamp::now().as_second();
        let variables: HashMap<OsString, OsString> = std::env::vars_os().collect();
        // An empty one names no directory, and the standard library of Rust 1.85 would look no further.
        if variables.get(OsStr::new("HOME")).is_some_and(|home| home.is_empty()) {
            surroundings::change("HOME", None);
        }
        let environment = Self {
            variables,
            home: std::env::home_dir().filter(|home| !home.as_os_str().is_empty()),
            uid: rustix::process::geteuid().as_raw(),
            terminal,
            program: std::env::current_exe().ok(),
            now,
            clock: Clock::starting_at(now),
        };
        surroundings::change("PATH", Some(&environment.search_path()));
        surroundings::change("GNUPGHOME", Some(OsStr::new(NO_HOME)));
        environment
    }

    /// A variable that is set and not empty.
    #[must_use]
    pub fn variable(&self, name: &str) -> Option<&OsStr> {
        self.variables
            .get(OsStr::new(name))
            .map(OsString::as_os_str)
            .filter(|value| !value.is_empty())
    }

    /// Columns of what is printed: what `COLUMNS` says, else those of the terminal on standard output.
    #[must_use]
    pub fn columns(&self) -> Option<usize> {
        let named = self.variable("COLUMNS").and_then(OsStr::to_str);
        let named = named.and_then(|text| text.parse().ok()).filter(|columns| *columns > 0);
        named.or(self.terminal.columns)
    }

    /// All variables, as the program was started with them: for programs of the caller's.
    #[must_use]
    pub fn variables(&self) -> Vec<(OsString, OsString)> {
        self.variables.iter().map(|(n, v)| (n.clone(), v.clone())).collect()
    }

    /// Where programs keep the user's configuration: `$XDG_CONFIG_HOME`, else `~/.config`.
    #[must_use]
    pub fn config_home(&self) -> Option<PathBuf> {
        let named = self.variable("XDG_CONFIG_HOME").map(PathBuf::from);
        named.or_else(|| Some(self.home.as_ref()?.join(".config")))
    }

    /// The time from now on, counted from what the wall clock said at the start.
    #[must_use]
    pub fn clock(&self) -> Clock {
        self.clock
    }

    /// The name of the user on this machine.
    #[must_use]
    pub fn user_name(&self) -> String {
        ["LOGNAME", "USER"]
            .into_iter()
            .find_map(|name| self.variable(name))
            .map(|name| name.to_string_lossy().into_owned())
            .or_else(|| name_of(self.uid))
            .unwrap_or_else(|| format!("uid {}", self.uid))
    }

    fn search_path(&self) -> OsString {
        let mut path = OsString::from(SYSTEM_PATH.join(":"));
        if let Some(own) = self.variable("PATH") {
            path.push(":");
            path.push(own);
        }
        path
    }

    /// Where temporary keyrings may stand, the best place first: directories in memory, private to the user.
    #[must_use]
    pub fn temporary_places(&self) -> Vec<PathBuf> {
        let mut places: Vec<PathBuf> = Vec::new();
        let absolute = |value: &OsStr| Some(PathBuf::from(value)).filter(|path| path.is_absolute());
        places.extend(self.variable("XDG_RUNTIME_DIR").and_then(absolute));
        places.push(Path::new("/dev/shm").to_owned());
        places.extend(self.variable("TMPDIR").and_then(absolute));
        places.push(Path::new("/tmp").to_owned());
        places.dedup();
        places
    }
}

/// The name that the password file has for a user ID.
fn name_of(uid: u32) -> Option<String> {
    let file = std::fs::read_to_string("/etc/passwd").ok()?;
    file.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(uid)).then(|| name.to_owned())
    })
}
