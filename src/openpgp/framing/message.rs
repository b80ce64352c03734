// SPDX-License-Identifier: Apache-2.0
//! Strict framing of signed messages: the only gate between a signature blob and GnuPG.
//!
//! `gpg` accepts far more than one signed message (key blocks, several messages, trailing bytes, nested compression),
//! and what it prints is not what was signed. So the message is taken apart here, within bounds, and GnuPG is only
//! asked whether this signature packet fits these payload bytes. This module refuses; it never accepts anything.

use crate::limits::MAX_BLOB_BYTES;
use crate::limits::MAX_PAYLOAD_BYTES;
use crate::openpgp::framing::armor::{self, Armored};
use crate::openpgp::framing::compression::{self, MAX_DECOMPRESSED};
use crate::openpgp::framing::one_pass::OnePass;
use crate::openpgp::framing::packet::{self, tag, Packet};
use crate::openpgp::framing::signature::Signature;
use crate::openpgp::framing::stranger;
use crate::reason::{Reason, Refusal};

/// Most OpenPGP packets of one message, those inside a compressed one included (product limits).
pub(crate) const MAX_PACKETS: usize = 8;

/// One signed message, taken apart. Nothing about it is verified yet.
#[derive(Debug, Clone)]
pub struct Message {
    /// The signed bytes. They must not be looked into before GnuPG has found the signature good.
    pub payload: Vec<u8>,
    /// The one signature that the message has.
    pub signature: Signature,
}

impl Message {
    /// Takes a signature blob apart.
    ///
    /// # Errors
    /// Unless it is one binary OpenPGP message: at most one layer of compression, then exactly a one-pass signature
    /// packet, a literal data packet and the signature packet announced, and nothing before, between or after.
    pub fn parse(blob: &[u8]) -> Result<Self, Refusal> {
        if blob.len() > MAX_BLOB_BYTES {
            return Err(Refusal::new(
                Reason::LimitExceeded,
                format!("it has {} bytes, more than {MAX_BLOB_BYTES}", blob.len()),
            ));
        }
        match blob.first() {
            None => Err(not_a_signature("it is empty")),
            Some(first) if first & 0x80 == 0 => Err(name_text(blob)),
            Some(_) => parse_binary(blob).map_err(|refusal| match (refusal.reason, describe(blob)) {
                (Reason::NotASignature, Some(what)) => not_a_signature(what),
                _ => refusal,
            }),
        }
    }

    /// The signature as a packet of its own, the way GnuPG is given it.
    #[must_use]
    pub fn detached_signature(&self) -> Vec<u8> {
        packet::encode(tag::SIGNATURE, &self.signature.bare_body())
    }

    /// The whole message anew, in the one form that an engine is given: not compressed, the payload as binary data
    /// without name and date, and nothing that [`Message::detached_signature`] leaves out.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let literal = [&[b'b', 0, 0, 0, 0, 0], &self.payload[..]].concat();
        [
            packet::encode(tag::ONE_PASS_SIGNATURE, &OnePass::of(&self.signature).body()),
            packet::encode(tag::LITERAL, &literal),
            self.detached_signature(),
        ]
        .concat()
    }
}

fn not_a_signature(message: impl Into<String>) -> Refusal {
    Refusal::new(Reason::NotASignature, message)
}

