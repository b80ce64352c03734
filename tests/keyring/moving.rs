// SPDX-License-Identifier: Apache-2.0
//! A keyring that is rewritten while it is read, by gpg and by its renames.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::keyring::{message, Desk, OK};
use crate::support::gpg::Signer;
use crate::support::program::{binary, has};
use crate::support::skipped;

/// Does something while something else happens over and over.
fn meanwhile<T>(happening: impl Fn() + Sync, what: impl FnOnce() -> T) -> T {
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                happening();
            }
        });
        let done = what();
        stop.store(true, Ordering::Relaxed);
        done
    })
}

/// What verify says while something happens to the home, over and over.
fn while_happening(desk: &Desk, home: &Path, runs: usize, happening: impl Fn() + Sync) -> BTreeMap<String, usize> {
    meanwhile(happening, || {
        let mut seen = BTreeMap::new();
        for _ in 0..runs {
            let verdict = desk.run(home, &["--trust-model", "always"]).verdict();
            *seen.entry(verdict).or_insert(0) += 1;
        }
        seen
    })
}

/// A home whose keyring says that the key is revoked, and an older file in which it is not yet.
fn revoked_since() -> (Desk, std::path::PathBuf) {
    let desk = Desk::new();
    let home = desk.home("h");
    let older = desk.admin.gpg(&["--export"], b"");
    let certificate = desk.publisher.home().join(format!("openpgp-revocs.d/{}.rev", desk.key));
    let certificate = fs::read_to_string(certificate)
        .unwrap()
        .replace(":-----BEGIN", "-----BEGIN");
    desk.publisher.gpg(&["--import"], certificate.as_bytes());
    desk.import();
    fs::copy(desk.admin.home().join("pubring.kbx"), home.join("pubring.kbx")).unwrap();
    fs::write(home.join("pubring.gpg"), older).unwrap();
    desk.run(&home, &["--trust-model", "always"])
        .expect_verdict(1, "Rejected/KeyRevoked");
    (desk, home)
}

#[track_caller]
fn right(seen: &BTreeMap<String, usize>) {
    println!("{seen:?}");
    for verdict in seen.keys() {
        assert!(
            ["Rejected/KeyRevoked", "Unchecked/EngineFailed"].contains(&verdict.as_str()),
            "{seen:?}"
        );
    }
    assert!(seen.contains_key("Rejected/KeyRevoked"), "it was never read: {seen:?}");
}

/// The renames of gpg (kbx/keybox-util.c), with the pauses that a busy machine puts between them.
fn renames(home: &Path, name: &str) {
    let [file, backup, new] = ["", "~", ".tmp"].map(|ending| home.join(format!("{name}{ending}")));
    fs::copy(&file, &new).unwrap();
    fs::rename(&file, &backup).unwrap();
    std::thread::sleep(Duration::from_millis(2));
    fs::rename(&new, &file).unwrap();
    std::thread::sleep(Duration::from_millis(2));
}

#[test]
fn by_the_renames_of_gpg() {
    let (desk, home) = revoked_since();
    right(&while_happening(&desk, &home, 30, || renames(&home, "pubring.kbx")));
    // Without an older file it must not look like an unknown key either.
    fs::remove_file(home.join("pubring.gpg")).unwrap();
    right(&while_happening(&desk, &home, 30, || renames(&home, "pubring.kbx")));
    // Nor where the older file is the keyring.
    let older = desk.admin.gpg(&["--export"], b"");
    for name in ["pubring.kbx", "pubring.kbx~", "pubring.kbx.tmp"] {
        let _ = fs::remove_file(home.join(name));
    }
    fs::write(home.join("pubring.gpg"), older).unwrap();
    right(&while_happening(&desk, &home, 30, || renames(&home, "pubring.gpg")));
}

#[test]
fn by_gpg_at_work() {
    let (desk, home) = revoked_since();
    let other = Signer::new();
    let key = other.simple_key("Other <other@example.com>");
    let file = desk.sandbox.file("other.gpg", other.gpg(&["--export"], b""));
    right(&while_happening(&desk, &home, 30, || {
        for args in [["--import", file.to_str().unwrap()], ["--delete-keys", &key]] {
            let mut command = desk.sandbox.command_of("/usr/bin/gpg".as_ref());
            command.args(["--batch", "--yes", "-q", "--no-autostart", "--no-auto-check-trustdb"]);
            command.arg("--homedir").arg(&home).args(args);
            assert!(command.output().unwrap().status.success(), "{args:?}");
        }
    }));
}

#[test]
fn one_that_never_holds_still_is_trouble() {
    let desk = Desk::certified();
    let home = desk.home("h");
    let trustdb = fs::read(home.join("trustdb.gpg")).unwrap();
    // Another file each time, as fast as it can be.
    let replace = || {
        fs::write(home.join("new"), &trustdb).unwrap();
        fs::rename(home.join("new"), home.join("trustdb.gpg")).unwrap();
    };
    let outcome = meanwhile(replace, || desk.run(&home, &[]));
    // It may be lucky; but never wrong.
    if outcome.verdict() != OK {
        assert!(message(&outcome).contains("was changed each time"), "{outcome:#?}");
        outcome.expect_verdict(3, "Unchecked/EngineFailed");
    }
    desk.run(&home, &[]).expect_verdict(0, OK);
}

/// Reading takes longer than the pause between two changes: what was read of the one file may not go with the other.
#[test]
fn one_that_changes_whenever_it_is_read_is_trouble() {
    if !has("strace") {
        return skipped("a home that is read slowly", "strace is not installed");
    }
    let desk = Desk::certified();
    let home = desk.home("h");
    let trustdb = fs::read(home.join("trustdb.gpg")).unwrap();
    let replace = || {
        fs::write(home.join("new"), &trustdb).unwrap();
        fs::rename(home.join("new"), home.join("trustdb.gpg")).unwrap();
    };
    let mut command = desk.sandbox.command_of("/usr/bin/strace".as_ref());
    command
        .args(["-f", "-qq", "-o", "/dev/null", "-P"])
        .arg(home.join("pubring.kbx"))
        .args(["-e", "inject=?open,?openat:delay_exit=300000"])
        .arg(binary())
        .args(desk.args(&home, &[]));
    let outcome = meanwhile(replace, || desk.sandbox.finish(&mut command, b""));
    if outcome.stderr.contains("ptrace") {
        return skipped("a home that is read slowly", "tracing is not permitted here");
    }
    assert!(message(&outcome).contains("was changed each time"), "{outcome:#?}");
    outcome.expect_verdict(3, "Unchecked/EngineFailed");
}
