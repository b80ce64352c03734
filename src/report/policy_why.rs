// SPDX-License-Identifier: Apache-2.0
//! `policy why`: what a policy means for one reference.

use std::io::{self, Write};

use serde_json::{json, Value};

use super::file_names::{exact, name, names};
use super::json::{write_document, Syntax, API_VERSION};
use super::paragraph::{paragraph, told, MAX_SENTENCE};
use super::policy_keys::{source, write_keys};
use crate::policy::explanation::{Explanation, FetchPlace, Part, Stanza, State, Step};
use crate::policy::rulebook::Spot;
use crate::reference::Reference;
use crate::text::{bounded, safe};

/// Prints text for people.
///
/// # Errors
/// When writing fails.
pub(crate) fn write_text(out: &mut dyn Write, explanation: &Explanation) -> io::Result<()> {
    writeln!(out, "Reference: {}", explanation.reference)?;
    let files = if explanation.files.len() == 1 {
        "Policy"
    } else {
        "Files"
    };
    writeln!(out, "{files}: {}", names(&explanation.files))?;
    writeln!(out, "Scopes of transport docker, in the order in which they are tried:")?;
    for step in &explanation.steps {
        write_step(out, step)?;
    }
    writeln!(out, "Required by {}:", scope(explanation.applied.as_deref()))?;
    if explanation.requirements.len() > 1 {
        writeln!(out, "  all of these:")?;
    }
    if explanation.requirements.is_empty() {
        writeln!(out, "  every image is refused, by this program (see the note below)")?;
    }
    for (number, part) in explanation.requirements.iter().enumerate() {
        write_part(out, number + 1, part)?;
    }
    match explanation.best {
        Some(best) if explanation.is_spoiled => paragraph(
            out,
            0,
            &format!("At best an image here is {best}: nothing is judged by this policy, because {} cannot be used (see the note below).", useless(explanation)),
            2,
        )?,
        Some(best) => match explanation.from_registry {
            Some(from_registry) => paragraph(
                out,
                0,
                &format!("At best an image here is {best}, {from_registry} (see the note below)."),
                2,
            )?,
            None => writeln!(out, "At best an image here is {best}.")?,
        },
        None => writeln!(
            out,
            "What an image here can get at best is unknown: GnuPG could not be asked."
        )?,
    }
    writeln!(
        out,
        "Fetched from the first of these that has it, and signatures from nowhere else:"
    )?;
    for place in &explanation.locations {
        write_place(out, place)?;
    }
    for stanza in &explanation.stanzas {
        write_stanza(out, stanza)?;
    }
    for note in &explanation.notes {
        paragraph(out, 0, &format!("Note: {}", told(note)), 2)?;
    }
    out.flush()
}

/// The key files for which a policy cannot be used, where those of another scope are among them.
fn useless(explanation: &Explanation) -> &'static str {
    let mut own = explanation.requirements.iter().flat_map(|part| &part.keys);
    match own.any(|file| file.trouble.is_some()) {
        true => "key files of this scope and of another one",
        false => "a key file of another scope",
    }
}

fn scope(scope: Option<&str>) -> String {
    match scope {
        None => "the default".to_owned(),
        Some("") => "scope \"\" (all images of the transport)".to_owned(),
        Some(scope) => format!("scope {}", safe(scope)),
    }
}

fn at(spot: &Spot) -> String {
    let file = name(&spot.file);
    match spot.place.line {
        // An object of a cluster.
        0 => format!("{file}, {}", told(&spot.path)),
        line => format!("{file}, line {line}, column {}", spot.place.column),
    }
}

fn write_step(out: &mut dyn Write, step: &Step) -> io::Result<()> {
    let name = match step.scope.as_deref() {
        None => "default",
        Some("") => "\"\"",
        Some(name) => name,
    };
    let spots: Vec<String> = step.spots.iter().map(at).collect();
    let spots = spots.join("; ");
    let said = match step.state {
        State::Absent => "not there".to_owned(),
        State::Applies if spots.is_empty() => "applies: none of the objects has a scope for it".to_owned(),
        State::Applies => format!("applies: {spots}"),
        State::Hidden if spots.is_empty() => "not reached".to_owned(),
        State::Hidden => format!("not reached: {spots}"),
    };
    paragraph(out, 2, &format!("{}: {said}", safe(name)), 6)
}

fn write_part(out: &mut dyn Write, number: usize, part: &Part) -> io::Result<()> {
    paragraph(out, 2, &format!("{number}. {}: {}", part.kind, part.text), 5)?;
    paragraph(out, 5, &at(&part.spot), 7)?;
    for file in &part.keys {
        write_keys(out, file)?;
    }
    if let Some(identity) = &part.identity {
        paragraph(out, 5, &format!("signed as ({}): {}", identity.kind, identity.text), 7)?;
        for (signed, accepted) in &identity.examples {
            let is_usual =
                part.kind == "sigstoreSigned" && Reference::parse(signed).is_ok_and(|own| own.is_name_only());
            let said = match accepted {
                true => "accepted",
                // What is signed so verifies by cosign, and many take it for what a policy accepts.
                false if is_usual => {
                    "rejected; cosign signs in this way by default (image-signature-verify(1), Signatures without a tag)"
                }
                false => "rejected",
            };
            paragraph(out, 7, &format!("signed as {signed}: {said}"), 9)?;
        }
    }
    Ok(())
}

