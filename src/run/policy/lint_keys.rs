// SPDX-License-Identifier: Apache-2.0
//! What is to be said against the keys of a policy.

use std::collections::HashMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::key_files::KeyFiles;
use super::keys::{self, Keys};
use super::load::shown;
use crate::files::read::read_bounded;
use crate::openpgp::keys::certificate::Certificate;
use crate::policy::explanation::{KeyFile, KeyLine};
use crate::policy::finding::{Code, Finding, Severity};
use crate::policy::lint;
use crate::policy::rulebook::{PlacedRequirement, Rulebook, Spot};
use crate::policy::{member, words, KeyMaterial, PolicyRequirement};
use crate::reason::Reason;
use crate::settings::policy::Ground;
use crate::sigstore::key::MAX_KEY_FILE;
use crate::text::io_message;

/// Most sets of keys that are looked into: each takes GnuPG a tenth of a second.
const MAX_KEY_SETS: usize = 300;

/// What every block of PEM begins with.
const PEM: &[u8] = b"-----BEGIN ";

/// Everything that is found. What could not be looked into goes to `trouble`.
pub(super) fn of(book: &Rulebook, ground: &Ground, trouble: &mut Vec<String>) -> Vec<Finding> {
    // Many requirements have the same keys.
    let mut known: Vec<(&PolicyRequirement, Keys)> = Vec::new();
    let files = KeyFiles::of(&book.combined.policy);
    let mut left_out = 0;
    let mut findings = Vec::new();
    let mut looked: Vec<(PlacedRequirement<'_>, usize)> = Vec::new();
    let rules = lint::rules(book);
    findings.extend(of_authorities(&rules, book));
    for rule in rules {
        let Some(material) = member::material(rule.requirement) else {
            continue;
        };
        let at = known
            .iter()
            .position(|(own, _)| member::material(own) == Some(material) && same_kind(own, rule.requirement));
        let at = match at {
            Some(at) => at,
            None if known.len() == MAX_KEY_SETS => {
                left_out += 1;
                continue;
            }
            None => {
                let found = keys::of(rule.requirement, ground, &files);
                let unasked = found.engine_trouble.as_ref();
                trouble.extend(unasked.map(|what| format!("keys are unknown: GnuPG could not be asked: {what}")));
                known.push((rule.requirement, found));
                known.len() - 1
            }
        };
        findings.extend(of_rule(&rule, material, &known[at].1, book));
        looked.push((rule, at));
    }
    for list in looked.chunk_by(|(one, _), (other, _)| list_of(one) == list_of(other)) {
        findings.extend(of_copies(list, &known, book));
    }
    if left_out > 0 {
        trouble.push(format!(
            "the keys of {left_out} requirements were not looked into: the policy has more than {MAX_KEY_SETS} different sets of keys"
        ));
    }
    findings
}

fn same_kind(one: &PolicyRequirement, other: &PolicyRequirement) -> bool {
    std::mem::discriminant(one) == std::mem::discriminant(other)
}

fn of_rule(rule: &PlacedRequirement<'_>, material: &KeyMaterial, keys: &Keys, book: &Rulebook) -> Vec<Finding> {
    let mut findings = Vec::new();
    if keys.files.is_empty() {
        if matches!(material, KeyMaterial::Paths(paths) if paths.is_empty()) {
            findings.push(Finding::new(
                Code::KeyMissing,
                Some(member::spot(rule, "keyPaths", book)),
                "the list of keys is empty, so no signature is ever accepted",
            ));
        }
        return findings;
    }
    let usable = |key: &&KeyLine| key.refusal.is_none();
    let is_one_left = keys.files.iter().flat_map(|file| &file.keys).any(|key| usable(&key));
    // Nothing is judged where a key file of policy.json is of no use; keys that are not asked for are not read, and those of
    // objects spoil only what they decide on.
    let spoils_all = rule.object.is_none() && words::is_by_keys(rule.requirement);
    for (number, file) in keys.files.iter().enumerate() {
        let spot = member::of_file(rule, material, number, book);
        let path = match material {
            KeyMaterial::Paths(paths) => paths.get(number),
            KeyMaterial::Data(_) => None,
        };
        findings.extend(of_file((file, path), &spot, is_one_left, spoils_all));
    }
    findings
}

/// Files of authorities that are of no use. They are not used here, but by all other readers of the policy.
fn of_authorities(rules: &[PlacedRequirement<'_>], book: &Rulebook) -> Vec<Finding> {
    let mut known: HashMap<&Path, Option<String>> = HashMap::new();
    let mut findings = Vec::new();
    for rule in rules {
        for file in member::authorities(rule.requirement) {
            let what = known.entry(&file.path).or_insert_with(|| no_content(&file.path));
            findings.extend(what.as_ref().map(|what| {
                Finding::new(
                    Code::KeyUnreadable,
                    Some(member::spot(rule, &file.member, book)),
                    format!("{}: {what}", shown(&file.path)),
                )
            }));
        }
    }
    findings
}

/// Why the readers of a policy take nothing from a file of an authority, and what follows.
fn no_content(path: &Path) -> Option<String> {
    let refused = "podman and CRI-O refuse every image here";
    let what = match read_bounded(path, MAX_KEY_FILE) {
        Ok(Some(bytes)) if bytes.is_empty() => "it is empty".to_owned(),
        Ok(Some(bytes)) if !bytes.windows(PEM.len()).any(|own| own == PEM) => "it is not in PEM".to_owned(),
        Ok(_) => return None,
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            return Some(format!("{}; run as this user, {refused}", io_message(&error)));
        }
        Err(error) => io_message(&error),
    };
    Some(format!("{what}; {refused}"))
}

/// Whether this user may not read a file, which another user may.
fn is_denied(path: &Path) -> bool {
    let error = read_bounded(path, MAX_KEY_FILE).err();
    error.is_some_and(|error| error.kind() == ErrorKind::PermissionDenied)
}

/// What tells the list that a requirement stands in from all others.
fn list_of<'r>(rule: &'r PlacedRequirement<'_>) -> (&'r Path, &'r str) {
    let path = &rule.spot.path;
    let list = path.rfind('[').filter(|_| rule.object.is_none());
    (&rule.spot.file, list.map_or(path.as_str(), |end| &path[..end]))
}

