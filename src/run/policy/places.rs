// SPDX-License-Identifier: Apache-2.0
//! Where an image may be fetched, and where its signatures are looked for then.

use super::load::shown;
use crate::policy::explanation::FetchPlace;
use crate::policy::mirrored::Mirror;
use crate::policy::PolicyRequirement;
use crate::reference::Reference;
use crate::registry::lookaside;
use crate::registry::registries_conf::{RegistriesConf, Unknown};
use crate::registry::registries_d::{not_read, passed_over, MemberPlace, RegistriesD};
use crate::settings::containers::{files, Containers};
use crate::settings::policy::Ground;
use crate::settings::UsageError;
use crate::text::url::without_secrets;

/// A place where an image may be fetched: its name there, what names it as a mirror, and whether it is blocked.
pub(super) type Located = (Reference, Option<String>, bool);

/// The mirrors that the registries.conf of this machine names for a reference, and where the image may be fetched.
pub(super) fn of_machine(
    containers: &Containers,
    reference: &Reference,
) -> Result<(Vec<Mirror>, Vec<Located>), UsageError> {
    let conf = files::registries_conf(containers);
    let registries = conf.content.as_ref().map_err(|what| UsageError::new(what.as_str()))?;
    let files: Vec<String> = conf.files.iter().map(|file| shown(file)).collect();
    let found = registries.mirrors_of(reference);
    let mirrors: Vec<Mirror> = found
        .into_iter()
        .map(|(source, location)| Mirror {
            named_by: files.join(", "),
            source: source.to_owned(),
            location: location.to_owned(),
            is_blocked: false,
        })
        .map(|mirror| with_block(mirror, registries, reference))
        .collect();
    let found = registries
        .locations(reference)
        .map_err(|error| UsageError::new(error.to_string()))?;
    let by = mirrors.first().map_or("registries.conf", |mirror| &mirror.named_by);
    let locations = found
        .into_iter()
        .map(|own| (own.reference, own.is_mirror.then(|| by.to_owned()), own.blocked));
    let locations = locations.collect();
    Ok((mirrors, locations))
}

/// The mirror, and whether what is asked for may be fetched there.
pub(super) fn with_block(mirror: Mirror, conf: &RegistriesConf, reference: &Reference) -> Mirror {
    let name = mirror.name_of(reference);
    Mirror {
        is_blocked: name.is_some_and(|own| conf.is_blocked(&own)),
        ..mirror
    }
}

/// What is known of a place. `is_by_objects` where nodes have a configuration of their own.
pub(super) fn place(
    (reference, mirror, blocked): Located,
    stores: &RegistriesD,
    ground: &Ground,
    is_by_objects: bool,
) -> FetchPlace {
    let at = |place: &MemberPlace| {
        let (file, section) = (shown(&place.file), place.section());
        format!("{file}, line {}, {section}", place.place.line)
    };
    let (base, lookaside_by) = match stores.lookaside(&reference) {
        Some((base, place)) => (base.to_owned(), at(place)),
        None => (
            ground.containers.default_lookaside.clone(),
            stores.no_lookaside(&reference),
        ),
    };
    let digest = match reference.digest() {
        Some(digest) => digest.to_string().replacen(':', "=", 1),
        None => "sha256=DIGEST".to_owned(),
    };
    let (attachments, attachments_by) = match stores.use_sigstore_attachments(&reference) {
        _ if is_by_objects => (
            true,
            "nodes of a cluster with these objects look for them there, and at mirrors; they do not use the registries.d of this machine".to_owned(),
        ),
        Some((value, place)) => (value, at(place)),
        None => (
            false,
            "built in: registries.d does not say use-sigstore-attachments".to_owned(),
        ),
    };
    FetchPlace {
        lookaside: lookaside::normalised(&base)
            .map(|base| format!("{}/{}@{digest}/signature-1", without_secrets(&base), reference.path())),
        lookaside_by,
        attachments,
        attachments_by,
        reference,
        mirror,
        blocked,
    }
}

/// Whether a sigstore signature is among what is required.
pub(super) fn wants_attachments(required: &[PolicyRequirement]) -> bool {
    let is_sigstore = |own: &PolicyRequirement| matches!(own, PolicyRequirement::SigstoreSigned { .. });
    required.iter().any(is_sigstore)
}

/// That a signature which is required is not looked for everywhere: images that are at hand may have one all the same.
pub(super) struct Unasked {
    /// In a few words, to stand beside the verdict of an image that is at hand.
    pub(super) brief: &'static str,
    /// Why, and what to do.
    pub(super) note: String,
}

/// Whether that is so.
pub(super) fn unasked(
    required: &[PolicyRequirement],
    locations: &[FetchPlace],
    reference: &Reference,
) -> Option<Unasked> {
    let is_asked = |place: &FetchPlace| place.attachments && !place.blocked;
    if !wants_attachments(required) || locations.iter().any(is_asked) {
        return None;
    }
    Some(if locations.iter().any(|place| !place.blocked) {
        Unasked {
            brief: "but from a registry only by a sigstore signature in a lookaside store",
            note: format!(
                "from a registry an image here is Verified only if a lookaside store has its sigstore signature: no place is asked for sigstore attachments; registries.d needs use-sigstore-attachments: true for {}",
                reference.name()
            ),
        }
    } else {
        Unasked {
            brief: "but none can be pulled from a registry",
            note: "no image can be pulled from a registry here: every place is blocked".to_owned(),
        }
    })
}

/// That no signature which is required can be read beside a registry, and why.
pub(super) fn unreadable(required: &[PolicyRequirement], locations: &[FetchPlace]) -> Option<Unasked> {
    let is_attached = locations.iter().any(|place| place.attachments && !place.blocked);
    let is_beside = |own: &PolicyRequirement| match own {
        PolicyRequirement::SignedBy { .. } => true,
        PolicyRequirement::SigstoreSigned { .. } => !is_attached,
        _ => false,
    };
    let mut asked = locations.iter().filter(|place| !place.blocked);
    let first = asked.next()?;
    let (why, by) = (first.lookaside.as_ref().err()?, &first.lookaside_by);
    let is_unreadable = required.iter().any(is_beside) && asked.all(|place| place.lookaside.is_err());
    is_unreadable.then(|| Unasked {
        brief: "but Unchecked from a registry that does not keep the signatures itself",
        note: format!(
            "from a registry that does not keep the signatures itself (by its extension) an image here is Unchecked at best: {by}: {why}"
        ),
    })
}

/// Of the registries.conf of this machine: mirrors that are not for a reference of this form, and members that say nothing,
/// in the entry for it and beside all.
pub(super) fn passed_over_in_conf(containers: &Containers, reference: &Reference) -> Vec<String> {
    let conf = files::registries_conf(containers);
    let found = conf.content.iter().flat_map(|conf| conf.unknown(reference));
    let mirrors = conf.content.iter().flat_map(|conf| conf.passed_over(reference));
    mirrors.chain(found.map(Unknown::warning)).collect()
}

/// Members of registries.d that say nothing, in the sections for these places and beside all, and files that are not read.
pub(super) fn passed_over_for(stores: &RegistriesD, places: &[FetchPlace]) -> Vec<String> {
    let mut notes: Vec<String> = stores.not_read.iter().map(|file| not_read(file)).collect();
    notes.extend(stores.unmatched.iter().cloned());
    for (name, at) in places.iter().flat_map(|place| stores.unknown(&place.reference)) {
        let note = format!("{}: {}", at.line_of_file(), passed_over(name));
        if !notes.contains(&note) {
            notes.push(note);
        }
    }
    notes
}
