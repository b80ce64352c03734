// SPDX-License-Identifier: Apache-2.0
//! The settings of `verify`.

use std::path::{Path, PathBuf};

use super::cluster_registry::ClusterRegistry;
use super::criteria::Criteria;
use super::demands::Demands;
use super::environment::Environment;
use super::expected_identity::expected_identity;
use super::image_name::{image_name, ImageName};
use super::objects::{self, Recording};
use super::platforms::Platforms;
use super::requests::{self, Request, Requests};
use super::{cluster, registry, UsageError};
use crate::cli;
use crate::cli::verify::ColorWhen;
use crate::cluster::access::Access;
use crate::cluster::names::Name;
use crate::digest::Digest;
use crate::files::read::read_bounded;
use crate::record::Context;
use crate::reference::Reference;
use crate::registry::configuration::Configuration;
use crate::report::Format;
use crate::source::objects::Place;
use crate::text::safe;

/// Largest file for `--images-from`, in bytes.
const MAX_LIST: u64 = 64 << 20;

/// What `verify` is to do.
#[derive(Debug, Clone)]
pub struct Verify {
    /// Where images come from.
    pub source: Source,
    /// The digest the image must have.
    pub digest: Option<Digest>,
    /// Directories in directories of object files are read too.
    pub is_recursive: bool,
    /// By what images are judged.
    pub criteria: Criteria,
    /// How results are printed.
    pub format: Format,
    /// Verdicts are coloured.
    pub colour: bool,
    /// Columns of the terminal that results are printed on.
    pub columns: Option<usize>,
    /// Progress may be shown on standard error.
    pub shows_progress: bool,
    /// Only these signatures of an object; all where none is named.
    pub signatures: Vec<String>,
    /// What is done with verdicts.
    pub recording: Recording,
    /// What a record says besides the verdict.
    pub record: Context,
    /// Which instances of lists are judged.
    pub platforms: Platforms,
    /// With some of them, the list itself must be verified too.
    pub require_list: bool,
    /// Where images of a cluster are looked up for more signatures.
    pub cluster_registry: Option<ClusterRegistry>,
    /// Add signatures that are found there to the Image.
    pub attach: bool,
    /// The document from standard input is printed with the records in it, so that the report goes to standard error.
    pub prints_document: bool,
}

/// Where images come from.
#[derive(Debug, Clone)]
pub enum Source {
    /// Objects in files.
    Objects {
        /// The files.
        places: Vec<Place>,
        /// Which of the objects.
        requests: Requests,
    },
    /// What each image by itself says.
    Places {
        /// The images.
        targets: Vec<Wanted>,
        /// How the cluster is reached, if one of them is there.
        access: Option<Box<Access>>,
        /// How registries are reached, if one of them is there.
        registries: Option<Box<Configuration>>,
    },
    /// A manifest and signatures in files.
    Parts {
        /// The image.
        image: Bare,
        /// The signatures.
        signatures: Vec<PathBuf>,
        /// What the image must be signed as.
        identities: Vec<Reference>,
    },
}

/// The image that bare signatures are judged for.
#[derive(Debug, Clone)]
pub enum Bare {
    /// That of a manifest in a file; `-` is standard input.
    Manifest(PathBuf),
    /// That of a digest, which stands for a manifest that is not at hand.
    Digest(Digest),
}

/// An image that is asked for.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Where it is.
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

