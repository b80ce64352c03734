// SPDX-License-Identifier: Apache-2.0
//! A key that signs what is measured. No benchmark uses all of it.

#![allow(dead_code)]

use std::fs::{self, DirBuilder};
use std::io::Write;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A GnuPG home to sign in.
pub struct Signer(pub PathBuf);

impl Signer {
    /// Makes an RSA key of the size that publishers have at least, and exports it.
    pub fn make_key(&self) -> PathBuf {
        DirBuilder::new().mode(0o700).create(&self.0).unwrap();
        gpg(
            &self.0,
            &["--quick-generate-key", "bench", "rsa2048", "sign", "never"],
            b"",
        );
        let file = self.0.join("key.gpg");
        fs::write(&file, gpg(&self.0, &["--export"], b"")).unwrap();
        file
    }

    /// A signed message with this payload.
    pub fn sign(&self, payload: &[u8]) -> Vec<u8> {
        gpg(&self.0, &["--sign"], payload)
    }

    /// The fingerprint of its key.
    pub fn fingerprint(&self) -> String {
        let listing = String::from_utf8(gpg(&self.0, &["--with-colons", "--list-keys"], b"")).unwrap();
        let line = listing.lines().find(|line| line.starts_with("fpr:")).unwrap();
        line.split(':').nth(9).unwrap().to_owned()
    }
}

impl Drop for Signer {
    fn drop(&mut self) {
        let mut end = Command::new("gpgconf");
        let _ = end.arg("--homedir").arg(&self.0).args(["--kill", "all"]).status();
    }
}

/// Runs gpg with a home and gives what it prints.
pub fn gpg(home: &Path, args: &[&str], input: &[u8]) -> Vec<u8> {
    let mut child = Command::new("gpg")
        .arg("--homedir")
        .arg(home)
        .args(["--batch", "-q", "--pinentry-mode", "loopback", "--passphrase", ""])
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    output.stdout
}
