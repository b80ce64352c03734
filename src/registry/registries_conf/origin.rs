// SPDX-License-Identifier: Apache-2.0
//! Who says how a place may be contacted, for messages that send people there to change it.

use crate::text::safe;

/// Where that file is.
const FILES: &str = "in the file of --registries-conf, else in ~/.config/containers/registries.conf, /etc/containers/registries.conf or a drop-in beside one";

/// Whose word counts for a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Origin {
    /// registries.conf of this machine.
    #[default]
    Machine,
    /// The same, where it is a mirror: what an entry for its own name says of plain http does not count.
    Mirror,
    /// The cluster, as its nodes read it; registries.conf of this machine does not count.
    Cluster {
        /// A mirror set has the place as a source that must not be contacted.
        is_forbidden_source: bool,
    },
}

impl Origin {
    /// Who blocks the place, where it is blocked.
    #[must_use]
    pub fn blocker(self) -> &'static str {
        match self {
            Self::Machine | Self::Mirror => "registries.conf",
            Self::Cluster {
                is_forbidden_source: true,
            } => "the cluster: a mirror set has mirrorSourcePolicy NeverContactSource for it",
            Self::Cluster {
                is_forbidden_source: false,
            } => "the cluster: spec.registrySources.blockedRegistries of images.config.openshift.io cluster",
        }
    }

    /// For which registries plain http is spoken; `host` is one that it is not spoken to, as references have it.
    #[must_use]
    pub fn plain(self, host: &str) -> String {
        match self {
            Self::Machine => format!(
                "which is used only for a registry that has insecure = true in registries.conf (location = \"{}\"): {FILES}",
                safe(host)
            ),
            Self::Mirror => format!(
                "which is used only for a mirror with insecure = true in its own [[registry.mirror]] table of registries.conf, and {} is asked as a mirror: {FILES}",
                safe(host)
            ),
            Self::Cluster { .. } => format!(
                "which is used only for a registry that the cluster lists in spec.registrySources.insecureRegistries of images.config.openshift.io cluster ({}), as on its nodes",
                safe(host)
            ),
        }
    }
}