impl Verify {
    /// Validates the options of `verify`.
    ///
    /// # Errors
    /// When they contradict each other or one is malformed.
    pub fn new(options: &cli::verify::Verify, environment: &Environment) -> Result<Self, UsageError> {
        let mut source = source(options, environment)?;
        let demands = Demands {
            identity_match: options.identity_match.as_deref(),
            require: options.require,
            namespace: options.source.client.namespace.as_deref(),
        };
        let criteria = Criteria::new(&options.acceptance, demands, environment)?;
        if let Source::Places {
            registries: Some(registries),
            ..
        } = &mut source
        {
            // Whoever names such keys asks for such signatures.
            registries.wants_attachments = criteria.keys.sigstore.is_some();
        }
        let format = format(options.output, options.explain)?;
        let recording = Recording::new(options.confirm, options.dry_run);
        check_recording(options, recording, &source)?;
        check_registry_options(options, &source)?;
        let in_files = matches!(source, Source::Objects { .. });
        let in_cluster = matches!(&source, Source::Places { targets, .. }
            if targets.iter().any(|wanted| matches!(wanted.target, Target::Cluster(_))));
        let cluster_registry = ClusterRegistry::new(options, recording, in_files, in_cluster)?;
        let prints_document = recording == Recording::Confirm
            && matches!(&source, Source::Objects { places, .. } if places.contains(&Place::Stdin));
        if prints_document && !matches!(format, Format::Text | Format::Explain) {
            return Err(UsageError::new(
                "--output cannot be used with --filename - and --confirm, which print the changed document on standard output",
            ));
        }
        let record = Context {
            now: environment.now,
            user: format!("{} (local)", environment.user_name()),
            expected: Vec::new(),
            options: criteria.decisive_options(),
            clock_skew: None,
        };
        Ok(Self {
            source,
            digest: options
                .expected_digest
                .as_deref()
                .map(requests::expected_digest)
                .transpose()?,
            is_recursive: options.source.recursive,
            criteria,
            format,
            colour: colour(options.color, prints_document, environment),
            columns: environment.terminal.columns.filter(|_| !prints_document),
            shows_progress: environment.terminal.stderr,
            signatures: options.signature.clone(),
            recording,
            record,
            platforms: Platforms::new(options)?,
            require_list: options.require_list,
            cluster_registry,
            attach: options.attach,
            prints_document,
        })
    }
}

impl Verify {
    /// The identities that images are expected to have.
    pub fn identities(&self) -> impl Iterator<Item = &Reference> {
        let (alike, targets, requests): (&[Reference], &[Wanted], &[Request]) = match &self.source {
            Source::Objects {
                requests: Requests::Everything(identities),
                ..
            }
            | Source::Parts { identities, .. } => (identities, &[], &[]),
            Source::Objects {
                requests: Requests::Named(requests),
                ..
            } => (&[], &[], requests),
            Source::Places { targets, .. } => (&[], targets, &[]),
        };
        let of_targets = targets.iter().flat_map(|wanted| &wanted.identities);
        let of_requests = requests.iter().flat_map(|request| &request.identities);
        alike.iter().chain(of_targets).chain(of_requests)
    }
}

/// Options that are about registries need an image there.
fn check_registry_options(options: &cli::verify::Verify, source: &Source) -> Result<(), UsageError> {
    if matches!(
        source,
        Source::Places {
            registries: Some(_),
            ..
        }
    ) {
        return Ok(());
    }
    let mut given = options.registry.given();
    let platforms = [
        (options.platform.is_some(), "--platform"),
        (options.all_platforms, "--all-platforms"),
        (options.require_list, "--require-list"),
    ];
    given.extend(platforms.into_iter().filter(|(given, _)| *given).map(|(_, name)| name));
    match given.first() {
        Some(option) => Err(UsageError::new(format!(
            "{option} is about images in registries: it needs an IMAGE docker://REFERENCE, or --registry-url"
        ))),
        None => Ok(()),
    }
}

/// Records stand on objects; trials need a server.
fn check_recording(options: &cli::verify::Verify, recording: Recording, source: &Source) -> Result<(), UsageError> {
    let has_objects = match source {
        Source::Objects { .. } => true,
        Source::Places { targets, .. } => targets.iter().all(|wanted| matches!(wanted.target, Target::Cluster(_))),
        Source::Parts { .. } => false,
    };
    for (given, flag) in [
        (options.confirm, "--confirm"),
        (recording == Recording::Trial, "--dry-run=server"),
        (!options.signature.is_empty(), "--signature"),
    ] {
        if given && !has_objects {
            return Err(UsageError::new(format!(
                "{flag} is about Image objects: a directory, an image in a registry or bare parts have no place for a record"
            )));
        }
    }
    if recording == Recording::Trial && matches!(source, Source::Objects { .. }) {
        return Err(UsageError::new(
            "--dry-run=server cannot be used with --filename: it needs a server",
        ));
    }
    Ok(())
}

