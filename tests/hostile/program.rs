// SPDX-License-Identifier: Apache-2.0
//! The shipped program against answers that are too many, too large, too slow, or something else than was asked for.

use std::io::Write;
use std::time::{Duration, Instant};

use serde_json::{json, Value};

use crate::hostile::site::{reference, Place, Site, PLACES};
use crate::hostile::REPOSITORY;
use crate::support::cosign::{payload, Cosign};
use crate::support::hub::{Answer, Body, LIST, MANIFEST};
use crate::support::program::word;

/// What an image is called that has a good signature in another place than the one with an answer: that place decides only
/// where nothing can be had without it.
fn is_needed(place: Place) -> bool {
    matches!(place, Place::Ping | Place::Manifest)
}

/// Answers a place like this: the image is called `expected`, and Verified where another place has a good signature.
#[track_caller]
fn answered(site: &Site, place: Place, answer: &Answer, expected: &str, more: &[&str]) {
    site.server(place).answer(&site.path(place), answer.clone());
    let outcome = site.judged(more);
    assert_eq!(outcome.verdict(), expected, "{place:?} {answer:?}: {outcome:#?}");
    let status = if expected.starts_with("Unchecked") { 3 } else { 1 };
    outcome.expect(status);
}

/// A site whose image has a signature exactly at this place, of a kind that cannot be checked.
fn with_place(place: Place) -> Site {
    if place == Place::Blob {
        Site::attached()
    } else {
        Site::new()
    }
}

/// None of them says that something is not there but 404. Those that ask for patience (429, 503) are in `registry::patience`.
const STATUSES: [u16; 24] = [
    201, 202, 204, 206, 226, 300, 304, 305, 400, 401, 403, 404, 405, 406, 408, 409, 410, 418, 451, 500, 501, 502, 504,
    599,
];

#[test]
fn statuses_of_every_place() {
    let mut counted = 0;
    for place in PLACES {
        let site = with_place(place);
        for status in STATUSES {
            let expected = match (place, status) {
                // Whoever asks how to log in is a registry.
                (Place::Ping, 401) => "Unsigned/NoSignature",
                (Place::Blob, _) => "Unchecked/SourceUnavailable",
                (_, 401 | 403) => "Unchecked/Forbidden",
                (Place::Ping, _) => "Unchecked/SourceUnavailable",
                (Place::Manifest, 404) => "Unchecked/NotFound",
                (_, 404) => "Unsigned/NoSignature",
                // A registry that does not know the request makes no such lists.
                (Place::Referrers, 400 | 405 | 406 | 501) => "Unsigned/NoSignature",
                _ => "Unchecked/SourceUnavailable",
            };
            answered(&site, place, &Answer::status(status), expected, &[]);
            counted += 1;
        }
        // None of it hides what another place has.
        if !is_needed(place) && place != Place::Extension {
            site.sign();
            site.judged(&[]).expect_verdict(0, "Verified/Verified");
        }
    }
    println!("{counted} statuses of {} places", PLACES.len());
}

#[test]
fn pages_for_people_at_every_place() {
    for place in PLACES {
        let site = with_place(place);
        answered(&site, place, &Answer::page(), "Unchecked/SourceUnavailable", &[]);
    }
}

#[test]
fn bodies_that_never_end_at_every_place() {
    for place in PLACES {
        let site = with_place(place);
        let expected = match place {
            Place::Manifest => "Unchecked/ManifestUnavailable",
            // What is there is too large to be a signature.
            Place::Lookaside | Place::Blob => "Rejected/LimitExceeded",
            _ => "Unchecked/SourceUnavailable",
        };
        let kind = if place == Place::Referrers { LIST } else { MANIFEST };
        let endless = Answer::ok(kind, "").body(Body::Endless(b' '));
        answered(&site, place, &endless, expected, &[]);
    }
}

#[test]
fn bodies_that_take_for_ever_at_every_place() {
    for place in PLACES {
        let site = with_place(place);
        let drip = Body::Slow(vec![b' '; 4096], Duration::from_millis(100));
        for body in [drip, Body::Silence] {
            let slow = Answer::ok(MANIFEST, "").body(body);
            answered(
                &site,
                place,
                &slow,
                "Unchecked/SourceUnavailable",
                &["--request-timeout", "1s"],
            );
        }
    }
}

/// Kilobytes that stand for many megabytes are counted as what they stand for.
#[test]
fn bodies_that_grow_when_unpacked_at_every_place() {
    let mut bomb = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    for _ in 0..64 {
        bomb.write_all(&vec![b' '; 1 << 20]).unwrap();
    }
    let bomb = bomb.finish().unwrap();
    for place in PLACES {
        let site = with_place(place);
        let kind = if place == Place::Referrers { LIST } else { MANIFEST };
        let answer = Answer::ok(kind, bomb.clone()).header("Content-Encoding", "gzip");
        let expected = match place {
            Place::Manifest => "Unchecked/ManifestUnavailable",
            Place::Lookaside | Place::Blob => "Rejected/LimitExceeded",
            _ => "Unchecked/SourceUnavailable",
        };
        answered(&site, place, &answer, expected, &[]);
    }
}

