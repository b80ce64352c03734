// SPDX-License-Identifier: Apache-2.0
//! The file is replaced at once or not at all.

use std::fs;
use std::os::unix::fs::{symlink, MetadataExt};
use std::path::Path;
use std::process::Command;

use crate::record::{conditions, Desk, Records, IDENTITY};
use crate::support::calls::verify_image;
use crate::support::program::{has, wait_until};
use crate::support::system::{mounts_are_permitted, namespace, why_not};
use crate::support::{program, skipped};

/// Names in the directory, temporary ones of ours included.
fn names(desk: &Desk) -> Vec<String> {
    let entries = fs::read_dir(desk.sandbox.root()).unwrap();
    let mut names: Vec<String> = entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn symbolic_links_are_followed_and_stay() {
    let desk = Desk::new();
    let target = desk.sandbox.file("real/object.json", desk.signed().to_string());
    symlink("real/object.json", desk.sandbox.path("image.json")).unwrap();
    desk.verify(&["--confirm"]).expect(0);
    let link = fs::symlink_metadata(desk.sandbox.path("image.json")).unwrap();
    assert!(link.is_symlink());
    let text = fs::read_to_string(target).unwrap();
    assert!(text.contains("\"Trusted\""), "{text}");
    let left: Vec<_> = fs::read_dir(desk.sandbox.path("real")).unwrap().collect();
    assert_eq!(left.len(), 1, "{left:?}");
}

#[test]
fn nothing_changes_where_nothing_is_to_be_recorded() {
    let desk = Desk::new();
    let path = desk.store(&crate::support::images::image(crate::support::images::D1, &[]));
    let before = fs::metadata(&path).unwrap();
    desk.verify(&["--confirm"]).expect(1);
    let after = fs::metadata(&path).unwrap();
    assert_eq!((after.ino(), after.mtime_nsec()), (before.ino(), before.mtime_nsec()));
}

/// The old file as it was, or the new one as a whole, after a kill at the nth call of each system call that matters.
#[test]
fn a_kill_at_any_step_leaves_the_old_or_the_new_file() {
    if !has("strace") {
        return skipped("kills during a rewrite", "strace is not installed");
    }
    let desk = Desk::new();
    let before = desk.signed();
    let binary = program::binary();
    let (mut old, mut new) = (0, 0);
    for call in [
        "openat",
        "write",
        "fchmod",
        "fsync",
        "renameat2",
        "unlink",
        "exit_group",
    ] {
        for nth in 1..=60 {
            desk.store(&before);
            let mut command = desk.sandbox.command_of(Path::new("/usr/bin/strace"));
            command
                .args(["-qq", "-o", "/dev/null", "-e"])
                .arg(format!("inject={call}:signal=SIGKILL:when={nth}"));
            let status = command
                .arg(&binary)
                .args(verify_image(IDENTITY))
                .args(["--confirm", "--public-key"])
                .arg(&desk.key_file)
                .output()
                .unwrap()
                .status;
            let after = desk.read();
            if after == before {
                old += 1;
            } else {
                new += 1;
                assert_eq!(
                    conditions(&after["signatures"][0])[0],
                    "Trusted=True(Verified)",
                    "{call} {nth}"
                );
            }
            if status.code() == Some(0) {
                // The program does not make that many such calls.
                break;
            }
        }
    }
    assert!(old > 10, "killed before the exchange: {old}");
    assert!(new > 1, "killed after the exchange, or not at all: {new}");
    // What kills have left in the runtime directory is swept by the next run.
    desk.verify(&[]).expect(0);
}

/// The signal comes as the first file is exchanged, and what follows is slow.
#[test]
fn a_run_interrupted_at_the_exchange_replaces_all_files_or_none_and_leaves_nothing() {
    if !has("strace") {
        return skipped("a signal at the exchange", "strace is not installed");
    }
    let desk = Desk::new();
    let before = desk.signed();
    for name in ["d/one.json", "d/two.json"] {
        desk.put(name, before.to_string());
    }
    let mut command = desk.sandbox.command_of(Path::new("/usr/bin/strace"));
    command
        .args(["-f", "-qq", "-o", "/dev/null"])
        .args(["-e", "inject=renameat2:signal=SIGTERM:when=1"])
        .args(["-e", "inject=unlink,unlinkat,fsync:delay_enter=50000"])
        .arg(program::binary())
        .args(["verify", "-f", "d", "--confirm", "--expected-identity", IDENTITY])
        .arg("--public-key")
        .arg(&desk.key_file);
    let outcome = desk.sandbox.finish(&mut command, b"");
    assert_eq!(outcome.status, 130, "{outcome:?}");
    let mut names: Vec<_> = fs::read_dir(desk.sandbox.path("d"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    names.sort();
    assert_eq!(names, ["one.json", "two.json"]);
    for name in ["d/one.json", "d/two.json"] {
        let after: serde_json::Value = serde_json::from_slice(&fs::read(desk.sandbox.path(name)).unwrap()).unwrap();
        assert_eq!(
            conditions(&after["signatures"][0])[0],
            "Trusted=True(Verified)",
            "{name}: the exchange had begun"
        );
    }
    desk.sandbox.assert_clean();
}

#[test]
fn a_file_that_changes_between_reading_and_writing_is_left_alone() {
    let desk = Desk::new();
    let path = desk.store(&desk.signed());
    let changed = format!("{} ", fs::read_to_string(&path).unwrap());
    changes_meanwhile(&desk, &path, || fs::write(&path, &changed).unwrap());
    assert_eq!(fs::read_to_string(&path).unwrap(), changed);
}

/// Whoever may write in a directory on the way turns the name to a file of somebody else.
#[test]
fn a_link_that_is_turned_to_another_file_between_reading_and_writing_changes_neither() {
    for is_directory in [false, true] {
        let desk = Desk::new();
        let text = desk.signed().to_string();
        let (own, other) = (desk.put("own/o.json", &text), desk.put("other/o.json", &text));
        let name = desk.sandbox.path("image.json");
        let link = match is_directory {
            false => name.clone(),
            true => desk.sandbox.path("through"),
        };
        let to = |directory: &str| match is_directory {
            false => format!("{directory}/o.json"),
            true => directory.to_owned(),
        };
        symlink(to("own"), &link).unwrap();
        if is_directory {
            symlink("through/o.json", &name).unwrap();
        }
        changes_meanwhile(&desk, &own, || {
            symlink(to("other"), desk.sandbox.path("new")).unwrap();
            fs::rename(desk.sandbox.path("new"), &link).unwrap();
        });
        for file in [own, other] {
            assert_eq!(fs::read_to_string(&file).unwrap(), text, "{}", file.display());
        }
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    }
}

/// Records in image.json, while somebody makes a `change` after `path` was opened: the record fails.
#[track_caller]
fn changes_meanwhile(desk: &Desk, path: &Path, change: impl FnOnce()) {
    // The key comes through a pipe: until it is there the program waits, with the objects not yet or already read.
    // So the change is made while gpg runs: a wrapper would not be used, but standard input can hold the program.
    let other = desk.sandbox.file("other.json", "{}");
    let pipe = desk.sandbox.path("images");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let mut command = desk.sandbox.command();
    command
        .args(["verify", "-f", "image.json", "-f"])
        .arg(&pipe)
        .args(["--confirm", "--expected-identity", IDENTITY, "--public-key"])
        .arg(&desk.key_file)
        .stderr(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped());
    let child = command.spawn().unwrap();
    // The first file is open (and identified) before the pipe is opened for reading.
    wait_until("the program has opened its files", || {
        let fds = format!("/proc/{}/fd", child.id());
        fs::read_dir(fds).is_ok_and(|fds| {
            fds.flatten()
                .any(|fd| fs::read_link(fd.path()).is_ok_and(|to| to == *path))
        })
    });
    change();
    fs::write(&pipe, fs::read(&other).unwrap()).unwrap();
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(3), "{stderr}");
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    let said = format!("{stdout}{stderr}");
    let words: Vec<&str> = said.split_whitespace().collect();
    assert!(words.join(" ").contains("changed since it was read"), "{said}");
    desk.sandbox.assert_clean();
}

#[test]
fn a_directory_that_takes_no_file_is_a_failed_record() {
    let desk = Desk::new();
    let before = desk.signed();
    fs::create_dir(desk.sandbox.path("mnt")).unwrap();
    let mount = desk.sandbox.path("mnt");
    let script = "mount -t tmpfs -o size=16k none \"$1\" && cp image.json \"$1\"/ && \
                  head -c 12288 /dev/zero >\"$1\"/full; shift; exec \"$@\"";
    desk.store(&before);
    let mut command = desk.sandbox.command_of(Path::new("/usr/bin/unshare"));
    command
        .args(namespace())
        .args(["sh", "-c"])
        .arg(format!("{script}; echo unreachable"))
        .arg("sh")
        .arg(&mount)
        .args([
            "sh",
            "-c",
            "\"$@\"; s=$?; cmp image.json mnt/image.json && ls -A mnt >&2; exit $s",
            "sh",
        ])
        .arg(program::binary())
        .args(["verify", "-f", "mnt/image.json", "--confirm", "-o", "json"])
        .args(["--expected-identity", IDENTITY, "--public-key"])
        .arg(&desk.key_file);
    if !mounts_are_permitted() {
        return skipped("a full file system", why_not());
    }
    let outcome = desk.sandbox.finish(&mut command, b"");
    assert_eq!(outcome.status, 3, "{outcome:?}");
    assert_eq!(outcome.item()["verdict"], "Verified");
    assert_eq!(outcome.item()["recorded"], "failed");
    assert!(
        outcome.stderr.contains("error: recording in mnt/image.json"),
        "{outcome:?}"
    );
    // Only what was there before: the temporary file is gone, the object as it was.
    assert!(outcome.stderr.ends_with("full\nimage.json\n"), "{outcome:?}");
}

#[test]
fn a_file_that_nobody_may_write_beside_is_a_failed_record() {
    let desk = Desk::new();
    let before = desk.signed();
    desk.store(&before);
    // An immutable directory: neither rename nor new files, not even for root.
    let script = "mount --bind . . && cd \"$PWD\" && mount -o remount,bind,ro . && \"$@\"";
    if !mounts_are_permitted() {
        return skipped("a read-only file system", why_not());
    }
    let mut command = desk.sandbox.command_of(Path::new("/usr/bin/unshare"));
    command
        .env("XDG_RUNTIME_DIR", "/dev/shm")
        .args(namespace())
        .args(["sh", "-c", script, "sh"])
        .arg(program::binary())
        .args(["verify", "-f", "image.json", "--confirm", "-o", "json"])
        .args(["--expected-identity", IDENTITY, "--public-key"])
        .arg(&desk.key_file);
    let outcome = desk.sandbox.finish(&mut command, b"");
    assert_eq!(outcome.status, 3, "{outcome:?}");
    assert_eq!(outcome.item()["recorded"], "failed");
    assert_eq!(outcome.item()["signatures"][0]["recorded"], "failed");
    assert!(outcome.stderr.contains("Read-only file system"), "{outcome:?}");
    assert_eq!(desk.read(), before);
    assert_eq!(
        names(&desk).iter().filter(|n| n.contains("image-signature-")).count(),
        0
    );
}

#[test]
fn a_file_with_a_second_name_is_refused_and_the_name_is_told() {
    let desk = Desk::new();
    let before = desk.signed();
    let path = desk.store(&before);
    fs::hard_link(&path, desk.sandbox.path("second.json")).unwrap();
    let outcome = desk.verify(&["--confirm"]).expect(3);
    assert!(
        outcome.stderr.contains("second.json") && outcome.stderr.contains("hard link"),
        "{outcome:?}"
    );
    assert_eq!(desk.read(), before);
    assert_eq!(fs::metadata(&path).unwrap().nlink(), 2);
    desk.verify(&[]).expect(0);
}

#[test]
fn a_name_of_the_longest_kind_can_be_replaced() {
    let desk = Desk::new();
    let name = format!("{}.json", "é".repeat(125));
    desk.put(&name, desk.signed().to_string());
    desk.run(&["-f", &name, "--expected-identity", IDENTITY, "--confirm"])
        .expect(0);
    let text = fs::read_to_string(desk.sandbox.path(&name)).unwrap();
    assert!(text.contains("\"Trusted\""), "{text}");
}
