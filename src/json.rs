// SPDX-License-Identifier: Apache-2.0
//! Strict JSON (RFC 8259): a pull parser that never recurses, never guesses and is bounded in depth and length.
//!
//! General purpose parsers keep one of two members of the same name, which is how two programs come to read two
//! different things in one signed document. Here the callers see every member, and [`parse`] refuses repeats.
//! The same reader works on a slice (payloads, objects) and on a stream (lists of gigabytes).

use std::io::{self, BufRead};

use serde_json::{Map, Number, Value};

/// What a reader accepts beyond the grammar.
#[derive(Debug, Clone, Copy)]
pub struct Rules {
    /// Most containers that may be open at once.
    pub depth: usize,
    /// Most bytes of one string or number that is handed out. Skipped values are not bounded by it.
    pub length: usize,
    /// Refuse numbers that overflow a double, in skipped values too.
    pub finite_numbers: bool,
    /// Replace broken UTF-8 and lone surrogates by U+FFFD instead of refusing them.
    pub lossy_text: bool,
}

/// Nesting allowed outside payloads (product limits).
pub const MAX_DEPTH: usize = 64;

impl Rules {
    /// Rules for API objects and configuration: nesting up to [`MAX_DEPTH`], strict text, any number.
    #[must_use]
    pub fn object(length: usize) -> Self {
        Self {
            depth: MAX_DEPTH,
            length,
            finite_numbers: false,
            lossy_text: false,
        }
    }
}

/// Why a text was refused. Offsets count bytes from the start of the text.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The text breaks the grammar.
    #[error("at byte {offset}: {what}")]
    Syntax {
        /// Where.
        offset: u64,
        /// What was wrong there.
        what: &'static str,
    },
    /// One object has two members of the same name.
    #[error("at byte {offset}: member {name:?} is repeated")]
    Repeated {
        /// Where the second one ends.
        offset: u64,
        /// The name, unescaped.
        name: String,
    },
    /// Another type of value was needed.
    #[error("at byte {offset}: expected {expected}, found {found}")]
    Type {
        /// Where the value starts.
        offset: u64,
        /// What the caller needed.
        expected: Kind,
        /// What stands there.
        found: Kind,
    },
    /// Containers are nested too deep.
    #[error("at byte {offset}: nested deeper than {limit} levels")]
    Depth {
        /// Where the limit was passed.
        offset: u64,
        /// The limit.
        limit: usize,
    },
    /// A string or number is too long.
    #[error("at byte {offset}: a string or number is longer than {limit} bytes")]
    Length {
        /// Where the limit was passed.
        offset: u64,
        /// The limit in bytes.
        limit: usize,
    },
    /// Reading the stream failed.
    #[error("reading: {0}")]
    Io(#[from] io::Error),
}

/// The type of a JSON value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Kind {
    Object,
    Array,
    String,
    Number,
    Bool,
    Null,
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Kind::Object => "an object",
            Kind::Array => "an array",
            Kind::String => "a string",
            Kind::Number => "a number",
            Kind::Bool => "true or false",
            Kind::Null => "null",
        })
    }
}

/// An open container, and whether a member or element of it was already read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Frame {
    Object { started: bool },
    Array { started: bool },
}

/// A pull parser. The caller asks for what it expects next; anything else is an error.
///
/// Inside an object: [`Reader::key`] until it returns `None`, with one value read or skipped after each key. Inside
/// an array: [`Reader::element`] until it returns `false`, with one value after each `true`.
#[derive(Debug)]
pub struct Reader<R> {
    input: R,
    offset: u64,
    open: Vec<Frame>,
    rules: Rules,
}

impl<R: BufRead> Reader<R> {
    /// Starts reading at the beginning of `input`.
    pub fn new(input: R, rules: Rules) -> Self {
        Self {
            input,
            offset: 0,
            open: Vec::new(),
            rules,
        }
    }

    /// Bytes consumed so far. After [`Reader::kind`] this is where the next value starts.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// The type of the next value, which is not consumed.
    ///
    /// # Errors
    /// When no value can start here.
    pub fn kind(&mut self) -> Result<Kind, Error> {
        self.skip_space()?;
        match self.peek()? {
            Some(b'{') => Ok(Kind::Object),
            Some(b'[') => Ok(Kind::Array),
            Some(b'"') => Ok(Kind::String),
            Some(b'-' | b'0'..=b'9') => Ok(Kind::Number),
            Some(b't' | b'f') => Ok(Kind::Bool),
            Some(b'n') => Ok(Kind::Null),
            Some(_) => Err(self.syntax("expected a value")),
            None => Err(self.syntax("expected a value, found the end of the text")),
        }
    }

