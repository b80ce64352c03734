// SPDX-License-Identifier: Apache-2.0
//! Key files: what is in them, as far as messages about them need it. GnuPG decides what it takes.

use sha2::{Digest as _, Sha256};

use crate::openpgp::framing::armor;
use crate::openpgp::framing::packet::{self, tag};
use crate::openpgp::keys::key::Fingerprint;
use crate::openpgp::keys::ring::{self, hex};

/// Largest key file in bytes; the largest keyrings that distributions ship have half of it.
pub const MAX_KEY_FILE: u64 = 64 << 20;

/// A primary key that stands in a key file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Version of the key packet.
    pub version: u8,
    /// Its fingerprint, where the version is known.
    pub fingerprint: Option<Fingerprint>,
}

impl std::fmt::Display for Found {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "an OpenPGP version {} key", self.version)?;
        if let Some(fingerprint) = &self.fingerprint {
            write!(f, " ({fingerprint})")?;
        }
        Ok(())
    }
}

/// What a file looks like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contents {
    /// The primary keys in it, in order.
    pub keys: Vec<Found>,
    /// What it is instead, or what is wrong with it, where it is no key file or a damaged one.
    pub otherwise: Option<&'static str>,
    /// Its packets, all that GnuPG is given: garbage can keep it busy for minutes. Each secret key is replaced by its
    /// public part; GnuPG would hand it to an agent, of which there is none here, and stop.
    pub packets: Vec<u8>,
}

/// Looks into a file, armoured or binary.
#[must_use]
pub fn look(bytes: &[u8]) -> Contents {
    let mut contents = Contents {
        keys: Vec::new(),
        otherwise: None,
        packets: Vec::new(),
    };
    // Some editors put a byte order mark before a text.
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    match bytes.first() {
        None => contents.refuse("it is empty"),
        _ if is_keybox(bytes) => {
            contents
                .refuse("it is a GnuPG keybox, which holds keys in another format; write a key file with gpg --export");
        }
        Some(first) if first & 0x80 != 0 => contents.take_packets(bytes),
        Some(_) => contents.take_text(bytes),
    }
    if contents.keys.is_empty() {
        contents.refuse("it has no OpenPGP key");
    }
    contents
}

/// GnuPG's keybox: a header blob, or a first blob of another kind whose length fits (kbx/keybox-blob.c of GnuPG).
fn is_keybox(bytes: &[u8]) -> bool {
    let blob = bytes.split_first_chunk::<4>().map(|(length, rest)| {
        let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
        (5..=bytes.len()).contains(&length) && matches!(rest.first(), Some(1..=3))
    });
    bytes.get(8..12) == Some(b"KBXf") || blob == Some(true)
}

impl Contents {
    /// What is found first says most.
    fn refuse(&mut self, what: &'static str) {
        self.otherwise.get_or_insert(what);
    }

    fn take_text(&mut self, text: &[u8]) {
        let blocks = armor::blocks(text);
        if blocks.is_empty() {
            self.refuse(match text.trim_ascii_start().first() {
                None => "it is empty but for white space",
                Some(b'{' | b'[') => "it looks like JSON",
                _ => "it is neither an armoured nor a binary OpenPGP key",
            });
        }
        for block in blocks {
            match block {
                Ok(block) => self.take_packets(&block.content),
                Err(_) if armor::is_clear_signed(text) => self.refuse("it is a signed text, not a key"),
                Err(_) => self.refuse("its ASCII armour is damaged"),
            }
        }
    }

    fn take_packets(&mut self, mut input: &[u8]) {
        let mut first = true;
        loop {
            let before = input;
            let packet = match packet::next(&mut input) {
                Ok(None) => return,
                Ok(Some(packet)) => packet,
                Err(error) => {
                    self.refuse(match error {
                        packet::Error::Truncated(_) => "it ends early",
                        _ if self.keys.is_empty() => "it is not OpenPGP data",
                        _ => "something that is not OpenPGP data follows a key in it",
                    });
                    return;
                }
            };
            let mut body = &packet.body[..];
            let tag = match packet.tag {
                tag::SECRET_KEY | tag::SECRET_SUBKEY => {
                    let Some(length) = public_length(body) else {
                        self.refuse("it has a secret key of an unknown kind; export the public key instead");
                        return;
                    };
                    body = &body[..length];
                    let public = if packet.tag == tag::SECRET_KEY {
                        tag::PUBLIC_KEY
                    } else {
                        tag::PUBLIC_SUBKEY
                    };
                    self.packets.extend(packet::encode(public, body));
                    public
                }
                other => {
                    self.packets.extend_from_slice(&before[..before.len() - input.len()]);
                    other
                }
            };
            match tag {
                tag::PUBLIC_KEY => {
                    let version = body.first().copied().unwrap_or(0);
                    let fingerprint = fingerprint(version, body);
                    self.keys.push(Found { version, fingerprint });
                }
                tag::SIGNATURE | tag::ONE_PASS_SIGNATURE if first => self.refuse("it is a signature, not a key"),
                tag::LITERAL if first => self.refuse("it is a message, not a key"),
                tag::COMPRESSED if first => self.refuse("it is a message, perhaps a signature, not a key"),
                // They can keep GnuPG busy for minutes.
                tag::COMPRESSED => self.refuse("it has compressed data in it, which no key file has"),
                _ => {}
            }
            first = false;
        }
    }
}

/// How many bytes of a version 4 secret key packet are its public part (RFC 9580 sections 5.5.2 and 5.5.5).
fn public_length(body: &[u8]) -> Option<usize> {
    let (head, mut rest) = body.split_at_checked(6)?;
    if head[0] != 4 {
        return None;
    }
    let (oid, mpis, kdf) = match head[5] {
        1..=3 => (false, 2, false),
        16 | 20 => (false, 3, false),
        17 => (false, 4, false),
        18 => (true, 1, true),
        19 | 22 => (true, 1, false),
        _ => return None,
    };
    let counted = |rest: &[u8]| rest.first().map(|length| usize::from(*length) + 1);
    if oid {
        rest = rest.get(counted(rest)?..)?;
    }
    for _ in 0..mpis {
        let (bits, after) = rest.split_first_chunk()?;
        rest = after.get(usize::from(u16::from_be_bytes(*bits)).div_ceil(8)..)?;
    }
    if kdf {
        rest = rest.get(counted(rest)?..)?;
    }
    Some(body.len() - rest.len())
}

/// RFC 9580 section 5.5.4
fn fingerprint(version: u8, body: &[u8]) -> Option<Fingerprint> {
    let text = match version {
        4 => hex(&ring::fingerprint(body)),
        6 => {
            let length = u32::try_from(body.len()).ok()?;
            let hash = Sha256::new().chain_update([0x9b]).chain_update(length.to_be_bytes());
            hex(&hash.chain_update(body).finalize())
        }
        _ => return None,
    };
    Fingerprint::parse(&text).ok()
}
