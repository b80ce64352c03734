// SPDX-License-Identifier: Apache-2.0
//! Which images are judged.

use std::path::{Path, PathBuf};

use super::in_files::{in_files, refuse_references};
use super::list::{object_name, List};
use super::misspelt;
use super::registries::{
    asked_by, configuration, of_cluster, refuse_all, refuse_mirrors, refuse_registries, refuse_scope, refuse_url,
};
use crate::cli::audit::AuditCommand;
use crate::cluster::access::Access;
use crate::cluster::names::Name;
use crate::digest::Digest;
use crate::registry::configuration::Configuration;
use crate::settings::cluster_registry::ClusterRegistry;
use crate::settings::environment::Environment;
use crate::settings::image_name::{elsewhere, ImageName};
use crate::settings::requests::{self, Request};
use crate::settings::{by_policy, cluster, objects, UsageError};
use crate::source::objects::{sources, Place};
use crate::text::safe;

/// What is audited in place of a cluster.
const ELSEWHERE: &str =
    "--filename; images that are elsewhere are named: docker://REFERENCE, dir:PATH=REF, or a list of them with --images-from";

/// The images of an audit.
#[derive(Debug, Clone)]
pub enum Images {
    /// Objects in files, directories or standard input.
    Files {
        /// The files that the objects are in.
        places: Vec<Place>,
        /// Directories in directories are read too.
        is_recursive: bool,
        /// Which of the objects, with what is expected of them; all where none is named.
        named: Option<Vec<Request>>,
    },
    /// Those of a cluster.
    Cluster {
        /// How it is reached.
        access: Box<Access>,
        /// Which of its images.
        range: AskedRange,
        /// A selector of labels; empty for all.
        selector: String,
        /// How registries are reached, if one is to be.
        registries: Option<Box<Configuration>>,
        /// Which registry is asked for more signatures of the images.
        registry: Option<ClusterRegistry>,
    },
    /// Directories and images in registries.
    Places {
        /// The images, each with what is expected of it.
        named: Vec<Request>,
        /// How registries are reached, if an image is in one.
        registries: Option<Box<Configuration>>,
        /// The list that names them, if one does.
        list: Option<String>,
    },
}

/// Which images of a cluster.
#[derive(Debug, Clone)]
pub enum AskedRange {
    /// All Image objects, and what else runs.
    All,
    /// Those that streams and pods of a namespace use; of all namespaces where there is none.
    Used(Option<String>),
    /// Those that are named.
    Named {
        /// Images of the cluster.
        objects: Vec<(Name, Request)>,
        /// Directories and images in registries beside these.
        places: Vec<Request>,
        /// The list that names them, if one does.
        list: Option<String>,
    },
}

impl Images {
    pub(super) fn new(options: &AuditCommand, environment: &Environment) -> Result<Self, UsageError> {
        let places = objects::places(&options.source)?;
        if places.contains(&Place::Stdin) && options.images_from.as_deref() == Some(Path::new("-")) {
            return Err(UsageError::new(
                "`-` may be given only once: standard input can be read once",
            ));
        }
        let list = List::of(options)?;
        misspelt::refuse(&options.images)?;
        if !places.is_empty() {
            refuse_references(&options.images)?;
        }
        let named = named(options, list.as_ref())?;
        if !places.is_empty() {
            refuse_all(options)?;
            return Ok(Self::Files {
                places,
                is_recursive: options.source.recursive,
                named: named.map(|named| in_files(named, options)).transpose()?,
            });
        }
        let Some(named) = named else {
            return Self::in_cluster(options, environment);
        };
        refuse_scope(options, "--images-from and IMAGE")?;
        let is_object = |request: &Request| matches!(request.image, ImageName::Object(_));
        if named.iter().any(is_object) {
            return Self::named_in_cluster(options, named, list, environment);
        }
        refuse_url(
            options,
            "applies only to images of a cluster; add an IMAGE such as [NAMESPACE/]STREAM:TAG or sha256:DIGEST",
        )?;
        if !options.acceptance.cluster_policy {
            cluster::unused::refuse(&options.source.client)?;
        }
        let is_remote = |request: &Request| matches!(request.image, ImageName::Registry(_));
        let mut registries = None;
        if named.iter().any(is_remote) {
            registries = Some(configuration(options, &asked_by(&named), environment)?);
        } else {
            refuse_registries(options)?;
            refuse_mirrors(options, "dir:PATH: only images in registries have mirrors")?;
        }
        Ok(Self::Places {
            named,
            registries,
            list: list.map(List::into_name),
        })
    }

