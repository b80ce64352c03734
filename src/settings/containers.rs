// SPDX-License-Identifier: Apache-2.0
//! Where podman, CRI-O and skopeo look for their configuration: policy.json, registries.conf and registries.d.

pub(crate) mod files;

use std::path::{Path, PathBuf};

use super::environment::Environment;
use crate::text::safe;

/// Directories of the system, the first first.
const SYSTEM: [&str; 2] = ["/etc/containers", "/usr/share/containers"];

/// Files and directories, the first that is there wins unless said otherwise.
#[derive(Debug, Clone)]
pub struct Containers {
    /// policy.json: the first that exists.
    pub policy: Vec<PathBuf>,
    /// registries.conf: the first that exists.
    pub registries_conf: Vec<PathBuf>,
    /// Whether the main file must exist, since it was named.
    pub is_named: bool,
    /// Whether it was named by the option.
    pub is_by_option: bool,
    /// Directories of its drop-ins: of two files of one name the first counts; all apply, sorted by name.
    pub drop_ins: Vec<PathBuf>,
    /// A file that applies last.
    pub last: Option<PathBuf>,
    /// Directories of registries.d: of two files of one name the first counts; all are joined.
    pub registries_d: Vec<PathBuf>,
    /// Whether there is one of these, which the user named.
    pub is_registries_d_named: bool,
    /// The lookaside store where nothing names one.
    pub default_lookaside: String,
}

impl Containers {
    /// The policy that podman goes by on this machine (docs/contract.md 9): the first that is there. One that was named is
    /// given whether it is there or not; reading it tells.
    ///
    /// # Errors
    /// When none is there: the places that were looked at, safe to print.
    pub fn system_policy(&self) -> Result<PathBuf, String> {
        let is_named = self.policy.len() == 1;
        let found = self.policy.iter().find(|path| is_named || may_be_there(path));
        found.cloned().ok_or_else(|| {
            let places = self.policy.iter().map(|path| safe(&path.display().to_string()));
            places.collect::<Vec<_>>().join(", ")
        })
    }

    /// The directory that the user named in place of registries.d.
    #[must_use]
    pub fn named_registries_d(&self) -> Option<&Path> {
        let first = self.registries_d.first().filter(|_| self.is_registries_d_named);
        first.map(PathBuf::as_path)
    }

    /// Finds the places; `registries_conf` and `registries_d` are those that the user named.
    #[must_use]
    pub fn new(environment: &Environment, registries_conf: Option<&Path>, registries_d: Option<&Path>) -> Self {
        let user = environment.config_home().map(|directory| directory.join("containers"));
        let all: Vec<PathBuf> = user.into_iter().chain(SYSTEM.map(PathBuf::from)).collect();
        let everywhere = |name: &str| -> Vec<PathBuf> { all.iter().map(|directory| directory.join(name)).collect() };
        let variable = |name: &str| environment.variable(name).map(PathBuf::from);
        let named = registries_conf
            .map(Path::to_owned)
            .or_else(|| variable("CONTAINERS_REGISTRIES_CONF"));
        let is_named = named.is_some();
        let drop_ins = if is_named {
            Vec::new()
        } else {
            directories(&all, environment.uid, "registries", ".conf.d")
        };
        Self {
            policy: match variable("CONTAINERS_POLICY_JSON") {
                Some(path) => vec![path],
                None => everywhere("policy.json"),
            },
            registries_conf: named.map_or_else(|| everywhere("registries.conf"), |path| vec![path]),
            is_named,
            is_by_option: registries_conf.is_some(),
            drop_ins,
            last: variable("CONTAINERS_REGISTRIES_CONF_OVERRIDE").filter(|_| registries_conf.is_none()),
            registries_d: match registries_d {
                Some(directory) => vec![directory.to_owned()],
                None => directories(&all, environment.uid, "registries", ".d"),
            },
            is_registries_d_named: registries_d.is_some(),
            default_lookaside: match &environment.home {
                Some(home) if environment.uid != 0 => {
                    format!("{}/.local/share/containers/sigstore", file_url(home))
                }
                _ => "file:///var/lib/containers/sigstore".to_owned(),
            },
        }
    }
}

/// The URL of a directory, in which what is a letter of its name is one of the URL too.
fn file_url(directory: &Path) -> String {
    let encoded = directory.display().to_string().replace('%', "%25");
    format!("file://{}", encoded.replace('?', "%3F").replace('#', "%23"))
}

/// The directories of drop-ins: in those of the system there are some for root and some for other users.
fn directories(all: &[PathBuf], uid: u32, name: &str, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for directory in all {
        if SYSTEM.iter().any(|own| directory == Path::new(own)) {
            if uid == 0 {
                found.push(directory.join(format!("{name}.rootful{ending}")));
            } else {
                let rootless = directory.join(format!("{name}.rootless{ending}"));
                found.push(rootless.join(uid.to_string()));
                found.push(rootless);
            }
        }
        found.push(directory.join(format!("{name}{ending}")));
    }
    found
}

/// Whether a file is there, or it cannot be told: then reading it says why, and no other one takes its place.
fn may_be_there(path: &Path) -> bool {
    path.try_exists().unwrap_or(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_home_with_letters_that_urls_have_a_meaning_for() {
        for (home, url) in [
            ("/home/zoe b", "file:///home/zoe b"),
            ("/h/a%41?b#c", "file:///h/a%2541%3Fb%23c"),
        ] {
            assert_eq!(file_url(Path::new(home)), url);
        }
    }
}
