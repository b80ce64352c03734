// SPDX-License-Identifier: Apache-2.0
//! Where the keys of a requirement stand: in which member, and at which place of the file.

use super::rulebook::{PlacedRequirement, Rulebook, Spot};
use super::{words, AuthorityFile, KeyMaterial, Policy, PolicyRequirement, SigstoreSigners};

/// The keys that a requirement names, if it names some.
#[must_use]
pub fn material(requirement: &PolicyRequirement) -> Option<&KeyMaterial> {
    match requirement {
        PolicyRequirement::SignedBy { keys, .. }
        | PolicyRequirement::SigstoreSigned {
            signers: SigstoreSigners::Keys(keys),
            ..
        } => Some(keys),
        _ => None,
    }
}

/// The files of authorities that a requirement names, such as the key of a transparency log.
#[must_use]
pub fn authorities(requirement: &PolicyRequirement) -> &[AuthorityFile] {
    match requirement {
        PolicyRequirement::SigstoreSigned { authorities, .. } => authorities,
        _ => &[],
    }
}

/// The OpenPGP keys that any scope of a policy names, or its default: a revocation in one of them counts in all.
pub fn openpgp(policy: &Policy) -> impl Iterator<Item = &KeyMaterial> {
    let scopes = policy.transports.iter().flat_map(|transport| &transport.scopes);
    let of_scopes = scopes.flat_map(|scope| &scope.requirements);
    let all = policy.default.iter().chain(of_scopes);
    all.filter_map(|requirement| match requirement {
        PolicyRequirement::SignedBy { key_type, keys, .. } if words::is_openpgp(*key_type) => Some(keys),
        _ => None,
    })
}

/// The place of the key file of a number, counted from 0. In an object it is that of the object's key.
#[must_use]
pub fn of_file(rule: &PlacedRequirement<'_>, material: &KeyMaterial, number: usize, book: &Rulebook) -> Spot {
    let member = match material {
        KeyMaterial::Paths(paths) if paths.is_empty() => "keyPaths".to_owned(),
        KeyMaterial::Paths(_) => format!("keyPaths[{number}]"),
        KeyMaterial::Data(_) => format!("keyDatas[{number}]"),
    };
    spot(rule, &member, book)
}

/// The place of a member of a requirement; single keys have a member of their own.
#[must_use]
pub(crate) fn spot(rule: &PlacedRequirement<'_>, member: &str, book: &Rulebook) -> Spot {
    let mut spot = rule.spot.clone();
    let (Some(base), None) = (book.base(), rule.object) else {
        return spot;
    };
    let plural = format!("{}.{member}", spot.path);
    let singular = plural
        .replace("keyPaths[0]", "keyPath")
        .replace("keyDatas[0]", "keyData");
    spot.path = if base.places.has(&plural) { plural } else { singular };
    spot.place = base.places.at(&spot.path);
    spot
}
