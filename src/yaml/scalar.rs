// SPDX-License-Identifier: Apache-2.0
//! What scalars mean: as the YAML reader of `kubectl` takes them, which is YAML 1.1 for words and numbers.

use std::borrow::Cow;

use base64::Engine as _;
use saphyr_parser::{ScalarStyle, Tag};
use serde_json::{Number, Value};

/// The value of a scalar.
///
/// # Errors
/// When it is tagged as binary and is not base64 of text.
pub(super) fn value(text: Cow<'_, str>, style: ScalarStyle, tag: Option<&Tag>) -> Result<Value, &'static str> {
    match tag
        .filter(|tag| tag.is_yaml_core_schema())
        .map(|tag| tag.suffix.as_str())
    {
        Some("str") => Ok(Value::String(text.into_owned())),
        Some("binary") => binary(&text).map(Value::String),
        Some("int" | "float" | "bool" | "null") => Ok(resolve(&text)),
        // A tag of another kind, and "!", say that it is text; so do quotes.
        _ if style == ScalarStyle::Plain && tag.is_none() => Ok(resolve(&text)),
        _ => Ok(Value::String(text.into_owned())),
    }
}

/// Whether a plain scalar is the key that merges another mapping.
pub(super) fn is_merge(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> bool {
    text == "<<" && style == ScalarStyle::Plain && tag.is_none_or(|tag| tag.suffix == "merge")
}

fn binary(text: &str) -> Result<String, &'static str> {
    let digits: String = text.split_ascii_whitespace().collect();
    let bytes = base64::engine::general_purpose::STANDARD.decode(digits);
    let bytes = bytes.map_err(|_| "a value tagged as binary is not base64")?;
    String::from_utf8(bytes).map_err(|_| "a value tagged as binary is not text")
}

/// The value of a plain scalar, by the rules of kubectl.
pub(super) fn resolve(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" | "y" | "Y" => return Value::Bool(true),
        "false" | "False" | "FALSE" | "no" | "No" | "NO" | "off" | "Off" | "OFF" | "n" | "N" => {
            return Value::Bool(false)
        }
        _ => {}
    }
    number(text).map_or_else(|| Value::String(text.to_owned()), Value::Number)
}

fn number(text: &str) -> Option<Number> {
    if !text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.')) {
        return None;
    }
    let plain = text.replace('_', "");
    integer(&plain).or_else(|| float(&plain))
}

fn integer(text: &str) -> Option<Number> {
    let (is_negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (base, digits) = match digits.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, &digits[2..]),
        [b'0', b'b' | b'B', ..] => (2, &digits[2..]),
        [b'0', b'o' | b'O', ..] => (8, &digits[2..]),
        [b'0', _, ..] => (8, &digits[1..]),
        _ => (10, digits),
    };
    // The parser of Rust would take a second sign.
    if !digits.starts_with(|c: char| c.is_digit(base)) {
        return None;
    }
    let size = u64::from_str_radix(digits, base).ok()?;
    if is_negative {
        0_i64.checked_sub_unsigned(size).map(Number::from)
    } else {
        Some(Number::from(size))
    }
}

/// A number of the form `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`.
fn float(text: &str) -> Option<Number> {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let whole = digits(unsigned);
    let mut rest = &unsigned[whole..];
    if let Some(fraction) = rest.strip_prefix('.') {
        let length = digits(fraction);
        if whole == 0 && length == 0 {
            return None;
        }
        rest = &fraction[length..];
    } else if whole == 0 {
        return None;
    }
    if let Some(exponent) = rest.strip_prefix(['e', 'E']) {
        let exponent = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
        if exponent.is_empty() || digits(exponent) != exponent.len() {
            return None;
        }
    } else if !rest.is_empty() {
        return None;
    }
    text.parse::<f64>().ok().and_then(Number::from_f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn words_and_numbers_are_those_of_kubectl() {
        for (text, value) in [
            ("0123", json!(83)),
            ("1_000", json!(1000)),
            ("yes", json!(true)),
            ("n", json!(false)),
            ("0x10", json!(16)),
            ("-0x10", json!(-16)),
            ("0o17", json!(15)),
            ("0b11", json!(3)),
            ("1.", json!(1.0)),
            ("+12", json!(12)),
            ("-9223372036854775808", json!(i64::MIN)),
            ("18446744073709551615", json!(u64::MAX)),
            ("09", json!(9.0)),
            (".5", json!(0.5)),
            ("1e3", json!(1000.0)),
            ("~", json!(null)),
        ] {
            assert_eq!(resolve(text), value, "{text}");
        }
        for text in [
            "2020-01-01",
            "1:20",
            "-",
            "+",
            ".",
            "-.",
            "1e",
            "0x",
            "0xg",
            "++1",
            "1.2.3",
            "e3",
            "nan",
            ".e1",
        ] {
            assert_eq!(resolve(text), json!(text), "{text}");
        }
    }
}
