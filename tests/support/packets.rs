// SPDX-License-Identifier: Apache-2.0
//! Putting OpenPGP messages together by hand, well or badly.

use std::io::Write;

pub const LITERAL: u8 = 11;
pub const ONE_PASS: u8 = 4;
pub const SIGNATURE: u8 = 2;
pub const COMPRESSED: u8 = 8;

/// A packet with a five-octet length.
pub fn packet(tag: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap().to_be_bytes();
    [&[0xc0 | tag, 255], &length[..], body].concat()
}

/// A literal data packet.
pub fn literal(format: u8, data: &[u8]) -> Vec<u8> {
    packet(LITERAL, &[&[format, 0, 0, 0, 0, 0], data].concat())
}

/// The body of the packet that stands first, whatever its header.
pub fn body(packet: &[u8]) -> Vec<u8> {
    let mut input = packet;
    image_signature::openpgp::framing::packet::next(&mut input)
        .unwrap()
        .unwrap()
        .body
        .into_owned()
}

/// Where the numbers begin in the body of a signature, behind two octets of the digest.
pub fn numbers_at(body: &[u8]) -> usize {
    if body[0] == 3 {
        return 19;
    }
    let area = |at: usize| at + 2 + usize::from(u16::from_be_bytes([body[at], body[at + 1]]));
    area(area(4)) + 2
}

/// The one-pass packet that belongs to a version 3 or 4 signature made by a key ID.
pub fn one_pass(class: u8, hash: u8, public_key: u8, key_id: [u8; 8]) -> Vec<u8> {
    packet(ONE_PASS, &[&[3, class, hash, public_key], &key_id[..], &[1]].concat())
}

/// The one-pass packet that belongs to a detached version 4 signature.
pub fn one_pass_for(signature: &[u8], fingerprint: &str) -> Vec<u8> {
    let body = body(signature);
    assert_eq!(body[0], 4);
    one_pass(body[1], body[3], body[2], key_id(fingerprint))
}

pub fn key_id(fingerprint: &str) -> [u8; 8] {
    u64::from_str_radix(&fingerprint[fingerprint.len() - 16..], 16)
        .unwrap()
        .to_be_bytes()
}

/// A whole signed message out of a detached signature.
pub fn message(signature: &[u8], fingerprint: &str, payload: &[u8]) -> Vec<u8> {
    [
        one_pass_for(signature, fingerprint),
        literal(b'b', payload),
        signature.to_vec(),
    ]
    .concat()
}

pub fn zip(data: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(data).unwrap();
    packet(COMPRESSED, &[&[1], &encoder.finish().unwrap()[..]].concat())
}
