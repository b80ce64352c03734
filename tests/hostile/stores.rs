// SPDX-License-Identifier: Apache-2.0
//! Lookaside stores over http.

use std::sync::Arc;

use image_signature::digest::Digest;
use image_signature::openpgp::framing::lost::no_message;
use image_signature::reason::Reason;
use image_signature::reference::Reference;
use image_signature::registry::budget::Budget;
use image_signature::registry::lookaside::{Numbered, Store, Stores};
use image_signature::registry::trouble::Trouble;

use crate::hostile::Net;
use crate::support::hub::{Answer, Body, Hub};
use crate::support::images::D1;
use crate::support::packets::packet;

fn path(number: usize) -> String {
    format!("/ns/app@{}/signature-{number}", D1.replace(':', "="))
}

fn store(hub: &Hub) -> Store {
    let reference = Reference::parse("registry.example.test/ns/app:v1").unwrap();
    Store::new(&hub.url(), &reference, &Digest::parse(D1).unwrap()).unwrap()
}

/// A user ID packet: something whole that may be stored, whatever it is.
fn blob(text: &str) -> Answer {
    Answer::ok("application/octet-stream", packet(13, text.as_bytes()))
}

fn read(hub: &Hub) -> Result<Vec<Numbered>, Trouble> {
    let net = Net::of(&[hub]);
    let (found, trouble) = Stores::new(&net.0, Arc::new(Budget::new(None)), no_message).read(&store(hub));
    trouble.map_or(Ok(found), Err)
}

#[test]
fn numbers_in_a_row() {
    let hub = Hub::tls();
    for number in [1, 2, 4] {
        hub.answer(&path(number), blob(&format!("blob {number}")));
    }
    let found = read(&hub).unwrap();
    let numbers: Vec<usize> = found.iter().map(|file| file.number).collect();
    assert_eq!(numbers, [1, 2, 4]);
    for seen in hub.seen() {
        assert_eq!(seen.authorization(), "");
    }
}

/// However many there are, no more is asked for than can be judged and told; nor where each is another text.
#[test]
fn stores_that_never_end() {
    let hub = Hub::tls();
    for number in 1..=200 {
        let text = Answer::ok("application/octet-stream", format!("request {number} failed"));
        hub.answer(&path(number), if number < 100 { blob("blob") } else { text });
    }
    let found = read(&hub).unwrap();
    assert!((128..=131).contains(&found.len()), "{}", found.len());
    assert!(hub.seen().len() <= 131, "{}", hub.seen().len());
}

#[test]
fn a_signature_that_never_ends_spoils_no_other() {
    let hub = Hub::tls();
    hub.answer(
        &path(1),
        Answer::ok("application/octet-stream", "").body(Body::Endless(0)),
    );
    hub.answer(&path(2), blob("blob"));
    let found = read(&hub).unwrap();
    assert_eq!(found.len(), 2);
    assert!(matches!(found[0].content, Err(Trouble::TooLarge { .. })), "{found:?}");
    assert_eq!(found[1].content, Ok(packet(13, b"blob")));
}

/// What is there and cannot be read is not taken for absent.
#[test]
fn trouble_with_one_number() {
    let hub = Hub::tls();
    hub.answer(&path(1), blob("blob"));
    for (answer, reason) in [
        (Answer::page(), Reason::SourceUnavailable),
        (Answer::status(403), Reason::Forbidden),
        (Answer::status(401), Reason::Forbidden),
        (Answer::status(410), Reason::SourceUnavailable),
        (Answer::status(500), Reason::SourceUnavailable),
        (
            Answer::status(200).body(Body::Cut(b"x".to_vec())),
            Reason::SourceUnavailable,
        ),
    ] {
        hub.answer(&path(2), answer.clone());
        let trouble = read(&hub).unwrap_err();
        assert_eq!(trouble.reason(), reason, "{answer:?}: {trouble}");
        assert!(!matches!(trouble, Trouble::Absent { .. }));
    }
}
