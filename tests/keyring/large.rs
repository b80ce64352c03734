// SPDX-License-Identifier: Apache-2.0
//! A keyring of ten thousand keys: how often gpg is started does not grow with it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::keyring::{Desk, OK};
use crate::support::forge::{then, Key};
use crate::support::program::{binary, has};
use crate::support::skipped;

/// A home with the admin's keyring and so many keys more: one RSA key at as many times, each with its own fingerprint.
fn home(desk: &Desk, count: i64) -> PathBuf {
    let home = desk.sandbox.path("large");
    fs::create_dir(&home).unwrap();
    fs::set_permissions(&home, fs::Permissions::from_mode(0o700)).unwrap();
    let mut ring = Vec::new();
    let mut key = Key::new();
    for n in 0..count {
        key.created = then() - n;
        ring.extend(key.certificate(&format!("Key {n} <key-{n}@example.com>")));
    }
    // What matters stands last.
    ring.extend(
        desk.admin
            .gpg(&["--export", "--export-options", "export-local-sigs"], b""),
    );
    fs::write(home.join("pubring.gpg"), ring).unwrap();
    fs::copy(desk.admin.home().join("trustdb.gpg"), home.join("trustdb.gpg")).unwrap();
    home
}

/// How often gpg was started, by what strace saw.
fn starts(desk: &Desk, args: &[String]) -> (usize, crate::keyring::Outcome) {
    let log = desk.sandbox.path("strace.log");
    let mut command = desk.sandbox.command_of(Path::new("/usr/bin/strace"));
    command
        .args(["-f", "-qq", "-e", "trace=execve", "-o"])
        .arg(&log)
        .arg(binary())
        .args(args);
    let outcome = desk.sandbox.finish(&mut command, b"");
    let text = fs::read_to_string(log).unwrap();
    // strace writes a call in two lines where another process comes in between.
    let begun: Vec<&str> = text.lines().filter(|line| line.contains("execve(")).collect();
    let done = text
        .lines()
        .filter(|line| line.contains("execve(") || line.contains("execve resumed"))
        .filter(|line| line.trim_end().ends_with("= 0"))
        .count();
    // The program itself, and gpg: nothing else is started.
    assert!(begun.iter().skip(1).all(|line| line.contains("/gpg\"")), "{begun:#?}");
    (done - 1, outcome)
}

#[test]
fn a_verification_starts_gpg_at_most_seven_times_whatever_the_size() {
    if !has("strace") {
        return skipped("starts of gpg with 10,000 keys", "strace is not installed");
    }
    let desk = Desk::certified();
    let small = desk.home("small");
    let (few, outcome) = starts(&desk, &desk.args(&small, &[]));
    outcome.expect_verdict(0, OK);
    let large = home(&desk, 10_000);
    let (many, outcome) = starts(&desk, &desk.args(&large, &[]));
    outcome.expect_verdict(0, OK);
    println!("gpg was started {few} times for 2 keys, {many} times for 10,002");
    assert!(many <= 7 && few <= 7, "{few} and {many}");
    assert_eq!(few, many);

    // The list of all keys asks gpg about those that may count, not about each.
    let args = ["keys", "--homedir", large.to_str().unwrap()].map(str::to_owned);
    let began = std::time::Instant::now();
    let (listing, outcome) = starts(&desk, &args);
    println!(
        "keys: gpg was started {listing} times, {} ms under strace",
        began.elapsed().as_millis()
    );
    assert!(listing <= 4, "{listing}");
    let outcome = outcome.expect(0);
    assert_eq!(outcome.stdout.lines().count(), 10_002);
    assert_eq!(
        outcome
            .stdout
            .lines()
            .filter(|line| line.ends_with(": accepted"))
            .count(),
        2
    );
}
