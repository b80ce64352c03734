// SPDX-License-Identifier: Apache-2.0
//! Signatures checked by one gpg process for many messages.
//!
//! Most of what gpgme costs is starting gpg once for each signature. A worker (`gpg --multifile --verify`) is started
//! once. All that it may say is that a signature is good, in so many words; every refusal, every doubt and every trouble
//! is gpgme's to decide, on the same home. A worker makes verdicts faster and never different.

pub mod output;
pub mod transcript;
pub mod worker;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use crate::openpgp::error::EngineError;
use crate::openpgp::framing::message::Message;
use crate::openpgp::gnupg::answers::checked_signature;
use crate::openpgp::gnupg::check::GpgCheck;
use crate::openpgp::gnupg::status::Answer;
use crate::openpgp::gnupg::system::{self, SYSTEM_CONFIG};
use crate::openpgp::keys::certificate::Certificate;
use crate::openpgp::keys::key::Key;
use crate::openpgp::keys::needs::Needs;
use crate::openpgp::roles::{Fit, SignatureCheck};
use crate::reason::Refusal;
use crate::text::io_message;
use worker::{BatchWorker, MAX_TOGETHER};

/// After how many failures in a row no worker is started any more.
const MAX_FAILURES: usize = 3;

/// How much is asked of a worker before it is replaced.
#[derive(Debug, Clone, Copy)]
pub struct Terms {
    /// How long it may take for one message. It takes a fraction of a millisecond.
    pub patience: Duration,
    /// How many messages it is given: it keeps some memory of each.
    pub messages: usize,
    /// How old it may be when it is given one: what it has found out about a key, such as that it has not expired, it
    /// does not find out again.
    pub age: Duration,
}

impl Default for Terms {
    fn default() -> Self {
        Self {
            patience: Duration::from_secs(30),
            messages: 10_000,
            age: Duration::from_secs(60),
        }
    }
}

/// GnuPG with a home of its own, asked by a worker first, and by gpgme for whatever the worker does not find good.
///
/// It has nothing in common with another one but the lock under which processes are started: threads that check at the
/// same time have one each.
#[derive(Debug)]
pub struct BatchCheck {
    gpgme: GpgCheck,
    worker: Option<BatchWorker>,
    terms: Terms,
    /// How many signatures gpgme is still to check before a worker is worth its start.
    before: usize,
    /// How many workers in a row have failed.
    failures: usize,
    /// What a worker has said ahead of time, by the messages as it was given them; nothing of one that it
    /// does not find good.
    ahead: HashMap<Vec<u8>, Option<Fit>>,
    counts: Counts,
}

/// How many signatures went which way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Workers that were started.
    pub workers: usize,
    /// Signatures that they found good.
    pub good: usize,
    /// Signatures that gpgme checked.
    pub gpgme: usize,
}

impl BatchCheck {
    /// Checks with the keys of `gpgme`, which checks the first `before` signatures alone.
    #[must_use]
    pub fn new(gpgme: GpgCheck, before: usize, terms: Terms) -> Self {
        Self {
            gpgme,
            worker: None,
            terms,
            before,
            failures: 0,
            ahead: HashMap::new(),
            counts: Counts::default(),
        }
    }

    /// What was done so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// What a worker says, where it finds the signature good beyond doubt.
    fn by_worker(&mut self, message: &Message) -> Option<Fit> {
        if self.before > 0 {
            self.before -= 1;
            return None;
        }
        let encoded = message.encode();
        match self.ahead.remove(&encoded) {
            Some(fit) => fit,
            None => self.fits(&[message], &[encoded]).pop()?,
        }
    }

