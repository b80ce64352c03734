// SPDX-License-Identifier: Apache-2.0
//! Texts as Go makes them: the server's messages quote values the way its language prints them.

use serde_json::Value;

/// A string as `%q` prints it.
pub fn quote(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{7}' => out.push_str("\\a"),
            '\u{8}' => out.push_str("\\b"),
            '\u{b}' => out.push_str("\\v"),
            '\u{c}' => out.push_str("\\f"),
            '\'' => out.push('\''),
            c if u32::from(c) < 0x80 && c.is_control() => out.push_str(&format!("\\x{:02x}", u32::from(c))),
            // What Rust escapes when it prints a string for people is what Go does not count as printable.
            c if c.escape_debug().count() > 1 && u32::from(c) > 0xffff => {
                out.push_str(&format!("\\U{:08x}", u32::from(c)));
            }
            c if c.escape_debug().count() > 1 => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// A value as `encoding/json` writes it: some characters are escaped so that browsers do not stumble over them.
pub fn json(value: &Value) -> String {
    let text = value.to_string();
    ['<', '>', '&', '\u{2028}', '\u{2029}']
        .into_iter()
        .fold(text, |text, c| text.replace(c, &format!("\\u{:04x}", u32::from(c))))
}

/// A decoded JSON value as `%v` prints it.
pub fn show(value: &Value) -> String {
    match value {
        Value::Null => "<nil>".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(items) => format!("[{}]", items.iter().map(show).collect::<Vec<_>>().join(" ")),
        Value::Object(members) => {
            let mut sorted: Vec<String> = members.iter().map(|(k, v)| format!("{k}:{}", show(v))).collect();
            sorted.sort();
            format!("map[{}]", sorted.join(" "))
        }
        other => other.to_string(),
    }
}

/// What `strconv.ParseUint` makes of a decimal number of 64 bits, or what it complains of.
pub fn parse_uint(text: &str) -> Result<u64, String> {
    let complaint = |why| Err(format!("strconv.ParseUint: parsing {}: {why}", quote(text)));
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
        return complaint("invalid syntax");
    }
    text.parse().or_else(|_| complaint("value out of range"))
}

/// What `strconv.ParseInt` makes of a decimal number of 64 bits, or what it complains of.
pub fn parse_int(text: &str) -> Result<i64, String> {
    let complaint = |why| Err(format!("strconv.ParseInt: parsing {}: {why}", quote(text)));
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return complaint("invalid syntax");
    }
    text.parse().or_else(|_| complaint("value out of range"))
}

/// Decodes padded base64 of the standard alphabet the way `encoding/base64` does: line ends are skipped, anything else
/// out of place is an error that names the byte.
pub fn decode_base64(text: &str) -> Result<Vec<u8>, String> {
    let illegal = |at: usize| Err(format!("illegal base64 data at input byte {at}"));
    let input: Vec<(usize, u8)> = text.bytes().enumerate().filter(|(_, b)| !b"\r\n".contains(b)).collect();
    let mut out = Vec::with_capacity(input.len() / 4 * 3);
    for (n, group) in input.chunks(4).enumerate() {
        let mut bits = 0u32;
        let mut digits = 0;
        for (i, (at, byte)) in group.iter().enumerate() {
            match digit(*byte) {
                Some(value) => bits |= value << (18 - 6 * i),
                None if *byte == b'=' && i >= 2 => break,
                None => return illegal(*at),
            }
            digits += 1;
        }
        let (first, _) = group[0];
        if digits < 4 {
            // Padding closes the text; a text that just stops is reported where its last group begins.
            match group.get(digits) {
                None => return illegal(first),
                Some(_) if digits == 2 && group.len() == 3 => return illegal(text.len()),
                Some((pad, _)) if digits == 2 && group[3].1 != b'=' => return illegal(*pad),
                Some(_) => {}
            }
            if let Some((at, _)) = input.get(n * 4 + 4) {
                return illegal(*at);
            }
        }
        out.extend_from_slice(&bits.to_be_bytes()[1..digits]);
    }
    Ok(out)
}

fn digit(byte: u8) -> Option<u32> {
    let value = match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    };
    Some(u32::from(value))
}
