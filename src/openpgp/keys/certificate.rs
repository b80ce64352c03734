// SPDX-License-Identifier: Apache-2.0
//! A public key with all that is said about it, united from all copies of it that are at hand.
//!
//! Copies differ: one has the revocation and no user ID, another the renewal, a third was altered by somebody. GnuPG
//! takes them in the order in which they come, and the order decides. So they are united here, packet by packet;
//! `certificate_write` gives them one form that depends on none of it.

mod adopted;
mod needs;
mod parts;
mod places;
mod plain;
mod reread;
mod revocations;
mod settled;
mod told;
pub(super) mod vouched;
mod wandering;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

pub(super) use self::parts::{hashed_key, hashed_part, insert, Kind, Signatures};
use self::places::Settled;

use crate::limits::MAX_SELF_SIGNATURES;
use crate::openpgp::framing::key_id::KeyId;
use crate::openpgp::framing::packet::tag;
use crate::openpgp::keys::as_read::AsRead;
use crate::openpgp::keys::key::Fingerprint;
use crate::openpgp::keys::key_signature::taken::is_lost;
use crate::openpgp::keys::key_signature::{class, parse, Core, Loose, Revoker};
use crate::openpgp::keys::material;
use crate::openpgp::keys::public_key::Material;

/// Most signatures in the wrong place that a right one is looked for.
pub(super) const MAX_STRAYS: usize = 64;

/// Most designated revokers of a key.
pub(super) const MAX_REVOKERS: usize = 8;

/// What is said about a part of a key.
#[derive(Debug, Clone, Default)]
pub(super) struct Part {
    /// The first place that it has in any of the copies.
    pub(super) place: usize,
    pub(super) signatures: Signatures,
}

/// A version 4 public key, one copy or several united.
#[derive(Debug, Clone)]
pub struct Certificate {
    pub(super) body: Vec<u8>,
    fingerprint: Fingerprint,
    id: KeyId,
    pub(super) direct: Signatures,
    pub(super) parts: BTreeMap<(Kind, Vec<u8>), Part>,
    pub(super) strays: Signatures,
    /// One of the signatures that take trust away and are written in a way in which GnuPG does not read them: one is enough.
    pub(super) lost: Option<Vec<u8>>,
    /// What the next signature is about; `None` for the key itself or something that was left out.
    current: Option<(Kind, Vec<u8>)>,
    /// Whether that is a picture that was left out.
    is_behind_picture: bool,
    settled: OnceLock<Settled>,
    as_read: AsRead,
    /// Whether there were more revocations that may be of it than are given to it.
    pub(super) is_overrun: bool,
    /// Those that other copies of the key name as its revokers, in a way in which they are not told here.
    named_elsewhere: BTreeSet<Revoker>,
}

impl Certificate {
    /// Begins with the body of a public key packet; `None` where it is of another version or malformed.
    #[must_use]
    pub fn begin(body: &[u8]) -> Option<Self> {
        if !material::is_readable(body) {
            return None;
        }
        let body = &material::canonical(body)[..];
        let id = KeyId::of(&material::fingerprint_4(body));
        Some(Self {
            id,
            fingerprint: material::fingerprint(body)?,
            body: body.to_vec(),
            direct: Signatures::new(),
            parts: BTreeMap::new(),
            strays: Signatures::new(),
            lost: None,
            current: None,
            is_behind_picture: false,
            settled: OnceLock::new(),
            as_read: AsRead::begin(body, id),
            is_overrun: false,
            named_elsewhere: BTreeSet::new(),
        })
    }

    /// Reads the packets of one key.
    #[must_use]
    pub fn read(mut packets: &[u8]) -> Option<Self> {
        let first = crate::openpgp::framing::packet::next(&mut packets).ok()??;
        let mut own = Self::begin(&first.body).filter(|_| first.tag == tag::PUBLIC_KEY)?;
        while let Ok(Some(packet)) = crate::openpgp::framing::packet::next(&mut packets) {
            own.add(packet.tag, &packet.body);
        }
        Some(own)
    }

