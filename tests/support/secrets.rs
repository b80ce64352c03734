// SPDX-License-Identifier: Apache-2.0
//! Finding a secret, or a part of it, in what a program prints: as it is, or in the encodings that dumps use.

use std::collections::HashSet;

use base64::alphabet;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use base64::engine::DecodePaddingMode;
use base64::Engine as _;

/// How many bytes of a secret in a row are a leak: less than a line of the usual dumps holds.
const WINDOW: usize = 8;

/// In which form a text shows the secret or a part of it.
pub fn shown(text: &str, secret: &[u8]) -> Option<String> {
    assert!(secret.len() >= WINDOW, "too short to be told from chance");
    let parts: HashSet<&[u8]> = secret.windows(WINDOW).collect();
    let found = |bytes: &[u8]| bytes.windows(WINDOW).any(|window| parts.contains(window));
    let forms = forms(text);
    let form = forms.iter().find(|(_, bytes)| found(bytes))?;
    Some(form.0.clone())
}

/// Sees that none of the secrets is shown.
#[track_caller]
pub fn assert_hidden(text: &str, secrets: &[&[u8]]) {
    for secret in secrets {
        if let Some(form) = shown(text, secret) {
            panic!("a secret is shown, {form}: {text}");
        }
    }
}

/// What a text may stand for.
fn forms(text: &str) -> Vec<(String, Vec<u8>)> {
    let joined: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let mut forms = vec![
        ("as it is".to_owned(), text.as_bytes().to_vec()),
        ("split over lines".to_owned(), joined.clone().into_bytes()),
    ];
    for source in [text, &joined] {
        let once = percent(source);
        forms.push((
            "percent-encoded twice".to_owned(),
            percent(&String::from_utf8_lossy(&once)),
        ));
        forms.push(("percent-encoded".to_owned(), once));
        forms.push(("escaped".to_owned(), escapes(source)));
        for (name, alphabet) in [("base64", alphabet::STANDARD), ("base64 for URLs", alphabet::URL_SAFE)] {
            for skip in 0..4 {
                forms.push((name.to_owned(), decode_base64(source, &alphabet, skip)));
            }
        }
    }
    forms.push(("a dump in hex".to_owned(), hex_words(text)));
    for skip in 0..2 {
        forms.push(("hex digits".to_owned(), hex_runs(&joined, skip)));
    }
    forms.push(("numbers".to_owned(), numbers(text)));
    forms
}

fn percent(text: &str) -> Vec<u8> {
    pairs(text, |rest| rest.strip_prefix('%'))
}

fn escapes(text: &str) -> Vec<u8> {
    pairs(text, |rest| {
        let rest = rest.strip_prefix('\\')?;
        rest.strip_prefix('x')
            .or_else(|| rest.strip_prefix("u00"))
            .or_else(|| rest.strip_prefix("u{"))
    })
}

/// A text in which what `begin` finds is followed by two hex digits that stand for a byte.
fn pairs(text: &str, begin: impl Fn(&str) -> Option<&str>) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let byte = begin(rest).and_then(|after| {
            let byte = u8::from_str_radix(after.get(..2)?, 16).ok()?;
            Some((byte, after[2..].strip_prefix('}').unwrap_or(&after[2..])))
        });
        match byte {
            Some((byte, after)) => {
                out.push(byte);
                rest = after;
            }
            None => {
                out.extend_from_slice(next.to_string().as_bytes());
                rest = &rest[next.len_utf8()..];
            }
        }
    }
    out
}

/// Each run of the alphabet's characters, from the one that `skip` says on.
fn decode_base64(text: &str, alphabet: &alphabet::Alphabet, skip: usize) -> Vec<u8> {
    let config = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    let engine = GeneralPurpose::new(alphabet, config);
    let known = alphabet.as_str();
    let mut out = Vec::new();
    for run in text.split(|c| !known.contains(c)) {
        let run = run.as_bytes().get(skip..).unwrap_or_default();
        // A single character at the end is no byte.
        let end = run.len() - usize::from(run.len() % 4 == 1);
        out.extend(engine.decode(&run[..end]).unwrap_or_default());
        out.push(0);
    }
    out
}

/// The words of a dump that are hex digits in pairs, line after line. An offset at the beginning of a line is not one of them.
fn hex_words(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    for line in text.lines() {
        let words = line.split(|c: char| !c.is_ascii_alphanumeric());
        for word in words {
            let word = word.strip_prefix("0x").unwrap_or(word);
            let is_pairs = word.len() % 2 == 0 && word.len() <= 4 && word.bytes().all(|b| b.is_ascii_hexdigit());
            if is_pairs {
                out.extend(hex_runs(word, 0));
            }
        }
    }
    out
}

fn hex_runs(text: &str, skip: usize) -> Vec<u8> {
    let mut out = Vec::new();
    for run in text.split(|c: char| !c.is_ascii_hexdigit()) {
        for pair in run.as_bytes().get(skip..).unwrap_or_default().chunks_exact(2) {
            let pair = std::str::from_utf8(pair).unwrap();
            out.push(u8::from_str_radix(pair, 16).unwrap());
        }
    }
    out
}

/// Decimal numbers, as lists of bytes are printed.
fn numbers(text: &str) -> Vec<u8> {
    let words = text.split(|c: char| !c.is_ascii_digit());
    words.filter_map(|word| word.parse().ok()).collect()
}
