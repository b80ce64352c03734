// SPDX-License-Identifier: Apache-2.0
//! `policy test`: whether a policy says what a table expects.

use std::io::{self, Write};
use std::path::Path;

use serde_json::{json, Value};

use super::file_names::{exact, name, names};
use super::json::{write_document, Syntax, API_VERSION};
use crate::report::xml::escaped;
use crate::text::{cut, safe, sentence};

/// Longest message, in characters: it may list many keys.
const MAX_MESSAGE: usize = 5000;

/// One row of the table and what came of it.
#[derive(Debug, Clone)]
pub struct TestRow {
    /// The reference of the row, in canonical form.
    pub reference: String,
    /// Its line in the table.
    pub line: usize,
    /// The scope that applies; `None` for the policy's default.
    pub scope: Option<String>,
    /// What an image can get there at best; `None` where that depends on keys of which nothing is known.
    pub verdict: Option<&'static str>,
    /// What differs for an image that is fetched from a registry, in a few words; a note says why.
    pub from_registry: Option<&'static str>,
    /// What is not as expected.
    pub failures: Vec<String>,
}

fn failed(rows: &[TestRow]) -> usize {
    rows.iter().filter(|row| !row.failures.is_empty()).count()
}

/// Prints the policy, which is that of this machine where none was named, a line a row, and how many there are.
///
/// # Errors
/// When writing fails.
pub(crate) fn write_text(out: &mut dyn Write, rows: &[TestRow], file: &Path, policy: &[&Path]) -> io::Result<()> {
    let file = name(file);
    writeln!(out, "Policy: {}", names(policy))?;
    for row in rows {
        let word = if row.failures.is_empty() { "pass" } else { "FAIL" };
        let scope = row
            .scope
            .as_deref()
            .map_or("default".to_owned(), |scope| format!("\"{}\"", safe(scope)));
        let verdict = row.verdict.unwrap_or("not known");
        let from_registry = row.from_registry.map_or(String::new(), |text| format!(", {text}"));
        writeln!(out, "{word} {}: {verdict}{from_registry}, scope {scope}", row.reference)?;
        for failure in &row.failures {
            writeln!(out, "     {file}:{}: {}", row.line, cut(sentence(failure), MAX_MESSAGE))?;
        }
    }
    writeln!(out, "{} passed, {} failed", rows.len() - failed(rows), failed(rows))?;
    out.flush()
}

/// Prints one document.
///
/// # Errors
/// When writing fails.
pub(crate) fn write_json(
    out: &mut dyn Write,
    rows: &[TestRow],
    file: &Path,
    policy: &[&Path],
    syntax: Syntax,
) -> io::Result<()> {
    let item = |row: &TestRow| {
        json!({
            "reference": row.reference,
            "line": row.line,
            "result": if row.failures.is_empty() { "pass" } else { "fail" },
            "scope": row.scope,
            "verdict": row.verdict,
            "failures": row.failures,
        })
    };
    let document = json!({
        "apiVersion": API_VERSION,
        "kind": "PolicyTestList",
        "file": exact(file),
        "policy": policy.iter().map(|file| exact(file)).collect::<Vec<_>>(),
        "summary": {"passed": rows.len() - failed(rows), "failed": failed(rows)},
        "items": rows.iter().map(item).collect::<Vec<Value>>(),
    });
    write_document(out, &document, syntax)
}

/// Prints a JUnit report, which CI systems read.
///
/// # Errors
/// When writing fails.
pub(crate) fn write_junit(out: &mut dyn Write, rows: &[TestRow], file: &Path, policy: &[&Path]) -> io::Result<()> {
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
    let (tests, failures) = (rows.len(), failed(rows));
    let file = &name(file);
    writeln!(
        out,
        "<testsuites>\n  <testsuite name=\"image-signature policy test {}\" tests=\"{tests}\" failures=\"{failures}\" errors=\"0\">",
        escaped(file)
    )?;
    writeln!(out, "    <properties>")?;
    for own in policy {
        writeln!(
            out,
            "      <property name=\"policy\" value=\"{}\"/>",
            escaped(&name(own))
        )?;
    }
    writeln!(out, "    </properties>")?;
    for row in rows {
        let name = escaped(&row.reference);
        write!(out, "    <testcase classname=\"{}\" name=\"{name}\"", escaped(file))?;
        if row.failures.is_empty() {
            writeln!(out, "/>")?;
            continue;
        }
        let message = escaped(&cut(sentence(&row.failures.join("; ")), MAX_MESSAGE));
        writeln!(
            out,
            ">\n      <failure message=\"{message}\">{}:{}</failure>\n    </testcase>",
            escaped(file),
            row.line
        )?;
    }
    writeln!(out, "  </testsuite>\n</testsuites>")?;
    out.flush()
}
