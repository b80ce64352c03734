// SPDX-License-Identifier: Apache-2.0
//! The policy that a cluster's objects are, for images wherever they are; and what is said of them where it cannot be had.

use super::run::Run;
use crate::reason::{Reason, Refusal};
use crate::report::console::Messages;
use crate::run::cluster::{Session, SOURCE};
use crate::run::judging::Judging;
use crate::settings::criteria::Criteria;
use crate::settings::images::parts::Bare;
use crate::settings::images::{Source, Target};
use crate::settings::verify::Verify;
use crate::settings::UsageError;
use std::borrow::Cow;

/// The session of a run that needs one.
pub(super) fn session(settings: &Verify, stderr: &mut Messages<'_>) -> Result<Option<Session>, UsageError> {
    let access = match (&settings.source, &settings.cluster_policy) {
        (
            Source::Places {
                access: Some(access), ..
            },
            _,
        ) => access,
        (_, Some(own)) => &own.access,
        _ => return Ok(None),
    };
    Session::new((**access).clone(), stderr).map(Some)
}

/// By what images are judged: by the objects of the cluster, where they are asked for and can be had.
pub(super) fn criteria<'s>(settings: &'s Verify, session: Option<&mut Session>) -> Result<Cow<'s, Criteria>, Refusal> {
    match (&settings.cluster_policy, session) {
        (Some(own), Some(session)) => {
            let objects = session.policies(own.namespace.as_deref())?;
            Ok(Cow::Owned(Criteria {
                policy: Some(own.policy(objects)),
                ..settings.criteria.clone()
            }))
        }
        _ => Ok(Cow::Borrowed(&settings.criteria)),
    }
}

/// Loads the keys. Those that stand in the objects of a cluster are no mistake of the call.
pub(super) fn judging<'c>(
    settings: &Verify,
    criteria: &'c Criteria,
    stderr: &mut Messages<'_>,
) -> Result<Result<Judging<'c>, Refusal>, UsageError> {
    Judging::check(criteria)?;
    match Judging::new(criteria, settings.source.identities(), stderr) {
        Ok(judging) => Ok(Ok(judging)),
        Err(UsageError(message)) if settings.cluster_policy.is_some() => {
            Ok(Err(Refusal::new(Reason::EngineFailed, message)))
        }
        Err(error) => Err(error),
    }
}

impl Run<'_, '_> {
    /// No image can be judged.
    pub(super) fn refuse_all(&mut self, refusal: &Refusal) {
        let settings = self.settings;
        match &settings.source {
            Source::Places { targets, .. } => {
                for wanted in targets {
                    let (name, source) = match &wanted.target {
                        Target::Directory(path) => {
                            let source = format!("dir:{}", path.display());
                            (source.clone(), source)
                        }
                        Target::Cluster(name) => (name.to_string(), SOURCE.to_owned()),
                        Target::Registry(reference) => {
                            let source = format!("docker://{reference}");
                            (source.clone(), source)
                        }
                    };
                    self.asked = Some(wanted.asked.clone());
                    let judged = self.refused(&name, &source, refusal.clone(), &wanted.identities);
                    self.print(&judged);
                }
                self.asked = None;
            }
            Source::Parts(parts) => {
                let name = match &parts.image {
                    Bare::Manifest(manifest) => format!("file:{}", manifest.display()),
                    Bare::Digest(digest) => digest.to_string(),
                };
                let judged = self.refused(&name, &name, refusal.clone(), &parts.identities);
                self.print(&judged);
            }
            // With files no server is contacted: settings refuse that.
            Source::Objects { .. } => {}
        }
    }
}