/// Whether verdicts are coloured: unless the user says so, only on a terminal, and not where NO_COLOR is set
/// (https://no-color.org/).
fn colour(when: ColorWhen, on_stderr: bool, environment: &Environment) -> bool {
    let terminal = environment.terminal;
    match when {
        ColorWhen::Always => true,
        ColorWhen::Never => false,
        ColorWhen::Auto => {
            (if on_stderr { terminal.stderr } else { terminal.stdout })
                && environment.variable("NO_COLOR").is_none()
                && environment.variable("TERM").is_some_and(|term| term != "dumb")
        }
    }
}

/// Joins `-o` and `--explain`.
///
/// # Errors
/// When both ask for something else.
fn format(output: cli::verify::Output, explain: bool) -> Result<Format, UsageError> {
    use cli::verify::Output;
    match (output, explain) {
        (Output::Text, true) => Ok(Format::Explain),
        (_, true) => Err(UsageError::new("--explain is text: it cannot be used with --output")),
        (Output::Text, false) => Ok(Format::Text),
        (Output::Wide, false) => Ok(Format::Wide),
        (Output::Name, false) => Ok(Format::Name),
        (Output::Json, false) => Ok(Format::Json),
        (Output::Yaml, false) => Ok(Format::Yaml),
    }
}

fn source(options: &cli::verify::Verify, environment: &Environment) -> Result<Source, UsageError> {
    if options.manifest.is_some() || !options.signature_file.is_empty() {
        return parts(options);
    }
    let places = objects::places(&options.source)?;
    if places.contains(&Place::Stdin) && options.images_from.as_deref() == Some(Path::new("-")) {
        return Err(UsageError::new(
            "`-` may be given only once: standard input can be read once",
        ));
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
    Ok(Source::Objects { places, requests })
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
                "{}: with --filename IMAGE names an object in the files; verify {what} without --filename",
                safe(&request.image.to_string())
            )));
        }
        request.image = request.image.clone().in_namespace(namespace);
    }
    Ok(requests)
}

fn parts(options: &cli::verify::Verify) -> Result<Source, UsageError> {
    if options.images_from.is_some() || !options.source.filename.is_empty() {
        return Err(UsageError::new(
            "--manifest and --signature-file are the image: they cannot be used with --filename or --images-from",
        ));
    }
    let image = match &options.manifest {
        Some(_) if !options.images.is_empty() => {
            return Err(UsageError::new(
                "--manifest is the image: it cannot be used with IMAGE; the digest that the image must have is given with --expected-digest",
            ));
        }
        Some(manifest) => Bare::Manifest(manifest.clone()),
        None => Bare::Digest(bare_digest(options)?),
    };
    if options.signature_file.is_empty() {
        return Err(UsageError::new("--manifest needs --signature-file FILE"));
    }
    let files = options.signature_file.iter().chain(&options.manifest);
    if files.filter(|file| *file == Path::new("-")).count() > 1 {
        return Err(UsageError::new(
            "`-` may be given only once: standard input can be read once",
        ));
    }
    Ok(Source::Parts {
        image,
        signatures: options.signature_file.clone(),
        identities: identities(options)?,
    })
}

/// The digest that stands for a manifest that is not at hand. It must be said that it is expected: an IMAGE alone may be
/// meant to be looked up somewhere.
fn bare_digest(options: &cli::verify::Verify) -> Result<Digest, UsageError> {
    let Some(expected) = &options.expected_digest else {
        return Err(UsageError::new(
            "--signature-file needs --manifest FILE, or --expected-digest sha256:DIGEST where the manifest is not at hand",
        ));
    };
    let expected = requests::expected_digest(expected)?;
    match options.images.as_slice() {
        [] => Ok(expected),
        [image] => match image_name(image)? {
            ImageName::Object(name) => Digest::parse(&name).ok(),
            ImageName::Directory(_) | ImageName::Registry(_) => None,
        }
        .ok_or_else(|| {
            UsageError::new(format!(
                "{}: with --signature-file IMAGE can only be sha256:DIGEST, or is left out",
                safe(image)
            ))
        }),
        _ => Err(UsageError::new("--signature-file is for one image; several are named")),
    }
}

