// SPDX-License-Identifier: Apache-2.0
//! A row of the table of images.

use std::collections::BTreeMap;

use serde::Serialize;

use super::signs::{class, glyph};
use crate::audit::entry::{AuditFinding, Entry, FindingKind, CLUSTER};
use crate::audit::finding::command_at;
use crate::reason::Verdict;
use crate::report::audit::words::{has_message, makers, message, title};
use crate::text::safe;

/// Most uses of an image that are shown.
const MAX_USES: usize = 8;
/// Most signers, identities and findings that are shown, of each.
const MAX_OTHERS: usize = 5;
/// Most namespaces that can be filtered by.
const MAX_NAMESPACES: usize = 200;

/// The namespaces that rows are marked with, each with its number and how many images are used there.
#[derive(Debug, Default)]
pub(super) struct Marks(BTreeMap<String, (usize, u64)>);

impl Marks {
    /// The class of the images that a namespace uses, if it has one, and how many they are.
    pub(super) fn get(&self, namespace: &str) -> Option<(String, u64)> {
        self.0
            .get(namespace)
            .map(|(number, count)| (format!("n-{number}"), *count))
    }

    /// Counts an image; the class comes back.
    fn mark(&mut self, namespace: &str) -> Option<String> {
        let number = self.0.len();
        if number >= MAX_NAMESPACES && !self.0.contains_key(namespace) {
            return None;
        }
        let (number, count) = self.0.entry(namespace.to_owned()).or_insert((number, 0));
        *count += 1;
        Some(format!("n-{number}"))
    }
}

#[derive(Debug, Serialize)]
pub(super) struct Row {
    /// What the row can be filtered by.
    classes: String,
    class: String,
    glyph: &'static str,
    verdict: &'static str,
    reason: Option<&'static str>,
    message: String,
    findings: Vec<Found>,
    more_findings: u64,
    image: String,
    source: String,
    signers: Vec<Maker>,
    more_signers: u64,
    /// What the identities are: expected, or accepted.
    word: &'static str,
    identities: Vec<String>,
    more_identities: u64,
    uses: Vec<Used>,
    more_uses: u64,
}

#[derive(Debug, Serialize)]
struct Used {
    name: String,
    /// Other uses say what the image is expected to be signed as, and this one does not.
    is_open: bool,
}

#[derive(Debug, Serialize)]
struct Found {
    what: String,
    message: String,
    command: Option<String>,
}

#[derive(Debug, Serialize)]
struct Maker {
    owner: String,
    fingerprint: String,
}

impl Row {
    pub(super) fn new(entry: &Entry, marks: &mut Marks) -> Self {
        let is_verified = entry.verdict == Verdict::Verified;
        let mut classes = vec![class(entry.verdict)];
        if !is_verified {
            classes.push(format!("r-{}", entry.reason));
        }
        classes.extend(
            entry
                .findings
                .iter()
                .map(|finding| format!("f-{}", finding.kind.word())),
        );
        let mut namespaces: Vec<&str> = entry.uses.iter().map(|used| used.namespace.as_str()).collect();
        namespaces.sort_unstable();
        namespaces.dedup();
        let named = namespaces.into_iter().filter(|name| !name.is_empty());
        classes.extend(named.filter_map(|name| marks.mark(name)));
        classes.dedup();
        let uses = entry.uses.iter().take(MAX_USES).map(|used| Used {
            name: safe(&used.to_string()),
            is_open: is_verified && used.expects_nothing,
        });
        let uses: Vec<Used> = uses.collect();
        let (word, identities) = match entry.matched.is_empty() {
            true => ("expected", &entry.expected),
            false => ("accepted as", &entry.matched),
        };
        let (signers, more_signers) = signers(entry);
        Self {
            classes: classes.join(" "),
            class: class(entry.verdict),
            glyph: glyph(entry.verdict),
            verdict: entry.verdict.word(),
            reason: (!is_verified).then(|| entry.reason.word()),
            message: if has_message(entry) {
                message(&entry.message)
            } else {
                String::new()
            },
            findings: found(&entry.findings[..entry.findings.len().min(MAX_OTHERS)]),
            more_findings: beyond(&entry.findings, MAX_OTHERS) + entry.more_findings,
            image: safe(&entry.image),
            source: if entry.source == CLUSTER {
                String::new()
            } else {
                safe(&entry.source)
            },
            signers,
            more_signers,
            word,
            identities: identities.iter().take(MAX_OTHERS).map(|text| safe(text)).collect(),
            more_identities: beyond(identities, MAX_OTHERS),
            more_uses: beyond(&entry.uses, MAX_USES) + entry.more_uses,
            uses,
        }
    }
}

fn found(findings: &[AuditFinding]) -> Vec<Found> {
    let each = findings.iter().enumerate().map(|(n, finding)| Found {
        what: title(finding.kind.word()),
        message: match finding.kind {
            // What there is to say of it is its name.
            FindingKind::UnsignedInUse => String::new(),
            _ => message(&finding.message),
        },
        command: command_at(findings, n).map(message),
    });
    each.collect()
}

/// How many of a list stand behind the first so many.
fn beyond<T>(list: &[T], shown: usize) -> u64 {
    list.len().saturating_sub(shown) as u64
}

/// The keys that it is signed by, then those that signatures only claim; and how many more there are.
fn signers(entry: &Entry) -> (Vec<Maker>, u64) {
    let known = makers(entry).into_iter().map(|signer| Maker {
        owner: safe(&signer.user_id),
        fingerprint: safe(&signer.primary),
    });
    let claimed = entry.signatures.iter().filter_map(|own| own.claimed_key.as_deref());
    let claimed = claimed.map(|key| Maker {
        owner: "claims the unknown key".to_owned(),
        fingerprint: safe(key),
    });
    let mut all: Vec<Maker> = Vec::new();
    for maker in known.chain(claimed) {
        if all.iter().all(|known| known.fingerprint != maker.fingerprint) {
            all.push(maker);
        }
    }
    let more = beyond(&all, MAX_OTHERS);
    all.truncate(MAX_OTHERS);
    (all, more)
}
