// SPDX-License-Identifier: Apache-2.0
//! Changing generated objects in YAML and JSON: the text either says the same as before but for the change, or the
//! change is refused. The generator knows what it wrote, so that neither reader nor editor is its own judge.

use image_signature::edit::{self, Change, SignatureEdit, MEMBERS};
use image_signature::{json, yaml};
use serde_json::{json, Map, Value};

use super::generator::{rounds, seed, Generator};

/// Text of a value and the value.
struct Written {
    text: String,
    value: Value,
}

const WORDS: [&str; 12] = [
    "a",
    "text",
    "two words",
    "☃ 🐳",
    "true",
    "12",
    "",
    " x ",
    "a: b",
    "# no comment",
    "it's \"so\"",
    "- dash",
];

/// A scalar in one of the styles that can hold it. `column` is where its parent's members begin.
fn scalar(random: &mut Generator, column: usize, is_flow: bool) -> Written {
    let word = random.pick(&WORDS);
    let indent = " ".repeat(column + 2);
    let quoted = |text: &str| Written {
        text: Value::from(text).to_string(),
        value: text.into(),
    };
    match random.below(if is_flow { 5 } else { 9 }) {
        0 => quoted(word),
        1 => Written {
            text: format!("'{}'", word.replace('\'', "''")),
            value: word.into(),
        },
        2 => Written {
            text: "plain".into(),
            value: "plain".into(),
        },
        3 => Written {
            text: "17".into(),
            value: json!(17),
        },
        4 => Written {
            text: String::new(),
            value: Value::Null,
        },
        5 => Written {
            text: format!("|\n{indent}one\n{indent}  two\n"),
            value: "one\n  two\n".into(),
        },
        6 => Written {
            text: format!("|+\n{indent}one\n\n\n"),
            value: "one\n\n\n".into(),
        },
        7 => Written {
            text: format!(">-\n{indent}one\n{indent}two\n\n"),
            value: "one two".into(),
        },
        _ => Written {
            text: format!("plain\n{indent}text"),
            value: "plain text".into(),
        },
    }
}

fn flow(random: &mut Generator, depth: usize) -> Written {
    match random.below(if depth == 0 { 1 } else { 3 }) {
        0 => {
            let mut scalar = scalar(random, 0, true);
            if scalar.value.is_null() {
                scalar.text = "~".into();
            }
            scalar
        }
        1 => {
            let elements: Vec<Written> = (0..random.below(3)).map(|_| flow(random, depth - 1)).collect();
            let texts: Vec<&str> = elements.iter().map(|e| e.text.as_str()).collect();
            Written {
                text: format!("[{}]", texts.join(", ")),
                value: elements.iter().map(|e| e.value.clone()).collect(),
            }
        }
        _ => {
            let members: Vec<(String, Written)> = (0..random.below(3))
                .map(|n| (format!("f{n}"), flow(random, depth - 1)))
                .collect();
            mapping_in_braces(random, &members)
        }
    }
}

fn mapping_in_braces(random: &mut Generator, members: &[(String, Written)]) -> Written {
    let texts: Vec<String> = members
        .iter()
        .map(|(name, value)| format!("{name}: {}", value.text))
        .collect();
    let comma = if random.below(3) == 0 && !members.is_empty() {
        ","
    } else {
        ""
    };
    let space = ["", " ", "\n      "][random.below(3)];
    Written {
        text: format!("{{{}{comma}{space}}}", texts.join(", ")),
        value: object(members),
    }
}

fn object(members: &[(String, Written)]) -> Value {
    let members: Map<String, Value> = members
        .iter()
        .map(|(name, value)| (name.clone(), value.value.clone()))
        .collect();
    Value::Object(members)
}

/// Members on lines of their own; the text begins with the first name and ends with a line end.
fn block(random: &mut Generator, members: &[(String, Written)], column: usize) -> Written {
    let indent = " ".repeat(column);
    let mut text = String::new();
    for (n, (name, value)) in members.iter().enumerate() {
        if n > 0 {
            text += &indent;
        }
        let space = if value.text.is_empty() { "" } else { " " };
        text += &format!("{name}:{space}{}", value.text);
        let is_line = !text.ends_with('\n');
        if is_line && !value.text.contains('\n') && random.below(5) == 0 {
            text += " # comment";
        }
        if is_line {
            text.push('\n');
        }
        if random.below(8) == 0 && !value.text.starts_with(['|', '>']) && !value.text.starts_with("plain\n") {
            text += &format!("{indent}# between\n");
        }
    }
    Written {
        text,
        value: object(members),
    }
}