    /// Enters an object.
    ///
    /// # Errors
    /// When the next value is none.
    pub fn object(&mut self) -> Result<(), Error> {
        self.expect(Kind::Object)?;
        self.bump()?;
        self.push(Frame::Object { started: false })
    }

    /// The next member's name, its colon consumed too; `None` at the end of the object, which is then left.
    ///
    /// # Errors
    /// When neither a member nor the end of the object follows.
    pub fn key(&mut self) -> Result<Option<String>, Error> {
        if !self.next_member()? {
            return Ok(None);
        }
        let mut name = Vec::new();
        self.scan_string(Some(&mut name))?;
        self.colon()?;
        Ok(Some(into_text(name)))
    }

    /// Whether another member follows, before whose name the reader then stands; nothing of it is consumed, and the end
    /// of the object is not either.
    ///
    /// # Errors
    /// When neither a member nor the end of the object follows.
    pub fn at_member(&mut self) -> Result<bool, Error> {
        self.skip_space()?;
        if self.peek()? == Some(b'}') {
            return Ok(false);
        }
        self.next_member()?;
        // The comma is gone; the next call must not look for it again.
        if let Some(Frame::Object { started }) = self.open.last_mut() {
            *started = false;
        }
        Ok(true)
    }

    /// Enters an array.
    ///
    /// # Errors
    /// When the next value is none.
    pub fn array(&mut self) -> Result<(), Error> {
        self.expect(Kind::Array)?;
        self.bump()?;
        self.push(Frame::Array { started: false })
    }

    /// Whether another element follows; at the end of the array, which is then left, `false`.
    ///
    /// # Errors
    /// When neither an element nor the end of the array follows.
    pub fn element(&mut self) -> Result<bool, Error> {
        self.skip_space()?;
        let started = matches!(self.open.last(), Some(Frame::Array { started: true }));
        match (self.peek()?, started) {
            (Some(b']'), _) => {
                self.bump()?;
                self.open.pop();
                return Ok(false);
            }
            (Some(b','), true) => {
                self.bump()?;
                self.skip_space()?;
            }
            (_, true) => return Err(self.syntax("expected , or ] in an array")),
            (_, false) => {}
        }
        if let Some(Frame::Array { started }) = self.open.last_mut() {
            *started = true;
        }
        Ok(true)
    }

    /// Reads a string.
    ///
    /// # Errors
    /// When the next value is none, or longer than the rules allow.
    pub fn string(&mut self) -> Result<String, Error> {
        self.expect(Kind::String)?;
        let mut text = Vec::new();
        self.scan_string(Some(&mut text))?;
        Ok(into_text(text))
    }

    /// Reads a number as it is spelled.
    ///
    /// # Errors
    /// When the next value is none, or longer than the rules allow.
    pub fn number(&mut self) -> Result<String, Error> {
        self.expect(Kind::Number)?;
        let mut text = Vec::new();
        self.scan_number(Some(&mut text))?;
        Ok(into_text(text))
    }

    /// Reads `true` or `false`.
    ///
    /// # Errors
    /// When the next value is neither.
    pub fn bool(&mut self) -> Result<bool, Error> {
        self.expect(Kind::Bool)?;
        let yes = self.peek()? == Some(b't');
        self.scan_word(if yes { b"true" } else { b"false" })?;
        Ok(yes)
    }

    /// Reads `null`.
    ///
    /// # Errors
    /// When something else stands there.
    pub fn null(&mut self) -> Result<(), Error> {
        self.expect(Kind::Null)?;
        self.scan_word(b"null")
    }

