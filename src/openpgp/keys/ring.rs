// SPDX-License-Identifier: Apache-2.0
//! A user's keyring file, read without GnuPG: what stands in it, where, and whether it is whole.
//!
//! GnuPG reports a damaged or unreadable keyring as one that lacks the key, and it may write to a keyring that it
//! opens. So the file is read here, once, in full: its structure is checked, GnuPG works on a copy, and a key that is
//! not in it is known to be unknown.

use std::io;
use std::ops::Range;
use std::path::PathBuf;

use sha1::{Digest as _, Sha1};

use crate::openpgp::framing::key_id::KeyId;
use crate::openpgp::framing::packet::{self, tag};
use crate::openpgp::keys::index::Index;
use crate::openpgp::keys::key::Fingerprint;
use crate::openpgp::keys::material::fingerprint_4;
use crate::text::{hex, io_message};

/// Largest keyring file in bytes.
pub(crate) const MAX_RING: u64 = 256 << 20;

/// The two formats of keyring files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `pubring.kbx`, a file of blobs with an index.
    Keybox,
    /// `pubring.gpg`: keys one after the other.
    Packets,
}

/// A keyring file, read as a whole.
#[derive(Debug)]
pub struct Ring {
    /// The path by which messages name it.
    pub path: PathBuf,
    /// How it is written.
    pub format: Format,
    /// All bytes of the file.
    pub content: Vec<u8>,
    keys: Vec<RingKey>,
    index: Index,
}

/// A key in the file: fingerprints of the primary key and the subkeys, and where its packets stand.
#[derive(Debug)]
struct RingKey {
    fingerprints: Vec<[u8; 20]>,
    place: Range<usize>,
}

/// Why a keyring cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RingError {
    /// It cannot be read.
    #[error("reading {}: {}", .0.display(), io_message(.1))]
    Unreadable(PathBuf, io::Error),
    /// It is too large.
    #[error("{path} has more than {MAX_RING} bytes", path = .0.display())]
    TooLarge(PathBuf),
    /// Its structure is broken.
    #[error("{path} is damaged at byte {at}: {what}; gpg --export and --import into a new home may save what is left", path = .path.display())]
    Damaged {
        /// The keyring that was to be read.
        path: PathBuf,
        /// Byte offset in the file, from 0.
        at: usize,
        /// What is wrong there.
        what: &'static str,
    },
}

impl Ring {
    /// Checks the structure of a keyring and notes its keys.
    ///
    /// # Errors
    /// When it is damaged.
    pub fn parse(path: PathBuf, format: Format, content: Vec<u8>) -> Result<Self, RingError> {
        let blocks = match format {
            Format::Keybox => keybox_blocks(&content),
            Format::Packets => Ok(std::iter::once(0..content.len()).collect()),
        };
        let keys = blocks.and_then(|blocks| {
            let mut keys = Vec::new();
            for block in blocks {
                split_keys(&content, block, &mut keys)?;
            }
            Ok(keys)
        });
        match keys {
            Ok(keys) => Ok(Self {
                path,
                format,
                content,
                index: index_of(&keys),
                keys,
            }),
            Err((at, what)) => Err(RingError::Damaged { path, at, what }),
        }
    }

    /// How many keys it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether it has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The keys that have a primary key or subkey of this fingerprint.
    #[must_use]
    pub fn with_fingerprint(&self, fingerprint: &Fingerprint) -> &[usize] {
        fingerprint
            .bytes()
            .map_or(&[], |bytes| self.index.with_fingerprint(&bytes))
    }

    /// The keys that have a primary key or subkey of this key ID. Key IDs are no proof of anything.
    #[must_use]
    pub fn with_key_id(&self, id: KeyId) -> &[usize] {
        self.index.with_id(id)
    }

    /// Whether a key or subkey has this key ID.
    #[must_use]
    pub fn has_key_id(&self, id: KeyId) -> bool {
        self.index.has_id(id)
    }

    /// The fingerprint of a key's primary key; empty for a version that has none of the usual kind.
    #[must_use]
    pub fn fingerprint(&self, key: usize) -> String {
        self.fingerprint_bytes(key).map(|f| hex(f)).unwrap_or_default()
    }

    /// The same as bytes.
    #[must_use]
    pub fn fingerprint_bytes(&self, key: usize) -> Option<&[u8; 20]> {
        self.keys[key].fingerprints.first()
    }

    /// The packets of a key, for importing it elsewhere.
    #[must_use]
    pub fn packets(&self, key: usize) -> &[u8] {
        &self.content[self.keys[key].place.clone()]
    }

