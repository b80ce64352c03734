// SPDX-License-Identifier: Apache-2.0
//! Identity rules that do not go with their scope.

use super::lists::List;
use crate::identity::Rule;
use crate::policy::combined::covers;
use crate::policy::finding::{Code, Finding};
use crate::policy::rulebook::DOCKER;
use crate::policy::words;

pub(super) fn of_list(list: &List<'_>) -> Vec<Finding> {
    if list
        .transport
        .is_some_and(|transport| transport != DOCKER && transport != "atomic")
    {
        return Vec::new();
    }
    let mut findings = Vec::new();
    for rule in &list.rules {
        let Some(identity) = words::rule(rule.requirement) else {
            continue;
        };
        let Some(message) = message(identity, list.scope.unwrap_or_default()) else {
            continue;
        };
        let mut spot = rule.spot.clone();
        spot.path = format!("{}.signedIdentity", spot.path);
        findings.push(Finding::new(Code::IdentityAgainstScope, Some(spot), message));
    }
    findings
}

/// `scope` is empty where all images are meant.
fn message(rule: &Rule, scope: &str) -> Option<String> {
    // A scope without a path has more than one repository.
    let is_wide = !scope.contains('/');
    let shown = if scope.is_empty() { "this scope" } else { scope };
    match rule {
        Rule::Remap(remap) => {
            let (prefix, _) = remap.prefixes();
            let overlaps = scope.is_empty() || covers(scope, prefix) || covers(prefix, scope);
            (!overlaps).then(|| format!("remapIdentity never remaps here: no image in {shown} has the prefix {prefix}"))
        }
        Rule::ExactReference(reference) if is_wide => Some(format!(
            "every image in {shown}, whatever its name, must be signed as {reference}"
        )),
        Rule::ExactRepository(reference) if is_wide => Some(format!(
            "every image in {shown}, whatever its name, must be signed as an image of {}",
            reference.name()
        )),
        _ => None,
    }
}
