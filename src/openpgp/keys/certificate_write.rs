// SPDX-License-Identifier: Apache-2.0
//! The one form of a united key in which GnuPG is given it.
//!
//! Everything that may be the key's own is named as made by the key, and GnuPG drops what is not. Certifications by
//! others make no key accepted; they are kept only where validity decides.

use std::collections::BTreeSet;

use crate::limits::{MAX_KEY_BYTES, MAX_SELF_SIGNATURES};
use crate::openpgp::framing::algorithm::HashAlgorithm;
use crate::openpgp::framing::key_id::KeyId;
use crate::openpgp::framing::packet::{self, tag};
use crate::openpgp::keys::certificate::{hashed_key, insert, Certificate, Kind, Signatures, MAX_STRAYS};
use crate::openpgp::keys::key::Fingerprint;
use crate::openpgp::keys::key_signature::{class, Core, Loose};

/// In keys with more parts nothing is looked for that stands at the wrong place.
const MAX_PARTS_TO_SEARCH: usize = 1024;

/// Most subkeys, over all signatures at the wrong place, to which one is added since it may be over that subkey.
const MAX_GUESSES: usize = 1024;

/// A key that is over the limit even without what others say about it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("key {0} has more than {MAX_KEY_BYTES} bytes, even without what other keys certify of it")]
pub struct TooLarge(pub Fingerprint);

impl Certificate {
    /// Writes the key for a keyring in which validity does not matter: without what others certify of it, each part with
    /// its newest signatures and all its revocations.
    ///
    /// # Errors
    /// When it is too large all the same.
    pub fn write_own(&self) -> Result<Vec<u8>, TooLarge> {
        // Forged revocations are cheap to make: those that do not even try are left out where there is no room.
        for only_honest in [false, true] {
            let (out, _) = Writer::new(self, false, only_honest).write();
            if out.len() <= MAX_KEY_BYTES {
                return Ok(out);
            }
        }
        Err(TooLarge(self.fingerprint().clone()))
    }

    /// Writes the key with what others certify of it.
    #[must_use]
    pub fn write_all(&self) -> Vec<u8> {
        Writer::new(self, true, false).write().0
    }

    /// Writes the key for whoever reads it as this was read, with what GnuPG is not given.
    #[must_use]
    pub fn write_whole(&self) -> Vec<u8> {
        let mut writer = Writer::new(self, true, false);
        writer.is_whole = true;
        writer.write().0
    }

    /// Whether a part carries as many signatures that look like the key's own as are written at most. Others may have been left
    /// out: what they say of it, that it expires or who may revoke it, is not known then. Nor is it where there is too much
    /// to look through for what signatures at the wrong place are over.
    #[must_use]
    pub fn is_crowded(&self) -> bool {
        let has_strays = !self.strays.is_empty();
        // As many as are kept may have been more.
        self.strays.len() >= MAX_STRAYS
            || has_strays && self.parts.len() > MAX_PARTS_TO_SEARCH
            || (self.is_flooded() || has_strays) && Writer::new(self, false, false).write().1
    }
}

struct Writer<'c> {
    own: &'c Certificate,
    key: Vec<u8>,
    revokers: BTreeSet<KeyId>,
    with_others: bool,
    only_honest: bool,
    /// With what GnuPG is not given.
    is_whole: bool,
    out: Vec<u8>,
    guesses: usize,
    is_crowded: bool,
}

impl<'c> Writer<'c> {
    fn new(own: &'c Certificate, with_others: bool, only_honest: bool) -> Self {
        Self {
            own,
            key: hashed_key(&own.body),
            revokers: own.revoked_by().iter().map(KeyId::of).collect(),
            with_others,
            only_honest,
            is_whole: false,
            out: Vec::new(),
            guesses: 0,
            is_crowded: false,
        }
    }

    /// The key, and whether something may have been left out that looks like the key's own.
    fn write(mut self) -> (Vec<u8>, bool) {
        self.out.extend(packet::encode(tag::PUBLIC_KEY, &self.own.body));
        self.signatures(&self.own.direct, None);
        // The older parts first, whatever the order of the copies.
        let mut parts: Vec<_> = self.own.parts.iter().collect();
        parts.sort_by_key(|((kind, _), part)| (*kind, part.place));
        let search = parts.len() <= MAX_PARTS_TO_SEARCH && !self.own.strays.is_empty() && !self.is_whole;
        if self.is_whole {
            // Whoever reads this again looks for their places.
            for (core, loose) in &self.own.strays {
                for loose in loose.by_prefix() {
                    self.out.extend(core.encode(&loose, self.own.id(), &[]));
                }
            }
        }
        for ((kind, body), part) in parts {
            let data = hashed_part(*kind, body);
            let before = self.out.len();
            self.out.extend(packet::encode(kind.tag(), body));
            let begun = self.out.len();
            if search {
                let mut signatures = part.signatures.clone();
                self.find_strays(*kind, &data, &mut signatures);
                self.signatures(&signatures, Some(&data));
            } else {
                self.signatures(&part.signatures, Some(&data));
            }
            // What nothing vouches for, GnuPG leaves out as well.
            if self.out.len() == begun {
                self.out.truncate(before);
            }
        }
        (self.out, self.is_crowded)
    }

