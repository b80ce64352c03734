// SPDX-License-Identifier: Apache-2.0
//! `policy lint`: what is to be said against a policy.

use std::io::{self, Write};
use std::path::PathBuf;

use serde_json::{json, Value};

use super::file_names::{exact, name, names};
use super::json::{write_document, Syntax, API_VERSION};
use super::policy_why::spot;
use crate::policy::finding::{Finding, Severity};
use crate::text::{cut, sentence};

/// Longest message, in characters: it may have several paths in it.
const MAX_MESSAGE: usize = 2000;

/// Prints one line per finding, as compilers do, and how many there are; and what could not be looked into. `left_out`
/// are the objects in the files that were not looked at.
///
/// # Errors
/// When writing fails.
pub(crate) fn write_text(
    out: &mut dyn Write,
    findings: &[Finding],
    files: &[PathBuf],
    left_out: &[String],
    trouble: &[String],
) -> io::Result<()> {
    for finding in findings {
        if let Some(spot) = &finding.spot {
            let file = name(&spot.file);
            match spot.place.line {
                0 => write!(out, "{file}: ")?,
                line => write!(out, "{file}:{line}:{}: ", spot.place.column)?,
            }
        }
        write!(out, "{}: {}: ", finding.severity.word(), finding.code.word())?;
        if let Some(path) = finding
            .spot
            .as_ref()
            .map(|spot| &spot.path)
            .filter(|path| !path.is_empty())
        {
            write!(out, "{}: ", sentence(path))?;
        }
        writeln!(out, "{}", cut(sentence(&finding.message), MAX_MESSAGE))?;
    }
    let rest = match left_out {
        [] => String::new(),
        objects => format!(" (not looked at: {})", cut(sentence(&objects.join(", ")), MAX_MESSAGE)),
    };
    match findings.len() {
        // Nothing is said of what could not be looked into.
        0 if !trouble.is_empty() => {}
        0 => writeln!(out, "No findings: {}{rest}", names(files))?,
        1 => writeln!(out, "1 finding: {}{rest}", findings[0].severity.word())?,
        many => {
            let [errors, warnings, notes] = counts(findings);
            writeln!(
                out,
                "{many} findings: errors {errors}, warnings {warnings}, notes {notes}{rest}"
            )?;
        }
    }
    for what in trouble {
        writeln!(out, "Not complete: {}", cut(sentence(what), MAX_MESSAGE))?;
    }
    out.flush()
}

fn counts(findings: &[Finding]) -> [usize; 3] {
    [Severity::Error, Severity::Warning, Severity::Note]
        .map(|severity| findings.iter().filter(|own| own.severity == severity).count())
}

/// Prints one document.
///
/// # Errors
/// When writing fails.
pub(crate) fn write_json(
    out: &mut dyn Write,
    findings: &[Finding],
    files: &[PathBuf],
    trouble: &[String],
    syntax: Syntax,
) -> io::Result<()> {
    let [errors, warnings, notes] = counts(findings);
    let item = |finding: &Finding| {
        json!({
            "code": finding.code.word(),
            "severity": finding.severity.word(),
            "place": finding.spot.as_ref().map(spot),
            "message": finding.message,
        })
    };
    let document = json!({
        "apiVersion": API_VERSION,
        "kind": "PolicyFindingList",
        "files": files.iter().map(|file| exact(file)).collect::<Vec<_>>(),
        "trouble": trouble,
        "summary": {"errors": errors, "warnings": warnings, "notes": notes},
        "items": findings.iter().map(item).collect::<Vec<Value>>(),
    });
    write_document(out, &document, syntax)
}
