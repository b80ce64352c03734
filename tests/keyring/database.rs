// SPDX-License-Identifier: Apache-2.0
//! Homes whose keys are in GnuPG's database, met by a gpg that does not read it, or that does not give all of it.
//! What a newer gpg does with them stands in `keyboxd.rs`.

use std::fs;
use std::path::{Path, PathBuf};

use crate::keyring::{message, Desk, OK};
use crate::support::program::Outcome;
use crate::support::skipped;
use crate::support::system::{can_be_had, why_not, System};

const FAILED: &str = "Unchecked/EngineFailed";

/// A home with a database, which an older gpg does not look at.
fn with_database(desk: &Desk, keyring: bool) -> PathBuf {
    let home = desk.home("database");
    fs::create_dir(home.join("public-keys.d")).unwrap();
    fs::write(home.join("public-keys.d/pubring.db"), b"SQLite format 3\0").unwrap();
    if !keyring {
        fs::remove_file(home.join("pubring.kbx")).unwrap();
    }
    home
}

/// A home that uses a database, and a file with what gpg exports from the admin's.
fn exported(desk: &Desk) -> (PathBuf, PathBuf) {
    let home = with_database(desk, false);
    fs::write(home.join("common.conf"), "use-keyboxd\n").unwrap();
    let export = ["--export", "--export-options", "export-local-sigs"];
    let all = desk.admin.gpg(&export, b"");
    (home, desk.sandbox.file("all.gpg", all))
}

/// A gpg that says it is of this version, and exports like this.
fn system(desk: &Desk, version: &str, export: &str) -> System {
    let real = desk.sandbox.copy_of("/usr/bin/gpg", "real-gpg");
    let script = format!(
        "#!/bin/sh\ncase \"$*\" in\n*--version*) echo 'gpg (GnuPG) {version}';;\n*--export*) {export};;\n*) exec {} \"$@\";;\nesac\n",
        real.display()
    );
    let gpg = desk.sandbox.program("gpg", script);
    System::new().replace("/usr/bin/gpg", &gpg)
}

fn run(desk: &Desk, system: &System, home: &Path, more: &[&str]) -> Outcome {
    let mut command = system.command(&desk.sandbox);
    command.args(desk.args(home, more));
    desk.sandbox.finish(&mut command, b"")
}

fn names(home: &Path) -> Vec<PathBuf> {
    let mut names: Vec<PathBuf> = fs::read_dir(home).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    names
}

#[test]
fn an_older_gpg_knows_nothing_of_the_keys_and_makes_nothing() {
    if !can_be_had() {
        return skipped("an older gpg", why_not());
    }
    let desk = Desk::certified();
    // It would make an empty keyring, and export nothing of it.
    let plain = system(&desk, "2.2.40", "exec \"$(dirname \"$0\")/none\"");
    let by_system = || system(&desk, "2.2.40", "false").etc("gnupg/common.conf", "use-keyboxd");
    for keyring in [false, true] {
        for (file, system) in [("common.conf", &plain), ("gpg.conf", &plain), ("", &by_system())] {
            let home = with_database(&desk, keyring);
            if !file.is_empty() {
                fs::write(home.join(file), "no-greeting\nuse-keyboxd\n").unwrap();
            }
            let before = names(&home);
            for more in [&[][..], &["--trust-model", "always"], &["--signed-by", &desk.key]] {
                let outcome = run(&desk, system, &home, more).expect_verdict(3, FAILED);
                let text = message(&outcome);
                for words in ["2.2.40", "use-keyboxd", "--public-key"] {
                    assert!(text.contains(words), "{file}: no {words:?} in {text:?}");
                }
            }
            assert_eq!(before, names(&home), "{file}");
        }
    }
    // A database that nothing says is used is one from before.
    let home = with_database(&desk, true);
    run(&desk, &plain, &home, &[]).expect_verdict(0, OK);
    let home = with_database(&desk, false);
    run(&desk, &plain, &home, &[]).expect_verdict(3, FAILED);
}

/// An empty export is not knowledge, and a part of it neither.
#[test]
fn an_export_is_counted() {
    if !can_be_had() {
        return skipped("an export that is counted", why_not());
    }
    let desk = Desk::certified();
    let (home, all) = exported(&desk);
    let own = desk.admin.gpg(&["--export", &desk.admin_key], b"");
    let own = desk.sandbox.file("own.gpg", own);
    let [all, own] = [all.display(), own.display()];
    for (export, words) in [
        ("echo '[GNUPG:] EXPORT_RES 0 0 0' >&2".to_owned(), "exports no key"),
        (format!("cat {own}; echo '[GNUPG:] EXPORT_RES 2 0 2' >&2"), "2 keys"),
        (
            format!("cat {own}; echo '[GNUPG:] EXPORT_RES 2 0 1' >&2"),
            "1 of 2 keys",
        ),
        (format!("cat {all}; echo '[GNUPG:] EXPORT_RES 1 0 1' >&2"), "1 keys"),
        (format!("cat {all}"), "gpg reports"),
        (
            format!("cat {all}; echo '[GNUPG:] EXPORT_RES 2 0 2' >&2; exit 2"),
            "gpg reports",
        ),
        (
            format!("head -c 100 {all}; echo '[GNUPG:] EXPORT_RES 2 0 2' >&2"),
            "damaged",
        ),
    ] {
        let outcome = run(&desk, &system(&desk, "2.4.7", &export), &home, &[]);
        assert_eq!(outcome.verdict(), FAILED, "{export}: {outcome:#?}");
        assert!(message(&outcome).contains(words), "{export}: {outcome:#?}");
    }
    let export = format!("cat {all}; echo '[GNUPG:] EXPORT_RES 2 0 2' >&2");
    run(&desk, &system(&desk, "2.4.7", &export), &home, &[]).expect_verdict(0, OK);
}

/// What is left out of an export may be a revocation.
#[test]
fn a_filter_of_the_system_is_trouble_in_whatever_encoding_it_stands() {
    if !can_be_had() {
        return skipped("a filter of exports", why_not());
    }
    let desk = Desk::certified();
    let (home, all) = exported(&desk);
    let export = format!("cat {}; echo '[GNUPG:] EXPORT_RES 2 0 2' >&2", all.display());
    let filter = "export-filter drop-subkey=usage=~s\n";
    for (config, expected) in [
        (format!("# f\u{fc}r\n{filter}").into_bytes(), FAILED),
        ([b"# f\xfcr\n", filter.as_bytes()].concat(), FAILED),
        (format!("# no {filter}").into_bytes(), OK),
    ] {
        let config = desk.sandbox.file("system.conf", config);
        let system = system(&desk, "2.4.7", &export)
            .etc("gnupg/gpg.conf", "")
            .replace("/etc/gnupg/gpg.conf", &config);
        let outcome = run(&desk, &system, &home, &[]);
        assert_eq!(outcome.verdict(), expected, "{config:?}: {outcome:#?}");
        assert_eq!(
            message(&outcome).contains("export-filter"),
            expected == FAILED,
            "{outcome:#?}"
        );
    }
}
