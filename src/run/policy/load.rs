// SPDX-License-Identifier: Apache-2.0
//! Reads the files of a policy.

use std::path::{Path, PathBuf};

use crate::files::read::read_bounded;
use crate::policy::file::PolicyText;
use crate::policy::rulebook::{Rulebook, Source};
use crate::policy::{Error, MAX_POLICY_BYTES};
use crate::settings::policy::Ground;
use crate::settings::UsageError;
use crate::text::safe;

/// A file that breaks its format.
pub(super) struct Broken {
    pub file: PathBuf,
    pub error: Error,
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
}

impl From<Failure> for UsageError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Usage(error) => error,
            Failure::Broken(broken) => broken.into(),
        }
    }
}

/// Reads the files of the policy, or the one of this machine.
pub(super) fn load(ground: &Ground) -> Result<Rulebook, Failure> {
    let files = if ground.files.is_empty() {
        vec![system_policy(ground).map_err(Failure::Usage)?]
    } else {
        ground.files.clone()
    };
    let mut sources = Vec::new();
    for file in files {
        let text = read(&file).map_err(Failure::Usage)?;
        let source = Source::parse(file.clone(), text).map_err(|error| Failure::Broken(Broken { file, error }))?;
        sources.push(source);
    }
    let has_rules = |source: &Source| match &source.content {
        PolicyText::Policy(_) => true,
        PolicyText::Objects(objects) => !objects.policies.is_empty(),
    };
    if !sources.iter().any(has_rules) {
        // Mirror sets alone: the policy is that of this machine.
        let file = system_policy(ground).map_err(Failure::Usage)?;
        let text = read(&file).map_err(Failure::Usage)?;
        let source = Source::parse(file.clone(), text).map_err(|error| Failure::Broken(Broken { file, error }))?;
        sources.insert(0, source);
    }
    Rulebook::new(sources, ground.namespace.as_deref()).map_err(|(one, other)| {
        Failure::Usage(UsageError::new(format!(
            "{} and {} are both a policy.json; name one",
            shown(&one),
            shown(&other)
        )))
    })
}

/// Reads a file of at most [`MAX_POLICY_BYTES`].
pub(super) fn read(file: &Path) -> Result<Vec<u8>, UsageError> {
    match read_bounded(file, MAX_POLICY_BYTES as u64) {
        Ok(Some(text)) => Ok(text),
        Ok(None) => Err(UsageError::new(format!(
            "{} has more than {MAX_POLICY_BYTES} bytes",
            shown(file)
        ))),
        Err(error) => Err(UsageError::new(format!("reading {}: {error}", shown(file)))),
    }
}

/// The policy that podman would go by.
fn system_policy(ground: &Ground) -> Result<PathBuf, UsageError> {
    let candidates = &ground.containers.policy;
    let found = candidates.iter().find(|path| path.exists() || candidates.len() == 1);
    found.cloned().ok_or_else(|| {
        let tried: Vec<String> = candidates.iter().map(|path| shown(path)).collect();
        UsageError::new(format!(
            "there is no policy on this machine; looked for {}",
            tried.join(", ")
        ))
    })
}

/// A path, safe to print.
pub(super) fn shown(path: &Path) -> String {
    safe(&path.display().to_string())
}
