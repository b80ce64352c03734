// SPDX-License-Identifier: Apache-2.0
//! Why a release payload may be Verified that was not found to be: something that was asked gave no answer, or was not looked at
//! as a whole.

use crate::limits::MAX_SIGNATURES;
use crate::reason::{Reason, Refusal, Verdict};
use crate::subject::{SourceAnswer, SourceKind};
use crate::verdict::{ImageOutcome, SignatureOutcome};

/// How to audit without a payload, and what that costs.
const WITHOUT: &str = "audit with -A or -n, which read no payload: components are then expected to be signed as what uses them says, and not as the payload says";

/// What a trouble is with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Of {
    /// A registry, or a store of signatures beside it.
    Registry,
    /// What the API server forbids to read.
    Rights,
    /// Other answers of the API server, or none.
    Cluster,
    /// What judges signatures, or what the cluster keeps of them.
    Judging,
}

impl Of {
    /// What to do, in words.
    pub(super) fn way_on(self) -> String {
        let first = match self {
            Of::Registry => "let its registry be reached, log in to it, or name another that has it with --registry-url HOST, which is then asked for all images; or ",
            Of::Rights => "this takes the rights to get images and to list configmaps in the namespace openshift-config-managed; or ",
            Of::Cluster => "run the audit again, or ",
            Of::Judging => "",
        };
        format!("{first}{WITHOUT}")
    }
}

/// Why a payload may be Verified.
#[derive(Debug)]
pub(super) struct Trouble {
    pub(super) of: Of,
    /// It comes of what registries, and stores of signatures beside them, have answered.
    pub(super) is_in_registry: bool,
    /// In words that are safe to print.
    pub(super) why: String,
}

/// What was looked at of a payload that was not found to be Verified.
pub(super) struct Looked<'l> {
    /// The places that were asked, without its object.
    pub(super) sources: &'l [SourceAnswer],
    /// What came of it without its object.
    pub(super) first: &'l ImageOutcome,
    /// How many of the first signatures are those that the cluster keeps in ConfigMaps.
    pub(super) of_cluster: usize,
    /// What came of it with the signatures of its object behind the others.
    pub(super) with_object: Option<&'l ImageOutcome>,
    /// What came of the signatures of its locations beside the one that counts.
    pub(super) further: &'l [SignatureOutcome],
    /// Why its object was not read, if it was not.
    pub(super) object: Option<&'l Refusal>,
}

/// Everything that may hide that a payload is Verified.
pub(super) fn troubles(looked: &Looked<'_>) -> Vec<Trouble> {
    let mut found = Vec::new();
    for source in looked.sources {
        if let Some(refusal) = source.answer.trouble() {
            let of = match source.kind {
                SourceKind::ConfigMap => of_api(&refusal),
                _ => Of::Registry,
            };
            found.push(Trouble {
                is_in_registry: of == Of::Registry,
                of,
                why: refusal.message,
            });
        }
    }
    if let Some(refusal) = looked.object.filter(|refusal| refusal.reason != Reason::NotFound) {
        found.push(Trouble {
            of: of_api(refusal),
            is_in_registry: false,
            why: refusal.message.clone(),
        });
    }
    let first = looked.first.signatures();
    for (n, own) in first.iter().enumerate() {
        found.extend(of_signature(own, n >= looked.of_cluster));
    }
    // Anybody may have put something there that is of a key which nobody knows, or too much: that says nothing.
    let of_object = looked.with_object.map_or(&[][..], ImageOutcome::signatures);
    let of_object = of_object.iter().skip(first.len());
    let of_object = of_object.filter(|own| own.reason() == Reason::EngineFailed || own.signer().is_some());
    found.extend(of_object.filter_map(|own| of_signature(own, false)));
    let not_judged = looked.further.iter().filter(|own| own.reason() == Reason::EngineFailed);
    found.extend(not_judged.filter_map(|own| of_signature(own, false)));
    if found.is_empty() && looked.first.verdict() == Verdict::Unchecked {
        let of = match looked.first.reason() {
            Reason::EngineFailed => Of::Judging,
            _ => Of::Registry,
        };
        found.push(Trouble {
            is_in_registry: of == Of::Registry,
            of,
            why: looked.first.message().to_owned(),
        });
    }
    found
}

/// What was not looked at of a payload and does not count as trouble: its object, and its locations beside the one that counts, need have
/// nothing. In words that are safe to print, to be added to what came of it.
pub(super) fn not_looked_at(
    with_object: Option<&ImageOutcome>,
    further: &[SignatureOutcome],
    asked: &[SourceAnswer],
) -> String {
    let of_object = with_object.map_or(&[][..], ImageOutcome::signatures);
    let mut found = Vec::new();
    for (place, own) in [("its object", of_object), ("a further location", further)] {
        if own.iter().any(SignatureOutcome::is_left_out) {
            found.push(format!("{place} has more than {MAX_SIGNATURES} signatures of it"));
        }
    }
    let trouble = asked.iter().find_map(|own| own.answer.trouble());
    found.extend(trouble.map(|refusal| refusal.message));
    match found.is_empty() {
        true => String::new(),
        false => format!(" as far as it was looked at: {}", found.join("; ")),
    }
}

fn of_api(refusal: &Refusal) -> Of {
    match refusal.reason {
        Reason::Forbidden => Of::Rights,
        _ => Of::Cluster,
    }
}

/// Why a signature of the payload may be a good one that was not found to be.
fn of_signature(own: &SignatureOutcome, is_in_registry: bool) -> Option<Trouble> {
    let of = match is_in_registry && own.reason() != Reason::EngineFailed {
        true => Of::Registry,
        false => Of::Judging,
    };
    let is_early = own.reason() == Reason::SignatureNotYetValid && own.signer().is_some();
    let why = if own.is_left_out() {
        let place = match is_in_registry {
            true => "its registry serves",
            false => "the ConfigMaps have",
        };
        format!("{place} more than {MAX_SIGNATURES} signatures of it, and the others are not looked at")
    } else if own.verdict() == Verdict::Unchecked || is_early {
        own.message().to_owned()
    } else {
        return None;
    };
    Some(Trouble {
        of,
        is_in_registry,
        why,
    })
}
