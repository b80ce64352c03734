// SPDX-License-Identifier: Apache-2.0
//! The policy that decides which keys are accepted for which image.

use std::path::{Path, PathBuf};

use super::containers::Containers;
use super::demands::Demands;
use super::environment::Environment;
use super::{cluster, UsageError};
use crate::cli::acceptance::AcceptanceOptions;
use crate::cli::keys::KeyOptions;
use crate::cli::verify::SourceOptions;
use crate::cluster::access::Access;
use crate::cluster::names::is_label;
use crate::digest::Digest;
use crate::files::exposed;
use crate::files::read::read_bounded;
use crate::policy::combined::Combined;
use crate::policy::file::PolicyText;
use crate::policy::objects::Objects;
use crate::policy::rulebook::{Rulebook, Source};
use crate::policy::{KeyMaterial, Policy, PolicyRequirement, SigstoreSigners, MAX_POLICY_BYTES};
use crate::text::{io_message, place, quoted, safe};

/// A policy, and what GnuPG needs.
#[derive(Debug, Clone)]
pub struct ByPolicy {
    /// What it is called in messages; safe to print.
    pub name: String,
    /// What it is made of, and the policy that this is together.
    pub book: Rulebook,
    /// SHA-256 of its file, in hex; nothing for policies of a cluster.
    pub hash: Option<String>,
    /// What a user should know of it; safe to print.
    pub notes: Vec<String>,
    /// Where temporary keyrings may stand.
    pub places: Vec<PathBuf>,
    /// Our user ID, to know left-overs of our own.
    pub uid: u32,
    /// The time by which keys and signatures are judged, in seconds since 1970.
    pub now: i64,
}

/// The cluster whose objects decide, and what GnuPG needs.
#[derive(Debug, Clone)]
pub struct OfCluster {
    /// How it is reached.
    pub access: Box<Access>,
    /// The namespace whose ImagePolicies apply besides those of the cluster.
    pub namespace: Option<String>,
    places: Vec<PathBuf>,
    uid: u32,
    now: i64,
}

impl ByPolicy {
    /// The policy that all its files make together.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.book.combined.policy
    }

    /// The key files that it names, each as often as it does; keys that stand in it are part of itself.
    pub fn key_files(&self) -> impl Iterator<Item = &Path> {
        let policy = self.policy();
        let scopes = policy.transports.iter().flat_map(|transport| &transport.scopes);
        let requirements = scopes.flat_map(|scope| &scope.requirements).chain(&policy.default);
        let keys = requirements.filter_map(|requirement| match requirement {
            PolicyRequirement::SignedBy { keys, .. }
            | PolicyRequirement::SigstoreSigned {
                signers: SigstoreSigners::Keys(keys),
                ..
            } => Some(keys),
            _ => None,
        });
        keys.flat_map(|keys| match keys {
            KeyMaterial::Paths(paths) => paths.iter().map(PathBuf::as_path).collect::<Vec<_>>(),
            _ => Vec::new(),
        })
    }

    /// Whether it is made of API objects alone, so that its `default` is nobody's.
    #[must_use]
    pub fn is_objects_alone(&self) -> bool {
        self.book.combined.is_objects_alone
    }

    /// The policy that the options name, if they name one.
    ///
    /// # Errors
    /// When it cannot be read or breaks a rule of its format, or options contradict each other.
    pub fn new(
        options: &AcceptanceOptions,
        demands: Demands<'_>,
        environment: &Environment,
    ) -> Result<Option<Self>, UsageError> {
        let (flag, file) = match (&options.policy, options.system_policy) {
            (None, false) => return Ok(None),
            (Some(_), true) => {
                return Err(UsageError::new(
                    "--policy cannot be used with --system-policy: one policy decides",
                ))
            }
            (Some(file), false) => ("--policy", file.clone()),
            (None, true) => ("--system-policy", system_policy(environment)?),
        };
        refuse_others(options, demands, flag)?;
        read(&file, demands.namespace, environment).map(Some)
    }
}

impl OfCluster {
    /// What `--cluster-policy` names, where it is given. `stdin_in_use` says that another option reads standard input.
    ///
    /// # Errors
    /// When options contradict each other, or no cluster is configured.
    pub fn new(
        accepts: &AcceptanceOptions,
        source: &SourceOptions,
        demands: Demands<'_>,
        stdin_in_use: bool,
        environment: &Environment,
    ) -> Result<Self, UsageError> {
        let flag = "--cluster-policy";
        let others = [
            (accepts.policy.is_some(), "--policy"),
            (accepts.system_policy, "--system-policy"),
        ];
        if let Some((_, other)) = others.into_iter().find(|(given, _)| *given) {
            return Err(UsageError::new(format!(
                "{other} cannot be used with {flag}: one policy decides"
            )));
        }
        refuse_others(accepts, demands, flag)?;
        if !source.filename.is_empty() {
            return Err(UsageError::new(
                "--cluster-policy cannot be used with --filename, with which no server is contacted; save the objects with oc get clusterimagepolicies -o yaml, and name the file with --policy",
            ));
        }
        Ok(Self {
            access: Box::new(cluster::access(
                &source.client,
                environment,
                stdin_in_use,
                "name a file with the objects of the cluster with --policy",
            )?),
            namespace: namespace_of_policies(demands.namespace)?,
            places: environment.temporary_places(),
            uid: environment.uid,
            now: environment.now,
        })
    }