    /// Takes the next packet after the key.
    pub fn add(&mut self, tag: u8, body: &[u8]) {
        let parsed = (tag == tag::SIGNATURE).then(|| parse(body)).flatten();
        self.as_read.add(tag, body, parsed.as_ref());
        match tag {
            tag::SIGNATURE => {
                if let Some((core, loose)) = parsed {
                    self.add_signature(core, loose);
                }
                if self.lost.is_none() && is_lost(body) {
                    self.lost = Some(body.to_vec());
                }
            }
            tag::USER_ID | tag::USER_ATTRIBUTE | tag::PUBLIC_SUBKEY => {
                self.current = Kind::of(tag, body).map(|kind| match kind {
                    Kind::Subkey => (kind, material::canonical(body).into_owned()),
                    _ => (kind, body.to_vec()),
                });
                self.is_behind_picture = self.current.is_none() && tag == tag::USER_ATTRIBUTE;
                if let Some(current) = self.current.clone() {
                    let place = self.parts.len();
                    self.parts.entry(current).or_insert(Part {
                        place,
                        signatures: Signatures::new(),
                    });
                }
            }
            _ => {}
        }
    }

    fn add_signature(&mut self, core: Core, loose: Loose) {
        self.settled.take();
        let is_about_subkeys = match core.class {
            // Wherever it stands, it is about the key itself.
            class::KEY_REVOCATION | class::DIRECT => return insert(&mut self.direct, core, loose),
            class::SUBKEY_BINDING | class::SUBKEY_REVOCATION => true,
            0x10..=0x13 | class::CERTIFICATION_REVOCATION => false,
            _ => return,
        };
        let current = self.current.as_ref();
        let fits = current.filter(|(kind, _)| (*kind == Kind::Subkey) == is_about_subkeys);
        match fits.and_then(|current| self.parts.get_mut(current)) {
            Some(part) => insert(&mut part.signatures, core, loose),
            // What others certify of a picture takes no place from what may take trust away.
            None if self.is_behind_picture && !is_about_subkeys && !core.takes_away() => {}
            None => self.add_stray(core, loose),
        }
    }

    /// Adds a signature that stands behind nothing that it may be over; as many as are kept are taken for too many.
    fn add_stray(&mut self, core: Core, loose: Loose) {
        if self.strays.len() < MAX_STRAYS {
            insert(&mut self.strays, core, loose);
        }
    }

    /// Adds a revocation that came without its key or subkey.
    pub fn add_revocation(&mut self, core: &Core, loose: &Loose) {
        self.current = None;
        self.add_signature(core.clone(), loose.clone());
    }

    /// Notes a signature that may revoke it, in a form that GnuPG does not read.
    pub fn lose(&mut self, body: &[u8]) {
        self.lost.get_or_insert_with(|| body.to_vec());
    }

    /// Unites another copy of the same key with this one.
    pub fn unite(&mut self, other: Self) {
        self.settled.take();
        self.as_read.unite(&other.as_read);
        unite(&mut self.direct, other.direct);
        unite(&mut self.strays, other.strays);
        self.lost = self.lost.take().or(other.lost);
        self.is_overrun |= other.is_overrun;
        for (name, part) in other.parts {
            let place = part.place;
            let own = self.parts.entry(name).or_insert(Part {
                place,
                signatures: Signatures::new(),
            });
            own.place = own.place.min(place);
            unite(&mut own.signatures, part.signatures);
        }
    }

    /// The primary key's fingerprint.
    #[must_use]
    pub fn fingerprint(&self) -> &Fingerprint {
        &self.fingerprint
    }

    /// The primary key's key ID.
    #[must_use]
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// When the primary key was made by its own account, in seconds since 1970.
    #[must_use]
    pub fn created(&self) -> i64 {
        material::created(&self.body)
    }

