// SPDX-License-Identifier: Apache-2.0
//! Runs whose right outcome is known, and what may come of them where a call fails.

use std::fs;
use std::io;
use std::path::Path;
use std::process::Command;

use nix::libc;
use serde_json::Value;

use crate::ground::{timeless, Ground, IDENTITY};
use crate::tracer::{Effect, Ended, Fault};

/// A way to run the program.
#[derive(Debug, Clone, Copy)]
pub struct Scenario {
    /// What it is called.
    pub name: &'static str,
    file: &'static str,
    keys: Keys,
    options: &'static [&'static str],
    /// Exit status, verdict and reason without a fault.
    truth: (i32, &'static str, &'static str),
    /// With `--confirm`: what the file then is.
    after: Option<&'static str>,
}

#[derive(Debug, Clone, Copy)]
enum Keys {
    File(&'static str),
    Home(&'static str),
}

const VERIFIED: (i32, &str, &str) = (0, "Verified", "Verified");
const REVOKED: (i32, &str, &str) = (1, "Rejected", "KeyRevoked");
const UNKNOWN: (i32, &str, &str) = (1, "Rejected", "UnknownKey");

const fn reading(name: &'static str, keys: Keys, truth: (i32, &'static str, &'static str)) -> Scenario {
    Scenario {
        name,
        file: "image.json",
        keys,
        options: &[],
        truth,
        after: None,
    }
}

const fn batch(name: &'static str, keys: Keys, truth: (i32, &'static str, &'static str)) -> Scenario {
    Scenario {
        name,
        file: "list.json",
        keys,
        options: &["--engine", "batch"],
        truth,
        after: None,
    }
}

/// All of them.
pub const SCENARIOS: [Scenario; 12] = [
    reading("key file, good", Keys::File("key.asc"), VERIFIED),
    reading("key file, revoked", Keys::File("revoked.asc"), REVOKED),
    reading("key file, another key", Keys::File("other.asc"), UNKNOWN),
    reading("keyring, good", Keys::Home("signer"), VERIFIED),
    reading("keyring, revoked", Keys::Home("revoked"), REVOKED),
    reading(
        "keyring, disabled",
        Keys::Home("disabled"),
        (1, "Rejected", "KeyDisabled"),
    ),
    reading("keyring, another key", Keys::Home("other"), UNKNOWN),
    batch("workers, good", Keys::File("key.asc"), VERIFIED),
    batch("workers, revoked", Keys::File("revoked.asc"), REVOKED),
    batch("workers, keyring, good", Keys::Home("signer"), VERIFIED),
    Scenario {
        name: "record, good",
        file: "image.json",
        keys: Keys::File("key.asc"),
        options: &["--confirm"],
        truth: VERIFIED,
        after: Some("recorded.json"),
    },
    Scenario {
        name: "record, revoked",
        file: "recorded.json",
        keys: Keys::File("revoked.asc"),
        options: &["--confirm"],
        truth: REVOKED,
        after: Some("taken-back.json"),
    },
];

/// What a run came to, where it is nothing wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The outcome without the fault.
    True,
    /// It says that it does not know (exit status 3, or 2 for a file that the user named).
    Unknown,
    /// It ended without a word: killed, or without memory.
    Silent,
}

impl Scenario {
    /// The command, with the file that it may write in `place`.
    ///
    /// # Errors
    /// When the file cannot be put there.
    pub fn command(&self, ground: &Ground, place: &Path) -> io::Result<Command> {
        let object = place.join("object.json");
        fs::copy(ground.path(self.file), &object)?;
        let mut command = ground.command(place);
        command
            .args(["verify", "-o", "json", "--expected-identity", IDENTITY, "-f"])
            .arg(object);
        match self.keys {
            Keys::File(name) => command.arg("--public-key").arg(ground.path(name)),
            Keys::Home(name) => command.arg("--homedir").arg(ground.path(name)),
        };
        command.args(self.options);
        Ok(command)
    }

    /// Judges a run by its end, what it printed and the file that it leaves.
    ///
    /// # Errors
    /// With what is wrong: an outcome that is neither the true one nor that nothing is known, a file that is neither the
    /// old nor the right new one, a panic, or a run that hangs.
    pub fn judge(
        &self,
        ground: &Ground,
        place: &Path,
        ended: &Ended,
        fault: Option<Fault>,
        out: &str,
    ) -> Result<Kind, String> {
        if ended.hung {
            return Err("it hangs".into());
        }
        self.judge_words(out)?;
        let is_new = self.judge_file(ground, place)?;
        // Without memory no program goes on, and GnuPG's library does not where a pipe cannot be read.
        let may_die =
            |fault: Fault| fault.effect == Effect::Kill || [libc::SYS_mmap, libc::SYS_read].contains(&fault.call);
        let may_die = fault.is_some_and(may_die);
        let (status, ..) = self.truth;
        match ended.status {
            Err(_) if may_die => Ok(Kind::Silent),
            Err(signal) => Err(format!("{signal} ended it")),
            // What loads its libraries.
            Ok(127) if out.is_empty() => Ok(Kind::Silent),
            Ok(2) if out.is_empty() || document(out)?["kind"] == "UsageError" => Ok(Kind::Unknown),
            Ok(3) => Ok(Kind::Unknown),
            Ok(ending) if ending == status => {
                let items = document(out)?["items"].as_array().cloned().unwrap_or_default();
                if items.is_empty() || !items.iter().all(|item| item["reason"] == self.truth.2) {
                    return Err(format!("exit status {ending}, and not every image has that outcome"));
                }
                if !is_new {
                    return Err(format!("exit status {ending}, and the verdict is not recorded"));
                }
                Ok(Kind::True)
            }
            Ok(ending) => Err(format!("exit status {ending}")),
        }
    }

    /// Whatever is printed, whole or not, says no other verdict than the true one.
    fn judge_words(&self, out: &str) -> Result<(), String> {
        let said = |member: &str, allowed: &[&str]| {
            for part in out.split(&format!("\"{member}\": \"")).skip(1) {
                let word = part.split('"').next().unwrap_or_default();
                if part.contains('"') && !allowed.contains(&word) {
                    return Err(format!("{member} {word}"));
                }
            }
            Ok(())
        };
        said("verdict", &[self.truth.1, "Unchecked"])?;
        said(
            "reason",
            &[self.truth.2, "EngineFailed", "SourceUnavailable", "NotFound"],
        )
    }

    /// Whether the file is what it should become, or was to stay as it is and does.
    fn judge_file(&self, ground: &Ground, place: &Path) -> Result<bool, String> {
        let text = |path: &Path| fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()));
        let now = text(&place.join("object.json"))?;
        let is_old = now == text(&ground.path(self.file))?;
        let Some(after) = self.after else {
            return if is_old {
                Ok(true)
            } else {
                Err("it wrote the file".into())
            };
        };
        let is_new = timeless(&now).is_some() && timeless(&now) == timeless(&text(&ground.path(after))?);
        if is_old || is_new {
            Ok(is_new)
        } else {
            Err(format!("the file is neither the old nor the new one:\n{now}"))
        }
    }
}

fn document(out: &str) -> Result<Value, String> {
    serde_json::from_str(out).map_err(|error| format!("no JSON document: {error}"))
}