    /// Checks and passes over one value of any type, keeping nothing of it.
    ///
    /// # Errors
    /// When the value breaks the grammar or the rules.
    pub fn skip(&mut self) -> Result<(), Error> {
        let outside = self.open.len();
        loop {
            match self.kind()? {
                Kind::Object => self.object()?,
                Kind::Array => self.array()?,
                Kind::String => self.scan_string(None)?,
                Kind::Number => self.scan_number(None)?,
                Kind::Bool => {
                    self.bool()?;
                }
                Kind::Null => self.null()?,
            }
            // Leave every container that ends here; stop at the one that the value stands in.
            loop {
                if self.open.len() == outside {
                    return Ok(());
                }
                let more = match self.open.last() {
                    Some(Frame::Object { .. }) => {
                        let more = self.next_member()?;
                        if more {
                            self.scan_string(None)?;
                            self.colon()?;
                        }
                        more
                    }
                    _ => self.element()?,
                };
                if more {
                    break;
                }
            }
        }
    }

    /// Demands that only white space follows.
    ///
    /// # Errors
    /// When anything else does.
    pub fn end(&mut self) -> Result<(), Error> {
        self.skip_space()?;
        match self.peek()? {
            None => Ok(()),
            Some(_) => Err(self.syntax("data after the value")),
        }
    }

    /// An error at the current place.
    pub fn syntax(&self, what: &'static str) -> Error {
        Error::Syntax {
            offset: self.offset,
            what,
        }
    }

    fn expect(&mut self, expected: Kind) -> Result<(), Error> {
        let found = self.kind()?;
        if found == expected {
            return Ok(());
        }
        Err(Error::Type {
            offset: self.offset,
            expected,
            found,
        })
    }

    fn push(&mut self, frame: Frame) -> Result<(), Error> {
        if self.open.len() >= self.rules.depth {
            return Err(Error::Depth {
                offset: self.offset,
                limit: self.rules.depth,
            });
        }
        self.open.push(frame);
        Ok(())
    }

    /// Moves to the next member's name; `false` when the object ended instead.
    fn next_member(&mut self) -> Result<bool, Error> {
        self.skip_space()?;
        let started = matches!(self.open.last(), Some(Frame::Object { started: true }));
        match (self.peek()?, started) {
            (Some(b'}'), _) => {
                self.bump()?;
                self.open.pop();
                return Ok(false);
            }
            (Some(b','), true) => {
                self.bump()?;
                self.skip_space()?;
            }
            (_, true) => return Err(self.syntax("expected , or } in an object")),
            (_, false) => {}
        }
        if self.peek()? != Some(b'"') {
            return Err(self.syntax("expected a member name in double quotes"));
        }
        if let Some(Frame::Object { started }) = self.open.last_mut() {
            *started = true;
        }
        Ok(true)
    }

    fn colon(&mut self) -> Result<(), Error> {
        self.skip_space()?;
        if self.peek()? != Some(b':') {
            return Err(self.syntax("expected : after a member name"));
        }
        self.bump()?;
        Ok(())
    }

    fn scan_word(&mut self, word: &[u8]) -> Result<(), Error> {
        for expected in word {
            if self.peek()? != Some(*expected) {
                return Err(self.syntax("expected a value"));
            }
            self.bump()?;
        }
        Ok(())
    }

    fn scan_number(&mut self, out: Option<&mut Vec<u8>>) -> Result<(), Error> {
        // Skipped numbers are collected as well where their size matters.
        let mut own = Vec::new();
        let keep = out.is_some() || self.rules.finite_numbers;
        let text = match out {
            Some(out) => out,
            None => &mut own,
        };
        if self.peek()? == Some(b'-') {
            self.take(text, keep)?;
        }
        match self.peek()? {
            Some(b'0') => self.take(text, keep)?,
            Some(b'1'..=b'9') => self.digits(text, keep)?,
            _ => return Err(self.syntax("expected a digit")),
        }
        if self.peek()? == Some(b'.') {
            self.take(text, keep)?;
            self.digits(text, keep)?;
        }
        if matches!(self.peek()?, Some(b'e' | b'E')) {
            self.take(text, keep)?;
            if matches!(self.peek()?, Some(b'+' | b'-')) {
                self.take(text, keep)?;
            }
            self.digits(text, keep)?;
        }
        if self.rules.finite_numbers {
            let value = std::str::from_utf8(text).ok().and_then(|t| t.parse::<f64>().ok());
            if !value.is_some_and(f64::is_finite) {
                return Err(self.syntax("a number is out of range"));
            }
        }
        Ok(())
    }