/// An entry of `signatures` with members of any kind, those that are recorded among them.
fn members(random: &mut Generator, column: usize, is_flow: bool) -> Vec<(String, Written)> {
    let mut names = vec!["type".to_owned(), "content".into(), "note".into(), "x".into()];
    names.extend(
        MEMBERS
            .iter()
            .filter(|_| random.below(3) == 0)
            .map(|name| (*name).to_owned()),
    );
    let mut members = Vec::new();
    while !names.is_empty() {
        let name = names.swap_remove(random.below(names.len()));
        let value = match random.below(3) {
            0 => flow(random, 2),
            _ => scalar(random, column, is_flow),
        };
        members.push((name, value));
    }
    members
}

fn changes(random: &mut Generator) -> Vec<(&'static str, Change)> {
    let mut changes = Vec::new();
    for name in MEMBERS {
        match random.below(3) {
            0 => changes.push((name, Change::Remove)),
            1 => {
                let value = json!([{"type": "Trusted", "message": "a: \"b\" # c"}, {}]);
                let value = if name == "conditions" {
                    value
                } else {
                    json!({"name": "x: y", "n": "1"})
                };
                changes.push((name, Change::Set(value)));
            }
            _ => {}
        }
    }
    changes
}

#[test]
fn changed_yaml_says_the_same_but_for_the_change() {
    let mut random = Generator::new(seed());
    let (mut changed, mut refused) = (0, 0);
    for _ in 0..rounds(4_000) {
        let mut entries = Vec::new();
        let mut text = String::from("kind: Image\nsignatures:\n");
        for _ in 0..=random.below(3) {
            let entry = if random.below(3) == 0 {
                let members = members(&mut random, 4, true);
                let entry = mapping_in_braces(&mut random, &members);
                text += &format!("- {}\n", entry.text);
                entry
            } else {
                let members = members(&mut random, 2, false);
                let entry = block(&mut random, &members, 2);
                text += &format!("- {}", entry.text);
                entry
            };
            entries.push(entry.value);
        }
        if random.below(2) == 0 {
            text += "after: all\n";
        }
        let crlf = random.below(4) == 0;
        if crlf {
            text = text.replace('\n', "\r\n");
        }
        let index = random.below(entries.len());
        let edit = SignatureEdit {
            index,
            changes: changes(&mut random),
        };
        let read = |text: &str| yaml::parse(text).map(|stream| stream.documents[0].value());
        let before = read(&text).unwrap_or_else(|error| panic!("the generator is wrong: {error}\n{text}"));
        assert_eq!(before["signatures"], Value::from(entries), "{text}");
        let mut wanted = before.clone();
        edit.apply(&mut wanted);
        let Ok(new) = edit::yaml::edit(&text, &[(None, vec![edit.clone()])]) else {
            refused += 1;
            continue;
        };
        // What reads back as something else is refused by the caller; here it is counted, so that it stays rare.
        match read(&new) {
            Ok(after) if after == wanted => {
                changed += 1;
                assert!(!crlf || !new.replace("\r\n", "").contains('\n'), "{new:?}");
            }
            _ => refused += 1,
        }
    }
    println!("{changed} changed, {refused} refused");
    assert!(refused * 20 < changed, "{refused} of {} are refused", changed + refused);
}

#[test]
fn changed_json_says_the_same_but_for_the_change() {
    let mut random = Generator::new(seed());
    for _ in 0..rounds(4_000) {
        let entries: Vec<Value> = (0..=random.below(3))
            .map(|_| object(&members(&mut random, 0, true)))
            .collect();
        let before = json!({"a": [1, {"signatures": [{}]}], "signatures": entries, "z": "é\u{1f433}\\\""});
        let text = match random.below(4) {
            0 => before.to_string(),
            1 => format!("{before:#}"),
            2 => format!("{before:#}").replace('\n', "\r\n").replace("  ", "\t"),
            _ => before.to_string().replace(",\"", " ,\n\"").replace("\":", "\" : "),
        };
        if json::parse(text.as_bytes()).ok().as_ref() != Some(&before) {
            // A replacement met the inside of a string.
            continue;
        }
        let edit = SignatureEdit {
            index: random.below(entries.len()),
            changes: changes(&mut random),
        };
        let mut wanted = before.clone();
        edit.apply(&mut wanted);
        let new = edit::json::edit(&text, std::slice::from_ref(&edit)).unwrap();
        assert_eq!(json::parse(new.as_bytes()).unwrap(), wanted, "{text}\nbecame\n{new}");
        // Everything before and after the entry keeps its bytes.
        assert_eq!(new.split("signatures\"").count(), text.split("signatures\"").count());
    }
}

#[test]
fn what_is_to_be_recorded_comes_back_from_where_it_is_kept() {
    let mut random = Generator::new(seed());
    for _ in 0..rounds(1_000) {
        let edit = SignatureEdit {
            index: random.below(200),
            changes: changes(&mut random),
        };
        assert_eq!(SignatureEdit::from_json(&edit.to_json()), Some(edit));
    }
}
