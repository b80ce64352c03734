// SPDX-License-Identifier: Apache-2.0
//! Runs whose right outcome is known, and what may come of them where a call fails.

use std::fs;
use std::io;
use std::process::Command;

use nix::libc;
use serde_json::Value;

use crate::ground::{timeless, Ground, IDENTITY};
use crate::stage::{Home, Stage};
use crate::tracer::{Effect, Ended, Fault};

/// A way to run the program.
#[derive(Debug, Clone, Copy)]
pub struct Scenario {
    /// What it is called.
    pub name: &'static str,
    /// Where the object is.
    home: Home,
    file: &'static str,
    keys: Keys,
    options: &'static [&'static str],
    /// Exit status, verdict and reason without a fault.
    truth: (i32, &'static str, &'static str),
    /// With `--confirm`: what the object then is.
    after: Option<&'static str>,
}

#[derive(Debug, Clone, Copy)]
enum Keys {
    File(&'static str),
    Home(&'static str),
}

const KEY: Keys = Keys::File("key.asc");
const REVOKED_KEY: Keys = Keys::File("revoked.asc");
const OTHER_KEY: Keys = Keys::File("other.asc");

const VERIFIED: (i32, &str, &str) = (0, "Verified", "Verified");
const REVOKED: (i32, &str, &str) = (1, "Rejected", "KeyRevoked");
const UNKNOWN: (i32, &str, &str) = (1, "Rejected", "UnknownKey");

const fn reading(name: &'static str, keys: Keys, truth: (i32, &'static str, &'static str)) -> Scenario {
    Scenario {
        name,
        home: Home::File,
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
        home: Home::File,
        file: "list.json",
        keys,
        options: &["--engine", "batch"],
        truth,
        after: None,
    }
}

/// The outcome is recorded: from what the object is to what it then is.
const fn recording(
    name: &'static str,
    home: Home,
    keys: Keys,
    truth: (i32, &'static str, &'static str),
    [file, after]: [&'static str; 2],
) -> Scenario {
    Scenario {
        name,
        home,
        file,
        keys,
        options: &["--confirm"],
        truth,
        after: Some(after),
    }
}

const RECORDED: [&str; 2] = ["image.json", "recorded.json"];
const TAKEN_BACK: [&str; 2] = ["recorded.json", "taken-back.json"];
const UNKNOWN_AFTER: [&str; 2] = ["recorded.json", "unknown.json"];

/// All scenarios, in the order in which they are tried.
pub const SCENARIOS: [Scenario; 21] = [
    reading("key file, good", KEY, VERIFIED),
    reading("key file, revoked", REVOKED_KEY, REVOKED),
    reading("key file, another key", OTHER_KEY, UNKNOWN),
    reading("keyring, good", Keys::Home("signer"), VERIFIED),
    reading("keyring, revoked", Keys::Home("revoked"), REVOKED),
    reading(
        "keyring, disabled",
        Keys::Home("disabled"),
        (1, "Rejected", "KeyDisabled"),
    ),
    reading("keyring, another key", Keys::Home("other"), UNKNOWN),
    batch("workers, good", KEY, VERIFIED),
    batch("workers, revoked", REVOKED_KEY, REVOKED),
    batch("workers, another key", OTHER_KEY, UNKNOWN),
    batch("workers, keyring, good", Keys::Home("signer"), VERIFIED),
    batch("workers, keyring, revoked", Keys::Home("revoked"), REVOKED),
    recording("record, good", Home::File, KEY, VERIFIED, RECORDED),
    recording("record, revoked", Home::File, REVOKED_KEY, REVOKED, TAKEN_BACK),
    recording("record, another key", Home::File, OTHER_KEY, UNKNOWN, UNKNOWN_AFTER),
    recording(
        "record, keyring, good",
        Home::File,
        Keys::Home("signer"),
        VERIFIED,
        RECORDED,
    ),
    recording(
        "record, keyring, revoked",
        Home::File,
        Keys::Home("revoked"),
        REVOKED,
        TAKEN_BACK,
    ),
    recording("cluster, good", Home::Cluster, KEY, VERIFIED, RECORDED),
    recording("cluster, revoked", Home::Cluster, REVOKED_KEY, REVOKED, TAKEN_BACK),
    recording("cluster, another key", Home::Cluster, OTHER_KEY, UNKNOWN, UNKNOWN_AFTER),
    recording(
        "cluster, keyring, good",
        Home::Cluster,
        Keys::Home("signer"),
        VERIFIED,
        RECORDED,
    ),
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
    /// Puts the object where a run finds it.
    ///
    /// # Errors
    /// When it cannot be put there.
    pub fn stage(&self, ground: &Ground) -> io::Result<Stage> {
        Stage::new(&ground.path(self.file), self.home)
    }

    /// The command that a run is.
    pub fn command(&self, ground: &Ground, stage: &Stage) -> Command {
        let mut command = ground.command(stage.place());
        command.args(["verify", "-o", "json", "--expected-identity", IDENTITY]);
        command.args(stage.arguments());
        match self.keys {
            Keys::File(name) => command.arg("--public-key").arg(ground.path(name)),
            Keys::Home(name) => command.arg("--homedir").arg(ground.path(name)),
        };
        command.args(self.options);
        command
    }

    /// Judges a run by its end, what it printed and the object that it leaves.
    ///
    /// # Errors
    /// With what is wrong: an outcome that is neither the true one nor that nothing is known, an object that is neither
    /// the old nor the right new one, a panic, or a run that hangs.
    pub fn judge(
        &self,
        ground: &Ground,
        stage: &Stage,
        ended: &Ended,
        fault: Option<Fault>,
        out: &str,
    ) -> Result<Kind, String> {
        if ended.hung {
            return Err("it hangs".into());
        }
        self.judge_words(out)?;
        let is_new = self.judge_object(ground, stage)?;
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

    /// Whether the object is what it should become, or was to stay as it is and does.
    fn judge_object(&self, ground: &Ground, stage: &Stage) -> Result<bool, String> {
        let now = stage.now()?;
        let is_old = now == stage.before;
        let Some(after) = self.after else {
            return if is_old {
                Ok(true)
            } else {
                Err("it wrote the file".into())
            };
        };
        let after = fs::read_to_string(ground.path(after)).map_err(|error| format!("{after}: {error}"))?;
        let parts = |text: &str| {
            let mut object = timeless(text)?;
            let signatures = object.as_object_mut()?.remove("signatures")?;
            Some((object, signatures))
        };
        let is_new = match (parts(&now), parts(&stage.before), parts(&after)) {
            (Some(now), Some(before), Some(after)) => now.0 == before.0 && now.1 == after.1,
            _ => false,
        };
        if is_old || is_new {
            Ok(is_new)
        } else {
            Err(format!("the object is neither the old nor the new one:\n{now}"))
        }
    }
}

fn document(out: &str) -> Result<Value, String> {
    serde_json::from_str(out).map_err(|error| format!("no JSON document: {error}"))
}
