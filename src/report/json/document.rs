// SPDX-License-Identifier: Apache-2.0
//! How JSON and YAML documents are written: whole ones, single lines, and lists whose items come one after the other.

use std::io::{self, Read, Write};

use serde_core::Serialize;
use serde_json::ser::{CompactFormatter, Formatter, PrettyFormatter, Serializer};
use serde_json::Value;

use crate::text::is_unsafe;

/// Version of the documents.
pub const API_VERSION: &str = "image-signature/v1";

/// How documents are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Syntax {
    /// JSON, indented by two.
    Json,
    /// YAML in block style, a subset that every reader takes.
    Yaml,
}

/// Indentation of the elements of `items`.
const INDENT: &str = "    ";

/// Writes an element of the `items` of a document, with what separates it from the next one.
///
/// # Errors
/// When writing fails.
pub(in crate::report) fn write_item(out: &mut dyn Write, item: &Value, syntax: Syntax) -> io::Result<()> {
    if syntax == Syntax::Yaml {
        return out.write_all(crate::yaml::emit::element(item).as_bytes());
    }
    let mut text = Vec::new();
    write_document(&mut text, item, Syntax::Json)?;
    // Line feeds stand between values only: in strings they are escaped.
    for (n, line) in text.trim_ascii_end().split(|b| *b == b'\n').enumerate() {
        out.write_all(if n == 0 { b"" } else { b"\n" })?;
        out.write_all(INDENT.as_bytes())?;
        out.write_all(line)?;
    }
    out.write_all(SEPARATOR)
}

/// Writes a document whose last member is an empty list of `items`, with the items that [`write_item`] wrote.
///
/// # Errors
/// When reading or writing fails.
pub(in crate::report) fn write_list(
    out: &mut dyn Write,
    document: &Value,
    syntax: Syntax,
    items: &mut dyn Read,
) -> io::Result<()> {
    let mut around = Vec::new();
    write_document(&mut around, document, syntax)?;
    let separator = if syntax == Syntax::Json { SEPARATOR.len() } else { 0 };
    let mut items = WithoutEnd::new(items, separator);
    let mut first = [0; 1];
    if items.read(&mut first)? == 0 {
        out.write_all(&around)?;
        return out.flush();
    }
    let (end, open, close): (&[u8], &[u8], &[u8]) = match syntax {
        Syntax::Json => (b"[]\n}\n", b"[\n", b"\n  ]\n}\n"),
        Syntax::Yaml => (b" []\n", b"\n", b""),
    };
    out.write_all(around.strip_suffix(end).unwrap_or(&around))?;
    out.write_all(open)?;
    out.write_all(&first)?;
    io::copy(&mut items, out)?;
    out.write_all(close)?;
    out.flush()
}

const SEPARATOR: &[u8] = b",\n";

/// Reads all but the last bytes.
struct WithoutEnd<'r> {
    inner: &'r mut dyn Read,
    /// What was read and may be the end.
    ahead: Vec<u8>,
    keep: usize,
}

impl<'r> WithoutEnd<'r> {
    fn new(inner: &'r mut dyn Read, keep: usize) -> Self {
        let ahead = Vec::new();
        Self { inner, ahead, keep }
    }
}

impl Read for WithoutEnd<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.ahead.len() <= self.keep {
            let mut more = [0; 8192];
            match self.inner.read(&mut more)? {
                0 => return Ok(0),
                got => self.ahead.extend_from_slice(&more[..got]),
            }
        }
        let ready = (self.ahead.len() - self.keep).min(buffer.len());
        buffer[..ready].copy_from_slice(&self.ahead[..ready]);
        self.ahead.drain(..ready);
        Ok(ready)
    }
}

/// Writes a document and a line end. The values are exact, and yet nothing in it moves a terminal: such characters are
/// escaped, which JSON allows for any.
///
/// # Errors
/// When writing fails.
pub fn write_document(out: &mut dyn Write, document: &Value, syntax: Syntax) -> io::Result<()> {
    if syntax == Syntax::Yaml {
        out.write_all(crate::yaml::emit::document(document).as_bytes())?;
        return out.flush();
    }
    let mut serializer = Serializer::with_formatter(&mut *out, TerminalSafe(PrettyFormatter::new()));
    serde_serialize(document, &mut serializer)?;
    writeln!(out)?;
    out.flush()
}

/// Writes a value on one line, with the line's end. What [`write_document`] escapes is escaped here as well.
///
/// # Errors
/// When writing fails.
pub fn write_line(out: &mut dyn Write, value: &impl Serialize) -> io::Result<()> {
    let mut serializer = Serializer::with_formatter(&mut *out, TerminalSafe(CompactFormatter));
    serde_serialize(value, &mut serializer)?;
    writeln!(out)
}

fn serde_serialize<W: Write, F: Formatter>(
    value: &impl Serialize,
    serializer: &mut Serializer<W, F>,
) -> io::Result<()> {
    value.serialize(serializer).map_err(io::Error::from)
}

/// Printing with unsafe characters as `\uXXXX`.
struct TerminalSafe<F>(F);

impl<F: Formatter> Formatter for TerminalSafe<F> {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        let mut rest = fragment;
        while let Some((at, c)) = rest.char_indices().find(|(_, c)| is_unsafe(*c)) {
            writer.write_all(&rest.as_bytes()[..at])?;
            for unit in c.encode_utf16(&mut [0; 2]) {
                write!(writer, "\\u{unit:04x}")?;
            }
            rest = &rest[at + c.len_utf8()..];
        }
        writer.write_all(rest.as_bytes())
    }

    fn begin_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_array(writer)
    }
    fn end_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array(writer)
    }
    fn begin_array_value<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_array_value(writer, first)
    }
    fn end_array_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array_value(writer)
    }
    fn begin_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object(writer)
    }
    fn end_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object(writer)
    }
    fn begin_object_key<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_object_key(writer, first)
    }
    fn begin_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object_value(writer)
    }
    fn end_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object_value(writer)
    }
}
