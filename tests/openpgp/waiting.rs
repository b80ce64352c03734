// SPDX-License-Identifier: Apache-2.0
//! A run that is at work while a test looks at it: it waits for its manifest.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rustix::process::{kill_process, Pid, Signal};

use super::trial::{signed_payload, Trial, REFERENCE};
use crate::support::program::{wait_until, Outcome, Sandbox};

/// A run that waits for its manifest, with the temporary keyring already made.
pub(super) struct Waiting {
    pub(super) child: Child,
    pipe: PathBuf,
}

fn mkfifo(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

fn arguments(trial: &Trial, manifest: &Path, blob: &Path) -> Vec<PathBuf> {
    ["verify", "-o", "json", "--expected-identity", REFERENCE, "--public-key"]
        .iter()
        .map(PathBuf::from)
        .chain([trial.key_files[0].clone(), "--manifest".into(), manifest.to_owned()])
        .chain(["--signature-file".into(), blob.to_owned()])
        .collect()
}

impl Waiting {
    /// Started as a user starts it; returns once the keys are in.
    pub(super) fn new(trial: &Trial, blob: &[u8]) -> Self {
        Self::started_by(trial, blob, trial.sandbox.command())
    }

    /// The same through another program, `command`.
    pub(super) fn started_by(trial: &Trial, blob: &[u8], mut command: Command) -> Self {
        let pipe = trial.sandbox.path("manifest.pipe");
        if !pipe.exists() {
            mkfifo(&pipe);
        }
        let blob = trial.sandbox.file("waiting.sig", blob);
        let before = homes(&trial.sandbox).len();
        let child = command
            .args(arguments(trial, &pipe, &blob))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // The keys are in once gpg has written a keybox with something in it.
        wait_until("the keyring is there", || {
            let homes = homes(&trial.sandbox);
            homes.len() > before
                && homes.iter().any(|home| {
                    home.join("in-use").exists()
                        && fs::metadata(home.join("pubring.kbx")).is_ok_and(|meta| meta.len() > 32)
                })
        });
        Self { child, pipe }
    }

    pub(super) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits for its end: exit status, and the signal that it died of.
    pub(super) fn end(self) -> (i32, Option<i32>) {
        let output = self.child.wait_with_output().unwrap();
        (output.status.code().unwrap_or(-1), output.status.signal())
    }

    /// Hands the manifest over and waits.
    pub(super) fn go_on(self, manifest: &[u8]) -> Outcome {
        fs::write(&self.pipe, manifest).unwrap();
        let output = self.child.wait_with_output().unwrap();
        Outcome {
            status: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// Temporary keyrings in the runtime directory.
pub(super) fn homes(sandbox: &Sandbox) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir(sandbox.path("run"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    found.sort();
    found
}

/// A signature that is good by the key that the trial uses.
pub(super) fn signed() -> (Trial, Vec<u8>) {
    let (trial, signer, key) = Trial::with_signer();
    let blob = signer.sign(&key, &signed_payload());
    (trial, blob)
}
