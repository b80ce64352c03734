// SPDX-License-Identifier: Apache-2.0
//! Requirements and key types in words, for people.

use super::explanation::Identity;
use super::{KeyType, PolicyRequirement, SigstoreSigners};
use crate::identity::Rule;
use crate::reference::Reference;

/// The type of a requirement, as policies write it.
#[must_use]
pub fn kind(requirement: &PolicyRequirement) -> &'static str {
    match requirement {
        PolicyRequirement::InsecureAcceptAnything => "insecureAcceptAnything",
        PolicyRequirement::Reject => "reject",
        PolicyRequirement::SignedBy { .. } => "signedBy",
        PolicyRequirement::SignedBaseLayer => "signedBaseLayer",
        PolicyRequirement::SigstoreSigned { .. } => "sigstoreSigned",
    }
}

/// What a requirement asks for, in words. `keys` is how many keys it has, or one where it is not known to have none.
#[must_use]
pub fn text(requirement: &PolicyRequirement, keys: usize) -> String {
    let by = match keys {
        0 => "by a key (none of those named here can be used)",
        1 => "by this key",
        _ => "by one of these keys",
    };
    match requirement {
        PolicyRequirement::InsecureAcceptAnything => "nothing: every image is accepted, signed or not".into(),
        PolicyRequirement::Reject => "every image is refused".into(),
        PolicyRequirement::SignedBy { key_type, .. } if is_openpgp(*key_type) => format!("a GPG signature {by}"),
        PolicyRequirement::SignedBy { .. } => {
            "a signature by keys of a type that no reader implements: never met".into()
        }
        PolicyRequirement::SignedBaseLayer => "a signed base layer, which no reader implements: never met".into(),
        PolicyRequirement::SigstoreSigned {
            signers, needs_rekor, ..
        } => match signers {
            SigstoreSigners::Keys(_) if *needs_rekor => {
                format!("a sigstore signature {by} and an entry in a transparency log (Rekor), which this program does not check")
            }
            SigstoreSigners::Keys(_) => format!("a sigstore signature {by}"),
            SigstoreSigners::Fulcio => {
                "a sigstore signature by a certificate of Fulcio, which this program does not check".into()
            }
            SigstoreSigners::Pki => {
                "a sigstore signature by a certificate of a PKI, which this program does not check".into()
            }
        },
    }
}

/// Whether a type of keys is implemented.
#[must_use]
pub(crate) fn is_openpgp(key_type: KeyType) -> bool {
    key_type == KeyType::GpgKeys
}

/// Whether a requirement asks for signatures by keys, and is checked here: its keys and its identity rule decide.
#[must_use]
pub(crate) fn is_by_keys(requirement: &PolicyRequirement) -> bool {
    match requirement {
        PolicyRequirement::SignedBy { key_type, .. } => is_openpgp(*key_type),
        PolicyRequirement::SigstoreSigned {
            signers, needs_rekor, ..
        } => matches!(signers, SigstoreSigners::Keys(_)) && !needs_rekor,
        _ => false,
    }
}

/// What images can get at best where all of these are required.
#[must_use]
pub fn best<'r>(requirements: impl Iterator<Item = &'r PolicyRequirement>) -> &'static str {
    let mut best = "Allowed";
    for requirement in requirements {
        best = match (requirement, best) {
            (_, "Rejected") | (PolicyRequirement::Reject | PolicyRequirement::SignedBaseLayer, _) => "Rejected",
            (PolicyRequirement::SignedBy { key_type, .. }, _) if !is_openpgp(*key_type) => "Rejected",
            (PolicyRequirement::InsecureAcceptAnything, best) => best,
            (_, "Unsupported") => "Unsupported",
            (
                PolicyRequirement::SigstoreSigned {
                    signers: SigstoreSigners::Fulcio | SigstoreSigners::Pki,
                    ..
                }
                | PolicyRequirement::SigstoreSigned { needs_rekor: true, .. },
                _,
            ) => "Unsupported",
            _ => "Verified",
        };
    }
    best
}

