// SPDX-License-Identifier: Apache-2.0
//! Reading a report of JSON lines: strictly, one line at a time, within bounds.
//!
//! A report may come from a run that was killed, or from somebody else. Every whole line must be what its place demands,
//! and what is not known is refused: a reader that skips what it does not understand takes part of a report for all of it.

use std::io::{self, BufRead, Read};

use serde::de::DeserializeOwned;

use super::consistency;
use super::entry::Entry;
use super::fault::{Fault, MAX_LINE};
use super::head::{Head, VERSION};
use super::tail::Tail;
use super::totals::Verdicts;
use crate::json;
use crate::text::{quoted, safe};

/// The value of [`Head::kind`] in every report.
pub const REPORT: &str = "AuditReport";
/// The value of [`Tail::kind`] in every report that was ended.
pub const END: &str = "AuditEnd";

/// How much of a document of JSON is read to see which one it is, in bytes.
const JSON_BEGIN: u64 = 256;

/// The `apiVersion` of a report of `-o json`, which is another than that of its first line in JSON lines.
const API_VERSION: &str = "image-signature/v1";

/// What follows the first line.
#[derive(Debug)]
pub enum Line {
    /// What was found out about an image.
    Entry(Box<Entry>),
    /// The end, which says as many images as there were.
    End(Tail),
}

/// A report being read, after its first line.
#[derive(Debug)]
pub struct Lines<R> {
    whole: WholeLines<R>,
    head: Head,
    verdicts: Verdicts,
    /// Images whose records were not written.
    unwritten: u64,
    has_ended: bool,
}

/// The whole lines of a file, one at a time.
#[derive(Debug)]
struct WholeLines<R> {
    reader: R,
    line: Vec<u8>,
    /// Which line it is, from 1; 0 before the first one.
    number: u64,
    /// Where it ends, in bytes from the beginning.
    position: u64,
}

impl<R: BufRead> Lines<R> {
    /// Reads the first line.
    ///
    /// # Errors
    /// When it is not that of a report in this version.
    pub fn new(reader: R) -> Result<(Head, Self), Fault> {
        let mut whole = WholeLines {
            reader,
            line: Vec::new(),
            number: 0,
            position: 0,
        };
        if !whole.read()? {
            return Err(Fault::Empty);
        }
        if whole.line == b"{\n" && whole.goes_on_as_json()? {
            return Err(Fault::Json);
        }
        let value = whole.value().map_err(|fault| match fault {
            Fault::Line { what, .. } => whole.fault(format!(
                "it does not begin a report of image-signature audit --report jsonl=FILE: {what}"
            )),
            other => other,
        })?;
        let version = value["apiVersion"].as_str().unwrap_or_default();
        if version != VERSION || value["kind"] != REPORT {
            return Err(whole.fault(format!(
                "expected the first line of an audit's report, with apiVersion {VERSION} and kind {REPORT}"
            )));
        }
        let head: Head = whole.typed(value)?;
        if let Some(what) = consistency::of_head(&head) {
            return Err(whole.fault(what));
        }
        let lines = Self {
            whole,
            head: head.clone(),
            verdicts: Verdicts::new(),
            unwritten: 0,
            has_ended: false,
        };
        Ok((head, lines))
    }

    /// The next whole line; nothing where there is none: what a run that was killed had begun to write is not a line.
    ///
    /// # Errors
    /// When a line is not what it must be there. What follows it is not read.
    pub fn next_line(&mut self) -> Result<Option<Line>, Fault> {
        if !self.whole.read()? {
            return Ok(None);
        }
        if self.has_ended {
            return Err(self.whole.fault("it follows the end of the report".to_owned()));
        }
        let value = self.whole.value()?;
        if value["kind"] == END {
            let tail: Tail = self.whole.typed(value)?;
            if let Some(what) = consistency::of_tail(&tail, &self.verdicts, self.unwritten) {
                return Err(self.whole.fault(what));
            }
            self.has_ended = true;
            return Ok(Some(Line::End(tail)));
        }
        let entry = entry_from(value, &self.head).map_err(|what| self.whole.fault(what))?;
        self.unwritten += u64::from(consistency::is_unwritten(&entry));
        *self.verdicts.entry(entry.verdict).or_default() += 1;
        Ok(Some(Line::Entry(Box::new(entry))))
    }

