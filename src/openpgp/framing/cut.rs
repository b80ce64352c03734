// SPDX-License-Identifier: Apache-2.0
//! Telling the beginning of a message from a whole one that is malformed: what was lost on the way says nothing
//! about what was signed.

use crate::openpgp::framing::compression;
use crate::openpgp::framing::message::MAX_PACKETS;
use crate::openpgp::framing::packet::{self, tag};

/// Whether a blob may be the beginning of a signed message: it ends inside a packet or a compressed stream, or before the
/// signature that it announces.
#[must_use]
pub(crate) fn is_cut_off(blob: &[u8]) -> bool {
    let mut input = blob;
    match packet::next(&mut input) {
        Ok(Some(first)) if first.tag == tag::COMPRESSED => {
            compression::ends_early(&first.body)
                || compression::decompress(&first.body).is_ok_and(|inside| is_short(&inside))
        }
        _ => is_short(blob),
    }
}

/// Whether packets that are not compressed end too early.
fn is_short(mut input: &[u8]) -> bool {
    let mut tags = Vec::new();
    while tags.len() <= MAX_PACKETS {
        match packet::next(&mut input) {
            Ok(Some(packet)) => tags.push(packet.tag),
            Ok(None) => {
                return matches!(
                    tags[..],
                    [] | [tag::ONE_PASS_SIGNATURE] | [tag::ONE_PASS_SIGNATURE, tag::LITERAL]
                );
            }
            Err(error) => return matches!(error, packet::PacketError::Truncated(_)),
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A message of three packets with these headers, whatever is in them.
    fn message(literal: &[u8]) -> Vec<u8> {
        let mut message = packet::encode(tag::ONE_PASS_SIGNATURE, &[3; 13]);
        message.extend(packet::encode(tag::LITERAL, literal));
        message.extend(packet::encode(tag::SIGNATURE, &[4; 300]));
        message
    }

    fn deflated(message: &[u8]) -> Vec<u8> {
        use std::io::Write as _;
        let mut writer = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
        writer.write_all(message).unwrap();
        // As GnuPG writes it: an old header without a length, then the number of the algorithm.
        [&[0xa3, 1][..], &writer.finish().unwrap()].concat()
    }

    #[test]
    fn every_beginning_of_a_message_is_one() {
        let plain = message(b"b\0\0\0\0\0payload");
        let stored = [&[0xa3, 0][..], &plain].concat();
        for whole in [deflated(&plain), plain, stored] {
            assert!(!is_cut_off(&whole));
            for end in 0..whole.len() {
                assert!(is_cut_off(&whole[..end]), "{end} of {}", whole.len());
            }
        }
    }

    #[test]
    fn what_is_malformed_in_another_way_is_whole() {
        let plain = message(b"");
        let packets = [
            packet::encode(tag::SIGNATURE, &[4; 300]),
            packet::encode(tag::PUBLIC_KEY, b"key"),
            packet::encode(tag::LITERAL, b"data"),
            packet::encode(tag::ENCRYPTED_INTEGRITY, b"data"),
            packet::encode(tag::MARKER, b"PGP").repeat(MAX_PACKETS + 2),
        ];
        for whole in packets {
            assert!(!is_cut_off(&whole), "{whole:02x?}");
        }
        for tail in [&b"text"[..], &[0xc0, 0], &plain] {
            assert!(!is_cut_off(&[&plain, tail].concat()), "{tail:02x?}");
        }
        let mut damaged = deflated(&plain);
        damaged[2] |= 0b110;
        assert!(!is_cut_off(&damaged));
    }
}
