// SPDX-License-Identifier: Apache-2.0
//! What the configuration and the programs of this machine have to do with a policy.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::load::shown;
use super::{lint_places, mirror_sets};
use crate::policy::finding::{Code, Finding, Severity};
use crate::policy::lint;
use crate::policy::place::Place;
use crate::policy::rulebook::{PlacedRequirement, Rulebook, Spot};
use crate::policy::{KeyMaterial, PolicyRequirement, SigstoreSigners};
use crate::registry::lookaside;
use crate::registry::registries_conf::RegistriesConf;
use crate::registry::registries_d::{self, passed_over, MemberPlace, RegistriesD};
use crate::settings::containers::files;
use crate::settings::policy::{Ground, Lint};

/// Programs that read policies.
const PROGRAMS: [&str; 4] = ["skopeo", "podman", "buildah", "crio"];

/// What builds have in them that answer every sigstore signature with a refusal.
const REFUSES_SIGSTORE: &[u8] = b"Debian-local change: sigstore disabled";

/// How much of a program is searched, in bytes.
const MAX_PROGRAM: u64 = 256 << 20;

/// Everything that is found.
pub(super) fn of(book: &Rulebook, settings: &Lint) -> Vec<Finding> {
    let ground = &settings.ground;
    let mut findings = Vec::new();
    let conf = settings.checks_conf.then(|| files::registries_conf(&ground.containers));
    let sections = settings.checks_stores.then(|| files::registries_d(&ground.containers));
    if let Some(conf) = &conf {
        invalid(conf, &mut findings);
    }
    if let Some(sections) = &sections {
        invalid(sections, &mut findings);
    }
    let conf = conf.as_ref().and_then(|read| read.content.as_ref().ok());
    if let Some(conf) = conf {
        findings.extend(unknown_in_conf(conf));
    }
    // They need no registries.d to contradict each other.
    let sets = mirror_sets::conf(book, &[], &[]);
    let unusable = sets.as_ref().err();
    findings.extend(unusable.map(|error| Finding::new(Code::InvalidConfiguration, error.spot.clone(), &*error.what)));
    if let Some(sections) = sections.as_ref().and_then(|read| read.content.as_ref().ok()) {
        findings.extend(old_names(sections));
        findings.extend(unknown(sections));
        findings.extend(no_stores(sections));
        findings.extend(not_read(sections));
        findings.extend(lint_places::attachments(book, sections));
        let conf = conf.map(|conf| (conf, "registries.conf"));
        let sets = sets.as_ref().ok().map(|conf| (conf, "a mirror set of these files"));
        let named = conf.into_iter().chain(sets);
        findings.extend(named.flat_map(|named| lint_places::mirrors(book, named, sections)));
    }
    findings.extend(programs(book, ground));
    findings
}

fn invalid<T>(read: &files::Read<T>, findings: &mut Vec<Finding>) {
    if let Err(what) = &read.content {
        let fault = read.fault.as_ref();
        findings.push(Finding::new(
            Code::InvalidConfiguration,
            fault.map(|own| Spot {
                file: own.file.clone(),
                place: own.place,
                path: own.path.clone(),
            }),
            format!(
                "{}; every look-up by podman and CRI-O fails",
                fault.map_or(what, |own| &own.what)
            ),
        ));
    }
}

fn old_names(sections: &RegistriesD) -> Vec<Finding> {
    let found = sections.old_names().map(|(name, place)| {
        let new = name.replace("sigstore", "lookaside");
        Finding::new(
            Code::OldMemberName,
            Some(spot(place, name)),
            format!("{name} is the old name of {new}; it has nothing to do with sigstore signatures"),
        )
    });
    found.collect()
}

/// Lookaside stores that nobody can read.
fn no_stores(sections: &RegistriesD) -> Vec<Finding> {
    let found = sections.lookasides().filter_map(|(base, name, place)| {
        let what = lookaside::normalised(base).err()?;
        let what = format!("no GPG signature can be looked for: {what}");
        Some(Finding::new(Code::InvalidConfiguration, Some(spot(place, name)), what))
    });
    found.collect()
}

/// Members that may be known ones, misspelt.
fn unknown(sections: &RegistriesD) -> Vec<Finding> {
    let found = sections.all_unknown().map(|(name, place)| {
        Finding::new(Code::InvalidConfiguration, Some(spot(place, name)), passed_over(name)).at_most(Severity::Warning)
    });
    found.collect()
}

/// The same of registries.conf.
fn unknown_in_conf(conf: &RegistriesConf) -> impl Iterator<Item = Finding> + '_ {
    conf.all_unknown().iter().map(|member| {
        let spot = Spot {
            file: member.file.clone(),
            place: member.place,
            path: member.path.clone(),
        };
        Finding::new(Code::InvalidConfiguration, Some(spot), member.passed_over()).at_most(Severity::Warning)
    })
}

