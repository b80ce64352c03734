// SPDX-License-Identifier: Apache-2.0
//! Files that a kubeconfig names: certificates, keys, tokens, plugins.

use std::path::{Path, PathBuf};

use crate::cluster::kubeconfig::{self, Kubeconfig};
use crate::files::read::read_regular;

/// The files that all entries of a kubeconfig name, whichever of them are chosen. One that cannot be read names none here:
/// what is wrong with it is told where the cluster is chosen. A pipe can be read once, and is not read for this.
#[must_use]
pub(crate) fn named_in(kubeconfig: &Path) -> Vec<PathBuf> {
    let Some(config) = read(kubeconfig) else {
        return Vec::new();
    };
    let mut files = Vec::new();
    for (_, cluster) in config.clusters {
        files.extend(cluster.authority.file);
    }
    for (_, user) in config.users {
        files.extend(
            [user.certificate.file, user.key.file, user.token_file]
                .into_iter()
                .flatten(),
        );
        // A command without a path is looked for in PATH.
        let command = user
            .exec
            .map(|exec| exec.command)
            .filter(|command| command.contains('/'));
        files.extend(command.map(|command| directory(kubeconfig).join(command)));
    }
    files
}

fn read(file: &Path) -> Option<Kubeconfig> {
    let bytes = read_regular(file, kubeconfig::MAX_BYTES).ok()??;
    Kubeconfig::parse(&crate::input::text(bytes).ok()?, &directory(file)).ok()
}

/// The directory that relative paths in a file are meant from.
fn directory(file: &Path) -> PathBuf {
    let absolute = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
    absolute.parent().unwrap_or(Path::new("/")).to_owned()
}
