// SPDX-License-Identifier: Apache-2.0
//! Compressed data before a key, in which GnuPG looks for keys and revocations.

use crate::openpgp::framing::compression;
use crate::openpgp::framing::packet::{self, tag};
use crate::openpgp::keys::key_signature::{class, parse};

/// Most compressed packets before a key that are unpacked.
pub(super) const MAX_UNPACKED: usize = 16;

/// Whether compressed data has a message in it and nothing else, signed or not.
pub(super) fn is_message(body: &[u8]) -> bool {
    let Ok(unpacked) = compression::decompress(body) else {
        return false;
    };
    let mut packets = &unpacked[..];
    loop {
        let packet = match packet::next(&mut packets) {
            Ok(None) => return true,
            Ok(Some(packet)) => packet,
            Err(_) => return false,
        };
        let is_of_message = match packet.tag {
            tag::LITERAL | tag::ONE_PASS_SIGNATURE => true,
            tag::SIGNATURE => {
                parse(&packet.body).is_some_and(|(own, _)| matches!(own.class, class::BINARY | class::TEXT))
            }
            _ => false,
        };
        if !is_of_message {
            return false;
        }
    }
}
