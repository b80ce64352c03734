// SPDX-License-Identifier: Apache-2.0
//! The admin's own keyring: which keys count, that it is only read, and what is said where it cannot be.

#[path = "keyring/damaged.rs"]
mod damaged;
#[path = "keyring/database.rs"]
mod database;
#[path = "keyring/exposed.rs"]
mod exposed;
#[path = "keyring/hints.rs"]
mod hints;
#[path = "keyring/large.rs"]
mod large;
#[path = "keyring/liars.rs"]
mod liars;
#[path = "keyring/listing.rs"]
mod listing;
#[path = "keyring/lost.rs"]
mod lost;
#[path = "keyring/moving.rs"]
mod moving;
#[path = "keyring/named.rs"]
mod named;
#[path = "keyring/places.rs"]
mod places;
#[path = "keyring/process_limits.rs"]
mod process_limits;
#[path = "keyring/records.rs"]
mod records;
#[path = "keyring/taken_back.rs"]
mod taken_back;
#[path = "keyring/trust.rs"]
mod trust;
#[path = "keyring/untouched.rs"]
mod untouched;
#[path = "keyring/vouched.rs"]
mod vouched;
#[path = "keyring/vouchers.rs"]
mod vouchers;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::support::calls::verify_image_json;
use crate::support::gpg::Signer;
use crate::support::images::{image, payload, D1};
use crate::support::program::{Outcome, Sandbox};

pub const IDENTITY: &str = "registry.local:5000/foo/bar:v1";
pub const OWNER: &str = "Example Release <release@example.com>";
pub const OK: &str = "Verified/Verified";

/// A publisher with a key, an admin with a keyring that has it, and an image that the publisher signed.
#[derive(Debug)]
pub struct Desk {
    pub sandbox: Sandbox,
    pub publisher: Signer,
    pub key: String,
    pub admin: Signer,
    pub admin_key: String,
}

impl Default for Desk {
    fn default() -> Self {
        Self::new()
    }
}

impl Desk {
    /// The publisher's key is in the admin's keyring and nobody vouches for it.
    pub fn new() -> Self {
        let (sandbox, publisher, admin) = (Sandbox::new(), Signer::new(), Signer::new());
        let key = publisher.simple_key(OWNER);
        let admin_key = admin.simple_key("Admin <admin@example.com>");
        let desk = Self {
            sandbox,
            publisher,
            key,
            admin,
            admin_key,
        };
        desk.import();
        let blob = desk.publisher.sign(&desk.key, &payload(D1, IDENTITY));
        desk.put(&blob);
        desk
    }

    /// The same with the key certified by the admin.
    pub fn certified() -> Self {
        let desk = Self::new();
        desk.certify();
        desk
    }

    pub fn certify(&self) {
        self.admin.gpg(&["--quick-lsign-key", &self.key], b"");
    }

    /// Takes the publisher's key as it is now into the admin's keyring.
    pub fn import(&self) {
        let exported = self.publisher.gpg(&["--export", &self.key], b"");
        self.admin.gpg(&["--import"], &exported);
    }

    pub fn put(&self, blob: &[u8]) {
        self.sandbox.file("image.json", image(D1, &[blob]).to_string());
    }

    /// Copies what matters of the admin's home to a place of its own: no secret keys, no sockets.
    pub fn home(&self, name: &str) -> PathBuf {
        copy_home(self.admin.home(), &self.sandbox.path(name))
    }

    pub fn args(&self, home: &Path, more: &[&str]) -> Vec<String> {
        let fixed = [&verify_image_json(IDENTITY)[..], &["--homedir"]].concat();
        let home = home.to_str().unwrap();
        fixed
            .iter()
            .chain([&home])
            .chain(more)
            .map(|a| (*a).to_owned())
            .collect()
    }

    pub fn run(&self, home: &Path, more: &[&str]) -> Outcome {
        self.sandbox.run(self.args(home, more))
    }

    /// The verdict by the admin's keyring as it is now.
    pub fn judged(&self, more: &[&str]) -> Outcome {
        let home = self.home("judging");
        self.run(&home, more)
    }
}

pub fn copy_home(from: &Path, to: &Path) -> PathBuf {
    let _ = fs::remove_dir_all(to);
    fs::create_dir_all(to).unwrap();
    fs::set_permissions(to, fs::Permissions::from_mode(0o700)).unwrap();
    for name in ["pubring.kbx", "pubring.gpg", "trustdb.gpg"] {
        if from.join(name).exists() {
            fs::copy(from.join(name), to.join(name)).unwrap();
        }
    }
    to.to_owned()
}

pub fn message(outcome: &Outcome) -> String {
    outcome.item()["message"].as_str().unwrap().to_owned()
}
