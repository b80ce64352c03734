// SPDX-License-Identifier: Apache-2.0
//! The images that `verify` is asked for, and where they are.

pub(crate) mod parts;
mod requested;

use std::path::{Path, PathBuf};

use self::parts::Parts;
use self::requested::requested;
use super::cluster_registry::ClusterRegistry;
use super::environment::Environment;
use super::image_name::{elsewhere, is_in_a_registry, without_type, ImageName};
use super::registry::Asked;
use super::requests::{object_name, Request, Requests};
use super::{cluster, objects, registry, UsageError};
use crate::cli;
use crate::cluster::access::Access;
use crate::cluster::names::Name;
use crate::reference::Reference;
use crate::registry::configuration::Configuration;
use crate::source::objects::Place;
use crate::text::safe;

/// Where images come from.
#[derive(Debug, Clone)]
pub enum Source {
    /// Objects in files, directories or standard input.
    Objects {
        /// The files and directories, and standard input.
        places: Vec<Place>,
        /// Which of the objects.
        requests: Requests,
    },
    /// What each image by itself says.
    Places {
        /// The images, in the order in which they are judged.
        targets: Vec<Wanted>,
        /// How the cluster is reached, if one of them is there.
        access: Option<Box<Access>>,
        /// How registries are reached, if one of them is there.
        registries: Option<Box<Configuration>>,
    },
    /// A manifest and signatures in files.
    Parts(Parts),
}

/// An image that is asked for.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// The object or the place in a registry that it is.
    pub target: Target,
    /// How the user named it.
    pub asked: String,
    /// What it must be signed as.
    pub identities: Vec<Reference>,
    /// That is the reference by which it is asked for, and nobody named another one.
    pub names_itself: bool,
}

/// An image and the place where it is.
#[derive(Debug, Clone)]
pub enum Target {
    /// A directory in skopeo's layout.
    Directory(PathBuf),
    /// An image in the cluster.
    Cluster(Name),
    /// An image in a registry.
    Registry(Reference),
}

impl Source {
    /// The images that the options name, and where these are.
    ///
    /// # Errors
    /// When the options contradict each other or one is malformed.
    pub fn new(options: &cli::verify::VerifyCommand, environment: &Environment) -> Result<Self, UsageError> {
        if options.manifest.is_some() || !options.signature_file.is_empty() {
            return Parts::new(options).map(Self::Parts);
        }
        let places = objects::places(&options.source)?;
        if places.contains(&Place::Stdin) && options.images_from.as_deref() == Some(Path::new("-")) {
            return Err(UsageError::new(
                "`-` may be given only once: standard input can be read once",
            ));
        }
        if !places.is_empty() {
            options
                .images
                .iter()
                .try_for_each(|text| refuse_reference(text, options))?;
        }
        let requests = requested(options)?;
        if options.expected_digest.is_some() {
            // How many objects are in the files is known when they are read.
            let many = matches!(&requests, Requests::Named(requests) if requests.len() > 1);
            if many {
                return Err(UsageError::new(
                    "--expected-digest is for one image, and several IMAGE arguments are given",
                ));
            }
        }
        if places.is_empty() {
            return by_place(requests, options, environment);
        }
        let namespace = options.source.client.namespace.as_deref();
        let requests = match requests {
            Requests::Named(requests) => Requests::Named(in_files(requests, namespace)?),
            everything => everything,
        };
        Ok(Self::Objects { places, requests })
    }

    /// The files that the images are objects in.
    #[must_use]
    pub fn files(&self) -> &[Place] {
        match self {
            Self::Objects { places, .. } => places,
            Self::Places { .. } | Self::Parts(_) => &[],
        }
    }

    /// The images that are each in a place of their own.
    #[must_use]
    pub fn targets(&self) -> &[Wanted] {
        match self {
            Self::Places { targets, .. } => targets,
            Self::Objects { .. } | Self::Parts(_) => &[],
        }
    }

    /// How registries are reached, if an image is in one.
    pub fn registries(&mut self) -> Option<&mut Configuration> {
        match self {
            Self::Places { registries, .. } => registries.as_deref_mut(),
            Self::Objects { .. } | Self::Parts(_) => None,
        }
    }

    /// Whether a record is written at once, and not into a file at the end.
    #[must_use]
    pub fn is_written_at_once(&self) -> bool {
        match self {
            Self::Places { .. } => true,
            Self::Objects { .. } | Self::Parts(_) => false,
        }
    }

