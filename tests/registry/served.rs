// SPDX-License-Identifier: Apache-2.0
//! What servers answer under 200 where signatures are expected, and nobody has stored as one: trouble of the place, and not
//! a bad signature.

use super::sources::{blob, lookaside, lookaside_path, registry, REPOSITORY};
use crate::registry::town::answers;
use crate::support::hub::{Answer, Body};
use crate::support::images::base64;

/// What proxies, login pages and stores in trouble say, whatever they call it.
const TEXTS: [&[u8]; 10] = [
    b"upstream connect error or disconnect/reset before headers",
    b"{\"e\":1}",
    b"<?xml version=\"1.0\"?><Error><Code>SlowDown</Code></Error>",
    b"<head><title>Login</title></head>",
    b"<!-- gateway --><html><body>down</body></html>",
    b"\xef\xbb\xbf<!doctype html><html>",
    b"\xff\xfe<\0h\0t\0m\0l\0>\0",
    b"<htm",
    b"\xabPage introuvable\xbb",
    b"",
];

#[test]
fn an_answer_of_a_store_that_is_no_signature_is_trouble() {
    let (town, hub, digest, reference) = registry();
    let store = lookaside(&town, &hub, "");
    let image = format!("docker://{reference}");
    let good = town.sign(&digest, &reference);
    let other = town.sign(&digest, "registry.example.com/other:v1");
    let [first, second] = [1, 2].map(|number| lookaside_path(&digest, number));
    // The beginnings of a signature are such answers too, wherever it is cut off.
    let beginnings = [1, 2, 5, good.len() / 2, good.len() - 1].map(|end| &good[..end]);
    for body in TEXTS.into_iter().chain(beginnings) {
        let told = String::from_utf8_lossy(body).into_owned();
        store.answer(&first, blob(body));
        store.answer(&second, Answer::status(404));
        let outcome = town.verify_json(&[&image]);
        let item = outcome.expect_verdict(3, "Unchecked/SourceUnavailable").item();
        assert_eq!(answers(&item), ["lookaside unusable 1"], "{told}");
        let message = item["message"].as_str().unwrap();
        assert!(
            message.contains(&first) && message.contains("no signature received"),
            "{message}"
        );
        // It hides no other, and makes none good.
        store.answer(&second, blob(&good));
        let outcome = town.verify_json(&[&image]).expect_verdict(0, "Verified/Verified");
        assert_eq!(answers(&outcome.item()), ["lookaside found 2"], "{told}");
        store.answer(&second, blob(&other));
        let outcome = town.verify_json(&[&image]);
        let item = outcome.expect_verdict(3, "Unchecked/SourceUnavailable").item();
        assert_eq!(item["signatures"][1]["reason"], "IdentityMismatch", "{told}");
    }
    // What is whole and no signed message is what somebody stored.
    for body in [&b"\xcd\x01x"[..], b"\xff\x01\xff"] {
        store.answer(&first, blob(body));
        store.answer(&second, Answer::status(404));
        town.verify_json(&[&image]).expect_verdict(1, "Rejected/NotASignature");
    }
}

/// A page says nothing of the other numbers: a good signature behind it is found, and a bad one is not all that there may be.
#[test]
fn a_page_in_place_of_the_first_signature_ends_no_search() {
    let (town, hub, digest, reference) = registry();
    let store = lookaside(&town, &hub, "");
    let image = format!("docker://{reference}");
    let [first, second] = [1, 2].map(|number| lookaside_path(&digest, number));
    let good = town.sign(&digest, &reference);
    let other = town.sign(&digest, "registry.example.com/other:v1");
    for page in [Answer::page(), blob(b"<html>log in</html>")] {
        store.answer(&first, page.clone());
        for (answer, status, verdict, found) in [
            (blob(&good), 0, "Verified/Verified", "lookaside page 1"),
            (blob(&other), 3, "Unchecked/SourceUnavailable", "lookaside page 1"),
            (page.clone(), 3, "Unchecked/SourceUnavailable", "lookaside page 0"),
            (
                Answer::status(404),
                3,
                "Unchecked/SourceUnavailable",
                "lookaside page 0",
            ),
            (
                Answer::status(500),
                3,
                "Unchecked/SourceUnavailable",
                "lookaside unreachable 0",
            ),
        ] {
            store.answer(&second, answer.clone());
            let item = town.verify_json(&[&image]).expect_verdict(status, verdict).item();
            assert_eq!(answers(&item)[0], found, "{page:?} {answer:?}");
        }
    }
    // One for every number, each in other words: they are not all asked for.
    for number in 1..=140 {
        let page = format!("<html>no {number}</html>");
        store.answer(&lookaside_path(&digest, number), blob(page.as_bytes()));
    }
    store.take_seen();
    let outcome = town.verify_json(&[&image]);
    let item = outcome.expect_verdict(3, "Unchecked/SourceUnavailable").item();
    assert_eq!(answers(&item)[0], "lookaside page 0");
    assert_eq!(store.lines().len(), 3, "{:?}", store.lines());
}

