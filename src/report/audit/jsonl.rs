// SPDX-License-Identifier: Apache-2.0
//! JSON lines: head, entries and end as they are, one a line. `crate::audit::lines` reads them.

use std::io::{self, Write};

use super::renderer::ReportRenderer;
use crate::audit::entry::Entry;
use crate::audit::head::Head;
use crate::audit::tail::Tail;
use crate::audit::totals::Totals;
use crate::report::json::write_line;

/// `-o jsonl`: a line of JSON an image.
pub(super) struct Jsonl;

impl ReportRenderer for Jsonl {
    fn begin(&mut self, out: &mut dyn Write, head: &Head) -> io::Result<()> {
        write_line(out, head)
    }

    fn entry(&mut self, out: &mut dyn Write, entry: &Entry) -> io::Result<()> {
        // In one piece: a reader of a report that is being written sees whole lines, but for one that is torn.
        let mut line = Vec::new();
        write_line(&mut line, entry)?;
        out.write_all(&line)
    }

    fn end(&mut self, out: &mut dyn Write, tail: &Tail, _: &Totals) -> io::Result<()> {
        write_line(out, tail)?;
        out.flush()
    }
}
