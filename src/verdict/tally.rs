// SPDX-License-Identifier: Apache-2.0
//! What signatures add up to for each expected identity: how many different keys met which requirement.

mod missing;

use std::collections::HashMap;

use super::expectation::{AcceptedKeys, Alternative, Demand, Expectation, Place, Requirement, Signed};
use super::footing::Footing;
use super::said::Said;
use super::signature::{Miss, SignatureOutcome};
use super::signer::Signer;
use crate::reason::{Reason, Refusal, Verdict};
use crate::reference::Reference;
use crate::subject::SignatureKind;

/// One expected identity, and what its requirements came to. Counts of different identities are never added up.
#[derive(Debug, Clone)]
pub struct Tally {
    /// The expected identity that it is about.
    pub identity: Reference,
    /// The scope of a policy that the requirements come from, in words.
    pub scope: Option<String>,
    /// Whether no scope applies: a policy of API objects says nothing of the identity, and accepts no image as that.
    pub is_out_of_scope: bool,
    /// Its requirements in order.
    pub requirements: Vec<Count>,
}

/// One requirement, and what it came to.
#[derive(Debug, Clone)]
pub struct Count {
    /// What it is called; empty where the user's options say what is required.
    pub name: String,
    /// What it came to.
    pub end: End,
    /// One signer for each different key.
    signers: Vec<Signer>,
    /// What it rests on that it is met, if it is.
    footing: Footing,
    /// How many different keys are needed; 0 where it is not about signatures.
    needed: usize,
    /// Why a signature does not meet it, of the one that got furthest.
    miss: Option<Refusal>,
    /// The keys by which signatures may be that meet it.
    keys: AcceptedKeys,
}

/// What a requirement came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// As many keys as it asks for have signed.
    Met,
    /// Fewer keys than it asks for have signed.
    Missed,
    /// Too few did, but a signature or a place with signatures could not be checked.
    Open,
    /// Nothing is required: every image meets it.
    Anything,
    /// No image is accepted, for this reason.
    Refusal(String),
    /// It is not checked here, for this reason.
    Unsupported(String),
}

impl Count {
    /// Whether too few signatures were found of those that it asks for, which may be of this kind.
    #[must_use]
    pub fn misses(&self, kind: SignatureKind) -> bool {
        self.end == End::Missed && self.keys.of(kind).is_some()
    }

    /// The word in output: `pass`, `fail`, `unchecked` or `unsupported`.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self.end {
            End::Met | End::Anything => "pass",
            End::Missed | End::Refusal(_) => "fail",
            End::Open => "unchecked",
            End::Unsupported(_) => "unsupported",
        }
    }

    /// Why, in words that are safe to print.
    #[must_use]
    pub fn detail(&self) -> String {
        match &self.end {
            End::Met => format!("signed by {}", join(self.signers.iter().map(Signer::name))),
            End::Anything => "every image is accepted".to_owned(),
            End::Refusal(why) | End::Unsupported(why) => why.clone(),
            End::Missed | End::Open => match &self.miss {
                Some(refusal) => refusal.to_string(),
                None => "no signature is one that it asks for".to_owned(),
            },
        }
    }
}

impl Tally {
    /// Whether everything that is required is there, signatures among it.
    #[must_use]
    pub fn is_reached(&self) -> bool {
        let mut requirements = self.requirements.iter();
        requirements.all(|count| matches!(count.end, End::Met | End::Anything))
            && self.requirements.iter().any(|count| count.end == End::Met)
    }

    /// What it rests on that it is reached, if it is.
    pub(super) fn footing(&self) -> Option<Footing> {
        let parts = self.requirements.iter().map(|count| count.footing.clone());
        self.is_reached().then(|| Footing::all(parts))
    }

