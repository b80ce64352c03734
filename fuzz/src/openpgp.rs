// SPDX-License-Identifier: Apache-2.0
//! OpenPGP data, and what gpg writes about it.

use std::io;
use std::path::PathBuf;

use image_signature::limits::MAX_PAYLOAD_BYTES;
use image_signature::openpgp::framing::message::Message;
use image_signature::openpgp::framing::{armor, compression, packet, stranger};
use image_signature::openpgp::gnupg::batch::output::Output;
use image_signature::openpgp::gnupg::batch::transcript;
use image_signature::openpgp::gnupg::status::{read_answer, read_import, StatusCheck, StatusLine};
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

/// Words of status lines that say what became of a signature.
const VERDICTS: [&str; 6] = ["GOODSIG", "BADSIG", "ERRSIG", "EXPSIG", "EXPKEYSIG", "REVKEYSIG"];

/// Status lines of gpg about a signature or an import: what is taken for good says so in so many words, and nothing is read
/// out of two answers, or of one that is not whole.
pub fn status_lines(input: &[u8]) {
    let lines: Vec<_> = input
        .split(|byte| *byte == b'\n')
        .filter_map(transcript::read_line)
        .collect();
    let count = |wanted: &str| lines.iter().filter(|(keyword, _)| keyword == wanted).count();
    let read = read_answer(&lines).ok();
    if transcript::good(&lines).is_some() {
        for keyword in ["NEWSIG", "GOODSIG", "VALIDSIG"] {
            assert_eq!(count(keyword), 1, "{keyword}");
        }
        assert!(read.as_ref().is_some_and(|own| own.check == StatusCheck::Good));
    }
    if let Some(answer) = read {
        assert_eq!(VERDICTS.iter().map(|keyword| count(keyword)).sum::<usize>(), 1);
        assert_eq!(count("VALIDSIG"), usize::from(answer.valid.is_some()));
        assert!(answer.check != StatusCheck::Good || count("GOODSIG") == 1 && answer.valid.is_some());
        assert_eq!(answer.check == StatusCheck::Bad, count("BADSIG") == 1);
    }
    if let Ok(imported) = read_import(&lines) {
        assert_eq!(count("IMPORT_RES"), 1);
        assert_eq!(count("ERROR"), 0);
        assert!(imported.taken.len() <= count("IMPORT_OK"));
    }
}

/// The names of two messages that a worker is asked about.
const NAMES: [&str; 2] = ["secret-0", "secret-1"];

/// What a worker writes: an answer is what stands between the two marks of its message, with nothing before it, however
/// it comes in parts. The first byte says how large those are.
pub fn worker_output(input: &[u8]) {
    let Some((step, said)) = input.split_first() else {
        return;
    };
    let answers = answers_in(said, usize::from(*step) + 1);
    assert_eq!(answers, answers_in(said, said.len().max(1)));
    let mut lines = said.split(|byte| *byte == b'\n').map(String::from_utf8_lossy);
    let mut next = || {
        lines
            .next()
            .expect("what was read was written")
            .trim_end_matches(' ')
            .to_owned()
    };
    for (answer, name) in answers.iter().zip(NAMES) {
        assert_eq!(next(), format!("[GNUPG:] FILE_START 1 {name}"));
        for (keyword, arguments) in answer {
            assert!(!keyword.starts_with("FILE_"), "{keyword}");
            assert_eq!(next(), format!("[GNUPG:] {keyword} {arguments}").trim_end_matches(' '));
        }
        let line = next();
        assert!(
            line == "[GNUPG:] FILE_DONE" || line.starts_with("[GNUPG:] FILE_DONE "),
            "{line}"
        );
    }
}

/// The answers about [`NAMES`] in what was written, of which `step` bytes come at a time; up to the first that is not an answer.
fn answers_in(said: &[u8], step: usize) -> Vec<Vec<StatusLine>> {
    let mut parts = said.chunks(step);
    let mut more = |into: &mut Vec<u8>| {
        into.extend_from_slice(parts.next().ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    };
    let mut output = Output::default();
    NAMES
        .iter()
        .map_while(|name| output.answer(name, &mut more).ok())
        .collect()
}
