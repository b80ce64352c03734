// SPDX-License-Identifier: Apache-2.0
//! Where a program is.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Looks a program up by its name, in the absolute directories of the `PATH` that this environment has; nothing where it is
/// in none of them. A program out of the current directory would be a surprise.
#[must_use]
pub fn look_up(name: &str, environment: &[(OsString, OsString)]) -> Option<PathBuf> {
    let (_, path) = environment.iter().find(|(variable, _)| variable == "PATH")?;
    path.as_bytes()
        .split(|byte| *byte == b':')
        .map(|directory| Path::new(OsStr::from_bytes(directory)))
        .filter(|directory| directory.is_absolute())
        .map(|directory| directory.join(name))
        .find(|candidate| is_executable(candidate))
}

/// Whether a path is that of a file which somebody may execute. Links are followed.
#[must_use]
pub(crate) fn is_executable(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn in_path(name: &str, path: &str) -> Option<PathBuf> {
        look_up(name, &[("HOME".into(), "/".into()), ("PATH".into(), path.into())])
    }

    #[test]
    fn only_absolute_directories_are_searched_in_their_order() {
        let sh = in_path("sh", "relative::/nowhere:/bin:/usr/bin").unwrap();
        assert_eq!(sh, Path::new("/bin/sh"));
        assert_eq!(in_path("sh", "bin:.:"), None);
        assert_eq!(look_up("sh", &[]), None);
        // A directory is no program.
        assert_eq!(in_path("bin", "/usr"), None);
        assert_eq!(in_path("passwd", "/etc"), None);
    }
}
