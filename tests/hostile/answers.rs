// SPDX-License-Identifier: Apache-2.0
//! Answers of a registry that are too large, too slow, compressed too well, or something else than what was asked for.

use std::io::Write;
use std::time::{Duration, Instant};

use image_signature::digest::Digest;
use image_signature::reason::Reason;
use image_signature::registry::trouble::Trouble;

use crate::hostile::{access, honest, open, tag_path, trouble, Net, REPOSITORY};
use crate::support::hub::{sha256, Answer, Body, Hub, MANIFEST};

#[test]
fn an_honest_one_gives_what_it_has() {
    let (hub, digest) = honest();
    let net = Net::of(&[&hub]);
    let mut session = open(&net, access(&hub.host())).unwrap();
    let by_tag = session.manifest("v1").unwrap();
    assert_eq!(
        (sha256(&by_tag.body), by_tag.media_type.as_str()),
        (digest.clone(), MANIFEST)
    );
    assert_eq!(session.manifest(&digest).unwrap().body, by_tag.body);
    let blob = hub.store(|store| store.repository(REPOSITORY).blob(b"content"));
    assert_eq!(session.blob(&Digest::parse(&blob).unwrap()).unwrap(), b"content");
    // One question how to ask, and one for each thing.
    assert_eq!(hub.seen().len(), 4, "{:?}", hub.lines());
}

#[test]
fn bodies_that_never_end() {
    let (hub, digest) = honest();
    let net = Net::of(&[&hub]);
    for path in ["/v2/".to_owned(), tag_path()] {
        hub.answer(&path, Answer::ok(MANIFEST, "").body(Body::Endless(b' ')));
        let trouble = trouble(&net, access(&hub.host()));
        assert!(trouble.to_string().contains("the answer has more than"), "{trouble}");
        assert_eq!(trouble.reason(), Reason::SourceUnavailable);
        hub.answer("/v2/", Answer::ok("application/json", "{}"));
    }
    let mut session = open(&net, access(&hub.host())).unwrap();
    let image = Digest::parse(&digest).unwrap();
    for path in [
        format!("/v2/{REPOSITORY}/blobs/{digest}"),
        format!("/extensions/v2/{REPOSITORY}/signatures/{digest}"),
    ] {
        hub.answer(&path, Answer::ok("application/json", "").body(Body::Endless(b'[')));
    }
    assert!(matches!(session.blob(&image), Err(Trouble::TooLarge { .. })));
    assert!(matches!(session.extension(&image), Err(Trouble::TooLarge { .. })));
}

/// The limit is one for the whole of a request: a byte now and then does not prolong it.
#[test]
fn bodies_that_take_for_ever() {
    let (hub, _) = honest();
    let limit = Duration::from_secs(2);
    let net = Net::of(&[&hub]).within(limit);
    let drip = Body::Slow(vec![b' '; 4096], Duration::from_millis(100));
    for body in [drip, Body::Silence] {
        hub.answer(&tag_path(), Answer::ok(MANIFEST, "").body(body));
        let begin = Instant::now();
        let trouble = trouble(&net, access(&hub.host()));
        assert!(trouble.to_string().contains("took longer than 2 s"), "{trouble}");
        assert!(begin.elapsed() >= limit && begin.elapsed() < limit * 5);
        assert_eq!(trouble.reason(), Reason::SourceUnavailable);
    }
}

#[test]
fn bodies_that_end_too_early() {
    let (hub, _) = honest();
    hub.answer(&tag_path(), Answer::ok(MANIFEST, "").body(Body::Cut(b"{}".to_vec())));
    let trouble = trouble(&Net::of(&[&hub]), access(&hub.host()));
    assert!(matches!(trouble, Trouble::Unreachable { .. }), "{trouble:?}");
    assert_eq!(trouble.reason(), Reason::SourceUnavailable);
}

/// Kilobytes that stand for many megabytes are counted as what they stand for.
#[test]
fn bodies_that_grow_when_unpacked() {
    let (hub, _) = honest();
    let mut bomb = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    for _ in 0..128 {
        bomb.write_all(&vec![b' '; 1 << 20]).unwrap();
    }
    let bomb = bomb.finish().unwrap();
    assert!(bomb.len() < 1 << 20);
    hub.answer(
        &tag_path(),
        Answer::ok(MANIFEST, bomb).header("Content-Encoding", "gzip"),
    );
    let begin = Instant::now();
    let trouble = trouble(&Net::of(&[&hub]), access(&hub.host()));
    assert!(trouble.to_string().contains("the answer has more than"), "{trouble}");
    assert!(begin.elapsed() < Duration::from_secs(10));
}

#[test]
fn headers_that_are_too_long() {
    let (hub, _) = honest();
    let net = Net::of(&[&hub]);
    hub.answer(
        &tag_path(),
        Answer::ok(MANIFEST, "{}").header("X-Long", &"x".repeat(1 << 20)),
    );
    let one = trouble(&net, access(&hub.host()));
    let mut many = Answer::ok(MANIFEST, "{}");
    for number in 0..20_000 {
        many = many.header(&format!("X-Number-{number}"), "x");
    }
    hub.answer(&tag_path(), many);
    let several = trouble(&net, access(&hub.host()));
    for trouble in [one, several] {
        assert!(matches!(trouble, Trouble::Unreachable { .. }), "{trouble:?}");
        assert_eq!(trouble.reason(), Reason::SourceUnavailable);
        assert!(trouble.to_string().len() < 1000, "{trouble}");
    }
}

