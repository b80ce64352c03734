// SPDX-License-Identifier: Apache-2.0
//! `policy test`: compares what a policy says with a table of cases.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use super::key_files::KeyFiles;
use super::keys::{self, MayMeet};
use super::load::{has_rules, load, not_judged, read, shown, spoiled, tell_left_out};
use super::places;
use crate::input;
use crate::policy::rulebook::{Rulebook, Source};
use crate::policy::table::{self, Case, DEFAULT};
use crate::policy::{words, TextError};
use crate::report::console::Console;
use crate::report::exit::Exit;
use crate::report::json::Syntax;
use crate::report::policy_test::{write_json, write_junit, write_text, TestRow};
use crate::run::by_policy::key_files::Trouble;
use crate::run::documents::Documents as _;
use crate::run::short_names;
use crate::settings::containers::files;
use crate::settings::image_name::short_name;
use crate::settings::policy::{Ground, Test, TestOutput};
use crate::settings::{policy_reference, UsageError};
use crate::text::safe;

/// Whether a policy says what it is meant to say.
///
/// # Errors
/// When a file cannot be read or breaks its format.
pub(super) fn run(settings: &Test, console: &mut Console<'_>) -> Result<Exit, UsageError> {
    let file = shown(&settings.table);
    let text = input::text(read(&settings.table)?)
        .map_err(|error| UsageError::new(format!("{file}: {}", safe(&error.to_string()))))?;
    let short = RefCell::new(Vec::new());
    let reference = |text: &str| {
        let found = policy_reference::reference(text)?;
        short.borrow_mut().extend(short_name(text, &found));
        Ok(found)
    };
    let cases = table::parse(&text, reference).map_err(|error| no_table(settings, &text, &error))?;
    if cases.is_empty() {
        return Err(UsageError::new(format!("{file}: the table has no rows")));
    }
    short_names::tell(&short.into_inner(), &mut console.err);
    let book = match load(&settings.ground, &mut console.err) {
        Ok(book) => book,
        Err(failure) => return failure.tell("policy test", settings.output.syntax(), console),
    };
    tell_left_out(&book, &mut console.err);
    let mut trouble = Vec::new();
    let files = KeyFiles::of(&book.combined.policy);
    let spoiled = spoiled(&book);
    let mut known = HashMap::new();
    let mut rows: Vec<TestRow> = cases
        .iter()
        .map(|case| {
            let scope = book.applied(&case.reference);
            let other = spoiled.iter().find(|own| !own.is_of(scope));
            row(case, &book, (&settings.ground, &files, other), &mut known, &mut trouble)
        })
        .collect();
    let scopes: BTreeSet<Option<&str>> = cases.iter().map(|case| book.applied(&case.reference)).collect();
    for own in spoiled
        .iter()
        .filter(|own| !scopes.iter().any(|scope| own.is_of(*scope)))
    {
        let what = not_judged(own);
        if !trouble.contains(&what) {
            console.err.warning(what);
        }
    }
    if settings.checks_stores {
        for note in unasked(&cases, &mut rows, &book, &settings.ground) {
            console.err.note(note);
        }
    }
    trouble.dedup();
    for line in &trouble {
        console.err.error(line);
    }
    // Failures are told at the end: see report::output.
    let policy: Vec<&Path> = book.sources.iter().map(|source| source.file.as_path()).collect();
    let table = settings.table.as_path();
    let _ = match settings.output {
        TestOutput::Text => write_text(console.out, &rows, table, &policy),
        TestOutput::Json => write_json(console.out, &rows, table, &policy, Syntax::Json),
        TestOutput::Yaml => write_json(console.out, &rows, table, &policy, Syntax::Yaml),
        TestOutput::Junit => write_junit(console.out, &rows, table, &policy),
    };
    let failed = rows.iter().any(|row| !row.failures.is_empty());
    Ok(match (trouble.is_empty(), failed) {
        (false, _) => Exit::Trouble,
        (true, true) => Exit::Negative,
        (true, false) => Exit::Success,
    })
}

/// Marks the rows of which no image can be Verified from a registry, because nobody looks for its signatures there, and says why.
fn unasked(cases: &[Case], rows: &mut [TestRow], book: &Rulebook, ground: &Ground) -> BTreeSet<String> {
    let sections = files::registries_d(&ground.containers);
    let mut notes = BTreeSet::new();
    let judged = cases.iter().zip(rows);
    for (case, row) in judged.filter(|(_, row)| row.verdict == Some("Verified")) {
        let reference = &case.reference;
        let required = book.combined.policy.select("docker", reference).1;
        let is_by_objects = book
            .applied(reference)
            .is_some_and(|scope| !book.combined.makers_of(scope).is_empty());
        if is_by_objects {
            continue;
        }
        let found = sections.content.as_ref().map_err(|what| UsageError::new(what.as_str()));
        let found = found.and_then(|stores| Ok((stores, places::of_machine(&ground.containers, reference)?.1)));
        match found {
            Ok((stores, located)) => {
                let located = located.into_iter();
                let located: Vec<_> = located.map(|own| places::place(own, stores, ground, false)).collect();
                let unasked = places::unasked(required, &located, reference);
                for found in unasked.into_iter().chain(places::unreadable(required, &located)) {
                    row.from_registry = Some(found.brief);
                    notes.insert(format!("{reference}: {}", found.note));
                }
            }
            Err(_) if !places::wants_attachments(required) => {}
            Err(UsageError(what)) => {
                notes.insert(format!(
                    "it is unknown whether sigstore signatures are looked for: {what}"
                ));
            }
        }
    }
    notes
}

