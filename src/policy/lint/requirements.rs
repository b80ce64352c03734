// SPDX-License-Identifier: Apache-2.0
//! Requirements that cannot be met, are not checked here, or mean another thing together.

use std::collections::HashMap;

use crate::identity::Rule;
use crate::policy::finding::{Code, Finding, Severity};
use crate::policy::lists::{lists, List};
use crate::policy::rulebook::{PlacedRequirement, Rulebook};
use crate::policy::{member, words, KeyMaterial, PolicyRequirement, SigstoreSigners};

/// Of how many scopes it is told that several objects have them.
const MAX_SCOPES: usize = 100;

/// With how many requirements of one list another one is compared.
const MAX_COMPARED: usize = 500;

/// `is_replaced`: whether images in registries never come to the default.
pub(super) fn of_list(list: &List<'_>, is_replaced: bool) -> Vec<Finding> {
    let mut findings: Vec<Finding> = list.rules.iter().filter_map(of_rule).collect();
    findings.extend(together(list));
    if list.scope.is_none() && words::best(list.rules.iter().map(|rule| rule.requirement)) == "Allowed" {
        let which = if is_replaced {
            "images of transports other than docker in no scope are accepted, signed or not (for images in registries, scope \"\" of transport docker takes the place of the default)"
        } else {
            "images in no scope are accepted, signed or not"
        };
        findings.push(Finding::new(
            Code::DefaultAccepts,
            Some(list.spot.clone()),
            format!("{which}; \"default\": [{{\"type\": \"reject\"}}] refuses them (DISA V-257537 asks for that)"),
        ));
    }
    findings
}

/// What is to be said of the objects.
pub(super) fn of_objects(book: &Rulebook) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (source, object) in book.objects() {
        let rule = PlacedRequirement::of_object(source, object);
        findings.extend(of_rule(&rule));
        if object.keys_given > 1 {
            findings.push(Finding::new(
                Code::SeveralKeysInData,
                Some(rule.spot),
                format!(
                    "the key data has {} public keys; nodes read only the first one, and refuse signatures by the \
                        others",
                    object.keys_given
                ),
            ));
        }
    }
    let by_name: HashMap<String, &PolicyRequirement> = book
        .objects()
        .map(|(_, object)| (object.to_string(), &object.requirement))
        .collect();
    let all = book.combined.makers.iter().map(|(scope, makers)| {
        let mut required = Different::default();
        let mut different: Vec<String> = Vec::new();
        for maker in makers {
            if by_name.get(maker).is_some_and(|own| required.add(own)) {
                different.push(maker.clone());
            }
        }
        // A file that requires what the objects do is what nodes made of them.
        let base = book.base_rules(Some(scope)).into_iter();
        let mut base = base.filter(|rule| words::rule(rule.requirement).is_some());
        if base.any(|rule| !required.0.contains(&rule.requirement)) {
            different.insert(0, "the policy.json".to_owned());
        }
        (scope, different)
    });
    for (scope, makers) in all.filter(|(_, makers)| makers.len() > 1).take(MAX_SCOPES) {
        findings.push(Finding::new(
            Code::AllRequired,
            book.spots(Some(scope)).pop(),
            format!(
                "an image in {scope} needs a signature for each of these, not for one of them: {}",
                makers.join(", ")
            ),
        ));
    }
    let has_own = |rule: &PlacedRequirement<'_>| {
        matches!(rule.requirement, PolicyRequirement::SignedBy { .. })
            || matches!(member::material(rule.requirement), Some(KeyMaterial::Paths(_)))
    };
    if let (Some(_), Some(own)) = (
        book.objects().next(),
        lists(book)
            .iter()
            .flat_map(|list| &list.rules)
            .find(|rule| has_own(rule)),
    ) {
        findings.push(Finding::new(
            Code::PolicyBesideObjects,
            Some(own.spot.clone()),
            "this policy was written by hand, and nodes generate one from ClusterImagePolicies and ImagePolicies at \
                the same path: one of the two is lost, and objects cannot express signedBy or the path of a key",
        ));
    }
    findings
}