    /// The identities that images are expected to have.
    pub fn identities(&self) -> impl Iterator<Item = &Reference> {
        let (alike, targets, requests): (&[Reference], &[Wanted], &[Request]) = match self {
            Self::Objects {
                requests: Requests::Everything(identities),
                ..
            }
            | Self::Parts(Parts { identities, .. }) => (identities, &[], &[]),
            Self::Objects {
                requests: Requests::Named(requests),
                ..
            } => (&[], &[], requests),
            Self::Places { targets, .. } => (&[], targets, &[]),
        };
        let of_targets = targets.iter().flat_map(|wanted| &wanted.identities);
        let of_requests = requests.iter().flat_map(|request| &request.identities);
        alike.iter().chain(of_targets).chain(of_requests)
    }
}

/// Refuses the reference of an image where an object of the files is named: it is what the image is expected to be signed as, as
/// the second word of a command of oc.
fn refuse_reference(text: &str, options: &cli::verify::VerifyCommand) -> Result<(), UsageError> {
    let is_object = without_type(text).is_some() || !is_in_a_registry(text);
    if is_object || !options.expected_identity.is_empty() {
        return Ok(());
    }
    let shown = safe(text);
    Err(UsageError::new(format!(
        "{shown}: with --filename, IMAGE names an object in the files; if that is what the image must be signed as, write --expected-identity {shown}"
    )))
}

/// With `--filename` each image is an object of the files.
fn in_files(mut requests: Vec<Request>, namespace: Option<&str>) -> Result<Vec<Request>, UsageError> {
    for request in &mut requests {
        let what = match request.image {
            ImageName::Directory(_) => Some("a directory"),
            ImageName::Registry(_) => Some("an image in a registry"),
            ImageName::Object(_) => None,
        };
        if let Some(what) = what {
            return Err(UsageError::new(format!(
                "{}: with --filename, IMAGE names an object in the files; verify {what} without --filename",
                safe(&request.image.to_string())
            )));
        }
        request.image = request.image.clone().in_namespace(namespace);
    }
    Ok(requests)
}

/// Without files, each image says where it is: a directory, or the cluster.
fn by_place(
    requests: Requests,
    options: &cli::verify::VerifyCommand,
    environment: &Environment,
) -> Result<Source, UsageError> {
    let Requests::Named(requests) = requests else {
        return Err(UsageError::new(
            "no image: give IMAGE, --filename, --images-from or --manifest",
        ));
    };
    let mut targets = Vec::new();
    for request in requests {
        let target = match request.image {
            ImageName::Directory(path) => Target::Directory(path),
            ImageName::Object(name) => Target::Cluster(object_name(&name, &request.asked)?),
            ImageName::Registry(reference) => Target::Registry(reference),
        };
        targets.push(Wanted {
            target,
            asked: request.asked,
            identities: request.identities,
            names_itself: request.names_itself,
        });
    }
    let needs_cluster = targets.iter().any(|wanted| matches!(wanted.target, Target::Cluster(_)));
    if !needs_cluster && !options.acceptance.cluster_policy {
        cluster::unused::refuse(&options.source.client)?;
    }
    let stdin_in_use = options.images_from.as_deref() == Some(Path::new("-"));
    let of_cluster = targets
        .iter()
        .find(|wanted| matches!(wanted.target, Target::Cluster(_)));
    let meant = of_cluster.and_then(|wanted| elsewhere(&wanted.asked));
    let instead = format!(
        "--filename{}",
        meant.map(|meant| format!("; {meant}")).unwrap_or_default()
    );
    let access = needs_cluster
        .then(|| cluster::access(&options.source.client, environment, stdin_in_use, &instead))
        .transpose()?
        .map(Box::new);
    let timeout = options.source.client.request_timeout.as_deref();
    let needs_registries = targets
        .iter()
        .any(|wanted| matches!(wanted.target, Target::Registry(_)))
        || (options.cluster_registry.registry_url.is_some() && needs_cluster);
    let named = targets.iter().filter_map(|wanted| match &wanted.target {
        Target::Registry(reference) => Some(reference),
        _ => None,
    });
    let asked = Asked::of(named).and(ClusterRegistry::parse(&options.cluster_registry)?.as_ref());
    let registries = needs_registries
        .then(|| registry::configuration(&options.registry, &asked, timeout, environment))
        .transpose()?
        .map(Box::new);
    Ok(Source::Places {
        targets,
        access,
        registries,
    })
}
