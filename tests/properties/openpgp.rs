// SPDX-License-Identifier: Apache-2.0
//! OpenPGP: packets, messages, keys and keyrings out of anything.

use std::path::PathBuf;

use image_signature::limits::MAX_PAYLOAD_BYTES;
use image_signature::openpgp::framing::message::Message;
use image_signature::openpgp::framing::signature::Signature;
use image_signature::openpgp::framing::{armor, compression, packet, stranger};
use image_signature::openpgp::keys::certificate::Certificate;
use image_signature::openpgp::keys::key_file;
use image_signature::openpgp::keys::ring::{Format, Ring};
use image_signature::source::stored;

use super::generator::{files, for_all};
use crate::support::packets;

const PACKETS: [&[u8]; 18] = [
    b"\xcb\x05b\0\0\0\0",
    b"\x90\x0d\x03\x00\x08\x01",
    b"\xc2",
    b"\x89",
    b"\xff",
    b"\xe0",
    b"\xfe",
    b"\xa3",
    b"\xa3\x01",
    b"\xa3\x02",
    b"\xa3\x03BZh9",
    b"\xc8\xff",
    b"\xff\xff\xff\xff",
    b"\x04\x00\x01\x08\x00\x00\x00\x00",
    b"\x03\x05",
    b"\x99\x01\x0d\x04",
    b"\xb4\x04test",
    b"\x00",
];

const LINES: [&[u8]; 12] = [
    b"-----BEGIN PGP MESSAGE-----\n",
    b"-----END PGP MESSAGE-----\n",
    b"-----BEGIN PGP SIGNED MESSAGE-----\n",
    b"\n",
    b"-----BEGIN PGP SIGNATURE-----\n",
    b"-----END PGP SIGNATURE-----\n",
    b"=AAAA\n",
    b"owGbwMvM\n",
    b"Version: 1\n",
    b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n",
    b"-----END PGP PUBLIC KEY BLOCK-----\n",
    b"\r",
];

#[test]
fn framing_never_panics_and_its_payload_is_bounded() {
    for_all("framing", 20_000, &files("corpus/sigs"), &PACKETS, |input| {
        if let Ok(message) = Message::parse(input) {
            assert!(message.payload.len() <= MAX_PAYLOAD_BYTES);
            assert!(message.signature.body.len() < input.len() + MAX_PAYLOAD_BYTES);
            // What gpg is given is what was read, and nothing else; of what is not signed, the issuer alone.
            let given = message.detached_signature();
            let mut rest = &given[..];
            let read = packet::next(&mut rest).unwrap().unwrap();
            assert_eq!(
                (read.tag, &*read.body, rest.len()),
                (2, &message.signature.bare_body()[..], 0)
            );
            let anew = Message::parse(&message.encode()).unwrap();
            assert_eq!(anew.payload, message.payload);
            assert_eq!(anew.signature.body, message.signature.bare_body());
            let again = Signature::parse(&read.body).unwrap();
            let (own, bare) = (&message.signature, &again);
            assert_eq!(
                (own.version, own.class, own.hash),
                (bare.version, bare.class, bare.hash)
            );
            assert_eq!(
                (own.created, own.expires, own.key_id),
                (bare.created, bare.expires, bare.key_id)
            );
            assert_eq!(bare.bare_body(), *read.body);
            let numbers = own.body.len().min(64);
            assert!(read.body.ends_with(&own.body[own.body.len() - numbers / 2..]));
        }
        let _ = stored::content(input);
        // Nothing that is named is a message, and nothing of it is quoted at length.
        if let Some(what) = stranger::describe(input, &|bytes| Message::parse(bytes).is_ok()) {
            assert!(what.len() < 200, "{what}");
        }
    });
}

#[test]
fn no_beginning_of_a_message_is_a_message() {
    let mut tried = 0;
    for blob in files("corpus/sigs") {
        if Message::parse(&blob).is_ok() {
            for end in 0..blob.len() {
                assert!(Message::parse(&blob[..end]).is_err(), "{end} of {}", blob.len());
                tried += 1;
            }
            for more in [&b"\0"[..], b"\n", &blob] {
                assert!(Message::parse(&[&blob[..], more].concat()).is_err());
            }
        }
    }
    assert!(tried > 1000);
}

#[test]
fn packets_are_taken_off_the_front_and_nothing_is_invented() {
    for_all("packets", 30_000, &files("corpus/sigs"), &PACKETS, |input| {
        let mut rest = input;
        let mut bodies = 0;
        while let Ok(Some(packet)) = packet::next(&mut rest) {
            bodies += packet.body.len() + 1;
            assert!(bodies <= input.len());
            assert!(input.ends_with(rest));
            let encoded = packet::encode(packet.tag, &packet.body);
            assert_eq!(packet::next(&mut &encoded[..]).unwrap().unwrap(), packet);
        }
    });
}

#[test]
fn decompression_is_bounded_whatever_comes() {
    let samples: Vec<Vec<u8>> = files("corpus/sigs")
        .iter()
        .map(|blob| packets::body(&packets::zip(blob)))
        .collect();
    for_all("decompression", 10_000, &samples, &PACKETS, |input| {
        if let Ok(out) = compression::decompress(input) {
            assert!(out.len() <= compression::MAX_DECOMPRESSED);
        }
        for algorithm in 0..4 {
            let _ = compression::decompress(&[&[algorithm], input].concat());
        }
    });
}

#[test]
fn armour_and_key_files_never_panic() {
    let mut samples = files("corpus/keys");
    samples.extend(files("corpus/sigs"));
    for_all("armour", 10_000, &samples, &LINES, |input| {
        let _ = armor::recognise(input);
        for block in armor::blocks(input).into_iter().flatten() {
            assert!(block.content.len() <= input.len());
        }
    });
    for_all("key files", 10_000, &samples, &PACKETS, |input| {
        let contents = key_file::look(input);
        assert!(contents.keys.len() <= input.len());
        let parts: usize = contents.certificates.iter().map(|own| own.holds().len()).sum();
        assert!(parts <= input.len());
        for own in contents.certificates {
            // What is written is read again as the same key, and written no differently.
            let Ok(written) = own.write_own() else {
                continue;
            };
            let again = Certificate::read(&written).unwrap();
            assert_eq!(again.fingerprint(), own.fingerprint());
            assert_eq!(again.write_own().unwrap(), written);
            let mut twice = again.clone();
            twice.unite(again);
            assert_eq!(twice.write_own().unwrap(), written);
            let _ = own.write_all(&[]);
        }
    });
    for_all("keyrings", 10_000, &samples, &PACKETS, |input| {
        for format in [Format::Keybox, Format::Packets] {
            if let Ok(ring) = Ring::parse(PathBuf::new(), format, input.to_vec()) {
                for key in 0..ring.len() {
                    assert!(ring.packets(key).len() <= input.len());
                    let _ = ring.certifiers(key);
                }
            }
        }
    });
}
