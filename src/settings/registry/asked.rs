// SPDX-License-Identifier: Apache-2.0
//! Which registries are asked, as far as options say: a login given by hand is for one of them.

use std::collections::BTreeSet;

use crate::reference::Reference;
use crate::settings::cluster_registry::ClusterRegistry;

/// The registries that a run asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// Those that the user names, as `HOST[:PORT]`.
    Named(BTreeSet<String>),
    /// Those that objects of a cluster name: whoever may import an image chooses them.
    ByCluster,
}

impl Asked {
    /// The registries of images that the user names.
    pub fn of<'r>(images: impl IntoIterator<Item = &'r Reference>) -> Self {
        Self::Named(images.into_iter().map(|image| image.domain().to_owned()).collect())
    }

    /// And that of `--registry-url`.
    #[must_use]
    pub fn and(self, registry: Option<&ClusterRegistry>) -> Self {
        match (self, registry) {
            (Self::Named(mut hosts), Some(ClusterRegistry::Host { host, .. })) => {
                hosts.insert(host.clone());
                Self::Named(hosts)
            }
            (named, None) => named,
            (_, Some(ClusterRegistry::Auto)) | (Self::ByCluster, _) => Self::ByCluster,
        }
    }
}