    fn in_cluster(options: &AuditCommand, environment: &Environment) -> Result<Self, UsageError> {
        let client = &options.source.client;
        if options.all_namespaces && client.namespace.is_some() {
            return Err(UsageError::new(
                "--all-namespaces cannot be used with --namespace: one of them says where images are used",
            ));
        }
        by_policy::namespace_of_policies(client.namespace.as_deref())?;
        if options.source.recursive {
            return Err(UsageError::new("--recursive applies only to directories of --filename"));
        }
        let registry = ClusterRegistry::parse(&options.cluster_registry)?;
        let registries = of_cluster(options, registry.as_ref(), &[], environment)?;
        let is_of_streams = options.all_namespaces || client.namespace.is_some();
        Ok(Self::Cluster {
            access: Box::new(cluster::access(client, environment, false, ELSEWHERE)?),
            range: match is_of_streams {
                true => AskedRange::Used(client.namespace.clone()),
                false => AskedRange::All,
            },
            selector: options.selector.clone().unwrap_or_default(),
            registries,
            registry,
        })
    }

    /// Images of a cluster that are named, maybe with others beside them.
    fn named_in_cluster(
        options: &AuditCommand,
        named: Vec<Request>,
        list: Option<List>,
        environment: &Environment,
    ) -> Result<Self, UsageError> {
        let (mut objects, mut places) = (Vec::new(), Vec::new());
        for request in named {
            match &request.image {
                ImageName::Object(name) => {
                    objects.push((object_name(name, &request.asked, list.as_ref())?, request));
                }
                ImageName::Directory(_) | ImageName::Registry(_) => places.push(request),
            }
        }
        let registry = ClusterRegistry::parse(&options.cluster_registry)?;
        let registries = of_cluster(options, registry.as_ref(), &places, environment)?;
        let stdin_in_use = options.images_from.as_deref() == Some(Path::new("-"));
        let meant = objects.iter().find_map(|(_, request)| elsewhere(&request.asked));
        let instead = format!(
            "--filename{}",
            meant.map(|meant| format!("; {meant}")).unwrap_or_default()
        );
        Ok(Self::Cluster {
            access: Box::new(cluster::access(
                &options.source.client,
                environment,
                stdin_in_use,
                &instead,
            )?),
            range: AskedRange::Named {
                objects,
                places,
                list: list.map(List::into_name),
            },
            selector: String::new(),
            registries,
            registry,
        })
    }

    /// How registries are reached, if one is to be.
    #[must_use]
    pub fn registries(&self) -> Option<&Configuration> {
        match self {
            Self::Places { registries, .. } | Self::Cluster { registries, .. } => registries.as_deref(),
            Self::Files { .. } => None,
        }
    }

    /// The directories that are images which are named.
    pub(super) fn directories(&self) -> impl Iterator<Item = &PathBuf> {
        let named = match self {
            Self::Places { named, .. } => named.as_slice(),
            Self::Cluster {
                range: AskedRange::Named { places, .. },
                ..
            } => places.as_slice(),
            Self::Files { .. } | Self::Cluster { .. } => &[],
        };
        named.iter().filter_map(|request| match &request.image {
            ImageName::Directory(path) => Some(path),
            _ => None,
        })
    }

