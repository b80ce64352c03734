// SPDX-License-Identifier: Apache-2.0
//! A system that is configured against us in `/etc/gnupg`. The verdict is right, or there is none; nothing is written that
//! was not before.

use std::fs;
use std::path::PathBuf;

use super::subkeys::forged_binding;
use super::trial::{signed_payload, Trial};
use crate::support::forge::{now, Draft, Key, MD5, SHA1};
use crate::support::gpg::Signer;
use crate::support::packets::packet;
use crate::support::program::Outcome;
use crate::support::skipped;
use crate::support::system::{can_be_had, System};

pub const FAILED: &str = "Unchecked/EngineFailed";
pub const UNKNOWN: &str = "Rejected/UnknownKey";
pub const VERIFIED: &str = "Verified/Verified";

pub fn possible(test: &str) -> bool {
    let possible = can_be_had();
    if !possible {
        skipped(test, crate::support::system::why_not());
    }
    possible
}

/// A key file with one key, a signature by it, and a signature by a key that is in another keyring.
pub struct Scene {
    pub trial: Trial,
    pub good: Vec<u8>,
    pub unknown: Vec<u8>,
    other_ring: PathBuf,
    pub signer: Signer,
}

impl Scene {
    pub fn new() -> Self {
        let (trial, signer, key) = Trial::with_signer();
        let other = signer.simple_key("Other <other@example.com>");
        let exported = signer.gpg(&["--export", &other], b"");
        Self {
            good: signer.sign(&key, &signed_payload()),
            unknown: signer.sign(&other, &signed_payload()),
            other_ring: trial.sandbox.file("other.gpg", exported),
            trial,
            signer,
        }
    }

    pub fn run(&self, system: &System, blob: &[u8]) -> Outcome {
        let mut command = self.trial.command_of(system.command(&self.trial.sandbox), &[blob]);
        self.trial.sandbox.finish(&mut command, b"")
    }

    /// Both signatures in a system with these options.
    #[track_caller]
    fn expect(&self, options: &str, good: &str, unknown: &str) {
        let system = System::with_gpg_conf(options);
        let before = self.files();
        for (blob, verdict) in [(&self.good, good), (&self.unknown, unknown)] {
            let outcome = self.run(&system, blob);
            assert_eq!(outcome.verdict(), verdict, "{options:?}: {outcome:#?}");
            let status = match verdict {
                VERIFIED => 0,
                FAILED => 3,
                _ => 1,
            };
            outcome.expect(status);
        }
        assert_eq!(before, self.files(), "{options:?} made us write something");
    }

    #[track_caller]
    fn fails(&self, options: &str, message: &str) {
        // That a key is in no file is known without gpg.
        let unknown = self.run(&System::with_gpg_conf(options), &self.unknown).verdict();
        assert!([FAILED, UNKNOWN].contains(&&unknown[..]), "{options:?}: {unknown}");
        self.expect(options, FAILED, &unknown);
        let outcome = self.run(&System::with_gpg_conf(options), &self.good);
        let said = outcome.item()["message"].as_str().unwrap().to_owned();
        assert!(said.contains(message) && said.contains("/etc/gnupg/gpg.conf"), "{said}");
    }

    /// Names and contents of what a hostile option could write.
    fn files(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut found: Vec<(PathBuf, Vec<u8>)> = fs::read_dir(self.trial.sandbox.root())
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.is_file() && !path.ends_with("image.json"))
            .map(|path| (path.clone(), fs::read(path).unwrap()))
            .collect();
        found.sort();
        found
    }

    pub fn path(&self, name: &str) -> String {
        self.trial.sandbox.path(name).display().to_string()
    }
}

