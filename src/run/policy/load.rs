// SPDX-License-Identifier: Apache-2.0
//! Reads the files of a policy.

use std::path::{Path, PathBuf};

use crate::cluster::mirrors::Mirrors;
use crate::files::read::read_bounded;
use crate::policy::file::PolicyText;
use crate::policy::objects::Objects;
use crate::policy::rulebook::{Rulebook, Source};
use crate::policy::{TextError, MAX_POLICY_BYTES};
use crate::report::console::{Console, Messages};
use crate::report::exit::Exit;
use crate::report::json::Syntax;
use crate::report::usage;
use crate::run::by_policy::key_files::{self, Trouble};
use crate::run::cluster::Session;
use crate::settings::policy::Ground;
use crate::settings::UsageError;
use crate::text::{io_message, safe};

/// A file that breaks its format.
pub(super) struct Broken {
    pub file: PathBuf,
    pub error: TextError,
}

/// What stands in place of a file's name for objects of a cluster.
const CLUSTER: &str = "cluster";

impl Broken {
    fn is_of_cluster(&self) -> bool {
        self.error.line == 0
    }
}

impl From<Broken> for UsageError {
    fn from(broken: Broken) -> Self {
        UsageError::new(format!("{}: {}", shown(&broken.file), broken.error))
    }
}

/// Why there is no rulebook.
pub(super) enum Failure {
    Usage(UsageError),
    Broken(Broken),
    /// The objects of the cluster could not be had.
    Trouble(String),
}

impl Failure {
    /// Tells of it; a document is printed where one was asked for.
    ///
    /// # Errors
    /// When it is a mistake in the call or in a file.
    pub(super) fn tell(
        self,
        command: &str,
        syntax: Option<Syntax>,
        console: &mut Console<'_>,
    ) -> Result<Exit, UsageError> {
        let message = match self {
            Failure::Usage(error) => return Err(error),
            Failure::Broken(broken) if broken.is_of_cluster() => {
                format!("the policies of the cluster cannot be used: {}", broken.error)
            }
            Failure::Broken(broken) => return Err(broken.into()),
            Failure::Trouble(message) => message,
        };
        console.err.error(&message);
        if let Some(syntax) = syntax {
            // Failures are told at the end: see report::output.
            let _ = usage::write_trouble(console.out, command, &message, syntax);
        }
        Ok(Exit::Trouble)
    }
}

/// Reads the files of the policy, or the one of this machine, and the objects of the cluster.
pub(super) fn load(ground: &Ground, stderr: &mut Messages<'_>) -> Result<Rulebook, Failure> {
    Ok(load_all(ground, false, stderr)?.0)
}

/// The key files of a policy that are of no use: nothing is judged by it until they are, whatever scope they belong to.
pub(super) fn spoiled(book: &Rulebook) -> Vec<Trouble> {
    let name = book
        .base()
        .map_or_else(String::new, |base| format!("policy {}", shown(&base.file)));
    key_files::troubles(book, &name)
}

/// What follows from one for the scopes that do not name it.
pub(super) fn not_judged(trouble: &Trouble) -> String {
    format!(
        "{}; nothing is judged by the policy until it can be used",
        trouble.message
    )
}

/// Names the objects in files that say nothing here: those of other namespaces than the one that is asked about.
pub(super) fn tell_left_out(book: &Rulebook, stderr: &mut Messages<'_>) {
    for object in &book.combined.left_out {
        stderr.note(left_out(object));
    }
}

/// Why an object says nothing here.
pub(super) fn left_out(object: &str) -> String {
    format!("{object} is left out; --namespace adds the ImagePolicies of a namespace")
}

/// The same with the mirror sets of the cluster among the objects, and what else it says of mirrors.
pub(super) fn load_with_mirrors(
    ground: &Ground,
    stderr: &mut Messages<'_>,
) -> Result<(Rulebook, Option<Mirrors>), Failure> {
    load_all(ground, true, stderr)
}

