// SPDX-License-Identifier: Apache-2.0
//! Does the signed reference speak of the image that was asked for? The six rules of containers-policy.json(5).
//!
//! All rules compare normal forms. None of them looks at the image's digest: that the signature is for these bytes,
//! and that a digest the user named is the image's own, is checked apart from the rule (see [`crate::verdict`]).

use crate::digest::Digest;
use crate::reference::Reference;
use crate::text::place::quoted;

/// A `signedIdentity` of containers-policy.json(5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rule {
    /// The same reference, tag or digest included.
    MatchExact,
    /// The same reference; where the user named a digest only, the same repository.
    MatchRepoDigestOrExact,
    /// The same repository, whatever the tag.
    MatchRepository,
    /// Exactly this reference, whatever was asked for.
    ExactReference(Reference),
    /// This repository, whatever was asked for.
    ExactRepository(Reference),
    /// [`Rule::MatchRepoDigestOrExact`] after replacing a prefix of what was asked for.
    Remap(Remap),
}

/// A prefix of references and what stands in its place in signatures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remap {
    prefix: String,
    signed_prefix: String,
}

/// A text that cannot be the prefix of a reference.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} is not a host or a repository prefix (HOST[:PORT][/NAME...], no tag, no digest)", quoted(.0))]
pub struct PrefixError(pub String);

impl Remap {
    /// Takes the two prefixes: a host, or a host and the beginning of a path.
    ///
    /// # Errors
    /// When one of them can not be the beginning of a reference in normal form.
    pub fn new(prefix: &str, signed_prefix: &str) -> Result<Self, PrefixError> {
        for text in [prefix, signed_prefix] {
            if !Reference::is_prefix(text) {
                return Err(PrefixError(text.to_owned()));
            }
        }
        Ok(Self {
            prefix: prefix.to_owned(),
            signed_prefix: signed_prefix.to_owned(),
        })
    }

    /// What is replaced, and by what.
    #[must_use]
    pub fn prefixes(&self) -> (&str, &str) {
        (&self.prefix, &self.signed_prefix)
    }

    /// Whether the replacement can give a reference at all. It gives none where the signed prefix does not begin with the
    /// host of a registry: such a name is that of an image of docker.io, whose normal form begins with it.
    #[must_use]
    pub fn gives_references(&self) -> bool {
        let whole = Reference::parse_canonical(&self.signed_prefix);
        whole.is_ok() || Reference::parse_canonical(&format!("{}/a/b", self.signed_prefix)).is_ok()
    }

    /// What is said where the replacement gives no reference, after the name of what it is done to.
    #[must_use]
    pub fn no_reference(&self) -> String {
        format!(
            "the prefix {} becomes {}, which does not give a reference",
            self.prefix, self.signed_prefix
        )
    }

    /// The reference under which an image asked for as `intended` is signed; unchanged outside the prefix.
    ///
    /// `None` when the result is not a reference in normal form, which then matches nothing.
    #[must_use]
    pub fn apply(&self, intended: &Reference) -> Option<Reference> {
        match begins_with(intended, &self.prefix) {
            true => exchanged(intended, &self.prefix, &self.signed_prefix),
            false => Some(intended.clone()),
        }
    }
}

