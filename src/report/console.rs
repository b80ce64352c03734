// SPDX-License-Identifier: Apache-2.0
//! The two streams of a command, and the only place that words what stands before a message: `error:`, `warning:`, `note:`.

use std::fmt::{self, Display};
use std::io::Write;

use super::appearance;
use super::terminal::columns_of_stderr;
use super::wrap;
use crate::settings::environment::Terminal;

/// Columns by which the rest of a message is indented.
const INDENT: usize = 4;

/// Where a command prints.
pub struct Console<'w> {
    /// Standard output: results and nothing else.
    pub out: &'w mut dyn Write,
    /// Standard error: what a person should know beside the results.
    pub err: Messages<'w>,
    /// Longest line of text results in columns, where they go to a terminal. Elsewhere lines stay whole.
    pub width: Option<usize>,
}

impl<'w> Console<'w> {
    /// A console that prints results and messages to these writers.
    pub fn new(out: &'w mut dyn Write, err: &'w mut dyn Write) -> Self {
        let err = Messages::to(err);
        Self { out, err, width: None }
    }

    /// The same on these terminals: long lines are broken between words.
    #[must_use]
    pub fn on(mut self, terminal: Terminal) -> Self {
        let width = |columns: Option<usize>| columns.map(|columns| appearance::width(Some(columns)));
        self.width = width(terminal.columns.filter(|_| terminal.stdout));
        self.err.width = width(columns_of_stderr().filter(|_| terminal.stderr));
        self
    }
}

impl fmt::Debug for Console<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Console").finish_non_exhaustive()
    }
}

/// Messages to a person, one line each: on standard error, or kept in memory for it. Each must be safe to print. That they
/// cannot be written is not told: there is nowhere else to tell it.
pub struct Messages<'w> {
    stream: &'w mut dyn Write,
    width: Option<usize>,
}

impl<'w> Messages<'w> {
    /// Messages that go to this writer.
    pub fn to(writer: &'w mut dyn Write) -> Self {
        Self {
            stream: writer,
            width: None,
        }
    }

    /// The same, with lines no longer than on another stream.
    #[must_use]
    pub fn within(self, width: Option<usize>) -> Self {
        Self { width, ..self }
    }

    /// Longest line in columns, where these messages go to a terminal.
    #[must_use]
    pub fn width(&self) -> Option<usize> {
        self.width
    }

    /// The same messages, lent to somebody for a while.
    pub fn lend(&mut self) -> Messages<'_> {
        Messages {
            stream: &mut *self.stream,
            width: self.width,
        }
    }

    /// Something that was asked for was not done, or is not known.
    pub fn error(&mut self, message: impl Display) {
        self.tell(format_args!("error: {message}"));
    }

    /// Something that may well be a mistake, though everything asked for was done.
    pub fn warning(&mut self, message: impl Display) {
        self.tell(format_args!("warning: {message}"));
    }

    /// A warning of an API server, in the form in which oc and kubectl print it.
    pub fn server_warning(&mut self, message: impl Display) {
        self.tell(format_args!("Warning: {message}"));
    }

    /// Something to know that is not a mistake.
    pub fn note(&mut self, message: impl Display) {
        self.tell(format_args!("note: {message}"));
    }

    /// A line with no word before it: what was done, or would be.
    pub fn tell(&mut self, line: impl Display) {
        let _ = match self.width {
            None => writeln!(self.stream, "{line}"),
            Some(width) => wrap::lines(self.stream, &line.to_string(), INDENT, width),
        };
    }

    /// Whole lines that were kept from earlier messages.
    pub fn pass_on(&mut self, lines: &[u8]) {
        let _ = match (self.width, std::str::from_utf8(lines)) {
            (Some(width), Ok(text)) if !text.is_empty() => wrap::lines(self.stream, text, INDENT, width),
            _ => self.stream.write_all(lines),
        };
    }

    /// The stream itself, for a report that is printed here because standard output has something else.
    pub fn stream(&mut self) -> &mut dyn Write {
        self.stream
    }
}

impl fmt::Debug for Messages<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Messages").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_message_is_one_line_with_its_word() {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let mut console = Console::new(&mut out, &mut err);
        let _ = console.out.write_all(b"result\n");
        console.err.error("a");
        console.err.warning("b");
        console.err.lend().note(format_args!("{}", 'c'));
        console.err.server_warning("d");
        console.err.tell("e");
        console.err.pass_on(b"f\ng\n");
        assert_eq!(out, b"result\n");
        assert_eq!(
            String::from_utf8(err).unwrap(),
            "error: a\nwarning: b\nnote: c\nWarning: d\ne\nf\ng\n"
        );
    }

    #[test]
    fn on_a_terminal_messages_go_on_in_the_next_line() {
        let mut err = Vec::new();
        let mut messages = Messages::to(&mut err).within(Some(16));
        messages.note("one two three");
        messages.lend().error("four five\n  six seven eight");
        messages.pass_on(b"kept a\n  and kept as it came\n");
        assert_eq!(
            String::from_utf8(err).unwrap(),
            "note: one two\n    three\nerror: four five\n  six seven\n      eight\nkept a\n  and kept as it\n      came\n"
        );
    }
}