    /// Where the last line that was read ends, in bytes from the beginning. Whoever goes on from a report drops what
    /// follows the last entry: the end of a run that was interrupted, and a torn line.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.whole.position
    }

    /// Whether the end was read.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.has_ended
    }
}

impl<R: BufRead> WholeLines<R> {
    /// Whether the document that the first line begins is the report of `-o json`. What is read of it is lost to others.
    fn goes_on_as_json(&mut self) -> io::Result<bool> {
        let mut begin = Vec::new();
        self.reader.by_ref().take(JSON_BEGIN).read_to_end(&mut begin)?;
        let begin: Vec<u8> = begin.into_iter().filter(|byte| !byte.is_ascii_whitespace()).collect();
        let document = format!("\"apiVersion\":\"{API_VERSION}\",\"kind\":\"Audit\",");
        Ok(begin.starts_with(document.as_bytes()))
    }

    /// Reads a line; false where no whole one is left.
    fn read(&mut self) -> Result<bool, Fault> {
        self.line.clear();
        let limit = MAX_LINE as u64 + 1;
        self.reader.by_ref().take(limit).read_until(b'\n', &mut self.line)?;
        if self.line.last() == Some(&b'\n') {
            self.number += 1;
            self.position += self.line.len() as u64;
            return Ok(true);
        }
        if self.line.len() > MAX_LINE {
            return Err(Fault::Length(self.number + 1));
        }
        Ok(false)
    }

    fn value(&self) -> Result<serde_json::Value, Fault> {
        json::parse(&self.line).map_err(|error| self.fault(safe(&error.to_string())))
    }

    fn typed<T: DeserializeOwned>(&self, value: serde_json::Value) -> Result<T, Fault> {
        // The message names members of others.
        serde_json::from_value(value).map_err(|error| self.fault(quoted(&error.to_string())))
    }

    fn fault(&self, what: String) -> Fault {
        let line = self.number;
        Fault::Line { line, what }
    }
}

/// Reads the line of an image by itself, with the first line of its report.
///
/// # Errors
/// Says what is wrong with it, in words that are safe to print.
pub(crate) fn entry_of(line: &[u8], head: &Head) -> Result<Entry, String> {
    let value = json::parse(line).map_err(|error| safe(&error.to_string()))?;
    entry_from(value, head)
}