#[test]
fn options_that_change_nothing_here() {
    if !possible("options_that_change_nothing_here") {
        return;
    }
    let s = Scene::new();
    for options in [
        "",
        "# nothing\nverbose\nbatch",
        "auto-key-import",
        "auto-key-retrieve\nkeyserver hkp://127.0.0.1:9",
        "auto-key-locate wkd",
        "trust-model tofu",
        "trusted-key 0123456789ABCDEF",
        "with-colons",
        "armor\ntextmode",
        "max-output 1",
        "status-fd 1",
        "import-options import-export,import-show,merge-only,import-minimal",
        "use-agent",
        "require-cross-certification",
    ] {
        s.expect(options, VERIFIED, UNKNOWN);
    }
    for (option, file) in [("output", "out"), ("log-file", "log"), ("trustdb-name", "trust.gpg")] {
        s.expect(&format!("{option} {}", s.path(file)), VERIFIED, UNKNOWN);
        assert!(!s.trial.sandbox.path(file).exists(), "{option} wrote");
    }
}

#[test]
fn a_keyring_of_the_system_adds_no_key_and_is_not_written_to() {
    if !possible("a_keyring_of_the_system_adds_no_key") {
        return;
    }
    let s = Scene::new();
    let ring = s.other_ring.display();
    for options in [
        format!("primary-keyring {ring}"),
        format!("no-default-keyring\nkeyring {ring}"),
        format!("keyring {ring}"),
        format!("  keyring\t{ring}"),
        format!("no-default-keyring\nkeyring {}", s.path("missing.gpg")),
        format!("primary-keyring {}", s.path("missing.gpg")),
    ] {
        s.fails(&options, "keyring");
        assert!(!s.trial.sandbox.path("missing.gpg").exists());
    }
}

#[test]
fn options_that_keep_gpg_from_checking_are_failures_and_never_rejections() {
    if !possible("options_that_keep_gpg_from_checking") {
        return;
    }
    let s = Scene::new();
    s.fails("list-only", "list-only");
    s.fails("skip-verify", "skip-verify");
    s.fails("dry-run", "dry-run");
    s.fails("no-keyring", "no-keyring");
    s.fails("disable-pubkey-algo EDDSA", "disable-pubkey-algo");
    s.fails("weak-digest SHA512\nweak-digest SHA256", "weak-digest");
    // Options nobody would think of: whatever gpg makes of them, it is no rejection of a good signature.
    for options in ["interactive", "list-keys", "logger-fd 1"] {
        let outcome = s.run(&System::with_gpg_conf(options), &s.good);
        assert_eq!(outcome.verdict(), FAILED, "{options}");
    }
}

#[test]
fn files_that_every_call_of_gpg_would_overwrite_stay_as_they_are() {
    if !possible("files_that_every_call_of_gpg_would_overwrite") {
        return;
    }
    let s = Scene::new();
    let file = s.trial.sandbox.file("precious", b"precious");
    for option in ["status-file", "attribute-file"] {
        s.fails(&format!("{option} {}", file.display()), option);
        assert_eq!(fs::read(&file).unwrap(), b"precious");
    }
}

#[test]
fn a_faked_clock_of_gpg_is_told_and_decides_nothing() {
    if !possible("a_faked_clock_of_gpg") {
        return;
    }
    let s = Scene::new();
    s.fails("faked-system-time 20200101T000000", "faked-system-time");
    s.fails("faked-system-time 20400101T000000", "faked-system-time");
    s.fails("faked-system-time=20400101T000000", "faked-system-time");
}

#[test]
fn weak_digests_stay_weak_where_the_system_allows_them() {
    if !possible("weak_digests_stay_weak") {
        return;
    }
    let key = Key::new();
    let trial = Trial::with_keys(&key.certificate("Release"));
    for hash in [MD5, SHA1] {
        let blob = key.message(&Draft::new(now()).hash(hash), &signed_payload());
        let system = System::with_gpg_conf("allow-weak-digest-algos");
        let mut command = trial.command_of(system.command(&trial.sandbox), &[&blob]);
        trial
            .sandbox
            .finish(&mut command, b"")
            .expect_verdict(1, "Rejected/WeakAlgorithm");
    }
}

