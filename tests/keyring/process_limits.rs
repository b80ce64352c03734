// SPDX-License-Identifier: Apache-2.0
//! Limits of a process (setrlimit(2)) that a run and its gpg do not fit into: the verdict is the true one or none, and the
//! record the old or the right new one.

use std::fs;
use std::os::unix::fs::chown;
use std::path::Path;

use serde_json::Value;

use crate::keyring::{copy_home, Desk, IDENTITY};
use crate::support::calls::record_file_json;
use crate::support::program::{binary, has, output_of, Sandbox};
use crate::support::skipped;
use crate::support::system::cannot_become_another;

/// Options of prlimit(1), and values from those that leave room for nothing to one that is enough.
const LIMITS: [(&str, &[u64]); 4] = [
    ("nofile", &[3, 5, 7, 9, 12, 16, 24, 256]),
    ("fsize", &[0, 512, 4096, 1 << 20]),
    ("as", &[4 << 20, 24 << 20, 48 << 20, 96 << 20, 1 << 30]),
    ("nproc", &[1, 2, 3, 5, 100]),
];

/// The sources of keys and the engines; what is recorded before is nothing, or the truth.
const RUNS: [(bool, &str, bool); 4] = [
    (false, "gpgme", false),
    (false, "batch", true),
    (true, "gpgme", true),
    (true, "batch", false),
];

/// A sandbox with a key file, a keyring and an image, for a run as some user.
struct Room {
    sandbox: Sandbox,
    /// The image without a record, and with one.
    objects: [Vec<u8>; 2],
    user: Option<u32>,
}

impl Room {
    fn new(desk: &Desk, user: Option<u32>) -> Self {
        let sandbox = Sandbox::new();
        let fresh = fs::read(desk.sandbox.path("image.json")).unwrap();
        sandbox.file("image.json", &fresh);
        sandbox.file("key.gpg", desk.publisher.gpg(&["--export", &desk.key], b""));
        copy_home(desk.admin.home(), &sandbox.path("admin"));
        let record = [
            &record_file_json(IDENTITY)[..],
            &["image.json", "--public-key", "key.gpg"],
        ]
        .concat();
        sandbox.run(record).expect_verdict(0, "Verified/Verified");
        let recorded = fs::read(sandbox.path("image.json")).unwrap();
        sandbox.copy_of(binary(), "program");
        if let Some(uid) = user {
            give(sandbox.root(), uid);
        }
        let objects = [fresh, recorded];
        Self { sandbox, objects, user }
    }

    /// Runs within a limit; whether it came to the true verdict.
    fn run(&self, limit: &str, (by_keyring, engine, is_recorded): (bool, &str, bool)) -> bool {
        let path = self.sandbox.path("image.json");
        let before = &self.objects[usize::from(is_recorded)];
        fs::write(&path, before).unwrap();
        let mut command = match self.user {
            None => self.sandbox.command_of(Path::new("/usr/bin/prlimit")),
            Some(uid) => {
                let mut command = self.sandbox.command_of(Path::new("/usr/bin/setpriv"));
                let ids = [format!("--reuid={uid}"), format!("--regid={uid}")];
                command.args(ids).args(["--clear-groups", "prlimit"]);
                command
            }
        };
        command.arg(limit).arg(self.sandbox.path("program"));
        command
            .args(record_file_json(IDENTITY))
            .args(["image.json", "--engine", engine]);
        match by_keyring {
            true => command.args(["--homedir", "admin"]),
            false => command.args(["--public-key", "key.gpg"]),
        };
        let output = output_of(&mut command, b"");
        let what = format!("{limit}, keyring {by_keyring}, {engine}, recorded {is_recorded}: {output:?}");
        let now = fs::read(&path).unwrap();
        let is_as_before = now == *before;
        let object: Value = serde_json::from_slice(&now).unwrap_or_else(|error| panic!("{error}: {what}"));
        let trusted = &object["signatures"][0]["conditions"][0]["status"];
        assert!(is_as_before || trusted == "True", "{what}");
        // Neither a part of a document nor another verdict.
        let item = || {
            let document: Value =
                serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {what}"));
            document["items"][0].clone()
        };
        match output.status.code() {
            Some(0) => {
                assert_eq!(item()["verdict"], "Verified", "{what}");
                assert_eq!(trusted, "True", "{what}");
            }
            Some(3) => {
                let item = item();
                let is_known = item["verdict"] == "Verified" && item["recorded"] != "yes";
                assert!(is_known || item["verdict"] == "Unchecked", "{what}");
                assert!(is_as_before, "{what}");
            }
            // A key file of which nothing can be read.
            Some(2) => assert!(is_as_before, "{what}"),
            // It was not started, or ended for want of memory: without a word, which nobody takes for a verdict.
            Some(126 | 127 | 101) | None => assert!(is_as_before && output.stdout.is_empty(), "{what}"),
            other => panic!("exit status {other:?}: {what}"),
        }
        // Removing a directory takes a descriptor, too.
        let is_told = String::from_utf8_lossy(&output.stderr).contains("warning: removing ");
        if output.status.code().is_some_and(|code| code <= 3) && !is_told {
            self.sandbox.assert_clean();
        } else {
            for name in ["run", "tmp"] {
                let left = fs::read_dir(self.sandbox.path(name)).unwrap();
                left.for_each(|entry| fs::remove_dir_all(entry.unwrap().path()).unwrap());
            }
        }
        output.status.success()
    }
}

/// Gives everything there to a user.
fn give(path: &Path, uid: u32) {
    chown(path, Some(uid), Some(uid)).unwrap();
    if fs::symlink_metadata(path).unwrap().is_dir() {
        let entries = fs::read_dir(path).unwrap();
        entries.for_each(|entry| give(&entry.unwrap().path(), uid));
    }
}

#[test]
fn limits_of_the_process_leave_the_true_verdict_or_none() {
    if !has("prlimit") {
        return skipped("limits of the process", "prlimit (util-linux) is not installed");
    }
    let desk = &Desk::certified();
    std::thread::scope(|scope| {
        for (name, values) in LIMITS {
            scope.spawn(move || {
                // The limit of processes is one of the user, and root is above it.
                let user = match (name, cannot_become_another()) {
                    ("nproc", Some(why)) => return skipped("a limit of processes", why),
                    ("nproc", None) => Some(0x6000_0000 + std::process::id() % 0x10_0000),
                    _ => None,
                };
                let room = Room::new(desk, user);
                for (at, value) in values.iter().enumerate() {
                    let known = RUNS.map(|run| room.run(&format!("--{name}={value}"), run));
                    println!("{name} {value}: {known:?}");
                    match at {
                        0 => assert_eq!(known, [false; 4], "{name} {value}"),
                        _ if at + 1 == values.len() => assert_eq!(known, [true; 4], "{name} {value}"),
                        _ => {}
                    }
                }
            });
        }
    });
}