/// The identities given by `--expected-identity`, of which there must be one.
fn identities(options: &cli::verify::Verify) -> Result<Vec<Reference>, UsageError> {
    if options.expected_identity.is_empty() {
        return Err(UsageError::new(
            "--expected-identity is required: the image itself cannot say what you expect it to be",
        ));
    }
    let mut identities = Vec::new();
    for text in &options.expected_identity {
        let identity = expected_identity(text)?;
        if !identities.contains(&identity) {
            identities.push(identity);
        }
    }
    Ok(identities)
}

fn requested(options: &cli::verify::Verify) -> Result<Requests, UsageError> {
    if let Some(list) = &options.images_from {
        if !options.images.is_empty() || !options.expected_identity.is_empty() {
            return Err(UsageError::new(
                "--images-from cannot be used with IMAGE or --expected-identity: it names both",
            ));
        }
        let shown = safe(&list.display().to_string());
        return requests::from_list(&shown, &read_list(list)?).map(Requests::Named);
    }
    if !options.images.is_empty() {
        return named(options).map(Requests::Named);
    }
    if options.source.filename.is_empty() {
        return Err(UsageError::new(
            "no image: give IMAGE, --filename, --images-from or --manifest",
        ));
    }
    identities(options).map(Requests::Everything)
}

/// The images named, each with its identities. By a policy a tag of a stream is judged as what the stream says it is, where
/// the user does not say it (docs/contract.md 9).
fn named(options: &cli::verify::Verify) -> Result<Vec<Request>, UsageError> {
    let by_policy = options.acceptance.policy.is_some() || options.acceptance.system_policy;
    let may_lack = by_policy && options.expected_identity.is_empty() && options.source.filename.is_empty();
    let is_tag = |text: &&String| may_lack && is_stream_tag(text);
    let (tags, others): (Vec<&String>, Vec<&String>) = options.images.iter().partition(is_tag);
    let others: Vec<String> = others.into_iter().cloned().collect();
    let mut requests = requests::pair(&others, &options.expected_identity)?;
    for text in tags {
        if requests.iter().all(|request| request.asked != *text) {
            requests.push(Request {
                image: image_name(text)?,
                asked: text.clone(),
                identities: Vec::new(),
                names_itself: false,
            });
        }
    }
    // In the order in which they were named.
    let place = |request: &Request| {
        let is_it = |text: &String| {
            text.strip_prefix(&request.asked)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
        };
        options.images.iter().position(is_it)
    };
    requests.sort_by_key(place);
    Ok(requests)
}

fn is_stream_tag(text: &str) -> bool {
    let name = match image_name(text) {
        Ok(ImageName::Object(name)) => Name::parse(&name),
        _ => return false,
    };
    matches!(name, Ok(Name::Tag { .. }))
}

fn read_list(path: &Path) -> Result<String, UsageError> {
    let shown = safe(&path.display().to_string());
    let file = if path == Path::new("-") {
        Path::new("/dev/stdin")
    } else {
        path
    };
    let bytes = read_bounded(file, MAX_LIST)
        .map_err(|error| UsageError::new(format!("reading {shown}: {error}")))?
        .ok_or_else(|| UsageError::new(format!("{shown} has more than {MAX_LIST} bytes")))?;
    crate::input::text(bytes).map_err(|error| UsageError::new(format!("{shown} is not text: {error}")))
}

/// Without files, each image says where it is: a directory, or the cluster.
fn by_place(
    requests: Requests,
    options: &cli::verify::Verify,
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
            ImageName::Object(name) => Target::Cluster(Name::parse(&name).map_err(UsageError)?),
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
    let stdin_in_use = options.images_from.as_deref() == Some(Path::new("-"));
    let access = needs_cluster
        .then(|| cluster::access(&options.source.client, environment, stdin_in_use))
        .transpose()?
        .map(Box::new);
    let needs_registries = targets
        .iter()
        .any(|wanted| matches!(wanted.target, Target::Registry(_)))
        || (options.cluster_registry.registry_url.is_some() && needs_cluster);
    let registries = needs_registries
        .then(|| registry::configuration(&options.registry, environment))
        .transpose()?
        .map(Box::new);
    Ok(Source::Places {
        targets,
        access,
        registries,
    })
}