    fn digits(&mut self, text: &mut Vec<u8>, keep: bool) -> Result<(), Error> {
        if !matches!(self.peek()?, Some(b'0'..=b'9')) {
            return Err(self.syntax("expected a digit"));
        }
        while matches!(self.peek()?, Some(b'0'..=b'9')) {
            self.take(text, keep)?;
        }
        Ok(())
    }

    /// Consumes one byte and keeps it, within the length limit.
    fn take(&mut self, text: &mut Vec<u8>, keep: bool) -> Result<(), Error> {
        if let Some(byte) = self.bump()? {
            if keep {
                self.keep(text, &[byte])?;
            }
        }
        Ok(())
    }

    fn keep(&self, text: &mut Vec<u8>, bytes: &[u8]) -> Result<(), Error> {
        if text.len() + bytes.len() > self.rules.length {
            return Err(Error::Length {
                offset: self.offset,
                limit: self.rules.length,
            });
        }
        text.extend_from_slice(bytes);
        Ok(())
    }

    /// Consumes a string, opening quote included; its unescaped bytes, valid UTF-8, go to `out`.
    fn scan_string(&mut self, mut out: Option<&mut Vec<u8>>) -> Result<(), Error> {
        self.bump()?;
        let mut utf8 = Utf8::default();
        loop {
            let Some(byte) = self.bump()? else {
                return Err(self.syntax("a string does not end"));
            };
            if utf8.pending() && byte < 0x80 && !self.replace(&mut utf8, &mut out)? {
                return Err(self.syntax("a string is not valid UTF-8"));
            }
            match byte {
                b'"' => return Ok(()),
                b'\\' => {
                    let c = self.escape()?;
                    if let Some(out) = out.as_deref_mut() {
                        self.keep(out, c.encode_utf8(&mut [0; 4]).as_bytes())?;
                    }
                }
                0..=0x1f => return Err(self.syntax("a raw control character in a string")),
                0x20..=0x7f => {
                    if let Some(out) = out.as_deref_mut() {
                        self.keep(out, &[byte])?;
                    }
                }
                _ if !utf8.push(byte) => {
                    if !self.replace(&mut utf8, &mut out)? {
                        return Err(self.syntax("a string is not valid UTF-8"));
                    }
                }
                _ => {
                    if let (Some(out), false) = (out.as_deref_mut(), utf8.pending()) {
                        self.keep(out, utf8.sequence())?;
                    }
                }
            }
        }
    }

    /// Puts U+FFFD in the place of broken UTF-8 where the rules allow it; tells whether they do.
    fn replace(&self, utf8: &mut Utf8, out: &mut Option<&mut Vec<u8>>) -> Result<bool, Error> {
        *utf8 = Utf8::default();
        if self.rules.lossy_text {
            if let Some(out) = out.as_deref_mut() {
                self.keep(out, "\u{fffd}".as_bytes())?;
            }
        }
        Ok(self.rules.lossy_text)
    }

    /// Consumes what follows a backslash.
    fn escape(&mut self) -> Result<char, Error> {
        Ok(match self.bump()? {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode_escape(),
            _ => return Err(self.syntax("an unknown escape in a string")),
        })
    }

    fn unicode_escape(&mut self) -> Result<char, Error> {
        let mut unit = self.hex4()?;
        // A high surrogate must be followed by the escape of a low one (RFC 8259 section 7).
        while (0xd800..0xdc00).contains(&unit) && self.peek()? == Some(b'\\') {
            self.bump()?;
            if self.peek()? != Some(b'u') {
                return if self.rules.lossy_text {
                    // The escape that stands here is read for its syntax; text of this kind is never compared.
                    self.escape().map(|_| '\u{fffd}')
                } else {
                    Err(self.syntax("a lone surrogate in a string"))
                };
            }
            self.bump()?;
            let low = self.hex4()?;
            if (0xdc00..0xe000).contains(&low) {
                let code = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
                return char::from_u32(code).ok_or_else(|| self.syntax("an escape is no character"));
            }
            if !self.rules.lossy_text {
                return Err(self.syntax("a lone surrogate in a string"));
            }
            unit = low;
        }
        match char::from_u32(unit) {
            Some(c) => Ok(c),
            None if self.rules.lossy_text => Ok('\u{fffd}'),
            None => Err(self.syntax("a lone surrogate in a string")),
        }
    }

