// SPDX-License-Identifier: Apache-2.0
//! "Not found" is not knowledge: a home without keyring, one that lost its keys, an older file beside the one that is
//! away. None of it makes a key unknown, and none a key good.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use crate::keyring::{copy_home, message, Desk, OK};
use crate::support::gpg::Signer;

const FAILED: &str = "Unchecked/EngineFailed";
const UNKNOWN: &str = "Rejected/UnknownKey";

/// A directory with nothing in it, like a home.
fn empty(desk: &Desk, name: &str) -> PathBuf {
    copy_home(Path::new("/nonexistent"), &desk.sandbox.path(name))
}

fn put(home: &Path, name: &str, content: &[u8]) {
    let path = home.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

/// A keybox without keys, as gpg makes it.
fn header(desk: &Desk) -> Vec<u8> {
    fs::read(desk.admin.home().join("pubring.kbx")).unwrap()[..32].to_vec()
}

/// All keys of the admin, as the older keyring has them.
fn older(desk: &Desk) -> Vec<u8> {
    desk.admin
        .gpg(&["--export", "--export-options", "export-local-sigs"], b"")
}

fn names(home: &Path) -> Vec<PathBuf> {
    let mut names: Vec<PathBuf> = fs::read_dir(home).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    names
}

/// Every way to accept keys of such a home fails, for the same reason, and nothing is made in it.
#[track_caller]
fn fails(desk: &Desk, home: &Path, words: &str) {
    let before = names(home);
    for more in [&[][..], &["--trust-model", "always"], &["--signed-by", &desk.key]] {
        let outcome = desk.run(home, more).expect_verdict(3, FAILED);
        let text = message(&outcome);
        assert!(text.contains(words), "no {words:?} in {text:?}");
        assert!(text.contains("--public-key"), "{text}");
    }
    let outcome = desk.sandbox.run(["keys", "--homedir", home.to_str().unwrap()]);
    assert!(outcome.expect(3).stderr.contains(words));
    assert_eq!(before, names(home));
}

#[test]
fn a_directory_that_is_no_home() {
    let desk = Desk::certified();
    let home = empty(&desk, "empty");
    fails(&desk, &home, "is not a GnuPG home");
    put(&home, "notes.txt", b"text");
    put(&home, "gpg.conf", b"keyserver hkps://keys.openpgp.org\n");
    fails(&desk, &home, &format!("gpg --homedir {} --import FILE", home.display()));
    let parent = empty(&desk, "parent");
    desk.home("parent/.gnupg");
    fails(&desk, &parent, "there is ");
    assert!(message(&desk.run(&parent, &[])).contains("parent/.gnupg"));
    fails(&desk, Path::new("/usr"), "is not a GnuPG home");
}

#[test]
fn a_keyring_that_is_gone() {
    let desk = Desk::certified();
    for trace in [
        "trustdb.gpg",
        "private-keys-v1.d/0123.key",
        "pubring.kbx~",
        "pubring.kbx.tmp",
        "pubring.gpg~",
        "secring.gpg",
        "openpgp-revocs.d/0123.rev",
        "public-keys.d/pubring.db",
    ] {
        let home = empty(&desk, "gone");
        let good = fs::read(desk.admin.home().join("trustdb.gpg")).unwrap();
        put(&home, trace, if trace == "trustdb.gpg" { &good } else { b"x" });
        fails_by(&desk, &home, trace.split('/').next().unwrap());
    }
}

#[test]
fn an_older_keyring_is_no_substitute_for_one_that_is_away_or_damaged() {
    let desk = Desk::certified();
    let keybox = fs::read(desk.admin.home().join("pubring.kbx")).unwrap();
    let make = |name: &str, content: &[u8]| {
        let home = desk.home("h");
        fs::remove_file(home.join("pubring.kbx")).unwrap();
        put(&home, "pubring.gpg", &older(&desk));
        put(&home, name, content);
        home
    };
    desk.run(&make("notes.txt", b""), &[]).expect_verdict(0, OK);
    for (name, content) in [
        ("pubring.kbx~", &keybox[..]),
        ("pubring.kbx.tmp", b""),
        ("public-keys.d/pubring.db", b"x"),
        ("pubring.kbx", b""),
        ("pubring.kbx", &keybox[..5]),
        ("pubring.kbx", &keybox[..31]),
        ("pubring.kbx", b"garbage that is longer than a header of a keybox"),
    ] {
        fails(&desk, &make(name, content), "pubring.kbx");
    }
    let home = make("notes.txt", b"");
    symlink("/nonexistent/volume/pubring.kbx", home.join("pubring.kbx")).unwrap();
    fails(&desk, &home, "pubring.kbx");
}

/// gpg makes an empty keyring wherever it finds none.
#[test]
fn a_keyring_that_was_emptied() {
    let desk = Desk::certified();
    let (header, trustdb) = (header(&desk), fs::read(desk.admin.home().join("trustdb.gpg")).unwrap());
    let mut certificates = header.clone();
    certificates[7] &= !2;
    let home = |files: &[(&str, &[u8])]| {
        let home = empty(&desk, "h");
        for (name, content) in files {
            put(&home, name, content);
        }
        home
    };
    for files in [
        &[("pubring.kbx", &header[..]), ("trustdb.gpg", &trustdb)][..],
        &[("pubring.kbx", &header), ("private-keys-v1.d/0123.key", b"x")],
        &[("pubring.kbx", &header), ("secring.gpg", b"x")],
        &[("pubring.kbx", b""), ("pubring.kbx~", &header)],
        &[("pubring.kbx", b""), ("trustdb.gpg", &trustdb)],
        &[("pubring.gpg", b""), ("pubring.gpg~", b"x")],
        &[("pubring.gpg", b""), ("trustdb.gpg", &trustdb)],
        &[("pubring.kbx", &certificates), ("pubring.gpg~", b"x")],
        &[("pubring.kbx", &certificates), ("trustdb.gpg", &trustdb)],
    ] {
        fails(&desk, &home(files), "pubring");
    }
    // Nothing shows that these ever had keys.
    for files in [
        &[("pubring.kbx", &header[..])][..],
        &[("pubring.kbx", &certificates)],
        &[("pubring.kbx", b"")],
        &[("pubring.gpg", b"")],
    ] {
        let outcome = desk.run(&home(files), &[]);
        assert_eq!(outcome.verdict(), UNKNOWN, "{files:?}: {outcome:#?}");
    }
}

#[test]
fn a_keyring_that_gpg_itself_has_left_empty_is_believed() {
    let desk = Desk::certified();
    let fresh = Signer::new();
    fresh.gpg(&["--list-keys"], b"");
    desk.run(fresh.home(), &[]).expect_verdict(1, UNKNOWN);
    // The user has removed the key: that is knowledge.
    let exported = desk.publisher.gpg(&["--export", &desk.key], b"");
    fresh.gpg(&["--import"], &exported);
    desk.run(fresh.home(), &[]).expect_verdict(1, "Rejected/KeyNotAccepted");
    fresh.gpg(&["--import-ownertrust"], format!("{}:6:\n", desk.key).as_bytes());
    desk.run(fresh.home(), &[]).expect_verdict(0, OK);
    fresh.gpg(&["--yes", "--delete-keys", &desk.key], b"");
    desk.run(fresh.home(), &[]).expect_verdict(1, UNKNOWN);
}

#[test]
fn a_keybox_that_hides_keys_from_gpg_or_from_us() {
    let desk = Desk::certified();
    let home = desk.home("h");
    let good = fs::read(home.join("pubring.kbx")).unwrap();
    // Marked as a certificate, a key is seen by nobody.
    let mut marked = good.clone();
    assert_eq!(marked[32 + 4], 2);
    marked[32 + 4] = 3;
    put(&home, "pubring.kbx", &marked);
    fails(&desk, &home, "certificate");
    // gpg passes over what is marked as ephemeral: it shows no such key, and the file has it all the same.
    let mut ephemeral = good.clone();
    let mut at = 0;
    while at < ephemeral.len() {
        let length = u32::from_be_bytes(ephemeral[at..at + 4].try_into().unwrap()) as usize;
        if ephemeral[at + 4] == 2 {
            ephemeral[at + 7] |= 2;
            // Zeros stand for no checksum.
            ephemeral[at + length - 20..at + length].fill(0);
        }
        at += length;
    }
    put(&home, "pubring.kbx", &ephemeral);
    fails(&desk, &home, "ephemeral");
    // Without the mark in the header, gpg prefers an older file.
    let mut unmarked = good.clone();
    unmarked[7] &= !2;
    put(&home, "pubring.kbx", &unmarked);
    put(&home, "pubring.gpg", &older(&desk));
    fails(&desk, &home, "pubring.gpg");
    put(&home, "pubring.kbx", &good);
    desk.run(&home, &[]).expect_verdict(0, OK);
}

#[test]
fn links_are_followed_and_a_link_to_nowhere_is_trouble() {
    let desk = Desk::certified();
    let real = desk.home("real");
    let home = empty(&desk, "h");
    for name in ["pubring.kbx", "trustdb.gpg"] {
        symlink(real.join(name), home.join(name)).unwrap();
    }
    desk.run(&home, &[]).expect_verdict(0, OK);
    let link = desk.sandbox.path("link");
    symlink(&home, &link).unwrap();
    desk.run(&link, &[]).expect_verdict(0, OK);
    symlink("/nonexistent/common.conf", home.join("common.conf")).unwrap();
    fails_by(&desk, &home, "common.conf");
    fs::remove_file(home.join("common.conf")).unwrap();
    for name in ["trustdb.gpg", "pubring.kbx"] {
        fs::remove_file(real.join(name)).unwrap();
        fails(&desk, &home, name);
    }
}

/// The same where no other way is offered.
#[track_caller]
fn fails_by(desk: &Desk, home: &Path, words: &str) {
    let outcome = desk.run(home, &[]).expect_verdict(3, FAILED);
    assert!(message(&outcome).contains(words), "{outcome:#?}");
}

/// gpg.conf is not obeyed; but what it names may have the key.
#[test]
fn a_key_that_may_be_in_another_keyring_of_the_home_is_not_unknown() {
    let desk = Desk::certified();
    let stranger = Signer::new();
    let key = stranger.simple_key("Stranger <s@example.com>");
    let payload = crate::support::images::payload(crate::support::images::D1, crate::keyring::IDENTITY);
    let (known, unknown) = (desk.publisher.sign(&desk.key, &payload), stranger.sign(&key, &payload));
    let home = desk.home("h");
    let exported = stranger.gpg(&["--export"], b"");
    let other = desk.sandbox.file("other.gpg", &exported);
    put(&home, "local.gpg", &exported);
    let keybox = desk.sandbox.path("other.kbx");
    fs::copy(stranger.home().join("pubring.kbx"), &keybox).unwrap();
    let without = desk.sandbox.file("without.gpg", older(&desk));
    let broken = desk.sandbox.file("broken.gpg", "garbage");
    let [other, keybox, without, broken] = [&other, &keybox, &without, &broken].map(|path| path.display());
    for (options, verdict) in [
        (format!("keyring {other}"), FAILED),
        (format!("primary-keyring {other}"), FAILED),
        (format!("no-default-keyring\n  --keyring\t\"{other}\""), FAILED),
        (format!("keyring gnupg-ring:{other}"), FAILED),
        (format!("keyring {keybox}"), FAILED),
        ("keyring local.gpg".to_owned(), FAILED),
        ("keyring missing.gpg".to_owned(), FAILED),
        ("keyring ~/keys.gpg".to_owned(), FAILED),
        ("keyring keys/other.gpg".to_owned(), FAILED),
        (format!("keyring {broken}"), FAILED),
        ("use-keyboxd".to_owned(), FAILED),
        (format!("keyring {without}"), UNKNOWN),
        ("keyring pubring.kbx".to_owned(), UNKNOWN),
        (format!("# keyring {other}"), UNKNOWN),
        ("no-greeting".to_owned(), UNKNOWN),
    ] {
        put(&home, "gpg.conf", format!("{options}\n").as_bytes());
        desk.put(&unknown);
        let outcome = desk.run(&home, &["--trust-model", "always"]);
        assert_eq!(outcome.verdict(), verdict, "{options}: {outcome:#?}");
        if verdict == FAILED {
            assert!(message(&outcome).contains("gpg.conf"), "{outcome:#?}");
        }
        // A key of the home's own keyring needs none of it.
        desk.put(&known);
        desk.run(&home, &[]).expect_verdict(0, OK);
        assert!(!home.join("missing.gpg").exists());
    }
    fs::remove_file(home.join("gpg.conf")).unwrap();
    symlink("/nonexistent/gpg.conf", home.join("gpg.conf")).unwrap();
    desk.put(&unknown);
    fails_by(&desk, &home, "gpg.conf");
}