#[test]
fn headers_that_are_too_long_at_every_place() {
    for place in PLACES {
        let site = with_place(place);
        let one = Answer::ok(MANIFEST, "{}").header("X-Long", &"x".repeat(1 << 20));
        let mut many = Answer::ok(MANIFEST, "{}");
        for number in 0..20_000 {
            many = many.header(&format!("X-Number-{number}"), "x");
        }
        for answer in [one, many] {
            site.server(place).answer(&site.path(place), answer);
            let outcome = site.judged(&[]).expect_verdict(3, "Unchecked/SourceUnavailable");
            let message = outcome.item()["message"].as_str().unwrap().to_owned();
            assert!(message.len() < 2000, "{place:?}: {message}");
        }
    }
}

#[test]
fn a_manifest_that_is_not_the_one_asked_for() {
    let site = Site::new();
    site.sign();
    let name = reference();
    let name = name.strip_suffix(":v1").unwrap();
    let path = format!("/v2/{REPOSITORY}/manifests/{}", site.digest);
    site.registry
        .answer(&path, Answer::ok(MANIFEST, "{\"schemaVersion\":2,\"layers\":[]}"));
    let mut command = site.command(&["verify", "-o", "json", &format!("docker://{name}@{}", site.digest)]);
    let outcome = site.town.sandbox.finish(&mut command, b"");
    let message = outcome.expect_verdict(1, "Rejected/ManifestMismatch").item()["message"].clone();
    assert!(
        message.as_str().unwrap().contains("served a manifest that hashes to"),
        "{message}"
    );
}

/// What is fetched once cannot be two things: neither a tag that moves, nor a list, nor what hangs at the `.sig` tag.
#[test]
fn manifests_that_change_between_two_requests() {
    let key = Cosign::new();
    let site = Site::new();
    let file = site.town.sandbox.file("cosign.pub", key.pem());
    let payload = payload(&site.digest, &reference());
    site.registry.store(|store| {
        let repository = store.repository(REPOSITORY);
        repository.attach(&site.digest, &[(&payload, &key.sign(&payload))]);
    });
    for place in [Place::Manifest, Place::Attachment] {
        let path = site.path(place);
        let tag = path.rsplit('/').next().unwrap().to_owned();
        let (kind, bytes) = site.registry.store(|store| store.repository(REPOSITORY).manifest(&tag));
        let good = Answer::ok(&kind, bytes);
        let others = [
            good.clone(),
            Answer::ok(MANIFEST, "{\"schemaVersion\":2,\"layers\":[]}"),
        ];
        site.registry.answers(&path, others);
        site.registry.take_seen();
        let item = site
            .judged(&["--sigstore-key", file.to_str().unwrap()])
            .expect_verdict(0, "Verified/Verified")
            .item();
        assert_eq!(item["image"], site.digest);
        let times = site.registry.seen().iter().filter(|seen| seen.target == path).count();
        assert_eq!(times, 1, "{place:?}");
        site.registry.answer(&path, good);
    }
    // A list, and an instance that is another one when it is asked for.
    let site = Site::new();
    let list = json!({"schemaVersion": 2, "mediaType": LIST, "manifests": [{"mediaType": MANIFEST, "size": 1,
        "digest": site.digest, "platform": {"os": "linux", "architecture": "amd64"}}]});
    site.sign();
    let empty = json!({"schemaVersion": 2, "mediaType": LIST, "manifests": []});
    site.registry.answers(
        &site.path(Place::Manifest),
        [Answer::ok(LIST, list.to_string()), Answer::ok(LIST, empty.to_string())],
    );
    site.judged(&[]).expect_verdict(0, "Verified/Verified");
    site.registry
        .answer(&site.path(Place::Manifest), Answer::ok(LIST, list.to_string()));
    let instance = format!("/v2/{REPOSITORY}/manifests/{}", site.digest);
    site.registry
        .answer(&instance, Answer::ok(MANIFEST, "{\"schemaVersion\":2,\"layers\":[]}"));
    let item = site.judged(&[]).expect_verdict(1, "Rejected/ManifestMismatch").item();
    assert_eq!(item["instances"][0]["verdict"], "Rejected");
}

