// SPDX-License-Identifier: Apache-2.0
//! The two things that an engine is put together of: a set of keys, and something that checks signatures with keys.

use std::fmt::Debug;
use std::sync::Arc;

use crate::openpgp::error::EngineError;
use crate::openpgp::framing::key_id::KeyId;
use crate::openpgp::framing::message::Message;
use crate::openpgp::framing::signature::Signature;
use crate::openpgp::keys::certificate::Certificate;
use crate::openpgp::keys::key::{Fingerprint, Key, Validity};
use crate::openpgp::keys::needs::Needs;
use crate::reason::Refusal;

/// Who is said to have made a signature: what the packet names. A hint, used to look keys up and for nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Maker {
    /// A key or subkey.
    Fingerprint(Fingerprint),
    /// Any key or subkey with this key ID.
    KeyId(KeyId),
}

impl Maker {
    /// The maker that a signature names.
    #[must_use]
    pub fn of(signature: &Signature) -> Self {
        let fingerprint = signature
            .fingerprint
            .as_deref()
            .and_then(|f| Fingerprint::parse(f).ok());
        fingerprint.map_or(Maker::KeyId(signature.key_id), Maker::Fingerprint)
    }

    /// Whether a fingerprint is, or may be, that of the maker.
    #[must_use]
    pub fn is(&self, fingerprint: &Fingerprint) -> bool {
        match self {
            Maker::Fingerprint(own) => own == fingerprint,
            Maker::KeyId(id) => fingerprint.as_str().ends_with(&id.to_string()),
        }
    }
}

/// What a set of keys says of one of its keys beyond what stands in the key itself.
#[derive(Debug, Clone, Default)]
pub struct Standing {
    /// Its validity in the user's keyring; `None` where keys were named explicitly.
    pub validity: Option<Validity>,
    /// It is disabled there.
    pub disabled: bool,
    /// It is revoked by what that keyring says.
    pub revoked: bool,
    /// The owner that the keyring vouches for, where that differs from what the key says first.
    pub owner: Option<String>,
    /// Why the keyring does not accept it, where it does not.
    pub objection: Option<Refusal>,
}

/// A key of a set, and where the facts about it come from.
#[derive(Debug, Clone)]
pub struct Listed {
    /// The key with all that is said about it.
    pub certificate: Arc<Certificate>,
    /// What the set of keys knows of it.
    pub facts: Facts,
}

/// What a set of keys knows of one of its keys.
#[derive(Debug, Clone)]
pub enum Facts {
    /// The keyring was asked.
    Known(Key),
    /// Nothing is known: the checker is to be asked.
    AskChecker,
    /// It cannot count, whatever the answer, and so nobody was asked.
    NotAsked,
}

/// Which keys may have made a signature, and what is to be said for and against each. It does no cryptography on data.
pub trait KeySet: Debug + Send {
    /// Every key that claims to hold the maker as primary key or subkey, with all that is known of it from every copy.
    ///
    /// # Errors
    /// When the keys cannot be read.
    fn candidates(&mut self, maker: &Maker) -> Result<Vec<Arc<Certificate>>, EngineError>;

    /// Every key at hand that claims this fingerprint of one that may revoke a key of the set.
    ///
    /// # Errors
    /// When the keys cannot be read.
    fn revokers(&mut self, fingerprint: &Fingerprint) -> Result<Vec<Arc<Certificate>>, EngineError> {
        self.candidates(&Maker::Fingerprint(fingerprint.clone()))
    }

    /// Everything that is known about a key of the set, given what the checker read of it.
    ///
    /// # Errors
    /// When the keyring cannot be asked.
    fn standing(&mut self, key: &Key) -> Result<Standing, EngineError>;

    /// The key and those of the set that may have vouched for it, directly or through others; none where nobody needs to.
    fn vouchers(&mut self, key: &Key) -> Vec<Arc<Certificate>>;

    /// Whether a key of the set claims this fingerprint as that of its primary key or of a subkey.
    fn has(&self, fingerprint: &Fingerprint) -> bool;

    /// Every key of the set, with what speaks for and against it, as `keys` lists them.
    ///
    /// # Errors
    /// When the keys cannot be read.
    fn all(&mut self) -> Result<Vec<Listed>, EngineError>;

    /// Why a key does not count about which nobody was asked.
    fn objection_unasked(&self) -> Refusal;

    /// What the set is called in messages: "the keyring /home/a/.gnupg/pubring.kbx".
    fn name(&self) -> String;
}

/// A signature that fits its data and a key.
#[derive(Debug, Clone)]
pub struct Fit {
    /// The key or subkey that made it.
    pub maker: Fingerprint,
    /// Its primary key, as the checker has it.
    pub primary: Fingerprint,
    /// The checker has nothing to say against it.
    pub is_good: bool,
    /// By the checker's own clock the signature has expired.
    pub signature_expired: bool,
    /// By the checker's own clock the key has expired.
    pub key_expired: bool,
    /// The checker finds the key revoked.
    pub key_revoked: bool,
}

/// Reads keys, and checks one signature over exactly the bytes of a message. It makes no decisions on trust.
pub trait SignatureCheck: Debug + Send {
    /// Loads keys, makes sure that it has the whole of them, and reads them back; `None` for one of which it takes
    /// nothing. What was loaded once stays.
    ///
    /// # Errors
    /// When it fails, or anything is missing.
    fn read(&mut self, keys: &[Arc<Certificate>]) -> Result<Vec<Option<Arc<Key>>>, EngineError>;

    /// Checks a signature with the keys that were loaded.
    ///
    /// # Errors
    /// When it fails, so that nothing can be said about the signature.
    fn check(&mut self, message: &Message, keys: &[Arc<Key>]) -> Result<Result<Fit, Refusal>, EngineError>;

    /// Checks a signature once more, with nothing but these keys as their copies were read, whatever `keys` are; the first is
    /// the one that it would be by. `None` where it takes none of that one, so that nothing is known.
    ///
    /// # Errors
    /// When it fails, as [`Self::check`] does.
    fn check_as_read(
        &mut self,
        message: &Message,
        copies: &[Arc<Certificate>],
        keys: &[Arc<Key>],
    ) -> Result<Option<Result<Fit, Refusal>>, EngineError>;

    /// Says that about so many signatures will come, so that what is not worth its cost for few is set up at once.
    fn expect(&mut self, _signatures: usize) {}

    /// Says which messages are about to be checked, most likely, so that it may look at several together.
    /// It changes no answer.
    fn prepare(&mut self, _messages: &[&Message]) {}

    /// What of some needs it cannot do on this system, or is not known to do, in a sentence; `None` where it was seen to do
    /// all of it. Only then does what it does not find in a key say something about that key.
    ///
    /// # Errors
    /// When it fails.
    fn lacks(&mut self, needs: &Needs) -> Result<Option<String>, EngineError>;

    /// Which implementation it is, with its version, for messages.
    ///
    /// # Errors
    /// When it cannot be asked.
    fn name(&mut self) -> Result<String, EngineError>;
}
