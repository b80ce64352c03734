// SPDX-License-Identifier: Apache-2.0
//! The words of `oc adm verify-image-signature`, and what a newcomer runs first.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::record::{conditions, record_trusted, Desk, Records, IDENTITY};
use crate::support::program::binary;

#[test]
fn save_is_confirm() {
    let desk = Desk::new();
    desk.store(&desk.signed());
    desk.verify(&["--save"]).expect(0);
    assert_eq!(conditions(&desk.read()["signatures"][0])[0], "Trusted=True(Verified)");
}

#[test]
fn remove_forgets_only_with_confirm() {
    let desk = Desk::new();
    let clean = desk.signed();
    let mut before = clean.clone();
    record_trusted(&mut before["signatures"][0], IDENTITY, &desk.key);
    desk.store(&before);
    let outcome = desk.sandbox.run(["verify", "-f", "image.json", "--remove"]).expect(0);
    assert!(outcome.words().contains("dry run"), "{outcome:?}");
    assert_eq!(desk.read(), before);
    desk.sandbox
        .run(["verify", "-f", "image.json", "--remove", "--confirm"])
        .expect(0);
    assert_eq!(desk.read(), clean);
}

#[test]
fn remove_all_keeps_signatures_says_so_and_writes_only_with_confirm() {
    let desk = Desk::new();
    let clean = desk.signed();
    let mut before = clean.clone();
    record_trusted(&mut before["signatures"][0], IDENTITY, &desk.key);
    desk.store(&before);
    let refused = desk.sandbox.run(["verify", "-f", "image.json", "--remove-all"]);
    for outcome in [
        refused.expect_usage("--confirm"),
        desk.sandbox
            .run(["verify", "-f", "image.json", "--remove-all", "--save"])
            .expect(0),
    ] {
        assert!(
            outcome.stderr.contains("verdicts") && outcome.stderr.contains("signatures are kept"),
            "{outcome:?}"
        );
    }
    assert_eq!(desk.read(), clean);
}

#[test]
fn removing_judges_nothing() {
    let desk = Desk::new();
    desk.store(&desk.signed());
    let fixed = ["verify", "-f", "image.json", "--remove", "--confirm"];
    let key = desk.key_file.to_str().unwrap();
    for flag in [
        &["--expected-identity", IDENTITY][..],
        &["--public-key", key],
        &["--require", "2"],
        &["--output", "wide"],
        &["--platform", "linux/amd64"],
        &["--all-platforms"],
        &["--registry-url", "auto"],
        &["--authfile", "auth.json"],
        &["--insecure"],
    ] {
        desk.sandbox.run([&fixed[..], flag].concat()).expect_usage(flag[0]);
    }
}

#[test]
fn what_is_another_commands_is_told_apart_from_nonsense() {
    let desk = Desk::new();
    desk.store(&desk.signed());
    for flag in [&["--shard"][..], &["--fail-on", "rejected"]] {
        desk.verify(flag)
            .expect_usage(&format!("{} is an option of audit, not of verify", flag[0]));
    }
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn the_ancestors_program_name_is_verify() {
    let desk = Desk::new();
    desk.store(&desk.signed());
    let bin = desk.sandbox.path("bin");
    std::fs::create_dir(&bin).unwrap();
    symlink(binary(), bin.join("image-signature")).unwrap();
    let mut command = desk
        .sandbox
        .command_of(&root().join("packaging/verify-image-signature"));
    command
        .env("PATH", format!("{}:/usr/bin:/bin", bin.display()))
        .args(["-f", "image.json", "--expected-identity", IDENTITY, "--public-key"])
        .arg(&desk.key_file);
    let outcome = desk.sandbox.finish(&mut command, b"").expect(0);
    assert!(outcome.stdout.starts_with("Verified: "), "{outcome:?}");
    // Its exit status is that of the program.
    command.args(["--require", "2"]);
    desk.sandbox.finish(&mut command, b"").expect(1);
}

/// The commands of `make try`, with the binary under test instead of a build.
#[test]
fn make_try_shows_a_verified_a_rejected_and_a_recorded_image() {
    let desk = Desk::new();
    let mut command = desk.sandbox.command_of(Path::new("/usr/bin/make"));
    command
        .current_dir(root())
        .args(["--no-print-directory", "-o", "build", "-o", "deps", "try"])
        .arg(format!("BINARY={}", binary().display()))
        .arg(format!("TRY={}", desk.sandbox.root().display()));
    let outcome = desk.sandbox.finish(&mut command, b"").expect(0);
    for part in [
        "\nVerified: registry.local:5000/foo/bar:v1\n",
        "\nRejected: IdentityMismatch: ",
        "4. identity  fail",
        "Recorded:\ttrusted as registry.local:5000/foo/bar:v1, key F58D29798CE2022C3F0FA326E5144EDCDD89C95E",
        "(not checked now)",
    ] {
        assert!(outcome.stdout.contains(part), "{part} is not in {}", outcome.stdout);
    }
}

#[test]
fn the_example_in_the_sources_is_never_written() {
    let example = std::fs::read_to_string(root().join("tests/data/example/image.json")).unwrap();
    assert!(!example.contains("conditions"));
    let clean = Command::new("git")
        .current_dir(root())
        .args(["status", "--porcelain", "tests/data/example"])
        .output();
    if let Ok(output) = clean {
        assert_eq!(String::from_utf8_lossy(&output.stdout), "");
    }
}
