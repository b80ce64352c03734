// SPDX-License-Identifier: Apache-2.0
//! `policy why`: explains which requirements apply to an image, and where they stand.

use std::collections::HashSet;

use super::key_files::KeyFiles;
use super::keys::{self, MayMeet};
use super::load::{left_out, load_with_mirrors, not_judged, spoiled};
use super::{mirror_sets, places};
use crate::cluster::mirrors::Mirrors;
use crate::policy::explanation::{Explanation, FetchPlace, Part, State, Step};
use crate::policy::mirrored::{self, Mirror};
use crate::policy::rulebook::Rulebook;
use crate::policy::scope::scopes_of;
use crate::policy::{stanza, words, PolicyRequirement};
use crate::reference::Reference;
use crate::report::console::Console;
use crate::report::exit::Exit;
use crate::report::policy_why::{write_json, write_text};
use crate::run::documents::Documents as _;
use crate::settings::containers::files;
use crate::settings::policy::Why;
use crate::settings::UsageError;

/// Why an image in no scope of objects is refused where no policy.json is given.
const NO_SCOPE: &str = "no scope of these objects applies: this program refuses the reference, because the objects do not say what nodes do then; the default of the nodes does, and that of OpenShift accepts every image unless the cluster is configured otherwise";

/// Explains what a policy means for one reference.
///
/// # Errors
/// When a file cannot be read or breaks its format.
pub(super) fn run(settings: &Why, console: &mut Console<'_>) -> Result<Exit, UsageError> {
    let (book, of_cluster) = match load_with_mirrors(&settings.ground, &mut console.err) {
        Ok(found) => found,
        Err(failure) => return failure.tell("policy why", settings.output.syntax(), console),
    };
    let (explanation, mut trouble) = explain(&book, of_cluster.as_ref(), settings)?;
    trouble.dedup();
    for line in &trouble {
        console.err.error(line);
    }
    // Failures are told at the end: see report::output.
    let _ = match settings.output.syntax() {
        None => write_text(console.out, &explanation),
        Some(syntax) => write_json(console.out, &explanation, syntax),
    };
    Ok(if trouble.is_empty() {
        Exit::Success
    } else {
        Exit::Trouble
    })
}

/// The explanation, and what kept it from being complete.
fn explain(
    book: &Rulebook,
    of_cluster: Option<&Mirrors>,
    settings: &Why,
) -> Result<(Explanation, Vec<String>), UsageError> {
    let reference = &settings.reference;
    let applied = book.applied(reference).map(str::to_owned);
    let mut trouble = Vec::new();
    let rules = book.rules(applied.as_deref());
    let files = KeyFiles::of(&book.combined.policy);
    let mut requirements = Vec::new();
    let mut may_meet = MayMeet::NOTHING;
    for rule in &rules {
        let found = keys::of(rule.requirement, &settings.ground, &files);
        may_meet = may_meet.and(rule.requirement, &found);
        trouble.extend(found.engine_trouble);
        let keys = found.files.iter().flat_map(|file| &file.keys);
        let keys: HashSet<&str> = keys.map(|key| key.fingerprint.as_str()).collect();
        let is_unasked = found.files.iter().any(|file| file.unasked.is_some());
        requirements.push(Part {
            kind: words::kind(rule.requirement),
            text: words::text(rule.requirement, keys.len().max(is_unasked.into())),
            spot: rule.spot.clone(),
            keys: found.files,
            identity: words::rule(rule.requirement).map(|own| words::identity(own, reference)),
        });
    }
    let sections = files::registries_d(&settings.ground.containers);
    let stores = sections
        .content
        .as_ref()
        .map_err(|what| UsageError::new(what.as_str()))?;
    let mut notes: Vec<String> = settings.short_name.iter().cloned().chain(notes(book)).collect();
    let spoiled = spoiled(book);
    let mut others = spoiled.iter().filter(|own| !own.is_of(applied.as_deref())).peekable();
    let is_spoiled = others.peek().is_some();
    notes.extend(others.map(not_judged));
    let is_by_sets = of_cluster.is_some() || book.mirror_sets().next().is_some();
    let (mirrors, locations) = if is_by_sets {
        of_sets(book, of_cluster, reference, &mut notes)?
    } else {
        notes.extend(places::passed_over_in_conf(&settings.ground.containers, reference));
        places::of_machine(&settings.ground.containers, reference)?
    };
    let is_by_objects = applied
        .as_deref()
        .is_some_and(|scope| !book.combined.makers_of(scope).is_empty());
    let locations: Vec<FetchPlace> = locations
        .into_iter()
        .map(|found| places::place(found, stores, &settings.ground, is_by_objects))
        .collect();
    if applied.is_none() && book.combined.is_objects_alone {
        // The requirement is ours, not the file's.
        requirements.clear();
        notes.push(NO_SCOPE.into());
    }
    let required = book.combined.policy.select("docker", reference).1;
    let best = may_meet.best(required, reference, is_spoiled);
    let stanzas = if settings.mirrors {
        stanzas(book, applied.as_deref(), (reference, best), &mirrors, &mut notes)
    } else {
        Vec::new()
    };
    let mut from_registry = None;
    if matches!(best, Some("Verified") | None) {
        let unasked = places::unasked(required, &locations, reference);
        for found in unasked.into_iter().chain(places::unreadable(required, &locations)) {
            from_registry = Some(found.brief);
            notes.push(found.note);
        }
    }
    notes.extend(places::passed_over_for(stores, &locations));
    let explanation = Explanation {
        reference: reference.clone(),
        files: book.sources.iter().map(|source| source.file.clone()).collect(),
        steps: steps(book, applied.as_deref(), reference),
        spots: book.spots(applied.as_deref()),
        best,
        is_spoiled,
        from_registry,
        applied,
        requirements,
        locations,
        stanzas,
        notes,
    };
    Ok((explanation, trouble))
}

