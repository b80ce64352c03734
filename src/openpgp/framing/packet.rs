// SPDX-License-Identifier: Apache-2.0
//! OpenPGP packets: headers in the old and the new format, lengths of every kind (RFC 9580 section 4.2).

use std::borrow::Cow;

/// Packet types (RFC 9580 section 5).
pub mod tag {
    #![allow(missing_docs)]
    pub const PUBLIC_KEY_ENCRYPTED: u8 = 1;
    pub const SIGNATURE: u8 = 2;
    pub const SYMMETRIC_KEY_ENCRYPTED: u8 = 3;
    pub const ONE_PASS_SIGNATURE: u8 = 4;
    pub const SECRET_KEY: u8 = 5;
    pub const PUBLIC_KEY: u8 = 6;
    pub const SECRET_SUBKEY: u8 = 7;
    pub const COMPRESSED: u8 = 8;
    pub const ENCRYPTED: u8 = 9;
    pub const MARKER: u8 = 10;
    pub const LITERAL: u8 = 11;
    pub const USER_ID: u8 = 13;
    pub const PUBLIC_SUBKEY: u8 = 14;
    pub const USER_ATTRIBUTE: u8 = 17;
    pub const ENCRYPTED_INTEGRITY: u8 = 18;
    pub const ENCRYPTED_AEAD: u8 = 20;
    pub const PADDING: u8 = 21;
}

/// Names a packet type for messages.
#[must_use]
pub fn name(tag: u8) -> Cow<'static, str> {
    Cow::Borrowed(match tag {
        tag::PUBLIC_KEY_ENCRYPTED | tag::SYMMETRIC_KEY_ENCRYPTED => "an encrypted session key",
        tag::SIGNATURE => "a signature packet",
        tag::ONE_PASS_SIGNATURE => "a one-pass signature packet",
        tag::SECRET_KEY | tag::SECRET_SUBKEY => "a secret key",
        tag::PUBLIC_KEY | tag::PUBLIC_SUBKEY => "a public key",
        tag::COMPRESSED => "a compressed data packet",
        tag::ENCRYPTED | tag::ENCRYPTED_INTEGRITY | tag::ENCRYPTED_AEAD => "encrypted data",
        tag::MARKER => "a marker packet",
        tag::LITERAL => "a literal data packet",
        tag::USER_ID => "a user ID packet",
        tag::PADDING => "a padding packet",
        _ => return Cow::Owned(format!("a packet of type {tag}")),
    })
}

/// One packet, its body put together from its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packet<'a> {
    /// The packet type (RFC 4880 4.3).
    pub tag: u8,
    /// What follows the header.
    pub body: Cow<'a, [u8]>,
}

/// Why no packet could be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PacketError {
    /// Bit 7 of the first byte is not set.
    #[error("byte 0x{0:02x} does not begin an OpenPGP packet")]
    NotAPacket(u8),
    /// The input ends inside a packet.
    #[error("the data ends in the middle of {}", name(*.0))]
    Truncated(u8),
    /// Packet type 0, which must not be used (RFC 4880 4.3).
    #[error("packet type 0 is reserved")]
    Reserved,
    /// A kind of length that this type of packet may not have.
    #[error("{} with a length of a kind that only data packets may have", name(*.0))]
    Length(u8),
}

/// Takes the next packet off the front of `input`; `None` at its end.
///
/// Allocates no more than `input` has bytes. A packet of indeterminate length takes the whole rest.
///
/// # Errors
/// When the header is malformed or the body ends early.
pub fn next<'a>(input: &mut &'a [u8]) -> Result<Option<Packet<'a>>, PacketError> {
    let Some((&first, rest)) = input.split_first() else {
        return Ok(None);
    };
    if first & 0x80 == 0 {
        return Err(PacketError::NotAPacket(first));
    }
    let (packet, rest) = if first & 0x40 == 0 {
        old_format(first, rest)?
    } else {
        new_format(first & 0x3f, rest)?
    };
    if packet.tag == 0 {
        return Err(PacketError::Reserved);
    }
    *input = rest;
    Ok(Some(packet))
}

/// Whether packets of this type may come in parts or without a length (RFC 9580 section 4.2.1.4).
fn is_data(tag: u8) -> bool {
    matches!(
        tag,
        tag::COMPRESSED | tag::ENCRYPTED | tag::LITERAL | tag::ENCRYPTED_INTEGRITY | tag::ENCRYPTED_AEAD
    )
}

fn old_format(first: u8, rest: &[u8]) -> Result<(Packet<'_>, &[u8]), PacketError> {
    let tag = (first >> 2) & 0x0f;
    let octets = match first & 3 {
        0 => 1,
        1 => 2,
        2 => 4,
        _ if is_data(tag) => {
            let body = Cow::Borrowed(rest);
            return Ok((Packet { tag, body }, &[]));
        }
        _ => return Err(PacketError::Length(tag)),
    };
    let (length, rest) = rest.split_at_checked(octets).ok_or(PacketError::Truncated(tag))?;
    let (body, rest) = take(rest, big_endian(length), tag)?;
    let body = Cow::Borrowed(body);
    Ok((Packet { tag, body }, rest))
}

