// SPDX-License-Identifier: Apache-2.0
//! Which images are judged.

use std::path::Path;

use crate::cli::audit::Audit as Options;
use crate::cluster::access::Access;
use crate::digest::Digest;
use crate::registry::configuration::Configuration;
use crate::settings::environment::Environment;
use crate::settings::image_name::ImageName;
use crate::settings::requests::{self, Lacking, Request};
use crate::settings::{cluster, objects, registry, UsageError};
use crate::source::objects::{sources, Place};
use crate::text::safe;

/// The images of an audit.
#[derive(Debug, Clone)]
pub enum Images {
    /// Objects in files.
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
        /// The namespace in which they are used; all where there is none.
        namespace: Option<String>,
        /// They are those that streams and pods name, and not all Image objects.
        is_of_streams: bool,
        /// A selector of labels; empty for all.
        selector: String,
        /// How registries are reached, if one is to be.
        registries: Option<Box<Configuration>>,
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

impl Images {
    pub(super) fn new(options: &Options, environment: &Environment) -> Result<Self, UsageError> {
        let places = objects::places(&options.source)?;
        if places.contains(&Place::Stdin) && options.images_from.as_deref() == Some(Path::new("-")) {
            return Err(UsageError::new(
                "`-` may be given only once: standard input can be read once",
            ));
        }
        let list = options
            .images_from
            .as_ref()
            .map(|list| safe(&list.display().to_string()));
        let named = named(options, list.as_deref())?;
        if !places.is_empty() {
            let namespace = options.source.client.namespace.as_deref();
            options.refuse_scope("--filename")?;
            options.refuse_registries()?;
            options.refuse_mirrors("--filename: with files no server is contacted")?;
            return Ok(Self::Files {
                places,
                is_recursive: options.source.recursive,
                named: named.map(|named| in_files(named, namespace)).transpose()?,
            });
        }
        let Some(named) = named else {
            return Self::in_cluster(options, environment);
        };
        options.refuse_scope("--images-from and IMAGE")?;
        let is_object = |request: &&Request| matches!(request.image, ImageName::Object(_));
        if let Some(request) = named.iter().find(is_object) {
            return Err(UsageError::new(format!(
                "{}: an object is named only with --filename; other images are docker://REFERENCE and dir:PATH",
                safe(&request.asked)
            )));
        }
        let is_remote = |request: &Request| matches!(request.image, ImageName::Registry(_));
        let mut registries = None;
        if named.iter().any(is_remote) {
            let timeout = options.source.client.request_timeout.as_deref();
            let mut configuration = registry::configuration(&options.registry, timeout, environment)?;
            // Whoever names such keys asks for such signatures.
            configuration.wants_attachments = !options.acceptance.sigstore_key.is_empty();
            registries = Some(Box::new(configuration));
        } else {
            options.refuse_registries()?;
            options.refuse_mirrors("dir:PATH: mirrors are about images in registries")?;
        }
        Ok(Self::Places {
            named,
            registries,
            list,
        })
    }

    fn in_cluster(options: &Options, environment: &Environment) -> Result<Self, UsageError> {
        let client = &options.source.client;
        if options.all_namespaces && client.namespace.is_some() {
            return Err(UsageError::new(
                "--all-namespaces cannot be used with --namespace: one of them says where images are used",
            ));
        }
        let mut registries = None;
        if options.mirrors {
            if options.registry.creds.is_some() {
                return Err(UsageError::new(
                    "--creds cannot be used with --mirrors and the images of a cluster, which are in several registries: put the logins into the file of --authfile",
                ));
            }
            let timeout = client.request_timeout.as_deref();
            registries = Some(Box::new(registry::configuration(
                &options.registry,
                timeout,
                environment,
            )?));
        } else {
            options.refuse_registries()?;
        }
        if options.source.recursive {
            return Err(UsageError::new("--recursive is about directories of --filename"));
        }
        Ok(Self::Cluster {
            access: Box::new(cluster::access(client, environment, false)?),
            namespace: client.namespace.clone(),
            is_of_streams: options.all_namespaces || client.namespace.is_some(),
            selector: options.selector.clone().unwrap_or_default(),
            registries,
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

    /// What the user names and expects of it, as a hash: another list of images is another audit.
    pub(super) fn demands(&self) -> String {
        let named = match self {
            Self::Files { named, .. } => named.as_deref().unwrap_or_default(),
            Self::Places { named, .. } => named,
            Self::Cluster { .. } => &[],
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
            Self::Files { .. } | Self::Cluster { .. } => Ok(()),
            Self::Places { .. } => Err(UsageError::new(
                "--confirm is about Image objects: a directory or an image in a registry has no place for a record",
            )),
        }
    }

    /// Where they are, in words for people.
    pub(super) fn source(&self) -> String {
        match self {
            Self::Cluster {
                access,
                namespace,
                is_of_streams,
                selector,
                ..
            } => {
                let mut source = format!("cluster {}", access.server.address());
                match namespace {
                    Some(namespace) => source.push_str(&format!(", namespace {}", safe(namespace))),
                    None if *is_of_streams => source.push_str(", all namespaces"),
                    None => {}
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
            Self::Places { named, .. } => {
                let names: Vec<String> = named.iter().map(|request| safe(&request.asked)).collect();
                format!("images {}", names.join(", "))
            }
        }
    }
}

impl Options {
    /// Options that say how registries are reached.
    fn refuse_registries(&self) -> Result<(), UsageError> {
        match self.registry.given().first() {
            Some(option) => Err(UsageError::new(format!(
                "{option} is about images in registries: it needs an image docker://REFERENCE, or --mirrors"
            ))),
            None => Ok(()),
        }
    }

    /// `--mirrors` with images that have none.
    fn refuse_mirrors(&self, with: &str) -> Result<(), UsageError> {
        if self.mirrors {
            return Err(UsageError::new(format!("--mirrors cannot be used with {with}")));
        }
        Ok(())
    }

    /// Options that say which images of a cluster are meant.
    fn refuse_scope(&self, with: &str) -> Result<(), UsageError> {
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

fn named(options: &Options, list: Option<&str>) -> Result<Option<Vec<Request>>, UsageError> {
    match (&options.images_from, list) {
        (Some(_), _) if !options.images.is_empty() => Err(UsageError::new(
            "--images-from cannot be used with IMAGE: it names the images",
        )),
        (Some(file), Some(shown)) => {
            let text = requests::read_list(file)?;
            requests::from_list(shown, &text, Lacking::Fine).map(Some)
        }
        _ if options.images.is_empty() => Ok(None),
        _ => requests::named(&options.images).map(Some),
    }
}

/// With `--filename` each image is an object of the files.
fn in_files(mut named: Vec<Request>, namespace: Option<&str>) -> Result<Vec<Request>, UsageError> {
    for request in &mut named {
        if !matches!(request.image, ImageName::Object(_)) {
            return Err(UsageError::new(format!(
                "{}: with --filename IMAGE names an object in the files",
                safe(&request.asked)
            )));
        }
        request.image = request.image.clone().in_namespace(namespace);
    }
    Ok(named)
}
