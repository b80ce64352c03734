// SPDX-License-Identifier: Apache-2.0
//! Changes in YAML text: a few pieces are put in and cut out, and everything else keeps its bytes.
//!
//! What a piece of YAML means depends on what stands around it, so that the caller reads the result again and compares
//! before anything is replaced. What has no simple place for a change is refused.

use std::ops::Range;

use super::locate::{Entry, Member};
use crate::edit::{Change, EditError, SignatureEdit, MEMBERS};
use crate::yaml::emit;

/// A change of the text: what stands in the range becomes something else.
struct Cut {
    range: Range<usize>,
    text: String,
}

/// Applies changes to objects of one document: to the element of its `items` that is named, or to itself.
///
/// # Errors
/// When an object has no such signatures, or a change has no simple place.
pub fn edit(text: &str, changes: &[(Option<usize>, Vec<SignatureEdit>)]) -> Result<String, EditError> {
    let wanted: Vec<(Option<usize>, Vec<usize>)> = changes
        .iter()
        .map(|(item, edits)| (*item, edits.iter().map(|edit| edit.index).collect()))
        .collect();
    let entries = super::locate::entries(text, &wanted)?;
    let mut cuts = Vec::new();
    for (entry, edit) in entries.iter().zip(changes.iter().flat_map(|(_, edits)| edits)) {
        if entry.is_flow {
            flow(entry, edit, &mut cuts)?;
        } else {
            block(text, entry, edit, &mut cuts)?;
        }
    }
    // What is put in comes before what is cut out at the same place.
    cuts.sort_by_key(|cut| (cut.range.start, cut.range.end));
    let line_end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let mut out = String::with_capacity(text.len() + 1024 * changes.len());
    let mut done = 0;
    for cut in &cuts {
        // Two that are cut out may share a line end.
        let start = if cut.text.is_empty() {
            cut.range.start.max(done)
        } else {
            cut.range.start
        };
        let between = text.get(done..start).ok_or_else(|| no_place(0))?;
        out.push_str(between);
        out.push_str(&cut.text.replace('\n', line_end));
        done = cut.range.end.max(done);
    }
    out.push_str(text.get(done..).unwrap_or_default());
    Ok(out)
}

fn no_place(index: usize) -> EditError {
    EditError::Form(format!(
        "signature {} is written in a way that cannot be changed in place; write the object as oc prints it",
        index + 1
    ))
}

/// What becomes of a member.
fn fate<'e>(member: &Member, edit: &'e SignatureEdit) -> Option<&'e Change> {
    let change = edit.changes.iter().find(|(name, _)| *name == member.name);
    change.map(|(_, change)| change)
}

/// The members that are to be there and are not yet.
fn added<'e>(entry: &Entry, edit: &'e SignatureEdit) -> Vec<(&'static str, &'e serde_json::Value)> {
    let is_there = |name: &str| entry.members.iter().any(|member| member.name == name);
    MEMBERS
        .into_iter()
        .filter(|name| !is_there(name))
        .filter_map(|name| match edit.changes.iter().find(|(n, _)| *n == name) {
            Some((_, Change::Set(value))) => Some((name, value)),
            _ => None,
        })
        .collect()
}