fn of_file(
    (file, path): (&KeyFile, Option<&PathBuf>),
    spot: &Spot,
    is_one_left: bool,
    spoils_all: bool,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut found = |code, message: String| findings.push(Finding::new(code, Some(spot.clone()), message));
    if let Some(trouble) = &file.trouble {
        let what = if trouble.contains(&file.label) {
            trouble.clone()
        } else {
            format!("{}: {trouble}", file.label)
        };
        let rest = if spoils_all {
            ", and verify and audit judge nothing by this policy"
        } else {
            ""
        };
        let by = match path.is_some_and(|path| is_denied(path)) {
            true => " by programs that run as this user",
            false => "",
        };
        found(
            Code::KeyUnreadable,
            format!("{what}; every image here is refused{by}{rest}"),
        );
    }
    for note in &file.notes {
        found(
            Code::KeySkipped,
            format!(
                "{}: {note}; some versions of GnuPG then take no key at all from the file",
                file.label
            ),
        );
    }
    for key in &file.keys {
        let Some(refusal) = &key.refusal else { continue };
        let is_expired = refusal.starts_with(Reason::KeyExpired.word());
        let code = if is_expired {
            Code::KeyExpired
        } else {
            Code::KeyNotAccepted
        };
        let owner = key.owner.as_deref().unwrap_or_default();
        let rest = if is_one_left {
            ""
        } else {
            "; no key of this requirement is left"
        };
        // The code says it already.
        let refusal = refusal.strip_prefix("KeyExpired: ").unwrap_or(refusal);
        let message = format!("{}: key {} ({owner}): {refusal}{rest}", file.label, key.fingerprint);
        let finding = Finding::new(code, Some(spot.clone()), message);
        findings.push(if is_one_left {
            finding.at_most(Severity::Warning)
        } else {
            finding
        });
    }
    findings
}

/// What is to be said of keys and their copies, which may be of different requirements of one list.
fn of_copies(
    list: &[(PlacedRequirement<'_>, usize)],
    known: &[(&PolicyRequirement, Keys)],
    book: &Rulebook,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut first: HashMap<String, (&str, &Certificate)> = HashMap::new();
    for (rule, at) in list {
        let Some(material) = member::material(rule.requirement) else {
            continue;
        };
        let keys = &known[*at].1;
        for (number, contents) in keys.contents.iter().enumerate() {
            for certificate in contents.iter().flat_map(|contents| &contents.certificates) {
                let fingerprint = certificate.fingerprint().to_string();
                let label = keys.files[number].label.as_str();
                let mut found = |code, message| {
                    let spot = member::of_file(rule, material, number, book);
                    findings.push(Finding::new(code, Some(spot), message));
                };
                if certificate.is_bound_by_sha1_only() {
                    found(
                        Code::KeySelfSignatureSha1,
                        format!(
                            "{label}: key {fingerprint} names its owner by SHA-1 signatures only, which systems with strict crypto policies do not take; its owner may offer a newer copy"
                        ),
                    );
                }
                match first.get(&fingerprint) {
                    None => {
                        first.insert(fingerprint, (label, certificate));
                    }
                    Some((other, copy)) if !certificate.says_the_same_as(copy) => found(
                        Code::KeyCopiesDiffer,
                        format!(
                            "{label}: this copy of key {fingerprint} differs from that in {other}; here all copies \
                            are one key, and a revocation in either counts; other programs may use only one of them"
                        ),
                    ),
                    Some(_) => {}
                }
            }
        }
    }
    findings
}
