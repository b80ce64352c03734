// SPDX-License-Identifier: Apache-2.0
//! Key files: what is in them, block by block. GnuPG decides what it takes.

mod compressed;

use std::collections::HashSet;

use crate::openpgp::framing::armor;
use crate::openpgp::framing::packet::{self, tag};
use crate::openpgp::keys::certificate::Certificate;
use crate::openpgp::keys::key::Fingerprint;
use crate::openpgp::keys::key_signature::taken::is_lost;
use crate::openpgp::keys::key_signature::{class, parse, Core, Loose};
use crate::openpgp::keys::material;

/// Largest key file in bytes (docs/contract.md 6).
pub(crate) const MAX_KEY_FILE: u64 = 16 << 20;

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

/// What the header lines of armoured keys say; the last is an old one.
const KEY_LABELS: [&str; 3] = ["PUBLIC KEY BLOCK", "PRIVATE KEY BLOCK", "SECRET KEY BLOCK"];

/// Beside a key, or a revocation.
const COMPRESSED: &str = "it has compressed data in it, which no key file has";

/// Something that is not a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Other {
    /// A signature over data.
    Signature,
    /// A signed message or literal data.
    Message,
    /// Compressed data with a message in it.
    Compressed,
    /// Compressed data with anything else in it, or so much of it that it is not gone through. GnuPG takes keys from there.
    CompressedKeys,
    /// A cleartext signed message.
    SignedText,
    /// A key that its armour calls something else: GnuPG takes none from there.
    Misnamed,
    /// Packets of another kind.
    Unknown,
}

impl Other {
    /// What a file is that has nothing else in it.
    fn alone(self) -> &'static str {
        match self {
            Other::Signature => "it is a signature, not a key",
            Other::Message => "it is a message, not a key",
            Other::Compressed | Other::CompressedKeys => "it is a message, perhaps a signature, not a key",
            Other::SignedText => "it is a signed text, not a key",
            Other::Misnamed => {
                "its header line is not that of a key (BEGIN PGP PUBLIC KEY BLOCK), so GnuPG imports no key from it"
            }
            Other::Unknown => "it has no OpenPGP key",
        }
    }
}

impl std::fmt::Display for Other {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Other::Signature => "a signature over data",
            Other::Message | Other::Compressed | Other::CompressedKeys => "a message",
            Other::SignedText => "a signed text",
            Other::Misnamed => "an armoured block with another header line than that of a key",
            Other::Unknown => "data of an unknown kind",
        })
    }
}

/// A revocation of a primary key or subkey that does not stand with it, or names another one.
#[derive(Debug, Clone)]
pub struct Revocation {
    /// What the signature covers of itself.
    pub core: Core,
    /// What of it anybody can change.
    pub loose: Loose,
    /// Whether it stands by itself, a revocation certificate.
    pub alone: bool,
}

/// What a file looks like.
#[derive(Debug, Clone, Default)]
pub struct Contents {
    /// The primary keys in it, in order.
    pub keys: Vec<Found>,
    /// Those of version 4, each copy by itself. Of a secret key the public part.
    pub certificates: Vec<Certificate>,
    /// Revocations that may be of other keys than the one before them.
    pub revocations: Vec<Revocation>,
    /// A signature before the keys that may revoke one of them, in a form that GnuPG does not read.
    lost: Option<Vec<u8>>,
    /// What else is in it.
    pub others: Vec<Other>,
    /// What it is instead, or what is wrong with it, where it is not a key file or a damaged one.
    pub otherwise: Option<&'static str>,
}