/// Names what does not begin with an OpenPGP packet.
fn name_text(blob: &[u8]) -> Refusal {
    match armor::recognise(blob) {
        Some(Armored::ClearSigned) => Refusal::new(
            Reason::UnsupportedSignature,
            "it is a cleartext signed message; the format demands a binary one (containers-signature(5))",
        ),
        Some(Armored::Damaged(why)) => not_a_signature(format!("it {why}")),
        Some(Armored::Block(block)) if block.label == "MESSAGE" => match parse_binary(&block.content) {
            Ok(_) => Refusal::new(
                Reason::UnsupportedSignature,
                "it is ASCII armoured; the format demands a binary message (containers-signature(5))",
            ),
            Err(inside) => Refusal::new(inside.reason, format!("inside ASCII armour: {}", inside.message)),
        },
        Some(Armored::Block(block)) => not_a_signature(format!(
            "it is an ASCII armoured {}, not a signed message{}",
            block.label.to_lowercase(),
            match block.label.as_str() {
                "PUBLIC KEY BLOCK" => "; image-signature verify and keys take keys with --public-key",
                "PRIVATE KEY BLOCK" => "; never publish it beside a signature",
                _ => "",
            }
        )),
        None if armor::occurs_in(blob) => not_a_signature("it is text with ASCII armour in it"),
        None => not_a_signature(
            describe(blob).unwrap_or_else(|| format!("it is not OpenPGP data (its first byte is 0x{:02x})", blob[0])),
        ),
    }
}

/// Says what looks like something else than OpenPGP data.
fn describe(blob: &[u8]) -> Option<String> {
    let is_message = |bytes: &[u8]| parse_binary(bytes).is_ok();
    stranger::describe(blob, &is_message).map(|what| format!("it is not OpenPGP data but {what}"))
}

fn parse_binary(blob: &[u8]) -> Result<Message, Refusal> {
    let mut budget = MAX_PACKETS;
    let outer = read_packets(blob, &mut budget)?;
    match outer.as_slice() {
        [only] if only.tag == tag::COMPRESSED => {
            let inside = compression::decompress(&only.body)?;
            parse_signed(&read_packets(&inside, &mut budget)?)
        }
        [first, second, ..] if first.tag == tag::COMPRESSED => Err(not_a_signature(format!(
            "{} follows the compressed message",
            packet::name(second.tag)
        ))),
        packets => parse_signed(packets),
    }
}

/// Splits a sequence into packets, at most `budget` of them.
fn read_packets<'a>(mut input: &'a [u8], budget: &mut usize) -> Result<Vec<Packet<'a>>, Refusal> {
    let mut packets: Vec<Packet<'a>> = Vec::new();
    loop {
        match packet::next(&mut input) {
            Ok(None) => return Ok(packets),
            Ok(Some(_)) if *budget == 0 => {
                // A message with many signatures is that, whatever their number.
                return Err(match several_signatures(&packets, "at least ") {
                    Some(refusal) => refusal,
                    None => Refusal::new(
                        Reason::LimitExceeded,
                        format!("it has more than {MAX_PACKETS} OpenPGP packets"),
                    ),
                });
            }
            Ok(Some(packet)) => {
                *budget -= 1;
                packets.push(packet);
            }
            Err(packet::PacketError::NotAPacket(byte)) if !packets.is_empty() => {
                return Err(not_a_signature(format!(
                    "{} bytes that are not OpenPGP data follow the message (the first is 0x{byte:02x})",
                    input.len()
                )));
            }
            Err(error) => return Err(not_a_signature(error.to_string())),
        }
    }
}

