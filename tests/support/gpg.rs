// SPDX-License-Identifier: Apache-2.0
//! A signer: real gpg with a home of its own.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use super::program::output_of;

/// A GnuPG home for signing. Its daemons end with it.
#[derive(Debug)]
pub struct Signer {
    dir: TempDir,
}

impl Signer {
    pub fn new() -> Self {
        let dir = tempfile::Builder::new().prefix("gs").tempdir_in("/tmp").unwrap();
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o700)).unwrap();
        Self { dir }
    }

    pub fn home(&self) -> &Path {
        self.dir.path()
    }

    pub fn command(&self) -> Command {
        let mut command = Command::new("gpg");
        command
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("LC_ALL", "C.UTF-8")
            .args(["--homedir", self.home().to_str().unwrap()])
            .args([
                "--batch",
                "--no-tty",
                "-q",
                "--pinentry-mode",
                "loopback",
                "--passphrase",
                "",
            ]);
        command
    }

    /// Runs gpg and gives what it prints.
    #[track_caller]
    pub fn gpg(&self, args: &[&str], input: &[u8]) -> Vec<u8> {
        let output = output_of(self.command().args(args), input);
        assert!(
            output.status.success(),
            "gpg {args:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        output.stdout
    }

    /// Makes a key without passphrase and gives its fingerprint.
    #[track_caller]
    pub fn key(&self, user_id: &str, algorithm: &str, usage: &str, expires: &str) -> String {
        self.gpg(&["--quick-generate-key", user_id, algorithm, usage, expires], b"");
        self.fingerprints(user_id)[0].clone()
    }

    /// A signing key of the kind that is fastest to make.
    #[track_caller]
    pub fn simple_key(&self, user_id: &str) -> String {
        self.key(user_id, "ed25519", "sign,cert", "never")
    }

    /// Fingerprints of a key, the primary one first.
    #[track_caller]
    pub fn fingerprints(&self, key: &str) -> Vec<String> {
        let listing = String::from_utf8(self.gpg(&["--with-colons", "--list-keys", key], b"")).unwrap();
        listing
            .lines()
            .filter(|line| line.starts_with("fpr:"))
            .map(|line| line.split(':').nth(9).unwrap().to_owned())
            .collect()
    }

    pub fn import(&self, key: &Path) {
        self.gpg(&["--import", key.to_str().unwrap()], b"");
    }

    /// Exports keys into a file.
    #[track_caller]
    pub fn export(&self, keys: &[&str], file: &Path) -> PathBuf {
        let exported = self.gpg(&[&["--export"], keys].concat(), b"");
        assert!(!exported.is_empty());
        fs::write(file, exported).unwrap();
        file.to_owned()
    }

    /// Signs a payload the way skopeo does.
    #[track_caller]
    pub fn sign(&self, key: &str, payload: &[u8]) -> Vec<u8> {
        self.gpg(&["-u", key, "--sign"], payload)
    }

    #[track_caller]
    pub fn sign_with(&self, key: &str, options: &[&str], payload: &[u8]) -> Vec<u8> {
        self.gpg(&[&["-u", key], options, &["--sign"]].concat(), payload)
    }

    /// The signature packet alone.
    #[track_caller]
    pub fn detach_sign(&self, key: &str, payload: &[u8]) -> Vec<u8> {
        self.gpg(&["-u", key, "--detach-sign"], payload)
    }
}

impl Default for Signer {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Signer {
    fn drop(&mut self) {
        kill_daemons(self.home());
    }
}

/// Ends the daemons of a home.
pub fn kill_daemons(home: &Path) {
    let _ = Command::new("gpgconf")
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .args(["--homedir", home.to_str().unwrap(), "--kill", "all"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
}

/// The installed gpg's version, as numbers.
pub fn version() -> Vec<u32> {
    let output = Command::new("gpg")
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("GNUPGHOME", "/nonexistent")
        .arg("--version")
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let line = text.lines().next().unwrap();
    line.rsplit(' ')
        .next()
        .unwrap()
        .split('.')
        .map(|n| {
            n.chars()
                .take_while(char::is_ascii_digit)
                .collect::<String>()
                .parse()
                .unwrap()
        })
        .collect()
}
