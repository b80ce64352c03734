// SPDX-License-Identifier: Apache-2.0
//! The settings of `audit`.

mod decisive;
pub(crate) mod diff;
mod duration;
mod images;
mod in_files;
mod inputs;
mod key_files;
mod list;
pub(crate) mod merge;
mod misspelt;
mod registries;
pub(crate) mod reporting;
mod reports;
mod said;
mod shard;

use std::num::NonZero;
use std::path::{Path, PathBuf};

pub use self::images::{AskedRange, Images};
use self::inputs::Inputs;
use self::key_files::Reader;
use self::reporting::Reporting;
pub use self::reports::Report;
use super::by_policy::{ByPolicy, OfCluster};
use super::criteria::Criteria;
use super::demands::Demands;
use super::environment::Environment;
use super::objects::Recording;
use super::UsageError;
use crate::audit::head::Shard;
use crate::audit::prefix_map::PrefixMap;
use crate::cli;
use crate::clock::Clock;
use crate::digest::Digest;
use crate::files::exposed;
use crate::files::read::read_bounded;
use crate::record::Context;
use crate::text::{io_message, safe};

/// Largest map of expected identities, in bytes.
const MAX_MAP: u64 = 8 << 20;

/// How many records may change from True to False where the user does not say it.
const MAX_DOWNGRADES: u32 = 20;

/// What `audit` is to do.
#[derive(Debug, Clone)]
pub struct Audit {
    /// The images that are judged.
    pub images: Images,
    /// Where they are, in words for people.
    pub source: String,
    /// By what they are judged.
    pub criteria: Criteria,
    /// The cluster whose policy decides in place of them, if there is one.
    pub cluster_policy: Option<OfCluster>,
    /// Which prefix is signed as which, where the user says it.
    pub map: Option<IdentityMap>,
    /// Every other option that can change what is found, in a form to be compared.
    pub options: String,
    /// What mirrors have of images is compared with what the sources have.
    pub mirrors: bool,
    /// How many threads judge; at least 1.
    pub workers: usize,
    /// Which part of the images is judged.
    pub shard: Shard,
    /// The report to go on from.
    pub resume: Option<PathBuf>,
    /// Formats and destinations of the report.
    pub reporting: Reporting,
    /// Progress may be shown on standard error.
    pub shows_progress: bool,
    /// What is done with verdicts.
    pub recording: Recording,
    /// The most records that may change from True to False.
    pub max_downgrades: u64,
    /// What a record says besides the verdict.
    pub record: Context,
    /// Whose files may be gone on from.
    pub uid: u32,
    /// The time by which images are judged, in seconds since 1970.
    pub now: i64,
    /// The time while the run goes on.
    pub clock: Clock,
}

/// The map of `--expected-identity-map`.
#[derive(Debug, Clone)]
pub struct IdentityMap {
    /// The identities that the file gives to prefixes of names.
    pub map: PrefixMap,
    /// SHA-256 of its file, in hex.
    pub hash: String,
}

impl Audit {
    /// Validates the options of `audit`.
    ///
    /// # Errors
    /// When they contradict each other, one is malformed, or a file that they name cannot be used.
    pub fn new(options: &cli::audit::AuditCommand, environment: &Environment) -> Result<Self, UsageError> {
        let mut inputs = Inputs::of_audit(options, environment);
        let reporting = Reporting::new(&options.report, options.resume.as_deref(), &inputs, environment)?;
        let demands = Demands {
            identity_match: options.identity_match.as_deref(),
            require: options.require,
            namespace: options.source.client.namespace.as_deref(),
        };
        let images_on_stdin = options.images_from.as_deref() == Some(Path::new("-"));
        let cluster_policy = options.acceptance.cluster_policy.then(|| {
            let (acceptance, source) = (&options.acceptance, &options.source);
            OfCluster::new(acceptance, source, demands, images_on_stdin, environment)
        });
        let cluster_policy = cluster_policy.transpose()?;
        let mut criteria = Criteria::new(&options.acceptance, demands, environment)?;
        if let Some(policy) = &criteria.policy {
            let files: Vec<PathBuf> = policy.key_files().map(Path::to_owned).collect();
            inputs.add("a key of the policy", &files);
        }
        let workers = options.workers.map_or_else(processors, |workers| workers as usize);
        criteria.workers = criteria.workers.shared_by(workers);
        let mut images = Images::new(options, environment)?;
        inputs.add("an image that is named", images.directories());
        inputs.refuse(&reporting.files)?;
        let is_by_objects =
            cluster_policy.is_some() || criteria.policy.as_ref().is_some_and(ByPolicy::is_objects_alone);
        if let Some(registries) = images.registries_mut() {
            // Whoever names such keys asks for such signatures, and nodes look for them where objects ask for them.
            registries.wants_attachments = criteria.keys.sigstore.is_some() || is_by_objects;
            registries.is_by_objects = is_by_objects;
        }
        let shard = shard::shard(options.shard.as_deref(), environment)?;
        if reporting.has_lines() || options.resume.is_some() || shard != Shard::WHOLE {
            key_files::check(&criteria, Reader::Report)?;
        }
        // For images of a cluster there is one more, who looks again at what is to be written.
        let is_looked_at_again = match &images {
            Images::Cluster { .. } => true,
            Images::Files { .. } | Images::Places { .. } => false,
        };
        if workers > 1 || is_looked_at_again {
            key_files::check(&criteria, Reader::Threads)?;
        }
        if shard != Shard::WHOLE && images.has_tags_of_streams() {
            return Err(UsageError::new(
                "--shard cannot be used with images of a cluster that are named STREAM:TAG: a tag may stand for another image in the run of the next shard; name them by their digests",
            ));
        }
        let recording = Recording::new(options.confirm, None);
        if options.max_downgrades.is_some() && recording == Recording::Dry {
            return Err(UsageError::new(
                "--max-downgrades applies only to records; add --confirm",
            ));
        }
        if recording == Recording::Confirm {
            images.check_recordable()?;
        }
        Ok(Self {
            source: images.source(),
            map: options.expected_identity_map.as_deref().map(identity_map).transpose()?,
            options: decisive::decisive(options, &criteria, reporting.warn_expiry, &images),
            workers,
            shard,
            resume: options.resume.clone(),
            reporting,
            shows_progress: environment.terminal.stderr,
            recording,
            max_downgrades: options.max_downgrades.unwrap_or(MAX_DOWNGRADES).into(),
            record: Context {
                now: environment.now,
                user: format!("{} (local)", environment.user_name()),
                expected: Vec::new(),
                options: criteria.decisive_options(),
                clock_skew: None,
            },
            uid: environment.uid,
            now: environment.now,
            clock: environment.clock(),
            mirrors: options.mirrors,
            images,
            criteria,
            cluster_policy,
        })
    }
}

fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, NonZero::get)
}

fn identity_map(file: &Path) -> Result<IdentityMap, UsageError> {
    let shown = format!("--expected-identity-map {}", safe(&file.display().to_string()));
    let wrong = |what: String| UsageError::new(format!("{shown}: {what}"));
    let bytes = read_bounded(file, MAX_MAP)
        .map_err(|error| wrong(format!("it cannot be read: {}", io_message(&error))))?
        .ok_or_else(|| wrong(format!("it has more than {MAX_MAP} bytes")))?;
    exposed::warn("identity map", file);
    let hash = Digest::of_bytes(&bytes).hex().to_owned();
    let text = crate::input::text(bytes).map_err(|error| wrong(format!("it is not text: {error}")))?;
    let map = PrefixMap::parse(&text).map_err(wrong)?;
    Ok(IdentityMap { map, hash })
}
