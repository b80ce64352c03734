// SPDX-License-Identifier: Apache-2.0
//! What a policy requires of images, by their expected identities, and the keys that it names for that.

mod draft;
mod ways;

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

use self::draft::{Draft, DraftDemand};
pub(super) use self::ways::Way;
use self::ways::{all_scopes, requirements, scope_of};
use super::engine;
use crate::digest::Digest;
use crate::openpgp::gnupg::home;
use crate::openpgp::keys::key_file::Contents;
use crate::openpgp::keys::signed_by::SignedBy;
use crate::openpgp::trust::import;
use crate::policy::image_policy::ImagePolicy;
use crate::policy::member;
use crate::policy::{KeyMaterial, PolicyRequirement};
use crate::reference::Reference;
use crate::report::console::Messages;
use crate::settings::by_policy::ByPolicy;
use crate::settings::workers::Workers;
use crate::settings::UsageError;
use crate::sigstore::keys::Keys;
use crate::text::{place, safe};
use crate::verdict::expectation::{self, AcceptedKeys, Alternative, Demand, Expectation, Signed};
use crate::verdict::pipeline::Judges;

/// A policy and what was made of it.
pub(super) struct Rules<'s> {
    settings: &'s ByPolicy,
    workers: Workers,
    /// By the name of the scope; none for the policy's `default`.
    scopes: HashMap<Option<String>, Vec<expectation::Requirement>>,
    /// The OpenPGP key files of all scopes so far: a revocation in one of them counts in all.
    files: Vec<(String, Contents)>,
    /// Whether those of scopes that nobody asked for are among them.
    has_all_files: bool,
}

impl<'s> Rules<'s> {
    pub(super) fn new(settings: &'s ByPolicy, workers: Workers) -> Self {
        // Left-overs of runs that were killed.
        home::sweep(&settings.places, settings.uid);
        Self {
            settings,
            workers,
            scopes: HashMap::new(),
            files: Vec::new(),
            has_all_files: false,
        }
    }

    /// Says that about so many images will come, for the keys that are still to be loaded.
    pub(super) fn expect(&mut self, images: usize) {
        self.workers = self.workers.expecting(images);
    }