    /// The fingerprints of the primary key and of the subkeys that it is said to have bound, wherever the bindings stand.
    #[must_use]
    pub fn holds(&self) -> Vec<[u8; 20]> {
        let is_binding = |core: &Core| core.class == class::SUBKEY_BINDING;
        let is_anywhere = self.strays.keys().any(is_binding);
        let bound = |(_, part): &(_, &Part)| is_anywhere || part.signatures.keys().any(is_binding);
        let subkeys = self
            .parts
            .iter()
            .filter(|((kind, _), _)| *kind == Kind::Subkey)
            .filter(bound);
        let subkeys = subkeys.map(|((_, body), _)| material::fingerprint_4(body));
        std::iter::once(material::fingerprint_4(&self.body))
            .chain(subkeys)
            .collect()
    }

    /// What the primary key and one of its keys are made of.
    #[must_use]
    pub fn materials(&self, maker: &Fingerprint) -> Vec<Material> {
        let subkeys = self.parts.keys().filter(|(kind, _)| *kind == Kind::Subkey);
        let own = subkeys.filter(|(_, body)| material::fingerprint(body).as_ref() == Some(maker));
        std::iter::once(&self.body)
            .chain(own.map(|(_, body)| body))
            .map(|body| Material::of_packet(body))
            .collect()
    }

    /// Whether a part carries as many signatures that may be the key's own as are given to a checker at most. Others may
    /// have been left out, so that what the checker does not find may have been among them.
    #[must_use]
    pub fn is_flooded(&self) -> bool {
        let may_be_own = |(core, loose): &(&Core, &Loose)| self.may_be_own(core, loose);
        let parts = self.parts.values().map(|part| &part.signatures);
        std::iter::once(&self.direct)
            .chain(parts)
            .any(|signatures| signatures.iter().filter(may_be_own).count() >= MAX_SELF_SIGNATURES)
    }

    /// Whether a signature that takes nothing back may be the key's own. What nobody else makes is, unless another key is named
    /// where that is covered: anybody can change the other names.
    #[must_use]
    pub(super) fn may_be_own(&self, core: &Core, loose: &Loose) -> bool {
        let is_own_alone = matches!(core.class, class::SUBKEY_BINDING | class::DIRECT) || core.takes_away();
        !core.is_revocation()
            && (core.is_said_to_be_by(loose, self.id) || is_own_alone && core.may_be_by(loose, self.id))
    }

    /// The keys, other than itself, that are said to have certified it.
    #[must_use]
    pub fn certifiers(&self) -> BTreeSet<KeyId> {
        let is_certification = |(core, _): &(&Core, &Loose)| class::CERTIFICATION.contains(&core.class);
        let signatures = self
            .parts
            .values()
            .flat_map(|part| &part.signatures)
            .filter(is_certification);
        let mut makers: BTreeSet<KeyId> = signatures.flat_map(|(core, loose)| core.makers(loose)).collect();
        makers.remove(&self.id);
        makers
    }

    /// Whether a certification of it is said to let it vouch for other keys.
    #[must_use]
    pub fn is_introducer(&self) -> bool {
        let mut signatures = self.parts.values().flat_map(|part| part.signatures.keys());
        signatures.any(Core::makes_introducer)
    }

    /// Whether a subkey is said to have consented to its binding, by a signature of its own in it.
    #[must_use]
    pub fn has_consent_of(&self, subkey: &[u8; 20]) -> bool {
        let is_it = |(kind, body): &(Kind, Vec<u8>)| *kind == Kind::Subkey && material::fingerprint_4(body) == *subkey;
        let part = self.parts.iter().find(|(name, _)| is_it(name)).map(|(_, part)| part);
        part.is_some_and(|part| part.signatures.iter().any(|(core, loose)| core.has_consent(loose)))
    }
}

fn unite(signatures: &mut Signatures, other: Signatures) {
    for (core, loose) in other {
        insert(signatures, core, loose);
    }
}
