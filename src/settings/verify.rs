// SPDX-License-Identifier: Apache-2.0
//! The settings of `verify`.

use std::path::{Path, PathBuf};

use super::by_policy::{ByPolicy, OfCluster};
use super::cluster_registry::{check_attach, ClusterRegistry};
use super::criteria::Criteria;
use super::demands::Demands;
use super::environment::Environment;
use super::expected_identity::short_identities;
use super::images::{Source, Target, Wanted};
use super::objects::{to_write, Recording};
use super::platforms::Platforms;
use super::tips::Tips;
use super::{requests, UsageError};
use crate::cli;
use crate::cli::output::ColorWhen;
pub use crate::cli::verify::VerifyOutput;
use crate::clock::Clock;
use crate::digest::Digest;
use crate::record::Context;
use crate::source::objects::Place;

/// What `verify` is to do.
#[derive(Debug, Clone)]
pub struct Verify {
    /// The images, and where they are.
    pub source: Source,
    /// Expected identities without a registry, in words.
    pub short_identities: Vec<String>,
    /// The digest the image must have.
    pub digest: Option<Digest>,
    /// Directories in directories of object files are read too.
    pub is_recursive: bool,
    /// By what images are judged.
    pub criteria: Criteria,
    /// The cluster whose policy decides in place of them, if there is one.
    pub cluster_policy: Option<OfCluster>,
    /// How results are printed.
    pub output: VerifyOutput,
    /// They are printed as text with every check of every signature.
    pub explain: bool,
    /// The time while registries are asked.
    pub clock: Clock,
    /// Verdicts are coloured: results go to a terminal.
    pub colour: bool,
    /// Columns of the terminal that results are printed on.
    pub columns: Option<usize>,
    /// Progress may be shown on standard error.
    pub shows_progress: bool,
    /// A person reads, and is told that there is `--explain`.
    pub names_explain: bool,
    /// Only these signatures of an object; all where none is named.
    pub signatures: Vec<String>,
    /// What is done with verdicts.
    pub recording: Recording,
    /// How to run the command again so that it writes.
    pub to_write: &'static str,
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
    /// What commands that are proposed take over.
    pub tips: Tips,
    /// The document from standard input is printed with the records in it, so that the report goes to standard error.
    pub prints_document: bool,
}

impl Verify {
    /// Validates the options of `verify`.
    ///
    /// # Errors
    /// When they contradict each other or one is malformed.
    pub fn new(options: &cli::verify::VerifyCommand, environment: &Environment) -> Result<Self, UsageError> {
        let recording = Recording::new(options.confirm, options.dry_run);
        // Before what depends on the cluster, which may not be configured.
        check_attach(options, recording)?;
        let mut source = Source::new(options, environment)?;
        let demands = Demands {
            identity_match: options.identity_match.as_deref(),
            require: options.require,
            namespace: options.source.client.namespace.as_deref(),
        };
        let cluster_policy = cluster_policy(options, demands, environment)?;
        let criteria = Criteria::new(&options.acceptance, demands, environment)?;
        let is_by_objects =
            cluster_policy.is_some() || criteria.policy.as_ref().is_some_and(ByPolicy::is_objects_alone);
        if let Some(registries) = source.registries() {
            // Whoever names such keys asks for such signatures, and nodes look for them where objects ask for them.
            registries.wants_attachments = criteria.keys.sigstore.is_some() || is_by_objects;
            registries.is_by_objects = is_by_objects;
        }
        if options.explain && options.format.output != VerifyOutput::Text {
            return Err(UsageError::new(
                "--explain prints text: it cannot be used with --output",
            ));
        }
        check_recording(options, recording, &source)?;
        if source.registries().is_none() {
            refuse_registry_options(options)?;
        }
        let in_files = !source.files().is_empty();
        let is_in_cluster = |wanted: &Wanted| matches!(wanted.target, Target::Cluster(_));
        let in_cluster = source.targets().iter().any(is_in_cluster);
        let cluster_registry = ClusterRegistry::new(options, in_files, in_cluster)?;
        let prints_document = recording == Recording::Confirm && source.files().contains(&Place::Stdin);
        if prints_document && options.format.output != VerifyOutput::Text {
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
            short_identities: short_identities(&options.expected_identity, &options.images),
            digest: options
                .expected_digest
                .as_deref()
                .map(requests::expected_digest)
                .transpose()?,
            is_recursive: options.source.recursive,
            criteria,
            cluster_policy,
            output: options.format.output,
            explain: options.explain,
            clock: environment.clock(),
            colour: colour(options.colour.color, prints_document, environment),
            columns: environment.columns().filter(|_| !prints_document),
            shows_progress: environment.terminal.stderr,
            names_explain: environment.terminal.stderr && !options.explain && options.format.output.is_for_people(),
            signatures: options.signature.clone(),
            recording,
            to_write: to_write(options.confirm, options.dry_run),
            record,
            platforms: Platforms::new(options)?,
            require_list: options.require_list,
            cluster_registry,
            attach: options.attach,
            tips: Tips::new(options),
            prints_document,
        })
    }
}

