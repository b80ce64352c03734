// SPDX-License-Identifier: Apache-2.0
//! `packaging/files.txt` is what `make install` puts there, and what the RPM lists. `make check-packages` compares it
//! with the packages themselves.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Output};

use crate::packaging::recipes::read;
use crate::support::program::{binary, has, Sandbox};
use crate::support::skipped;

fn listed() -> BTreeSet<String> {
    read("packaging/files.txt").lines().map(str::to_owned).collect()
}

/// Every file and symbolic link below a directory.
fn found(directory: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut left = vec![directory.to_owned()];
    while let Some(next) = left.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_dir() {
                left.push(entry.path());
            } else {
                let path = entry.path();
                found.insert(format!("/{}", path.strip_prefix(directory).unwrap().display()));
            }
        }
    }
    found
}

/// Runs `make install` with what is built already, in a tree that is only read.
fn install(destination: &Path, options: &[&str]) -> Output {
    let program = destination.with_file_name("a program");
    std::fs::copy(binary(), &program).unwrap();
    Command::new("make")
        .env_clear()
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .args(["--silent", "--directory", env!("CARGO_MANIFEST_DIR"), "install"])
        .arg(format!("BINARY={}", program.display()))
        .arg(format!("DESTDIR={}", destination.display()))
        .args(options)
        .output()
        .unwrap()
}

#[test]
fn make_install_puts_exactly_the_listed_files_there() {
    if !has("make") {
        return skipped("make install", "make is not installed");
    }
    let sandbox = Sandbox::new();
    // Whatever has a name may have a space in it.
    let root = sandbox.path("a root");
    let run = install(&root, &["PREFIX=/usr"]);
    assert!(run.status.success(), "{run:?}");
    assert_eq!(found(&root), listed());
}

#[test]
fn make_install_obeys_the_prefix_and_the_places_that_distributions_choose() {
    if !has("make") {
        return skipped("make install", "make is not installed");
    }
    let sandbox = Sandbox::new();
    let root = sandbox.path("root");
    // rpm's make_install gives its own INSTALL, to keep the dates of files.
    let options = ["DOCDIR=/usr/share/doc/packages/image-signature", "INSTALL=install -p"];
    let run = install(&root, &options);
    assert!(run.status.success(), "{run:?}");
    let expected = listed()
        .into_iter()
        .map(|path| match path.strip_prefix("/usr/share/doc/") {
            Some(document) => format!("/usr/share/doc/packages/{document}"),
            None => path.replacen("/usr/", "/usr/local/", 1),
        })
        .collect();
    assert_eq!(found(&root), expected);
}

#[test]
fn what_is_installed_passes_the_trial_of_packages() {
    if !has("make") {
        return skipped("make install", "make is not installed");
    }
    let sandbox = Sandbox::new();
    let root = sandbox.path("root");
    let run = install(&root, &["PREFIX=/usr"]);
    assert!(run.status.success(), "{run:?}");
    let trial = Command::new("sh")
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/packaging/smoke.sh"))
        .arg(root.join("usr"))
        .env_clear()
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .output()
        .unwrap();
    assert!(trial.status.success(), "{}", String::from_utf8_lossy(&trial.stderr));
    assert!(trial.stdout.ends_with(b"smoke test passed\n"), "{trial:?}");
}

#[test]
fn from_the_source_tarball_nothing_of_the_program_is_run() {
    if !has("make") {
        return skipped("make install", "make is not installed");
    }
    let sandbox = Sandbox::new();
    let tree = sandbox.path("a tree");
    std::fs::create_dir_all(tree.join("tests/data")).unwrap();
    for (name, place) in [
        ("Makefile", ""),
        ("LICENSE", ""),
        ("README.md", ""),
        ("man", ""),
        ("packaging", ""),
        ("tests/data/example", "tests/data"),
    ] {
        let copied = Command::new("cp")
            .args(["-r", name])
            .arg(tree.join(place))
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .status()
            .unwrap();
        assert!(copied.success(), "{name}");
    }
    let script = tree.join("packaging/completions.sh");
    let made = Command::new(script)
        .arg(tree.join("completions"))
        .arg(binary())
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    // As of another machine: the kernel does not run it.
    let program = sandbox.file("program", [b"\x7fELF\x02\x01\x01".as_slice(), &[0; 57]].concat());
    let root = sandbox.path("root");
    let run = Command::new("make")
        .args(["--silent", "--directory"])
        .arg(&tree)
        .args(["install", "PREFIX=/usr"])
        .arg(format!("BINARY={}", program.display()))
        .arg(format!("DESTDIR={}", root.display()))
        .env_remove("PREFIX")
        .env_remove("MAKEFLAGS")
        .env_remove("MAKELEVEL")
        .output()
        .unwrap();
    assert!(run.status.success(), "{run:?}");
    assert_eq!(found(&root), listed());
    for (shell, place) in [
        ("bash", "/usr/share/bash-completion/completions/image-signature"),
        ("zsh", "/usr/share/zsh/site-functions/_image-signature"),
        ("fish", "/usr/share/fish/vendor_completions.d/image-signature.fish"),
    ] {
        let installed = std::fs::read_to_string(root.join(&place[1..])).unwrap();
        assert_eq!(
            installed,
            sandbox.run(["completion", shell]).expect(0).stdout,
            "{shell}"
        );
    }
}

/// Whether a pattern of the RPM recipe covers a path: a directory, a name, or a name with one star.
fn covers(pattern: &str, path: &str) -> bool {
    match pattern.split_once('*') {
        Some((begin, end)) => {
            let middle = path.strip_prefix(begin).and_then(|rest| rest.strip_suffix(end));
            middle.is_some_and(|middle| !middle.contains('/'))
        }
        None => path == pattern || (pattern.ends_with('/') && path.starts_with(pattern)),
    }
}

#[test]
fn the_rpm_lists_exactly_the_installed_files() {
    let spec = read("packaging/rpm/image-signature.spec");
    let (_, files) = spec.split_once("\n%files\n").unwrap();
    let (files, _) = files.split_once("\n%changelog").unwrap();
    let patterns: Vec<String> = files
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with("%license") && !line.starts_with('#'))
        .map(|line| line.strip_prefix("%doc ").unwrap_or(line))
        .map(|line| {
            line.replace("%{_bindir}", "/usr/bin")
                .replace("%{_mandir}", "/usr/share/man")
                .replace("%{_docdir}", "/usr/share/doc")
                .replace("%{_datadir}", "/usr/share")
                .replace("%{_unitdir}", "/usr/lib/systemd/system")
                .replace("%{bash_completions_dir}", "/usr/share/bash-completion/completions")
                .replace("%{zsh_completions_dir}", "/usr/share/zsh/site-functions")
                .replace("%{fish_completions_dir}", "/usr/share/fish/vendor_completions.d")
                .replace("%{name}", "image-signature")
        })
        .collect();
    assert!(
        patterns.len() > 3 && patterns.iter().all(|pattern| !pattern.contains('%')),
        "{patterns:?}"
    );
    // rpm has its own place for licences.
    let listed: BTreeSet<String> = listed()
        .into_iter()
        .filter(|path| !path.starts_with("/usr/share/licenses/"))
        .collect();
    for path in &listed {
        let times = patterns.iter().filter(|pattern| covers(pattern, path)).count();
        assert_eq!(times, 1, "{path}: covered {times} times by {patterns:?}");
    }
    for pattern in &patterns {
        assert!(
            listed.iter().any(|path| covers(pattern, path)),
            "{pattern} covers nothing"
        );
    }
}
