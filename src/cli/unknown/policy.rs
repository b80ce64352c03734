// SPDX-License-Identifier: Apache-2.0
//! The policy given as an option to commands that take it as an argument.

use std::ffi::OsString;

use crate::text::{safe, shell_word};

/// Options whose values may be secrets, which are not repeated.
const SECRETS: [&str; 1] = ["--token"];

/// What to write instead: the same command line, the policy as an argument behind the others.
pub(super) fn as_an_argument(command: &str, args: &[OsString]) -> String {
    let words: Option<Vec<&str>> = args.iter().skip(1).map(|word| word.to_str()).collect();
    let is_secret = |word: &&str| SECRETS.iter().any(|own| word.starts_with(own));
    let words = words.filter(|words| !words.iter().any(is_secret));
    let instead = words.map(|words| {
        let (mut rest, mut files) = (Vec::new(), Vec::new());
        let mut words = words.into_iter();
        while let Some(word) = words.next() {
            match word.strip_prefix("--policy") {
                Some("") => files.extend(words.next()),
                Some(value) if value.starts_with('=') => files.push(&value[1..]),
                _ => rest.push(word),
            }
        }
        let words = rest.into_iter().chain(files);
        words.map(|word| shell_word(&safe(word))).collect::<Vec<_>>().join(" ")
    });
    let instead = instead.unwrap_or_else(|| match command {
        "policy why" => format!("{command} REF FILE"),
        _ => format!("{command} FILE"),
    });
    format!("{command} takes the policy as an argument: image-signature {instead}")
}
