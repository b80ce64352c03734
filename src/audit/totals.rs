// SPDX-License-Identifier: Apache-2.0
//! What all entries of a report amount to, counted as they come. Memory is bounded: of names that others choose, so many
//! are counted apart, and the others together.

use std::collections::{BTreeMap, BTreeSet};

use super::entry::{Entry, FindingKind, Recorded, UseKind};
use super::fail_on::FailOn;
use crate::reason::{Reason, Verdict};

/// Most names of one kind that are counted apart.
pub(crate) const MAX_NAMES: usize = 1000;

/// Counts by a name that others choose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named<V> {
    /// The first [`MAX_NAMES`] names that came.
    pub counted: BTreeMap<String, V>,
    /// How often another name came; of namespaces, how often at most.
    pub left_out: u64,
}

impl<V> Default for Named<V> {
    fn default() -> Self {
        Self {
            counted: BTreeMap::new(),
            left_out: 0,
        }
    }
}

impl<V: Default> Named<V> {
    /// The counts of a name, unless there are too many names.
    fn of(&mut self, name: &str) -> Option<&mut V> {
        if self.counted.len() >= MAX_NAMES && !self.counted.contains_key(name) {
            self.left_out += 1;
            return None;
        }
        Some(self.counted.entry(name.to_owned()).or_default())
    }
}

/// Numbers of images by their verdict.
pub type Verdicts = BTreeMap<Verdict, u64>;

/// What was seen of a key that verifies images.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Key {
    /// The owner, as it came first.
    pub owner: String,
    /// The algorithm of the key that signed first.
    pub algorithm: String,
    /// How many images it verifies.
    pub images: u64,
    /// How many of them would not be Verified without it.
    pub alone: u64,
    /// When it or the first of its subkeys that signed ceases to be valid, in seconds since 1970; none if never.
    pub expires: Option<i64>,
}

/// What the entries of a report amount to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Totals {
    /// How many images there are.
    pub images: u64,
    /// How many of them make the audit fail.
    pub failing: u64,
    /// Images by verdict and reason.
    pub outcomes: BTreeMap<(Verdict, Reason), u64>,
    /// Images by the namespaces in which they are used, each of them once in each; the empty name is that of images used
    /// in none. An image that is Verified for what other namespaces expect of it, and of which nothing is expected in this
    /// one, is Unchecked here.
    pub namespaces: Named<Verdicts>,
    /// Images by what uses them, each of them once a kind; Unchecked where it is that in the namespace of a use.
    pub uses: BTreeMap<UseKind, Verdicts>,
    /// The keys that verify images, by primary fingerprint.
    pub keys: Named<Key>,
    /// Signatures that were verified, by the algorithms of key and digest: `RSA-4096, SHA-256`.
    pub algorithms: Named<u64>,
    /// Signatures by makers in no keyring, by the key that they say they are by.
    pub strangers: Named<u64>,
    /// Images by what else was found.
    pub findings: BTreeMap<FindingKind, u64>,
    /// Images by what became of their records.
    pub recorded: BTreeMap<Recorded, u64>,
    /// Keys that cease to be valid before are told, in seconds since 1970.
    pub horizon: i64,
    fail_on: FailOn,
}

impl Totals {
    /// Nothing yet. `horizon`: see [`Totals::horizon`].
    #[must_use]
    pub fn new(fail_on: FailOn, horizon: i64) -> Self {
        Self {
            images: 0,
            failing: 0,
            outcomes: BTreeMap::new(),
            namespaces: Named::default(),
            uses: BTreeMap::new(),
            keys: Named::default(),
            algorithms: Named::default(),
            strangers: Named::default(),
            findings: BTreeMap::new(),
            recorded: BTreeMap::new(),
            horizon,
            fail_on,
        }
    }

