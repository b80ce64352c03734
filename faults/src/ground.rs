// SPDX-License-Identifier: Apache-2.0
//! What runs are about: keys, images and keyrings, made by the real gpg once.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{json, Value};
use tempfile::TempDir;

/// The expected identity of every image here.
pub const IDENTITY: &str = "registry.example/team/app:1";

/// How many images the list has; with `--engine batch` workers check them all.
pub const IMAGES: usize = 4;

/// Files for all runs, which only read them.
pub struct Ground {
    dir: TempDir,
    /// The program under test.
    pub program: PathBuf,
}

impl Ground {
    /// Makes keys, keyrings and images.
    ///
    /// # Errors
    /// When gpg fails, or the program does not record what a scenario begins with.
    pub fn new(program: PathBuf) -> io::Result<Self> {
        let dir = tempfile::Builder::new().prefix("isf").tempdir_in("/tmp")?;
        let ground = Self { dir, program };
        let signer = ground.home("signer")?;
        gpg(
            &signer,
            &[
                "--quick-generate-key",
                "Release <release@example.org>",
                "rsa2048",
                "sign",
                "never",
            ],
            b"",
        )?;
        let key = gpg(&signer, &["--armor", "--export"], b"")?;
        fs::write(ground.path("key.asc"), &key)?;
        let revocation = revocation(&signer)?;
        fs::write(ground.path("revoked.asc"), [&key[..], &revocation[..]].concat())?;
        ground.images(&signer)?;

        let other = ground.home("other")?;
        gpg(
            &other,
            &[
                "--quick-generate-key",
                "Other <other@example.org>",
                "rsa2048",
                "sign",
                "never",
            ],
            b"",
        )?;
        fs::write(ground.path("other.asc"), gpg(&other, &["--armor", "--export"], b"")?)?;

        let [revoked, disabled] = [ground.home("revoked")?, ground.home("disabled")?];
        for home in [&revoked, &disabled] {
            for name in ["pubring.kbx", "trustdb.gpg"] {
                fs::copy(signer.join(name), home.join(name))?;
            }
        }
        gpg(&revoked, &["--import"], &revocation)?;
        gpg(
            &disabled,
            &["--command-fd", "0", "--edit-key", "release@example.org"],
            b"disable\nsave\n",
        )?;
        for home in [&signer, &other, &revoked, &disabled] {
            // Nothing may run that a fault would meet.
            let _ = Command::new("gpgconf")
                .arg("--homedir")
                .arg(home)
                .args(["--kill", "all"])
                .status();
        }
        ground.record()?;
        Ok(ground)
    }

    /// The path of a file below the directory.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn home(&self, name: &str) -> io::Result<PathBuf> {
        let home = self.path(name);
        fs::create_dir(&home)?;
        fs::set_permissions(&home, fs::Permissions::from_mode(0o700))?;
        Ok(home)
    }

    /// `image.json`, and `list.json` with several.
    fn images(&self, signer: &Path) -> io::Result<()> {
        let mut images = Vec::new();
        for number in 0..IMAGES {
            let digest = format!("sha256:{number:064x}");
            let payload = json!({
                "critical": {
                    "type": "atomic container signature",
                    "image": {"docker-manifest-digest": digest},
                    "identity": {"docker-reference": IDENTITY},
                },
                "optional": {},
            });
            let blob = gpg(signer, &["--sign"], payload.to_string().as_bytes())?;
            images.push(json!({
                "apiVersion": "image.openshift.io/v1",
                "kind": "Image",
                "metadata": {"name": digest},
                "signatures": [{"metadata": {"name": format!("{digest}@one")}, "type": "atomic", "content": base64(&blob)}],
            }));
        }
        fs::write(self.path("image.json"), format!("{:#}\n", images[0]))?;
        let list = json!({"apiVersion": "v1", "kind": "List", "items": images});
        fs::write(self.path("list.json"), format!("{list:#}\n"))
    }

    /// `recorded.json`: `image.json` as the program has recorded it as trusted; and what becomes of that where the key is then
    /// revoked, or not among the accepted keys.
    fn record(&self) -> io::Result<()> {
        for (from, to, key, status) in [
            ("image.json", "recorded.json", "key.asc", 0),
            ("recorded.json", "taken-back.json", "revoked.asc", 1),
            ("recorded.json", "unknown.json", "other.asc", 1),
        ] {
            fs::copy(self.path(from), self.path(to))?;
            let ended = self
                .command(self.dir.path())
                .args(["verify", "--confirm", "--expected-identity", IDENTITY, "-f"])
                .arg(self.path(to))
                .arg("--public-key")
                .arg(self.path(key))
                .output()?;
            if ended.status.code() != Some(status) {
                return Err(io::Error::other(format!("without a fault: {ended:?}")));
            }
        }
        Ok(())
    }

    /// The program with nothing of the caller's environment, and its temporary directories below `place`.
    pub fn command(&self, place: &Path) -> Command {
        let mut command = Command::new(&self.program);
        command
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", place)
            .env("XDG_RUNTIME_DIR", place)
            .env("TMPDIR", place)
            .env("LC_ALL", "C.UTF-8")
            .current_dir(place)
            .stdin(Stdio::null());
        command
    }
}

/// The revocation certificate that gpg makes with each key, without what keeps it from being used by mistake.
fn revocation(home: &Path) -> io::Result<Vec<u8>> {
    let file = fs::read_dir(home.join("openpgp-revocs.d"))?
        .next()
        .ok_or_else(|| io::Error::other("gpg made no revocation certificate"))??;
    Ok(fs::read_to_string(file.path())?
        .replace("\n:-----BEGIN", "\n-----BEGIN")
        .into_bytes())
}

fn gpg(home: &Path, args: &[&str], input: &[u8]) -> io::Result<Vec<u8>> {
    let mut child = Command::new("gpg")
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .arg("--homedir")
        .arg(home)
        .args([
            "--batch",
            "--no-tty",
            "-q",
            "--pinentry-mode",
            "loopback",
            "--passphrase",
            "",
        ])
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(input)?;
    }
    let output = child.wait_with_output()?;
    if output.status.success() {
        Ok(output.stdout)
    } else {
        Err(io::Error::other(format!("gpg {args:?} failed")))
    }
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let number = three.iter().fold(0_u32, |number, byte| number << 8 | u32::from(*byte)) << (8 * (3 - three.len()));
        for digit in 0..4 {
            match digit <= three.len() {
                true => text.push(DIGITS[(number >> (18 - 6 * digit)) as usize & 63] as char),
                false => text.push('='),
            }
        }
    }
    text
}

/// An Image object without what may differ in its record from run to run: the times, and what the user is called.
pub fn timeless(text: &str) -> Option<Value> {
    fn strip(value: &mut Value) {
        match value {
            Value::Object(members) => {
                members.retain(|name, _| !["lastProbeTime", "lastTransitionTime", "created"].contains(&name.as_str()));
                members.values_mut().for_each(strip);
            }
            Value::Array(items) => items.iter_mut().for_each(strip),
            // What the user is called: here, at the server, and where that cannot be looked up.
            Value::String(text) => {
                for user in ["uid 0 (local)", "root (local)", "alice (unconfirmed)", "alice"] {
                    *text = text.replace(&format!("by {user}"), "by USER");
                }
            }
            _ => {}
        }
    }
    let mut value = serde_json::from_str(text).ok()?;
    strip(&mut value);
    Some(value)
}
