// SPDX-License-Identifier: Apache-2.0
//! The script by which a part of an audit is run in a cluster.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use rustix::process::{kill_process, Pid, Signal};

use crate::support::deployment::templates;
use crate::support::program::wait_until;

/// A shell that is the first process of a container hands no signal on by itself.
#[test]
fn a_part_that_is_to_end_is_told_so_and_its_exit_status_kept() {
    let command = templates("job-indexed.yaml")[0]["containers"][0]["command"].clone();
    let script = command[2].as_str().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("image-signature");
    let own = "#!/bin/sh\ntrap 'echo told > told; exit 3' TERM\n: > begun\nwhile :; do sleep 0.1; done\n";
    fs::write(&program, own).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:/usr/bin:/bin", folder.path().display());
    let mut child = Command::new("/bin/sh")
        .args(["-c", script, "part"])
        .current_dir(folder.path())
        .env("PATH", path)
        .env("REPORT", "report")
        .env("TRY", "one")
        .spawn()
        .unwrap();
    wait_until("the program runs", || folder.path().join("begun").exists());
    fs::write(folder.path().join("report.one.unfinished"), "lines").unwrap();
    kill_process(Pid::from_raw(child.id().try_into().unwrap()).unwrap(), Signal::TERM).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(3));
    assert!(folder.path().join("told").exists());
    assert_eq!(fs::read_to_string(folder.path().join("report")).unwrap(), "lines");
}
