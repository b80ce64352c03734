// SPDX-License-Identifier: Apache-2.0
//! `-f` and `-R` with directories, pipes, and more files than may be open at once.

use std::os::unix::fs::symlink;
use std::process::Command;

use super::reading::{message, OK, UNREADABLE, UNSIGNED};
use crate::support::images::{image, D2, D3};
use crate::verify::{words, Desk, IDENTITY};

#[test]
fn directories_in_directories_are_read_where_that_is_asked_for() {
    let desk = Desk::new();
    desk.put("d/b.yaml", image(D2, &[]).to_string());
    desk.put("d/a/c.json", desk.signed().to_string());
    desk.put("d/a/x.json/d.yml", image(D3, &[]).to_string());
    desk.put("d/a/notes.md", "no object");
    symlink("..", desk.sandbox.path("d/a/up")).unwrap();
    assert_eq!(words(&desk.file("d").expect(1)), [UNSIGNED]);
    for flag in ["-R", "--recursive"] {
        let outcome = desk.run(&["-o", "json", flag, "--expected-identity", IDENTITY, "-f", "d"]);
        assert_eq!(words(&outcome.expect(1)), [OK, UNSIGNED, UNSIGNED], "{flag}");
    }
}

#[test]
fn what_cannot_be_read_in_a_directory_is_named_and_spoils_nothing_else() {
    let desk = Desk::new();
    desk.put("d/good.json", desk.signed().to_string());
    symlink("nowhere", desk.sandbox.path("d/dangling.json")).unwrap();
    symlink("loop.yaml", desk.sandbox.path("d/loop.yaml")).unwrap();
    let pipe = desk.sandbox.path("d/pipe.json");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    std::fs::create_dir(desk.sandbox.path("d/directory.json")).unwrap();
    let outcome = desk.file("d").expect(3);
    assert_eq!(words(&outcome), [UNREADABLE, UNREADABLE, UNREADABLE, OK]);
    let items = outcome.json()["items"].as_array().unwrap().clone();
    for (item, name) in items.iter().zip(["d/dangling.json", "d/loop.yaml", "d/pipe.json"]) {
        assert_eq!(item["source"], format!("file:{name}"));
        assert!(message(item).contains(name), "{item}");
    }
}

#[test]
fn a_pipe_that_nobody_writes_to_is_given_up_and_spoils_nothing_else() {
    let desk = Desk::new();
    desk.put("image.json", desk.signed().to_string());
    let pipe = desk.sandbox.path("pipe.json");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let begun = std::time::Instant::now();
    let args = ["-f", "pipe.json", "-f", "image.json", "-o", "json"];
    let outcome = desk
        .run(&[&args[..], &["--expected-identity", IDENTITY]].concat())
        .expect(3);
    assert!(begun.elapsed().as_secs() < 60, "{:?}", begun.elapsed());
    assert_eq!(words(&outcome), [UNREADABLE, OK]);
    let item = &outcome.json()["items"][0];
    assert!(message(item).contains("no program has opened for writing"), "{item}");
    // A key file is waited for as long.
    let outcome = desk
        .sandbox
        .run(["keys", "--public-key", "pipe.json"])
        .expect_usage("no program has opened");
    assert!(outcome.stderr.contains("pipe.json"), "{outcome:?}");
}

#[test]
fn more_files_than_a_process_may_open() {
    let desk = Desk::new();
    for n in 0..300 {
        desk.put(
            &format!("d/{n}.json"),
            image(&format!("sha256:{n:064x}"), &[]).to_string(),
        );
    }
    let mut command = desk.sandbox.command_of("/bin/sh".as_ref());
    command
        .args(["-c", "ulimit -n 100; exec \"$@\"", "sh"])
        .arg(crate::support::program::binary())
        .args([
            "verify",
            "-o",
            "json",
            "--expected-identity",
            IDENTITY,
            "-f",
            "d",
            "--public-key",
        ])
        .arg(&desk.key_file);
    let outcome = desk.sandbox.finish(&mut command, b"").expect(1);
    assert_eq!(outcome.json()["summary"]["unsigned"], 300);
}
