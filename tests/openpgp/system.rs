// SPDX-License-Identifier: Apache-2.0
//! A system that is configured against us: `/etc/gnupg/gpg.conf`, gpg itself, places for temporary files. The verdict is
//! right, or there is none; nothing is written that was not before.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use super::trial::{signed_payload, Trial};
use crate::support::forge::{now, Draft, Key, MD5, SHA1};
use crate::support::gpg::Signer;
use crate::support::packets::{body, packet};
use crate::support::program::{end_all, processes_like, Outcome};
use crate::support::skipped;
use crate::support::system::{can_be_had, System};

const FAILED: &str = "Unchecked/EngineFailed";
const UNKNOWN: &str = "Rejected/UnknownKey";
const VERIFIED: &str = "Verified/Verified";

fn possible(test: &str) -> bool {
    let possible = can_be_had();
    if !possible {
        skipped(test, "a private mount namespace with an overlay needs root");
    }
    possible
}

/// A key file with one key, a signature by it, and a signature by a key that is in another keyring.
struct Scene {
    trial: Trial,
    good: Vec<u8>,
    unknown: Vec<u8>,
    other_ring: PathBuf,
    _signer: Signer,
}

impl Scene {
    fn new() -> Self {
        let (trial, signer, key) = Trial::with_signer();
        let other = signer.simple_key("Other <other@example.com>");
        let exported = signer.gpg(&["--export", &other], b"");
        Self {
            good: signer.sign(&key, &signed_payload()),
            unknown: signer.sign(&other, &signed_payload()),
            other_ring: trial.sandbox.file("other.gpg", exported),
            trial,
            _signer: signer,
        }
    }