/// Why a file is not a table: it may be the policy, where the two were swapped.
fn no_table(settings: &Test, text: &str, error: &TextError) -> UsageError {
    let file = shown(&settings.table);
    let is_policy = Source::parse(settings.table.clone(), text.as_bytes().to_vec()).is_ok_and(|own| has_rules(&own));
    UsageError::new(if is_policy {
        format!(
            "{file} is a policy, not a table of what it is meant to say; write the table first: image-signature policy test TABLE --policy {file}"
        )
    } else {
        format!("{file}: {error}")
    })
}

/// The accepted keys of scopes.
type Known = HashMap<Option<String>, Accepted>;

/// The accepted keys of a scope.
struct Accepted {
    /// By any of its requirements, or why they are not all known.
    keys: Result<BTreeSet<String>, String>,
    /// Whether each of its requirements has one, or needs none.
    may_meet: MayMeet,
}

fn row(
    case: &Case,
    book: &Rulebook,
    (ground, files, spoiled): (&Ground, &KeyFiles, Option<&Trouble>),
    known: &mut Known,
    trouble: &mut Vec<String>,
) -> TestRow {
    let applied = book.applied(&case.reference);
    let (_, requirements) = book.combined.policy.select("docker", &case.reference);
    let scope = applied.unwrap_or(DEFAULT);
    let best = words::best(requirements.iter());
    let mut failures = Vec::new();
    let mut compare = |what: &str, expected: &str, found: &str| {
        if expected != found {
            let meant = match what == "scope" && expected.eq_ignore_ascii_case(found) {
                true => format!("; did you mean {}?", named(what, found)),
                false => String::new(),
            };
            failures.push(format!(
                "{what}: expected {}, found {}{meant}",
                named(what, expected),
                named(what, found)
            ));
        }
    };
    if let Some(expected) = &case.scope {
        compare("scope", expected, scope);
    }
    // Without a key that is accepted, no image is Verified, whatever is required and whatever the row asks for.
    let is_by_keys = spoiled.is_some() || matches!(best, "Verified" | "Unsupported");
    let found = (case.keys.is_some() || is_by_keys).then(|| {
        known
            .entry(applied.map(str::to_owned))
            .or_insert_with(|| accepted(book, applied, (ground, files)))
    });
    let (mut verdict, mut unknown) = (Some(best), None);
    if let Some(found) = found {
        verdict = found.may_meet.best(requirements, &case.reference, spoiled.is_some());
        let keys = match (&found.keys, spoiled) {
            (Ok(_), Some(other)) => &Err(not_judged(other)),
            (own, _) => own,
        };
        match (keys, &case.keys) {
            (Ok(found), Some(expected)) => {
                let list = |keys: &BTreeSet<String>| keys.iter().cloned().collect::<Vec<_>>().join(", ");
                compare("keys", &list(expected), &list(found));
            }
            (Err(what), own)
                if own.is_some()
                    || case.verdict.is_some() && (best == "Verified" || verdict.is_none() || spoiled.is_some()) =>
            {
                trouble.push(what.clone());
                let member = if own.is_some() { "keys" } else { "verdict" };
                unknown = Some(format!("{member}: {what}"));
            }
            _ => {}
        }
    }
    if let (Some(expected), Some(verdict)) = (&case.verdict, verdict) {
        compare("verdict", expected, verdict);
    }
    failures.extend(unknown);
    TestRow {
        reference: case.reference.to_string(),
        line: case.place.line,
        scope: applied.map(str::to_owned),
        verdict,
        from_registry: None,
        failures,
    }
}

fn named(what: &str, text: &str) -> String {
    match text {
        "" if what == "scope" => "\"\"".to_owned(),
        "" => "none".to_owned(),
        _ => safe_list(text),
    }
}

/// Keys may be many.
fn safe_list(text: &str) -> String {
    crate::text::bounded(text, 2000)
}

/// The keys that are accepted in a scope. A key file that cannot be read says nothing of its keys, and meets nothing.
fn accepted(book: &Rulebook, scope: Option<&str>, (ground, files): (&Ground, &KeyFiles)) -> Accepted {
    let mut accepted = BTreeSet::new();
    let (mut may_meet, mut trouble) = (MayMeet::NOTHING, None);
    for rule in book.rules(scope) {
        let found = keys::of(rule.requirement, ground, files);
        may_meet = may_meet.and(rule.requirement, &found);
        if let Some(what) = found.engine_trouble {
            trouble.get_or_insert(what);
        }
        for file in found.files {
            if let (Some(what), true) = (&file.trouble, file.keys.is_empty()) {
                trouble.get_or_insert_with(|| of_file(&file.label, what));
            }
            let keys = file.keys.into_iter().filter(|key| key.refusal.is_none());
            accepted.extend(keys.map(|key| key.fingerprint));
        }
    }
    Accepted {
        keys: trouble.map_or(Ok(accepted), Err),
        may_meet,
    }
}

/// What is wrong with a key file, with its name, which most messages have already.
fn of_file(label: &str, what: &str) -> String {
    let name = format!("key file {label}");
    if what.contains(&name) {
        what.to_owned()
    } else {
        format!("{name}: {what}")
    }
}
