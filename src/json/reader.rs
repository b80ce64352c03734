// SPDX-License-Identifier: Apache-2.0
//! The pull parser: a caller asks for the values that it expects, in their order.

use std::io::BufRead;

use super::grammar::{JsonError, Kind, Rules};
use super::tokens::{into_text, Tokens};

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
    tokens: Tokens<R>,
    open: Vec<Frame>,
}

impl<R: BufRead> Reader<R> {
    /// Starts reading at the beginning of `input`.
    pub fn new(input: R, rules: Rules) -> Self {
        Self {
            tokens: Tokens::new(input, rules),
            open: Vec::new(),
        }
    }

    /// Bytes consumed so far. After [`Reader::kind`] this is where the next value starts.
    pub fn offset(&self) -> u64 {
        self.tokens.offset
    }

    /// The type of the next value, which is not consumed.
    ///
    /// # Errors
    /// When no value can start here.
    pub fn kind(&mut self) -> Result<Kind, JsonError> {
        self.tokens.skip_space()?;
        match self.tokens.peek()? {
            Some(b'{') => Ok(Kind::Object),
            Some(b'[') => Ok(Kind::Array),
            Some(b'"') => Ok(Kind::String),
            Some(b'-' | b'0'..=b'9') => Ok(Kind::Number),
            Some(b't' | b'f') => Ok(Kind::Bool),
            Some(b'n') => Ok(Kind::Null),
            Some(b']') if matches!(self.open.last(), Some(Frame::Array { .. })) => Err(self
                .tokens
                .syntax("expected a value: no comma is allowed before the closing bracket")),
            Some(_) => Err(self.tokens.syntax("expected a value")),
            None => Err(self.tokens.syntax("expected a value, found the end of the text")),
        }
    }

    /// Enters an object.
    ///
    /// # Errors
    /// When the next value is not an object.
    pub fn object(&mut self) -> Result<(), JsonError> {
        self.expect(Kind::Object)?;
        self.tokens.bump()?;
        self.push(Frame::Object { started: false })
    }

    /// The next member's name, its colon consumed too; `None` at the end of the object, which is then left.
    ///
    /// # Errors
    /// When neither a member nor the end of the object follows.
    pub fn key(&mut self) -> Result<Option<String>, JsonError> {
        if !self.next_member()? {
            return Ok(None);
        }
        let mut name = Vec::new();
        self.tokens.scan_string(Some(&mut name))?;
        self.colon()?;
        Ok(Some(into_text(name)))
    }

