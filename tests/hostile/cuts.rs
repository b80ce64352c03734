// SPDX-License-Identifier: Apache-2.0
//! Answers of a registry that end early: what was to come is not known, and nothing is made of what came.

use std::fmt::Debug;
use std::sync::Arc;

use image_signature::digest::Digest;
use image_signature::reference::Reference;
use image_signature::registry::budget::Budget;
use image_signature::registry::lookaside::{Store, Stores};
use image_signature::registry::trouble::Trouble;

use crate::hostile::site::{reference, Place, Site, PLACES};
use crate::hostile::{access, honest, open, tag_path, Net, Opened, REPOSITORY};
use crate::support::hub::{Answer, Body, Guard, Hub, LIST, MANIFEST};

/// How far apart the cuts are that are not healed: each is waited for, since reads are tried again.
const STEP: usize = 96;

/// How many servers have the cuts of one answer among them.
const LANES: usize = 6;

/// Asks for something, and tells what it is.
type Ask<'n> = Box<dyn FnMut() -> Result<String, Trouble> + 'n>;

/// Cuts an answer behind each of its bytes, of which there are fewer than 4096. One that comes whole the next time is as if
/// nothing had been, and one that never does is trouble.
fn cut_everywhere(whole: &Answer, path: &str, asking: impl for<'n> Fn(&'n Net, &Hub) -> Ask<'n> + Sync) {
    let Body::Bytes(bytes) = &whole.body else {
        panic!("{whole:?}");
    };
    assert!((1..4096).contains(&bytes.len()), "{path}: {}", bytes.len());
    let cut = |at: usize| whole.clone().body(Body::Cut(bytes[..at].to_vec()));
    let asking = &asking;
    std::thread::scope(|scope| {
        for lane in 0..LANES {
            let lane = (0..bytes.len()).skip(lane).step_by(LANES);
            scope.spawn(move || {
                let (hub, _) = honest();
                let net = Net::of(&[&hub]);
                let mut ask = asking(&net, &hub);
                hub.answer(path, whole.clone());
                let known = ask().unwrap();
                for at in lane {
                    hub.answers(path, [cut(at), whole.clone()]);
                    hub.take_seen();
                    let read = ask().unwrap_or_else(|trouble| panic!("{path} {at}: {trouble}"));
                    assert_eq!(read, known, "{path} {at}");
                    let asked = hub.seen().iter().filter(|seen| seen.target.starts_with(path)).count();
                    assert_eq!(asked, 2, "{path} {at}");
                    if at % STEP == 0 || at + 1 == bytes.len() {
                        hub.answer(path, cut(at));
                        let read = ask();
                        let is_lost = matches!(read, Err(Trouble::Unreachable { .. }));
                        assert!(is_lost, "{path} {at}: {read:?}");
                    }
                }
            });
        }
    });
}

/// Asks a session for something about an image, and tells what it is.
type InSession = fn(&mut Opened<'_>, &Digest) -> Result<String, Trouble>;

/// The same for what a session asks for.
fn cut_in_session(whole: &Answer, path: &str, image: &Digest, ask: InSession) {
    cut_everywhere(whole, path, |net, hub| {
        let mut session = open(net, access(&hub.host())).unwrap();
        let image = image.clone();
        Box::new(move || ask(&mut session, &image))
    });
}

fn shown(read: Result<impl Debug, Trouble>) -> Result<String, Trouble> {
    read.map(|read| format!("{read:?}"))
}

#[test]
fn a_cut_at_any_byte_of_a_manifest_a_blob_and_a_list_gives_nothing() {
    let (hub, digest) = honest();
    let image = &Digest::parse(&digest).unwrap();
    let (_, manifest) = hub.store(|store| store.repository(REPOSITORY).manifest("v1"));
    let manifest = &Answer::ok(MANIFEST, manifest);
    let entry = format!("{{\"schemaVersion\":2,\"name\":\"{digest}@one\",\"type\":\"atomic\",\"content\":\"AAAA\"}}");
    let list = Answer::ok("application/json", format!("{{\"signatures\":[{entry},{entry}]}}"));
    let bundle = "application/vnd.dev.sigstore.bundle.v0.3+json";
    let bundle =
        format!("{{\"mediaType\":\"{MANIFEST}\",\"size\":9,\"digest\":\"{digest}\",\"artifactType\":\"{bundle}\"}}");
    let referrers = format!("{{\"schemaVersion\":2,\"mediaType\":\"{LIST}\",\"manifests\":[{bundle}]}}");
    let referrers = Answer::ok(LIST, referrers);
    let repository = format!("/v2/{REPOSITORY}");
    let asked: [(&Answer, String, InSession); 4] = [
        (manifest, tag_path(), |session, _| shown(session.manifest("v1"))),
        (manifest, format!("{repository}/blobs/{digest}"), |session, image| {
            shown(session.blob(image))
        }),
        (
            &list,
            format!("/extensions/v2/{REPOSITORY}/signatures/{digest}"),
            |session, image| shown(session.extension(image)),
        ),
        (
            &referrers,
            format!("{repository}/referrers/{digest}"),
            |session, image| shown(session.session.referrers(&session.repository, image)),
        ),
    ];
    std::thread::scope(|scope| {
        for (whole, path, ask) in &asked {
            scope.spawn(move || cut_in_session(whole, path, image, *ask));
        }
    });
}

/// A session asks for one token, so that each cut has one of its own.
#[test]
fn a_cut_at_any_byte_of_a_token_gives_none() {
    const TOKEN: &str = "Plugh_token_4432_qqv";
    cut_everywhere(&Answer::token(TOKEN), "/token", |net, hub| {
        hub.guard(Guard::bearer(&format!("{}/token", hub.url()), TOKEN));
        let host = hub.host();
        Box::new(move || Ok(format!("{:?}", open(net, access(&host))?.manifest("v1")?)))
    });
}

#[test]
fn a_cut_at_any_byte_of_a_signature_in_a_store_gives_none() {
    let image = Digest::parse(&format!("sha256:{}", "1".repeat(64))).unwrap();
    let signature = Site::new().town.sign(image.as_str(), &reference());
    let name = Reference::parse(&reference()).unwrap();
    let path = format!("/s/{REPOSITORY}@{}/signature-1", image.as_str().replace(':', "="));
    let whole = Answer::ok("application/octet-stream", signature);
    cut_everywhere(&whole, &path, |net, hub| {
        let store = Store::new(&format!("{}/s", hub.url()), &name, &image).unwrap();
        let mut stores = Stores::new(&net.0, Arc::new(Budget::new(None)), |_| None);
        Box::new(move || match stores.read(&store) {
            (_, Some(trouble)) => Err(trouble),
            (found, None) => Ok(format!("{found:?}")),
        })
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