    /// The policy that its objects are.
    #[must_use]
    pub fn policy(&self, objects: Objects) -> ByPolicy {
        let name = "the policies of the cluster";
        let is_empty = objects.policies.is_empty();
        let source = Source::of_cluster("cluster", objects);
        let book = Rulebook::of(source, self.namespace.as_deref());
        let mut notes = notes(name, &book.combined);
        if self.namespace.is_none() {
            notes.push(format!(
                "{name}: ImagePolicies are left out: they apply only to the namespace given with -n"
            ));
        }
        if is_empty {
            notes.push(format!("{name}: there are none, so every image is refused"));
        }
        ByPolicy {
            name: name.to_owned(),
            book,
            hash: None,
            notes,
            places: self.places.clone(),
            uid: self.uid,
            now: self.now,
        }
    }
}

/// The namespace whose ImagePolicies count; it becomes part of a path.
///
/// # Errors
/// When it is not a valid name.
pub(super) fn namespace_of_policies(name: Option<&str>) -> Result<Option<String>, UsageError> {
    match name {
        Some(name) if !is_label(name) => Err(UsageError::new(format!(
            "--namespace {} is not a valid namespace name",
            quoted(name)
        ))),
        name => Ok(name.map(str::to_owned)),
    }
}

/// What became of the objects of a policy.
fn notes(name: &str, combined: &Combined) -> Vec<String> {
    let mut notes = Vec::new();
    notes.extend(combined.left_out.iter().map(|object| {
        let object = safe(object);
        format!("{name}: {object} is left out: ImagePolicies apply only to the namespace given with -n")
    }));
    notes.extend(combined.dropped.iter().map(|dropped| {
        let [object, scope, inside, of] =
            [&dropped.object, &dropped.scope, &dropped.inside, &dropped.of].map(|text| place::shown(text));
        format!("{name}: scope {scope} of {object} is left out, as on nodes: {of} has the scope {inside}")
    }));
    notes
}

/// A policy decides on keys, identity rule and threshold; options that do so too would say something else.
fn refuse_others(options: &AcceptanceOptions, demands: Demands<'_>, flag: &str) -> Result<(), UsageError> {
    let AcceptanceOptions {
        keys,
        // Every engine has the same verdicts.
        engine: _,
        sigstore_key,
        // Which of these name a policy, their callers check.
        policy: _,
        system_policy: _,
        cluster_policy: _,
    } = options;
    let KeyOptions {
        public_key,
        homedir,
        trust_model,
        signed_by,
    } = keys;
    let Demands {
        identity_match,
        require,
        // It says which policies apply.
        namespace: _,
    } = demands;
    let others = [
        (!public_key.is_empty(), "--public-key"),
        (homedir.is_some(), "--homedir"),
        (trust_model.is_some(), "--trust-model"),
        (!signed_by.is_empty(), "--signed-by"),
        (!sigstore_key.is_empty(), "--sigstore-key"),
        (require.is_some(), "--require"),
        (identity_match.is_some(), "--identity-match"),
    ];
    match others.into_iter().find(|(given, _)| *given) {
        Some((_, other)) => Err(UsageError::new(format!(
            "{other} cannot be used with {flag}: the policy decides on keys, their number and the identity rule"
        ))),
        None => Ok(()),
    }
}

fn read(file: &Path, namespace: Option<&str>, environment: &Environment) -> Result<ByPolicy, UsageError> {
    let shown = safe(&file.display().to_string());
    let bytes = read_bounded(file, MAX_POLICY_BYTES as u64)
        .map_err(|error| UsageError::new(format!("reading policy {shown}: {}", io_message(&error))))?
        .ok_or_else(|| UsageError::new(format!("policy {shown} has more than {MAX_POLICY_BYTES} bytes")))?;
    exposed::warn("policy", file);
    let hash = Digest::of_bytes(&bytes).hex().to_owned();
    let name = format!("policy {shown}");
    let source = Source::parse(file.to_owned(), bytes).map_err(|error| UsageError::new(format!("{name}: {error}")))?;
    if matches!(&source.content, PolicyText::Objects(objects) if objects.policies.is_empty()) {
        return Err(UsageError::new(format!(
            "{name}: it has no ClusterImagePolicy and no ImagePolicy"
        )));
    }
    let book = Rulebook::of(source, namespace);
    let mut notes = notes(&name, &book.combined);
    if book.mirror_sets().next().is_some() {
        notes.push(format!(
            "{name}: its mirror sets are not used here: mirrors come from registries.conf, and with --registry-url auto from the cluster"
        ));
    }
    Ok(ByPolicy {
        name,
        hash: Some(hash),
        book,
        notes,
        places: environment.temporary_places(),
        uid: environment.uid,
        now: environment.now,
    })
}

/// The policy that podman goes by on this machine (docs/contract.md 9).
fn system_policy(environment: &Environment) -> Result<PathBuf, UsageError> {
    Containers::new(environment, None, None)
        .system_policy()
        .map_err(|places| {
            UsageError::new(format!(
                "--system-policy: this machine has no policy: none of {places} exists; name one with --policy FILE"
            ))
        })
}