    /// Whether another member follows, before whose name the reader then stands; nothing of it is consumed, and the end
    /// of the object is not either.
    ///
    /// # Errors
    /// When neither a member nor the end of the object follows.
    pub fn at_member(&mut self) -> Result<bool, JsonError> {
        self.tokens.skip_space()?;
        if self.tokens.peek()? == Some(b'}') {
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
    /// When the next value is not an array.
    pub fn array(&mut self) -> Result<(), JsonError> {
        self.expect(Kind::Array)?;
        self.tokens.bump()?;
        self.push(Frame::Array { started: false })
    }

    /// Whether another element follows; at the end of the array, which is then left, `false`.
    ///
    /// # Errors
    /// When neither an element nor the end of the array follows.
    pub fn element(&mut self) -> Result<bool, JsonError> {
        let started = matches!(self.open.last(), Some(Frame::Array { started: true }));
        if self.ends(b']', started, "expected , or ] in an array")? {
            return Ok(false);
        }
        if let Some(Frame::Array { started }) = self.open.last_mut() {
            *started = true;
        }
        Ok(true)
    }

    /// Reads a string.
    ///
    /// # Errors
    /// When the next value is not a string, or longer than the rules allow.
    pub fn string(&mut self) -> Result<String, JsonError> {
        self.expect(Kind::String)?;
        let mut text = Vec::new();
        self.tokens.scan_string(Some(&mut text))?;
        Ok(into_text(text))
    }

    /// Reads a number as it is spelled.
    ///
    /// # Errors
    /// When the next value is not a number, or longer than the rules allow.
    pub fn number(&mut self) -> Result<String, JsonError> {
        self.expect(Kind::Number)?;
        let mut text = Vec::new();
        self.tokens.scan_number(Some(&mut text))?;
        Ok(into_text(text))
    }

    /// Reads `true` or `false`.
    ///
    /// # Errors
    /// When the next value is neither.
    pub fn bool(&mut self) -> Result<bool, JsonError> {
        self.expect(Kind::Bool)?;
        let yes = self.tokens.peek()? == Some(b't');
        self.tokens.scan_word(if yes { b"true" } else { b"false" })?;
        Ok(yes)
    }

    /// Reads a `null`, of which nothing is kept.
    ///
    /// # Errors
    /// When something else is found there.
    pub fn null(&mut self) -> Result<(), JsonError> {
        self.expect(Kind::Null)?;
        self.tokens.scan_word(b"null")
    }

    /// Checks and passes over one value of any type, keeping nothing of it.
    ///
    /// # Errors
    /// When the value breaks the grammar or the rules.
    pub fn skip(&mut self) -> Result<(), JsonError> {
        let outside = self.open.len();
        loop {
            match self.kind()? {
                Kind::Object => self.object()?,
                Kind::Array => self.array()?,
                Kind::String => self.tokens.scan_string(None)?,
                Kind::Number => self.tokens.scan_number(None)?,
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
                            self.tokens.scan_string(None)?;
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
    pub fn end(&mut self) -> Result<(), JsonError> {
        self.tokens.skip_space()?;
        match self.tokens.peek()? {
            None => Ok(()),
            Some(_) => Err(self.tokens.syntax("data after the value")),
        }
    }

    /// Goes to the next of several documents that stand one after the other, and gives the byte that it begins with;
    /// nothing at the end of the text.
    ///
    /// # Errors
    /// When reading fails.
    pub fn next_document(&mut self) -> Result<Option<u8>, JsonError> {
        self.tokens.skip_space()?;
        self.tokens.peek()
    }

    /// An error at the current place.
    pub fn syntax(&self, what: &'static str) -> JsonError {
        self.tokens.syntax(what)
    }

    fn expect(&mut self, expected: Kind) -> Result<(), JsonError> {
        let found = self.kind()?;
        if found == expected {
            return Ok(());
        }
        Err(JsonError::Type {
            offset: self.tokens.offset,
            expected,
            found,
        })
    }

    fn push(&mut self, frame: Frame) -> Result<(), JsonError> {
        if self.open.len() >= self.tokens.rules.depth {
            return Err(JsonError::Depth {
                offset: self.tokens.offset,
                limit: self.tokens.rules.depth,
            });
        }
        self.open.push(frame);
        Ok(())
    }

    /// Moves to where the next element or member may begin, or leaves the container where it ends with `close`. One that
    /// has `started` needs a comma before the next; `expected` says so where there is none.
    fn ends(&mut self, close: u8, started: bool, expected: &'static str) -> Result<bool, JsonError> {
        self.tokens.skip_space()?;
        match (self.tokens.peek()?, started) {
            (Some(byte), _) if byte == close => {
                self.tokens.bump()?;
                self.open.pop();
                return Ok(true);
            }
            (Some(b','), true) => {
                self.tokens.bump()?;
                self.tokens.skip_space()?;
            }
            (_, true) => return Err(self.tokens.syntax(expected)),
            (_, false) => {}
        }
        Ok(false)
    }

    /// Moves to the next member's name; `false` when the object ended instead.
    fn next_member(&mut self) -> Result<bool, JsonError> {
        let started = matches!(self.open.last(), Some(Frame::Object { started: true }));
        if self.ends(b'}', started, "expected , or } in an object")? {
            return Ok(false);
        }
        match self.tokens.peek()? {
            Some(b'"') => {}
            Some(b'}') => {
                return Err(self
                    .tokens
                    .syntax("expected a member name in double quotes: no comma is allowed before the closing brace"));
            }
            _ => return Err(self.tokens.syntax("expected a member name in double quotes")),
        }
        if let Some(Frame::Object { started }) = self.open.last_mut() {
            *started = true;
        }
        Ok(true)
    }

    fn colon(&mut self) -> Result<(), JsonError> {
        self.tokens.skip_space()?;
        if self.tokens.peek()? != Some(b':') {
            return Err(self.tokens.syntax("expected : after a member name"));
        }
        self.tokens.bump()?;
        Ok(())
    }
}