    /// Signatures that stood at the wrong place belong to the part that they are over, by their digest. Where that is not
    /// computed here, a revocation may be over any subkey: GnuPG finds out.
    fn find_strays(&mut self, kind: Kind, data: &[u8], signatures: &mut Signatures) {
        for (core, loose) in &self.own.strays {
            let is_about_subkeys = matches!(core.class, class::SUBKEY_BINDING | class::SUBKEY_REVOCATION);
            if (kind == Kind::Subkey) != is_about_subkeys {
                continue;
            }
            let fits = match core.prefix(&[&self.key, data]) {
                Some(prefix) => loose.has_prefix(prefix),
                None if core.class != class::SUBKEY_REVOCATION => false,
                None => {
                    self.guesses += 1;
                    self.is_crowded |= self.guesses > MAX_GUESSES;
                    self.guesses <= MAX_GUESSES
                }
            };
            if fits {
                insert(signatures, core.clone(), loose.clone());
            }
        }
    }

    fn signatures(&mut self, signatures: &Signatures, part: Option<&[u8]>) {
        let key = std::mem::take(&mut self.key);
        let data = [&key[..], part.unwrap_or_default()];
        let (revocations, mut rest): (Vec<_>, Vec<_>) = signatures.iter().partition(|(core, _)| core.is_revocation());
        rest.retain(|(core, _)| self.is_whole || !core.is_by_md5());
        for (core, loose) in revocations {
            let honest = core.seems_over(loose, &data);
            // GnuPG ends at once at one of a designated revoker over a digest that it does not know.
            let is_taken = self.is_whole || HashAlgorithm(core.hash).is_taken_in_keys();
            if !is_taken || self.only_honest && !honest {
                continue;
            }
            for maker in self.revoking(core, loose, honest) {
                self.out.extend(core.encode(loose, maker, &data));
            }
        }
        for (core, loose) in self.self_signatures(&rest, &data) {
            self.out.extend(core.encode(loose, self.own.id(), &data));
        }
        for (core, loose) in rest.iter().filter(|_| self.with_others) {
            for maker in core.makers(loose) {
                if maker != self.own.id() {
                    self.out.extend(core.encode(loose, maker, &data));
                }
            }
        }
        self.key = key;
    }

    /// Those that may be the key's own; where there are too many, the newest of those that look honest, because late
    /// dates are cheap to forge.
    fn self_signatures<'s>(&mut self, rest: &[(&'s Core, &'s Loose)], data: &[&[u8]]) -> Vec<(&'s Core, &'s Loose)> {
        let id = self.own.id();
        let is_own = |(core, loose): &(&Core, &Loose)| match core.class {
            // Nobody else makes them.
            class::SUBKEY_BINDING => core.may_be_by(id),
            _ => core.is_said_to_be_by(loose, id),
        };
        let mut own: Vec<_> = rest.iter().copied().filter(is_own).collect();
        if own.len() >= MAX_SELF_SIGNATURES {
            // As many as are written may have been more before they were written for the first time.
            let honest = own.iter().filter(|(core, loose)| core.seems_over(loose, data)).count();
            self.is_crowded |= honest >= MAX_SELF_SIGNATURES;
        }
        if own.len() > MAX_SELF_SIGNATURES {
            own.sort_by_cached_key(|(core, loose)| (core.seems_over(loose, data), core.created));
            own.drain(..own.len() - MAX_SELF_SIGNATURES);
            own.sort_by_key(|(core, _)| *core);
        }
        own
    }

    /// The keys as whose a revocation is given to GnuPG. Whom it names where that is not covered may have been altered.
    fn revoking(&self, core: &Core, loose: &Loose, honest: bool) -> BTreeSet<KeyId> {
        let mut makers = BTreeSet::from([self.own.id()]);
        if core.class == class::KEY_REVOCATION {
            let said = |id: &&KeyId| honest || core.is_said_to_be_by(loose, **id);
            makers.extend(self.revokers.iter().filter(said));
        }
        if self.with_others {
            makers.extend(core.makers(loose));
        }
        makers.retain(|maker| core.may_be_by(*maker));
        makers
    }
}

/// A part as it is hashed after the key (RFC 9580 section 5.2.4).
fn hashed_part(kind: Kind, body: &[u8]) -> Vec<u8> {
    let mark = match kind {
        Kind::Subkey => return hashed_key(body),
        Kind::Attribute => 0xd1,
        Kind::UserId => 0xb4,
    };
    let length = u32::try_from(body.len()).unwrap_or(u32::MAX);
    [&[mark], &length.to_be_bytes()[..], body].concat()
}
