// SPDX-License-Identifier: Apache-2.0
//! A keyring that is damaged is trouble, never an unknown key.

use std::fs;

use crate::keyring::{message, Desk, OK};

#[track_caller]
fn is_trouble(desk: &Desk, home: &std::path::Path, file: &str) {
    for more in [&[][..], &["--trust-model", "always"], &["--signed-by", &desk.key]] {
        let outcome = desk.run(home, more);
        assert_eq!(outcome.verdict(), "Unchecked/EngineFailed", "{file}: {outcome:#?}");
        assert_eq!(outcome.status, 3);
        assert!(message(&outcome).contains(file), "{file}: {outcome:#?}");
    }
    let outcome = desk.sandbox.run(["keys", "--homedir", home.to_str().unwrap()]);
    assert_eq!((outcome.status, outcome.stdout.as_str()), (3, ""), "{outcome:?}");
    assert!(outcome.stderr.contains(file), "{outcome:?}");
}

#[test]
fn keyboxes() {
    let desk = Desk::certified();
    let home = desk.home("h");
    let file = home.join("pubring.kbx");
    let good = fs::read(&file).unwrap();
    let mut flipped = good.clone();
    let middle = good.len() / 2;
    flipped[middle] ^= 0x20;
    for (what, content) in [
        ("garbage", b"garbage".to_vec()),
        ("garbage behind a good header", [&good[..32], b"garbage"].concat()),
        ("garbage behind a good end", [&good[..], b"garbage"].concat()),
        ("cut short", good[..good.len() - 5].to_vec()),
        ("cut within the header", good[..20].to_vec()),
        ("a bit flipped", flipped),
        ("zeros", vec![0; 1000]),
    ] {
        fs::write(&file, content).unwrap();
        println!("{what}");
        is_trouble(&desk, &home, "pubring.kbx");
    }
    fs::remove_file(&file).unwrap();
    fs::create_dir(&file).unwrap();
    is_trouble(&desk, &home, "pubring.kbx");
    fs::remove_dir(&file).unwrap();
    std::os::unix::fs::symlink("/dev/zero", &file).unwrap();
    is_trouble(&desk, &home, "pubring.kbx");
    fs::remove_file(&file).unwrap();
    std::os::unix::fs::symlink("pubring.kbx", &file).unwrap();
    is_trouble(&desk, &home, "pubring.kbx");
}

#[test]
fn pipes_are_not_waited_for() {
    let desk = Desk::certified();
    let home = desk.home("h");
    for name in ["pubring.kbx", "trustdb.gpg", "common.conf"] {
        let path = home.join(name);
        let kept = fs::read(&path).ok();
        let _ = fs::remove_file(&path);
        assert!(std::process::Command::new("mkfifo")
            .arg(&path)
            .status()
            .unwrap()
            .success());
        is_trouble(&desk, &home, name);
        fs::remove_file(&path).unwrap();
        if let Some(content) = kept {
            fs::write(&path, content).unwrap();
        }
    }
    desk.run(&home, &[]).expect_verdict(0, OK);
}

#[test]
fn older_keyrings() {
    let desk = Desk::certified();
    let home = desk.home("h");
    fs::remove_file(home.join("pubring.kbx")).unwrap();
    let good = desk
        .admin
        .gpg(&["--export", "--export-options", "export-local-sigs"], b"");
    let file = home.join("pubring.gpg");
    for content in [
        b"garbage".to_vec(),
        good[..good.len() - 5].to_vec(),
        [&good[..], b"garbage"].concat(),
    ] {
        fs::write(&file, content).unwrap();
        is_trouble(&desk, &home, "pubring.gpg");
    }
    fs::write(&file, good).unwrap();
    desk.run(&home, &[]).expect_verdict(0, OK);
}

#[test]
fn trust_databases() {
    let desk = Desk::certified();
    let home = desk.home("h");
    let file = home.join("trustdb.gpg");
    let good = fs::read(&file).unwrap();
    let mut newer = good.clone();
    newer[4] = 4;
    // gpg reports nothing of one that ends between two records.
    let records: Vec<Vec<u8>> = [1, 20, 30, good.len() / 40 - 1]
        .map(|count| good[..40 * count].to_vec())
        .to_vec();
    let others = [
        b"garbage".to_vec(),
        good[..good.len() - 5].to_vec(),
        vec![0; good.len()],
        newer,
    ];
    for content in others.into_iter().chain(records) {
        fs::write(&file, content).unwrap();
        is_trouble(&desk, &home, "trustdb.gpg");
        let text = message(&desk.run(&home, &[]));
        for offer in ["h --import-ownertrust FILE", "--signed-by", "--public-key"] {
            assert!(text.contains(offer), "{text}");
        }
    }
    fs::write(&file, good).unwrap();
    desk.run(&home, &[]).expect_verdict(0, OK);
}

#[test]
fn a_lock_of_another_program_is_no_obstacle() {
    // We only read: nobody's lock concerns us, and ours concerns nobody.
    let desk = Desk::certified();
    let home = desk.home("h");
    let pid = std::process::id();
    for name in ["pubring.kbx.lock", "trustdb.gpg.lock"] {
        fs::write(home.join(name), format!("{pid:10}\nhost\n")).unwrap();
    }
    desk.run(&home, &[]).expect_verdict(0, OK);
    assert!(home.join("pubring.kbx.lock").exists());
}

#[test]
fn with_a_damaged_home_every_image_is_unchecked_and_not_rejected() {
    let desk = Desk::certified();
    let home = desk.home("h");
    fs::write(home.join("pubring.kbx"), b"garbage").unwrap();
    desk.put(b"\x90not even a signature");
    // What needs no key is judged all the same.
    desk.run(&home, &[]).expect_verdict(1, "Rejected/NotASignature");
}
