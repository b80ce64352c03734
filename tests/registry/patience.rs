// SPDX-License-Identifier: Apache-2.0
//! How long registries are waited for: each request, all attempts of one, and all requests about an image.

use std::time::{Duration, Instant};

use crate::registry::town::Town;
use crate::support::hub::{Answer, Body, Hub, LIST, MANIFEST};

const TAG: &str = "/v2/ns/app/manifests/v1";

/// A registry with a signed image, and its name.
fn signed() -> (Town, Hub, String) {
    let (town, hub) = (Town::new(), Hub::plain());
    town.insecure(&[&hub.host()]);
    town.store_on_disk();
    let digest = hub.store(|store| store.repository("ns/app").image("v1", "patience"));
    let reference = format!("{}/ns/app:v1", hub.host());
    town.keep("ns/app", &digest, 1, &town.sign(&digest, &reference));
    (town, hub, format!("docker://{reference}"))
}

fn times(hub: &Hub, path: &str) -> usize {
    hub.seen().iter().filter(|seen| seen.target == path).count()
}

/// The manifest as the registry serves it.
fn manifest(hub: &Hub) -> Answer {
    let (media_type, bytes) = hub.store(|store| store.repository("ns/app").manifest("v1"));
    Answer::ok(&media_type, bytes)
}

#[test]
fn a_registry_that_is_asked_too_often_and_does_not_say_when_to_come_again() {
    let (town, hub, image) = signed();
    hub.answers(TAG, [Answer::status(429), manifest(&hub)]);
    let begin = Instant::now();
    let outcome = town.verify_json(&[&image]).expect_verdict(0, "Verified/Verified");
    assert!(begin.elapsed() >= Duration::from_secs(2));
    assert!(
        outcome.stderr.contains("status 429; once more in 2000 ms"),
        "{}",
        outcome.stderr
    );
    // Not for ever: 2, 4 and 8 seconds, and the next wait would be longer than the image may take.
    hub.answer(TAG, Answer::status(429));
    hub.take_seen();
    let begin = Instant::now();
    town.verify_json(&[&image, "--request-timeout", "1s"])
        .expect_verdict(3, "Unchecked/SourceUnavailable");
    assert!(begin.elapsed() < Duration::from_secs(20), "{:?}", begin.elapsed());
    assert_eq!(times(&hub, TAG), 4);
}

#[test]
fn a_date_to_come_again_is_understood_by_the_clock_of_the_server() {
    let (town, hub, image) = signed();
    let later = |seconds: u8| {
        Answer::status(429)
            .header("Date", "Sun, 06 Nov 1994 08:49:37 GMT")
            .header("Retry-After", &format!("Sun, 06 Nov 1994 08:49:{} GMT", 37 + seconds))
    };
    hub.answers(TAG, [later(2), later(0), manifest(&hub)]);
    let begin = Instant::now();
    let outcome = town.verify_json(&[&image]).expect_verdict(0, "Verified/Verified");
    assert!(begin.elapsed() >= Duration::from_secs(2));
    assert!(outcome.stderr.contains("once more in 2000 ms"), "{}", outcome.stderr);
    assert_eq!(times(&hub, TAG), 3);
}

#[test]
fn the_time_limit_of_the_user_holds_for_registries() {
    let (town, hub, image) = signed();
    hub.answer(TAG, Answer::ok(MANIFEST, "").body(Body::Silence));
    for command in ["verify", "inspect"] {
        let begin = Instant::now();
        let mut run = town.command(&[command, &image, "--request-timeout", "1s"]);
        let outcome = town.sandbox.finish(&mut run, b"").expect(3);
        assert!(
            begin.elapsed() < Duration::from_secs(10),
            "{command}: {:?}",
            begin.elapsed()
        );
        assert!(outcome.words().contains("took longer than 1 s"), "{outcome:?}");
    }
    town.verify(&[&image, "--request-timeout", "soon"])
        .expect_usage("--request-timeout");
    let mut run = town.command(&["inspect", "x", "--request-timeout", "1s"]);
    town.sandbox
        .finish(&mut run, b"")
        .expect_usage("add docker://REFERENCE");
}

/// Each answer comes in time, and there is no end of them: the image is given up, and the next one is looked at.
#[test]
fn slow_answers_without_end() {
    let (town, hub, image) = signed();
    let store = Hub::plain();
    town.stores(&format!(
        "docker:\n  {}/slow:\n    lookaside: {}/store\n  {0}/ns:\n    lookaside: file://{}\n",
        hub.host(),
        store.url(),
        town.sandbox.path("lookaside").display()
    ));
    let digest = hub.store(|store| store.repository("slow/app").image("v1", "slow"));
    // A packet that is no signature: what is no packet at all would soon end the search.
    let slow = Body::Slow(vec![0xcb, 0], Duration::from_millis(200));
    for number in 1..=130 {
        let path = format!("/store/slow/app@{}/signature-{number}", digest.replace(':', "="));
        store.answer(&path, Answer::ok("application/octet-stream", "").body(slow.clone()));
    }
    let begin = Instant::now();
    let other = format!("docker://{}/slow/app:v1", hub.host());
    let outcome = town
        .verify_json(&[&other, &image, "--request-timeout", "500ms"])
        .expect(3);
    // 130 answers would take 52 s.
    let took = begin.elapsed();
    assert!(
        took >= Duration::from_secs(9) && took < Duration::from_secs(30),
        "{took:?}"
    );
    let items = outcome.json()["items"].clone();
    assert_eq!(items[0]["reason"], "SourceUnavailable");
    let message = items[0]["message"].as_str().unwrap();
    assert!(
        message.contains("the requests about this image took longer than 10 s in all"),
        "{message}"
    );
    assert_eq!(items[1]["verdict"], "Verified", "{items}");
}

/// The same for the many instances of a list.
#[test]
fn slow_instances_without_end() {
    let (town, hub, _) = signed();
    let entries: Vec<serde_json::Value> = (0..256)
        .map(|n| {
            serde_json::json!({"mediaType": MANIFEST, "size": 1, "digest": format!("sha256:{n:064x}"),
            "platform": {"os": "linux", "architecture": format!("a{n}")}})
        })
        .collect();
    for n in 0..256 {
        let slow = Body::Slow(b"xx".to_vec(), Duration::from_millis(200));
        let path = format!("/v2/ns/app/manifests/sha256:{n:064x}");
        hub.answer(&path, Answer::status(404).body(slow));
    }
    let list = serde_json::json!({"schemaVersion": 2, "mediaType": LIST, "manifests": entries}).to_string();
    hub.store(|store| store.repository("ns/app").push("list", LIST, list.as_bytes()));
    let begin = Instant::now();
    let image = format!("docker://{}/ns/app:list", hub.host());
    town.verify_json(&[&image, "--request-timeout", "500ms"]).expect(3);
    assert!(begin.elapsed() < Duration::from_secs(30), "{:?}", begin.elapsed());
}