fn new_format(tag: u8, mut rest: &[u8]) -> Result<(Packet<'_>, &[u8]), PacketError> {
    let mut parts: Vec<u8> = Vec::new();
    loop {
        let (&first, after) = rest.split_first().ok_or(PacketError::Truncated(tag))?;
        let (length, after, last) = match first {
            0..=191 => (usize::from(first), after, true),
            192..=223 => {
                let (&second, after) = after.split_first().ok_or(PacketError::Truncated(tag))?;
                (
                    ((usize::from(first) - 192) << 8) + usize::from(second) + 192,
                    after,
                    true,
                )
            }
            255 => {
                let (length, after) = after.split_at_checked(4).ok_or(PacketError::Truncated(tag))?;
                (big_endian(length), after, true)
            }
            // Parts may be shorter than the 512 bytes that the standard demands of the first: Go's signers do so.
            224..=254 if is_data(tag) => (1 << (first & 0x1f), after, false),
            _ => return Err(PacketError::Length(tag)),
        };
        let (body, after) = take(after, length, tag)?;
        rest = after;
        if last && parts.is_empty() {
            let body = Cow::Borrowed(body);
            return Ok((Packet { tag, body }, rest));
        }
        parts.extend_from_slice(body);
        if last {
            let body = Cow::Owned(parts);
            return Ok((Packet { tag, body }, rest));
        }
    }
}

fn take(input: &[u8], length: usize, tag: u8) -> Result<(&[u8], &[u8]), PacketError> {
    input.split_at_checked(length).ok_or(PacketError::Truncated(tag))
}

/// At most four bytes, so that every platform's `usize` holds the value.
fn big_endian(bytes: &[u8]) -> usize {
    bytes.iter().fold(0, |value, byte| value << 8 | usize::from(*byte))
}

/// Encodes a packet with a new-format header and one definite length.
#[must_use]
pub fn encode(tag: u8, body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len() + 6);
    out.push(0xc0 | tag);
    out.push(255);
    out.extend_from_slice(&u32::try_from(body.len()).unwrap_or(u32::MAX).to_be_bytes());
    out.extend_from_slice(body);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(bytes: &[u8]) -> Result<Option<(u8, Vec<u8>, usize)>, PacketError> {
        let mut input = bytes;
        Ok(next(&mut input)?.map(|p| (p.tag, p.body.into_owned(), input.len())))
    }

    #[test]
    fn every_kind_of_length() {
        let body = |n: usize| vec![7_u8; n];
        let with = |header: &[u8], n: usize| [header, &body(n)].concat();
        assert_eq!(one(&with(&[0x88, 3], 3)), Ok(Some((2, body(3), 0))));
        assert_eq!(one(&with(&[0x89, 1, 0], 257)), Ok(Some((2, body(256), 1))));
        assert_eq!(one(&with(&[0x8a, 0, 0, 0, 2], 2)), Ok(Some((2, body(2), 0))));
        assert_eq!(one(&with(&[0xa3], 9)), Ok(Some((8, body(9), 0))));
        assert_eq!(one(&with(&[0xc2, 191], 191)), Ok(Some((2, body(191), 0))));
        assert_eq!(one(&with(&[0xc2, 192, 0], 192)), Ok(Some((2, body(192), 0))));
        assert_eq!(one(&with(&[0xc2, 255, 0, 0, 0, 4], 4)), Ok(Some((2, body(4), 0))));
        let parts = [&[0xcb, 0xe1][..], &body(2), &[0xe0], &body(1), &[2], &body(2), &[9]].concat();
        assert_eq!(one(&parts), Ok(Some((11, body(5), 1))));
    }

    #[test]
    fn malformed_headers_are_told_apart() {
        assert_eq!(one(b""), Ok(None));
        assert_eq!(one(b"{"), Err(PacketError::NotAPacket(b'{')));
        assert_eq!(one(&[0x80, 0]), Err(PacketError::Reserved));
        assert_eq!(one(&[0xc0, 0]), Err(PacketError::Reserved));
        assert_eq!(one(&[0x8b, 1]), Err(PacketError::Length(2)));
        assert_eq!(one(&[0xc2, 0xe0, 1]), Err(PacketError::Length(2)));
        for truncated in [
            &[0xc2][..],
            &[0xc2, 5, 1],
            &[0xc2, 200],
            &[0xc2, 255, 0],
            &[0x89, 0],
            &[0xff, 255, 255, 255, 255, 255],
        ] {
            assert!(
                matches!(one(truncated), Err(PacketError::Truncated(_))),
                "{truncated:?}"
            );
        }
        assert!(matches!(one(&[0xcb, 0xfe, 1]), Err(PacketError::Truncated(11))));
    }

    #[test]
    fn what_is_encoded_reads_back() {
        let packet = encode(2, &[1, 2, 3]);
        assert_eq!(one(&packet), Ok(Some((2, vec![1, 2, 3], 0))));
    }
}
