// SPDX-License-Identifier: Apache-2.0
//! What is expected of an image: alternatives, each an identity with what is required of a signature for it.

use crate::digest::Digest;
use crate::identity::Rule;
use crate::reference::Reference;
use crate::subject::SignatureKind;

/// What is expected of an image.
#[derive(Debug, Clone)]
pub struct Expectation {
    /// One of these is enough.
    pub alternatives: Vec<Alternative>,
    /// The digest that the image itself must have.
    pub digest: Option<Digest>,
}

/// An identity, and what is required of an image that is expected to have it.
#[derive(Debug, Clone)]
pub struct Alternative {
    /// The reference, in canonical form.
    pub identity: Reference,
    /// The scope of a policy that the requirements come from, in words that are safe to print; none where the user's
    /// options say what is required.
    pub scope: Option<String>,
    /// A policy of API objects has no scope for the identity: no image is accepted, and nothing is said of signatures.
    pub is_out_of_scope: bool,
    /// All of these must be met.
    pub requirements: Vec<Requirement>,
}

impl Alternative {
    /// Whether there may be an image that is Verified as this: signatures are required, and nothing that no image has.
    #[must_use]
    pub fn may_be_verified(&self) -> bool {
        let demands = || self.requirements.iter().map(|own| &own.demand);
        !self.is_out_of_scope
            && demands().any(|demand| matches!(demand, Demand::Signed(_)))
            && demands().all(|demand| matches!(demand, Demand::Signed(_) | Demand::Anything))
    }

    /// Whether an image may be accepted as this by something that is not checked here.
    #[must_use]
    pub fn may_be_met_unchecked(&self) -> bool {
        let demands = || self.requirements.iter().map(|own| &own.demand);
        !self.is_out_of_scope
            && demands().any(|demand| matches!(demand, Demand::Unsupported(_)))
            && !demands().any(|demand| matches!(demand, Demand::Refusal(_)))
    }
}

/// A requirement of a policy's scope, or what the options demand.
#[derive(Debug, Clone)]
pub struct Requirement {
    /// What it is called in messages; safe to print.
    pub name: String,
    /// What an image must have to meet it.
    pub demand: Demand,
}

/// What one requirement asks of an image.
#[derive(Debug, Clone)]
pub enum Demand {
    /// Signatures for the identity.
    Signed(Signed),
    /// Nothing: every image is allowed.
    Anything,
    /// What no image has; why, in words that are safe to print.
    Refusal(String),
    /// Something that is not checked here, and so is never met; why, in words that are safe to print.
    Unsupported(String),
}

/// Signatures that are required.
#[derive(Debug, Clone)]
pub struct Signed {
    /// The keys that are accepted.
    pub keys: AcceptedKeys,
    /// How the identity is compared with the signed reference.
    pub rule: Rule,
    /// How many different keys must each have signed; at least 1.
    pub threshold: usize,
}

/// Which of the sets of keys that [`super::pipeline::Judges`] has are accepted, by their places there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AcceptedKeys {
    /// OpenPGP keys; none where GPG signatures do not count.
    pub gpg: Option<usize>,
    /// Sigstore keys; none where sigstore signatures do not count.
    pub sigstore: Option<usize>,
}

impl AcceptedKeys {
    /// The set for a kind of signatures. Of other kinds none is accepted.
    #[must_use]
    pub fn of(self, kind: SignatureKind) -> Option<usize> {
        match kind {
            SignatureKind::Gpg => self.gpg,
            SignatureKind::Sigstore => self.sigstore,
            SignatureKind::Other => None,
        }
    }
}

impl Expectation {
    /// The same requirement for each of several identities, as the options of a command say.
    #[must_use]
    pub fn alike(identities: &[Reference], signed: &Signed, digest: Option<Digest>) -> Self {
        let mut alternatives: Vec<Alternative> = Vec::with_capacity(identities.len());
        for identity in identities {
            if alternatives.iter().any(|known| known.identity == *identity) {
                continue;
            }
            alternatives.push(Alternative {
                identity: identity.clone(),
                scope: None,
                is_out_of_scope: false,
                requirements: vec![Requirement {
                    name: String::new(),
                    demand: Demand::Signed(signed.clone()),
                }],
            });
        }
        Self { alternatives, digest }
    }

    /// Every demand for signatures, with the alternative and the place of the requirement in it.
    pub(super) fn signed(&self) -> impl Iterator<Item = (Place, &Alternative, &Signed)> {
        let alternatives = self.alternatives.iter().enumerate();
        alternatives.flat_map(|(alternative, own)| {
            let requirements = own.requirements.iter().enumerate();
            requirements.filter_map(move |(requirement, of)| match &of.demand {
                Demand::Signed(signed) => Some((
                    Place {
                        alternative,
                        requirement,
                    },
                    own,
                    signed,
                )),
                _ => None,
            })
        })
    }

    /// The sets of keys by which signatures of a kind are judged, each once.
    pub(super) fn key_sets(&self, kind: SignatureKind) -> Vec<usize> {
        let mut sets = Vec::new();
        for set in self.signed().filter_map(|(_, _, signed)| signed.keys.of(kind)) {
            if !sets.contains(&set) {
                sets.push(set);
            }
        }
        sets
    }

    /// Whether a policy says what is required.
    #[must_use]
    pub fn is_by_policy(&self) -> bool {
        self.alternatives.iter().any(|alternative| alternative.scope.is_some())
    }

    /// Whether any alternative demands something that is not checked here.
    pub(super) fn has_unsupported(&self) -> bool {
        let mut requirements = self.alternatives.iter().flat_map(|own| &own.requirements);
        requirements.any(|requirement| matches!(requirement.demand, Demand::Unsupported(_)))
    }

    /// Whether any alternative demands what no image has, because whoever wrote the policy says so.
    pub(super) fn has_refusal(&self) -> bool {
        let in_scope = self.alternatives.iter().filter(|own| !own.is_out_of_scope);
        let mut requirements = in_scope.flat_map(|own| &own.requirements);
        requirements.any(|requirement| matches!(requirement.demand, Demand::Refusal(_)))
    }

    /// Whether any alternative is in no scope of a policy of API objects.
    pub(super) fn is_out_of_scope(&self) -> bool {
        self.alternatives.iter().any(|own| own.is_out_of_scope)
    }
}

/// A requirement: of which alternative, and which of its requirements.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Place {
    pub alternative: usize,
    pub requirement: usize,
}

/// Where expected identities come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum IdentitySource {
    User,
    Reference,
    Stream,
}

impl IdentitySource {
    /// The word in output.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            IdentitySource::User => "user",
            IdentitySource::Reference => "reference",
            IdentitySource::Stream => "stream",
        }
    }
}
