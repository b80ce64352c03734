// SPDX-License-Identifier: Apache-2.0
//! Signatures checked by GnuPG in an isolated home, through gpgme.
//!
//! What gpg says of an import is not believed by itself: a full disk, a limit or a signal ends one half way, and the
//! part that is missing may be the revocation. So the keys are counted, the keyring is read back by our own reader, and
//! what gpg lists must be what stands in the file.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::files::read::read_regular;
use crate::openpgp::error::EngineError;
use crate::openpgp::framing::message::Message;
use crate::openpgp::gnupg::abilities::{cause, Abilities};
use crate::openpgp::gnupg::answers::checked_signature;
use crate::openpgp::gnupg::as_read::AsReadHome;
use crate::openpgp::gnupg::failure::GPG;
use crate::openpgp::gnupg::gpgme::Gpg;
use crate::openpgp::gnupg::home::Home;
use crate::openpgp::gnupg::status::StatusCheck;
use crate::openpgp::gnupg::system::{self, SYSTEM_CONFIG};
use crate::openpgp::keys::certificate::Certificate;
use crate::openpgp::keys::key::{Fingerprint, Key};
use crate::openpgp::keys::key_signature::{Core, Loose};
use crate::openpgp::keys::needs::Needs;
use crate::openpgp::keys::ring::{Format, Ring, MAX_RING};
use crate::openpgp::roles::{Fit, SignatureCheck};
use crate::reason::Refusal;
use crate::text::io_message;

/// First GnuPG that can keep keys in a daemon.
const FIRST_WITH_KEYBOXD: &str = "2.3.0";

/// From how many keys on the whole keyring is listed instead of each by its name.
const LISTED_BY_NAME: usize = 100;

/// What happens where an import fails; for messages.
const DOING: &str = "importing keys";

/// An import that is not whole, or not what gpg says of it.
fn unreliable(why: String) -> EngineError {
    EngineError::Unreliable {
        doing: DOING,
        who: GPG,
        why,
    }
}

/// GnuPG with a home of its own that holds the keys that may have made a signature, and no others.
#[derive(Debug)]
pub struct GpgCheck {
    places: Vec<PathBuf>,
    now: i64,
    opened: Option<Opened>,
    /// How often keys were given to it.
    loads: usize,
    /// What gpg says of the keys that it was given; `None` for those of which it takes nothing.
    facts: HashMap<Fingerprint, Option<Arc<Key>>>,
    /// For a second reading of keys.
    as_read: Option<AsReadHome>,
    /// What it can check, once that was tried.
    abilities: Option<Abilities>,
}

#[derive(Debug)]
struct Opened {
    gpg: Gpg,
    home: Home,
}

impl GpgCheck {
    /// Makes its home, once one is needed, below one of `places`; `now` is the time in seconds since 1970.
    #[must_use]
    pub fn new(places: Vec<PathBuf>, now: i64) -> Self {
        Self {
            places,
            now,
            opened: None,
            loads: 0,
            facts: HashMap::new(),
            as_read: None,
            abilities: None,
        }
    }

    /// The time that signatures are judged by, in seconds since 1970.
    pub(super) fn now(&self) -> i64 {
        self.now
    }

    /// How often keys were added to the keyring, or were about to be.
    pub(super) fn loads(&self) -> usize {
        self.loads
    }

    /// The home with the keyring.
    pub(super) fn home(&mut self) -> Result<&Home, EngineError> {
        Ok(&self.open()?.home)
    }

    fn open(&mut self) -> Result<&mut Opened, EngineError> {
        if self.opened.is_none() {
            let unusable = |why: String| EngineError::failed("making an isolated keyring", why);
            let home = Home::isolated(&self.places).map_err(|error| unusable(error.to_string()))?;
            let mut gpg = Gpg::start(home.path())?;
            check_system(&mut gpg).map_err(unusable)?;
            if Path::new(SYSTEM_CONFIG).exists() && !gpg.keys(&[])?.is_empty() {
                return Err(unusable(format!(
                    "{SYSTEM_CONFIG} names a keyring with keys in it, so gpg cannot be restricted to the given keys"
                )));
            }
            self.opened = Some(Opened { gpg, home });
        }
        self.opened
            .as_mut()
            .ok_or_else(|| EngineError::failed(DOING, "there is no keyring"))
    }

