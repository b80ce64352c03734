// SPDX-License-Identifier: Apache-2.0
//! Where the keyring is, and in which of GnuPG's forms.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use crate::keyring::{message, Desk, IDENTITY, OK};
use crate::support::calls::verify_image_json;
use crate::support::program::{binary, has, Outcome};
use crate::support::skipped;
use crate::support::system::{can_be_had, cannot_become_another, mounts_are_permitted, namespace, why_not, System};

/// Verifies without `--homedir`: the variables say where the keyring is.
fn with_variables(desk: &Desk, variables: &[(&str, &str)]) -> Outcome {
    let mut command = desk.sandbox.command();
    command
        .args(verify_image_json(IDENTITY))
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

/// Without HOME it is the password file that names the home directory: one of the test's own here.
#[test]
fn without_a_home_variable_the_password_file_decides() {
    if !can_be_had() {
        return skipped("a password file", why_not());
    }
    let desk = Desk::certified();
    let home = desk.sandbox.path("elsewhere");
    let system = System::new().etc("passwd", &format!("root:x:0:0::{}:/bin/sh", home.display()));
    for (keyring, status, verdict) in [(false, 3, "Unchecked/EngineFailed"), (true, 0, OK)] {
        if keyring {
            desk.home("elsewhere/.gnupg");
        }
        for variable in [Some(""), None] {
            let mut command = system.command(&desk.sandbox);
            command.args(verify_image_json(IDENTITY)).env_remove("HOME");
            if let Some(value) = variable {
                command.env("HOME", value);
            }
            let outcome = desk.sandbox.finish(&mut command, b"").expect_verdict(status, verdict);
            if !keyring {
                let directory = home.join(".gnupg");
                assert!(message(&outcome).contains(directory.to_str().unwrap()), "{outcome:#?}");
            }
        }
    }
}

/// A user whom the password file does not have, as in many containers.
#[test]
fn without_a_home_directory_at_all() {
    if let Some(why) = cannot_become_another() {
        return skipped("a user without home directory", why);
    }
    let desk = Desk::certified();
    let uid = 0x7000_0000 + std::process::id() % 0x10_0000;
    let mut command = as_user(&desk, uid);
    command.args(verify_image_json(IDENTITY)).env_remove("HOME");
    let outcome = desk.sandbox.finish(&mut command, b"");
    let text = message(&outcome.expect_verdict(3, "Unchecked/EngineFailed"));
    for words in ["no home directory", "--homedir", "--public-key"] {
        assert!(text.contains(words), "no {words:?} in {text:?}");
    }
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
fn a_home_that_is_missing_or_no_directory_is_trouble() {
    let desk = Desk::certified();
    let missing = desk.sandbox.path("missing");
    let outcome = desk.run(&missing, &[]).expect_verdict(3, "Unchecked/EngineFailed");
    let text = message(&outcome);
    let own = missing.display();
    let line = format!("mkdir -m 700 {own} && gpg --homedir {own} --import FILE");
    for words in ["there is no GnuPG home", &line, "--public-key FILE"] {
        assert!(text.contains(words), "no {words:?} in {text:?}");
    }
    assert!(!missing.exists());
    // What is told works as it is typed, for the usual name of a home without making it first.
    fs::create_dir_all(desk.sandbox.path("user")).unwrap();
    for (home, makes) in [
        ("missing", "mkdir -m 700 "),
        ("user/.gnupg", ""),
        ("away/.gnupg", "mkdir -p -m 700 "),
        ("far/from/here", "mkdir -p -m 700 "),
    ] {
        let home = desk.sandbox.path(home);
        let text = message(&desk.run(&home, &[]));
        assert_eq!(text.contains("mkdir"), !makes.is_empty(), "{text}");
        assert!(text.contains(makes), "{text}");
        let line = text.split("key with: ").nth(1).unwrap().split(';').next().unwrap();
        let file = desk.sandbox.path("exported.gpg");
        fs::write(&file, desk.publisher.gpg(&["--export"], b"")).unwrap();
        let line = line.replace("FILE", file.to_str().unwrap());
        let mut command = desk.sandbox.command_of("/bin/sh".as_ref());
        desk.sandbox.finish(command.args(["-c", &line]), b"").expect(0);
        assert!(home.join("pubring.kbx").exists());
    }
    let file = desk.sandbox.file("file", "x");
    desk.run(&file, &[]).expect_verdict(3, "Unchecked/EngineFailed");
    // Relative to where the program is started, as for gpg.
    desk.home("relative");
    with_variables(&desk, &[("GNUPGHOME", "relative")]).expect_verdict(0, OK);
    with_variables(&desk, &[("GNUPGHOME", "./relative/../relative/")]).expect_verdict(0, OK);
    with_variables(&desk, &[("GNUPGHOME", "~/relative")]).expect_verdict(3, "Unchecked/EngineFailed");
    // For gpg that is the home of a user.
    desk.home("~root");
    let outcome = desk.run("~root".as_ref(), &[]).expect(2);
    assert!(outcome.stderr.contains("in full (./~root"), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("--homedir ~root"), "{}", outcome.stderr);
    let outcome = with_variables(&desk, &[("GNUPGHOME", "~root")]).expect(2);
    assert!(outcome.stderr.contains("GNUPGHOME ~root"), "{}", outcome.stderr);
    // It stops nothing where no home is read.
    let policy = desk.sandbox.file("policy.json", r#"{"default":[{"type":"reject"}]}"#);
    let mut command = desk.sandbox.command();
    command.args(verify_image_json(IDENTITY)).arg("--policy").arg(policy);
    let outcome = desk.sandbox.finish(command.env("GNUPGHOME", "~root"), b"");
    outcome.expect_verdict(1, "Rejected/PolicyRejected");
    desk.run("./~root".as_ref(), &[]).expect_verdict(0, OK);
}

#[test]
fn where_validity_decides_a_home_without_owner_trust_is_trouble() {
    let desk = Desk::certified();
    let home = desk.home("h");
    let file = home.join("trustdb.gpg");
    let good = fs::read(&file).unwrap();
    for (content, said) in [(None, "is not there"), (Some(&b""[..]), "is empty")] {
        fs::remove_file(&file).unwrap();
        if let Some(content) = content {
            fs::write(&file, content).unwrap();
        }
        let outcome = desk.run(&home, &[]).expect_verdict(3, "Unchecked/EngineFailed");
        let text = message(&outcome);
        for words in [
            "trustdb.gpg",
            said,
            "h --import-ownertrust FILE",
            "--signed-by",
            "--public-key",
        ] {
            assert!(text.contains(words), "no {words:?} in {text:?}");
        }
        // Where it does not decide, nothing is missing.
        desk.run(&home, &["--signed-by", &desk.key]).expect_verdict(0, OK);
        desk.run(&home, &["--trust-model", "always"]).expect_verdict(0, OK);
        assert_eq!(fs::read(&file).ok().as_deref(), content);
        fs::write(&file, &good).unwrap();
    }
    desk.run(&home, &[]).expect_verdict(0, OK);
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

/// The program as another user, who has temporary directories of its own.
fn as_user(desk: &Desk, uid: u32) -> Command {
    fs::set_permissions(desk.sandbox.root(), fs::Permissions::from_mode(0o755)).unwrap();
    for name in ["run", "tmp"] {
        std::os::unix::fs::chown(desk.sandbox.path(name), Some(uid), Some(uid)).unwrap();
    }
    // The program may stand where nobody else can go.
    let program = desk.sandbox.copy_of(binary(), "program");
    let mut command = desk.sandbox.command_of(Path::new("/usr/bin/setpriv"));
    command
        .args([
            format!("--reuid={uid}"),
            format!("--regid={uid}"),
            "--clear-groups".into(),
        ])
        .arg(program);
    command
}

fn as_nobody(desk: &Desk, home: &Path) -> Outcome {
    let mut command = as_user(desk, 65534);
    command.args(desk.args(home, &[]));
    desk.sandbox.finish(&mut command, b"")
}

#[test]
fn a_keyring_that_may_not_be_read_is_trouble_and_no_unknown_key() {
    if let Some(why) = cannot_become_another() {
        return skipped("an unreadable keyring", why);
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
        let next = format!("ls -l {} shows who may read it", home.join(name).display());
        assert!(text.contains(&next), "{text}");
    }
}

/// Whether there is such a file in it is then unknown.
#[test]
fn a_directory_that_cannot_be_entered_is_named_itself() {
    if let Some(why) = cannot_become_another() {
        return skipped("a directory that cannot be entered", why);
    }
    let desk = Desk::certified();
    let home = desk.home("h");
    fs::set_permissions(&home, fs::Permissions::from_mode(0o700)).unwrap();
    let image = desk.sandbox.path("image");
    fs::create_dir(&image).unwrap();
    fs::set_permissions(&image, fs::Permissions::from_mode(0o744)).unwrap();
    let closed = |path: &Path| {
        let path = path.display();
        format!("Permission denied: directory {path} cannot be entered; ls -ld {path} shows who may")
    };
    let text = message(&as_nobody(&desk, &home).expect_verdict(3, "Unchecked/EngineFailed"));
    assert!(text.contains(&closed(&home)), "{text}");
    let mut command = as_user(&desk, 65534);
    let image_name = format!("dir:{}", image.display());
    command.args(["verify", &image_name, "--expected-identity", IDENTITY, "-o", "json"]);
    let text = message(&desk.sandbox.finish(&mut command, b"").expect(3));
    assert!(text.contains(&closed(&image)), "{text}");
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
    if !mounts_are_permitted() {
        return skipped("a read-only file system", why_not());
    }
    let desk = Desk::certified();
    let home = desk.home("h");
    let script = "mount --bind \"$1\" \"$1\" && mount -o remount,bind,ro \"$1\" && shift && exec \"$@\"";
    let mut command = desk.sandbox.command_of(Path::new("/usr/bin/unshare"));
    command
        .args(namespace())
        .args(["sh", "-c", script, "sh"])
        .arg(&home)
        .arg(binary())
        .args(desk.args(&home, &[]));
    desk.sandbox.finish(&mut command, b"").expect_verdict(0, OK);
}
