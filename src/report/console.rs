// SPDX-License-Identifier: Apache-2.0
//! The two streams of a command, and the only place that words what stands before a message: `error:`, `warning:`, `note:`.

use std::fmt::{self, Display};
use std::io::Write;

/// Where a command prints.
pub struct Console<'w> {
    /// Standard output: results and nothing else.
    pub out: &'w mut dyn Write,
    /// Standard error: what a person should know beside the results.
    pub err: Messages<'w>,
}

impl<'w> Console<'w> {
    /// A console that prints results and messages to these writers.
    pub fn new(out: &'w mut dyn Write, err: &'w mut dyn Write) -> Self {
        let err = Messages::to(err);
        Self { out, err }
    }
}

impl fmt::Debug for Console<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Console").finish_non_exhaustive()
    }
}

/// Messages to a person, one line each: on standard error, or kept in memory for it. Each must be safe to print. That they
/// cannot be written is not told: there is nowhere else to tell it.
pub struct Messages<'w>(&'w mut dyn Write);

impl<'w> Messages<'w> {
    /// Messages that go to this writer.
    pub fn to(writer: &'w mut dyn Write) -> Self {
        Self(writer)
    }

    /// The same messages, lent to somebody for a while.
    pub fn lend(&mut self) -> Messages<'_> {
        Messages(self.0)
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

    /// Something to know that is no mistake.
    pub fn note(&mut self, message: impl Display) {
        self.tell(format_args!("note: {message}"));
    }

    /// A line with no word before it: what was done, or would be.
    pub fn tell(&mut self, line: impl Display) {
        let _ = writeln!(self.0, "{line}");
    }

    /// Whole lines that were kept from earlier messages.
    pub fn pass_on(&mut self, lines: &[u8]) {
        let _ = self.0.write_all(lines);
    }

    /// The stream itself, for a report that is printed here because standard output has something else.
    pub fn stream(&mut self) -> &mut dyn Write {
        self.0
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
}