#[test]
fn a_blob_that_is_another_one() {
    let (hub, _) = honest();
    let wanted = sha256(b"wanted");
    let path = format!("/v2/{REPOSITORY}/blobs/{wanted}");
    hub.answer(&path, Answer::ok("application/octet-stream", "other"));
    let net = Net::of(&[&hub]);
    let mut session = open(&net, access(&hub.host())).unwrap();
    let trouble = session.blob(&Digest::parse(&wanted).unwrap()).unwrap_err();
    assert!(trouble.to_string().contains("does not hash to its digest"), "{trouble}");
}

/// What a status means: not there, not allowed, or trouble. None of them is an answer about a signature.
#[test]
fn statuses() {
    let (hub, _) = honest();
    let net = Net::of(&[&hub]);
    for (status, reason, words) in [
        (404, Reason::NotFound, "not found (404)"),
        (401, Reason::Forbidden, "forbidden or not there (401)"),
        (403, Reason::Forbidden, "forbidden or not there (403)"),
        (204, Reason::SourceUnavailable, "unexpected status 204"),
        (206, Reason::SourceUnavailable, "unexpected status 206"),
        (400, Reason::SourceUnavailable, "unexpected status 400"),
        (410, Reason::SourceUnavailable, "unexpected status 410"),
        (418, Reason::SourceUnavailable, "unexpected status 418"),
        (500, Reason::SourceUnavailable, "unexpected status 500"),
        (502, Reason::SourceUnavailable, "unexpected status 502"),
        (504, Reason::SourceUnavailable, "unexpected status 504"),
    ] {
        hub.answer(&tag_path(), Answer::status(status));
        let trouble = trouble(&net, access(&hub.host()));
        assert!(trouble.to_string().contains(words), "{status}: {trouble}");
        assert!(trouble.to_string().contains(&tag_path()), "{status}: {trouble}");
        assert_eq!(trouble.reason(), reason, "{status}");
    }
}

#[test]
fn a_page_for_people() {
    let (hub, _) = honest();
    let net = Net::of(&[&hub]);
    for path in [tag_path(), "/v2/".to_owned()] {
        hub.answer(&path, Answer::page());
        let trouble = trouble(&net, access(&hub.host()));
        assert!(matches!(trouble, Trouble::Page { .. }), "{path}: {trouble:?}");
        assert_eq!(trouble.reason(), Reason::SourceUnavailable);
    }
}

/// It may ask to come again later, ten times, and then it has answered.
#[test]
fn too_many_requests() {
    let (hub, _) = honest();
    let net = Net::of(&[&hub]);
    hub.answer(&tag_path(), Answer::status(429).header("Retry-After", "0"));
    let trouble = trouble(&net, access(&hub.host()));
    assert!(trouble.to_string().contains("unexpected status 429"), "{trouble}");
    assert_eq!(trouble.reason(), Reason::SourceUnavailable);
    assert_eq!(hub.seen().iter().filter(|seen| seen.target == tag_path()).count(), 11);
    // A server that means it gets its wait, and the answer counts.
    hub.answers(
        &tag_path(),
        [
            Answer::status(429).header("Retry-After", "1"),
            Answer::ok(MANIFEST, "{}"),
        ],
    );
    let begin = Instant::now();
    let mut session = open(&net, access(&hub.host())).unwrap();
    assert_eq!(session.manifest("v1").unwrap().body, b"{}");
    assert!(begin.elapsed() >= Duration::from_secs(1));
}

/// Nobody listens, or what listens speaks no TLS: never a reason to speak plainly.
#[test]
fn servers_without_tls_are_not_spoken_to_plainly() {
    let hub = Hub::plain();
    hub.store(|store| store.repository(REPOSITORY).image("v1", "plain"));
    let unverified = crate::hostile::Access {
        unverified: true,
        ..access(&hub.host())
    };
    for access in [access(&hub.host()), unverified] {
        let trouble = trouble(&Net::of(&[]), access);
        assert_eq!(trouble.reason(), Reason::SourceUnavailable, "{trouble}");
    }
    assert_eq!(hub.lines(), [""; 0]);
}

#[test]
fn a_certificate_that_nobody_vouches_for() {
    let (hub, digest) = honest();
    let net = Net::of(&[]);
    let refused = trouble(&net, access(&hub.host()));
    assert!(refused.to_string().contains("is not accepted"), "{refused}");
    assert_eq!(hub.lines(), [""; 0]);
    // --insecure: exactly this is what it is for.
    let unverified = crate::hostile::Access {
        unverified: true,
        ..access(&hub.host())
    };
    let mut session = open(&net, unverified).unwrap();
    assert_eq!(sha256(&session.manifest("v1").unwrap().body), digest);
}