    /// What a worker says of each of some messages, where it finds the signature good beyond doubt; nothing at
    /// all where it fails.
    fn fits(&mut self, messages: &[&Message], encoded: &[Vec<u8>]) -> Vec<Option<Fit>> {
        if self.failures >= MAX_FAILURES {
            return Vec::new();
        }
        let answers = match self.ask(encoded) {
            Ok(answers) => answers,
            Err(why) => {
                self.worker = None;
                self.failures += 1;
                log::info!("a gpg worker has failed ({why}); what it was given is checked one by one");
                return Vec::new();
            }
        };
        let now = self.gpgme.now();
        let fit = |(message, answer): (&&Message, Option<Answer>)| {
            let found = checked_signature(&answer?, &message.signature, now, |_| Ok(Vec::new()));
            let valid = found.ok()?.ok()?;
            Some(Fit {
                maker: valid.fingerprint,
                primary: valid.primary,
                is_good: true,
                signature_expired: false,
                key_expired: false,
                key_revoked: false,
            })
        };
        messages.iter().zip(answers).map(fit).collect()
    }

    /// The worker's answer about each message where it finds the signature good; it is kept unless something
    /// is wrong with it.
    fn ask(&mut self, messages: &[Vec<u8>]) -> Result<Vec<Option<Answer>>, String> {
        let Terms {
            patience,
            messages: most,
            age,
        } = self.terms;
        let home = self.gpgme.home().map_err(|error| error.to_string())?;
        let fresh = |worker: &BatchWorker| worker.given < most && worker.started.elapsed() < age;
        let mut worker = match self.worker.take().filter(fresh) {
            Some(worker) => worker,
            None => {
                if let Some(option) = system::unfit_for_workers() {
                    self.failures = MAX_FAILURES;
                    return Err(format!("{SYSTEM_CONFIG} has {option}"));
                }
                self.counts.workers += 1;
                BatchWorker::start(home).map_err(|error| io_message(&error))?
            }
        };
        let answers = worker
            .ask(home, messages, patience)
            .map_err(|error| io_message(&error))?;
        self.failures = 0;
        self.worker = Some(worker);
        Ok(answers.iter().map(|lines| transcript::good(lines)).collect())
    }
}

impl SignatureCheck for BatchCheck {
    fn read(&mut self, keys: &[Arc<Certificate>]) -> Result<Vec<Option<Arc<Key>>>, EngineError> {
        let before = self.gpgme.loads();
        let read = self.gpgme.read(keys);
        if self.gpgme.loads() != before {
            // A worker goes on with the keyring that it has read at its start.
            self.worker = None;
            self.ahead.clear();
        }
        read
    }

    fn check(&mut self, message: &Message, keys: &[Arc<Key>]) -> Result<Result<Fit, Refusal>, EngineError> {
        if let Some(fit) = self.by_worker(message) {
            self.counts.good += 1;
            return Ok(Ok(fit));
        }
        self.counts.gpgme += 1;
        self.gpgme.check(message, keys)
    }

    /// What a worker says of these messages is kept until they are checked, each once, or keys are added. Its answer is one
    /// about the same bytes with the same keyring, whenever it comes; where it fails, nothing is kept.
    fn prepare(&mut self, messages: &[&Message]) {
        self.ahead.clear();
        // Without keys a worker would find nothing good.
        if self.before > 0 || self.gpgme.loads() == 0 {
            return;
        }
        for some in messages.chunks(MAX_TOGETHER) {
            let encoded: Vec<Vec<u8>> = some.iter().map(|message| message.encode()).collect();
            let fits = self.fits(some, &encoded);
            self.ahead.extend(encoded.into_iter().zip(fits));
        }
    }

    fn expect(&mut self, signatures: usize) {
        if signatures > self.before {
            self.before = 0;
        }
    }

    fn check_as_read(
        &mut self,
        message: &Message,
        copies: &[Arc<Certificate>],
        keys: &[Arc<Key>],
    ) -> Result<Option<Result<Fit, Refusal>>, EngineError> {
        self.gpgme.check_as_read(message, copies, keys)
    }

    fn lacks(&mut self, needs: &Needs) -> Result<Option<String>, EngineError> {
        self.gpgme.lacks(needs)
    }

    fn name(&mut self) -> Result<String, EngineError> {
        self.gpgme.name()
    }
}

impl Drop for BatchCheck {
    fn drop(&mut self) {
        // Before the home that it works in.
        self.worker = None;
        let Counts { workers, good, gpgme } = self.counts;
        log::info!("gpg workers: {workers} started; they found {good} signatures good, gpgme checked {gpgme}");
    }
}
