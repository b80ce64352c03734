// SPDX-License-Identifier: Apache-2.0
//! CSV (RFC 4180): a row an image. A spreadsheet that opens it runs nothing of what images, keys and servers say.

use std::io::{self, Write};

use csv::{QuoteStyle, Terminator, WriterBuilder};

use super::renderer::ReportRenderer;
use super::words::{makers, message};
use crate::audit::entry::{Entry, EntrySigner};
use crate::audit::head::Head;
use crate::audit::tail::Tail;
use crate::audit::totals::Totals;
use crate::text::{bounded, cut};

/// Longest cell, in characters: spreadsheets take no more than 32,767.
const MAX_CELL: usize = 8000;

/// The columns of the table, by the names in its first row.
const COLUMNS: [&str; 18] = [
    "verdict",
    "reason",
    "image",
    "source",
    "usedBy",
    "namespaces",
    "expected",
    "identitySource",
    "matched",
    "signedBy",
    "owners",
    "keyAlgorithms",
    "hashAlgorithms",
    "signatures",
    "claimedKeys",
    "findings",
    "recorded",
    "message",
];

/// `-o csv`: a row an image.
pub(super) struct Csv;

impl ReportRenderer for Csv {
    fn begin(&mut self, out: &mut dyn Write, _: &Head) -> io::Result<()> {
        row(out, &COLUMNS.map(str::to_owned))
    }

    fn entry(&mut self, out: &mut dyn Write, entry: &Entry) -> io::Result<()> {
        let signers: Vec<&EntrySigner> = makers(entry);
        let each = |of: fn(&EntrySigner) -> &String| joined(signers.iter().map(|signer| of(signer).as_str()));
        let mut namespaces: Vec<&str> = entry.uses.iter().map(|used| used.namespace.as_str()).collect();
        namespaces.sort_unstable();
        namespaces.dedup();
        let mut uses: Vec<String> = entry.uses.iter().map(ToString::to_string).collect();
        if entry.more_uses > 0 {
            uses.push(format!("{} more", entry.more_uses));
        }
        let findings = entry
            .findings
            .iter()
            .map(|finding| format!("{}: {}", finding.kind.word(), message(&finding.message)));
        let findings: Vec<String> = findings.collect();
        let claimed = entry
            .signatures
            .iter()
            .filter_map(|signature| signature.claimed_key.as_deref());
        let count = entry.signatures.len() as u64 + entry.more_signatures;
        row(
            out,
            &[
                entry.verdict.word().to_owned(),
                entry.reason.word().to_owned(),
                foreign(&entry.image),
                foreign(&entry.source),
                joined(uses.iter().map(String::as_str)),
                joined(namespaces.into_iter().filter(|name| !name.is_empty())),
                joined(entry.expected.iter().map(String::as_str)),
                word(&entry.identity_source)?,
                joined(entry.matched.iter().map(String::as_str)),
                each(|signer| &signer.primary),
                each(|signer| &signer.user_id),
                each(|signer| &signer.key_algorithm),
                each(|signer| &signer.hash_algorithm),
                count.to_string(),
                joined(claimed),
                findings.join("; "),
                word(&entry.recorded)?,
                message(&entry.message),
            ],
        )
    }

    fn end(&mut self, out: &mut dyn Write, _: &Tail, _: &Totals) -> io::Result<()> {
        out.flush()
    }
}

/// The word of a value that has one in JSON.
fn word(value: &impl serde_core::Serialize) -> io::Result<String> {
    let value = serde_json::to_value(value)?;
    Ok(value.as_str().unwrap_or_default().to_owned())
}

/// An untrusted string. What is made of such a string is not made safe again: its escapes would be escaped.
fn foreign(text: &str) -> String {
    bounded(text, MAX_CELL)
}

fn joined<'t>(texts: impl Iterator<Item = &'t str>) -> String {
    texts.map(foreign).collect::<Vec<_>>().join("; ")
}

/// Writes a row. Every cell is in quotation marks, so that no other separator takes it apart.
fn row<const N: usize>(out: &mut dyn Write, cells: &[String; N]) -> io::Result<()> {
    let mut builder = WriterBuilder::new();
    builder.quote_style(QuoteStyle::Always).terminator(Terminator::CRLF);
    let mut writer = builder.from_writer(out);
    writer.write_record(cells.iter().map(|cell| guarded(cell)))?;
    writer.flush()
}

/// Characters that a reader of tables may be set to take for the end of a cell, whether or not it heeds quotation marks.
const SEPARATORS: [char; 6] = [';', ',', '|', '\t', '\r', '\n'];

/// A cell that no spreadsheet takes for a formula, nor any part of it between separators: what could be one begins with an
/// apostrophe, which spreadsheets take for the sign of text.
fn guarded(cell: &str) -> String {
    let cell = cut(cell.to_owned(), MAX_CELL);
    let mut guarded = String::with_capacity(cell.len());
    for part in cell.split_inclusive(SEPARATORS) {
        let begin = part.trim_start().chars().next();
        // The wide forms are taken for the others where such are usual.
        let is_formula = begin.is_some_and(|c| "=+-@|%\u{ff1d}\u{ff0b}\u{ff0d}\u{ff20}".contains(c));
        if is_formula {
            guarded.push('\'');
        }
        guarded.push_str(part);
    }
    guarded
}