/// Whether a reference is a prefix, or goes on after it with another component.
fn begins_with(reference: &Reference, prefix: &str) -> bool {
    let rest = reference.name().strip_prefix(prefix);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// A reference that begins with `from`, with `to` in its place; none where that is not a reference in normal form.
fn exchanged(reference: &Reference, from: &str, to: &str) -> Option<Reference> {
    Reference::parse_canonical(&reference.to_string().replacen(from, to, 1)).ok()
}

impl Rule {
    /// Whether an image asked for as `intended` may be signed as `signed`.
    ///
    /// `intended` is `None` for an image that has no docker reference at all.
    #[must_use]
    pub fn matches(&self, intended: Option<&Reference>, signed: &Reference) -> bool {
        match self {
            Rule::ExactReference(reference) => exact(reference, signed),
            Rule::ExactRepository(reference) => reference.name() == signed.name(),
            Rule::MatchExact => intended.is_some_and(|i| exact(i, signed)),
            Rule::MatchRepository => intended.is_some_and(|i| i.name() == signed.name()),
            Rule::MatchRepoDigestOrExact => intended.is_some_and(|i| repo_digest_or_exact(i, signed)),
            Rule::Remap(remap) => intended
                .and_then(|i| remap.apply(i))
                .is_some_and(|i| repo_digest_or_exact(&i, signed)),
        }
    }

    /// Whether an image asked for as `intended` can be signed so that it is accepted: a remapped reference must be one. Another
    /// digest than that of `intended` may be accepted: one may be that of a list, and the other that of an instance.
    #[must_use]
    pub fn can_be_met(&self, intended: &Reference) -> bool {
        match self {
            Rule::Remap(remap) => remap.apply(intended).is_some(),
            _ => true,
        }
    }

    /// The digest that signatures must have where `intended` has another one, which fits only where that of `intended` is a
    /// list with the image in it (see [`crate::verdict`]).
    #[must_use]
    pub fn other_digest(&self, intended: &Reference) -> Option<&Digest> {
        let Rule::ExactReference(reference) = self else {
            return None;
        };
        let own = intended.digest()?;
        reference.digest().filter(|digest| *digest != own)
    }

    /// Why the rule does not accept `signed` for an image asked for as `intended`, in words for people: the part that differs
    /// first, or that what was asked for gives no reference to hold it against.
    #[must_use]
    pub fn difference(&self, intended: &Reference, signed: &Reference) -> String {
        match self {
            Rule::Remap(remap) if remap.apply(intended).is_none() => remap.no_reference(),
            Rule::Remap(remap) if !begins_with(intended, &remap.prefix) => format!(
                "{}; {intended} is not below the prefix {}, which would become {}",
                difference(intended, signed),
                remap.prefix,
                remap.signed_prefix
            ),
            _ => difference(&self.wanted(intended), signed).to_owned(),
        }
    }

    /// What the signed reference is held against, for messages: the remapped one where the rule remaps.
    #[must_use]
    pub fn wanted(&self, intended: &Reference) -> Reference {
        match self {
            Rule::Remap(remap) => remap.apply(intended).unwrap_or_else(|| intended.clone()),
            Rule::ExactReference(reference) | Rule::ExactRepository(reference) => reference.clone(),
            _ => intended.clone(),
        }
    }
}

impl std::fmt::Display for Rule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Rule::MatchExact => f.write_str("matchExact"),
            Rule::MatchRepoDigestOrExact => f.write_str("matchRepoDigestOrExact"),
            Rule::MatchRepository => f.write_str("matchRepository"),
            Rule::ExactReference(reference) => write!(f, "exactReference:{reference}"),
            Rule::ExactRepository(reference) => write!(f, "exactRepository:{reference}"),
            Rule::Remap(remap) => write!(f, "remap:{}={}", remap.prefix, remap.signed_prefix),
        }
    }
}

/// Equal in every part. References by name alone name no image and never match.
fn exact(intended: &Reference, signed: &Reference) -> bool {
    !intended.is_name_only() && !signed.is_name_only() && intended == signed
}

fn repo_digest_or_exact(intended: &Reference, signed: &Reference) -> bool {
    if intended.tag().is_some() {
        exact(intended, signed)
    } else {
        intended.digest().is_some() && !signed.is_name_only() && intended.name() == signed.name()
    }
}

/// The part in which two references differ first, in words for people.
#[must_use]
pub fn difference(expected: &Reference, signed: &Reference) -> &'static str {
    if expected.domain() != signed.domain() {
        "the registry host differs"
    } else if expected.path() != signed.path() {
        "the repository differs"
    } else if signed.is_name_only() {
        "the signed reference has neither tag nor digest"
    } else if expected.tag() != signed.tag() {
        match (expected.tag(), signed.tag()) {
            (Some(_), Some(_)) => "the tag differs",
            (Some(_), None) => "the signed reference has no tag",
            _ => "the signed reference has a tag",
        }
    } else {
        "the digest differs"
    }
}
