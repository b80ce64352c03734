// SPDX-License-Identifier: Apache-2.0
//! Where the keyring is, and in which of GnuPG's forms.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use crate::support::program::{binary, has, Outcome};
use crate::support::skipped;
use crate::support::system::{can_be_had, why_not, System};
use crate::{copy_home, message, Desk, IDENTITY, OK};

/// Runs without `--homedir`.
fn with_variables(desk: &Desk, variables: &[(&str, &str)]) -> Outcome {
    let mut command = desk.sandbox.command();
    command
        .args([
            "verify",
            "-o",
            "json",
            "-f",
            "image.json",
            "--expected-identity",
            IDENTITY,
        ])
        .envs(variables.iter().copied());
    desk.sandbox.finish(&mut command, b"")
}

#[test]
fn the_home_directory_then_the_variable_then_the_flag() {
    let desk = Desk::certified();
    let elsewhere = desk.home("elsewhere");
    with_variables(&desk, &[]).expect_verdict(3, "Unchecked/EngineFailed");
    with_variables(&desk, &[("GNUPGHOME", elsewhere.to_str().unwrap())]).expect_verdict(0, OK);
    desk.home("home/.gnupg");
    with_variables(&desk, &[]).expect_verdict(0, OK);
    with_variables(&desk, &[("GNUPGHOME", "")]).expect_verdict(0, OK);
    // The variable wins over the home directory, and the flag over both.
    with_variables(&desk, &[("GNUPGHOME", "/nonexistent")]).expect_verdict(3, "Unchecked/EngineFailed");
    let mut command = desk.sandbox.command();
    command
        .args(desk.args(&elsewhere, &[]))
        .env("GNUPGHOME", "/nonexistent");
    desk.sandbox.finish(&mut command, b"").expect_verdict(0, OK);
}

#[test]
fn without_a_home_directory_at_all() {
    let desk = Desk::certified();
    // The password file is of the test's own: whoever runs the tests has a home, and perhaps keys in it.
    let home = desk.sandbox.path("home");
    let passwd = desk
        .sandbox
        .file("passwd", format!("root:x:0:0::{}:/bin/sh\n", home.display()));
    let run = |variable: Option<&str>| {
        let mut command = System::new().replace("/etc/passwd", &passwd).command(&desk.sandbox);
        command.args([
            "verify",
            "-o",
            "json",
            "-f",
            "image.json",
            "--expected-identity",
            IDENTITY,
        ]);
        command.env_remove("HOME");
        command.envs(variable.map(|value| ("HOME", value)));
        desk.sandbox.finish(&mut command, b"")
    };
    if !can_be_had() {
        return skipped("without_a_home_directory_at_all", why_not());
    }
    // Either the password file names one, which has no keyring for us, or there is none.
    for variable in [None, Some("")] {
        run(variable).expect_verdict(3, "Unchecked/EngineFailed");
    }
    desk.home("home/.gnupg");
    run(None).expect_verdict(0, OK);
}

#[test]
fn an_older_keyring_of_packets() {
    let desk = Desk::certified();
    let home = desk.home("old");
    let exported = desk
        .admin
        .gpg(&["--export", "--export-options", "export-local-sigs"], b"");
    fs::remove_file(home.join("pubring.kbx")).unwrap();
    fs::write(home.join("pubring.gpg"), exported).unwrap();
    desk.run(&home, &[]).expect_verdict(0, OK);
}

#[test]
fn a_keybox_hides_the_older_keyring_only_where_it_is_one_for_openpgp() {
    let desk = Desk::certified();
    let home = desk.home("both");
    // Beside the keybox of gpg an old keyring does not count: here it is damaged.
    fs::write(home.join("pubring.gpg"), b"damaged").unwrap();
    desk.run(&home, &[]).expect_verdict(0, OK);
    // A keybox that only gpgsm made does not hide it.
    let exported = desk
        .admin
        .gpg(&["--export", "--export-options", "export-local-sigs"], b"");
    fs::write(home.join("pubring.gpg"), exported).unwrap();
    let mut header = fs::read(home.join("pubring.kbx")).unwrap()[..32].to_vec();
    header[7] &= !2;
    fs::write(home.join("pubring.kbx"), header).unwrap();
    desk.run(&home, &[]).expect_verdict(0, OK);
}

#[test]
fn an_empty_keyring_is_one_and_a_missing_one_is_trouble() {
    let desk = Desk::certified();
    let empty = copy_home(Path::new("/nonexistent"), &desk.sandbox.path("empty"));
    desk.run(&empty, &[]).expect_verdict(1, "Rejected/UnknownKey");
    assert_eq!(fs::read_dir(&empty).unwrap().count(), 0, "nothing is made in it");
    fs::write(empty.join("pubring.kbx"), b"").unwrap();
    desk.run(&empty, &[]).expect_verdict(1, "Rejected/UnknownKey");
    let outcome = desk
        .run(&desk.sandbox.path("missing"), &[])
        .expect_verdict(3, "Unchecked/EngineFailed");
    assert!(message(&outcome).contains("missing"), "{outcome:?}");
    let file = desk.sandbox.file("file", "x");
    desk.run(&file, &[]).expect_verdict(3, "Unchecked/EngineFailed");
    assert!(!desk.sandbox.path("missing").exists());
}

