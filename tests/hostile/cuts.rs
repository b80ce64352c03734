// SPDX-License-Identifier: Apache-2.0
//! Answers of a registry that end early: what was to come is not known, and nothing is made of what came.

use image_signature::digest::Digest;
use image_signature::registry::trouble::Trouble;

use crate::hostile::site::{reference, Place, Site, PLACES};
use crate::hostile::{access, honest, open, tag_path, Net, Opened, REPOSITORY};
use crate::support::hub::{Answer, Body, LIST, MANIFEST};

/// How far apart the cuts are, but for those at the beginning and at the end: each is waited for, since reads are tried again.
const STEP: usize = 24;

/// Parts of an answer from its beginning, but never the whole.
fn parts(whole: &[u8]) -> impl Iterator<Item = &[u8]> {
    let last = whole.len() - 1;
    (0..=last)
        .filter(move |at| *at < 2 || at % STEP == 0 || *at == last)
        .map(|at| &whole[..at])
}

/// Asks for something whose answer is cut, at one place after the other.
fn cut<T: std::fmt::Debug>(whole: &[u8], path: &str, ask: impl Fn(&mut Opened<'_>) -> Result<T, Trouble>) {
    let (hub, _) = honest();
    let net = Net::of(&[&hub]);
    let mut session = open(&net, access(&hub.host())).unwrap();
    for part in parts(whole) {
        hub.answer(path, Answer::ok(MANIFEST, "").body(Body::Cut(part.to_vec())));
        let read = ask(&mut session);
        let is_lost = matches!(read, Err(Trouble::Unreachable { .. }));
        assert!(is_lost, "{path} {}: {read:?}", part.len());
    }
}

#[test]
fn a_cut_in_a_manifest_a_blob_and_a_list_gives_nothing() {
    let (hub, digest) = honest();
    let image = Digest::parse(&digest).unwrap();
    let (_, manifest) = hub.store(|store| store.repository(REPOSITORY).manifest("v1"));
    let entry = format!("{{\"schemaVersion\":2,\"name\":\"{digest}@one\",\"type\":\"atomic\",\"content\":\"AAAA\"}}");
    let list = format!("{{\"signatures\":[{entry},{entry}]}}");
    let (manifest, list, image) = (&manifest[..], list.as_bytes(), &image);
    std::thread::scope(|scope| {
        scope.spawn(move || cut(manifest, &tag_path(), |session| session.manifest("v1")));
        let path = format!("/v2/{REPOSITORY}/blobs/{digest}");
        scope.spawn(move || cut(manifest, &path, |session| session.blob(image)));
        let path = format!("/extensions/v2/{REPOSITORY}/signatures/{digest}");
        scope.spawn(move || cut(list, &path, |session| session.extension(image)));
    });
}

/// What a place has to say about an image, in whole.
fn whole(site: &Site, place: Place) -> Vec<u8> {
    let repository = |tag: &str| {
        site.registry
            .store(|store| store.repository(REPOSITORY).manifest(tag).1)
    };
    match place {
        Place::Ping => b"{}".to_vec(),
        Place::Manifest | Place::Attachment => repository("v1"),
        Place::Extension => b"{\"signatures\":[]}".to_vec(),
        Place::Lookaside => site.town.sign(&site.digest, &reference()),
        Place::Blob => crate::support::cosign::payload(&site.digest, &reference()),
        Place::Referrers => format!("{{\"schemaVersion\":2,\"mediaType\":\"{LIST}\",\"manifests\":[]}}").into_bytes(),
    }
}

fn cut_at(place: Place) {
    let site = match place {
        Place::Blob => Site::attached(),
        _ => Site::new(),
    };
    let whole = whole(&site, place);
    for length in [0, whole.len() / 2, whole.len() - 1] {
        let kind = if place == Place::Referrers { LIST } else { MANIFEST };
        let cut = Answer::ok(kind, "").body(Body::Cut(whole[..length].to_vec()));
        site.server(place).answer(&site.path(place), cut);
        let outcome = site.judged(&[]);
        let expected = "Unchecked/SourceUnavailable";
        assert_eq!(outcome.verdict(), expected, "{place:?} {length}: {outcome:#?}");
    }
}

#[test]
fn a_cut_at_any_place_makes_no_image_unsigned_or_rejected() {
    std::thread::scope(|scope| {
        for place in PLACES.into_iter().filter(|place| *place != Place::Ping) {
            scope.spawn(move || cut_at(place));
        }
    });
}
