// SPDX-License-Identifier: Apache-2.0
//! A system of one's own to configure and to break: a private mount namespace for one run of the program.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::program::{binary, Sandbox};

/// What is changed about the system for one run.
#[derive(Debug, Default)]
pub struct System {
    /// Names of files below `/etc`, and their content.
    etc: Vec<(String, String)>,
    /// Other files, and what stands in their place.
    replaced: Vec<(PathBuf, PathBuf)>,
    /// Directories, what stands in their place, and what of them is kept in it.
    trees: Vec<(PathBuf, PathBuf, PathBuf)>,
    /// Directories that become read-only.
    read_only: Vec<PathBuf>,
    /// Directories that become file systems of so many KiB.
    small: Vec<(PathBuf, u32)>,
}

impl System {
    pub fn new() -> Self {
        Self::default()
    }

    /// With this as GnuPG's system-wide configuration.
    pub fn with_gpg_conf(options: &str) -> Self {
        Self::new().etc("gnupg/gpg.conf", options)
    }

    pub fn etc(mut self, file: &str, content: &str) -> Self {
        self.etc.push((file.to_owned(), format!("{content}\n")));
        self
    }

    /// Puts a file in the place of another one.
    pub fn replace(mut self, place: &str, by: &Path) -> Self {
        self.replaced.push((place.into(), by.to_owned()));
        self
    }

    /// Puts a directory in the place of another one, but for one directory right in it.
    pub fn replace_tree(mut self, place: &str, by: &Path, kept: &Path) -> Self {
        self.trees.push((place.into(), by.to_owned(), kept.to_owned()));
        self
    }

    pub fn read_only(mut self, directory: &Path) -> Self {
        self.read_only.push(directory.to_owned());
        self
    }

    pub fn small(mut self, directory: &Path, size: u32) -> Self {
        self.small.push((directory.to_owned(), size));
        self
    }

    /// The program in this system; arguments follow.
    pub fn command(&self, sandbox: &Sandbox) -> Command {
        let mut script = String::from("set -e\n");
        if !self.etc.is_empty() {
            let layer = sandbox.path("etc");
            let _ = fs::remove_dir_all(&layer);
            for (file, content) in &self.etc {
                sandbox.file(&format!("etc/{file}"), content);
            }
            script += &format!("mount -t overlay -o lowerdir={}:/etc overlay /etc\n", layer.display());
        }
        for (place, by) in &self.replaced {
            script += &format!("mount --bind {} {}\n", by.display(), place.display());
        }
        for (place, by, kept) in &self.trees {
            let name = Path::new(kept.file_name().unwrap());
            fs::create_dir_all(by.join(name)).unwrap();
            let (place, by, kept, name) = (place.display(), by.display(), kept.display(), name.display());
            script += &format!("mount --bind {kept} {by}/{name}\nmount --rbind {by} {place}\ncd {kept}\n");
        }
        for directory in &self.read_only {
            let directory = directory.display();
            script += &format!("mount --bind {directory} {directory}\nmount -o remount,ro,bind {directory}\n");
        }
        for (directory, size) in &self.small {
            let directory = directory.display();
            script += &format!("mount -t tmpfs -o size={size}k,mode=700 tmpfs {directory}\n");
        }
        script += "exec \"$@\"\n";
        let mut command = sandbox.command_of("/usr/bin/unshare".as_ref());
        command
            .args(namespace())
            .args(["--", "sh", "-c", &script, "sh"])
            .arg(binary());
        command
    }
}

/// Options of `unshare`: whoever is not root becomes root in a user namespace of his own, where that is permitted.
pub fn namespace() -> &'static [&'static str] {
    match rustix::process::geteuid().is_root() {
        true => &["--mount"],
        false => &["--mount", "--map-root-user"],
    }
}

/// Whether such a system can be had here: it takes a kernel that lets this user mount.
pub fn can_be_had() -> bool {
    let sandbox = Sandbox::new();
    let layer = sandbox.path("layer");
    fs::create_dir(&layer).unwrap();
    let script = format!("mount -t overlay -o lowerdir={}:/etc overlay /etc", layer.display());
    Command::new("unshare")
        .args(namespace())
        .args(["--", "sh", "-c", &script])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Whether a mount namespace can be had here.
pub fn mounts_are_permitted() -> bool {
    Command::new("unshare")
        .args(namespace())
        .arg("true")
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Why no command can be run as another user here, if so.
pub fn cannot_become_another() -> Option<&'static str> {
    if !rustix::process::geteuid().is_root() {
        Some("it takes root to become somebody else")
    } else if !super::program::has("setpriv") {
        Some("setpriv is not installed")
    } else {
        None
    }
}

/// Why neither can be had here.
pub fn why_not() -> &'static str {
    match rustix::process::geteuid().is_root() {
        true => "a mount namespace is not permitted here",
        false => "this user may not make a mount namespace; it needs root",
    }
}

impl Sandbox {
    /// Puts a copy of a program there, by another process (see [`Sandbox::program`]), unless there is one, which may be running.
    pub fn copy_of(&self, program: impl AsRef<Path>, name: &str) -> PathBuf {
        let path = self.path(name);
        if !path.exists() {
            let mut command = Command::new("/bin/cp");
            command.arg("--").arg(program.as_ref()).arg(&path);
            assert!(command.status().unwrap().success(), "{}", path.display());
        }
        path
    }
}
