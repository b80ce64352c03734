// SPDX-License-Identifier: Apache-2.0
//! gpg's status lines about signatures (doc/DETAILS of GnuPG).

use std::collections::HashSet;

use crate::openpgp::keys::key::Fingerprint;

/// A status line of gpg: keyword and arguments.
pub type StatusLine = (String, String);

/// What gpg says about one signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StatusCheck {
    /// The signature fits the data and the key.
    Good,
    /// It fits, but has expired.
    SignatureExpired,
    /// It fits, but the key has expired.
    KeyExpired,
    /// It fits, but the key is revoked.
    KeyRevoked,
    /// It does not fit.
    Bad,
    /// It could not be checked; the number is gpg's error code (libgpg-error).
    Error(u32),
}

/// gpg's answer about one detached signature.
#[derive(Debug, Clone)]
pub struct Answer {
    /// What gpg says of the signature.
    pub check: StatusCheck,
    /// The facts gpg gives where it could check the signature.
    pub valid: Option<ValidSignature>,
}

/// The arguments of a `VALIDSIG` line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValidSignature {
    /// The key or subkey that made it.
    pub fingerprint: Fingerprint,
    /// The primary key that it belongs to.
    pub primary: Fingerprint,
    /// When the signature was made, in seconds since 1970.
    pub created: i64,
    /// Seconds since 1970; 0 where it does not expire.
    pub expires: i64,
    /// Version of the signature packet: 3 or 4.
    pub version: u8,
    /// Algorithm number of the key.
    pub public_key: u8,
    /// Algorithm number of the digest.
    pub hash: u8,
    /// Class of the signature: 0 for one over bytes as they are.
    pub class: u8,
}

/// What gpg says about an import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// How many keys it went through, whether or not it took them.
    pub processed: usize,
    /// The primary keys that its keyring has of them now.
    pub taken: HashSet<Fingerprint>,
}

/// Reads the status lines of an import (doc/DETAILS). gpg ends one with `IMPORT_RES`, even where there is nothing to
/// import and where it stops at trouble; without that line it did not finish.
///
/// # Errors
/// When a line is not as it should be, or gpg did not finish.
pub fn read_import(status: &[StatusLine]) -> Result<Imported, String> {
    let mut processed = None;
    let mut taken = HashSet::new();
    for (keyword, arguments) in status {
        let mut words = arguments.split(' ');
        match keyword.as_str() {
            // IMPORT_OK <reason> <fingerprint>
            "IMPORT_OK" => {
                let text = words.nth(1).ok_or("an IMPORT_OK line without fingerprint")?;
                taken.insert(Fingerprint::parse(text).map_err(|error| error.to_string())?);
            }
            // IMPORT_RES <count> ...
            "IMPORT_RES" => {
                let count = words.next().and_then(|count| count.parse().ok());
                if processed
                    .replace(count.ok_or("an IMPORT_RES line without count")?)
                    .is_some()
                {
                    return Err("two IMPORT_RES lines".into());
                }
            }
            // GnuPG 2.4 ends so wherever it complained, of one forged signature among others.
            "FAILURE" if words.next() == Some("gpg-exit") => {}
            "FAILURE" | "ERROR" => return Err(format!("it failed ({arguments})")),
            _ => {}
        }
    }
    let processed = processed.ok_or("it did not finish")?;
    Ok(Imported { processed, taken })
}

pub(super) fn log_status(lines: &[StatusLine]) {
    if log::log_enabled!(log::Level::Trace) {
        for (keyword, arguments) in lines.iter().filter(|(keyword, _)| !keyword.is_empty()) {
            log::trace!("gpg: {keyword} {arguments:?}");
        }
    }
}

/// gpgme 0.11 hands arguments and keyword over in the opposite order of its documentation; a release that mends it
/// must not break us. Keywords are capitals and underscores and never all hexadecimal.
pub(super) fn order(first: String, second: String) -> StatusLine {
    let is_keyword = |s: &str| {
        !s.is_empty()
            && s.bytes().all(|b| b.is_ascii_uppercase() || b == b'_')
            && s.bytes().any(|b| !b.is_ascii_hexdigit())
    };
    if is_keyword(&second) || !is_keyword(&first) {
        (second, first)
    } else {
        (first, second)
    }
}

/// Reads the status lines of one verification (doc/DETAILS). Exactly one verdict line must be there.
///
/// # Errors
/// When there is another number of verdicts, or a line contradicts it.
pub fn read_answer(status: &[StatusLine]) -> Result<Answer, String> {
    let mut check = None;
    let mut valid = None;
    for (keyword, arguments) in status {
        let mut words = arguments.split(' ');
        let found = match keyword.as_str() {
            "GOODSIG" => StatusCheck::Good,
            "EXPSIG" => StatusCheck::SignatureExpired,
            "EXPKEYSIG" => StatusCheck::KeyExpired,
            "REVKEYSIG" => StatusCheck::KeyRevoked,
            "BADSIG" => StatusCheck::Bad,
            // ERRSIG <keyid> <pkalgo> <hashalgo> <class> <time> <rc> [<fingerprint>]
            "ERRSIG" => {
                let code = words.nth(5).and_then(|code| code.parse().ok());
                StatusCheck::Error(code.ok_or("an ERRSIG line without code")?)
            }
            "VALIDSIG" => {
                if valid.is_some() {
                    return Err("two VALIDSIG lines".into());
                }
                valid = Some(read_valid(arguments).ok_or("a VALIDSIG line of unknown form")?);
                continue;
            }
            _ => continue,
        };
        if check.replace(found).is_some() {
            return Err("two verdicts on one signature".into());
        }
    }
    let check = check.ok_or("no verdict")?;
    if check == StatusCheck::Good && valid.is_none() {
        return Err("GOODSIG without VALIDSIG".into());
    }
    if matches!(check, StatusCheck::Bad | StatusCheck::Error(_)) && valid.is_some() {
        return Err("VALIDSIG for a signature that is not good".into());
    }
    Ok(Answer { check, valid })
}

/// `<fingerprint> <date> <timestamp> <expires> <version> <reserved> <pkalgo> <hashalgo> <class> <primary>`
fn read_valid(arguments: &str) -> Option<ValidSignature> {
    let words: Vec<&str> = arguments.split(' ').collect();
    let &[fingerprint, _date, created, expires, version, _reserved, public_key, hash, class, primary, ..] =
        words.as_slice()
    else {
        return None;
    };
    Some(ValidSignature {
        fingerprint: Fingerprint::parse(fingerprint).ok()?,
        primary: Fingerprint::parse(primary).ok()?,
        created: created.parse().ok()?,
        expires: expires.parse().ok()?,
        version: version.parse().ok()?,
        public_key: public_key.parse().ok()?,
        hash: hash.parse().ok()?,
        class: u8::from_str_radix(class, 16).ok()?,
    })
}