fn several_signatures(packets: &[Packet<'_>], bound: &str) -> Option<Refusal> {
    let count = |tag| packets.iter().filter(|p| p.tag == tag).count();
    let announced = count(tag::ONE_PASS_SIGNATURE);
    let made = count(tag::SIGNATURE);
    // Keys carry signatures of their own.
    if packets
        .iter()
        .any(|p| !matches!(p.tag, tag::ONE_PASS_SIGNATURE | tag::SIGNATURE | tag::LITERAL))
    {
        return None;
    }
    // Two messages in a row are told apart from one message with two signatures by their literals.
    (announced.max(made) > 1 && count(tag::LITERAL) <= 1).then(|| {
        Refusal::new(
            Reason::MultipleSignatures,
            format!("it has {bound}{} signatures in one message", announced.max(made)),
        )
    })
}

/// One-pass signature, literal data, signature: exactly these.
fn parse_signed(packets: &[Packet<'_>]) -> Result<Message, Refusal> {
    let [one_pass, literal, signature] = packets else {
        return Err(name_packets(packets));
    };
    if [one_pass.tag, literal.tag, signature.tag] != [tag::ONE_PASS_SIGNATURE, tag::LITERAL, tag::SIGNATURE] {
        return Err(name_packets(packets));
    }
    let one_pass = OnePass::parse(&one_pass.body)?;
    let signature = Signature::parse(&signature.body)?;
    one_pass.check(&signature)?;
    let payload = literal_body(&literal.body)?;
    Ok(Message { payload, signature })
}

/// Says what a sequence of packets is that is not one signed message.
fn name_packets(packets: &[Packet<'_>]) -> Refusal {
    let tags: Vec<u8> = packets.iter().map(|p| p.tag).collect();
    if let Some(refusal) = several_signatures(packets, "") {
        return refusal;
    }
    let encrypted = [
        tag::PUBLIC_KEY_ENCRYPTED,
        tag::SYMMETRIC_KEY_ENCRYPTED,
        tag::ENCRYPTED,
        tag::ENCRYPTED_INTEGRITY,
        tag::ENCRYPTED_AEAD,
    ];
    if tags.iter().any(|t| encrypted.contains(t)) {
        return not_a_signature("it is encrypted");
    }
    if tags.contains(&tag::PADDING) {
        return Refusal::new(
            Reason::UnsupportedSignature,
            "it has a padding packet (RFC 9580 section 5.14), which this build does not check",
        );
    }
    if let Some(what) = stranger::describe_packets(&tags) {
        return not_a_signature(format!("it is {what}"));
    }
    let literals = tags.iter().filter(|t| **t == tag::LITERAL).count();
    match tags.as_slice() {
        [] => not_a_signature("it is empty inside"),
        [tag::SIGNATURE] => not_a_signature("it is a detached signature: the signed data is not in it"),
        [tag::SIGNATURE, tag::LITERAL] => {
            not_a_signature("its signature precedes the data (PGP 2 order); a one-pass signed message is required")
        }
        [tag::LITERAL] => not_a_signature("it is data without a signature"),
        [tag::ONE_PASS_SIGNATURE, tag::LITERAL] => not_a_signature("its signature packet is missing"),
        _ if literals > 1 => not_a_signature("it has data in several literal packets, or is several messages"),
        tags => {
            let ours = [tag::ONE_PASS_SIGNATURE, tag::LITERAL, tag::SIGNATURE];
            let stranger = tags.iter().find(|t| !ours.contains(t)).or(tags.first());
            not_a_signature(format!(
                "{} occurs where a signed message has none",
                stranger.map_or("something".into(), |t| packet::name(*t))
            ))
        }
    }
}

/// Takes the data out of a literal packet (RFC 9580 section 5.9). Its file name and date are not signed and not used.
fn literal_body(body: &[u8]) -> Result<Vec<u8>, Refusal> {
    let short = || not_a_signature("its literal data packet ends early");
    let (&[format, name_length], rest) = body.split_first_chunk().ok_or_else(short)?;
    let (_name_and_date, data) = rest.split_at_checked(usize::from(name_length) + 4).ok_or_else(short)?;
    if data.len() > MAX_PAYLOAD_BYTES {
        return Err(Refusal::new(
            Reason::LimitExceeded,
            format!("its payload has {} bytes, more than {MAX_PAYLOAD_BYTES}", data.len()),
        ));
    }
    match format {
        b'b' => {}
        // GnuPG drops CR from text, so that what it returns is not what was signed.
        b't' | b'u' if data.contains(&b'\r') => {
            return Err(not_a_signature(
                "its payload is text with carriage returns, which do not survive as they were signed",
            ));
        }
        b't' | b'u' => {}
        other => {
            return Err(not_a_signature(format!(
                "its literal data has format 0x{other:02x}, which is neither binary nor text"
            )));
        }
    }
    Ok(data.to_vec())
}

/// The decompressor's bound must leave room for the largest payload.
const _: () = assert!(MAX_DECOMPRESSED > MAX_PAYLOAD_BYTES && MAX_DECOMPRESSED < MAX_BLOB_BYTES);
