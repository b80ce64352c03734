// SPDX-License-Identifier: Apache-2.0
//! HTML: one page for people, with its style and without scripts. Images are rows of one table, those that are wrong
//! first; links to anchors show some of them only.

mod filters;
mod outcomes;
mod row;
mod signs;
mod sums;
mod text;

use std::io::{self, Write};

use minijinja::value::Serde;
use minijinja::Environment;

use self::row::{Marks, Row};
use self::sums::Page;
use super::renderer::{Look, ReportRenderer};
use super::spool::Spool;
use crate::audit::controls::Control;
use crate::audit::entry::Entry;
use crate::audit::head::Head;
use crate::audit::tail::Tail;
use crate::audit::totals::Totals;
use crate::reason::Verdict;

/// The verdicts in the order of the rows.
const ORDER: [Verdict; 6] = [
    Verdict::Rejected,
    Verdict::Unsigned,
    Verdict::Unsupported,
    Verdict::Unchecked,
    Verdict::Allowed,
    Verdict::Verified,
];

/// `-o html`: one page that loads nothing.
pub(super) struct Html {
    templates: Environment<'static>,
    /// Rows by verdict, in the order of [`ORDER`]; what is Verified and yet has something wrong with it stands
    /// before what is well.
    rows: Vec<Spool>,
    marks: Marks,
    controls: Vec<Control>,
    head: Option<Head>,
}

impl Html {
    pub(super) fn new(look: &Look) -> Self {
        // Names that end in .html have everything escaped that is put into them.
        let mut templates = Environment::new();
        templates.add_filter("breaks", text::breaks);
        Self {
            templates,
            rows: (0..=ORDER.len()).map(|_| Spool::new()).collect(),
            marks: Marks::default(),
            controls: look.controls.clone(),
            head: None,
        }
    }

    /// Renders a template, which is parsed when it is first used.
    fn render(
        &mut self,
        name: &'static str,
        text: &'static str,
        values: impl serde_core::Serialize,
    ) -> io::Result<String> {
        if self.templates.get_template(name).is_err() {
            self.templates.add_template(name, text).map_err(io::Error::other)?;
        }
        let template = self.templates.get_template(name).map_err(io::Error::other)?;
        template.render(Serde(values)).map_err(io::Error::other)
    }
}

impl ReportRenderer for Html {
    fn begin(&mut self, _: &mut dyn Write, head: &Head) -> io::Result<()> {
        self.head = Some(head.clone());
        Ok(())
    }

    fn entry(&mut self, _: &mut dyn Write, entry: &Entry) -> io::Result<()> {
        let row = Row::new(entry, &mut self.marks);
        let text = self.render("row.html", include_str!("html/row.html"), row)?;
        let at = ORDER.iter().position(|verdict| *verdict == entry.verdict).unwrap_or(0);
        let is_well = entry.verdict == Verdict::Verified && entry.findings.is_empty();
        match self.rows.get_mut(at + usize::from(is_well)) {
            Some(rows) => rows.write_all(text.as_bytes()),
            None => Err(io::ErrorKind::InvalidInput.into()),
        }
    }

    fn end(&mut self, out: &mut dyn Write, tail: &Tail, totals: &Totals) -> io::Result<()> {
        let Some(head) = self.head.take() else {
            return Err(io::ErrorKind::InvalidInput.into());
        };
        let page = Page::new(&head, tail, totals, &self.marks, &self.controls);
        let begin = self.render("begin.html", include_str!("html/begin.html"), &page)?;
        let end = self.render("end.html", include_str!("html/end.html"), &page)?;
        out.write_all(begin.as_bytes())?;
        out.write_all(b"<tbody>\n")?;
        for rows in &mut self.rows {
            rows.pour(out)?;
        }
        out.write_all(b"</tbody>\n")?;
        out.write_all(end.as_bytes())?;
        out.flush()
    }
}
