// SPDX-License-Identifier: Apache-2.0
//! What the program finds around it: gpg itself, the caller's PATH and gpg.conf, places for temporary files.

use std::fs;

use super::system::{possible, Scene, FAILED, VERIFIED};
use super::trial::{signed_payload, Trial};
use crate::support::forge::{now, Draft, Key, CERTIFY, SIGN};
use crate::support::program::{end_all, processes_like};
use crate::support::system::System;

#[test]
fn a_gpg_that_is_missing_broken_or_too_old_is_named() {
    if !possible("a_gpg_that_is_missing") {
        return;
    }
    let s = Scene::new();
    let script = |name: &str, text: &str| s.trial.sandbox.program(name, format!("#!/bin/sh\n{text}\n"));
    let none = s.trial.sandbox.file("none", b"");
    let fails = script("fails", "exit 2");
    let old = script("old", "echo 'gpg (GnuPG) 1.4.23'");
    let other = script("other", "echo hello");
    // It names a version, and then does nothing at all.
    let idle = script("idle", "echo 'gpg (GnuPG) 2.2.40'");
    for (fake, said) in [
        (none, "gpg cannot be run"),
        (fails, "gpg cannot be run"),
        (old, "2.2.0 or newer"),
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

/// gpgme waits for ever. So gpg, and what it has started, is killed. (This test takes the half minute that the program gives gpg for a message.)
#[test]
fn a_gpg_that_does_not_answer_is_not_waited_for_for_ever() {
    if !possible("a_gpg_that_does_not_answer") {
        return;
    }
    let s = Scene::new();
    let real = s.trial.sandbox.copy_of("/usr/bin/gpg", "real-gpg");
    // A duration that no other run of this test has at the moment.
    let duration = format!("97.{}", std::process::id());
    let calls = s.trial.sandbox.path("calls");
    let script = format!(
        "#!/bin/sh\ncase \"$*\" in *--verify*) echo >>{}; sleep {duration} & sleep {duration}; exit;; esac\nexec {} \"$@\"\n",
        calls.display(),
        real.display()
    );
    let hanging = s.trial.sandbox.program("hanging", script);
    let system = System::new().replace("/usr/bin/gpg", &hanging);
    let blobs = [&s.good[..], &s.good];
    let mut command = s.trial.command_of(system.command(&s.trial.sandbox), &blobs);
    let outcome = s.trial.sandbox.finish(&mut command, b"");
    let sleepers = processes_like(&format!("sleep\u{0}{duration}\u{0}"));
    end_all(&sleepers);
    assert!(sleepers.is_empty(), "{} processes were left behind", sleepers.len());
    // One that hangs is asked once: the second signature costs no time.
    assert_eq!(fs::read(calls).unwrap(), b"\n");
    for signature in outcome.item()["signatures"].as_array().unwrap() {
        assert_eq!(signature["reason"], "EngineFailed", "{signature:#}");
        let message = signature["message"].as_str().unwrap();
        assert!(message.contains("did not answer within 30 s"), "{message}");
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
        s.trial.sandbox.program(&format!("bin/{program}"), text);
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

/// Paths stand in the gpg.conf that the program writes: a line break in one would be an option of its own.
#[test]
fn places_with_odd_names_are_used_or_passed_over_but_never_obeyed() {
    let s = Scene::new();
    let log = s.path("injected");
    let spaced = s.trial.sandbox.path("run/with space");
    let hostile = s
        .trial
        .sandbox
        .path("run")
        .join(format!("x\nlog-file {log}\nlist-only\n#"));
    for place in [&spaced, &hostile] {
        fs::create_dir_all(place).unwrap();
        let mut command = s.trial.command(&[&s.good]);
        let output = command.env("XDG_RUNTIME_DIR", place).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        assert!(!s.trial.sandbox.path("injected").exists());
        assert_eq!(fs::read_dir(place).unwrap().count(), 0);
        fs::remove_dir_all(s.trial.sandbox.path("run")).unwrap();
        fs::create_dir(s.trial.sandbox.path("run")).unwrap();
    }
}

/// What an engine shows as the owner: the primary user ID of a key that was named, unless it is revoked.
#[test]
fn the_owner_is_the_primary_user_id_that_is_not_revoked() {
    let key = Key::new();
    let draft = |at: i64| Draft::new(at).class(0x13).flags(CERTIFY | SIGN);
    let user_id = |text: &str, primary: bool| {
        let draft = draft(key.created + 10);
        let draft = if primary { draft.hashed(25, &[1]) } else { draft };
        key.user_id(text, &key, &draft)
    };
    let first = user_id("First <first@example.com>", false);
    let primary = user_id("Primary <primary@example.com>", true);
    let revocation = {
        let draft = Draft::new(now() - 100).class(0x30).hashed(29, &[32]);
        let whole = key.user_id("Primary <primary@example.com>", &key, &draft);
        let mut rest = &whole[..];
        image_signature::openpgp::framing::packet::next(&mut rest).unwrap();
        rest.to_vec()
    };
    let blob = key.message(&Draft::new(now()), &signed_payload());
    for (keys, owner) in [
        (
            [key.packet(), first.clone(), primary.clone()].concat(),
            "Primary <primary@example.com>",
        ),
        (
            [key.packet(), first, primary, revocation].concat(),
            "First <first@example.com>",
        ),
    ] {
        let signature = Trial::with_keys(&keys).signature(&blob);
        assert_eq!(signature["verdict"], "Verified");
        assert_eq!(signature["signer"]["userID"], owner);
    }
}