    /// Keys, other than itself, that are said to have certified a key.
    #[must_use]
    pub fn certifiers(&self, key: usize) -> Vec<KeyId> {
        let own = self.fingerprint_bytes(key).map(KeyId::of);
        let mut certifiers = Vec::new();
        let mut input = self.packets(key);
        while let Ok(Some(packet)) = packet::next(&mut input) {
            if packet.tag == tag::SIGNATURE {
                let issuer = crate::openpgp::framing::subpacket::certifier(&packet.body);
                certifiers.extend(issuer.filter(|id| Some(*id) != own));
            }
        }
        certifiers
    }
}

fn index_of(keys: &[RingKey]) -> Index {
    let mut index = Index::default();
    for (number, key) in keys.iter().enumerate() {
        for fingerprint in &key.fingerprints {
            index.add(*fingerprint, number);
        }
    }
    index
}

/// Where in a file, and what is wrong there.
type Damage = (usize, &'static str);

/// The key blocks of a keybox (kbx/keybox-blob.c of GnuPG describes the format).
fn keybox_blocks(content: &[u8]) -> Result<Vec<Range<usize>>, Damage> {
    /// Types of blobs in a keybox.
    const EMPTY: u8 = 0;
    const HEADER: u8 = 1;
    const OPENPGP: u8 = 2;
    const X509: u8 = 3;
    const DER_SEQUENCE: u8 = 0x30;
    /// In the flags of a blob.
    const EPHEMERAL: u8 = 2;
    let mut blocks = Vec::new();
    let mut at = 0;
    while at < content.len() {
        let blob = read_u32(content, at)
            .and_then(|length| content.get(at..at.checked_add(length)?))
            .filter(|blob| blob.len() >= 5)
            .ok_or((at, "a blob reaches beyond the end of the file"))?;
        let kind = blob[4];
        if (at == 0) != (kind == HEADER) || at == 0 && blob.get(8..12) != Some(b"KBXf") {
            return Err((at, "it does not begin with the header of a keybox, or has another one"));
        }
        match kind {
            EMPTY | HEADER => {}
            // A certificate is a sequence in DER; anything else may be a key whose kind is wrong.
            X509 => {
                let block = read_u32(blob, 8).and_then(|start| blob.get(start));
                if block != Some(&DER_SEQUENCE) {
                    return Err((at, "a blob that is marked as a certificate holds something else"));
                }
            }
            OPENPGP => {
                if blob.get(7).is_some_and(|flags| flags & EPHEMERAL != 0) {
                    return Err((at, "a key is marked as ephemeral, and gpg passes over such keys"));
                }
                // The last 20 bytes are the SHA-1 of what is before them; zeros stand for none.
                let (data, sum) = blob
                    .split_at_checked(blob.len().saturating_sub(20))
                    .ok_or((at, "a blob is too short"))?;
                if sum.iter().any(|b| *b != 0) && Sha1::digest(data).as_slice() != sum {
                    return Err((at, "the checksum of a blob does not match"));
                }
                let block = read_u32(blob, 8)
                    .zip(read_u32(blob, 12))
                    .and_then(|(start, length)| Some(start..start.checked_add(length)?))
                    .filter(|block| block.end <= blob.len())
                    .ok_or((at, "a key reaches beyond the end of its blob"))?;
                blocks.push(at + block.start..at + block.end);
            }
            _ => return Err((at, "a blob is of an unknown kind")),
        }
        at += blob.len();
    }
    Ok(blocks)
}

fn read_u32(content: &[u8], at: usize) -> Option<usize> {
    let bytes = content.get(at..)?.first_chunk::<4>()?;
    usize::try_from(u32::from_be_bytes(*bytes)).ok()
}

/// Splits a sequence of packets into keys.
fn split_keys(content: &[u8], block: Range<usize>, keys: &mut Vec<RingKey>) -> Result<(), Damage> {
    let begin = keys.len();
    let mut input = &content[block.clone()];
    loop {
        let at = block.end - input.len();
        let packet = match packet::next(&mut input) {
            Ok(None) => return Ok(()),
            Ok(Some(packet)) => packet,
            Err(packet::PacketError::Truncated(_)) => return Err((at, "a key ends early")),
            Err(_) => return Err((at, "something that is not an OpenPGP packet")),
        };
        let end = block.end - input.len();
        if packet.tag == tag::PUBLIC_KEY {
            keys.push(RingKey {
                fingerprints: Vec::new(),
                place: at..end,
            });
        }
        let Some(key) = keys[begin..].last_mut() else {
            return Err((at, "something other than a key comes first"));
        };
        key.place.end = end;
        if matches!(packet.tag, tag::PUBLIC_KEY | tag::PUBLIC_SUBKEY) && packet.body.first() == Some(&4) {
            key.fingerprints.push(fingerprint_4(&packet.body));
        }
    }
}
