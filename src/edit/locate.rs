// SPDX-License-Identifier: Apache-2.0
//! Where the members of signatures stand in a YAML document.

use std::collections::HashMap;

use saphyr_parser::{Event, Parser, ScalarStyle, Span};

use crate::edit::EditError;
use crate::json::MAX_DEPTH;
use crate::yaml::Offsets;

/// An entry of `signatures`.
#[derive(Debug)]
pub(super) struct Entry {
    /// Its members, in order.
    pub(super) members: Vec<Member>,
    /// Whether it is written in braces.
    pub(super) is_flow: bool,
}

/// A member of an entry.
#[derive(Debug)]
pub(super) struct Member {
    /// The name as it reads, without escapes.
    pub(super) name: String,
    /// Where its name begins, in bytes.
    pub(super) start: usize,
    /// Column of that, in characters from 0.
    pub(super) column: usize,
    /// Where its value ends, without white space and comments after it.
    pub(super) end: usize,
    /// Whether it is written as `? name`.
    pub(super) is_explicit: bool,
    /// Whether the last thing in it is a block scalar, which may go on in blank lines.
    pub(super) ends_in_block_scalar: bool,
}

/// Finds entries by the elements of `items` that they stand in and their indices, in the order in which
/// they are asked for.
///
/// # Errors
/// When the document has anchors or one of them is not there.
pub(super) fn entries(text: &str, wanted: &[(Option<usize>, Vec<usize>)]) -> Result<Vec<Entry>, EditError> {
    let mut walk = Walk {
        parser: Parser::new_from_str(text),
        offsets: Offsets::new(text),
        text,
        end: 0,
        ends_in_block_scalar: false,
    };
    let mut found: HashMap<(Option<usize>, usize), Entry> = HashMap::new();
    let wanted_in: HashMap<Option<usize>, &[usize]> = wanted
        .iter()
        .map(|(item, indices)| (*item, indices.as_slice()))
        .collect();
    let first = loop {
        match walk.next()? {
            (Event::StreamStart | Event::DocumentStart(_) | Event::Nothing, _) => {}
            first => break first,
        }
    };
    match wanted_in.get(&None) {
        Some(indices) => walk.object(first, &mut |n, entry| {
            if indices.contains(&n) {
                found.insert((None, n), entry);
            }
        })?,
        None => walk.members(first, 0, &mut |walk, name, value| {
            if name.name != "items" {
                return walk.skip(value, 1);
            }
            walk.elements(value, 1, &mut |walk, item, value| match wanted_in.get(&Some(item)) {
                None => walk.skip(value, 2),
                Some(indices) => walk.object(value, &mut |n, entry| {
                    if indices.contains(&n) {
                        found.insert((Some(item), n), entry);
                    }
                }),
            })
        })?,
    }
    let mut entries = Vec::new();
    for (item, indices) in wanted {
        for index in indices {
            let entry = found.remove(&(*item, *index));
            entries.push(entry.ok_or_else(|| EditError::Form(format!("it has no signature {}", index + 1)))?);
        }
    }
    Ok(entries)
}

/// The event that a node begins with.
type First<'t> = (Event<'t>, Span);

struct Walk<'t> {
    parser: Parser<'t, saphyr_parser::StrInput<'t>>,
    offsets: Offsets<'t>,
    text: &'t str,
    /// Where what was read so far ends, in bytes.
    end: usize,
    ends_in_block_scalar: bool,
}