#[test]
fn without_a_trust_database_own_keys_are_not_known_as_such() {
    let desk = Desk::certified();
    let home = desk.home("h");
    fs::remove_file(home.join("trustdb.gpg")).unwrap();
    desk.run(&home, &[]).expect_verdict(1, "Rejected/KeyNotAccepted");
    desk.run(&home, &["--signed-by", &desk.key]).expect_verdict(0, OK);
    assert!(!home.join("trustdb.gpg").exists());
}

#[test]
fn a_home_that_nobody_may_write() {
    let desk = Desk::certified();
    let home = desk.home("h");
    for name in ["pubring.kbx", "trustdb.gpg"] {
        fs::set_permissions(home.join(name), fs::Permissions::from_mode(0o444)).unwrap();
    }
    fs::set_permissions(&home, fs::Permissions::from_mode(0o555)).unwrap();
    // For root permissions do not count.
    if !rustix::process::geteuid().is_root() {
        desk.run(&home, &[]).expect_verdict(0, OK);
    } else if !has("setpriv") {
        return skipped("a read-only home as another user", "setpriv is not installed");
    } else {
        let outcome = as_nobody(&desk, &home);
        if outcome.status == 126 || outcome.status == 127 {
            return skipped(
                "a read-only home as another user",
                "another user cannot run the program here",
            );
        }
        outcome.expect_verdict(0, OK);
    }
    // So that it can be removed.
    fs::set_permissions(&home, fs::Permissions::from_mode(0o700)).unwrap();
}

/// Runs as an ordinary user, who has temporary directories of its own.
fn as_nobody(desk: &Desk, home: &Path) -> Outcome {
    fs::set_permissions(desk.sandbox.root(), fs::Permissions::from_mode(0o755)).unwrap();
    for name in ["run", "tmp"] {
        std::os::unix::fs::chown(desk.sandbox.path(name), Some(65534), Some(65534)).unwrap();
    }
    // The program may stand where nobody else can go.
    let program = desk.sandbox.path("program");
    fs::copy(binary(), &program).unwrap();
    let mut command = desk.sandbox.command_of(Path::new("/usr/bin/setpriv"));
    command
        .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
        .arg(program)
        .args(desk.args(home, &[]));
    desk.sandbox.finish(&mut command, b"")
}

#[test]
fn a_keyring_that_may_not_be_read_is_trouble_and_no_unknown_key() {
    if !has("setpriv") || !rustix::process::geteuid().is_root() {
        return skipped("an unreadable keyring", "it takes root to become somebody else");
    }
    for name in ["pubring.kbx", "trustdb.gpg"] {
        let desk = Desk::certified();
        let home = desk.home("h");
        fs::set_permissions(&home, fs::Permissions::from_mode(0o755)).unwrap();
        for file in ["pubring.kbx", "trustdb.gpg"] {
            let mode = if file == name { 0o600 } else { 0o644 };
            fs::set_permissions(home.join(file), fs::Permissions::from_mode(mode)).unwrap();
        }
        let outcome = as_nobody(&desk, &home).expect_verdict(3, "Unchecked/EngineFailed");
        let text = message(&outcome);
        assert!(text.contains(name) && text.contains("Permission denied"), "{text}");
    }
}

#[test]
fn as_root_through_sudo_it_is_said_whose_keys_they_are() {
    if !rustix::process::geteuid().is_root() {
        return skipped("sudo", "the tests do not run as root");
    }
    let desk = Desk::certified();
    desk.home("home/.gnupg");
    let outcome = with_variables(&desk, &[("SUDO_USER", "alice")]).expect_verdict(0, OK);
    let home = desk.sandbox.path("home/.gnupg");
    assert!(
        outcome
            .stderr
            .contains(&format!("the keys are those of {}", home.display()))
            && outcome.stderr.contains("alice"),
        "{outcome:?}"
    );
    let named = with_variables(&desk, &[("SUDO_USER", "alice"), ("GNUPGHOME", home.to_str().unwrap())]);
    assert!(!named.stderr.contains("sudo"), "{named:?}");
}

#[test]
fn a_home_on_a_read_only_file_system() {
    let allowed = Command::new("unshare")
        .args(["-m", "true"])
        .status()
        .is_ok_and(|s| s.success());
    if !allowed {
        return skipped("a read-only file system", "a mount namespace is not permitted here");
    }
    let desk = Desk::certified();
    let home = desk.home("h");
    let script = "mount --bind \"$1\" \"$1\" && mount -o remount,bind,ro \"$1\" && shift && exec \"$@\"";
    let mut command = desk.sandbox.command_of(Path::new("/usr/bin/unshare"));
    command
        .args(["-m", "sh", "-c", script, "sh"])
        .arg(&home)
        .arg(binary())
        .args(desk.args(&home, &[]));
    desk.sandbox.finish(&mut command, b"").expect_verdict(0, OK);
}