    fn hex4(&mut self) -> Result<u32, Error> {
        let mut value = 0;
        for _ in 0..4 {
            let digit = self.bump()?.and_then(|b| char::from(b).to_digit(16));
            let Some(digit) = digit else {
                return Err(self.syntax("expected four hexadecimal digits after \\u"));
            };
            value = value * 16 + digit;
        }
        Ok(value)
    }

    fn skip_space(&mut self) -> Result<(), Error> {
        while matches!(self.peek()?, Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.bump()?;
        }
        Ok(())
    }

    fn peek(&mut self) -> Result<Option<u8>, Error> {
        loop {
            match self.input.fill_buf() {
                Ok(buffer) => return Ok(buffer.first().copied()),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e.into()),
            }
        }
    }

    fn bump(&mut self) -> Result<Option<u8>, Error> {
        let byte = self.peek()?;
        if byte.is_some() {
            self.input.consume(1);
            self.offset += 1;
        }
        Ok(byte)
    }
}

/// Every byte was checked by [`Utf8`] or came out of a `char`.
fn into_text(bytes: Vec<u8>) -> String {
    match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(broken) => String::from_utf8_lossy(broken.as_bytes()).into_owned(),
    }
}

/// Checks UTF-8 byte by byte (RFC 3629 section 4), so that skipped strings need no memory.
#[derive(Debug, Default)]
struct Utf8 {
    bytes: [u8; 4],
    have: usize,
    need: usize,
}

impl Utf8 {
    /// Whether a sequence has begun and not ended.
    fn pending(&self) -> bool {
        self.have < self.need
    }

    /// The sequence that the last byte completed.
    fn sequence(&self) -> &[u8] {
        &self.bytes[..self.have]
    }

    /// Takes a byte of 0x80 or above; `false` when it cannot stand there.
    fn push(&mut self, byte: u8) -> bool {
        if self.pending() {
            let allowed = match (self.have, self.bytes[0]) {
                (1, 0xe0) => 0xa0..=0xbf,
                (1, 0xed) => 0x80..=0x9f,
                (1, 0xf0) => 0x90..=0xbf,
                (1, 0xf4) => 0x80..=0x8f,
                _ => 0x80..=0xbf,
            };
            if !allowed.contains(&byte) {
                return false;
            }
        } else {
            self.have = 0;
            self.need = match byte {
                0xc2..=0xdf => 2,
                0xe0..=0xef => 3,
                0xf0..=0xf4 => 4,
                _ => return false,
            };
        }
        self.bytes[self.have] = byte;
        self.have += 1;
        true
    }
}

/// Parses one document into a value, refusing repeated members at every depth and anything after the value.
///
/// # Errors
/// When the text breaks the grammar or is nested deeper than [`MAX_DEPTH`].
pub fn parse(text: &[u8]) -> Result<Value, Error> {
    let mut reader = Reader::new(text, Rules::object(text.len()));
    let value = value(&mut reader)?;
    reader.end()?;
    Ok(value)
}

