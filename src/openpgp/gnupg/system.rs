// SPDX-License-Identifier: Apache-2.0
//! GnuPG's system-wide configuration: it applies to every home, ours included.
//!
//! Most of it is undone by a home's own gpg.conf, see [`crate::openpgp::gnupg::home`]. What cannot be undone is looked for here, so that
//! it is told for what it is: it must neither look like a fault of a key or signature, nor make GnuPG write anywhere.

use std::fs;

/// GnuPG's options for the whole system.
pub(crate) const SYSTEM_CONFIG: &str = "/etc/gnupg/gpg.conf";

/// Options common to all GnuPG programs, since 2.3.
const COMMON_CONFIG: &str = "/etc/gnupg/common.conf";

/// Options under which GnuPG is of no use for checking, and what they do.
const PROHIBITIVE: [(&str, &str); 8] = [
    (
        "keyring",
        "adds keys that were not given, and is created where there is none",
    ),
    ("primary-keyring", "adds keys that were not given, and is written to"),
    ("no-keyring", "hides all keys"),
    ("faked-system-time", "makes keys and signatures expire at another time"),
    ("dry-run", "keeps gpg from importing keys"),
    ("import-filter", "keeps gpg from importing the whole of a key"),
    ("status-file", "makes each call of gpg overwrite a file"),
    ("attribute-file", "makes each call of gpg overwrite a file"),
];

/// Options that make keys valid which the user does not vouch for, and what they do.
const VOUCHING: [(&str, &str); 2] = [
    ("trusted-key", "makes a key ultimately trusted whatever the user says"),
    ("allow-weak-key-signatures", "accepts SHA-1 certifications"),
];

/// Options that make GnuPG refuse keys and signatures which are good in themselves.
const REFUSING: [&str; 2] = ["disable-pubkey-algo", "weak-digest"];

/// Options under which one gpg process must not be given many messages, since the home cannot undo them. With `output`
/// it would write the first one into that file; for `passphrase-fd` it would take a message's name for a password.
const UNFIT_FOR_WORKERS: [&str; 2] = ["output", "passphrase-fd"];

/// Ways to import keys that a home cannot undo in every version of GnuPG, and what they do.
const PARTIAL_IMPORTS: [(&str, &str); 2] = [
    ("self-sigs-only", "keeps gpg from importing revocations by others"),
    ("show-only", "keeps gpg from importing keys"),
];

/// What begins options that no home can undo, since GnuPG 2.3.
const FORCE: [&str; 2] = ["[force", "[+force"];

/// Why GnuPG cannot be used on this system at all.
#[must_use]
pub fn prohibition() -> Option<String> {
    let text = fs::read(SYSTEM_CONFIG).unwrap_or_default();
    let lines = lines_of(&text);
    let prohibitive = lines.iter().find_map(|(own, value)| {
        if FORCE.iter().any(|begin| own.starts_with(begin)) {
            return Some(("[force]", "prevents other options from being overridden"));
        }
        let partial = PARTIAL_IMPORTS
            .into_iter()
            .find(|(way, _)| own == "import-options" && has_word(value, way));
        partial.or_else(|| PROHIBITIVE.into_iter().find(|(option, _)| own == option))
    });
    let (option, effect) = prohibitive?;
    Some(format!("{SYSTEM_CONFIG} has {option}, which {effect}"))
}

/// Whether a list of words, between commas and spaces, has this one; as gpg reads them in any case, and cut short.
fn has_word(list: &str, word: &str) -> bool {
    let is_it = |own: &str| {
        let begin = word.get(..own.len());
        !own.is_empty() && begin.is_some_and(|begin| begin.eq_ignore_ascii_case(own))
    };
    list.split([',', ' ', '\t', '"', '=']).any(is_it)
}

/// Why GnuPG cannot be asked on this system what is valid in a user's keyring.
#[must_use]
pub fn vouching() -> Option<String> {
    let (option, effect) = options(SYSTEM_CONFIG)
        .iter()
        .find_map(|own| VOUCHING.into_iter().find(|(option, _)| own == option))?;
    Some(format!("{SYSTEM_CONFIG} has {option}, which {effect}"))
}

/// An option that may be why a good key or signature was refused.
#[must_use]
pub fn refusal() -> Option<&'static str> {
    options(SYSTEM_CONFIG)
        .iter()
        .find_map(|own| REFUSING.into_iter().find(|option| own == option))
}

/// An option with which no gpg worker can be used.
#[must_use]
pub(crate) fn unfit_for_workers() -> Option<&'static str> {
    options(SYSTEM_CONFIG)
        .iter()
        .find_map(|own| UNFIT_FOR_WORKERS.into_iter().find(|option| own == option))
}

/// The file that makes GnuPG, from 2.3 on, keep keys in a daemon. It then ignores the keyrings that it is told to use.
#[must_use]
pub(crate) fn forces_keyboxd() -> Option<&'static str> {
    [COMMON_CONFIG, SYSTEM_CONFIG]
        .into_iter()
        .find(|file| options(file).iter().any(|option| option == "use-keyboxd"))
}

/// Whether parts of keys are left out of what gpg exports.
#[must_use]
pub(crate) fn filters_exports() -> bool {
    options(SYSTEM_CONFIG).iter().any(|option| option == "export-filter")
}

/// The names of the options in a file; none where it cannot be read, which then is so for gpg as well.
fn options(file: &str) -> Vec<String> {
    options_of(&fs::read(file).unwrap_or_default())
}

/// The names of the options in the text of a configuration file.
#[must_use]
pub(crate) fn options_of(text: &[u8]) -> Vec<String> {
    lines_of(text).into_iter().map(|(option, _)| option).collect()
}

/// The options in the text of a configuration file, each with what stands after its name.
fn lines_of(text: &[u8]) -> Vec<(String, String)> {
    let text = String::from_utf8_lossy(text);
    let lines = text.lines().map(|line| line.trim_start().trim_start_matches('-'));
    lines
        .map(|line| {
            let (option, value) = line.split_once([' ', '\t', '=']).unwrap_or((line, ""));
            (option.trim().to_owned(), value.trim().to_owned())
        })
        .collect()
}