    fn load(&mut self, missing: &[Arc<Certificate>]) -> Result<(), EngineError> {
        let mut packets = Vec::with_capacity(missing.len());
        for certificate in missing {
            let bytes = certificate
                .write_own()
                .map_err(|error| EngineError::failed(DOING, error))?;
            packets.push(bytes);
        }
        let opened = self.open()?;
        let taken = import(opened, &packets)?;
        let patterns: Vec<&str> = if missing.len() > LISTED_BY_NAME {
            Vec::new()
        } else {
            taken.iter().map(Fingerprint::as_str).collect()
        };
        let listed = if taken.is_empty() {
            Vec::new()
        } else {
            opened.gpg.keys(&patterns)?
        };
        let mut listed: HashMap<Fingerprint, Key> =
            listed.into_iter().map(|key| (key.fingerprint().clone(), key)).collect();
        compare(opened.home.path(), &taken, &listed)?;
        for certificate in missing {
            let key = listed.remove(certificate.fingerprint());
            if let (None, Some(option)) = (&key, system::refusal()) {
                return Err(unreliable(format!(
                    "{SYSTEM_CONFIG} has {option}, which may be why it does not take key {}",
                    certificate.fingerprint()
                )));
            }
            self.facts.insert(certificate.fingerprint().clone(), key.map(Arc::new));
        }
        Ok(())
    }
}

/// Imports keys, of which gpg is to go through each: they were written by us and have nothing in them that it could stop
/// at, so that whatever does stop it is trouble. The first one comes once more at the end: where that was read, all that
/// is before it was.
fn import(opened: &mut Opened, keys: &[Vec<u8>]) -> Result<HashSet<Fingerprint>, EngineError> {
    let first = keys.first().map(Vec::as_slice).unwrap_or_default();
    let imported = opened.gpg.import(&[&keys.concat(), first].concat())?;
    if imported.processed != keys.len() + 1 {
        return Err(unreliable(format!(
            "it went through {} of {} keys and stopped; perhaps there is no room left in {}",
            imported.processed,
            keys.len() + 1,
            opened.home.path().display()
        )));
    }
    Ok(imported.taken)
}

/// Reads the keyring back: the keys that gpg says it has taken stand in the file, whole, and gpg lists them as they stand
/// there, revocations included, which it checked when it took them.
fn compare(home: &Path, taken: &HashSet<Fingerprint>, listed: &HashMap<Fingerprint, Key>) -> Result<(), EngineError> {
    let wrong = |why: String| Err(unreliable(why));
    let path = home.join("pubring.kbx");
    let content = match read_regular(&path, MAX_RING) {
        Ok(Some(content)) => content,
        Ok(None) => return wrong("its keyring is too large".into()),
        Err(error) => return wrong(format!("reading its keyring: {}", io_message(&error))),
    };
    let ring = match Ring::parse(path, Format::Keybox, content) {
        Ok(ring) => ring,
        Err(error) => return wrong(error.to_string()),
    };
    let mut left = taken.clone();
    for number in 0..ring.len() {
        let Some(own) = Certificate::read(ring.packets(number)) else {
            return wrong("a key in its keyring cannot be read".into());
        };
        let fingerprint = own.fingerprint();
        if !left.remove(fingerprint) {
            continue;
        }
        let Some(key) = listed.get(fingerprint) else {
            return wrong(format!("key {fingerprint} is in its keyring, and it does not list it"));
        };
        let id = own.id();
        // Of one that names several keys gpg may have believed another one.
        let is_own = |(core, loose): (&Core, &Loose)| core.is_said_to_be_by(loose, id) && !core.names_several();
        let is_revoked = own.revocations().any(is_own);
        let [names, pictures, subkeys] = own.counts();
        // gpgme passes over pictures; whether all its versions do is not said anywhere.
        let are_names_listed = [names, names + pictures].contains(&key.user_ids.len());
        if !are_names_listed || subkeys != key.subkeys.len() - 1 || is_revoked && !key.revoked {
            return wrong(format!("key {fingerprint} is not listed as it is in its keyring"));
        }
    }
    match left.iter().next() {
        Some(lost) => wrong(format!("key {lost} was taken and is not in its keyring")),
        None => Ok(()),
    }
}

