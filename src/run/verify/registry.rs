// SPDX-License-Identifier: Apache-2.0
//! Images of registries: one manifest, or a list of them with instances for platforms; and lists in directories.

use super::judged::Judged;
use super::run::Run;
use crate::digest::Digest;
use crate::reason::{Reason, Refusal};
use crate::reference::Reference;
use crate::registry::registries_conf::Location;
use crate::report::{InRegistry, Instance};
use crate::run::manifests::{malformed, named, Findings, Manifest, Manifests, Place, Spent};
use crate::settings::image_name::short_name;
use crate::settings::images::{Source, Wanted};
use crate::settings::platforms::Platforms;
use crate::source::directory::Directory;
use crate::source::registry::{Registries, Taken};
use crate::subject::instances::{self, Entry};
use crate::text::safe;
use crate::verdict::IdentitySource;

impl<'c> Run<'c, '_> {
    /// Judges what a reference stands for.
    pub(super) fn registry_image(&mut self, registries: &mut Registries<'_>, wanted: &Wanted, reference: &Reference) {
        if let Some(warning) = short_name(&wanted.asked, reference) {
            self.stderr.warning(warning);
        }
        match registries.resolve(reference) {
            Ok(taken) => {
                for (_, trouble) in &taken.passed_over {
                    self.put_aside(|lines| lines.note(format_args!("not taken from there: {trouble}")));
                }
                self.taken(registries, wanted, &taken);
            }
            Err(refusal) => {
                let source = format!("docker://{reference}");
                let mut judged = self.refused(&source, &source, refusal, &wanted.identities);
                judged.report.identity_source = source_of(wanted);
                self.print(&judged);
            }
        }
        for warning in registries.take_warnings() {
            self.put_aside(|lines| lines.warning(warning));
        }
    }

    fn taken(&mut self, registries: &mut Registries<'_>, wanted: &Wanted, taken: &Taken) {
        let whole = Manifest {
            bytes: &taken.bytes,
            digest: taken.digest.clone(),
            list: None,
            depth: 0,
        };
        let mut spent = Spent::default();
        let platforms = &self.settings.platforms;
        if matches!(platforms, Platforms::Default) || !instances::is_list(&taken.bytes) {
            let choice = match platforms {
                Platforms::Default => None,
                Platforms::One(platform) => Some(format!("--platform {platform} chooses nothing")),
                Platforms::All => Some("--all-platforms adds nothing".to_owned()),
            };
            if let Some(choice) = choice {
                let asked = safe(&wanted.asked);
                let what = format!("{asked} is a single manifest, not a manifest list: {choice}");
                self.put_aside(|lines| lines.note(what));
            }
            let findings = self
                .manifests(registries, taken, &mut spent)
                .manifest(&wanted.identities, &whole);
            self.note_differing(&wanted.asked, &findings);
            return self.print_found(wanted, taken, &taken.digest, findings, None, true);
        }
        let own = self
            .manifests(registries, taken, &mut spent)
            .own(&wanted.identities, &whole);
        let entries = match instances::entries(&taken.bytes) {
            Ok(entries) => entries,
            Err(what) => {
                let findings = Findings::from(malformed(&what));
                return self.print_found(wanted, taken, &taken.digest, findings, None, true);
            }
        };
        let (left_out, instances): (Vec<Entry>, Vec<Entry>) =
            entries.into_iter().partition(|entry| entry.is_attestation);
        let chosen: Vec<Entry> = match platforms {
            Platforms::One(platform) => instances::choose(&taken.bytes, &instances, platform)
                .into_iter()
                .cloned()
                .collect(),
            _ => instances.clone(),
        };
        let whole = Findings {
            left_out: named(&left_out),
            ..own
        };
        let counts = self.settings.require_list || chosen.is_empty() && matches!(platforms, Platforms::All);
        let missing = match platforms {
            Platforms::One(platform) if chosen.is_empty() => Some(platform.clone()),
            _ => None,
        };
        self.print_found(wanted, taken, &taken.digest, whole, None, counts);
        for entry in &chosen {
            let mut manifests = self.manifests(registries, taken, &mut spent);
            let findings = manifests.instance(&wanted.identities, &taken.bytes, entry, 1);
            let digest = findings.digest.clone().unwrap_or_else(|| entry.digest.clone());
            self.print_found(wanted, taken, &digest, findings, Some(entry.platform()), true);
        }
        if let Some(platform) = missing {
            let there: Vec<String> = instances.iter().map(Entry::platform).collect();
            let there = if there.is_empty() {
                "none".to_owned()
            } else {
                there.join(", ")
            };
            let meant =
                other_name(&platform.to_string()).filter(|meant| instances.iter().any(|own| own.platform() == *meant));
            let meant = meant.map_or(String::new(), |meant| format!("; did you mean {meant}?"));
            let message = format!("the manifest list has no instance for {platform}; it has: {there}{meant}");
            let findings = Findings::from(Refusal::new(Reason::NotFound, message));
            let mut judged = self.found(wanted, taken, &taken.digest, findings, Some(platform.to_string()));
            // The digest is the list's, and the image has none.
            judged.report.image.clone_from(&judged.report.source);
            self.print(&judged);
        }
    }

    fn manifests<'m, 'r>(
        &'m mut self,
        registries: &'m mut Registries<'r>,
        taken: &'m Taken,
        spent: &'m mut Spent,
    ) -> Manifests<'m, 'c, 'r> {
        Manifests {
            judging: &mut self.judging,
            place: Place::Registry(registries, taken),
            digest: self.settings.digest.clone(),
            stderr: self.stderr.lend(),
            spent,
        }
    }

    /// Judges a manifest list in a directory.
    pub(super) fn listed(&mut self, source: &str, directory: &Directory, identities: &[Reference]) {
        let mut manifests = Manifests {
            judging: &mut self.judging,
            place: Place::Directory(directory),
            digest: self.settings.digest.clone(),
            stderr: self.stderr.lend(),
            spent: &mut Spent::default(),
        };
        let whole = Manifest {
            bytes: &directory.manifest,
            digest: directory.digest.clone(),
            list: None,
            depth: 0,
        };
        let findings = manifests.manifest(identities, &whole);
        self.note_differing(source, &findings);
        let mut judged = self.judged(directory.digest.as_str(), source, findings.outcome, identities);
        judged.report.registry = Some(InRegistry {
            pinned: None,
            is_for_tags: false,
            platform: None,
            instances: findings.instances,
            left_out: findings.left_out,
            for_information: false,
            mirrored_as: Vec::new(),
        });
        self.print(&judged);
    }

    /// The references at sources for which registries.conf has the place of a reference as a mirror.
    fn mirrored_as(&self, asked: &Reference) -> Vec<Reference> {
        let places = match &self.settings.source {
            Source::Places { registries, .. } => registries.as_ref(),
            Source::Objects { .. } | Source::Parts(_) => None,
        };
        places.map_or_else(Vec::new, |own| own.mirrors.mirrored_as(asked))
    }

    /// Whether an image was taken from a mirror that is asked for tags and not for digests.
    fn is_for_tags(&self, taken: &Taken) -> bool {
        let Source::Places {
            registries: Some(own), ..
        } = &self.settings.source
        else {
            return false;
        };
        let place = taken.location.reference.name();
        let by_digest = Reference::parse(&taken.pinned()).ok();
        let locations = by_digest.and_then(|pinned| own.mirrors.locations(&pinned).ok());
        locations.is_some_and(|locations| locations.iter().all(|own| own.reference.name() != place))
    }

    fn note_differing(&mut self, asked: &str, findings: &Findings) {
        if let Some(differing) = differing(findings) {
            self.stderr.note(format_args!(
                "{}: no expected reference is one that every instance is signed as: {differing}",
                safe(asked)
            ));
        }
    }

    /// What is reported of a manifest, whose verdict counts.
    fn found(
        &mut self,
        wanted: &Wanted,
        taken: &Taken,
        digest: &Digest,
        findings: Findings,
        platform: Option<String>,
    ) -> Judged {
        let Location { reference, .. } = &taken.location;
        let source = format!("docker://{reference}");
        let mut judged = self.judged(digest.as_str(), &source, findings.outcome, &wanted.identities);
        judged.report.identity_source = source_of(wanted);
        judged.report.sources = findings.sources;
        judged.report.registry = Some(InRegistry {
            pinned: Some(format!("{}@{digest}", taken.asked.name())),
            is_for_tags: self.is_for_tags(taken),
            platform,
            instances: findings.instances,
            left_out: findings.left_out,
            for_information: false,
            mirrored_as: self.mirrored_as(&taken.asked),
        });
        judged
    }

    fn print_found(
        &mut self,
        wanted: &Wanted,
        taken: &Taken,
        digest: &Digest,
        findings: Findings,
        platform: Option<String>,
        counts: bool,
    ) {
        let mut judged = self.found(wanted, taken, digest, findings, platform);
        if let Some(registry) = &mut judged.report.registry {
            registry.for_information = !counts;
        }
        if judged.report.outcome.reason() == Reason::Verified && counts {
            if let Some(tag) = taken.asked.tag() {
                self.tags.add(tag, &taken.asked, digest, &judged.report.outcome);
            }
        }
        self.print(&judged);
    }
}

/// What each instance of a list is signed as, where the list is Verified by its instances and they have no identity in
/// common: each of the identities then holds for a part of the list only.
fn differing(findings: &Findings) -> Option<String> {
    let Findings { outcome, instances, .. } = findings;
    if outcome.reason() != Reason::Verified || instances.is_empty() || !outcome.matched().is_empty() {
        return None;
    }
    let of = |own: &Instance| {
        let identities: Vec<String> = own.outcome.matched().iter().map(Reference::to_string).collect();
        format!("{} as {}", own.platform, identities.join(" and "))
    };
    Some(instances.iter().map(of).collect::<Vec<_>>().join(", "))
}

fn source_of(wanted: &Wanted) -> IdentitySource {
    if wanted.names_itself {
        IdentitySource::Reference
    } else {
        IdentitySource::User
    }
}

/// A platform by the name that Go has for its architecture, where it was given by that of the kernel.
fn other_name(platform: &str) -> Option<String> {
    let (system, architecture) = platform.split_once('/')?;
    let name = match architecture {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "i386" | "i686" => "386",
        _ => return None,
    };
    Some(format!("{system}/{name}"))
}
