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

/// How registries are reached, of which these are asked.
pub(super) fn configuration(
    options: &AuditCommand,
    asked: &Asked,
    environment: &Environment,
) -> Result<Box<Configuration>, UsageError> {
    let timeout = options.source.client.request_timeout.as_deref();
    registry::configuration(&options.registry, asked, timeout, environment).map(Box::new)
}

/// How registries are reached for images of a cluster and those that are `named` beside them, if one is to be.
pub(super) fn of_cluster(
    options: &AuditCommand,
    wanted: Option<&ClusterRegistry>,
    named: &[Request],
    environment: &Environment,
) -> Result<Option<Box<Configuration>>, UsageError> {
    let is_named = named
        .iter()
        .any(|request| matches!(request.image, ImageName::Registry(_)));
    if wanted.is_none() && !options.mirrors && !is_named {
        refuse_registries(options)?;
        return Ok(None);
    }
    let asked = match options.mirrors {
        true => Asked::ByCluster,
        false => asked_by(named).and(wanted),
    };
    configuration(options, &asked, environment).map(Some)
}

/// All of them with `--filename`.
pub(super) fn refuse_all(options: &AuditCommand) -> Result<(), UsageError> {
    refuse_scope(options, "--filename")?;
    refuse_url(
        options,
        "cannot be used with --filename: with files no server is contacted",
    )?;
    refuse_registries(options)?;
    refuse_mirrors(options, "--filename: with files no server is contacted")
}

/// `--registry-url` where there is no image of a cluster.
pub(super) fn refuse_url(options: &AuditCommand, why: &str) -> Result<(), UsageError> {
    match options.cluster_registry.registry_url {
        Some(_) => Err(UsageError::new(format!("--registry-url {why}"))),
        None => Ok(()),
    }
}

/// Options that say how registries are reached.
pub(super) fn refuse_registries(options: &AuditCommand) -> Result<(), UsageError> {
    // What is in a list may be without one today.
    let is_listed = options.images_from.is_some() && options.source.filename.is_empty();
    match options.registry.given().first() {
        Some(option) if !is_listed => Err(UsageError::new(format!(
            "{option} applies only to images in registries; add an image docker://REFERENCE, --registry-url or \
                --mirrors"
        ))),
        _ => Ok(()),
    }
}

/// `--mirrors` with images that have none.
pub(super) fn refuse_mirrors(options: &AuditCommand, with: &str) -> Result<(), UsageError> {
    if options.mirrors {
        return Err(UsageError::new(format!("--mirrors cannot be used with {with}")));
    }
    Ok(())
}

/// Options that say which images of a cluster are meant.
pub(super) fn refuse_scope(options: &AuditCommand, with: &str) -> Result<(), UsageError> {
    let given = [
        (options.all_namespaces, "--all-namespaces"),
        (options.selector.is_some(), "--selector"),
    ];
    match given.into_iter().find(|(given, _)| *given) {
        Some((_, option)) => Err(UsageError::new(format!(
            "{option} cannot be used with {with}: it chooses images of a cluster"
        ))),
        None => Ok(()),
    }
}
