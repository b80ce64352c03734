// SPDX-License-Identifier: Apache-2.0
//! Which options fit the images of an audit: those about registries, mirrors and clusters.

use crate::cli::audit::AuditCommand;
use crate::registry::configuration::Configuration;
use crate::settings::cluster_registry::ClusterRegistry;
use crate::settings::environment::Environment;
use crate::settings::image_name::ImageName;
use crate::settings::registry::Asked;
use crate::settings::requests::Request;
use crate::settings::{registry, UsageError};

/// The registries of those images that are in one.
pub(super) fn asked_by(images: &[Request]) -> Asked {
    Asked::of(images.iter().filter_map(|request| match &request.image {
        ImageName::Registry(reference) => Some(reference),
        _ => None,
    }))
}

impl AuditCommand {
    /// How registries are reached, of which these are asked.
    pub(super) fn configuration(
        &self,
        asked: &Asked,
        environment: &Environment,
    ) -> Result<Box<Configuration>, UsageError> {
        let timeout = self.source.client.request_timeout.as_deref();
        registry::configuration(&self.registry, asked, timeout, environment).map(Box::new)
    }

    /// How registries are reached for images of a cluster and those that are `named` beside them, if one is to be.
    pub(super) fn of_cluster(
        &self,
        wanted: Option<&ClusterRegistry>,
        named: &[Request],
        environment: &Environment,
    ) -> Result<Option<Box<Configuration>>, UsageError> {
        let is_named = named
            .iter()
            .any(|request| matches!(request.image, ImageName::Registry(_)));
        if wanted.is_none() && !self.mirrors && !is_named {
            self.refuse_registries()?;
            return Ok(None);
        }
        let asked = match self.mirrors {
            true => Asked::ByCluster,
            false => asked_by(named).and(wanted),
        };
        self.configuration(&asked, environment).map(Some)
    }

    /// `--registry-url` where there is no image of a cluster.
    pub(super) fn refuse_registry_url(&self, why: &str) -> Result<(), UsageError> {
        match self.cluster_registry.registry_url {
            Some(_) => Err(UsageError::new(format!("--registry-url {why}"))),
            None => Ok(()),
        }
    }

    /// Options that say how registries are reached.
    pub(super) fn refuse_registries(&self) -> Result<(), UsageError> {
        match self.registry.given().first() {
            Some(option) => Err(UsageError::new(format!(
                "{option} is about images in registries: it needs an image docker://REFERENCE, --registry-url or --mirrors"
            ))),
            None => Ok(()),
        }
    }

    /// `--mirrors` with images that have none.
    pub(super) fn refuse_mirrors(&self, with: &str) -> Result<(), UsageError> {
        if self.mirrors {
            return Err(UsageError::new(format!("--mirrors cannot be used with {with}")));
        }
        Ok(())
    }

    /// Options that say which images of a cluster are meant.
    pub(super) fn refuse_scope(&self, with: &str) -> Result<(), UsageError> {
        let given = [
            (self.all_namespaces, "--all-namespaces"),
            (self.selector.is_some(), "--selector"),
        ];
        match given.into_iter().find(|(given, _)| *given) {
            Some((_, option)) => Err(UsageError::new(format!(
                "{option} cannot be used with {with}: it chooses images of a cluster"
            ))),
            None => Ok(()),
        }
    }
}
