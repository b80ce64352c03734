// SPDX-License-Identifier: Apache-2.0
//! The home is only read, whatever its own configuration or the system's asks for.

use std::collections::BTreeMap;
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::keyring::{Desk, IDENTITY, OK};
use crate::support::gpg::Signer;
use crate::support::images::{payload, D1};
use crate::support::program::{binary, has};
use crate::support::skipped;
use crate::support::system::{can_be_had, System};

/// Everything about a directory that a write would change, but for the times of reading.
fn snapshot(directory: &Path) -> BTreeMap<PathBuf, (Vec<u8>, u32, i64, i64, i64)> {
    let mut found = BTreeMap::new();
    let mut left = vec![directory.to_owned()];
    while let Some(path) = left.pop() {
        let meta = fs::symlink_metadata(&path).unwrap();
        let content = if meta.is_dir() {
            left.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            Vec::new()
        } else {
            fs::read(&path).unwrap()
        };
        let times = (
            meta.mtime() * 1_000_000_000 + meta.mtime_nsec(),
            meta.ctime_nsec(),
            meta.ctime(),
        );
        found.insert(path, (content, meta.mode(), times.0, times.1, times.2));
    }
    found
}

/// Options that make gpg write, contact, trust or check something else when it is run in such a home.
fn hostile(victim: &Path, other_ring: &Path, key_server: &str) -> Vec<String> {
    let (victim, ring) = (victim.display(), other_ring.display());
    vec![
        format!("output {victim}\nyes"),
        format!("log-file {victim}"),
        "auto-key-import".to_owned(),
        format!("keyserver {key_server}\nauto-key-retrieve\nkeyserver-options auto-key-retrieve"),
        format!("keyring {ring}"),
        format!("primary-keyring {ring}"),
        format!("no-default-keyring\nkeyring {ring}"),
        "ignore-time-conflict".to_owned(),
        "allow-weak-digest-algos".to_owned(),
        "list-only".to_owned(),
        "verify-options show-primary-uid-only,pka-lookups".to_owned(),
        format!("trustdb-name {victim}"),
        format!("trusted-key {}", "A".repeat(40)),
        "trust-model tofu".to_owned(),
        "trust-model always".to_owned(),
        "faked-system-time 20200101T000000".to_owned(),
        "no-such-option-at-all".to_owned(),
        "dry-run".to_owned(),
        "exit-on-status-write-error\nbatch\narmor\nno-options".to_owned(),
    ]
}

/// Three signatures: by the certified key, by one that nobody vouches for, by one that is not there.
fn blobs(desk: &Desk) -> Vec<(Vec<u8>, &'static str)> {
    let sign = |signer: &Signer, key: &str| signer.sign(key, &payload(D1, IDENTITY));
    let other = desk.publisher.simple_key("Uncertified <u@example.com>");
    desk.admin
        .gpg(&["--import"], &desk.publisher.gpg(&["--export", &other], b""));
    let stranger = Signer::new();
    let unknown = stranger.simple_key("Stranger <s@example.com>");
    vec![
        (sign(&desk.publisher, &desk.key), OK),
        (sign(&desk.publisher, &other), "Rejected/KeyNotAccepted"),
        (sign(&stranger, &unknown), "Rejected/UnknownKey"),
    ]
}

/// A listener in the place of a key server, which nobody may contact.
fn key_server() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = format!("hkp://{}", listener.local_addr().unwrap());
    (listener, url)
}

fn assert_not_contacted(listener: &TcpListener) {
    let error = listener.accept().map(|_| ()).unwrap_err();
    assert_eq!(
        error.kind(),
        std::io::ErrorKind::WouldBlock,
        "the key server was contacted"
    );
}

#[test]
fn by_its_own_configuration() {
    let desk = Desk::certified();
    let blobs = blobs(&desk);
    let (listener, url) = key_server();
    let victim = desk.sandbox.file("victim", "precious");
    let ring = desk.sandbox.file("ring.gpg", desk.publisher.gpg(&["--export"], b""));
    for options in hostile(&victim, &ring, &url) {
        let home = desk.home("h");
        fs::write(home.join("gpg.conf"), format!("{options}\n")).unwrap();
        fs::write(home.join("common.conf"), "no-autostart\n").unwrap();
        let before = (snapshot(&home), snapshot(&victim), snapshot(&ring));
        for (blob, verdict) in &blobs {
            desk.put(blob);
            let outcome = desk.run(&home, &[]);
            assert_eq!(outcome.verdict(), *verdict, "{options:?}: {outcome:#?}");
        }
        desk.sandbox
            .run(["keys", "--homedir", home.to_str().unwrap()])
            .expect(0);
        let after = (snapshot(&home), snapshot(&victim), snapshot(&ring));
        assert!(before == after, "{options:?} made us write something");
        assert!(!desk.sandbox.path("victim.lock").exists());
    }
    assert_not_contacted(&listener);
}

