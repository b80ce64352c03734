// SPDX-License-Identifier: Apache-2.0
//! The policy given as an option to commands that take it as an argument.

use std::ffi::OsString;

use crate::text::{safe, shell_word};

/// Options that are repeated. Behind others, also those of other commands, a secret may stand.
const REPEATED: [&str; 6] = [
    "--policy",
    "-o",
    "--output",
    "--mirrors",
    "--registries-conf",
    "--registries.d",
];

/// Whether a word of a command line can have no secret: a URL may have one before an @ and behind a question mark.
fn is_shown(word: &str) -> bool {
    let option = word.split('=').next().unwrap_or_default();
    let is_known = !word.starts_with('-') || REPEATED.contains(&option);
    let at = word.find('@').map(|at| &word[at..]);
    is_known
        && !word.contains('?')
        && at.is_none_or(|digest| digest.starts_with("@sha256:") && digest.rfind('@') == Some(0))
}

/// What to write instead: the same command line, the policy as an argument behind the others.
pub(super) fn as_an_argument(command: &str, args: &[OsString]) -> String {
    let words: Option<Vec<&str>> = args.iter().skip(1).map(|word| word.to_str()).collect();
    let words = words.filter(|words| words.iter().all(|word| is_shown(word)));
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