/// The scopes in the order in which they are tried.
fn steps(book: &Rulebook, applied: Option<&str>, reference: &Reference) -> Vec<Step> {
    let mut is_decided = false;
    let names = scopes_of(reference).into_iter().map(Some).chain([None]);
    let mut steps = Vec::new();
    for scope in names {
        let spots = book.spots(scope.as_deref());
        let is_there = !spots.is_empty() || scope.is_none() && book.combined.is_objects_alone;
        let state = match (is_decided, is_there) {
            (false, true) if scope.as_deref() == applied => State::Applies,
            (_, true) => State::Hidden,
            (_, false) => State::Absent,
        };
        is_decided |= state == State::Applies;
        steps.push(Step { scope, state, spots });
    }
    steps
}

fn notes(book: &Rulebook) -> Vec<String> {
    let mut notes = Vec::new();
    for dropped in &book.combined.dropped {
        notes.push(format!(
            "scope {} of {} is left out by nodes: it lies inside {} of {}",
            dropped.scope, dropped.object, dropped.inside, dropped.of
        ));
    }
    notes.extend(book.combined.left_out.iter().map(|object| left_out(object)));
    notes
}

/// The same by the mirror sets of the files and of the cluster, as nodes read them.
fn of_sets(
    book: &Rulebook,
    of_cluster: Option<&Mirrors>,
    reference: &Reference,
    notes: &mut Vec<String>,
) -> Result<(Vec<Mirror>, Vec<places::Located>), UsageError> {
    let mirrors = mirrored::of_sets(book.mirror_sets(), reference);
    let (insecure, blocked) = of_cluster.map_or((&[][..], &[][..]), |own| (&own.insecure, &own.blocked));
    let conf = mirror_sets::conf(book, insecure, blocked).map_err(|error| UsageError::new(error.told()))?;
    let mirrors = mirrors.into_iter();
    let mirrors: Vec<Mirror> = mirrors
        .map(|mirror| places::with_block(mirror, &conf, reference))
        .collect();
    notes.extend(conf.passed_over(reference));
    let found = match conf.locations(reference) {
        Ok(found) => found,
        Err(error) => {
            notes.push(format!("{error}: nodes cannot pull the image at all"));
            Vec::new()
        }
    };
    let by = |place: &Reference| {
        let own = mirrors
            .iter()
            .find(|mirror| mirror.name_of(reference).as_ref() == Some(place));
        own.map_or("a mirror set of a scope around it".to_owned(), |mirror| {
            mirror.named_by.clone()
        })
    };
    let locations = found.into_iter().map(|own| {
        let mirror = own.is_mirror.then(|| by(&own.reference));
        (own.reference, mirror, own.blocked)
    });
    let locations = locations.collect();
    Ok((mirrors, locations))
}

fn stanzas(
    book: &Rulebook,
    applied: Option<&str>,
    (reference, best): (&Reference, Option<&str>),
    mirrors: &[Mirror],
    notes: &mut Vec<String>,
) -> Vec<crate::policy::explanation::Stanza> {
    let rules = book.rules(applied);
    if mirrors.is_empty() {
        notes.push("no mirror is named for this reference".into());
    }
    if !mirrored::asks_for_signatures(rules.iter().map(|rule| rule.requirement)) {
        let mut all = rules.iter().map(|rule| rule.requirement);
        let why = match all.any(|requirement| matches!(requirement, PolicyRequirement::Reject)) {
            true => "every image is refused here, which remapIdentity does not change",
            false => "no signature is required here, so no mirror needs remapIdentity",
        };
        notes.push(why.into());
        return Vec::new();
    }
    let mut stanzas = Vec::new();
    for mirror in mirrors {
        match stanza::of(book, applied, reference, mirror) {
            Some(mut stanza) => {
                match best {
                    // The requirements are the same but for their identities.
                    Some("Verified") => {}
                    Some(best) => stanza
                        .notes
                        .push(format!("an image here is {best} at best, by this name too")),
                    None => stanza.notes.push("it is unknown whether its keys are accepted".into()),
                }
                stanza.works &= best == Some("Verified");
                if mirror.is_blocked {
                    let note = format!("{} is blocked: that place is never contacted", stanza.asked);
                    stanza.notes.push(note);
                }
                stanzas.push(stanza);
            }
            None => notes.push(format!(
                "no remapIdentity leads from mirror {} to {}",
                mirror.location, mirror.source
            )),
        }
    }
    stanzas
}
