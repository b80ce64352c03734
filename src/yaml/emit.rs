// SPDX-License-Identifier: Apache-2.0
//! Writing values as YAML in block style, so that every reader, YAML 1.1 or 1.2, gets the same values back.

use serde_json::Value;

use crate::text::is_unsafe;

/// A value as one whole YAML document that ends with a line break.
#[must_use]
pub fn document(value: &Value) -> String {
    let mut out = String::new();
    block(&mut out, value, 0);
    if !out.ends_with('\n') {
        out.push('\n');
    }
    out
}

/// `name: value` for a mapping whose members begin in `column`, without an indentation before it or a line end after.
#[must_use]
pub fn member(name: &str, value: &Value, column: usize) -> String {
    let mut out = String::new();
    write_member(&mut out, name, value, column);
    out.truncate(out.trim_end_matches('\n').len());
    out
}

/// A value as an element of a list whose dashes stand in the first column.
#[must_use]
pub fn element(value: &Value) -> String {
    let mut out = String::from("- ");
    block(&mut out, value, 2);
    out
}

/// A value on one line, in brackets and braces where it is a collection.
#[must_use]
pub fn flow(value: &Value) -> String {
    match value {
        Value::String(text) => scalar(text),
        Value::Array(elements) => {
            let elements: Vec<String> = elements.iter().map(flow).collect();
            format!("[{}]", elements.join(", "))
        }
        Value::Object(members) => {
            let members: Vec<String> = members
                .iter()
                .map(|(name, value)| {
                    let name = scalar(name);
                    let mark = if name.len() > MAX_SIMPLE_KEY { "? " } else { "" };
                    format!("{mark}{name}: {}", flow(value))
                })
                .collect();
            format!("{{{}}}", members.join(", "))
        }
        other => other.to_string(),
    }
}

/// Longest name, as it is written, before a plain colon, in bytes. YAML allows 1,024 characters.
const MAX_SIMPLE_KEY: usize = 1000;

/// Writes a name and the colon behind it, in the long form where readers would not take the short one; which it was.
fn write_name(out: &mut String, name: &str, column: usize) -> bool {
    let name = scalar(name);
    let is_long = name.len() > MAX_SIMPLE_KEY;
    if is_long {
        out.push_str("? ");
    }
    out.push_str(&name);
    if is_long {
        out.push('\n');
        indent(out, column);
    }
    out.push(':');
    is_long
}

fn write_member(out: &mut String, name: &str, value: &Value, column: usize) {
    let is_long = write_name(out, name, column);
    match value {
        Value::Object(members) if !members.is_empty() => {
            out.push('\n');
            indent(out, column + 2);
            block(out, value, column + 2);
        }
        // As oc writes it: the dashes stand under the name.
        Value::Array(elements) if !elements.is_empty() => {
            let column = if is_long { column + 2 } else { column };
            out.push('\n');
            indent(out, column);
            block(out, value, column);
        }
        _ => {
            out.push(' ');
            block(out, value, column);
        }
    }
}

/// Writes a value whose first character stands in `column` already.
fn block(out: &mut String, value: &Value, column: usize) {
    match value {
        Value::Object(members) if !members.is_empty() => {
            for (n, (name, member)) in members.iter().enumerate() {
                if n > 0 {
                    indent(out, column);
                }
                write_member(out, name, member, column);
            }
        }
        Value::Array(elements) if !elements.is_empty() => {
            for (n, element) in elements.iter().enumerate() {
                if n > 0 {
                    indent(out, column);
                }
                out.push_str("- ");
                block(out, element, column + 2);
            }
        }
        Value::Object(_) => out.push_str("{}\n"),
        Value::Array(_) => out.push_str("[]\n"),
        Value::String(text) => {
            out.push_str(&scalar(text));
            out.push('\n');
        }
        other => {
            out.push_str(&other.to_string());
            out.push('\n');
        }
    }
}

fn indent(out: &mut String, column: usize) {
    out.extend(std::iter::repeat_n(' ', column));
}

/// Plain where nothing can be mistaken, in double quotes otherwise.
fn scalar(text: &str) -> String {
    /// Words that some version of YAML takes for something else than text.
    const WORDS: [&str; 11] = [
        "true", "false", "yes", "no", "on", "off", "y", "n", "null", "nan", "inf",
    ];
    let plain = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '_' | '-'))
        && !WORDS.contains(&text.to_ascii_lowercase().as_str());
    if plain {
        return text.to_owned();
    }
    let mut out = String::from('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c if is_unsafe(c) && (c as u32) < 0x1_0000 => out.push_str(&format!("\\u{:04x}", c as u32)),
            c if is_unsafe(c) => out.push_str(&format!("\\U{:08x}", c as u32)),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_written_reads_back() {
        let value = json!({
            "plain": "a-b/c.d", "word": "yes", "number": 12, "text number": "12", "empty": "", "none": null,
            "time": "2026-01-02T03:04:05Z", "escapes": "a\"b\\c\n\u{1b}\u{202e}", "colon": "a: b", "dash": "- a",
            "list": [1, [2, "x"], {"a": {"b": []}, "c": {}}, []], "unicode": "Zoë",
        });
        let text = document(&value);
        let stream = crate::yaml::parse(&text).unwrap();
        assert_eq!(stream.documents.len(), 1);
        assert_eq!(stream.documents[0].value(), value, "{text}");
    }

    #[test]
    fn names_longer_than_yaml_allows_before_a_colon_read_back() {
        for length in [990, 1000, 1100, 5000] {
            let name = "a".repeat(length);
            let quoted = "a b".repeat(length / 3);
            let value = json!({
                name.clone(): "text", quoted.clone(): {"b": {"c": 1}, name.clone(): [1, {quoted.clone(): null}]}, "d": [{name: {}}],
            });
            let text = document(&value);
            assert_eq!(crate::yaml::parse(&text).unwrap().documents[0].value(), value, "{text}");
            let text = flow(&value);
            assert_eq!(crate::yaml::parse(&text).unwrap().documents[0].value(), value, "{text}");
        }
    }
}