/// Files that may be meant to be read.
fn not_read(sections: &RegistriesD) -> impl Iterator<Item = Finding> + '_ {
    sections.not_read.iter().map(|file| {
        let spot = Spot {
            file: file.clone(),
            place: Place::default(),
            path: String::new(),
        };
        let what = format!("the file {}", registries_d::NOT_READ);
        Finding::new(Code::InvalidConfiguration, Some(spot), what).at_most(Severity::Warning)
    })
}

/// The place of a member of registries.d.
fn spot(at: &MemberPlace, name: &str) -> Spot {
    Spot {
        file: at.file.clone(),
        place: at.place,
        path: at.path_of(name),
    }
}

/// Programs of this machine that do not go by the policy as it stands.
fn programs(book: &Rulebook, ground: &Ground) -> Vec<Finding> {
    let rules = lint::rules(book);
    let sigstore = rules
        .iter()
        .find(|rule| matches!(rule.requirement, PolicyRequirement::SigstoreSigned { .. }));
    let Some(sigstore) = sigstore else { return Vec::new() };
    // A member that readers refuse which do not know it, with a text that all have that do.
    let newer = rules.iter().find_map(|rule| Some((rule, newer_member(rule, book)?)));
    let mut findings = Vec::new();
    for program in PROGRAMS.iter().filter_map(|name| find(name, &ground.search_path)) {
        let mut words = vec![REFUSES_SIGSTORE];
        words.extend(newer.as_ref().map(|(_, (_, word))| word.as_bytes()));
        let Some(found) = search(&program, &words) else {
            continue;
        };
        if found[0] {
            findings.push(Finding::new(
                Code::ReaderRefusesSigstore,
                Some(sigstore.spot.clone()),
                format!(
                    "{} refuses every sigstore signature, and with it every image here",
                    shown(&program)
                ),
            ));
        }
        if let (Some((rule, (member, _))), Some(false)) = (&newer, found.get(1)) {
            findings.push(Finding::new(
                Code::ReaderTooOld,
                Some(rule.spot.clone()),
                format!(
                    "{} does not know {member} of sigstoreSigned, and refuses the whole policy",
                    shown(&program)
                ),
            ));
        }
    }
    findings
}

/// A member of a sigstoreSigned that readers learnt later, and a word that readers have in them that know it.
fn newer_member(rule: &PlacedRequirement<'_>, book: &Rulebook) -> Option<(&'static str, &'static str)> {
    let PolicyRequirement::SigstoreSigned {
        signers, needs_rekor, ..
    } = rule.requirement
    else {
        return None;
    };
    let has = |member: &str| {
        let base = book.base().filter(|_| rule.object.is_none());
        base.is_some_and(|base| base.places.has(&format!("{}.{member}", rule.spot.path)))
    };
    match signers {
        SigstoreSigners::Pki => Some(("pki", "caRootsPath")),
        SigstoreSigners::Fulcio => Some(("fulcio", "oidcIssuer")),
        SigstoreSigners::Keys(KeyMaterial::Paths(_)) if has("keyPaths") => Some(("keyPaths", "keyDatas")),
        SigstoreSigners::Keys(KeyMaterial::Data(_)) if has("keyDatas") => Some(("keyDatas", "keyDatas")),
        SigstoreSigners::Keys(_) if *needs_rekor => Some(("a Rekor key", "rekorPublicKeyPath")),
        SigstoreSigners::Keys(_) => None,
    }
}

fn find(name: &str, search_path: &[PathBuf]) -> Option<PathBuf> {
    search_path
        .iter()
        .map(|directory| directory.join(name))
        .find(|path| path.is_file())
}

/// Which of some words stand in a file; nothing where it cannot be read.
fn search(path: &Path, words: &[&[u8]]) -> Option<Vec<bool>> {
    let mut file = File::open(path).ok()?.take(MAX_PROGRAM);
    let longest = words.iter().map(|word| word.len()).max()?;
    let mut found = vec![false; words.len()];
    let mut window: Vec<u8> = Vec::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        let length = file.read(&mut buffer).ok()?;
        if length == 0 {
            return Some(found);
        }
        window.extend_from_slice(&buffer[..length]);
        for (word, found) in words.iter().zip(&mut found) {
            *found = *found || contains(&window, word);
        }
        // A word may be cut in two.
        let keep = window.len().min(longest);
        window.drain(..window.len() - keep);
    }
}

fn contains(text: &[u8], word: &[u8]) -> bool {
    let Some((first, _)) = word.split_first() else {
        return true;
    };
    let mut rest = text;
    while let Some(at) = rest.iter().position(|byte| byte == first) {
        if rest[at..].starts_with(word) {
            return true;
        }
        rest = &rest[at + 1..];
    }
    false
}