    /// Whether it may be reached by what is not known.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.requirements.iter().any(|count| count.end == End::Open)
    }

    /// How many different keys signed for it, and how many are needed, by the first requirement of signatures.
    #[must_use]
    pub fn counts(&self) -> (usize, usize) {
        let first = self.requirements.iter().find(|count| count.needed > 0);
        first.map_or((0, 0), |count| (count.signers.len(), count.needed))
    }

    fn signers(&self) -> impl Iterator<Item = &Signer> {
        self.requirements.iter().flat_map(|count| &count.signers)
    }

    /// Why it is not reached, where a policy says what is required. `furthest` is what is said of an image of which no
    /// signature meets anything.
    pub(super) fn refusal(&self, has_signatures: bool, no_signature: &str, furthest: Refusal) -> Refusal {
        let scope = self.scope.as_deref().unwrap_or_default();
        let find = |wanted: fn(&End) -> bool| self.requirements.iter().find(|count| wanted(&count.end));
        if let Some(never) = find(|end| matches!(end, End::Refusal(_))) {
            let what = if self.is_out_of_scope {
                format!("no scope of {scope} applies to {}: no image is accepted", self.identity)
            } else {
                format!(
                    "{scope} has {}: {}; it applies to {}",
                    never.name,
                    never.detail(),
                    self.identity
                )
            };
            return Refusal::new(Reason::PolicyRejected, what);
        }
        if let Some(open) = find(|end| *end == End::Open) {
            // That of a signature, or of a place with signatures.
            let trouble = open
                .miss
                .clone()
                .filter(|miss| miss.reason.verdict() == Verdict::Unchecked);
            let refusal = trouble.unwrap_or(furthest);
            return Refusal::new(refusal.reason, format!("{}; {scope}", refusal.message));
        }
        if let Some(missed) = find(|end| *end == End::Missed) {
            if !has_signatures {
                let what = format!("{no_signature}; {scope} requires {}", self.missing());
                return Refusal::new(Reason::NoSignature, what);
            }
            return if self.signers().next().is_some() {
                let what = format!("{scope} also requires {}: {}", missed.name, missed.detail());
                Refusal::new(Reason::PolicyRejected, what)
            } else {
                // What is said of a signature is said of the requirement that it was judged by.
                let has_miss = |count: &&Count| count.end == End::Missed && count.miss.is_some();
                let missed = self.requirements.iter().find(has_miss).unwrap_or(missed);
                let refusal = missed.miss.clone().unwrap_or(furthest);
                let what = format!("{}; required: {} by {scope}", refusal.message, missed.name);
                Refusal::new(refusal.reason, what)
            };
        }
        match find(|end| matches!(end, End::Unsupported(_))) {
            Some(count) => Refusal::new(
                Reason::UnsupportedSignature,
                format!("{scope} requires {}: {}", count.name, count.detail()),
            ),
            None => Refusal::new(
                Reason::Allowed,
                format!(
                    "accepted without a signature: {scope} accepts every image (insecureAcceptAnything); it applies to {}",
                    self.identity
                ),
            ),
        }
    }
}

/// Works out what signatures come to for each alternative. Of the `missing` kinds there may be more than were found.
pub(super) fn count(
    signatures: &[SignatureOutcome],
    expectation: &Expectation,
    missing: &[SignatureKind],
) -> Vec<Tally> {
    let alternatives = expectation.alternatives.iter().enumerate();
    let said = Said::by(signatures);
    alternatives
        .map(|(alternative, own)| {
            let requirements = own.requirements.iter().enumerate();
            let requirements = requirements.map(|(requirement, of)| {
                let place = Place {
                    alternative,
                    requirement,
                };
                count_one(&said, place, of, missing)
            });
            tally(own, requirements.collect())
        })
        .collect()
}

fn tally(alternative: &Alternative, requirements: Vec<Count>) -> Tally {
    Tally {
        identity: alternative.identity.clone(),
        scope: alternative.scope.clone(),
        is_out_of_scope: alternative.is_out_of_scope,
        requirements,
    }
}