/// Reads one value of any type; recursion is bounded by the reader's depth limit, which must be small.
fn value<R: BufRead>(reader: &mut Reader<R>) -> Result<Value, Error> {
    Ok(match reader.kind()? {
        Kind::Object => {
            reader.object()?;
            let mut members = Map::new();
            while let Some(name) = reader.key()? {
                let member = value(reader)?;
                if members.contains_key(&name) {
                    return Err(Error::Repeated {
                        offset: reader.offset(),
                        name,
                    });
                }
                members.insert(name, member);
            }
            Value::Object(members)
        }
        Kind::Array => {
            reader.array()?;
            let mut elements = Vec::new();
            while reader.element()? {
                elements.push(value(reader)?);
            }
            Value::Array(elements)
        }
        Kind::String => Value::String(reader.string()?),
        Kind::Number => {
            let text = reader.number()?;
            // A number beyond a double is no error in an object; nothing here computes with such.
            text.parse::<Number>().map_or(Value::Null, Value::Number)
        }
        Kind::Bool => Value::Bool(reader.bool()?),
        Kind::Null => {
            reader.null()?;
            Value::Null
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules() -> Rules {
        Rules {
            depth: 8,
            length: 64,
            finite_numbers: true,
            lossy_text: false,
        }
    }

    fn skips(text: &[u8], rules: Rules) -> bool {
        let mut reader = Reader::new(text, rules);
        reader.skip().and_then(|()| reader.end()).is_ok()
    }

    #[test]
    fn parse_agrees_with_serde_json_on_what_both_accept() {
        for text in [
            r#"{"a":[1,-2.5e3,true,false,null,"x\n\u00e9\ud83d\udc33"],"b":{}}"#,
            "[]",
            " \t\r\n\"\u{7f}\" ",
            "0",
        ] {
            let ours = parse(text.as_bytes()).unwrap();
            assert_eq!(ours, serde_json::from_str::<Value>(text).unwrap(), "{text}");
        }
    }

    #[test]
    fn what_the_grammar_forbids_is_refused_when_read_and_when_skipped() {
        for text in [
            "",
            "{",
            "[",
            "[1,]",
            "{\"a\":1,}",
            "{a:1}",
            "{\"a\" 1}",
            "01",
            "+1",
            ".5",
            "5.",
            "1e",
            "-",
            "NaN",
            "tru",
            "\"\\x\"",
            "\"\\u12\"",
            "\"\n\"",
            "\"\\ud800\"",
            "\"\\ud800\\u0041\"",
            "[1 2]",
            "{}{}",
            "1 1",
            "\u{feff}{}",
            "[1}",
            "{\"a\":1]",
            "'a'",
            "\u{a0}1",
        ] {
            assert!(parse(text.as_bytes()).is_err(), "parse accepts {text:?}");
            assert!(!skips(text.as_bytes(), rules()), "skip accepts {text:?}");
        }
    }

    #[test]
    fn broken_utf8_is_refused_or_replaced() {
        for bad in [
            &b"\"\xff\""[..],
            b"\"\xc3(\"",
            b"\"\xed\xa0\x80\"",
            b"\"\xe2\x82\"",
            b"\"\xf5\x80\x80\x80\"",
            b"\"\xc0\xaf\"",
        ] {
            assert!(!skips(bad, rules()), "{bad:?}");
            let lossy = Rules {
                lossy_text: true,
                ..rules()
            };
            assert!(
                Reader::new(bad, lossy).string().unwrap().contains('\u{fffd}'),
                "{bad:?}"
            );
        }
        assert!(skips("\"é☃🐳\"".as_bytes(), rules()));
    }

    #[test]
    fn repeated_members_are_refused_at_any_depth_and_however_escaped() {
        for text in [r#"{"a":1,"a":1}"#, r#"{"x":[{"a":1,"\u0061":2}]}"#] {
            assert!(matches!(parse(text.as_bytes()), Err(Error::Repeated { .. })), "{text}");
        }
    }

    #[test]
    fn depth_and_length_are_bounded_without_recursion() {
        let deep = "[".repeat(8) + &"]".repeat(8);
        assert!(skips(deep.as_bytes(), rules()));
        let deeper = "[".repeat(9) + &"]".repeat(9);
        assert!(!skips(deeper.as_bytes(), rules()));
        let abyss = "[".repeat(1_000_000);
        let any_depth = Rules {
            depth: usize::MAX,
            ..rules()
        };
        assert!(!skips(abyss.as_bytes(), any_depth));
        let long = format!("\"{}\"", "a".repeat(65));
        assert!(skips(long.as_bytes(), rules()));
        assert!(matches!(
            Reader::new(long.as_bytes(), rules()).string(),
            Err(Error::Length { .. })
        ));
    }

    #[test]
    fn offsets_tell_where_values_start_and_end() {
        let text = br#" {"a": [10, {"b":2}] } "#;
        let mut reader = Reader::new(&text[..], rules());
        reader.object().unwrap();
        assert_eq!(reader.key().unwrap().as_deref(), Some("a"));
        reader.array().unwrap();
        assert!(reader.element().unwrap());
        reader.skip().unwrap();
        assert!(reader.element().unwrap());
        reader.kind().unwrap();
        let start = reader.offset() as usize;
        reader.skip().unwrap();
        assert_eq!(&text[start..reader.offset() as usize], br#"{"b":2}"#);
        assert!(!reader.element().unwrap());
        assert_eq!(reader.key().unwrap(), None);
        reader.end().unwrap();
    }

    #[test]
    fn numbers_beyond_a_double_are_refused_only_where_asked() {
        assert!(!skips(b"[[1e400]]", rules()));
        let any = Rules {
            finite_numbers: false,
            ..rules()
        };
        assert!(skips(b"[[1e400]]", any));
    }
}