impl SignatureCheck for GpgCheck {
    fn read(&mut self, keys: &[Arc<Certificate>]) -> Result<Vec<Option<Arc<Key>>>, EngineError> {
        let mut seen = HashSet::new();
        let missing: Vec<Arc<Certificate>> = keys
            .iter()
            .filter(|key| !self.facts.contains_key(key.fingerprint()) && seen.insert(key.fingerprint()))
            .cloned()
            .collect();
        if !missing.is_empty() {
            self.loads += 1;
            self.load(&missing)?;
        }
        Ok(keys
            .iter()
            .map(|key| self.facts.get(key.fingerprint()).cloned().flatten())
            .collect())
    }

    fn check(&mut self, message: &Message, keys: &[Arc<Key>]) -> Result<Result<Fit, Refusal>, EngineError> {
        let now = self.now;
        check_with(&mut self.open()?.gpg, message, keys, now)
    }

    fn check_as_read(
        &mut self,
        message: &Message,
        copies: &[Arc<Certificate>],
        keys: &[Arc<Key>],
    ) -> Result<Option<Result<Fit, Refusal>>, EngineError> {
        let home = match &mut self.as_read {
            Some(home) => home,
            None => self.as_read.insert(AsReadHome::open(&self.places)?),
        };
        if !home.takes(copies)? {
            return Ok(None);
        }
        check_with(&mut home.gpg, message, keys, self.now).map(Some)
    }

    fn lacks(&mut self, needs: &Needs) -> Result<Option<String>, EngineError> {
        let abilities = match &self.abilities {
            Some(tried) => tried,
            None => self.abilities.insert(Abilities::tried(&self.places)?),
        };
        let Some(lack) = abilities.lack(needs) else {
            return Ok(None);
        };
        let name = self.name()?;
        Ok(Some(format!("{name} cannot check {lack} on this system: {}", cause())))
    }

    fn name(&mut self) -> Result<String, EngineError> {
        Ok(format!("gpg {}", self.open()?.gpg.version()))
    }
}

/// Checks a signature with the keys of a home. `keys` are those that claim its maker, to word what is found; `now` is the time
/// in seconds since 1970.
fn check_with(
    gpg: &mut Gpg,
    message: &Message,
    keys: &[Arc<Key>],
    now: i64,
) -> Result<Result<Fit, Refusal>, EngineError> {
    let mut ask = || gpg.verify(&message.detached_signature(), &message.payload);
    let answer = ask()?;
    // What is not good must be so twice: data of which gpg could not read all has a bad signature too.
    if answer.check != StatusCheck::Good && ask()?.check != answer.check {
        return Err(EngineError::Unreliable {
            doing: "verifying a signature",
            who: GPG,
            why: "asked twice about the same signature, it says two different things".into(),
        });
    }
    let lookup = |name: &str| {
        let has = |key: &&Key| key.subkeys.iter().any(|own| own.fingerprint.as_str().ends_with(name));
        Ok(keys.iter().map(Arc::as_ref).filter(has).cloned().collect())
    };
    let valid = match checked_signature(&answer, &message.signature, now, lookup)? {
        Ok(valid) => valid,
        Err(refusal) => return Ok(Err(refusal)),
    };
    Ok(Ok(Fit {
        maker: valid.fingerprint,
        primary: valid.primary,
        is_good: answer.check == StatusCheck::Good,
        signature_expired: answer.check == StatusCheck::SignatureExpired,
        key_expired: answer.check == StatusCheck::KeyExpired,
        key_revoked: answer.check == StatusCheck::KeyRevoked,
    }))
}

/// Makes sure that the system's configuration does not make GnuPG keep keys in a daemon, which ignores the keyrings
/// that it is told to use.
///
/// # Errors
/// When it does.
pub(crate) fn check_system(gpg: &mut Gpg) -> Result<(), String> {
    let Some(file) = system::forces_keyboxd() else {
        return Ok(());
    };
    if gpg.is_at_least(FIRST_WITH_KEYBOXD).map_err(|error| error.to_string())? {
        return Err(format!(
            "{file} has use-keyboxd: this makes gpg keep all keys in one daemon and ignore the private keyring that checking needs"
        ));
    }
    Ok(())
}