    /// Whether a tag of a stream stands for one of them.
    pub(super) fn has_tags_of_streams(&self) -> bool {
        match self {
            Self::Cluster {
                range: AskedRange::Named { objects, .. },
                ..
            } => objects.iter().any(|(name, _)| matches!(name, Name::Tag { .. })),
            _ => false,
        }
    }

    /// The same, to be completed.
    pub(super) fn registries_mut(&mut self) -> Option<&mut Configuration> {
        match self {
            Self::Places { registries, .. } | Self::Cluster { registries, .. } => registries.as_deref_mut(),
            Self::Files { .. } => None,
        }
    }

    /// What the user names and expects of it, as a hash: another list of images is another audit.
    pub(super) fn demands(&self) -> String {
        let named: Vec<&Request> = match self {
            Self::Files { named, .. } => named.iter().flatten().collect(),
            Self::Places { named, .. } => named.iter().collect(),
            Self::Cluster {
                range: AskedRange::Named { objects, places, .. },
                ..
            } => objects.iter().map(|(_, request)| request).chain(places).collect(),
            Self::Cluster { .. } => Vec::new(),
        };
        let lines = named.iter().map(|request| {
            let identities: Vec<String> = request.identities.iter().map(ToString::to_string).collect();
            format!("{}\t{}\n", request.asked, identities.join("\t"))
        });
        Digest::of_bytes(lines.collect::<String>().as_bytes()).hex().to_owned()
    }

    /// Records stand on Image objects.
    pub(super) fn check_recordable(&self) -> Result<(), UsageError> {
        match self {
            Self::Files { places, .. } if places.contains(&Place::Stdin) => Err(UsageError::new(
                "--confirm cannot be used with --filename -: write the objects to a file",
            )),
            Self::Cluster {
                range: AskedRange::Named { places, .. },
                ..
            } if !places.is_empty() => Err(no_place_for_a_record()),
            Self::Files { .. } | Self::Cluster { .. } => Ok(()),
            Self::Places { .. } => Err(no_place_for_a_record()),
        }
    }

    /// Where they are, in words for people.
    pub(super) fn source(&self) -> String {
        match self {
            Self::Cluster {
                access,
                range,
                selector,
                ..
            } => {
                let mut source = format!("cluster {}", access.server.address());
                match range {
                    AskedRange::Used(Some(namespace)) => source.push_str(&format!(", namespace {}", safe(namespace))),
                    AskedRange::Used(None) => source.push_str(", all namespaces"),
                    AskedRange::Named { list: Some(list), .. } => source.push_str(&format!(", list {list}")),
                    AskedRange::Named { objects, places, .. } => {
                        let all = objects.iter().map(|(_, request)| request).chain(places);
                        source.push_str(&format!(", {}", in_words(all)));
                    }
                    AskedRange::All => {}
                }
                if !selector.is_empty() {
                    source.push_str(&format!(", selector {}", safe(selector)));
                }
                source
            }
            Self::Files {
                places, named: None, ..
            } => {
                format!("files {}", safe(sources(places).trim_start_matches("file:")))
            }
            Self::Files { places, .. } => {
                format!("named objects in {}", safe(sources(places).trim_start_matches("file:")))
            }
            Self::Places { list: Some(list), .. } => format!("list {list}"),
            Self::Places { named, .. } => in_words(named.iter()),
        }
    }
}

fn in_words<'r>(named: impl Iterator<Item = &'r Request>) -> String {
    let names: Vec<String> = named.map(|request| safe(&request.asked)).collect();
    format!("images {}", names.join(", "))
}

fn no_place_for_a_record() -> UsageError {
    UsageError::new("--confirm applies only to Image objects: a directory or a registry cannot store a record")
}

fn named(options: &AuditCommand, list: Option<&List>) -> Result<Option<Vec<Request>>, UsageError> {
    match list {
        Some(list) => list.requests().map(Some),
        None if options.images.is_empty() => Ok(None),
        None => requests::named(&options.images).map(Some),
    }
}
