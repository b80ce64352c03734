// SPDX-License-Identifier: Apache-2.0
//! Homes whose keys GnuPG keeps in its database: `use-keyboxd` in common.conf, GnuPG 2.4 and later. Older ones do not
//! have the daemon; then each test says that it is skipped.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::net::UnixStream;
use std::path::Path;

use crate::support::calls::verify_image_json;
use crate::support::gpg::{kill_daemons, version, Signer};
use crate::support::images::{image, payload, D1};
use crate::support::program::{wait_until, Outcome, Sandbox};
use crate::support::skipped;

const REFERENCE: &str = "registry.local:5000/foo/bar:v1";

/// An admin with an own key, and a release key in the same database.
struct Admin {
    sandbox: Sandbox,
    signer: Signer,
    release: String,
}

impl Admin {
    fn new(test: &str) -> Option<Self> {
        if version() < vec![2, 4] {
            skipped(test, "the installed GnuPG is older than 2.4");
            return None;
        }
        let signer = Signer::new();
        fs::write(signer.home().join("common.conf"), "use-keyboxd\n").unwrap();
        signer.simple_key("Admin <admin@example.com>");
        let release = signer.simple_key("Release <release@example.com>");
        // Only the admin's own key is trusted by itself.
        let owner = format!("{release}:2:\n");
        signer.gpg(&["--import-ownertrust"], owner.as_bytes());
        let sandbox = Sandbox::new();
        let blob = signer.sign(&release, &payload(D1, REFERENCE));
        sandbox.file("image.json", image(D1, &[&blob]).to_string());
        Some(Self {
            sandbox,
            signer,
            release,
        })
    }

    fn home(&self) -> &Path {
        self.signer.home()
    }

    fn verify(&self) -> Outcome {
        let home = self.home().to_str().unwrap();
        let args = verify_image_json(REFERENCE);
        self.sandbox.run([&args[..], &["--homedir", home]].concat())
    }

    fn stop(&self) {
        kill_daemons(self.home());
        wait_until("the daemon has ended", || !self.runs());
    }

    fn runs(&self) -> bool {
        let output = self
            .sandbox
            .command_of(Path::new("/usr/bin/gpgconf"))
            .arg("--homedir")
            .arg(self.home())
            .args(["--list-dirs", "keyboxd-socket"])
            .output()
            .unwrap();
        UnixStream::connect(String::from_utf8(output.stdout).unwrap().trim_end()).is_ok()
    }

    /// Names and contents of the files in the home; no sockets, no locks.
    fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let mut found = BTreeMap::new();
        for directory in [self.home().to_owned(), self.home().join("public-keys.d")] {
            for entry in fs::read_dir(directory).unwrap().flatten() {
                let name = entry.path().display().to_string();
                if entry.file_type().unwrap().is_file() && !name.contains("lock") && !name.contains("#lk") {
                    found.insert(name, fs::read(entry.path()).unwrap());
                }
            }
        }
        found
    }
}

#[test]
fn a_key_counts_by_its_validity() {
    let Some(admin) = Admin::new("a_key_counts_by_its_validity") else {
        return;
    };
    let outcome = admin.verify().expect_verdict(1, "Rejected/KeyNotAccepted");
    assert!(outcome.stdout.contains("--lsign-key"), "{outcome:#?}");
    // A certification that is not for others counts too: it is what the message proposes.
    admin
        .signer
        .gpg(&["-u", "admin@example.com", "--quick-lsign-key", &admin.release], b"");
    admin.verify().expect_verdict(0, "Verified/Verified");
}

#[test]
fn a_certifier_that_is_disabled_expired_or_revoked_vouches_for_nobody() {
    for state in ["disabled", "expired", "revoked"] {
        let Some(admin) = Admin::new("a_certifier_that_is_disabled_expired_or_revoked_vouches_for_nobody") else {
            return;
        };
        let own = admin.signer.fingerprints("admin@example.com")[0].clone();
        admin
            .signer
            .gpg(&["-u", "admin@example.com", "--quick-lsign-key", &admin.release], b"");
        admin.verify().expect_verdict(0, "Verified/Verified");
        match state {
            "disabled" => drop(
                admin
                    .signer
                    .gpg(&["--command-fd", "0", "--edit-key", &own], b"disable\nsave\n"),
            ),
            "expired" => {
                admin.signer.gpg(&["--quick-set-expire", &own, "seconds=1"], b"");
                std::thread::sleep(std::time::Duration::from_millis(2100));
            }
            _ => {
                let text = fs::read_to_string(admin.home().join(format!("openpgp-revocs.d/{own}.rev"))).unwrap();
                let text = text.replace(":-----BEGIN", "-----BEGIN");
                admin.signer.gpg(&["--import"], text.as_bytes());
            }
        }
        let outcome = admin.verify().expect_verdict(1, "Rejected/KeyNotAccepted");
        let words = format!("which is {state}");
        assert!(
            outcome.stdout.contains(&words) && outcome.stdout.contains(&own),
            "{outcome:#?}"
        );
    }
}

#[test]
fn an_unknown_key_is_unknown() {
    let Some(admin) = Admin::new("an_unknown_key_is_unknown") else {
        return;
    };
    let other = Signer::new();
    let key = other.simple_key("Other <other@example.com>");
    let blob = other.sign(&key, &payload(D1, REFERENCE));
    admin.sandbox.file("image.json", image(D1, &[&blob]).to_string());
    admin.verify().expect_verdict(1, "Rejected/UnknownKey");
}

#[test]
fn a_daemon_that_did_not_run_before_is_stopped() {
    let Some(admin) = Admin::new("a_daemon_that_did_not_run_before_is_stopped") else {
        return;
    };
    admin.stop();
    let before = admin.files();
    admin.verify().expect(1);
    wait_until("the daemon has ended", || !admin.runs());
    assert_eq!(before, admin.files());
}

#[test]
fn a_daemon_that_runs_goes_on() {
    let Some(admin) = Admin::new("a_daemon_that_runs_goes_on") else {
        return;
    };
    admin.signer.gpg(&["--list-keys"], b"");
    assert!(admin.runs());
    admin.verify().expect(1);
    assert!(admin.runs());
}

#[test]
fn the_options_of_the_home_are_not_obeyed() {
    let Some(admin) = Admin::new("the_options_of_the_home_are_not_obeyed") else {
        return;
    };
    let target = admin.sandbox.path("overwritten");
    let options = format!("output {}\nexport-options export-minimal\narmor\n", target.display());
    fs::write(admin.home().join("gpg.conf"), options).unwrap();
    admin.verify().expect_verdict(1, "Rejected/KeyNotAccepted");
    assert!(!target.exists());
}

#[test]
fn a_missing_or_damaged_database_is_no_unknown_key() {
    let Some(admin) = Admin::new("a_missing_or_damaged_database_is_no_unknown_key") else {
        return;
    };
    admin.stop();
    let database = admin.home().join("public-keys.d/pubring.db");
    fs::write(&database, [0x55; 65536]).unwrap();
    admin.verify().expect_verdict(3, "Unchecked/EngineFailed");
    admin.stop();
    fs::remove_file(&database).unwrap();
    let outcome = admin.verify().expect_verdict(3, "Unchecked/EngineFailed");
    assert!(outcome.stdout.contains("pubring.db"), "{outcome:#?}");
    assert!(!database.exists(), "it was created");
}