fn write_place(out: &mut dyn Write, place: &FetchPlace) -> io::Result<()> {
    let kind = match &place.mirror {
        Some(by) => format!("mirror, {}", told(by)),
        None => "the source".to_owned(),
    };
    let blocked = if place.blocked {
        "; blocked: never contacted"
    } else {
        ""
    };
    paragraph(out, 2, &format!("{}: {kind}{blocked}", place.reference), 6)?;
    let by = told(&place.lookaside_by);
    let lookaside = match &place.lookaside {
        Ok(url) => format!("GPG signatures: {} ({by})", bounded(url, MAX_SENTENCE)),
        Err(why) => format!(
            "GPG signatures: not looked for beside the registry: {} ({by})",
            told(why)
        ),
    };
    paragraph(out, 4, &lookaside, 8)?;
    let attachments = if place.attachments {
        format!("sigstore signatures: in the registry ({})", told(&place.attachments_by))
    } else {
        format!("sigstore signatures: not looked for ({})", told(&place.attachments_by))
    };
    paragraph(out, 4, &attachments, 8)
}

fn write_stanza(out: &mut dyn Write, stanza: &Stanza) -> io::Result<()> {
    let by = told(&stanza.named_by);
    writeln!(
        out,
        "For images asked for by the name of mirror {} ({by}):",
        safe(&stanza.mirror)
    )?;
    for line in stanza.text.lines() {
        writeln!(out, "  {}", safe_line(line))?;
    }
    let said = if stanza.works { "is accepted" } else { "is not accepted" };
    paragraph(
        out,
        2,
        &format!("{} signed as {} {said}.", stanza.asked, stanza.signed.join(" and as ")),
        4,
    )?;
    for note in &stanza.notes {
        paragraph(out, 2, &told(note), 4)?;
    }
    Ok(())
}

/// A line of a stanza whole, however long: it is to be copied. JSON and YAML escape what is not safe.
fn safe_line(line: &str) -> String {
    crate::text::bounded(line, usize::MAX)
}

/// Prints one document.
///
/// # Errors
/// When writing fails.
pub(crate) fn write_json(out: &mut dyn Write, explanation: &Explanation, syntax: Syntax) -> io::Result<()> {
    let steps: Vec<Value> = explanation.steps.iter().map(step).collect();
    let item = json!({
        "reference": explanation.reference.to_string(),
        "transport": "docker",
        "files": explanation.files.iter().map(|file| exact(file)).collect::<Vec<_>>(),
        "scopes": steps,
        "scope": explanation.applied,
        "places": explanation.spots.iter().map(spot).collect::<Vec<Value>>(),
        "requirements": explanation.requirements.iter().map(part).collect::<Vec<Value>>(),
        "verdict": explanation.best,
        "locations": explanation.locations.iter().map(place).collect::<Vec<Value>>(),
        "mirrors": explanation.stanzas.iter().map(stanza).collect::<Vec<Value>>(),
        "notes": explanation.notes,
    });
    let document = json!({"apiVersion": API_VERSION, "kind": "PolicyExplanationList", "items": [item]});
    write_document(out, &document, syntax)
}

/// Where something stands, as a member of a JSON document.
pub(super) fn spot(spot: &Spot) -> Value {
    json!({
        "file": exact(&spot.file),
        "line": spot.place.line,
        "column": spot.place.column,
        "path": spot.path,
    })
}

fn step(step: &Step) -> Value {
    let state = match step.state {
        State::Absent => "absent",
        State::Applies => "applies",
        State::Hidden => "not reached",
    };
    json!({
        "scope": step.scope,
        "state": state,
        "places": step.spots.iter().map(spot).collect::<Vec<Value>>(),
    })
}

fn part(part: &Part) -> Value {
    let identity = part.identity.as_ref().map(|identity| {
        let example = |(signed, accepted): &(String, bool)| json!({"signedAs": signed, "accepted": accepted});
        json!({
            "type": identity.kind,
            "text": identity.text,
            "examples": identity.examples.iter().map(example).collect::<Vec<Value>>(),
        })
    });
    json!({
        "type": part.kind,
        "text": part.text,
        "place": spot(&part.spot),
        "keySources": part.keys.iter().map(source).collect::<Vec<Value>>(),
        "identity": identity,
    })
}

fn place(place: &FetchPlace) -> Value {
    json!({
        "reference": place.reference.to_string(),
        "mirror": place.mirror.is_some(),
        "namedBy": place.mirror,
        "blocked": place.blocked,
        "lookaside": place.lookaside.as_ref().ok(),
        "lookasideFrom": place.lookaside_by,
        "sigstoreAttachments": place.attachments,
        "sigstoreAttachmentsFrom": place.attachments_by,
    })
}

fn stanza(stanza: &Stanza) -> Value {
    json!({
        "mirror": stanza.mirror,
        "namedBy": stanza.named_by,
        "stanza": stanza.text,
        "asked": stanza.asked,
        "signedAs": stanza.signed.first(),
        "accepted": stanza.works,
        "notes": stanza.notes,
    })
}
