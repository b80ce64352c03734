// SPDX-License-Identifier: Apache-2.0
//! What scripts that build and test do, in a tree of their own where others stand for the programs that they call.

use std::fs;
use std::os::unix::fs::{symlink, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;

/// What each shell script needs.
const TOOLS: [&str; 26] = [
    "sh", "awk", "basename", "cat", "cp", "date", "dirname", "env", "find", "grep", "gzip", "ls", "mkdir", "mktemp",
    "nproc", "rm", "sed", "sort", "tail", "tar", "tee", "touch", "tr", "true", "uniq", "xz",
];

/// A tree with some of the scripts, in a path with a space.
struct Tree {
    directory: tempfile::TempDir,
}

impl Tree {
    fn of(scripts: &[&str]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let tree = Self { directory };
        for name in scripts {
            let own = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
            let path = tree.root().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::copy(own, path).unwrap();
        }
        fs::create_dir_all(tree.root().join("bin")).unwrap();
        for tool in TOOLS {
            let found = std::env::split_paths("/usr/bin:/bin").map(|folder| folder.join(tool));
            let found = found.into_iter().find(|path| path.exists());
            symlink(
                found.unwrap_or_else(|| panic!("{tool}")),
                tree.root().join("bin").join(tool),
            )
            .unwrap();
        }
        tree
    }

    fn root(&self) -> PathBuf {
        self.directory.path().join("a checkout")
    }

    /// A script of another content.
    fn put(&self, name: &str, text: &str) {
        let path = self.root().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Both outputs in one, where nothing is installed but the tools above and what was put into `bin`, and whether it succeeded.
    fn run(&self, command: &[&str]) -> (String, bool) {
        let run = Command::new("/bin/sh")
            .args(["-c", "exec \"$@\" 2>&1", "sh"])
            .args(command)
            .current_dir(self.root())
            .env("PATH", self.root().join("bin"))
            .env("CARGO", "cargo")
            .env("SIGNALS_ARE_DEFAULT", "yes")
            .env("SOURCE_DATE_EPOCH", "1")
            .output()
            .unwrap();
        (String::from_utf8(run.stdout).unwrap(), run.status.success())
    }
}

/// Stands for a cargo that builds one test program.
const CARGO: &str =
    "echo '   Compiling example v1.0.0'; echo '  Executable tests/example.rs (target/debug/deps/example-1234)'";

/// The last lines are what people read, and CI collects.
#[test]
fn checks_whose_program_is_missing_are_named_at_the_end() {
    let tree = Tree::of(&["packaging/check.sh"]);
    tree.put("bin/cargo", "exit 0");
    for (status, end) in [(0, ""), (1, "\nFAILED: tests\n")] {
        tree.put("packaging/tests.sh", &format!("echo tests ran; exit {status}"));
        let (shown, succeeded) = tree.run(&["packaging/check.sh"]);
        assert_eq!(succeeded, status == 0, "{shown}");
        let (_, after) = shown.split_once("tests ran\n").unwrap();
        let missing = [
            ("format", "rustfmt"),
            ("lints", "cargo-clippy"),
            ("licences and bans", "cargo-deny"),
            ("shell scripts", "shellcheck"),
        ];
        let missing: String = missing
            .map(|(check, tool)| format!("SKIPPED: {check}: {tool} is not installed\n"))
            .concat();
        assert_eq!(after, format!("\n== checks that did not run\n{missing}{end}"));
        tree.put("bin/shellcheck", "exit 0");
        let (shown, _) = tree.run(&["packaging/check.sh"]);
        assert!(!shown.contains("shellcheck is not"), "{shown}");
        fs::remove_file(tree.root().join("bin/shellcheck")).unwrap();
    }
}

#[test]
fn ci_collects_checks_that_did_not_run_whatever_the_others_say() {
    for status in [0, 1] {
        let tree = Tree::of(&[".ci/run", "packaging/left-out.sh"]);
        let skipped = "SKIPPED: format: rustfmt is not installed";
        tree.put(
            "bin/make",
            &format!("if [ $1 = check ]; then echo 'SKIPPED: of a test'; printf '\\n== checks that did not run\\n{skipped}\\n'; exit {status}; fi"),
        );
        for script in ["tests.sh", "deps.sh", "check-debian-13.sh"] {
            tree.put(&format!("packaging/{script}"), "exit 0");
        }
        let (shown, succeeded) = tree.run(&[".ci/run"]);
        assert_eq!(succeeded, status == 0, "{shown}");
        let (_, parts) = shown.split_once("\n==== Parts\n").unwrap();
        let told: Vec<&str> = parts.lines().filter(|line| line.starts_with("SKIPPED")).collect();
        assert_eq!(
            told,
            ["SKIPPED: make check: format: rustfmt is not installed"],
            "{shown}"
        );
    }
}

#[test]
fn modules_that_do_not_run_elsewhere_are_named_and_building_is_shown() {
    for (place, enter, more) in [
        ("debian-13", "chroot.sh", &[][..]),
        ("ordinary-user", "as-user.sh", &["corpus", "vectors"]),
    ] {
        let tree = Tree::of(&["packaging/tests.sh", "packaging/progress.sh", "packaging/left-out.sh"]);
        tree.put("bin/cargo", CARGO);
        tree.put(
            "packaging/programs.sh",
            "echo \"running $(cat \"$1\")\"; shift; echo \"arguments $*\"",
        );
        let first = if enter == "chroot.sh" { "shift; " } else { "" };
        tree.put(&format!("packaging/{enter}"), &format!("{first}exec \"$@\""));
        let (shown, succeeded) = tree.run(&["packaging/tests.sh", place]);
        assert!(succeeded, "{shown}");
        assert!(shown.contains("Compiling example"), "{shown}");
        assert!(shown.contains("running target/debug/deps/example-1234\n"), "{shown}");
        let arguments = shown.lines().find_map(|line| line.strip_prefix("arguments ")).unwrap();
        let skipped: Vec<&str> = arguments.split("--skip ").filter(|word| !word.is_empty()).collect();
        let (_, end) = shown
            .split_once("== tests, or parts of them, that did not run\n")
            .unwrap();
        let told: Vec<&str> = end
            .lines()
            .filter_map(|line| line.strip_prefix("SKIPPED: "))
            .flat_map(|line| line.split(": ").next().unwrap().split(' '))
            .collect();
        assert_eq!(told.len(), skipped.len(), "{shown}");
        for module in skipped {
            assert!(
                told.contains(&module.trim().trim_end_matches("::")),
                "{module}: {shown}"
            );
        }
        for module in ["packaging", "rules::floors"].iter().chain(more) {
            assert!(told.contains(module), "{module}: {shown}");
        }
    }
}

#[test]
fn what_does_not_compile_is_shown_and_fails() {
    let tree = Tree::of(&["packaging/tests.sh", "packaging/progress.sh", "packaging/left-out.sh"]);
    tree.put("bin/cargo", "echo 'error: it does not compile'; exit 101");
    tree.put("packaging/as-user.sh", "exec \"$@\"");
    let (shown, succeeded) = tree.run(&["packaging/tests.sh", "ordinary-user"]);
    assert!(!succeeded && shown.contains("error: it does not compile"), "{shown}");
}

/// Neither rpm's own scripts nor debhelper bear one.
#[test]
fn packages_of_a_checkout_whose_path_has_a_space_are_built_elsewhere() {
    let stand_in = |result: &str| format!("pwd; printf '%s\\n' \"$@\"; {result}");
    let tree = Tree::of(&[
        "packaging/rpm.sh",
        "packaging/deb.sh",
        "packaging/version.sh",
        "packaging/date.sh",
        "Cargo.toml",
    ]);
    let name = format!("image-signature-{}", env!("CARGO_PKG_VERSION"));
    tree.put("packaging/deps.sh", "exit 0");
    tree.put("packaging/offline.sh", "exec \"$@\"");
    tree.put("bin/dh", "exit 0");
    tree.put(
        "bin/rpmbuild",
        &stand_in("for word; do case $word in '_rpmdir '*) out=${word#* }; esac; done; mkdir -p \"$out\"; touch \"$out/x.rpm\""),
    );
    tree.put("bin/dpkg-buildpackage", &stand_in("touch ../x.deb"));
    // The sources as `make dist` packs them, with no more than is read here.
    tree.put(&format!("{name}/packaging/debian-crates.sh"), "echo \"crates $1\"");
    tree.put(&format!("{name}/packaging/offline.sh"), "exec \"$@\"");
    tree.put(&format!("{name}/packaging/debian/copyright"), "");
    tree.put("vendor/crate", "");
    let pack = format!(
        "mkdir packaging/out && tar -czf packaging/out/{name}.tar.gz {name} && tar -cJf packaging/out/{name}-vendor.tar.xz vendor"
    );
    let (shown, succeeded) = tree.run(&["sh", "-c", &pack]);
    assert!(succeeded, "{shown}");
    for (script, package) in [("packaging/rpm.sh", "x.rpm"), ("packaging/deb.sh", "x.deb")] {
        let (shown, succeeded) = tree.run(&[script]);
        assert!(
            succeeded && tree.root().join("packaging/out").join(package).exists(),
            "{script}: {shown}"
        );
        // Where it is built, and what is told of directories there.
        let path = shown
            .lines()
            .find(|line| line.starts_with("/var/tmp/") || line.contains(" /var/tmp/"));
        let path = path.unwrap_or_else(|| panic!("{script}: {shown}"));
        let path = &path[path.find("/var/tmp/").unwrap()..];
        assert!(!path.contains(' '), "{shown}");
        assert!(!Path::new(path).exists(), "{path} is left");
    }
}