/// Members on lines of their own.
fn block(text: &str, entry: &Entry, edit: &SignatureEdit, cuts: &mut Vec<Cut>) -> Result<(), EditError> {
    let refused = || no_place(edit.index);
    let members = &entry.members;
    let column = members.first().ok_or_else(refused)?.column;
    let is_kept = |member: &Member| !matches!(fate(member, edit), Some(Change::Remove));
    // Members before this one are cut out together.
    let mut next = 0;
    for (n, member) in members.iter().enumerate() {
        let Some(change) = fate(member, edit).filter(|_| n >= next) else {
            continue;
        };
        if member.is_explicit {
            return Err(refused());
        }
        let (range, text) = match change {
            Change::Set(value) => (member.start..member.end, emit::member(&member.name, value, column)),
            Change::Remove if shares_line(text, member) => {
                next = n + members[n..].iter().position(is_kept).ok_or_else(refused)?;
                (member.start..members[next].start, String::new())
            }
            Change::Remove => (lines_of(text, member).ok_or_else(refused)?, String::new()),
        };
        cuts.push(Cut { range, text });
    }
    let added = added(entry, edit);
    if added.is_empty() {
        return Ok(());
    }
    let indent = " ".repeat(column);
    let lines: Vec<String> = added
        .iter()
        .map(|(name, value)| emit::member(name, value, column))
        .collect();
    let last = members.iter().rfind(|member| is_kept(member));
    if let Some(at) = last.and_then(|member| end_of_line(text, member)) {
        let text = lines.iter().map(|line| format!("\n{indent}{line}")).collect();
        cuts.push(Cut { range: at..at, text });
        return Ok(());
    }
    // The end of the last member is hard to tell, the beginning of the first one is not.
    let first = &members[0];
    let before = &text[line_start(text, first.start)..first.start];
    if first.is_explicit || !before.bytes().all(|b| matches!(b, b' ' | b'-')) {
        return Err(refused());
    }
    let text = lines.iter().map(|line| format!("{line}\n{indent}")).collect();
    let at = first.start;
    cuts.push(Cut { range: at..at, text });
    Ok(())
}

fn line_start(text: &str, at: usize) -> usize {
    text[..at].rfind('\n').map_or(0, |n| n + 1)
}

/// Where the line ends that a member ends on, if nothing but a comment follows on it; without the line end itself.
fn end_of_line(text: &str, member: &Member) -> Option<usize> {
    if member.is_explicit || member.ends_in_block_scalar {
        return None;
    }
    let rest = &text[member.end..];
    let line = rest.split('\n').next().unwrap_or_default();
    let line = line.strip_suffix('\r').unwrap_or(line);
    let is_comment = line.starts_with([' ', '\t']) && line.trim_start().starts_with('#');
    (line.trim().is_empty() || is_comment).then_some(member.end + line.len())
}

/// Whether a member stands on the line of a dash.
fn shares_line(text: &str, member: &Member) -> bool {
    !text[line_start(text, member.start)..member.start]
        .bytes()
        .all(|b| b == b' ')
}

/// The lines of a member, if nothing but a comment follows on the last one.
fn lines_of(text: &str, member: &Member) -> Option<Range<usize>> {
    let start = line_start(text, member.start);
    let rest = &text[member.end..];
    let line = rest.find('\n').map_or(rest, |n| &rest[..=n]);
    let is_comment = line.starts_with([' ', '\t']) && line.trim_start().starts_with('#');
    if !line.trim().is_empty() && !is_comment {
        return None;
    }
    let end = member.end + line.len();
    if !line.ends_with('\n') && start > 0 {
        // The last line of a file that does not end in a line end.
        return Some(start - 1..end);
    }
    Some(start..end)
}

/// Members in braces: what is new is in braces too.
fn flow(entry: &Entry, edit: &SignatureEdit, cuts: &mut Vec<Cut>) -> Result<(), EditError> {
    let refused = || no_place(edit.index);
    let members = &entry.members;
    let is_kept = |member: &Member| !matches!(fate(member, edit), Some(Change::Remove));
    let last = members.iter().rposition(is_kept).ok_or_else(refused)?;
    let mut removed_from = None;
    for (n, member) in members.iter().enumerate() {
        if !is_kept(member) {
            removed_from.get_or_insert(if n > last { members[last].end } else { member.start });
            continue;
        }
        // Up to the next one that stays, so that the comma goes too.
        if let Some(start) = removed_from.take() {
            let (range, text) = (start..member.start, String::new());
            cuts.push(Cut { range, text });
        }
        if let Some(Change::Set(value)) = fate(member, edit) {
            let text = format!("{}: {}", emit::flow(&member.name.clone().into()), emit::flow(value));
            let range = member.start..member.end;
            cuts.push(Cut { range, text });
        }
    }
    let at = members[last].end;
    if let (Some(start), Some(end)) = (removed_from, members.last()) {
        let (range, text) = (start..end.end, String::new());
        cuts.push(Cut { range, text });
    }
    let text: String = added(entry, edit)
        .iter()
        .map(|(name, value)| format!(", {}: {}", emit::flow(&(*name).into()), emit::flow(value)))
        .collect();
    if !text.is_empty() {
        let range = at..at;
        cuts.push(Cut { range, text });
    }
    Ok(())
}
