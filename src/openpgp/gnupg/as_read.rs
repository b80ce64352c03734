// SPDX-License-Identifier: Apache-2.0
//! GnuPG with keys as they were read: a second reading of what was united, sorted and completed for the first.
//!
//! What we leave out of a key, or put elsewhere, may be what takes trust from it; GnuPG has a reader of its own. No
//! signature is good, and no key too bad for one, where the two readings differ.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;

use crate::openpgp::error::EngineError;
use crate::openpgp::framing::packet::{self, tag};
use crate::openpgp::gnupg::gpgme::Gpg;
use crate::openpgp::gnupg::home::Home;
use crate::openpgp::keys::certificate::Certificate;
use crate::openpgp::keys::key::Fingerprint;

/// A home into which keys are imported copy by copy.
#[derive(Debug)]
pub(super) struct AsReadHome {
    pub(super) gpg: Gpg,
    /// It is removed when this is dropped.
    _home: Home,
    /// What became of the keys that were given to it.
    given: HashMap<Fingerprint, Given>,
}

/// What became of a key.
#[derive(Debug, Clone)]
enum Given {
    Taken,
    NotTaken,
    /// There is more of it than is given.
    TooMuch,
    /// GnuPG stopped at something in its copies, or in those of a key that was given with it.
    Stopped(String),
}

impl AsReadHome {
    /// Makes it below one of `places`.
    ///
    /// # Errors
    /// When there is no room for it, or gpg cannot be run.
    pub(super) fn open(places: &[PathBuf]) -> Result<Self, EngineError> {
        let home = Home::as_read(places).map_err(|error| EngineError::failed("making a second keyring", error))?;
        let gpg = Gpg::start(home.path())?;
        Ok(Self {
            gpg,
            _home: home,
            given: HashMap::new(),
        })
    }

    /// Gives it keys; whether it has taken the first of them.
    ///
    /// # Errors
    /// When it does not answer, stops at something in them, or there is too much of the first one.
    pub(super) fn takes(&mut self, keys: &[Arc<Certificate>]) -> Result<bool, EngineError> {
        let Some(first) = keys.first().map(|own| own.fingerprint()) else {
            return Ok(false);
        };
        let missing: Vec<_> = keys
            .iter()
            .filter(|own| !self.given.contains_key(own.fingerprint()))
            .map(|own| (own.fingerprint(), own.packets_as_read()))
            .collect();
        let packets = missing.iter().filter_map(|(_, packets)| packets.as_deref());
        let packets: Vec<u8> = packets.collect::<Vec<_>>().concat();
        let imported = match &packets[..] {
            [] => Ok(HashSet::new()),
            packets => {
                // Of a copy without user ID it takes what is said only where it has the key already.
                let times = if keys.iter().any(|own| own.has_copies()) { 2 } else { 1 };
                self.import(&packets.repeat(times))?
            }
        };
        for (fingerprint, packets) in missing {
            let given = match (&imported, packets) {
                (_, None) => Given::TooMuch,
                (Err(why), _) => Given::Stopped(why.clone()),
                (Ok(taken), _) if taken.contains(fingerprint) => Given::Taken,
                (Ok(_), _) => Given::NotTaken,
            };
            self.given.insert(fingerprint.clone(), given);
        }
        match self.given.get(first) {
            Some(Given::Taken) => Ok(true),
            Some(Given::TooMuch) => Err(EngineError::crowded(first.as_str())),
            Some(Given::Stopped(why)) => Err(EngineError::failed(
                "checking the key of a signature",
                format!("reading the copies of key {first} one after the other, gpg stops ({why}); get the key again from its owner"),
            )),
            Some(Given::NotTaken) | None => Ok(false),
        }
    }

    /// The keys that it takes of some packets, or why it stops at something in them.
    fn import(&mut self, packets: &[u8]) -> Result<Result<HashSet<Fingerprint>, String>, EngineError> {
        match self.gpg.import(packets) {
            Ok(imported) => {
                let keys = keys_in(packets);
                Ok(if imported.processed == keys {
                    Ok(imported.taken)
                } else {
                    Err(format!("it went through {} of {keys} copies", imported.processed))
                })
            }
            Err(error @ EngineError::Silent { .. }) => Err(error),
            Err(error) => Ok(Err(error.to_string())),
        }
    }
}

/// How many primary keys are in some packets.
fn keys_in(mut packets: &[u8]) -> usize {
    let mut keys = 0;
    while let Ok(Some(packet)) = packet::next(&mut packets) {
        keys += usize::from(packet.tag == tag::PUBLIC_KEY);
    }
    keys
}
