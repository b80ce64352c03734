// SPDX-License-Identifier: Apache-2.0
//! What a policy requires of images, by their expected identities, and the keys that it names for that.

mod draft;
pub(super) mod key_files;
mod scopes;

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

use self::draft::{Draft, DraftDemand};
use self::scopes::{requirements, scope_of};
use super::engine;
use crate::digest::Digest;
use crate::openpgp::gnupg::home;
use crate::openpgp::keys::key_file::Contents;
use crate::openpgp::keys::signed_by::SignedBy;
use crate::openpgp::trust::import;
use crate::policy::member;
use crate::policy::KeyMaterial;
use crate::reference::Reference;
use crate::report::console::Messages;
use crate::settings::by_policy::ByPolicy;
use crate::settings::workers::Workers;
use crate::settings::UsageError;
use crate::sigstore::keys::Keys;
use crate::text::safe;
use crate::verdict::expectation::{self, AcceptedKeys, Alternative, Demand, Expectation, Signed};
use crate::verdict::pipeline::Judges;

/// A policy and what was made of it.
pub(super) struct Rules<'s> {
    settings: &'s ByPolicy,
    workers: Workers,
    /// By the name of the scope; none for the policy's `default`.
    scopes: HashMap<Option<String>, Vec<expectation::Requirement>>,
    /// The sets of keys by what names them: scopes that name the same keys share one, and what GnuPG needs for it.
    sets: Vec<(&'s KeyMaterial, AcceptedKeys)>,
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
            sets: Vec::new(),
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
        // All files first: a mistake with them is told before anything is started, and revocations count everywhere.
        let mut drafts: Vec<(Option<String>, Vec<Draft>)> = Vec::new();
        for scope in identities.map(|identity| scope_of(self.settings.policy(), identity)) {
            if self.scopes.contains_key(&scope) || drafts.iter().any(|(known, _)| *known == scope) {
                continue;
            }
            let mut read = Vec::new();
            let rules = self.settings.book.rules(scope.as_deref());
            let place = self.place(scope.as_deref());
            let required = requirements(self.settings.policy(), scope.as_deref());
            for (number, requirement) in required.iter().enumerate() {
                let rule = rules.get(number);
                let at = (&self.settings.book, place.as_str(), number);
                let draft = key_files::draft(at, requirement, rule, rule.and_then(|rule| rule.object))?;
                if let DraftDemand::Gpg(contents, _) = &draft.demand {
                    self.files.extend(contents.iter().cloned());
                }
                read.push(draft);
            }
            draft::told_apart(&mut read);
            drafts.push((scope, read));
        }
        if !drafts.is_empty() {
            self.read_other_files(stderr)?;
        }
        for (scope, drafts) in drafts {
            let place = self.place(scope.as_deref());
            let rules = self.settings.book.rules(scope.as_deref());
            let all = requirements(self.settings.policy(), scope.as_deref());
            let required = drafts
                .into_iter()
                .enumerate()
                .map(|(number, draft)| {
                    let at = rules.get(number);
                    let at = at.map_or_else(String::new, |rule| key_files::at(&self.settings.book, rule, 0));
                    let material = all.get(number).and_then(member::material);
                    self.finish(draft, material, judges, stderr)
                        .map_err(|UsageError(message)| {
                            UsageError::new(format!("{place}, requirement {}{at}: {message}", number + 1))
                        })
                })
                .collect::<Result<Vec<_>, _>>()?;
            self.scopes.insert(scope, required);
        }
        Ok(())
    }

    /// Reads the key files of scopes that nobody asked for: a revocation counts wherever in the policy it stands, in whatever
    /// encoding. One that is there and holds no keys is not a reason not to judge by the others; it is said.
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
                    let without = "a revocation in it would count in every scope, so nothing is judged without it";
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
        let alternatives = identities.iter().map(|identity| self.alternative(identity));
        Ok(Expectation {
            alternatives: alternatives.collect(),
            digest,
        })
    }

    /// What a scope requires of an image that is expected to have an identity, once its keys are loaded.
    fn alternative(&self, identity: &Reference) -> Alternative {
        let scope = scope_of(self.settings.policy(), identity);
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
            scope => key_files::words(name, scope),
        }
    }

    /// What is required, with the set of keys that it names.
    fn finish(
        &mut self,
        draft: Draft,
        material: Option<&'s KeyMaterial>,
        judges: &mut Judges,
        stderr: &mut Messages<'_>,
    ) -> Result<expectation::Requirement, UsageError> {
        let shared = |keys: fn(&AcceptedKeys) -> bool| {
            let mut sets = self.sets.iter();
            sets.find(|(known, own)| Some(*known) == material && keys(own))
                .map(|(_, own)| *own)
        };
        let (keys, rule) = match draft.demand {
            DraftDemand::Ready(demand) => {
                return Ok(expectation::Requirement {
                    name: draft.name,
                    demand,
                })
            }
            DraftDemand::Gpg(own, rule) => match shared(|own| own.gpg.is_some()) {
                Some(keys) => (keys, rule),
                None => {
                    let ground = engine::Ground {
                        places: &self.settings.places,
                        now: self.settings.now,
                        workers: self.workers,
                    };
                    let engine = engine::from_contents(&ground, own, &self.files, &SignedBy::default(), stderr)?;
                    judges.gpg.push(engine);
                    let gpg = Some(judges.gpg.len() - 1);
                    (AcceptedKeys { gpg, sigstore: None }, rule)
                }
            },
            DraftDemand::Sigstore(own, rule) => match shared(|own| own.sigstore.is_some()) {
                Some(keys) => (keys, rule),
                None => {
                    judges.sigstore.push(Ok(Keys::new(own, Vec::new())));
                    let sigstore = Some(judges.sigstore.len() - 1);
                    (AcceptedKeys { gpg: None, sigstore }, rule)
                }
            },
        };
        if let Some(material) = material.filter(|own| !self.sets.contains(&(*own, keys))) {
            self.sets.push((material, keys));
        }
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
