// SPDX-License-Identifier: Apache-2.0
//! Changes environment variables of this process before its second thread begins.
//!
//! gpgme runs `gpg --version` of the first gpg in `PATH` as soon as a context is made (tried with 1.18, disable-gpgconf
//! set). `set_engine_path` comes too late for that: it needs the context, it does not keep that gpg from being run, and
//! where `PATH` has no gpg it fails with "invalid crypto engine". The flag gpg-name is only put behind each directory of
//! `PATH`. So without this a program called gpg in a `PATH` that somebody else has prepared would be run. The other way
//! would be to execute the program once more.

use std::ffi::OsStr;

/// Sets a variable, or takes it away where there is no value. Programs that this process starts get it so.
///
/// # Panics
/// In a process with several threads, since another one may just read the environment. And where a name is empty or
/// has an equals sign in it, or name or value an octet 0.
pub fn change(name: &str, value: Option<&OsStr>) {
    let threads = std::fs::read_dir("/proc/self/task").map_or(1, Iterator::count);
    assert!(threads <= 1, "{name} is changed while {threads} threads run");
    match value {
        Some(value) => std::env::set_var(name, value),
        None => std::env::remove_var(name),
    }
}

#[cfg(test)]
mod tests {
    use super::change;

    // Whoever runs the tests waits in another thread.
    #[test]
    #[should_panic(expected = "SURROUNDINGS is changed while")]
    fn nothing_changes_beside_other_threads() {
        std::thread::scope(|scope| {
            let waits = scope.spawn(std::thread::park);
            let changed = std::panic::catch_unwind(|| change("SURROUNDINGS", None));
            waits.thread().unpark();
            assert!(std::env::var_os("SURROUNDINGS").is_none());
            changed.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        });
    }
}