/// The same for an image that is asked for as `asked`, where it is known whether each requirement that asks for signatures has
/// a key that is accepted.
#[must_use]
pub(crate) fn best_with_keys(requirements: &[PolicyRequirement], has_keys: bool, asked: &Reference) -> &'static str {
    let checked = requirements.iter().filter(|requirement| is_by_keys(requirement));
    let mut identities = checked.filter_map(rule);
    match best(requirements.iter()) {
        // A requirement that is not met rejects, whatever another one is that is not checked.
        "Verified" | "Unsupported" if !has_keys || identities.any(|rule| !rule.can_be_met(asked)) => "Rejected",
        best => best,
    }
}

/// The identity rule of a requirement.
#[must_use]
pub fn rule(requirement: &PolicyRequirement) -> Option<&Rule> {
    match requirement {
        PolicyRequirement::SignedBy { identity, .. } | PolicyRequirement::SigstoreSigned { identity, .. } => {
            Some(identity)
        }
        _ => None,
    }
}

/// How the signed reference must look for an image that is asked for as `asked`.
#[must_use]
pub fn identity(rule: &Rule, asked: &Reference) -> Identity {
    let (kind, text) = match rule {
        Rule::MatchExact => ("matchExact", format!("exactly {asked}")),
        Rule::MatchRepoDigestOrExact => ("matchRepoDigestOrExact", repo_digest_or_exact(asked)),
        Rule::MatchRepository => (
            "matchRepository",
            format!("{}, with any tag or digest or none{}", asked.name(), under_tag(asked)),
        ),
        Rule::ExactReference(reference) if rule.other_digest(asked).is_some() => (
            "exactReference",
            format!(
                "exactly {reference}, whatever was asked for; {asked} has another digest, so nothing fits unless it names a manifest list with this image in it"
            ),
        ),
        Rule::ExactReference(reference) => ("exactReference", format!("exactly {reference}, whatever was asked for")),
        Rule::ExactRepository(reference) => (
            "exactRepository",
            format!(
                "{}, with any tag or digest or none, whatever was asked for{}",
                reference.name(),
                under_tag(asked)
            ),
        ),
        Rule::Remap(remap) => {
            let (prefix, signed) = remap.prefixes();
            let text = match remap.apply(asked) {
                Some(mapped) if mapped == *asked => format!(
                    "{}; {asked} is not below the prefix {prefix}, which would become {signed}",
                    repo_digest_or_exact(asked)
                ),
                Some(mapped) => format!(
                    "{}; in {asked} the prefix {prefix} becomes {signed}",
                    repo_digest_or_exact(&mapped)
                ),
                None => {
                    format!("nothing: in {asked} {}", remap.no_reference())
                }
            };
            ("remapIdentity", text)
        }
    };
    Identity {
        kind,
        text,
        examples: examples(rule, asked),
    }
}

/// What a rule that does not look at the tag means for an image that is asked for by one.
fn under_tag(asked: &Reference) -> String {
    let said = |tag: &str| format!("; so this requirement does not tie an image to the tag {tag}");
    asked.tag().map(said).unwrap_or_default()
}

fn repo_digest_or_exact(asked: &Reference) -> String {
    if asked.tag().is_some() {
        format!("exactly {asked}")
    } else {
        format!("{} with any tag or digest", asked.name())
    }
}

/// Signed references that show what the rule takes and what it does not.
fn examples(rule: &Rule, asked: &Reference) -> Vec<(String, bool)> {
    let wanted = rule.wanted(asked);
    let mut candidates = vec![wanted.clone(), asked.clone()];
    let others = [wanted.name().to_owned(), format!("{}:other", wanted.name())];
    candidates.extend(others.iter().filter_map(|text| Reference::parse(text).ok()));
    let mut examples: Vec<(String, bool)> = Vec::new();
    for candidate in candidates {
        let text = candidate.to_string();
        if examples.iter().all(|(own, _)| *own != text) {
            examples.push((text, rule.matches(Some(asked), &candidate)));
        }
    }
    examples
}
