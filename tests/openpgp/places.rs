// SPDX-License-Identifier: Apache-2.0
//! Where temporary keyrings are made: only below directories that nobody else can replace.

use std::fs;
use std::os::unix::fs::{chown, symlink, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::trial::{signed_payload, Trial};
use crate::support::program::Outcome;
use crate::support::skipped;
use crate::support::system::{can_be_had, System};

const VERIFIED: &str = "Verified/Verified";

/// The user ID of somebody else.
const OTHER: u32 = 61234;

/// A key file and a signature, and directories of which some are not to be used.
struct Scene {
    trial: Trial,
    blob: Vec<u8>,
}

impl Scene {
    fn new() -> Self {
        let (trial, signer, key) = Trial::with_signer();
        let blob = signer.sign(&key, &signed_payload());
        Self { trial, blob }
    }

    fn directory(&self, name: &str, owner: Option<u32>, mode: u32) -> PathBuf {
        let path = self.trial.sandbox.path(name);
        fs::create_dir_all(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        chown(&path, owner, owner).unwrap();
        path
    }

    /// Places that must not be used, and what is said of each.
    fn refused(&self) -> Vec<(PathBuf, &'static str)> {
        let mut found = vec![
            (self.directory("open", None, 0o777), "no sticky bit"),
            (self.directory("group", None, 0o770), "no sticky bit"),
            (self.directory("others", None, 0o702), "no sticky bit"),
            (
                self.directory("missing/parent", None, 0o700).join("none"),
                "No such file",
            ),
            (self.trial.sandbox.file("file", "x"), "is not a directory"),
        ];
        let below = self.directory("open-parent/own", None, 0o700);
        self.directory("open-parent", None, 0o777);
        found.push((below.clone(), "no sticky bit"));
        let link = self.trial.sandbox.path("link-to-open");
        symlink(&below, &link).unwrap();
        found.push((link, "no sticky bit"));
        if rustix::process::geteuid().is_root() {
            found.push((self.directory("theirs", Some(OTHER), 0o700), "another user"));
            found.push((self.directory("theirs-sticky", Some(OTHER), 0o1777), "another user"));
            let below = self.directory("theirs-parent/own", None, 0o700);
            self.directory("theirs-parent", Some(OTHER), 0o755);
            found.push((below, "another user"));
        } else {
            skipped("directories of another user", "only root can give directories away");
        }
        found
    }

    /// Places that may be used.
    fn accepted(&self) -> Vec<PathBuf> {
        let own = self.directory("own", None, 0o700);
        let link = self.trial.sandbox.path("link-to-own");
        symlink(&own, &link).unwrap();
        let below = self.directory("sticky-parent/own", None, 0o755);
        self.directory("sticky-parent", None, 0o1777);
        vec![own, link, below, self.directory("sticky", None, 0o1777)]
    }
}

/// Whether anything was made in a directory while something ran.
fn used(place: &Path, run: impl FnOnce() -> Outcome) -> (bool, Outcome) {
    let touch = |place: &Path| {
        Command::new("touch")
            .args(["-d", "2001-01-01 00:00:00"])
            .arg(place)
            .status()
            .is_ok_and(|status| status.success())
    };
    let before = (place.exists() && touch(place)).then(|| fs::metadata(place).unwrap().mtime());
    let outcome = run();
    let after = fs::metadata(place).ok().map(|meta| meta.mtime());
    (before != after, outcome)
}

#[test]
fn the_runtime_directory_is_used_only_where_nobody_can_replace_what_is_in_it() {
    let scene = Scene::new();
    let run = |place: &Path| {
        let mut command = scene.trial.command(&[&scene.blob]);
        command.env("XDG_RUNTIME_DIR", place);
        scene
            .trial
            .sandbox
            .finish(&mut command, b"")
            .expect_verdict(0, VERIFIED)
    };
    for place in scene.accepted() {
        assert!(used(&place, || run(&place)).0, "{} was not used", place.display());
        assert_eq!(fs::read_dir(place).unwrap().count(), 0);
    }
    for (place, _) in scene.refused() {
        assert!(!used(&place, || run(&place)).0, "{} was used", place.display());
    }
}

#[test]
fn the_other_places_are_judged_alike_and_each_is_named_with_the_reason() {
    if !can_be_had() {
        return skipped("the other places", crate::support::system::why_not());
    }
    if !rustix::process::geteuid().is_root() {
        return skipped("the other places", "only root can give directories away");
    }
    let scene = Scene::new();
    let sandbox = &scene.trial.sandbox;
    let shm = scene.directory("as-shm", None, 0o777);
    let tmp = scene.directory("as-tmp", Some(OTHER), 0o1777);
    let run = |system: &System, temporary: &Path| {
        let mut command = scene.trial.command_of(system.command(sandbox), &[&scene.blob]);
        command.env_remove("XDG_RUNTIME_DIR").env("TMPDIR", temporary);
        sandbox.finish(&mut command, b"")
    };
    let without_shm = System::new().replace("/dev/shm", &shm);
    for place in scene.accepted() {
        let (was_used, outcome) = used(&place, || run(&without_shm, &place));
        assert!(was_used, "{}: {outcome:#?}", place.display());
        outcome.expect_verdict(0, VERIFIED);
    }
    let nowhere = System::new()
        .replace("/dev/shm", &shm)
        .replace_tree("/tmp", &tmp, sandbox.root());
    for (place, why) in scene.refused() {
        let (was_used, outcome) = used(&place, || run(&nowhere, &place));
        assert!(!was_used, "{} was used", place.display());
        let text = outcome.item()["message"].as_str().unwrap().to_owned();
        for words in [
            "/dev/shm (others can write to /dev/shm (mode 0777)",
            &format!("{} (", place.display()),
            why,
            &format!("/tmp (/tmp belongs to another user, uid {OTHER})"),
        ] {
            assert!(text.contains(words), "no {words:?} in {text}");
        }
        outcome.expect_verdict(3, "Unchecked/EngineFailed");
        assert_eq!(fs::read_dir(&shm).unwrap().count(), 0);
    }
}

/// Whoever owns the place could put a link there while a left-over is being removed.
#[test]
fn in_a_place_that_is_not_used_nothing_is_swept() {
    let scene = Scene::new();
    for (place, _) in scene.refused().into_iter().filter(|(place, _)| place.is_dir()) {
        let dead = place.join("image-signature-0123456789abcdef");
        fs::create_dir(&dead).unwrap();
        fs::write(dead.join("in-use"), "").unwrap();
        let mut command = scene.trial.command(&[&scene.blob]);
        command.env("XDG_RUNTIME_DIR", &place);
        scene
            .trial
            .sandbox
            .finish(&mut command, b"")
            .expect_verdict(0, VERIFIED);
        assert!(dead.exists(), "{} was swept", place.display());
        fs::remove_dir_all(dead).unwrap();
    }
}
