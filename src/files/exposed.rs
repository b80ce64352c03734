// SPDX-License-Identifier: Apache-2.0
//! Files that decide what is trusted, and that anybody can write to.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use crate::text::safe;

/// Permission bit: users who are neither the owner nor in the group can write.
const WRITABLE_BY_ALL: u32 = 0o002;

/// Permission bit of directories: only its owner can replace a file in it.
const STICKY: u32 = 0o1000;

/// What was warned of in this run: a key file of a policy, for one, is read once for each purpose.
static SAID: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// Logs a warning, once in a run.
fn say(warning: String) {
    let mut said = SAID.lock().unwrap_or_else(PoisonError::into_inner);
    if !said.contains(&warning) {
        log::warn!("{warning}");
        said.insert(warning);
    }
}

/// Warns in the log where every user of this machine can write to a file or replace it, which is called `what` in messages
/// (`kubeconfig`, `key file`, `policy`, `keyring`): whoever can decides what this run accepts. Nothing is said of pipes and devices, nor of
/// a file that is not there, which its reader tells of.
pub fn warn(what: &str, path: &Path) {
    let Ok(meta) = fs::metadata(path) else {
        return;
    };
    if !meta.is_file() {
        return;
    }
    let shown = safe(&path.display().to_string());
    if meta.mode() & WRITABLE_BY_ALL != 0 {
        say(format!(
            "every user of this machine can write to the {what} {shown} (mode {:04o}); take that away with chmod o-w",
            meta.mode() & 0o7777
        ));
        return;
    }
    // Of the file itself, not of a link to it.
    let directory = fs::canonicalize(path).ok();
    let directory = directory.as_deref().and_then(Path::parent);
    let mode = directory.and_then(|own| fs::metadata(own).ok()).map(|meta| meta.mode());
    if let (Some(directory), Some(mode)) = (directory, mode) {
        if mode & WRITABLE_BY_ALL != 0 && mode & STICKY == 0 {
            say(format!(
                "every user of this machine can replace the {what} {shown}: its directory {} has mode {:04o}",
                safe(&directory.display().to_string()),
                mode & 0o7777
            ));
        }
    }
}