/// Whoever gives one signature for every number does not say which there are. It counts once, and what it does not verify is
/// not known.
#[test]
fn a_store_that_gives_one_signature_for_every_number() {
    let (town, hub, digest, reference) = registry();
    let store = lookaside(&town, &hub, "");
    let image = format!("docker://{reference}");
    let good = town.sign(&digest, &reference);
    let other = town.sign(&digest, "registry.example.com/other:v1");
    let endless = Answer::ok("application/octet-stream", "").body(Body::Endless(0));
    let far = lookaside_path(&digest, 131);
    for (answer, status, verdict) in [
        (blob(&good), 0, "Verified/Verified"),
        (blob(&other), 3, "Unchecked/SourceUnavailable"),
        (endless, 3, "Unchecked/SourceUnavailable"),
    ] {
        (1..=140).for_each(|number| store.answer(&lookaside_path(&digest, number), answer.clone()));
        store.take_seen();
        let item = town.verify_json(&[&image]).expect_verdict(status, verdict).item();
        assert_eq!(answers(&item)[0], "lookaside unusable 1", "{item}");
        assert_eq!(item["signatures"].as_array().unwrap().len(), 1, "{item}");
        assert_eq!(store.lines().len(), 4, "{:?}", store.lines());
        let outcome = town.verify_json(&[&image, "--require", "2"]);
        outcome.expect_verdict(3, "Unchecked/SourceUnavailable");
    }
    // Copies of one are no such thing, where there is not one everywhere.
    (1..=140).for_each(|number| store.answer(&lookaside_path(&digest, number), Answer::status(404)));
    (1..=4).for_each(|number| store.answer(&lookaside_path(&digest, number), blob(&other)));
    let outcome = town.verify_json(&[&image]);
    let item = outcome.expect_verdict(1, "Rejected/IdentityMismatch").item();
    assert_eq!(answers(&item)[0], "lookaside found 1");
    store.answer(&lookaside_path(&digest, 5), blob(&good));
    store.take_seen();
    let item = town
        .verify_json(&[&image])
        .expect_verdict(0, "Verified/Verified")
        .item();
    assert_eq!(answers(&item)[0], "lookaside found 2");
    let asked = store.lines();
    assert_eq!(asked.iter().filter(|line| line.contains(&far)).count(), 1, "{asked:?}");
}

/// A server that has an answer for every number is not asked for them all, and none of its answers is a signature.
#[test]
fn a_store_that_says_the_same_of_every_number() {
    let (town, hub, digest, reference) = registry();
    let store = lookaside(&town, &hub, "");
    for number in 1..=140 {
        store.answer(&lookaside_path(&digest, number), blob(b"{\"error\":\"not found\"}"));
    }
    let image = format!("docker://{reference}");
    let outcome = town.verify_json(&[&image]);
    let item = outcome.expect_verdict(3, "Unchecked/SourceUnavailable").item();
    assert_eq!(answers(&item), ["lookaside unusable 0", "referrers absent 0"]);
    assert!(
        item["message"]
            .as_str()
            .unwrap()
            .contains("the same content for every number"),
        "{item}"
    );
    assert_eq!(store.lines().len(), 3, "{:?}", store.lines());
    // What stands before that is found.
    store.answer(&lookaside_path(&digest, 1), blob(&town.sign(&digest, &reference)));
    let outcome = town.verify_json(&[&image]).expect_verdict(0, "Verified/Verified");
    assert_eq!(answers(&outcome.item()), ["lookaside unusable 1"]);
}

/// On a disk is what somebody put there.
#[test]
fn a_file_that_is_no_signature_is_a_bad_one() {
    let (town, _hub, digest, reference) = registry();
    for body in [&b"text"[..], b"", &town.sign(&digest, &reference)[..50]] {
        town.keep(REPOSITORY, &digest, 1, body);
        let outcome = town.verify_json(&[&format!("docker://{reference}")]);
        outcome.expect_verdict(1, "Rejected/NotASignature");
    }
}

