// SPDX-License-Identifier: Apache-2.0
//! GnuPG through gpgme: the only file that calls it.
//!
//! What gpgme reports is not enough to trust: it drops the signature's class and the primary key of `VALIDSIG`, and
//! swallows errors of key listings. So every answer is read twice, from gpgme's result and from gpg's own status
//! lines (doc/DETAILS of GnuPG), and the two must agree.

mod worker;

use std::collections::{BTreeSet, HashSet};
use std::ffi::CStr;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use gpgme::{Context, KeyListMode};

use crate::openpgp::error::EngineError;
use crate::openpgp::framing::key_id::KeyId;
use crate::openpgp::gnupg::convert::{certifiers, convert_key};
use crate::openpgp::gnupg::failure::{answer, describe, failed};
use crate::openpgp::gnupg::status::{
    log_status, order, read_answer, read_import, Answer, Imported, StatusCheck, StatusLine,
};
use crate::openpgp::keys::key::{Fingerprint, Key};
use worker::{explained, why_not_started, GpgmeWorker, PATIENCE, PATIENCE_WITH_KEYS};

/// A connection to GnuPG with one home directory.
#[derive(Debug)]
pub struct Gpg {
    worker: GpgmeWorker,
    version: String,
}

impl Gpg {
    /// Uses GnuPG with a home directory.
    ///
    /// # Errors
    /// When gpg cannot be run or is too old.
    pub fn start(home: &Path) -> Result<Self, EngineError> {
        let (worker, version) = GpgmeWorker::start(home)?;
        Ok(Self { worker, version })
    }

    /// Whether gpg is at least of a version.
    ///
    /// # Errors
    /// When gpg does not answer.
    pub fn is_at_least(&mut self, version: &'static str) -> Result<bool, EngineError> {
        self.worker.run(PATIENCE, "asking gpg for its version", |context| {
            context.engine_info().check_version(version)
        })
    }

    /// The version of gpg, as it names itself.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Hands certificates to gpg for the home of this context; what it took is in the answer.
    ///
    /// # Errors
    /// When gpg fails or does not finish. That it takes no key is not a failure.
    pub fn import(&mut self, keys: &[u8]) -> Result<Imported, EngineError> {
        const DOING: &str = "importing keys";
        let keys = keys.to_owned();
        let (result, status) = self.with_status(PATIENCE, DOING, move |context| {
            context.import(keys).map(|result| {
                result
                    .imports()
                    .filter(|import| import.result().is_ok())
                    .map(|import| import.fingerprint().unwrap_or_default().to_owned())
                    .collect::<HashSet<_>>()
            })
        })?;
        let found = match result {
            Ok(found) => found,
            Err(error) if error.code() == gpgme::Error::NO_DATA.code() => HashSet::new(),
            Err(error) => return Err(trouble(DOING, error, &status)),
        };
        let imported = read_import(&status).map_err(|why| answer(DOING, why))?;
        if imported.taken.iter().map(Fingerprint::as_str).collect::<HashSet<_>>()
            != found.iter().map(String::as_str).collect()
        {
            return Err(answer(DOING, "gpgme and gpg's status lines contradict each other"));
        }
        Ok(imported)
    }

    /// Lists the keys that one of the patterns names (a fingerprint, a subkey's fingerprint, a key ID), or all.
    ///
    /// # Errors
    /// When the keyring cannot be read. Keys that are not there are no error.
    pub fn keys(&mut self, patterns: &[&str]) -> Result<Vec<Key>, EngineError> {
        const DOING: &str = "listing keys";
        let patterns: Vec<String> = patterns.iter().map(|pattern| (*pattern).to_owned()).collect();
        let (result, status) = self.with_status(PATIENCE_WITH_KEYS, DOING, move |context| {
            let keys = if patterns.is_empty() {
                context.keys()
            } else {
                context.find_keys(patterns)
            };
            keys.and_then(Iterator::collect::<Result<Vec<_>, _>>)
        })?;
        let keys = result.map_err(|e| trouble(DOING, e, &status))?;
        check_listing(&status)?;
        keys.iter().map(convert_key).collect()
    }

    /// Which keys have certified a user ID of a key by a good signature that they have not taken back, for all keys of
    /// the home: gpg checks each certification whose maker is there too. Makers are told by their key IDs.
    ///
    /// # Errors
    /// When the keyring cannot be read, or is not the one of these keys.
    pub fn certifications(&mut self) -> Result<Vec<(Fingerprint, BTreeSet<KeyId>)>, EngineError> {
        const DOING: &str = "checking certifications";
        let (result, status) = self.with_status(PATIENCE_WITH_KEYS, DOING, move |context| {
            let mode = context.key_list_mode();
            // With signatures gpgme has gpg check them.
            context.add_key_list_mode(KeyListMode::SIGS)?;
            let keys = context.keys().and_then(Iterator::collect::<Result<Vec<_>, _>>);
            context.set_key_list_mode(mode)?;
            keys
        })?;
        let keys = result.map_err(|e| trouble(DOING, e, &status))?;
        check_listing(&status)?;
        let of_key = |key: &gpgme::Key| Ok((convert_key(key)?.fingerprint().clone(), certifiers(key)));
        keys.iter().map(of_key).collect()
    }