/// Looks into a file, armoured or binary.
#[must_use]
pub fn look(bytes: &[u8]) -> Contents {
    let mut contents = Contents::default();
    // Some editors put a byte order mark before a text.
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    match bytes.first() {
        None => contents.refuse("it is empty"),
        _ if is_keybox(bytes) => {
            contents
                .refuse("it is a GnuPG keybox, which holds keys in another format; write a key file with gpg --export");
        }
        // By the first packet GnuPG tells whether a file is armoured (armor.c), and it knows fewer kinds of them.
        Some(first) if first & 0x80 != 0 && armor::occurs_in(bytes) => {
            contents.refuse("it is binary with ASCII armour in it, which GnuPG may read instead");
        }
        Some(first) if first & 0x80 != 0 => contents.take_packets(bytes),
        Some(_) => contents.take_text(bytes),
    }
    if let Some(lost) = contents.lost.take() {
        contents.certificates.iter_mut().for_each(|own| own.lose(&lost));
    }
    if contents.others.contains(&Other::CompressedKeys)
        && !(contents.keys.is_empty() && contents.revocations.is_empty())
    {
        contents.refuse(COMPRESSED);
    }
    if contents.keys.is_empty() && contents.revocations.is_empty() {
        let what = contents
            .others
            .first()
            .map_or("it has no OpenPGP key", |other| other.alone());
        contents.refuse(what);
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

/// Whether a text has the PEM block of a public key (RFC 7468, section 13), as keys of sigstore signatures have it.
fn is_pem_public_key(text: &[u8]) -> bool {
    let is_line = |line: &[u8]| {
        let line = line.trim_ascii_end();
        line == b"-----BEGIN PUBLIC KEY-----" || line == b"-----BEGIN RSA PUBLIC KEY-----"
    };
    text.split(|byte| *byte == b'\n').any(is_line)
}

/// Longest line beside armour, in bytes. GnuPG cuts lines off somewhat below 20,000 (armor.c).
const MAX_LINE: usize = 19_000;

impl Contents {
    /// What is found first says most.
    fn refuse(&mut self, what: &'static str) {
        self.otherwise.get_or_insert(what);
    }

    fn note(&mut self, other: Other) {
        if !self.others.contains(&other) {
            self.others.push(other);
        }
    }

    fn take_text(&mut self, text: &[u8]) {
        // To GnuPG some lines end there, so that it would read other blocks.
        if text.contains(&0) && armor::occurs_in(text) {
            return self.refuse("it has ASCII armour and a NUL octet, behind which GnuPG may read something else");
        }
        if armor::occurs_in(text) && text.split(|byte| *byte == b'\n').any(|line| line.len() > MAX_LINE) {
            return self.refuse(
                "it has ASCII armour and a line of more than 19,000 bytes, of which GnuPG reads the beginning",
            );
        }
        let blocks = armor::blocks(text);
        let mut misnamed = Vec::new();
        if blocks.is_empty() {
            self.refuse(match text.trim_ascii_start().first() {
                None => "it is empty but for white space",
                _ if text.trim_ascii_start().starts_with(b"[[") => "it looks like TOML, as registries.conf is",
                Some(b'{' | b'[') => "it looks like JSON",
                _ if is_pem_public_key(text) => {
                    "it is a PEM public key, not an OpenPGP key; keys of sigstore signatures are given to verify with --sigstore-key, and in a policy by sigstoreSigned"
                }
                _ => "it is neither an armoured nor a binary OpenPGP key",
            });
        }
        for block in blocks {
            match block {
                Ok(block) if block.label == armor::SIGNED_TEXT => self.note(Other::SignedText),
                Ok(block) if KEY_LABELS.contains(&block.label.as_str()) => self.take_packets(&block.content),
                Ok(block) => {
                    let mut own = Contents::default();
                    own.take_packets(&block.content);
                    if own.keys.is_empty() {
                        self.take_packets(&block.content);
                    } else {
                        self.note(Other::Misnamed);
                        misnamed.push(own);
                    }
                }
                Err(_) => self.refuse("its ASCII armour is damaged"),
            }
        }
        let there: HashSet<&Fingerprint> = self.keys.iter().filter_map(|own| own.fingerprint.as_ref()).collect();
        if misnamed.iter().any(|own| own.concerns(&there)) {
            self.refuse(
                "a key in it has a header line that is not that of a key (BEGIN PGP PUBLIC KEY BLOCK), so \
                GnuPG does not see what is said of it there",
            );
        }
    }

    /// Whether what GnuPG does not take of this may change what is thought of a key: it has a revocation, a key that is one of
    /// `others` as well, or is damaged.
    fn concerns(&self, others: &HashSet<&Fingerprint>) -> bool {
        let is_there = |own: &Found| own.fingerprint.as_ref().is_none_or(|own| others.contains(own));
        self.otherwise.is_some()
            || self.lost.is_some()
            || !self.revocations.is_empty()
            || self.certificates.iter().any(Certificate::has_revocations)
            || self.keys.iter().any(is_there)
    }

    fn take_packets(&mut self, mut input: &[u8]) {
        let mut current: Option<Certificate> = None;
        // Whether a key stands before, of whatever version.
        let mut after_key = false;
        let mut unpacked = 0;
        loop {
            let packet = match packet::next(&mut input) {
                Ok(None) => break,
                Ok(Some(packet)) => packet,
                Err(error) => {
                    self.refuse(match error {
                        packet::PacketError::Truncated(_) => "it ends early",
                        _ if self.keys.is_empty() => "it is not OpenPGP data",
                        _ => "something that is not OpenPGP data follows a key in it",
                    });
                    break;
                }
            };
            let mut body = &packet.body[..];
            let mut tag = packet.tag;
            if matches!(tag, tag::SECRET_KEY | tag::SECRET_SUBKEY) {
                // GnuPG would hand it to an agent, of which there is none here, and stop.
                let Some(length) = material::public_length(body) else {
                    self.refuse("it has a secret key of an unknown kind; export the public key instead");
                    break;
                };
                body = &body[..length];
                tag = if tag == tag::SECRET_KEY {
                    tag::PUBLIC_KEY
                } else {
                    tag::PUBLIC_SUBKEY
                };
            }
            match tag {
                tag::PUBLIC_KEY => {
                    self.certificates.extend(current.take());
                    self.keys.push(Found {
                        version: body.first().copied().unwrap_or(0),
                        fingerprint: material::fingerprint(body),
                    });
                    current = Certificate::begin(body);
                    after_key = true;
                }
                tag::SIGNATURE => self.take_signature(body, current.as_mut(), after_key),
                tag::ONE_PASS_SIGNATURE => self.note(Other::Signature),
                tag::LITERAL => self.note(Other::Message),
                // They can keep GnuPG busy for minutes.
                tag::COMPRESSED if after_key => self.refuse(COMPRESSED),
                tag::COMPRESSED => {
                    unpacked += 1;
                    let is_message = unpacked <= compressed::MAX_UNPACKED && compressed::is_message(body);
                    self.note(if is_message {
                        Other::Compressed
                    } else {
                        Other::CompressedKeys
                    });
                }
                _ => match &mut current {
                    Some(current) => current.add(tag, body),
                    None if !after_key => self.note(Other::Unknown),
                    None => {}
                },
            }
        }
        self.certificates.extend(current);
    }

    fn take_signature(&mut self, body: &[u8], current: Option<&mut Certificate>, after_key: bool) {
        let parsed = parse(body);
        let class = parsed.as_ref().map(|(core, _)| core.class);
        if is_lost(body) {
            if !after_key {
                self.lost.get_or_insert_with(|| body.to_vec());
            }
        } else if matches!(class, Some(class::BINARY | class::TEXT)) || class.is_none() && !after_key {
            return self.note(Other::Signature);
        }
        let foreign = parsed.filter(|(core, loose)| {
            // By the key before it, but perhaps as the designated revoker of another one.
            let own = current.as_ref().is_some_and(|current| {
                core.is_said_to_be_by(loose, current.id()) && current.seems_revoked_by(core, loose)
            });
            let is_of_another = || {
                current
                    .as_ref()
                    .is_none_or(|own| !core.is_said_to_be_by(loose, own.id()))
            };
            core.class == class::KEY_REVOCATION && !own || core.class == class::SUBKEY_REVOCATION && is_of_another()
        });
        if let Some((core, loose)) = foreign {
            let alone = !after_key;
            self.revocations.push(Revocation { core, loose, alone });
        } else if !after_key {
            self.note(Other::Signature);
        }
        if let Some(current) = current {
            current.add(tag::SIGNATURE, body);
        }
    }
}
