// SPDX-License-Identifier: Apache-2.0
//! The header `Warning` (RFC 7234 section 5.5).

use crate::text::safe;

/// The texts of warnings with code 299; others have no meaning for Kubernetes. What follows a malformed one is lost.
pub(super) fn texts(header: &str) -> Vec<String> {
    let (mut texts, mut rest) = (Vec::new(), header);
    while let Some((code, text, more)) = warning(rest) {
        if code == "299" && !text.is_empty() {
            texts.push(safe(&text));
        }
        rest = more.trim_start_matches([' ', '\t', ',']);
    }
    texts
}

/// Code, text, and what follows: `299 agent "text" "date", ...`. The date may be missing.
fn warning(header: &str) -> Option<(&str, String, &str)> {
    let (code, rest) = header.trim_start().split_once(' ')?;
    let (_agent, rest) = rest.split_once(' ')?;
    let (text, rest) = quoted(rest)?;
    let rest = quoted(rest).map_or(rest, |(_date, rest)| rest);
    Some((code, text, rest))
}

/// A quoted string and what follows it.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut characters = text.trim_start().strip_prefix('"')?.chars();
    let mut inner = String::new();
    loop {
        match characters.next()? {
            '"' => return Some((inner, characters.as_str())),
            '\\' => inner.push(characters.next()?),
            c => inner.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warnings_of_kubernetes() {
        assert_eq!(texts(r#"299 - "a \"b\" \\c""#), [r#"a "b" \c"#]);
        assert_eq!(
            texts("299 - \"x\u{9b}\" \"Thu, 01 Jan 1970 00:00:00 GMT\""),
            ["x\\u{9b}"]
        );
        assert_eq!(
            texts(r#"299 - "a, b" "date", 199 x "no", 299 agent "c",299 - "d""#),
            ["a, b", "c", "d"]
        );
        for bad in ["199 - \"a\"", "299 \"a\"", "299 - a", "299 - \"a", "299 - \"\"", ""] {
            assert!(texts(bad).is_empty(), "{bad}");
        }
    }
}
