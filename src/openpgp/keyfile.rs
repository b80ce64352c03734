// SPDX-License-Identifier: Apache-2.0
//! Key files: what is in them, as far as messages about them need it. GnuPG decides what it takes.

use std::fmt::Write as _;

use sha1::{Digest as _, Sha1};
use sha2::Sha256;

use super::armor;
use super::key::Fingerprint;
use super::packet::{self, tag};

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
    /// What it is instead, where it is no key file.
    pub otherwise: Option<&'static str>,
    /// It holds compressed packets, which can make GnuPG work for minutes and never belong into a key file.
    pub compressed: bool,
}

/// Looks into a file, armoured or binary.
#[must_use]
pub fn look(bytes: &[u8]) -> Contents {
    let mut contents = Contents {
        keys: Vec::new(),
        otherwise: None,
        compressed: false,
    };
    match bytes.first() {
        None => contents.otherwise = Some("it is empty"),
        _ if bytes.get(8..12) == Some(b"KBXf") => {
            contents.otherwise =
                Some("it is a GnuPG keybox, which holds keys in another format; write a key file with gpg --export");
        }
        Some(first) if first & 0x80 != 0 => contents.take_packets(bytes),
        Some(_) => contents.take_text(bytes),
    }
    contents
}

impl Contents {
    fn take_text(&mut self, text: &[u8]) {
        let blocks = armor::blocks(text);
        if blocks.is_empty() {
            self.otherwise = Some(match text.trim_ascii_start().first() {
                None => "it is empty but for white space",
                Some(b'{' | b'[') => "it looks like JSON",
                _ => "it is neither an armoured nor a binary OpenPGP key",
            });
        }
        for block in blocks {
            match block {
                Ok(block) => self.take_packets(&block.content),
                Err(_) => self.otherwise = Some("its ASCII armour is damaged"),
            }
        }
    }

    fn take_packets(&mut self, mut input: &[u8]) {
        let mut first = true;
        loop {
            let packet = match packet::next(&mut input) {
                Ok(None) => return,
                Ok(Some(packet)) => packet,
                Err(_) => {
                    self.otherwise = Some(if first {
                        "it is not OpenPGP data"
                    } else {
                        "it is damaged: something that is not OpenPGP data follows a key, or it ends early"
                    });
                    return;
                }
            };
            match packet.tag {
                tag::PUBLIC_KEY | tag::SECRET_KEY => {
                    let version = packet.body.first().copied().unwrap_or(0);
                    // The fingerprint covers the public part, whose end in a secret key depends on its algorithm.
                    let fingerprint = (packet.tag == tag::PUBLIC_KEY)
                        .then(|| fingerprint(version, &packet.body))
                        .flatten();
                    self.keys.push(Found { version, fingerprint });
                }
                tag::COMPRESSED => self.compressed = true,
                tag::SIGNATURE | tag::ONE_PASS_SIGNATURE if first => {
                    self.otherwise = Some("it is a signature, not a key");
                }
                tag::LITERAL if first => self.otherwise = Some("it is a message, not a key"),
                _ => {}
            }
            first = false;
        }
    }
}

/// RFC 9580 section 5.5.4
fn fingerprint(version: u8, body: &[u8]) -> Option<Fingerprint> {
    let hex = |bytes: &[u8]| {
        bytes.iter().fold(String::new(), |mut text, byte| {
            // Writing to a string cannot fail.
            let _ = write!(text, "{byte:02X}");
            text
        })
    };
    let text = match version {
        4 => {
            let length = u16::try_from(body.len()).ok()?;
            let hash = Sha1::new().chain_update([0x99]).chain_update(length.to_be_bytes());
            hex(&hash.chain_update(body).finalize())
        }
        6 => {
            let length = u32::try_from(body.len()).ok()?;
            let hash = Sha256::new().chain_update([0x9b]).chain_update(length.to_be_bytes());
            hex(&hash.chain_update(body).finalize())
        }
        _ => return None,
    };
    Fingerprint::parse(&text).ok()
}
