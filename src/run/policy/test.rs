// SPDX-License-Identifier: Apache-2.0
//! `policy test`: compares what a policy says with a table of cases.

use std::collections::{BTreeSet, HashMap};

use super::keys;
use super::load::{load, read, shown, tell_left_out};
use super::syntax;
use crate::input;
use crate::policy::rulebook::Rulebook;
use crate::policy::table::{self, Case, DEFAULT};
use crate::policy::words;
use crate::report::console::Console;
use crate::report::exit::Exit;
use crate::report::json::Syntax;
use crate::report::policy_test::{write_json, write_junit, write_text, Row};
use crate::settings::policy::{Ground, Test, TestOutput};
use crate::settings::UsageError;
use crate::text::safe;

/// Whether a policy says what it is meant to say.
///
/// # Errors
/// When a file cannot be read or breaks its format.
pub(super) fn run(settings: &Test, console: &mut Console<'_>) -> Result<Exit, UsageError> {
    let file = shown(&settings.table);
    let text = input::text(read(&settings.table)?)
        .map_err(|error| UsageError::new(format!("{file}: {}", safe(&error.to_string()))))?;
    let cases = table::parse(&text).map_err(|error| UsageError::new(format!("{file}: {error}")))?;
    if cases.is_empty() {
        return Err(UsageError::new(format!("{file}: the table has no rows")));
    }
    let book = match load(&settings.ground, &mut console.err) {
        Ok(book) => book,
        Err(failure) => return failure.tell("policy test", syntax::of_test(settings.output), console),
    };
    tell_left_out(&book, &mut console.err);
    let mut trouble = Vec::new();
    let mut known = HashMap::new();
    let rows: Vec<Row> = cases
        .iter()
        .map(|case| row(case, &book, &settings.ground, &mut known, &mut trouble))
        .collect();
    trouble.dedup();
    for line in &trouble {
        console.err.error(line);
    }
    // Failures are told at the end: see report::output.
    let _ = match settings.output {
        TestOutput::Text => write_text(console.out, &rows, &file),
        TestOutput::Json => write_json(console.out, &rows, &file, Syntax::Json),
        TestOutput::Yaml => write_json(console.out, &rows, &file, Syntax::Yaml),
        TestOutput::Junit => write_junit(console.out, &rows, &file),
    };
    let failed = rows.iter().any(|row| !row.failures.is_empty());
    Ok(match (trouble.is_empty(), failed) {
        (false, _) => Exit::Trouble,
        (true, true) => Exit::Negative,
        (true, false) => Exit::Success,
    })
}

/// The accepted keys of scopes, or why they are not known.
type Known = HashMap<Option<String>, Result<Accepted, String>>;

/// The accepted keys of a scope.
#[derive(Default)]
struct Accepted {
    /// By any of its requirements.
    keys: BTreeSet<String>,
    /// Each of its requirements has one, or needs none.
    may_meet: bool,
}

fn row(case: &Case, book: &Rulebook, ground: &Ground, known: &mut Known, trouble: &mut Vec<String>) -> Row {
    let applied = book.applied(&case.reference);
    let (_, requirements) = book.combined.policy.select("docker", &case.reference);
    let scope = applied.unwrap_or(DEFAULT);
    let best = words::best(requirements.iter());
    let mut failures = Vec::new();
    let mut compare = |what: &str, expected: &str, found: &str| {
        if expected != found {
            failures.push(format!("{what}: expected {}, found {}", named(expected), named(found)));
        }
    };
    if let Some(expected) = &case.scope {
        compare("scope", expected, scope);
    }
    // Without a key that is accepted, no image is Verified, whatever is required.
    let needs_keys = case.keys.is_some() || case.verdict.is_some() && best == "Verified";
    let found = needs_keys.then(|| {
        known
            .entry(applied.map(str::to_owned))
            .or_insert_with(|| accepted(book, applied, ground))
    });
    let (mut verdict, mut unknown) = (best, None);
    match found {
        None => {}
        Some(Ok(found)) => {
            verdict = words::best_with_keys(requirements, found.may_meet, &case.reference);
            if let Some(expected) = &case.keys {
                let list = |keys: &BTreeSet<String>| keys.iter().cloned().collect::<Vec<_>>().join(", ");
                compare("keys", &list(expected), &list(&found.keys));
            }
        }
        Some(Err(what)) => {
            trouble.push(what.clone());
            unknown = Some(format!("keys: {what}"));
        }
    }
    if let Some(expected) = &case.verdict {
        compare("verdict", expected, verdict);
    }
    failures.extend(unknown);
    Row {
        reference: case.reference.to_string(),
        line: case.place.line,
        scope: applied.map(str::to_owned),
        verdict,
        failures,
    }
}

fn named(text: &str) -> String {
    if text.is_empty() {
        "none".to_owned()
    } else {
        safe_list(text)
    }
}

/// Keys may be many.
fn safe_list(text: &str) -> String {
    crate::text::bounded(text, 2000)
}

/// The keys that are accepted in a scope. A key file that cannot be read says nothing of its keys.
fn accepted(book: &Rulebook, scope: Option<&str>, ground: &Ground) -> Result<Accepted, String> {
    let mut accepted = Accepted {
        may_meet: true,
        ..Accepted::default()
    };
    for rule in book.rules(scope) {
        let found = keys::of(rule.requirement, ground);
        accepted.may_meet &= found.may_meet(rule.requirement);
        if let Some(trouble) = found.engine_trouble {
            return Err(trouble);
        }
        for file in found.files {
            if let (Some(trouble), true) = (&file.trouble, file.keys.is_empty()) {
                return Err(format!("key file {}: {trouble}", file.label));
            }
            let keys = file.keys.into_iter().filter(|key| key.refusal.is_none());
            accepted.keys.extend(keys.map(|key| key.fingerprint));
        }
    }
    Ok(accepted)
}