impl<'t> Walk<'t> {
    fn next(&mut self) -> Result<First<'t>, EditError> {
        let event = self.parser.next();
        let event = event.ok_or_else(|| EditError::Form("the text ends early".into()))?;
        let (event, span) = event.map_err(|error| EditError::Form(error.to_string()))?;
        let is_anchored = match &event {
            Event::Alias(_) => true,
            Event::Scalar(_, _, anchor, _) | Event::SequenceStart(anchor, _) | Event::MappingStart(anchor, _) => {
                *anchor != 0
            }
            _ => false,
        };
        if is_anchored {
            return Err(EditError::Anchors);
        }
        let (start, end) = (
            self.offsets.byte(span.start.index()),
            self.offsets.byte(span.end.index()),
        );
        match &event {
            Event::Scalar(value, style, ..) => {
                let text = self.text.get(start..end).unwrap_or_default();
                match style {
                    // Nothing stands there: its place is that of what follows.
                    ScalarStyle::Plain if value.is_empty() => self.pass_over_sign(),
                    ScalarStyle::SingleQuoted => self.end = start + quoted(text, '\''),
                    ScalarStyle::DoubleQuoted => self.end = start + quoted(text, '"'),
                    _ => self.end = start + text.trim_end().len(),
                }
                self.ends_in_block_scalar = matches!(style, ScalarStyle::Literal | ScalarStyle::Folded);
            }
            // The ends of block collections are places without text.
            Event::SequenceEnd | Event::MappingEnd if end > start => {
                self.end = end;
                self.ends_in_block_scalar = false;
            }
            _ => {}
        }
        Ok((event, span))
    }

    /// An empty value ends with the sign that it follows.
    fn pass_over_sign(&mut self) {
        let rest = self.text.get(self.end..).unwrap_or_default();
        let sign = rest.trim_start();
        if sign.starts_with([':', '-', '?']) {
            self.end += rest.len() - sign.len() + 1;
        }
    }

    /// Passes over a node.
    fn skip(&mut self, first: First<'t>, depth: usize) -> Result<(), EditError> {
        let mut open = 0_usize;
        let mut event = first.0;
        loop {
            match event {
                Event::SequenceStart(..) | Event::MappingStart(..) => open += 1,
                Event::SequenceEnd | Event::MappingEnd => open = open.saturating_sub(1),
                _ => {}
            }
            if open == 0 {
                return Ok(());
            }
            if depth + open > MAX_DEPTH {
                return Err(EditError::Form("nested too deep".into()));
            }
            event = self.next()?.0;
        }
    }

    /// Hands out each member of a mapping, with the event that its value begins with; passes over what is not a mapping.
    fn members(
        &mut self,
        first: First<'t>,
        depth: usize,
        each: &mut dyn FnMut(&mut Self, Member, First<'t>) -> Result<(), EditError>,
    ) -> Result<(), EditError> {
        if !matches!(first.0, Event::MappingStart(..)) {
            return self.skip(first, depth);
        }
        loop {
            let (event, span) = self.next()?;
            let name = match &event {
                Event::MappingEnd => return Ok(()),
                Event::Scalar(text, ..) => text.to_string(),
                _ => return Err(EditError::Form("a mapping key is not a string".into())),
            };
            let start = self.offsets.byte(span.start.index());
            let before = self.text.get(..start).unwrap_or_default();
            let before = before.rsplit('\n').next().unwrap_or_default().trim_end();
            let member = Member {
                name,
                start,
                column: span.start.col(),
                end: self.end,
                is_explicit: before.ends_with('?'),
                ends_in_block_scalar: false,
            };
            let value = self.next()?;
            each(self, member, value)?;
        }
    }

    /// Hands out each element of a sequence; passes over everything else.
    fn elements(
        &mut self,
        first: First<'t>,
        depth: usize,
        each: &mut dyn FnMut(&mut Self, usize, First<'t>) -> Result<(), EditError>,
    ) -> Result<(), EditError> {
        if !matches!(first.0, Event::SequenceStart(..)) {
            return self.skip(first, depth);
        }
        for index in 0.. {
            let element = self.next()?;
            if matches!(element.0, Event::SequenceEnd) {
                break;
            }
            each(self, index, element)?;
        }
        Ok(())
    }

    /// Hands out the entries of an object's `signatures`.
    fn object(&mut self, first: First<'t>, each: &mut dyn FnMut(usize, Entry)) -> Result<(), EditError> {
        self.members(first, 2, &mut |walk, name, value| {
            if name.name != "signatures" {
                return walk.skip(value, 3);
            }
            walk.elements(value, 3, &mut |walk, index, value| {
                let mut members = Vec::new();
                let start = walk.offsets.byte(value.1.start.index());
                walk.members(value, 4, &mut |walk, mut member, value| {
                    walk.skip(value, 5)?;
                    member.end = walk.end;
                    member.ends_in_block_scalar = walk.ends_in_block_scalar;
                    members.push(member);
                    Ok(())
                })?;
                let first = members.first().map_or(start, |member| member.start);
                let before = walk.text.get(start..first).unwrap_or_default();
                let is_flow = before.contains('{');
                each(index, Entry { members, is_flow });
                Ok(())
            })
        })
    }
}

/// Where a quoted scalar ends; its place reaches to what follows, comments included.
fn quoted(text: &str, quote: char) -> usize {
    let mut characters = text.char_indices().skip_while(|(_, c)| *c != quote).skip(1).peekable();
    while let Some((at, c)) = characters.next() {
        if c == '\\' && quote == '"' {
            characters.next();
        } else if c == quote {
            // Two single quotes stand for one.
            if quote == '"' || characters.next_if(|(_, c)| *c == quote).is_none() {
                return at + 1;
            }
        }
    }
    text.trim_end().len()
}