#[test]
fn by_the_systems_configuration() {
    if !can_be_had() {
        return skipped(
            "the user's keyring under a hostile system",
            crate::support::system::why_not(),
        );
    }
    let desk = Desk::certified();
    let blobs = blobs(&desk);
    let (listener, url) = key_server();
    let victim = desk.sandbox.file("victim", "precious");
    let ring = desk.sandbox.file("ring.gpg", desk.publisher.gpg(&["--export"], b""));
    let home = desk.home("h");
    // Options from the command line of nobody, in the place where gpg always obeys them.
    for options in hostile(&victim, &ring, &url) {
        for read_only in [false, true] {
            let mut system = System::with_gpg_conf(&options);
            if read_only {
                system = system.read_only(&home);
            }
            let before = (snapshot(&home), snapshot(&victim), snapshot(&ring));
            let mut failed = Vec::new();
            for (blob, verdict) in &blobs {
                desk.put(blob);
                let mut command = system.command(&desk.sandbox);
                command.args(desk.args(&home, &[]));
                let outcome = desk.sandbox.finish(&mut command, b"");
                let found = outcome.verdict();
                // Where gpg cannot be made to check, that is said; it is never a rejection, and never a success.
                if found == "Unchecked/EngineFailed" {
                    failed.push(*verdict);
                    outcome.expect(3);
                } else {
                    assert_eq!(found, *verdict, "{options:?}: {outcome:#?}");
                }
            }
            if !failed.is_empty() && !read_only {
                println!("under {options:?} gpg cannot be made to check: {failed:?}");
            }
            let after = (snapshot(&home), snapshot(&victim), snapshot(&ring));
            assert!(before == after, "{options:?} made us write something");
        }
    }
    assert_not_contacted(&listener);
}

#[test]
fn a_key_that_the_system_trusts_is_vouched_for_by_nobody() {
    if !can_be_had() {
        return skipped("trusted-key of a hostile system", crate::support::system::why_not());
    }
    let desk = Desk::new();
    let home = desk.home("h");
    for options in [
        format!("trusted-key {}", desk.key),
        "allow-weak-key-signatures".to_owned(),
    ] {
        let mut command = System::with_gpg_conf(&options).command(&desk.sandbox);
        command.args(desk.args(&home, &[]));
        let outcome = desk
            .sandbox
            .finish(&mut command, b"")
            .expect_verdict(3, "Unchecked/EngineFailed");
        let text = crate::keyring::message(&outcome);
        let option = options.split(' ').next().unwrap();
        assert!(text.contains("/etc/gnupg/gpg.conf") && text.contains(option), "{text}");
    }
}

#[test]
fn as_the_kernel_sees_it() {
    if !has("strace") {
        return skipped("what is opened in the home", "strace is not installed");
    }
    let desk = Desk::certified();
    let home = desk.home("h");
    fs::write(home.join("gpg.conf"), "auto-key-retrieve\n").unwrap();
    for args in [
        desk.args(&home, &[]),
        ["keys", "--homedir", home.to_str().unwrap()]
            .map(str::to_owned)
            .to_vec(),
    ] {
        let log = desk.sandbox.path("strace.log");
        let mut command = desk.sandbox.command_of(Path::new("/usr/bin/strace"));
        command
            .args(["-f", "-qq", "-e", "trace=%file,connect,bind", "-o"])
            .arg(&log)
            .arg(binary())
            .args(&args);
        desk.sandbox.finish(&mut command, b"").expect(0);
        let text = fs::read_to_string(&log).unwrap();
        let home = home.to_str().unwrap();
        let touched: Vec<&str> = text
            .lines()
            .filter(|line| line.contains(home) && !line.contains("execve("))
            .collect();
        assert!(touched.iter().any(|line| line.contains("pubring.kbx")), "{touched:#?}");
        for line in touched {
            let reads = (line.contains("open") && line.contains("O_RDONLY") && !line.contains("O_CREAT"))
                || [
                    "stat(",
                    "statx(",
                    "newfstatat(",
                    "access(",
                    "faccessat",
                    "readlink",
                    "lstat(",
                ]
                .iter()
                .any(|call| line.contains(call));
            assert!(reads, "more than reading: {line}");
            assert!(
                !line.contains("gpg.conf\"") || line.contains("ENOENT") || line.contains("stat"),
                "obeyed: {line}"
            );
        }
        for line in text
            .lines()
            .filter(|line| line.contains("connect(") || line.contains("bind("))
        {
            assert!(!line.contains("AF_INET"), "{line}");
        }
    }
}