/// No more payloads are fetched than signatures are judged, in no more memory and time than for those.
#[test]
fn ten_thousand_layers_at_the_tag() {
    let site = Site::new();
    let key = Cosign::new();
    let file = site.town.sandbox.file("cosign.pub", key.pem());
    let good = payload(&site.digest, &reference());
    let signature = key.sign(&good);
    let mut signed: Vec<(Vec<u8>, Vec<u8>)> = (0..10_000)
        .map(|n| (format!("payload {n}").into_bytes(), b"no signature".to_vec()))
        .collect();
    for (at, status, verdict) in [(127, 0, "Verified/Verified"), (128, 1, "Rejected/BadSignature")] {
        let other = std::mem::replace(&mut signed[at], (good.clone(), signature.clone()));
        let layers: Vec<(&[u8], &[u8])> = signed.iter().map(|(p, s)| (p.as_slice(), s.as_slice())).collect();
        site.registry
            .store(|store| store.repository(REPOSITORY).attach(&site.digest, &layers));
        signed[at] = other;
        site.registry.take_seen();
        // The search for passwords in what it prints would take longer than the run.
        let image = format!("docker://{}", reference());
        let mut command = site.command(&["verify", "-o", "json", &image, "--sigstore-key", file.to_str().unwrap()]);
        let begin = Instant::now();
        let outcome = site.town.sandbox.finish(&mut command, b"");
        assert!(begin.elapsed() < Duration::from_secs(30), "{:?}", begin.elapsed());
        let outcome = outcome.expect_verdict(status, verdict);
        let blobs = site
            .registry
            .lines()
            .iter()
            .filter(|line| line.contains("/blobs/"))
            .count();
        assert_eq!(blobs, 128);
        let signatures = outcome.item()["signatures"].as_array().unwrap().clone();
        let beyond = signatures.iter().filter(|s| s["reason"] == "LimitExceeded").count();
        assert!((1..=1000).contains(&beyond), "{beyond}");
    }
}

/// 127 and 128 are judged, of 129 the last one is named only; wherever they are.
#[test]
fn as_many_signatures_as_are_judged_and_one_more() {
    let key = Cosign::new();
    for place in [Place::Extension, Place::Lookaside, Place::Attachment] {
        for count in [127, 128, 129] {
            let site = Site::new();
            let file = site.town.sandbox.file("cosign.pub", key.pem());
            let good = match place {
                Place::Attachment => payload(&site.digest, &reference()),
                _ => site.town.sign(&site.digest, &reference()),
            };
            for n in 1..=count {
                // A packet with a user ID: whole, and no signed message.
                let bad = || crate::support::packets::packet(13, format!("signature {n}").as_bytes());
                let blob = if n == count { good.clone() } else { bad() };
                match place {
                    Place::Extension => site
                        .registry
                        .store(|store| store.repository(REPOSITORY).sign(&site.digest, &n.to_string(), &blob)),
                    Place::Lookaside => {
                        let path = site.path(place).replace("signature-1", &format!("signature-{n}"));
                        site.other.answer(&path, Answer::ok("application/octet-stream", blob));
                    }
                    _ => {}
                }
            }
            let mut more = Vec::new();
            if place == Place::Attachment {
                more = vec!["--sigstore-key", file.to_str().unwrap()];
                let signature = key.sign(&good);
                let bad: Vec<Vec<u8>> = (1..count).map(|n| format!("payload {n}").into_bytes()).collect();
                let mut layers: Vec<(&[u8], &[u8])> = bad.iter().map(|p| (p.as_slice(), b"none".as_slice())).collect();
                layers.push((&good, &signature));
                site.registry
                    .store(|store| store.repository(REPOSITORY).attach(&site.digest, &layers));
            }
            let outcome = site.judged(&more);
            let item = outcome.item();
            let signatures = item["signatures"].as_array().unwrap();
            assert_eq!(signatures.len(), count, "{place:?}");
            if count <= 128 {
                assert_eq!(word(&item), "Verified/Verified", "{place:?} {count}: {outcome:#?}");
            } else {
                assert_eq!(item["verdict"], "Rejected", "{place:?} {count}");
                assert_eq!(signatures[128]["reason"], "LimitExceeded");
                assert!(signatures[..128].iter().all(|s| s["reason"] != "LimitExceeded"));
            }
        }
    }
}

/// A payload that does not hash to its digest says nothing of its signature, and spoils no other.
#[test]
fn a_layer_that_is_another_one() {
    let key = Cosign::new();
    let site = Site::attached();
    let file = site.town.sandbox.file("cosign.pub", key.pem());
    let more = ["--sigstore-key", file.to_str().unwrap()];
    site.registry.answer(
        &site.path(Place::Blob),
        Answer::ok("application/octet-stream", "another payload"),
    );
    let item = site
        .judged(&more)
        .expect_verdict(3, "Unchecked/SourceUnavailable")
        .item();
    let message = item["signatures"][0]["message"].as_str().unwrap();
    assert!(message.contains("does not hash to its digest"), "{message}");
    let good = payload(&site.digest, &reference());
    let spaced = [&good[..], b" "].concat();
    site.registry.store(|store| {
        let layers: [(&[u8], &[u8]); 2] = [(&good, b"x"), (&spaced, &key.sign(&spaced))];
        store.repository(REPOSITORY).attach(&site.digest, &layers);
    });
    let item = site.judged(&more).expect_verdict(0, "Verified/Verified").item();
    let verdicts: Vec<&Value> = item["signatures"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| &s["verdict"])
        .collect();
    assert_eq!(verdicts, ["Unchecked", "Verified"]);
}