#[test]
fn an_entry_of_the_extension_without_a_signature_is_trouble() {
    let (town, hub, digest, reference) = registry();
    let image = format!("docker://{reference}");
    hub.store(|store| store.has_extension = true);
    let path = format!("/extensions/v2/{REPOSITORY}/signatures/{digest}");
    let entry =
        |content: &str| format!("{{\"schemaVersion\":2,\"name\":\"a\",\"type\":\"atomic\",\"content\":{content}}}");
    let list = |entries: &[String]| {
        Answer::ok(
            "application/json",
            format!("{{\"signatures\":[{}]}}", entries.join(",")),
        )
    };
    let good = entry(&format!("\"{}\"", base64(&town.sign(&digest, &reference))));
    let whole = [
        ("\"temporarily unavailable\"", "it is not an object"),
        ("[1]", "it is not an object"),
        ("5", "it is not an object"),
        ("null", "it is not an object"),
        ("{\"schemaVersion\":\"2\"}", "its schemaVersion is not"),
        (
            "{\"schemaVersion\":2.0,\"type\":\"atomic\"}",
            "its schemaVersion is not",
        ),
        ("{\"schemaVersion\":{}}", "its schemaVersion is not"),
        ("{\"schemaVersion\":2,\"type\":5}", "its type is not text"),
    ];
    let contents = ["\"?\"", "\"\"", "null", "1", "\"QUJ\""].map(|content| (entry(content), "its content is"));
    for (broken, why) in whole
        .map(|(text, why)| (text.to_owned(), why))
        .into_iter()
        .chain(contents)
    {
        hub.answer(&path, list(std::slice::from_ref(&broken)));
        let outcome = town.verify_json(&[&image]);
        let item = outcome.expect_verdict(3, "Unchecked/SourceUnavailable").item();
        let message = item["message"].as_str().unwrap();
        let why = format!("an entry has no signature: {why}");
        assert!(message.contains(&why), "{message}");
        hub.answer(&path, list(&[broken, good.clone()]));
        town.verify_json(&[&image]).expect_verdict(0, "Verified/Verified");
    }
    hub.answer(&path, list(&[entry(&format!("\"{}\"", base64(b"text")))]));
    town.verify_json(&[&image]).expect_verdict(1, "Rejected/NotASignature");
}

/// Somebody has made it: the image is not unsigned.
#[test]
fn an_entry_of_the_extension_of_an_unknown_type_or_version_is_unsupported() {
    let (town, hub, digest, reference) = registry();
    let image = format!("docker://{reference}");
    hub.store(|store| store.has_extension = true);
    let path = format!("/extensions/v2/{REPOSITORY}/signatures/{digest}");
    let content = base64(&town.sign(&digest, &reference));
    let entry = |members: &str| format!("{{{members}\"name\":\"a\",\"content\":\"{content}\"}}");
    let list = |entries: &[String]| {
        let list = format!("{{\"signatures\":[{}]}}", entries.join(","));
        hub.answer(&path, Answer::ok("application/json", list));
        town.verify_json(&[&image])
    };
    let good = entry("\"schemaVersion\":2,\"type\":\"atomic\",");
    for (members, why) in [
        (
            "\"schemaVersion\":3,\"type\":\"atomic\",",
            "type \"atomic\" and version 3",
        ),
        (
            "\"schemaVersion\":-1,\"type\":\"atomic\",",
            "type \"atomic\" and version -1",
        ),
        ("\"type\":\"atomic\",", "type \"atomic\" and version none"),
        (
            "\"SchemaVersion\":2,\"type\":\"atomic\",",
            "type \"atomic\" and version none",
        ),
        ("\"schemaVersion\":2,\"type\":\"x\",", "type \"x\" and version 2"),
        (
            "\"schemaVersion\":2,\"type\":\"Atomic\",",
            "type \"Atomic\" and version 2",
        ),
        ("\"schemaVersion\":2,\"type\":null,", "type none and version 2"),
        ("", "type none and version none"),
    ] {
        let item = list(&[entry(members)])
            .expect_verdict(1, "Unsupported/UnsupportedSignature")
            .item();
        let message = item["message"].as_str().unwrap();
        assert!(message.contains(why), "{message}");
        list(&[entry(members), good.clone()]).expect_verdict(0, "Verified/Verified");
    }
    list(&[]).expect_verdict(1, "Unsigned/NoSignature");
}