fn entry_from(value: serde_json::Value, head: &Head) -> Result<Entry, String> {
    let entry: Entry = serde_json::from_value(value).map_err(|error| quoted(&error.to_string()))?;
    match consistency::of_entry(&entry, head) {
        None => Ok(entry),
        Some(what) => Err(format!("image {} contradicts itself: {what}", safe(&entry.image))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{json, Value};

    fn head() -> Value {
        json!({"apiVersion": VERSION, "kind": REPORT, "program": "1", "keys": "k", "options": "o", "source": "s",
            "shard": {"index": 0, "count": 1}, "started": 1})
    }

    fn entry(verdict: &str, reason: &str) -> Value {
        let mut entry = json!({"image": format!("sha256:{:064x}", 1), "source": "cluster", "expected": ["a.example/b:c"],
            "identitySource": "stream", "verdict": verdict, "reason": reason, "message": "m", "recorded": "no"});
        if verdict == "Verified" {
            let signer = json!({"fingerprint": "F", "primary": "F", "keyAlgorithm": "a", "hashAlgorithm": "h"});
            entry["matched"] = entry["expected"].clone();
            entry["signatures"] =
                json!([{"kind": "gpg", "verdict": verdict, "reason": reason, "message": "m", "signer": signer}]);
        }
        entry
    }

    fn end(images: u64, verdicts: Value) -> Value {
        json!({"kind": END, "ended": 2, "images": images, "verdicts": verdicts})
    }

    fn report(lines: &[Value]) -> String {
        lines.iter().map(|line| format!("{line}\n")).collect()
    }

    /// What a report consists of: `H`, `E` and `T` a line; or what is wrong with it.
    fn read(text: &str) -> Result<String, String> {
        let (_, mut lines) = Lines::new(text.as_bytes()).map_err(|fault| fault.to_string())?;
        let mut kinds = "H".to_owned();
        while let Some(line) = lines.next_line().map_err(|fault| fault.to_string())? {
            kinds.push(match line {
                Line::Entry(_) => 'E',
                Line::End(_) => 'T',
            });
        }
        assert_eq!(lines.position() as usize, text.rfind('\n').map_or(0, |at| at + 1));
        Ok(kinds)
    }

    #[test]
    fn whole_and_torn_reports_are_told_apart() {
        let good = entry("Verified", "Verified");
        let whole = report(&[head(), good.clone(), end(1, json!({"Verified": 1, "Rejected": 0}))]);
        assert_eq!(read(&whole).unwrap(), "HET");
        assert_eq!(read(&report(&[head(), good])).unwrap(), "HE");
        for cut in 1..whole.len() {
            let kinds = read(&whole[..cut]);
            let lines = whole[..cut].matches('\n').count();
            match lines {
                0 => assert!(kinds.unwrap_err().contains("no complete line")),
                _ => assert_eq!(kinds.unwrap(), &"HET"[..lines]),
            }
        }
    }

    #[test]
    fn what_is_not_known_is_refused() {
        let good = entry("Verified", "Verified");
        let with = |mut value: Value, name: &str, member: Value| {
            value[name] = member;
            value
        };
        for (lines, wrong) in [
            (vec![good.clone()], "line 1: expected the first line"),
            (
                vec![with(head(), "apiVersion", json!("v2"))],
                "line 1: expected the first line",
            ),
            (
                vec![with(head(), "shard", json!({"index": 1, "count": 1}))],
                "no shard 1/1",
            ),
            (
                vec![head(), with(good.clone(), "new", json!(1))],
                "line 2: \"unknown field",
            ),
            (vec![head(), entry("Good", "Verified")], "unknown variant"),
            (
                vec![head(), entry("Verified", "UnknownKey")],
                "Verified cannot have the reason UnknownKey",
            ),
            (
                vec![head(), entry("Rejected", "Verified")],
                "Rejected cannot have the reason Verified",
            ),
            (vec![head(), json!([])], "line 2"),
            (
                vec![head(), good.clone(), end(2, json!({"Verified": 2}))],
                "line 3: the last line counts 2",
            ),
            (
                vec![head(), good.clone(), end(1, json!({"Rejected": 1}))],
                "line 3: the last line counts",
            ),
            (
                vec![head(), end(0, json!({})), good.clone()],
                "line 3: it follows the end",
            ),
            (
                vec![head(), end(0, json!({})), end(0, json!({}))],
                "line 3: it follows the end",
            ),
        ] {
            let fault = read(&report(&lines)).unwrap_err();
            assert!(fault.contains(wrong), "{fault}: {wrong}");
        }
        let twice = report(&[head()]) + "{\"image\":\"a\",\"image\":\"b\"}\n";
        assert!(read(&twice).unwrap_err().contains("is repeated"));
        assert!(read("").unwrap_err().contains("no complete line"));
        assert!(read("\n").is_err());
    }

    #[test]
    fn a_line_without_end_is_read_no_further_than_the_limit() {
        let text = report(&[head()]).into_bytes();
        let endless = text.as_slice().chain(io::repeat(b' '));
        let (_, mut lines) = Lines::new(io::BufReader::new(endless)).unwrap();
        assert!(matches!(lines.next_line(), Err(Fault::Length(2))));
    }
}
