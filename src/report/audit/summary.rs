// SPDX-License-Identifier: Apache-2.0
//! What a report amounts to, as tables of text.

use std::io::{self, Write};

use super::words::{counts, message};
use crate::audit::controls::Control;
use crate::audit::tail::Tail;
use crate::audit::totals::{Key, Named, Totals};
use crate::reason::Verdict;
use crate::report::table::short_key;
use crate::report::{table, wrap};
use crate::text::{safe, time};

/// The end of `-o text` and `-o wide`.
pub(super) struct Footer {
    /// Whole fingerprints, and what the audit is evidence for.
    pub(super) wide: bool,
    pub(super) controls: Vec<Control>,
    /// Longest line of a text, in columns.
    pub(super) width: usize,
    /// Columns that a row may take.
    pub(super) room: usize,
}

impl Footer {
    pub(super) fn write(&self, out: &mut dyn Write, tail: &Tail, totals: &Totals) -> io::Result<()> {
        let outcomes = totals.outcomes.iter().map(|((verdict, reason), count)| {
            let reason = if *verdict == Verdict::Verified {
                "-"
            } else {
                reason.word()
            };
            vec![verdict.to_string(), reason.to_owned(), count.to_string()]
        });
        self.grid(out, &["VERDICT", "REASON", "IMAGES"], outcomes.collect())?;
        self.namespaces(out, totals)?;
        self.keys(out, totals)?;
        let algorithms = totals.algorithms.counted.iter();
        let algorithms = algorithms.map(|(name, count)| vec![safe(name), count.to_string()]);
        self.grid(out, &["ALGORITHMS", "SIGNATURES"], algorithms.collect())?;
        left_out(out, &totals.algorithms, "signatures with other algorithms")?;
        let mut strangers: Vec<_> = totals.strangers.counted.iter().collect();
        strangers.sort_by_key(|(name, count)| (std::cmp::Reverse(**count), *name));
        let strangers = strangers.into_iter();
        let strangers = strangers.map(|(name, count)| vec![safe(name), count.to_string()]);
        self.grid(out, &["KEY IN NO KEYRING (CLAIMED)", "SIGNATURES"], strangers.collect())?;
        left_out(out, &totals.strangers, "signatures by other unknown keys")?;
        let findings = totals.findings.iter();
        let findings = findings.map(|(kind, count)| vec![kind.word().to_owned(), count.to_string()]);
        self.grid(out, &["ALSO FOUND", "IMAGES"], findings.collect())?;
        if self.wide {
            let controls = self.controls.iter().map(|control| {
                let name = safe(&format!("{} {}", control.framework, control.id));
                vec![name, message(&control.evidence(totals).join("; "))]
            });
            self.grid(out, &["EVIDENCE FOR", "MEASURED"], controls.collect())?;
        }
        writeln!(out)?;
        for (fingerprint, key, expires) in totals.expiring() {
            let owner = safe(&key.owner);
            let key = format!(
                "Key {} ({owner}) expires {}; {} would not be Verified without it",
                safe(fingerprint),
                time(expires),
                images(key.alone)
            );
            wrap::line(out, "", &key, &[owner], 4, Some(self.width))?;
        }
        for why in tail.reasons() {
            wrap::line(out, "Incomplete: ", &message(why), &[], 4, Some(self.width))?;
        }
        writeln!(out, "{}", table::counts(&counts(&tail.verdicts)))
    }

    fn namespaces(&self, out: &mut dyn Write, totals: &Totals) -> io::Result<()> {
        let shown = totals.shown();
        let titles: Vec<String> = shown
            .iter()
            .map(|verdict| verdict.word().to_ascii_uppercase())
            .collect();
        let mut header = vec!["NAMESPACE"];
        header.extend(titles.iter().map(String::as_str));
        let rows = totals.namespaces.counted.iter().map(|(name, verdicts)| {
            let name = if name.is_empty() {
                "(none)".to_owned()
            } else {
                safe(name)
            };
            let numbers = shown
                .iter()
                .map(|verdict| verdicts.get(verdict).copied().unwrap_or(0).to_string());
            std::iter::once(name).chain(numbers).collect()
        });
        self.grid(out, &header, rows.collect())?;
        // What is left out of the uses of an image is counted, and not in which namespaces it is.
        match totals.namespaces.left_out {
            0 => Ok(()),
            count => writeln!(out, "(up to {count} images in other namespaces)"),
        }
    }

    fn keys(&self, out: &mut dyn Write, totals: &Totals) -> io::Result<()> {
        let mut keys: Vec<(&String, &Key)> = totals.keys.counted.iter().collect();
        keys.sort_by_key(|(name, key)| (std::cmp::Reverse(key.images), *name));
        let rows = keys.into_iter().map(|(fingerprint, key)| {
            let fingerprint = if self.wide { fingerprint } else { short_key(fingerprint) };
            vec![
                safe(fingerprint),
                key.images.to_string(),
                key.alone.to_string(),
                safe(&key.algorithm),
                key.expires.map_or("never".to_owned(), time),
                safe(&key.owner),
            ]
        });
        self.grid(
            out,
            &["KEY", "IMAGES", "ALONE", "ALGORITHM", "EXPIRES", "OWNER"],
            rows.collect(),
        )?;
        left_out(out, &totals.keys, "images by other keys")
    }

    /// Writes rows in columns; nothing where there are none. In less room than they need, the last column stands below the others.
    fn grid(&self, out: &mut dyn Write, header: &[&str], rows: Vec<Vec<String>>) -> io::Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        let width = |column: usize| {
            let cells = rows.iter().filter_map(|row| row.get(column));
            let longest = cells.map(|cell| cell.chars().count()).max();
            longest
                .unwrap_or(0)
                .max(header.get(column).map_or(0, |title| title.len()))
        };
        let widths: Vec<usize> = (0..header.len()).map(width).collect();
        // Numbers stand below each other.
        let is_number = |column: usize| {
            let cells = rows.iter().filter_map(|row| row.get(column));
            // The first column has names, even if all of them are digits.
            column > 0 && cells.flat_map(|cell| cell.bytes()).all(|byte| byte.is_ascii_digit())
        };
        let numbers: Vec<bool> = (0..header.len()).map(is_number).collect();
        writeln!(out)?;
        let titles = header.iter().map(|title| (*title).to_owned()).collect();
        let needed = widths.iter().sum::<usize>() + 3 * widths.len().saturating_sub(1);
        let beside = match needed <= self.room || numbers.last() == Some(&true) {
            true => widths.len(),
            false => widths.len() - 1,
        };
        for row in std::iter::once(titles).chain(rows) {
            let fill = |(n, (cell, width)): (usize, (&String, &usize))| match numbers.get(n) {
                Some(true) => format!("{cell:>width$}"),
                _ => format!("{cell:<width$}"),
            };
            let cells: Vec<String> = row.iter().zip(&widths).take(beside).enumerate().map(fill).collect();
            writeln!(out, "{}", cells.join("   ").trim_end())?;
            for below in row.iter().skip(beside) {
                write!(out, "    ")?;
                wrap::write(out, below, 4, 8, self.width)?;
            }
        }
        Ok(())
    }
}

fn images(count: u64) -> String {
    format!("{count} {}", if count == 1 { "image" } else { "images" })
}

fn left_out<V>(out: &mut dyn Write, names: &Named<V>, what: &str) -> io::Result<()> {
    match names.left_out {
        0 => Ok(()),
        count => writeln!(out, "({count} {what})"),
    }
}