fn load_all(
    ground: &Ground,
    wants_mirrors: bool,
    stderr: &mut Messages<'_>,
) -> Result<(Rulebook, Option<Mirrors>), Failure> {
    let mut files = ground.files.clone();
    if ground.is_of_machine {
        files.push(system_policy(ground).map_err(Failure::Usage)?);
    }
    let mut sources = Vec::new();
    for file in files {
        let text = read(&file).map_err(Failure::Usage)?;
        let source = Source::parse(file.clone(), text).map_err(|error| Failure::Broken(Broken { file, error }))?;
        sources.push(source);
    }
    let mut mirrors = None;
    if let Some((source, found)) = of_cluster(ground, wants_mirrors, stderr)? {
        sources.push(source);
        mirrors = found;
    }
    if ground.cluster.is_none() && !sources.iter().any(has_rules) {
        if !sources.iter().any(has_mirror_sets) {
            let files: Vec<String> = sources.iter().map(|source| shown(&source.file)).collect();
            return Err(Failure::Usage(UsageError::new(format!(
                "{}: there is no ClusterImagePolicy, ImagePolicy or mirror set",
                files.join(", ")
            ))));
        }
        // Mirror sets alone: the policy is that of this machine.
        let file = system_policy(ground).map_err(Failure::Usage)?;
        let text = read(&file).map_err(Failure::Usage)?;
        let source = Source::parse(file.clone(), text).map_err(|error| Failure::Broken(Broken { file, error }))?;
        sources.insert(0, source);
    }
    let book = Rulebook::new(sources, ground.namespace.as_deref())
        .map_err(|conflict| Failure::Usage(UsageError::new(conflict.to_string())))?;
    Ok((book, mirrors))
}

/// Whether a file has a policy in it: one may have mirror sets alone, or objects that say nothing of signatures.
pub(super) fn has_rules(source: &Source) -> bool {
    match &source.content {
        PolicyText::Policy(_) => true,
        PolicyText::Objects(objects) => !objects.policies.is_empty(),
    }
}

fn has_mirror_sets(source: &Source) -> bool {
    matches!(&source.content, PolicyText::Objects(objects) if !objects.mirror_sets.is_empty())
}

fn of_cluster(
    ground: &Ground,
    wants_mirrors: bool,
    stderr: &mut Messages<'_>,
) -> Result<Option<(Source, Option<Mirrors>)>, Failure> {
    let Some(access) = &ground.cluster else { return Ok(None) };
    let mut session = Session::new((**access).clone(), stderr).map_err(Failure::Usage)?;
    let listed = session.listed_policies(ground.namespace.as_deref());
    let mirrors = match &listed {
        Ok(_) if wants_mirrors => session
            .listed_mirrors()
            .and_then(|mirrors| mirrors.as_nodes_read().map(|_| Some(mirrors))),
        _ => Ok(None),
    };
    session.tell_warnings(stderr);
    let mut listed = listed.map_err(|refusal| Failure::Trouble(refusal.message))?;
    let mirrors = mirrors.map_err(|refusal| Failure::Trouble(refusal.message))?;
    listed.extend(mirrors.iter().flat_map(|mirrors| mirrors.objects.iter().cloned()));
    let objects = Objects::of_values(&listed).map_err(|error| {
        let file = PathBuf::from(CLUSTER);
        Failure::Broken(Broken { file, error })
    })?;
    if ground.namespace.is_none() {
        stderr.note("the ImagePolicies of the cluster are left out; -n adds those of a namespace");
    }
    Ok(Some((Source::of_cluster(CLUSTER, objects), mirrors)))
}

/// Reads a file of at most [`MAX_POLICY_BYTES`].
pub(super) fn read(file: &Path) -> Result<Vec<u8>, UsageError> {
    match read_bounded(file, MAX_POLICY_BYTES as u64) {
        Ok(Some(text)) => Ok(text),
        Ok(None) => Err(UsageError::new(format!(
            "{} has more than {MAX_POLICY_BYTES} bytes",
            shown(file)
        ))),
        Err(error) => Err(UsageError::new(format!(
            "reading {}: {}",
            shown(file),
            io_message(&error)
        ))),
    }
}

/// The policy that podman would go by.
fn system_policy(ground: &Ground) -> Result<PathBuf, UsageError> {
    ground
        .containers
        .system_policy()
        .map_err(|places| UsageError::new(format!("there is no policy on this machine; looked for {places}")))
}

/// A path, safe to print.
pub(super) fn shown(path: &Path) -> String {
    safe(&path.display().to_string())
}
