// SPDX-License-Identifier: Apache-2.0
//! `signedIdentity`: how the signed reference is compared with the one that was asked for.

use super::document::{Outcome, PlacedNode};
use crate::identity::{Remap, Rule};
use crate::reference::Reference;
use crate::text::place::quoted;

/// The identity rule of a requirement; left out, it is `matchRepoDigestOrExact`.
pub(super) fn of_requirement(node: &PlacedNode) -> Outcome<Rule> {
    match node.member("signedIdentity")? {
        Some(identity) => rule(identity),
        None => Ok(Rule::MatchRepoDigestOrExact),
    }
}

pub(super) fn rule(node: &PlacedNode) -> Outcome<Rule> {
    const TYPES: [&str; 6] = [
        "matchExact",
        "matchRepoDigestOrExact",
        "matchRepository",
        "exactReference",
        "exactRepository",
        "remapIdentity",
    ];
    match node.required("type")?.word(&TYPES)? {
        "matchExact" => node.only(&["type"]).map(|()| Rule::MatchExact),
        "matchRepoDigestOrExact" => node.only(&["type"]).map(|()| Rule::MatchRepoDigestOrExact),
        "matchRepository" => node.only(&["type"]).map(|()| Rule::MatchRepository),
        "exactReference" => {
            node.only(&["type", "dockerReference"])?;
            let member = node.required("dockerReference")?;
            let reference = reference(member)?;
            if reference.is_name_only() {
                return Err(member.fault("expected a reference with a tag or a digest"));
            }
            Ok(Rule::ExactReference(reference))
        }
        "exactRepository" => {
            node.only(&["type", "dockerRepository"])?;
            Ok(Rule::ExactRepository(reference(node.required("dockerRepository")?)?))
        }
        _ => {
            node.only(&["type", "prefix", "signedPrefix"])?;
            let prefix = node.required("prefix")?;
            let signed = node.required("signedPrefix")?;
            for member in [prefix, signed] {
                if !Reference::is_prefix(member.string()?) {
                    return Err(member.fault(format!(
                        "expected a host or the beginning of a repository (no tag, no digest), found {}",
                        quoted(member.string()?)
                    )));
                }
            }
            Remap::new(prefix.string()?, signed.string()?)
                .map(Rule::Remap)
                .map_err(|error| node.fault(error.to_string()))
        }
    }
}

fn reference(node: &PlacedNode) -> Outcome<Reference> {
    let text = node.string()?;
    Reference::parse(text).map_err(|error| node.fault(format!("expected a reference, found {}: {error}", quoted(text))))
}
