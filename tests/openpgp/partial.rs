// SPDX-License-Identifier: Apache-2.0
//! A partial success is a failure: imports that end half way.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::keys::{signed, OWNER};
use super::trial::{Trial, REFERENCE};
use crate::support::forge::{now, Key};
use crate::support::images::{image, D1};
use crate::support::program::{binary, Outcome};
use crate::support::skipped;
use crate::support::system::{can_be_had, System};

const FAILED: &str = "Unchecked/EngineFailed";

/// Runs in a private mount namespace in which the runtime directory has so many KiB.
fn with_room(trial: &Trial, kib: u32, args: &[&str]) -> Outcome {
    let run = trial.sandbox.path("run");
    let script = format!(
        "mount -t tmpfs -o size={kib}k,mode=700 tmpfs {} && exec \"$@\"",
        run.display()
    );
    let mut command = trial.sandbox.command_of("/usr/bin/unshare".as_ref());
    command
        .args(["--mount", "--", "sh", "-c", &script, "sh"])
        .arg(binary())
        .args(args);
    trial.sandbox.finish(&mut command, b"")
}

fn may_mount() -> bool {
    let script = "mount -t tmpfs tmpfs /mnt";
    let status = Command::new("unshare")
        .args(["--mount", "--", "sh", "-c", script])
        .status();
    status.is_ok_and(|status| status.success())
}

#[test]
fn a_full_temporary_directory_hides_no_revocation_and_no_key() {
    if !may_mount() {
        return skipped("a_full_temporary_directory", "a private mount is not permitted here");
    }
    let key = Key::new();
    let copies = [key.certificate(OWNER), key.revoked(OWNER, 2, now() - 10)].concat();
    let many: Vec<u8> = (0..8)
        .flat_map(|n| Key::new().certificate(&format!("Other {n}")))
        .collect();
    let trial = Trial::with_keys(&[copies, many.clone()].concat());
    let good = trial.sandbox.file("good.gpg", [many, key.certificate(OWNER)].concat());
    let object = trial
        .sandbox
        .file("image.json", image(D1, &[&signed(&key)]).to_string());
    let object = object.to_str().unwrap();
    let common = ["verify", "-o", "json", "--expected-identity", REFERENCE, "-f", object];
    let home = trial.sandbox.path("ring");
    fs::create_dir(&home).unwrap();
    fs::copy(&good, home.join("pubring.gpg")).unwrap();
    let mut failures = 0;
    for kib in [4, 8, 12, 16, 20, 24, 28, 32, 40, 48, 64, 256] {
        let revoked = with_room(
            &trial,
            kib,
            &[&common[..], &["--public-key", trial.key_files[0].to_str().unwrap()]].concat(),
        );
        assert!(
            [FAILED, "Rejected/KeyRevoked"].contains(&&revoked.verdict()[..]),
            "{kib}: {revoked:#?}"
        );
        let by_file = with_room(
            &trial,
            kib,
            &[&common[..], &["--public-key", good.to_str().unwrap()]].concat(),
        );
        let by_ring = with_room(
            &trial,
            kib,
            &[
                &common[..],
                &["--homedir", home.to_str().unwrap(), "--trust-model", "always"],
            ]
            .concat(),
        );
        for outcome in [by_file, by_ring] {
            assert!(
                [FAILED, "Verified/Verified"].contains(&&outcome.verdict()[..]),
                "{kib}: {outcome:#?}"
            );
            failures += usize::from(outcome.verdict() == FAILED);
        }
    }
    assert!(failures >= 4, "the sizes were too large to matter: {failures}");
}

/// A gpg that does only part of an import.
#[test]
fn a_gpg_that_ends_within_an_import_or_loses_a_block_is_noticed() {
    if !can_be_had() {
        return skipped("a_gpg_that_ends_within_an_import", crate::support::system::why_not());
    }
    let (key, other) = (Key::new(), Key::new());
    let copies = [key.certificate(OWNER), other.revoked("Other", 2, now() - 10)].concat();
    let trial = Trial::with_keys(&copies);
    let real = trial.sandbox.copy_of("/usr/bin/gpg", "real-gpg");
    let real = real.display();
    let lossy = |bytes: u32| {
        format!("for last; do :; done; eval \"head -c {bytes} <&${{last#-&}} | {real} \\\"\\$@\\\" ${{last#-&}}<&0\"")
    };
    for (what, script) in [
        ("killed before", "kill -9 $$".to_owned()),
        (
            "silent",
            format!("{real} \"$@\" >/dev/null 2>&1 3>&1 4>&1 5>&1 6>&1 7>&1 8>&1 9>&1"),
        ),
        // All of the answer but not all of the keys. gpgme hands them over by another descriptor than 0.
        ("the first key only", lossy(640)),
        ("all but a part of the last", lossy(1500)),
        ("all but one byte", lossy(2100)),
        ("nothing", lossy(0)),
    ] {
        let text = format!("#!/bin/bash\ncase \"$*\" in *--import*) {script};; *) exec {real} \"$@\";; esac\n");
        let fake = trial.sandbox.program("fake", text);
        let system = System::new().replace("/usr/bin/gpg", &fake);
        for blob in [signed(&key), signed(&other)] {
            let mut command = trial.command_of(system.command(&trial.sandbox), &[&blob]);
            let outcome = trial.sandbox.finish(&mut command, b"");
            assert_eq!(outcome.verdict(), FAILED, "{what}: {outcome:#?}");
        }
    }
}

/// A limit on the size of files is trouble with what cannot be written, and no end without a word.
#[test]
fn a_limit_on_file_sizes_is_trouble_and_leaves_nothing() {
    let key = Key::new();
    let trial = Trial::with_keys(&key.certificate(OWNER));
    let blob = signed(&key);
    // In blocks of 512 bytes.
    let limited = |blocks: u32, more: &[&str]| {
        let mut shell = trial.sandbox.command_of(Path::new("/bin/sh"));
        let limit = format!("ulimit -f {blocks} && exec \"$@\"");
        shell.args(["-c", &limit, "sh"]).arg(binary());
        let mut command = trial.command_of(shell, &[&blob]);
        command.args(more);
        trial.sandbox.finish(&mut command, b"")
    };
    limited(0, &[]).expect_verdict(3, FAILED);
    limited(100, &[]).expect_verdict(0, "Verified/Verified");

    // Of an object that is larger than files may be, the verdict is known, and its record fails.
    let mut object = image(D1, &[&blob]);
    object["metadata"]["annotations"] = serde_json::json!({"long": "x".repeat(200_000)});
    let object = trial.sandbox.file("large/image.json", object.to_string());
    let before = fs::read(&object).unwrap();
    let mut shell = trial.sandbox.command_of(Path::new("/bin/sh"));
    shell.args(["-c", "ulimit -f 100 && exec \"$@\"", "sh"]).arg(binary());
    shell.args([
        "verify",
        "-o",
        "json",
        "--confirm",
        "--expected-identity",
        REFERENCE,
        "-f",
    ]);
    shell.arg(&object).arg("--public-key").arg(&trial.key_files[0]);
    let outcome = trial
        .sandbox
        .finish(&mut shell, b"")
        .expect_verdict(3, "Verified/Verified");
    assert_eq!(outcome.item()["recorded"], "failed", "{outcome:#?}");
    assert_eq!(fs::read(&object).unwrap(), before);
    assert_eq!(fs::read_dir(object.parent().unwrap()).unwrap().count(), 1);
}
