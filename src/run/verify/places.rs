// SPDX-License-Identifier: Apache-2.0
//! Images that say by themselves where they are: directories, a cluster, registries; and bare parts of images.

use std::collections::HashMap;
use std::path::Path;

use super::run::Run;
use crate::reason::{Reason, Refusal};
use crate::reference::Reference;
use crate::run::cluster::{Session, SOURCE};
use crate::run::elsewhere::Registry;
use crate::settings::images::parts::{Bare, Parts};
use crate::settings::images::{Target, Wanted};
use crate::settings::UsageError;
use crate::source::directory::Directory;
use crate::source::parts;
use crate::source::registry::Registries;
use crate::subject::instances::is_list;
use crate::text::safe;

/// How the places are reached: only those that an image is in.
pub(super) struct Reach<'r> {
    pub(super) session: Option<Session>,
    /// What streams say that their tags are, by the IMAGE as it was written.
    pub(super) named: Named,
    pub(super) registries: Option<Registries<'r>>,
    /// The registry that is asked for the images of the cluster.
    pub(super) elsewhere: Option<Registry<'r>>,
}

/// What streams say that their tags are, where the user does not say it and a policy decides.
pub(super) type Named = HashMap<String, Result<Vec<Reference>, Refusal>>;

/// Asks streams what their tags are, before any image is judged.
///
/// # Errors
/// When a stream names no reference with a tag: the user has to say what is expected.
pub(super) fn named(session: Option<&mut Session>, targets: &[Wanted]) -> Result<Named, UsageError> {
    let mut named = Named::new();
    let Some(session) = session else { return Ok(named) };
    for wanted in targets.iter().filter(|wanted| wanted.identities.is_empty()) {
        let Target::Cluster(name) = &wanted.target else {
            continue;
        };
        let found = session.references(name);
        if found.as_ref().is_ok_and(Vec::is_empty) {
            return Err(UsageError::new(format!(
                "the image stream names no reference with a tag for {}: give --expected-identity REF",
                safe(&wanted.asked)
            )));
        }
        named.insert(wanted.asked.clone(), found);
    }
    Ok(named)
}

impl Run<'_, '_> {
    /// Judges images where they are, in the order in which they were named.
    pub(super) fn places(&mut self, reach: &mut Reach<'_>, targets: &[Wanted]) {
        for wanted in targets {
            self.asked = Some(wanted.asked.clone());
            self.place(reach, wanted, targets.len() == 1);
        }
        self.asked = None;
        self.signatures_not_found(SOURCE);
    }

    /// `is_only`: no other image is asked for in this run.
    fn place(&mut self, reach: &mut Reach<'_>, wanted: &Wanted, is_only: bool) {
        let identities = &wanted.identities;
        match (&wanted.target, &mut reach.session, &mut reach.registries) {
            (Target::Directory(path), ..) => self.directory(path, identities),
            (Target::Cluster(name), Some(session), _) => {
                let named = reach.named.get(&wanted.asked);
                self.cluster_image(session, reach.elsewhere.as_mut(), name, (identities, named), is_only);
                session.tell_warnings(&mut self.stderr);
                for warning in reach.elsewhere.iter_mut().flat_map(Registry::take_warnings) {
                    self.put_aside(|lines| lines.warning(warning));
                }
            }
            (Target::Registry(reference), _, Some(registries)) => self.registry_image(registries, wanted, reference),
            // The settings name an access for every place that an image is in. An image must not be left out in silence.
            (Target::Cluster(_), None, _) | (Target::Registry(_), _, None) => {
                let refusal = Refusal::new(Reason::SourceUnavailable, "no client is configured for it");
                self.subject(&wanted.asked, &wanted.asked, Err(refusal), identities);
            }
        }
    }

    /// Judges a manifest, or the digest that stands for it, by signatures in files.
    pub(super) fn parts(&mut self, parts: &Parts) {
        let (source, subject) = match &parts.image {
            Bare::Manifest(manifest) => (
                format!("file:{}", manifest.display()),
                parts::read(manifest, &parts.signatures),
            ),
            Bare::Digest(digest) => {
                // What is printed for people says it beside the verdict.
                if !self.settings.output.is_for_people() {
                    self.stderr.note(
                        "no manifest is given: the digest stands for it, and the signatures are checked for that digest",
                    );
                }
                let files: Vec<String> = parts.signatures.iter().map(|file| file.display().to_string()).collect();
                (
                    format!("file:{}", files.join(", ")),
                    Ok(parts::of_digest(digest, &parts.signatures)),
                )
            }
        };
        self.subject(&source, &source, subject, &parts.identities);
    }

    fn directory(&mut self, path: &Path, identities: &[Reference]) {
        let source = format!("dir:{}", path.display());
        match Directory::open(path) {
            Ok(directory) if is_list(&directory.manifest) => self.listed(&source, &directory, identities),
            found => self.subject(&source, &source, found.map(Directory::subject), identities),
        }
    }
}