/// Whether no reader of policies implements a requirement.
fn is_never_met(requirement: &PolicyRequirement) -> bool {
    match requirement {
        PolicyRequirement::SignedBaseLayer => true,
        PolicyRequirement::SignedBy { key_type, .. } => !words::is_openpgp(*key_type),
        _ => false,
    }
}

fn of_rule(rule: &PlacedRequirement<'_>) -> Option<Finding> {
    let found = |code| {
        Some(Finding::new(
            code,
            Some(rule.spot.clone()),
            words::text(rule.requirement, 1),
        ))
    };
    match rule.requirement {
        own if is_never_met(own) => found(Code::RequirementNeverMet),
        PolicyRequirement::SigstoreSigned { needs_rekor: true, .. }
        | PolicyRequirement::SigstoreSigned {
            signers: SigstoreSigners::Fulcio | SigstoreSigners::Pki,
            ..
        } => found(Code::RequirementNotChecked),
        _ => None,
    }
}

/// Requirements that take a signature each: one signature meets all that ask for the same.
#[derive(Default)]
struct Different<'r>(Vec<&'r PolicyRequirement>);

impl<'r> Different<'r> {
    /// Adds a requirement; says whether none of those before it asks for the same.
    fn add(&mut self, own: &'r PolicyRequirement) -> bool {
        // Whose certificates these are is not read.
        let is_open = matches!(
            own,
            PolicyRequirement::SigstoreSigned {
                signers: SigstoreSigners::Fulcio | SigstoreSigners::Pki,
                ..
            }
        );
        let is_new =
            is_open || self.0.len() > MAX_COMPARED || !self.0.iter().any(|other| asks_for_the_same(other, own));
        if is_new {
            self.0.push(own);
        }
        is_new
    }
}

/// Whether one signature may do for both: they are equal, or they name the same keys and the name that was asked for.
fn asks_for_the_same(one: &PolicyRequirement, other: &PolicyRequirement) -> bool {
    let keys_by_name = |own| {
        let is_by_name = matches!(
            words::rule(own)?,
            Rule::MatchExact | Rule::MatchRepoDigestOrExact | Rule::MatchRepository
        );
        let material = member::material(own).filter(|_| is_by_name)?;
        Some((words::kind(own), material))
    };
    one == other || keys_by_name(one).is_some_and(|own| keys_by_name(other) == Some(own))
}

/// Several requirements in one list.
fn together(list: &List<'_>) -> Option<Finding> {
    let mut rules = Different::default();
    for rule in list.rules.iter().filter(|rule| !is_never_met(rule.requirement)) {
        rules.add(rule.requirement);
    }
    if rules.0.len() < 2 {
        return None;
    }
    let count = |kind: &str| rules.0.iter().filter(|rule| words::kind(rule) == kind).count();
    let message = if let Some(kind) = ["signedBy", "sigstoreSigned"].into_iter().find(|kind| count(kind) > 1) {
        format!(
            "an image needs a signature for each of the {} {kind} requirements; if one of the keys is enough, list them as keyPaths of one requirement",
            count(kind)
        )
    } else if count("reject") > 0 {
        "reject refuses every image, so the other requirements have no effect".to_owned()
    } else if count("signedBy") > 0 && count("sigstoreSigned") > 0 {
        "an image needs a GPG signature and a sigstore signature, not one of them".to_owned()
    } else if count("insecureAcceptAnything") > 0 {
        "insecureAcceptAnything has no effect beside other requirements: all must hold".to_owned()
    } else {
        return None;
    };
    let found = Finding::new(Code::AllRequired, Some(list.spot.clone()), message);
    // Two kinds of keys cannot be listed in one requirement, so that this is how both are asked for.
    let is_one_of_each = rules.0.len() == 2 && count("signedBy") == 1 && count("sigstoreSigned") == 1;
    Some(if is_one_of_each {
        found.at_most(Severity::Note)
    } else {
        found
    })
}