    /// Asks whether a signature packet fits exactly these bytes.
    ///
    /// # Errors
    /// When gpg fails, gives no answer, or more than one.
    pub fn verify(&mut self, signature: &[u8], data: &[u8]) -> Result<Answer, EngineError> {
        const DOING: &str = "verifying a signature";
        let (signature, data) = (signature.to_owned(), data.to_owned());
        let (result, status) = self.with_status(PATIENCE, DOING, move |context| {
            context.verify_detached(signature, data).map(|result| {
                result
                    .signatures()
                    .map(|s| {
                        (
                            s.status().err().map(|e| e.code()),
                            s.is_wrong_key_usage(),
                            fingerprint_of(&s),
                        )
                    })
                    .collect::<Vec<_>>()
            })
        })?;
        let found = match result {
            Ok(found) => found,
            Err(error) => return Err(trouble(DOING, error, &status)),
        };
        let [(code, wrong_usage, fingerprint)] = found.as_slice() else {
            let hint = if found.is_empty() {
                " (an option in /etc/gnupg/gpg.conf such as list-only or skip-verify keeps gpg from checking)"
            } else {
                ""
            };
            return Err(answer(
                DOING,
                format!("it reports {} signatures for one{hint}", found.len()),
            ));
        };
        let answer_read = read_answer(&status).map_err(|why| answer(DOING, why))?;
        let agrees = match answer_read.check {
            StatusCheck::Good => code.is_none() && !wrong_usage,
            _ => code.is_some(),
        };
        let same_key = answer_read.valid.as_ref().is_none_or(|valid| {
            // gpgme gives the short form of the key where the signature is not good.
            answer_read.check != StatusCheck::Good || *fingerprint == valid.fingerprint.as_str()
        });
        if !agrees || !same_key {
            return Err(answer(DOING, "gpgme and gpg's status lines contradict each other"));
        }
        Ok(answer_read)
    }

    /// Runs an operation and collects gpg's status lines.
    fn with_status<T: Send + 'static>(
        &mut self,
        patience: Duration,
        doing: &'static str,
        operation: impl FnOnce(&mut Context) -> T + Send + 'static,
    ) -> Result<(T, Vec<StatusLine>), EngineError> {
        let lines: Arc<Mutex<Vec<StatusLine>>> = Arc::default();
        let collected = Arc::clone(&lines);
        let handler = move |first: Option<&CStr>, second: Option<&CStr>| {
            let text = |s: Option<&CStr>| s.map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
            let mut lines = collected.lock().unwrap_or_else(PoisonError::into_inner);
            lines.push(order(text(first), text(second)));
            Ok(())
        };
        let started = std::time::Instant::now();
        let result = self.worker.run(patience, doing, move |context| {
            context.with_status_handler(handler, operation)
        });
        log::info!("gpg, {doing}: {} ms", started.elapsed().as_millis());
        let result = result?;
        let lines = lines.lock().unwrap_or_else(PoisonError::into_inner).clone();
        log_status(&lines);
        Ok((result, lines))
    }
}

/// Why an operation failed. gpgme may report any error where gpg could not be started, so that this is tried again.
fn trouble(doing: &'static str, error: gpgme::Error, status: &[StatusLine]) -> EngineError {
    if !status.is_empty() {
        return failed(doing, error);
    }
    let why = why_not_started().map_or_else(
        || {
            format!(
                "it said nothing before it ended ({}); a limit of processes (pids.max, ulimit -u) or of memory may be why",
                describe(error)
            )
        },
        |error| explained(&error),
    );
    EngineError::failed(doing, format!("gpg cannot be started: {why}"))
}

fn fingerprint_of(signature: &gpgme::Signature<'_>) -> String {
    signature.fingerprint().unwrap_or_default().to_owned()
}

/// "Not found" is the one harmless trouble of a listing: code 9, from the look-up itself (measured: gpg 2.2, 2.4).
/// Anything else means that the keyring could not be read, which gpgme does not tell.
fn check_listing(status: &[StatusLine]) -> Result<(), EngineError> {
    const DOING: &str = "reading the keyring";
    const NOT_FOUND: u32 = 9;
    for (keyword, arguments) in status {
        let mut words = arguments.split(' ');
        let place = words.next().unwrap_or_default();
        let code = words.next().and_then(|code| code.parse::<u32>().ok());
        match keyword.as_str() {
            "ERROR" if place == "keylist.getkey" && code.is_some_and(|c| c & 0xffff == NOT_FOUND) => {}
            "ERROR" | "FAILURE" => {
                return Err(EngineError::failed(
                    DOING,
                    format!(
                        "gpg reports {place} {}",
                        code.map_or(String::new(), |c| gpgme::Error::new(c).description().to_string())
                    ),
                ));
            }
            _ => {}
        }
    }
    Ok(())
}