    fn run(&self, system: &System, blob: &[u8]) -> Outcome {
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
        self.expect(options, FAILED, FAILED);
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

    fn path(&self, name: &str) -> String {
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
    assert!(outcome.stdout.contains("older than the key"), "{outcome:#?}");
}

/// "Restoring" takes GnuPG's cached opinions of signatures out of the file, which anybody can write there.
#[test]
fn a_forged_binding_stays_forged_where_imports_restore() {
    if !possible("a_forged_binding_stays_forged") {
        return;
    }
    let (primary, subkey) = (Key::new(), Key::new());
    let genuine = primary.subkey(&subkey, &Draft::binding(&subkey));
    let mut input = &genuine[..];
    let subkey_packet = image_signature::openpgp::packet::next(&mut input).unwrap().unwrap();
    let mut binding = body(input);
    let end = binding.len();
    binding[end - 100..].fill(0x55);
    let trust = packet(12, &[&[0, 3], &b"gpg\0"[..]].concat());
    let keys = [
        primary.certificate("Release"),
        trust.clone(),
        packet(subkey_packet.tag, &subkey_packet.body),
        packet(2, &binding),
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

#[test]
fn a_gpg_that_is_missing_broken_or_too_old_is_named() {
    if !possible("a_gpg_that_is_missing") {
        return;
    }
    let s = Scene::new();
    let script = |name: &str, text: &str| {
        let path = s.trial.sandbox.file(name, format!("#!/bin/sh\n{text}\n"));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path
    };
    let none = s.trial.sandbox.file("none", b"");
    let fails = script("fails", "exit 2");
    let old = script("old", "echo 'gpg (GnuPG) 1.4.23'");
    let other = script("other", "echo hello");
    // It names a version, and then does nothing at all.
    let idle = script("idle", "echo 'gpg (GnuPG) 2.2.40'");
    for (fake, said) in [
        (none, "gpg cannot be run"),
        (fails, "gpg cannot be run"),
        (old, "2.1.13 or newer"),
        (other, "gpg cannot be run"),
        (idle, "gpg"),
    ] {
        let outcome = s.run(&System::new().replace("/usr/bin/gpg", &fake), &s.good);
        assert!(
            outcome.item()["message"].as_str().unwrap().contains(said),
            "{}: {outcome:#?}",
            fake.display()
        );
        outcome.expect_verdict(3, FAILED);
    }
    // What is no OpenPGP message at all is known without gpg.
    let fake = s.trial.sandbox.path("fails");
    let outcome = s.run(&System::new().replace("/usr/bin/gpg", &fake), b"garbage");
    assert_eq!(outcome.item()["signatures"][0]["reason"], "NotASignature");
}

/// gpgme waits for ever. (This test takes the half minute that the program gives gpg for a message.)
#[test]
fn a_gpg_that_does_not_answer_is_not_waited_for_for_ever() {
    if !possible("a_gpg_that_does_not_answer") {
        return;
    }
    let s = Scene::new();
    let real = s.trial.sandbox.path("real-gpg");
    fs::copy("/usr/bin/gpg", &real).unwrap();
    // A duration that no other run of this test has at the moment.
    let duration = format!("97.{}", std::process::id());
    let script = format!(
        "#!/bin/sh\ncase \"$*\" in *--verify*) exec sleep {duration};; esac\nexec {} \"$@\"\n",
        real.display()
    );
    let hanging = s.trial.sandbox.file("hanging", script);
    fs::set_permissions(&hanging, fs::Permissions::from_mode(0o755)).unwrap();
    let system = System::new().replace("/usr/bin/gpg", &hanging);
    let blobs = [&s.good[..], &s.unknown];
    let mut command = s.trial.command_of(system.command(&s.trial.sandbox), &blobs);
    let outcome = s.trial.sandbox.finish(&mut command, b"");
    // One that hangs is asked once: the second signature costs no time.
    let sleepers = processes_like(&format!("sleep\u{0}{duration}\u{0}"));
    end_all(&sleepers);
    assert_eq!(sleepers.len(), 1);
    for signature in outcome.item()["signatures"].as_array().unwrap() {
        assert_eq!(signature["reason"], "EngineFailed", "{signature:#}");
        let message = signature["message"].as_str().unwrap();
        assert!(message.contains("no answer for 30 s"), "{message}");
    }
    outcome.expect_verdict(3, FAILED);
}

#[test]
fn a_gpg_that_the_caller_has_first_in_its_path_is_not_used() {
    let s = Scene::new();
    let bin = s.trial.sandbox.path("bin");
    let trace = s.trial.sandbox.path("trace");
    for program in ["gpg", "gpgconf", "gpg2"] {
        let text = format!(
            "#!/bin/sh\necho {program} >>{}\nexec /usr/bin/{program} \"$@\"\n",
            trace.display()
        );
        let path = s.trial.sandbox.file(&format!("bin/{program}"), text);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let mut command = s.trial.command(&[&s.good]);
    command.env("PATH", format!("{}:/usr/bin:/bin", bin.display()));
    s.trial.sandbox.finish(&mut command, b"").expect_verdict(0, VERIFIED);
    assert!(!trace.exists(), "{}", fs::read_to_string(trace).unwrap());
}

#[test]
fn the_callers_gpg_conf_is_never_read() {
    let s = Scene::new();
    let home = s.trial.sandbox.path("home/.gnupg");
    fs::create_dir(&home).unwrap();
    let log = s.path("log");
    fs::write(
        home.join("gpg.conf"),
        format!("log-file {log}\nstatus-file {log}\nlist-only\n"),
    )
    .unwrap();
    for variable in [None, Some(&home)] {
        let mut command = s.trial.command(&[&s.good]);
        if let Some(home) = variable {
            command.env("GNUPGHOME", home);
        }
        s.trial.sandbox.finish(&mut command, b"").expect_verdict(0, VERIFIED);
        assert!(!s.trial.sandbox.path("log").exists());
        assert_eq!(fs::read_dir(&home).unwrap().count(), 1);
    }
}

#[test]
fn no_place_for_a_temporary_keyring_is_a_failure_that_names_them() {
    if !possible("no_place_for_a_temporary_keyring") {
        return;
    }
    let s = Scene::new();
    let [run, tmp] = ["run", "tmp"].map(|name| s.trial.sandbox.path(name));
    let system = System::new()
        .read_only(&run)
        .read_only("/dev/shm".as_ref())
        .read_only(&tmp)
        .read_only("/tmp".as_ref());
    // The object must stand where it can be read, and the sandbox stands below /tmp: reading goes on.
    let outcome = s.run(&system, &s.good);
    let message = outcome.item()["message"].as_str().unwrap().to_owned();
    for place in [
        &run.display().to_string(),
        "/dev/shm",
        &tmp.display().to_string(),
        "/tmp (",
    ] {
        assert!(message.contains(place), "{message}");
    }
    outcome.expect_verdict(3, FAILED);
    // The next best place is taken.
    let system = System::new().read_only(&run).read_only("/dev/shm".as_ref());
    s.run(&system, &s.good).expect_verdict(0, VERIFIED);
    let mut command = s.trial.command(&[&s.good]);
    command.env("XDG_RUNTIME_DIR", "relative/directory");
    s.trial.sandbox.finish(&mut command, b"").expect_verdict(0, VERIFIED);
    assert!(!s.trial.sandbox.path("relative").exists());
}