    /// Loads the keys of every scope that one of these identities is in.
    ///
    /// # Errors
    /// When a key file is of no use.
    pub(super) fn load<'r>(
        &mut self,
        identities: impl Iterator<Item = &'r Reference>,
        judges: &mut Judges,
        stderr: &mut Messages<'_>,
    ) -> Result<(), UsageError> {
        let scopes: Vec<Option<String>> = identities
            .map(|identity| scope_of(self.settings.policy(), identity))
            .collect();
        self.load_scopes(scopes, judges, stderr)
    }

    /// Loads the keys of these scopes.
    fn load_scopes(
        &mut self,
        scopes: Vec<Option<String>>,
        judges: &mut Judges,
        stderr: &mut Messages<'_>,
    ) -> Result<(), UsageError> {
        // All files first: a mistake with them is told before anything is started, and revocations count everywhere.
        let mut drafts: Vec<(Option<String>, Vec<Draft>)> = Vec::new();
        for scope in scopes {
            if self.scopes.contains_key(&scope) || drafts.iter().any(|(known, _)| *known == scope) {
                continue;
            }
            let mut read = Vec::new();
            let rules = self.settings.book.rules(scope.as_deref());
            for (number, requirement) in requirements(self.settings.policy(), scope.as_deref())
                .iter()
                .enumerate()
            {
                let object = rules.get(number).and_then(|rule| rule.object);
                let draft = self.draft(scope.as_deref(), number, requirement, object)?;
                if let DraftDemand::Gpg(contents, _) = &draft.demand {
                    self.files.extend(contents.iter().cloned());
                }
                read.push(draft);
            }
            drafts.push((scope, read));
        }
        if !drafts.is_empty() {
            self.read_other_files(stderr)?;
        }
        for (scope, drafts) in drafts {
            let place = self.place(scope.as_deref());
            let required = drafts
                .into_iter()
                .enumerate()
                .map(|(number, draft)| {
                    let at = self.at(scope.as_deref(), number, 0);
                    self.finish(draft, judges, stderr).map_err(|UsageError(message)| {
                        UsageError::new(format!("{place}, requirement {}{at}: {message}", number + 1))
                    })
                })
                .collect::<Result<Vec<_>, _>>()?;
            self.scopes.insert(scope, required);
        }
        Ok(())
    }

    /// Reads the key files of scopes that nobody asked for: a revocation counts wherever in the policy it stands, in whatever
    /// encoding. One that is there and holds no keys is no reason not to judge by the others; it is said.
    ///
    /// # Errors
    /// When one cannot be read: what it revokes is not known.
    fn read_other_files(&mut self, stderr: &mut Messages<'_>) -> Result<(), UsageError> {
        if self.has_all_files {
            return Ok(());
        }
        let name = &self.settings.name;
        let mut met: HashSet<String> = self.files.iter().map(|(name, _)| name.clone()).collect();
        for keys in member::openpgp(self.settings.policy()) {
            let read = match keys {
                KeyMaterial::Paths(paths) => {
                    let new = paths
                        .iter()
                        .filter(|path| met.insert(safe(&path.display().to_string())));
                    let read = |path: &PathBuf| {
                        import::bytes_of(path).map(|(shown, bytes)| (import::look(&shown, bytes), shown))
                    };
                    let read: Result<Vec<_>, _> = new.map(read).collect();
                    let without = "a revocation in it would count in every scope, so that nothing is judged without it";
                    let read =
                        read.map_err(|error| UsageError::new(format!("{name}, another scope: {error}; {without}")))?;
                    read.into_iter()
                        .map(|(contents, shown)| contents.map(|contents| (shown, contents)))
                        .collect()
                }
                KeyMaterial::Data(all) => {
                    let look = |bytes: &Vec<u8>| {
                        import::look(import::KEY_DATA, bytes.clone())
                            .map(|contents| (import::KEY_DATA.to_owned(), contents))
                    };
                    all.iter().map(look).collect::<Vec<_>>()
                }
            };
            for file in read {
                match file {
                    Ok(file) => self.files.push(file),
                    Err(error) => stderr.warning(format_args!(
                        "{name}, another scope: {error}; revocations that may be in it do not count"
                    )),
                }
            }
        }
        self.has_all_files = true;
        Ok(())
    }

    /// Reads the key files of every scope, to tell a mistake with them before anything is asked for. Keys that objects
    /// of a cluster name are not among them: they are judged by where they are needed.
    ///
    /// # Errors
    /// When a key file is of no use.
    pub(super) fn check(&self) -> Result<(), UsageError> {
        for (scope, requirements) in all_scopes(self.settings.policy()) {
            let rules = self.settings.book.rules(scope);
            for (number, requirement) in requirements.iter().enumerate() {
                let is_of_object = rules.get(number).is_some_and(|rule| rule.object.is_some());
                if !is_of_object && !is_read_once(requirement) {
                    self.draft(scope, number, requirement, None)?;
                }
            }
        }
        Ok(())
    }

    /// A requirement of a scope with the key files that it names.
    fn draft(
        &self,
        scope: Option<&str>,
        number: usize,
        requirement: &PolicyRequirement,
        object: Option<&ImagePolicy>,
    ) -> Result<Draft, UsageError> {
        Draft::of(requirement, object).map_err(|(file, message)| {
            let (place, at) = (self.place(scope), self.at(scope, number, file));
            UsageError::new(format!("{place}, requirement {}{at}: {message}", number + 1))
        })
    }

    /// What is expected of an image that may have one of these identities.
    ///
    /// # Errors
    /// When keys were not loaded before and a key file is of no use.
    pub(super) fn expectation(
        &mut self,
        identities: &[Reference],
        digest: Option<Digest>,
        judges: &mut Judges,
        stderr: &mut Messages<'_>,
    ) -> Result<Expectation, UsageError> {
        self.load(identities.iter(), judges, stderr)?;
        let alternatives = identities
            .iter()
            .map(|identity| self.alternative(identity, scope_of(self.settings.policy(), identity)));
        Ok(Expectation {
            alternatives: alternatives.collect(),
            digest,
        })
    }

    /// The ways in which an image may have been accepted by a signature for this reference.
    pub(super) fn ways(&self, signed: &Reference) -> Vec<Way> {
        ways::ways(self.settings.policy(), signed)
    }

    /// What is expected of an image that is judged in this way.
    ///
    /// # Errors
    /// When keys were not loaded before and a key file is of no use.
    pub(super) fn expectation_of(
        &mut self,
        way: &Way,
        judges: &mut Judges,
        stderr: &mut Messages<'_>,
    ) -> Result<Expectation, UsageError> {
        self.load_scopes(vec![way.scope.clone()], judges, stderr)?;
        Ok(Expectation {
            alternatives: vec![self.alternative(&way.identity, way.scope.clone())],
            digest: None,
        })
    }

    /// What a scope requires of an image that is expected to have an identity, once its keys are loaded.
    fn alternative(&self, identity: &Reference, scope: Option<String>) -> Alternative {
        Alternative {
            identity: identity.clone(),
            scope: Some(self.place(scope.as_deref())),
            is_out_of_scope: scope.is_none() && self.settings.is_objects_alone(),
            requirements: self.scopes.get(&scope).cloned().unwrap_or_default(),
        }
    }

    /// A scope in words.
    fn place(&self, scope: Option<&str>) -> String {
        let name = &self.settings.name;
        match scope {
            // No scope applies; of what is required there, our own refusal tells.
            None if self.settings.is_objects_alone() => name.clone(),
            None => format!("the default of {name}"),
            Some("") => format!("the scope of all references in {name}"),
            Some(scope) => format!("scope {} of {name}", place::quoted(scope)),
        }
    }

    /// Where the key file of a number stands, as an addition to the requirement.
    fn at(&self, scope: Option<&str>, requirement: usize, file: usize) -> String {
        let book = &self.settings.book;
        let rules = book.rules(scope);
        let found = rules
            .get(requirement)
            .and_then(|rule| Some((rule, member::material(rule.requirement)?)));
        let Some((rule, material)) = found else {
            return String::new();
        };
        let spot = member::of_file(rule, material, file, book);
        let path = safe(&spot.path);
        match spot.place.line {
            0 => format!(" ({path})"),
            line => format!(" (line {line}, column {}, {path})", spot.place.column),
        }
    }

    fn finish(
        &self,
        draft: Draft,
        judges: &mut Judges,
        stderr: &mut Messages<'_>,
    ) -> Result<expectation::Requirement, UsageError> {
        let mut keys = AcceptedKeys::default();
        let rule = match draft.demand {
            DraftDemand::Ready(demand) => {
                return Ok(expectation::Requirement {
                    name: draft.name,
                    demand,
                })
            }
            DraftDemand::Gpg(own, rule) => {
                let ground = engine::Ground {
                    places: &self.settings.places,
                    now: self.settings.now,
                    workers: self.workers,
                };
                let engine = engine::from_contents(&ground, own, &self.files, &SignedBy::default(), stderr)?;
                keys.gpg = Some(judges.gpg.len());
                judges.gpg.push(engine);
                rule
            }
            DraftDemand::Sigstore(own, rule) => {
                keys.sigstore = Some(judges.sigstore.len());
                judges.sigstore.push(Ok(Keys::new(own, Vec::new())));
                rule
            }
        };
        Ok(expectation::Requirement {
            name: draft.name,
            demand: Demand::Signed(Signed {
                keys,
                rule,
                threshold: 1,
            }),
        })
    }
}

/// Whether a key file of a requirement gives its bytes once only, as a pipe does.
fn is_read_once(requirement: &PolicyRequirement) -> bool {
    let is_other = |path: &PathBuf| std::fs::metadata(path).is_ok_and(|of| !of.is_file() && !of.is_dir());
    matches!(member::material(requirement), Some(KeyMaterial::Paths(paths)) if paths.iter().any(is_other))
}