#[test]
fn a_signature_older_than_its_key_stays_refused_where_gpg_ignores_it() {
    if !possible("a_signature_older_than_its_key") {
        return;
    }
    let key = Key::new();
    let trial = Trial::with_keys(&key.certificate("Release"));
    let blob = key.message(&Draft::new(key.created - 86400), &signed_payload());
    let system = System::with_gpg_conf("ignore-time-conflict\nignore-valid-from");
    let mut command = trial.command_of(system.command(&trial.sandbox), &[&blob]);
    let outcome = trial
        .sandbox
        .finish(&mut command, b"")
        .expect_verdict(1, "Rejected/BadSignature");
    assert!(outcome.words().contains("older than the key"), "{outcome:#?}");
}

/// "Restoring" takes GnuPG's cached opinions of signatures out of the file, which anybody can write there.
#[test]
fn a_forged_binding_stays_forged_where_imports_restore() {
    if !possible("a_forged_binding_stays_forged") {
        return;
    }
    let (primary, subkey) = (Key::new(), Key::new());
    let (subkey_packet, binding) = forged_binding(&primary, &subkey);
    let trust = packet(12, &[&[0, 3], &b"gpg\0"[..]].concat());
    let keys = [
        primary.certificate("Release"),
        trust.clone(),
        subkey_packet,
        binding,
        trust,
    ];
    let trial = Trial::with_keys(&keys.concat());
    let blob = subkey.message(&Draft::new(now()), &signed_payload());
    for options in ["import-options restore", "import-options import-restore"] {
        let system = System::with_gpg_conf(options);
        let mut command = trial.command_of(system.command(&trial.sandbox), &[&blob]);
        trial.sandbox.finish(&mut command, b"").expect_verdict(1, UNKNOWN);
    }
}

#[test]
fn keys_in_a_daemon_are_told_where_gpg_has_one() {
    if !possible("keys_in_a_daemon_are_told") {
        return;
    }
    let s = Scene::new();
    let has_daemon = crate::support::gpg::version() >= vec![2, 3];
    for system in [
        System::new().etc("gnupg/common.conf", "use-keyboxd"),
        System::with_gpg_conf("use-keyboxd"),
    ] {
        let outcome = s.run(&system, &s.good);
        if has_daemon {
            assert!(outcome.stdout.contains("use-keyboxd"), "{outcome:#?}");
            outcome.expect_verdict(3, FAILED);
        } else {
            outcome.expect_verdict(0, VERIFIED);
        }
    }
}

/// The user's own keyring goes through homes of ours as well.
#[test]
fn the_users_keyring_is_as_safe_from_the_system() {
    if !possible("the_users_keyring_is_as_safe") {
        return;
    }
    let mut s = Scene::new();
    s.trial.key_files.clear();
    let home = s.signer.home().to_owned();
    let content = |home: &std::path::Path| -> Vec<(PathBuf, Vec<u8>)> {
        let mut found: Vec<(PathBuf, Vec<u8>)> = fs::read_dir(home)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.is_file())
            .map(|path| (path.clone(), fs::read(path).unwrap()))
            .collect();
        found.sort();
        found
    };
    let before = content(&home);
    let ring = s.other_ring.display().to_string();
    let missing = s.path("missing.gpg");
    for (options, verdict) in [
        (String::new(), VERIFIED),
        (
            "trust-model tofu\nauto-key-import\nno-auto-check-trustdb".to_owned(),
            VERIFIED,
        ),
        (format!("output {}", s.path("out")), VERIFIED),
        (format!("keyring {ring}"), FAILED),
        (format!("primary-keyring {missing}"), FAILED),
        ("list-only".to_owned(), FAILED),
        ("dry-run".to_owned(), FAILED),
        ("faked-system-time 20400101T000000".to_owned(), FAILED),
        ("disable-pubkey-algo EDDSA".to_owned(), FAILED),
    ] {
        let system = System::with_gpg_conf(&options);
        let mut command = s.trial.command_of(system.command(&s.trial.sandbox), &[&s.good]);
        command.arg("--homedir").arg(&home);
        let outcome = s.trial.sandbox.finish(&mut command, b"");
        assert_eq!(outcome.verdict(), verdict, "{options:?}: {outcome:#?}");
        assert_eq!(before, content(&home), "{options:?}");
        assert!(!s.trial.sandbox.path("out").exists() && !s.trial.sandbox.path("missing.gpg").exists());
    }
}
