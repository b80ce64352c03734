// SPDX-License-Identifier: Apache-2.0
//! The settings of `policy`.

use std::path::PathBuf;

use super::by_policy::namespace_of_policies;
use super::containers::Containers;
use super::environment::Environment;
use super::image_name::short_name;
use super::policy_reference;
use super::{cluster, UsageError};
use crate::cli::policy::{Configuration, LintCommand, PolicySubcommand, Registries, TestCommand, WhyCommand};
pub use crate::cli::policy::{PolicyOutput, TestOutput};
use crate::cluster::access::Access;
use crate::reference::Reference;
use crate::text::{io_message, quoted, safe};

/// What `policy` is to do.
#[derive(Debug, Clone)]
pub enum Action {
    /// Explain what a policy says of a reference.
    Why(Why),
    /// Find what cannot work in a policy, or surprises.
    Lint(Lint),
    /// Compare with a table.
    Test(Test),
}

/// Where everything is, and what GnuPG needs.
#[derive(Debug, Clone)]
pub struct Ground {
    /// The files of the policy.
    pub files: Vec<PathBuf>,
    /// The policy is that of this machine.
    pub is_of_machine: bool,
    /// The cluster whose objects are read too.
    pub cluster: Option<Box<Access>>,
    /// The namespace whose ImagePolicies apply besides those of the cluster.
    pub namespace: Option<String>,
    /// Where configuration is looked for.
    pub containers: Containers,
    /// Where temporary keyrings may stand.
    pub places: Vec<PathBuf>,
    /// Directories of programs; none where the policy is not that of this machine.
    pub search_path: Vec<PathBuf>,
    /// Our user ID, to know left-overs of our own.
    pub uid: u32,
    /// The time by which keys are judged, in seconds since 1970.
    pub now: i64,
}

/// What `policy why` is to explain.
#[derive(Debug, Clone)]
pub struct Why {
    /// What is asked for.
    pub reference: Reference,
    /// What is to be said of it where it names no registry.
    pub short_name: Option<String>,
    /// Print stanzas for mirrors.
    pub mirrors: bool,
    /// The policy, and the configuration that belongs to it.
    pub ground: Ground,
    /// The format in which it is printed.
    pub output: PolicyOutput,
}

/// What `policy lint` is to look at.
#[derive(Debug, Clone)]
pub struct Lint {
    /// The policy, and the configuration that belongs to it.
    pub ground: Ground,
    /// Whether registries.conf is looked at too: where it was named, or the policy is that of this machine.
    pub checks_conf: bool,
    /// The same of registries.d.
    pub checks_stores: bool,
    /// The format in which findings are printed.
    pub output: PolicyOutput,
}

impl Lint {
    fn new(options: &LintCommand, environment: &Environment) -> Result<Self, UsageError> {
        let registries = &options.configuration.registries;
        are_there(registries)?;
        let ground = Ground::new(&options.files, &options.configuration, environment)?;
        Ok(Self {
            checks_conf: ground.is_of_machine || registries.registries_conf.is_some(),
            checks_stores: ground.is_of_machine || registries.registries_d.is_some(),
            ground,
            output: options.format.output,
        })
    }
}

/// Refuses names of nothing: whoever gives them expects that something is read there.
fn are_there(registries: &Registries) -> Result<(), UsageError> {
    for path in [&registries.registries_conf, &registries.registries_d]
        .into_iter()
        .flatten()
    {
        if let Err(error) = std::fs::metadata(path) {
            let path = safe(&path.display().to_string());
            return Err(UsageError::new(format!("reading {path}: {}", io_message(&error))));
        }
    }
    Ok(())
}

/// What `policy test` is to compare.
#[derive(Debug, Clone)]
pub struct Test {
    /// The file of cases, with what is expected of each.
    pub table: PathBuf,
    /// The policy, and the configuration that belongs to it.
    pub ground: Ground,
    /// Whether registries.d belongs to the policy: where it was named, or the policy is that of this machine.
    pub checks_stores: bool,
    /// The format in which results are printed.
    pub output: TestOutput,
}

impl Test {
    fn new(options: &TestCommand, environment: &Environment) -> Result<Self, UsageError> {
        let registries = &options.configuration.registries;
        are_there(registries)?;
        let ground = Ground::new(&options.policy, &options.configuration, environment)?;
        Ok(Self {
            table: options.table.clone(),
            checks_stores: ground.is_of_machine || registries.registries_d.is_some(),
            ground,
            output: options.format.output,
        })
    }
}

impl Action {
    /// Validates the options.
    ///
    /// # Errors
    /// When they contradict each other or an argument is not what it should be.
    pub fn new(subcommand: &PolicySubcommand, environment: &Environment) -> Result<Self, UsageError> {
        match subcommand {
            PolicySubcommand::Why(own) => Why::new(own, environment).map(Self::Why),
            PolicySubcommand::Lint(own) => Lint::new(own, environment).map(Self::Lint),
            PolicySubcommand::Test(own) => Test::new(own, environment).map(Self::Test),
        }
    }
}

impl Why {
    fn new(options: &WhyCommand, environment: &Environment) -> Result<Self, UsageError> {
        let reference = policy_reference::reference(&options.reference)
            .map_err(|what| UsageError::new(swapped(options).unwrap_or(what)))?;
        Ok(Self {
            short_name: short_name(&options.reference, &reference),
            reference,
            mirrors: options.mirrors,
            ground: Ground::new(&options.files, &options.configuration, environment)?,
            output: options.format.output,
        })
    }
}

/// What is said of a file where an image is expected, as far as its name or the other arguments show it.
fn swapped(options: &WhyCommand) -> Option<String> {
    let (first, rest) = (options.reference.as_str(), &options.files);
    let mut images = rest.iter().filter_map(|file| file.to_str());
    let image = images.find(|text| policy_reference::reference(text).is_ok());
    let has_name_of_file = [".json", ".yaml", ".yml"].iter().any(|end| first.ends_with(end));
    (has_name_of_file || image.is_some()).then(|| {
        format!(
            "{} is a file, not an image; write the image first: image-signature policy why {} {}",
            quoted(first),
            safe(image.unwrap_or("REF")),
            safe(first)
        )
    })
}

/// What `policy` reads in place of a cluster.
const INSTEAD: &str = "files with the objects of the cluster (oc get clusterimagepolicies -o yaml)";

impl Ground {
    fn new(files: &[PathBuf], options: &Configuration, environment: &Environment) -> Result<Self, UsageError> {
        if options.system_policy && !files.is_empty() {
            return Err(UsageError::new(
                "--system-policy cannot be used with files, which take the place of the policy of this machine",
            ));
        }
        let namespace = options.client.namespace.as_deref();
        let (cluster, namespace) = if options.cluster_policy {
            (
                Some(Box::new(cluster::access(&options.client, environment, false, INSTEAD)?)),
                namespace_of_policies(namespace)?,
            )
        } else {
            (None, namespace.map(str::to_owned))
        };
        let is_of_machine = options.system_policy || files.is_empty() && cluster.is_none();
        Ok(Self {
            files: files.to_vec(),
            is_of_machine,
            cluster,
            namespace,
            containers: Containers::new(
                environment,
                options.registries.registries_conf.as_deref(),
                options.registries.registries_d.as_deref(),
            ),
            places: environment.temporary_places(),
            search_path: match environment.variable("PATH").filter(|_| is_of_machine) {
                Some(path) => std::env::split_paths(path).collect(),
                None => Vec::new(),
            },
            uid: environment.uid,
            now: environment.now,
        })
    }
}
