// SPDX-License-Identifier: Apache-2.0
//! The processes of this machine as /proc shows them (proc(5)). The table is not made in one moment.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// The children of this process.
pub(super) fn children() -> Vec<u32> {
    let Ok(threads) = fs::read_dir("/proc/self/task") else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for thread in threads.flatten() {
        match fs::read_to_string(thread.path().join("children")) {
            Ok(text) => found.extend(text.split_ascii_whitespace().filter_map(|pid| pid.parse::<u32>().ok())),
            // The thread has ended; or the kernel has no such list.
            Err(_) if thread.path().exists() => {
                let own = std::process::id();
                return parents()
                    .into_iter()
                    .filter(|(_, p)| *p == own)
                    .map(|(c, _)| c)
                    .collect();
            }
            Err(_) => {}
        }
    }
    found
}

/// What a process calls itself: the name of its program, or of the thread that forked it.
pub(super) fn name(pid: u32) -> Option<String> {
    let text = fs::read_to_string(format!("/proc/{pid}/comm")).ok()?;
    Some(text.trim_end().to_owned())
}

/// Whether a process has ended, and is only waited for or gone.
pub(super) fn has_ended(pid: u32) -> bool {
    let stat = fs::read(format!("/proc/{pid}/stat")).unwrap_or_default();
    let text = String::from_utf8_lossy(&stat);
    let state = text.rsplit_once(')').map(|(_, rest)| rest.trim_start());
    state.is_none_or(|state| state.starts_with(['Z', 'X']))
}

/// Each process that can be seen, and its parent.
pub(super) fn parents() -> HashMap<u32, u32> {
    let mut found = HashMap::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        let Ok(stat) = fs::read(entry.path().join("stat")) else {
            continue;
        };
        // pid (name) state parent ...; a name may have parentheses and spaces in it.
        let text = String::from_utf8_lossy(&stat);
        let parent = text
            .rsplit_once(')')
            .and_then(|(_, rest)| rest.split_ascii_whitespace().nth(1)?.parse().ok());
        if let Some(parent) = parent {
            found.insert(pid, parent);
        }
    }
    found
}

/// Everything below a process, by a list of each process and its parent.
pub(super) fn below(top: u32, parents: &HashMap<u32, u32>) -> Vec<u32> {
    let is_below = |pid: u32| {
        let mut seen = HashSet::new();
        let mut at = pid;
        while let Some(parent) = parents.get(&at) {
            if *parent == top {
                return true;
            }
            // The list was not made in one moment.
            if !seen.insert(at) {
                return false;
            }
            at = *parent;
        }
        false
    };
    parents.keys().copied().filter(|pid| is_below(*pid)).collect()
}

/// Whether a process was given this directory: as an argument, or in its environment.
pub(super) fn works_in(pid: u32, directory: &Path) -> bool {
    let directory = directory.as_os_str().as_bytes();
    let variable = [b"GNUPGHOME=", directory].concat();
    // Before 1.24, gpgme wrote the option and the directory as two words.
    let option = [b"--homedir=", directory].concat();
    let has = |file: &str, words: &[&[u8]]| {
        let content = fs::read(format!("/proc/{pid}/{file}")).unwrap_or_default();
        content.split(|byte| *byte == 0).any(|word| words.contains(&word))
    };
    has("environ", &[&variable]) || has("cmdline", &[directory, &option])
}

/// Whether a process has a pipe open, by its inode.
pub(super) fn writes_to(pid: u32, pipe: u64) -> bool {
    let files = fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
    let pipe = format!("pipe:[{pipe}]");
    files
        .filter_map(|file| fs::read_link(file.path()).ok())
        .any(|target| target.as_os_str() == pipe.as_str())
}