fn count_one(said: &Said<'_>, place: Place, requirement: &Requirement, missing: &[SignatureKind]) -> Count {
    let mut count = Count {
        name: requirement.name.clone(),
        end: End::Missed,
        signers: Vec::new(),
        footing: Footing::default(),
        needed: 0,
        miss: None,
        keys: AcceptedKeys::default(),
    };
    match &requirement.demand {
        Demand::Anything => count.end = End::Anything,
        Demand::Refusal(why) => count.end = End::Refusal(why.clone()),
        Demand::Unsupported(why) => count.end = End::Unsupported(why.clone()),
        Demand::Signed(Signed { threshold, keys, .. }) => {
            count.needed = (*threshold).max(1);
            count.keys = *keys;
            let met = said.met.get(&place).into_iter().flatten();
            let groups = groups(met.filter_map(|own| own.signer()));
            // A key lasts as long as the last of its subkeys that signed.
            let of_group = |group: &Vec<&Signer>| Footing::any(group.iter().map(|signer| Footing::of(signer)));
            let footings: Vec<Footing> = groups.iter().map(of_group).collect();
            count.signers = groups.into_iter().map(|group| group[0].clone()).collect();
            let misses = said.missed.get(&place).map_or(&[][..], Vec::as_slice);
            let mut furthest: Option<&Miss> = None;
            let rank = |miss: &Miss| (miss.refusal.reason.verdict() == Verdict::Unchecked, miss.progress);
            for (_, miss) in misses {
                if furthest.is_none_or(|best| rank(miss) > rank(best)) {
                    furthest = Some(miss);
                }
            }
            count.miss = furthest.map(|miss| miss.refusal.clone());
            // What a signature says of the requirement goes before what it came to with other keys.
            let mut firsts = HashMap::new();
            for (number, miss) in misses {
                firsts.entry(*number).or_insert(miss.refusal.reason.verdict());
            }
            let is_open = firsts.values().any(|verdict| *verdict == Verdict::Unchecked)
                || said.unchecked.iter().any(|number| !firsts.contains_key(number));
            count.end = if count.signers.len() >= count.needed {
                count.footing = Footing::enough(&footings, count.needed);
                End::Met
            } else if missing.iter().any(|kind| keys.of(*kind).is_some()) || is_open {
                End::Open
            } else {
                End::Missed
            };
        }
    }
    count
}

/// One signer for each different key.
fn different<'s>(signers: impl Iterator<Item = &'s Signer>) -> Vec<Signer> {
    groups(signers).into_iter().map(|group| group[0].clone()).collect()
}

/// Signers by key: those that are one, directly or through others, stand together. No group is empty.
fn groups<'s>(signers: impl Iterator<Item = &'s Signer>) -> Vec<Vec<&'s Signer>> {
    let mut groups: Vec<Vec<&Signer>> = Vec::new();
    for signer in signers {
        let is_same = |group: &Vec<&Signer>| group.iter().any(|own| own.is_same(signer));
        let (same, mut others): (Vec<_>, Vec<_>) = groups.into_iter().partition(is_same);
        let mut group = same.concat();
        group.push(signer);
        others.push(group);
        groups = others;
    }
    groups
}

/// What a verified image is signed as, by whom, and which of the expected identities it is not.
pub(super) fn success(tallies: &[Tally]) -> String {
    let (reached, missed): (Vec<&Tally>, Vec<&Tally>) = tallies.iter().partition(|tally| tally.is_reached());
    let identities = join(reached.iter().map(|tally| tally.identity.to_string()));
    let signers = different(reached.iter().flat_map(|tally| tally.signers()));
    let signers = join(signers.iter().map(Signer::name));
    let (few, none): (Vec<&Tally>, Vec<&Tally>) =
        missed.into_iter().partition(|tally| tally.signers().next().is_some());
    let mut text = format!("{identities}, signed by {signers}");
    let mut scopes: Vec<&str> = reached.iter().filter_map(|tally| tally.scope.as_deref()).collect();
    scopes.dedup();
    if !scopes.is_empty() {
        text.push_str(&format!(", as {} requires", scopes.join(" and ")));
    }
    if !none.is_empty() {
        let none = join(none.iter().map(|tally| tally.identity.to_string()));
        text.push_str(&format!("; not signed as {none}"));
    }
    if !few.is_empty() {
        text.push_str(&format!("; {}", shortfall(few.into_iter())));
    }
    text
}

/// What is missing for identities that some keys signed for.
pub(super) fn shortfall<'t>(tallies: impl Iterator<Item = &'t Tally>) -> String {
    let mut needed = 1;
    let mut by_policy = Vec::new();
    let mut counts = Vec::new();
    for tally in tallies {
        if let Some(scope) = &tally.scope {
            let missed = tally.requirements.iter().filter(|count| count.word() != "pass");
            let missed = missed.map(|count| format!("{} ({})", count.name, count.detail()));
            by_policy.push(format!("for {} {scope} also requires {}", tally.identity, join(missed)));
            continue;
        }
        needed = tally.counts().1;
        let signers: Vec<&Signer> = tally.signers().collect();
        let who = match signers.as_slice() {
            [] => "none".to_owned(),
            signers => format!("{} ({})", signers.len(), join(signers.iter().map(|s| s.name()))),
        };
        counts.push(format!("{}: {who}", tally.identity));
    }
    if !counts.is_empty() {
        by_policy.push(format!(
            "{needed} different keys must each have signed for the same identity; signed for {}",
            counts.join("; for ")
        ));
    }
    by_policy.join("; ")
}

fn join(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(", ")
}
