// SPDX-License-Identifier: Apache-2.0
//! Changes in YAML text.

use crate::record::edit::{rebuild, Error, Piece, SignatureEdit};
use crate::yaml::emit::member;
use crate::yaml::{Content, Member, Node};

/// Applies changes to one object of a file and gives the whole text anew, up to and including that object, starting
/// from `done`; what was written up to there is kept in `out`.
///
/// # Errors
/// When the object has no such signatures.
pub fn edit(
    text: &str,
    object: &Node,
    edits: &[SignatureEdit],
    out: &mut String,
    done: &mut usize,
) -> Result<(), Error> {
    let signatures = object.get("signatures");
    let mut edits: Vec<&SignatureEdit> = edits.iter().collect();
    edits.sort_by_key(|edit| edit.index);
    for edit in edits {
        let entry = signatures
            .and_then(|signatures| signatures.at(edit.index))
            .ok_or_else(|| Error::Form(format!("it has no signature {}", edit.index + 1)))?;
        let Content::Mapping { members, flow } = &entry.content else {
            return Err(Error::Form(format!("signature {} is no mapping", edit.index + 1)));
        };
        if *flow {
            edit_flow(text, entry, members, edit, out, done);
        } else {
            edit_block(text, entry, members, edit, out, done);
        }
    }
    Ok(())
}

/// Members on lines of their own. A member's text reaches to the next one, comments between them included.
fn edit_block(text: &str, entry: &Node, members: &[Member], edit: &SignatureEdit, out: &mut String, done: &mut usize) {
    let (Some(first), end) = (members.first(), entry.place.end) else {
        return;
    };
    let ends = members.iter().skip(1).map(|m| m.start).chain([end]);
    let pieces: Vec<Piece<'_>> = members
        .iter()
        .zip(ends)
        .map(|(m, end)| Piece {
            name: m.name.clone(),
            text: text[m.start..end].trim_end(),
        })
        .collect();
    let column = first.column;
    let rebuilt = rebuild(&pieces, edit, |name, value| member(name, value, column));
    out.push_str(&text[*done..first.start]);
    out.push_str(&rebuilt.join(&format!("\n{}", " ".repeat(column))));
    // A block scalar at the end takes its line end with it.
    *done = first.start + text[first.start..end].trim_end().len();
}

/// Members in braces: what is new is written as JSON, which is YAML too.
fn edit_flow(text: &str, entry: &Node, members: &[Member], edit: &SignatureEdit, out: &mut String, done: &mut usize) {
    let pieces: Vec<Piece<'_>> = members
        .iter()
        .map(|m| Piece {
            name: m.name.clone(),
            text: &text[m.start..m.value.place.end],
        })
        .collect();
    let rebuilt = rebuild(&pieces, edit, |name, value| {
        format!("{}: {value}", serde_json::Value::from(name))
    });
    out.push_str(&text[*done..entry.place.start]);
    out.push('{');
    out.push_str(&rebuilt.join(", "));
    out.push('}');
    *done = entry.place.end;
}