/// What `--cluster-policy` names, if it is given.
fn cluster_policy(
    options: &cli::verify::VerifyCommand,
    demands: Demands<'_>,
    environment: &Environment,
) -> Result<Option<OfCluster>, UsageError> {
    if !options.acceptance.cluster_policy {
        return Ok(None);
    }
    let stdin_in_use = [options.images_from.as_deref(), options.manifest.as_deref()]
        .into_iter()
        .flatten()
        .chain(options.signature_file.iter().map(PathBuf::as_path))
        .any(|file| file == Path::new("-"));
    OfCluster::new(&options.acceptance, &options.source, demands, stdin_in_use, environment).map(Some)
}

/// Options that are about registries need an image there.
fn refuse_registry_options(options: &cli::verify::VerifyCommand) -> Result<(), UsageError> {
    // What is in a list may be without one today.
    let is_listed = options.images_from.is_some() && options.source.filename.is_empty();
    let mut given = match is_listed {
        true => Vec::new(),
        false => options.registry.given(),
    };
    let platforms = [
        (options.platform.is_some(), "--platform"),
        (options.all_platforms, "--all-platforms"),
        (options.require_list, "--require-list"),
    ];
    given.extend(platforms.into_iter().filter(|(given, _)| *given).map(|(_, name)| name));
    match given.first() {
        Some(option) => Err(UsageError::new(format!(
            "{option} applies only to images in registries; add an IMAGE docker://REFERENCE, or --registry-url"
        ))),
        None => Ok(()),
    }
}

/// Records stand on objects; trials need a server.
fn check_recording(
    options: &cli::verify::VerifyCommand,
    recording: Recording,
    source: &Source,
) -> Result<(), UsageError> {
    let has_objects = match source {
        Source::Objects { .. } => true,
        Source::Places { targets, .. } => targets.iter().all(|wanted| matches!(wanted.target, Target::Cluster(_))),
        Source::Parts(_) => false,
    };
    for (given, flag) in [
        (options.confirm, "--confirm"),
        (recording == Recording::Trial, "--dry-run=server"),
        (!options.signature.is_empty(), "--signature"),
    ] {
        if given && !has_objects {
            return Err(UsageError::new(format!(
                "{flag} applies only to Image objects: a directory, an image in a registry or bare parts cannot store \
                    a record"
            )));
        }
    }
    if recording == Recording::Trial && !source.files().is_empty() {
        return Err(UsageError::new(
            "--dry-run=server cannot be used with --filename: it needs a server",
        ));
    }
    Ok(())
}

/// Whether verdicts are coloured: unless the user says so, only on a terminal, and not where
/// NO_COLOR is set (<https://no-color.org/>).
pub(super) fn colour(when: ColorWhen, on_stderr: bool, environment: &Environment) -> bool {
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
