// SPDX-License-Identifier: Apache-2.0
//! OpenPGP data, and what gpg says of it.

use std::cell::RefCell;
use std::path::PathBuf;
use std::time::Duration;

use image_signature::limits::MAX_PAYLOAD_BYTES;
use image_signature::openpgp::framing::message::Message;
use image_signature::openpgp::framing::{armor, compression, packet, stranger};
use image_signature::openpgp::gnupg::batch::transcript;
use image_signature::openpgp::gnupg::batch::worker::BatchWorker;
use image_signature::openpgp::gnupg::home::Home;
use image_signature::openpgp::keys::certificate::Certificate;
use image_signature::openpgp::keys::key_file;
use image_signature::openpgp::keys::ring::{Format, Ring};
use image_signature::source::stored;

/// A signature blob: what is accepted is bounded, and is what gpg is given.
pub fn framing(input: &[u8]) {
    if let Ok(message) = Message::parse(input) {
        assert!(message.payload.len() <= MAX_PAYLOAD_BYTES);
        let again = Message::parse(&message.encode()).expect("what was read is written as a message");
        assert_eq!(again.payload, message.payload);
        assert_eq!(again.signature.body, message.signature.bare_body());
        let given = message.detached_signature();
        let mut rest = &given[..];
        let read = packet::next(&mut rest)
            .expect("a signature packet is given to gpg")
            .expect("a packet is given to gpg");
        assert_eq!((read.tag, rest.len()), (2, 0));
    }
    let _ = stored::content(input);
    if let Some(what) = stranger::describe(input, &|bytes| Message::parse(bytes).is_ok()) {
        assert!(what.len() < 200, "{what}");
    }
    let _ = armor::recognise(input);
    if let Ok(out) = compression::decompress(input) {
        assert!(out.len() <= compression::MAX_DECOMPRESSED);
    }
}

/// A key file: each key is written as it is read, and united with itself it is itself; two keys united are the
/// same in either order.
pub fn certificates(input: &[u8]) {
    let contents = key_file::look(input);
    let mut former: Option<Certificate> = None;
    for own in contents.certificates {
        if let Ok(written) = own.write_own() {
            let again = Certificate::read(&written).expect("a key that was written is read");
            assert_eq!(again.write_own().ok().as_ref(), Some(&written));
            let mut twice = again.clone();
            twice.unite(again.clone());
            assert_eq!(twice.write_own().ok().as_ref(), Some(&written));
            if let Some(other) = &former {
                if other.fingerprint() == again.fingerprint() {
                    let (mut one, mut two) = (other.clone(), again.clone());
                    one.unite(again.clone());
                    two.unite(other.clone());
                    assert_eq!(one.write_own().ok(), two.write_own().ok());
                }
            }
            former = Some(again);
        }
    }
}

/// A keybox and a keyring of packets.
pub fn keyring(input: &[u8]) {
    for format in [Format::Keybox, Format::Packets] {
        if let Ok(ring) = Ring::parse(PathBuf::new(), format, input.to_vec()) {
            for key in 0..ring.len() {
                assert!(ring.packets(key).len() <= input.len());
                let _ = ring.certifiers(key);
            }
        }
    }
}

/// Status lines of gpg: what is taken for good says so in so many words.
pub fn status_lines(input: &[u8]) {
    let lines: Vec<_> = input
        .split(|byte| *byte == b'\n')
        .filter_map(transcript::read_line)
        .collect();
    if transcript::good(&lines).is_some() {
        let count = |wanted: &str| lines.iter().filter(|(keyword, _)| keyword == wanted).count();
        for keyword in ["NEWSIG", "GOODSIG", "VALIDSIG"] {
            assert_eq!(count(keyword), 1, "{keyword}");
        }
        for keyword in ["BADSIG", "ERRSIG", "EXPSIG", "EXPKEYSIG", "REVKEYSIG"] {
            assert_eq!(count(keyword), 0, "{keyword}");
        }
    }
}

/// A worker, and how many messages it was given.
struct Asked {
    home: Home,
    worker: BatchWorker,
    count: usize,
}

thread_local! {
    static GPG: RefCell<Option<Asked>> = const { RefCell::new(None) };
}

/// How long a worker may take for a message.
const PATIENCE: Duration = Duration::from_secs(20);

/// A worker is replaced after so many messages.
const MOST: usize = 10_000;

/// Whatever the framing accepts, gpg takes for one signature over data, by the key that the framing names. No key is at hand,
/// so that gpg says whose it would be (`ERRSIG`, `NO_PUBKEY`).
pub fn gpg_agrees(input: &[u8]) {
    let Ok(message) = Message::parse(input) else {
        return;
    };
    GPG.with_borrow_mut(|asked| {
        if asked.as_ref().is_none_or(|own| own.count >= MOST) {
            let home = Home::isolated(&[std::env::temp_dir()]).expect("a home can be made");
            let worker = BatchWorker::start(&home).expect("gpg starts");
            *asked = Some(Asked { home, worker, count: 0 });
        }
        let Some(own) = asked else { return };
        own.count += 1;
        let answers = own
            .worker
            .ask(&own.home, &[message.encode()], PATIENCE)
            .expect("gpg answers");
        let [lines] = &answers[..] else {
            panic!("one answer for one message: {answers:?}");
        };
        let with = |wanted: &str| lines.iter().filter(|(keyword, _)| keyword == wanted).count();
        assert_eq!(with("NEWSIG"), 1, "{lines:?}");
        assert_eq!(with("PLAINTEXT"), 0, "{lines:?}");
        assert!(
            transcript::good(lines).is_none(),
            "without a key nothing is good: {lines:?}"
        );
        let errors: Vec<&str> = lines
            .iter()
            .filter(|(keyword, _)| keyword == "ERRSIG")
            .map(|(_, arguments)| arguments.as_str())
            .collect();
        assert_eq!(errors.len(), 1, "{lines:?}");
        let key = errors[0].split(' ').next().unwrap_or_default();
        assert!(
            message.signature.maker().to_uppercase().contains(key),
            "{key} for gpg, {} for us",
            message.signature.maker()
        );
    });
}
