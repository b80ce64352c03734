// SPDX-License-Identifier: Apache-2.0
//! `--explain`: every step of every signature with the values compared, and what to look at next.

use std::io::{self, Write};

use super::appearance::verdict_text;
use super::image::ImageReport;
use super::next::Next;
use super::renderer::{Renderer, Summary};
use super::{appearance, signatures, table, wrap};
use crate::settings::tips::Tips;
use crate::text::safe;

/// Columns by which the rest of a line is indented, and of one that is indented itself: a whole digest fits into 80.
const INDENT: usize = 4;
const BELOW: usize = 6;

/// Every check of every signature as a numbered step, with the values compared.
pub(super) struct Explain {
    /// Longest line, in columns, on a terminal.
    pub(super) width: Option<usize>,
    /// Verdicts are coloured: results go to a terminal.
    pub(super) colour: bool,
    /// Several images are expected.
    pub(super) has_several: bool,
    /// What commands that are proposed take over from this run.
    pub(super) tips: Tips,
}

impl Explain {
    /// What to do next, each command in it whole on a line of its own.
    fn next(&self, out: &mut dyn Write, next: &Next, kept: &[String]) -> io::Result<()> {
        let (mut begin, mut rest) = ("Next:".to_owned(), next.text.as_str());
        for command in &next.commands {
            let Some((before, after)) = rest.split_once(command.as_str()) else {
                continue;
            };
            match before.trim() {
                "" => writeln!(out, "{begin}")?,
                before => wrap::line(out, &format!("{begin} "), before, kept, INDENT, self.width)?,
            }
            writeln!(out, "{:BELOW$}{command}", "")?;
            (begin, rest) = (" ".repeat(INDENT - 1), after.trim_start());
        }
        match rest {
            "" => Ok(()),
            rest => wrap::line(out, &format!("{begin} "), rest, kept, INDENT, self.width),
        }
    }
}

impl Renderer for Explain {
    fn image(&self, out: &mut dyn Write, report: &ImageReport) -> io::Result<()> {
        let outcome = &report.outcome;
        let kept = signatures::owners(outcome);
        let next = Next::of(report, &self.tips);
        let mut line = |begin: &str, text: &str, indent: usize| wrap::line(out, begin, text, &kept, indent, self.width);
        let image = match report.requested {
            Some(_) => format!(" ({})", safe(&report.image)),
            None => String::new(),
        };
        let title = safe(&report.title());
        line(
            "Image ",
            &format!("{title}{image} from {}", safe(&report.source)),
            INDENT,
        )?;
        if let Some(registry) = &report.registry {
            if let Some(pinned) = &registry.pinned {
                line("Pinned: ", &safe(pinned), INDENT)?;
            }
            for instance in &registry.instances {
                let text = verdict_text(instance.outcome.reason(), instance.outcome.message());
                let (platform, image) = (safe(&instance.platform), safe(&instance.image));
                line("Instance ", &format!("{platform} {image}: {text}"), INDENT)?;
            }
            for digest in &registry.left_out {
                line("Left out: ", &format!("{} (attestation)", safe(digest)), INDENT)?;
            }
            if registry.for_information {
                line("For information: ", "the verdicts of the instances decide", INDENT)?;
            }
        }
        for expected in &report.expected {
            let text = format!("{expected} ({})", report.identity_source.word());
            line("Expected identity: ", &text, INDENT)?;
        }
        for source in &report.sources {
            line("Source ", &signatures::source(source), INDENT)?;
        }
        for signature in outcome.signatures() {
            line("Signature ", &safe(signature.name()), INDENT)?;
            for (number, check) in signature.checks().iter().enumerate() {
                let (step, ended) = (check.step.word(), check.ended.word());
                let begin = format!("  {}. {step:<9} {ended:<4}  ", number + 1);
                line(&begin, &check.detail, BELOW)?;
            }
            if !signatures::is_said(outcome, signature) {
                line("  ", &verdict_text(signature.reason(), signature.message()), BELOW)?;
            }
        }
        for tally in outcome.tallies() {
            let Some(scope) = &tally.scope else { continue };
            line("Required of ", &format!("{} by {scope}", tally.identity), INDENT)?;
            for (number, count) in tally.requirements.iter().enumerate() {
                let (name, word) = (&count.name, count.word());
                line(&format!("  {}. {name}  {word}  ", number + 1), &count.detail(), BELOW)?;
            }
        }
        appearance::verdict(out, outcome.verdict(), self.colour)?;
        let begin = outcome.verdict().word();
        let text = verdict_text(outcome.reason(), outcome.message());
        let text = text.trim_start_matches(begin);
        match self.width {
            None => writeln!(out, "{text}")?,
            Some(width) => {
                let text = wrap::keep_together(text, kept.iter().map(String::as_str));
                wrap::write(out, &text, begin.len(), INDENT, width)?;
            }
        }
        self.next(out, &next, &kept)?;
        if self.has_several {
            writeln!(out)?;
        }
        Ok(())
    }

    fn end(&self, out: &mut dyn Write, summary: &Summary) -> io::Result<()> {
        if self.has_several {
            writeln!(out, "{}", table::counts(summary))?;
        }
        Ok(())
    }
}