    /// Counts one more image, with everything said of it.
    pub fn add(&mut self, entry: &Entry) {
        self.images += 1;
        self.failing += u64::from(self.fail_on.fails(entry));
        *self.outcomes.entry((entry.verdict, entry.reason)).or_default() += 1;
        *self.recorded.entry(entry.recorded).or_default() += 1;
        let mut kinds: Vec<FindingKind> = entry.findings.iter().map(|finding| finding.kind).collect();
        kinds.sort_unstable();
        kinds.dedup();
        for kind in kinds {
            *self.findings.entry(kind).or_default() += 1;
        }
        let mut kinds: Vec<UseKind> = entry.uses.iter().map(|used| used.kind).collect();
        kinds.sort_unstable();
        kinds.dedup();
        for kind in kinds {
            let uses = entry.uses.iter().filter(|used| used.kind == kind);
            let is_open = uses
                .map(|used| &used.namespace)
                .any(|namespace| is_open_in(entry, namespace));
            let verdict = if is_open { Verdict::Unchecked } else { entry.verdict };
            *self.uses.entry(kind).or_default().entry(verdict).or_default() += 1;
        }
        let mut namespaces: Vec<&str> = entry.uses.iter().map(|used| used.namespace.as_str()).collect();
        namespaces.sort_unstable();
        namespaces.dedup();
        // A use of each namespace is kept before a second one of any: where none has two, others may be left out.
        if namespaces.len() == entry.uses.len() {
            self.namespaces.left_out += entry.more_uses;
        }
        if namespaces.len() > 1 {
            // Used by something without a namespace as well: that is no place of its own.
            namespaces.retain(|namespace| !namespace.is_empty());
        }
        if namespaces.is_empty() {
            namespaces.push("");
        }
        for namespace in namespaces {
            if let Some(verdicts) = self.namespaces.of(namespace) {
                let is_open = is_open_in(entry, namespace);
                let verdict = if is_open { Verdict::Unchecked } else { entry.verdict };
                *verdicts.entry(verdict).or_default() += 1;
            }
        }
        self.add_keys(entry);
        self.add_signatures(entry);
    }

    fn add_keys(&mut self, entry: &Entry) {
        if entry.verdict != Verdict::Verified {
            return;
        }
        for signer in entry.signers() {
            let Some(key) = self.keys.of(&signer.primary) else {
                continue;
            };
            if key.images == 0 {
                key.owner.clone_from(&signer.user_id);
                key.algorithm.clone_from(&signer.key_algorithm);
            }
            key.images += 1;
            key.alone += u64::from(entry.rests_on.contains(&signer.primary));
            key.expires = match (key.expires, signer.expires) {
                (Some(known), Some(new)) => Some(known.min(new)),
                (known, new) => known.or(new),
            };
        }
    }

    fn add_signatures(&mut self, entry: &Entry) {
        for signature in &entry.signatures {
            if let Some(signer) = &signature.signer {
                let name = format!("{}, {}", signer.key_algorithm, signer.hash_algorithm);
                if let Some(count) = self.algorithms.of(&name) {
                    *count += 1;
                }
            }
            if let (Reason::UnknownKey, Some(claimed)) = (signature.reason, &signature.claimed_key) {
                if let Some(count) = self.strangers.of(claimed) {
                    *count += 1;
                }
            }
        }
    }

    /// Images by verdict, as the last line of a report has them.
    #[must_use]
    pub fn verdicts(&self) -> Verdicts {
        let mut verdicts = Verdicts::new();
        for ((verdict, _), count) in &self.outcomes {
            *verdicts.entry(*verdict).or_default() += count;
        }
        verdicts
    }

    /// The verdicts that images have, as they are or for what uses them: one that is Verified is Unchecked where nothing is
    /// expected of it.
    #[must_use]
    pub fn shown(&self) -> Vec<Verdict> {
        let by_use = self.namespaces.counted.values().chain(self.uses.values());
        let all = self.outcomes.keys().map(|(verdict, _)| verdict);
        let all: BTreeSet<Verdict> = all.chain(by_use.flat_map(BTreeMap::keys)).copied().collect();
        all.into_iter().collect()
    }

    /// The keys that cease to be valid before the horizon, the first of them first.
    #[must_use]
    pub fn expiring(&self) -> Vec<(&str, &Key, i64)> {
        let mut keys: Vec<_> = self
            .keys
            .counted
            .iter()
            .filter_map(|(fingerprint, key)| Some((fingerprint.as_str(), key, key.expires?)))
            .filter(|(_, _, expires)| *expires <= self.horizon)
            .collect();
        keys.sort_by_key(|(fingerprint, _, expires)| (*expires, *fingerprint));
        keys
    }

    /// What makes the audit fail.
    #[must_use]
    pub fn fail_on(&self) -> &FailOn {
        &self.fail_on
    }
}

/// Whether an image that is well elsewhere is used in a namespace in which nothing says what it is expected to be signed as:
/// what one namespace calls it must not vouch for it in another one.
fn is_open_in(entry: &Entry, namespace: &str) -> bool {
    let is_well = matches!(entry.verdict, Verdict::Verified | Verdict::Allowed);
    let mut uses = entry.uses.iter().filter(|used| used.namespace == namespace);
    is_well && !namespace.is_empty() && uses.all(|used| used.expects_nothing)
}
