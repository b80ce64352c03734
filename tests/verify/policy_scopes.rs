// SPDX-License-Identifier: Apache-2.0
//! Several expected identities, each in a scope of its own: which scope has decided, and which verdict is the image's.

use serde_json::{json, Value};

use super::policy::{accept, reject, signed_by, Place, ELSEWHERE, OK};
use crate::support::desk::IDENTITY;
use crate::support::images::{image, list, D1, D2};

const BOTH: [&str; 4] = ["--expected-identity", IDENTITY, "--expected-identity", ELSEWHERE];

/// The message of the record of each signature.
fn messages(place: &Place) -> Vec<String> {
    let text = std::fs::read_to_string(place.desk.sandbox.path("image.json")).unwrap();
    let object: Value = serde_json::from_str(&text).unwrap();
    let signatures = object["signatures"].as_array().unwrap().clone();
    let message = |own: &Value| own["conditions"][0]["message"].as_str().unwrap().to_owned();
    signatures.iter().map(message).collect()
}

#[test]
fn a_scope_that_did_not_decide_is_not_named() {
    let place = Place::new();
    place
        .scopes(&json!({"registry.local:5000": [signed_by("key.gpg")], "elsewhere.example": [signed_by("other.gpg")]}));
    let here = "scope \"registry.local:5000\" of policy policy.json";
    let elsewhere = "scope \"elsewhere.example\" of policy policy.json";
    place.put(&place.object(&[IDENTITY], &[]));
    for args in [BOTH, [BOTH[0], BOTH[3], BOTH[2], BOTH[1]]] {
        let words = place.run(&args).expect(0).words();
        assert!(words.contains(&format!("policy {here}")), "{words}");
        assert!(!words.contains(&format!("policy {elsewhere}")), "{words}");
    }
    place.run(&[&BOTH[..], &["--confirm"]].concat()).expect(0);
    let found = messages(&place);
    assert!(found[0].contains(&format!("; required by {here}")), "{found:?}");
    assert!(!found[0].contains("elsewhere"), "{found:?}");

    // Of each signature the scope of the identity that it is trusted for.
    place.put(&place.object(&[IDENTITY], &[ELSEWHERE]));
    let words = place.run(&BOTH).expect(0).words();
    assert!(words.contains(here) && words.contains(elsewhere), "{words}");
    place.run(&[&BOTH[..], &["--confirm"]].concat()).expect(0);
    let found = messages(&place);
    for (message, own, other) in [(&found[0], here, elsewhere), (&found[1], elsewhere, here)] {
        assert!(message.starts_with("verified"), "{message}");
        assert!(message.contains(own) && !message.contains(other), "{message}");
    }

    // Where the image is rejected, each of them has decided.
    place.put(&place.object(&[], &[IDENTITY]));
    place.run(&[&BOTH[..], &["--confirm"]].concat()).expect(1);
    let found = messages(&place);
    assert!(found[0].contains(here) && found[0].contains(elsewhere), "{found:?}");
}

#[test]
fn a_wide_table_names_the_scope_of_what_is_verified() {
    let place = Place::new();
    place.scopes(&json!({"registry.local:5000": [signed_by("key.gpg")]}));
    place.put(&list(&[place.object(&[IDENTITY], &[]), image(D2, &[])]));
    let outcome = place.run(&["-o", "wide", "--expected-identity", IDENTITY]).expect(1);
    let said = "policy scope \"registry.local:5000\" of policy policy.json";
    assert_eq!(outcome.words().matches(said).count(), 1, "{outcome:?}");
}

#[test]
fn rejected_comes_before_unsupported_and_that_before_allowed() {
    let place = Place::new();
    place.put(&image(D1, &[]));
    let pki = json!({"type": "sigstoreSigned", "pki": {"caRootsData": "YWJj", "subjectEmail": "a@example.com"}});
    let verdict = |here: &Value, there: &Value| {
        place.scopes(&json!({"registry.local:5000": [here], "elsewhere.example": [there]}));
        let outcome = place.run(&[&BOTH[..], &["-o", "json"]].concat()).expect(1);
        outcome.item()["verdict"].as_str().unwrap().to_owned()
    };
    for (worse, better, expected) in [
        (reject(), pki.clone(), "Rejected"),
        (reject(), accept(), "Rejected"),
        (pki, accept(), "Unsupported"),
    ] {
        assert_eq!(verdict(&worse, &better), expected, "{worse} {better}");
        assert_eq!(verdict(&better, &worse), expected, "{better} {worse}");
    }
    // Verified before all of them.
    place.put(&place.object(&[IDENTITY], &[]));
    place.scopes(&json!({"registry.local:5000": [signed_by("key.gpg")], "elsewhere.example": [reject()]}));
    place.run(&[&BOTH[..], &["-o", "json"]].concat()).expect_verdict(0, OK);
}

/// One set of keys for all scopes that name the same: each takes a GnuPG home and processes of its own.
#[test]
fn scopes_that_name_the_same_keys_share_what_gnupg_needs_for_them() {
    let place = Place::new();
    place.put(&place.object(&[IDENTITY], &[]));
    let imports = |scopes: usize| {
        let names = |n: usize| format!("registry.local:5000/foo/bar/s{n}");
        let mut all: serde_json::Map<String, Value> =
            (0..scopes).map(|n| (names(n), json!([signed_by("key.gpg")]))).collect();
        all.insert(
            "registry.local:5000".to_owned(),
            json!([signed_by("key.gpg"), signed_by("key.gpg")]),
        );
        all.insert("elsewhere.example".to_owned(), json!([signed_by("other.gpg")]));
        place.scopes(&Value::Object(all));
        let identities = (0..scopes).map(|n| format!("--expected-identity={}/a:1", names(n)));
        let mut args = vec![format!("--expected-identity={IDENTITY}"), "-v".to_owned()];
        args.extend(identities);
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let outcome = place.run(&args).expect(0);
        outcome.stderr.matches("gpg, import").count()
    };
    assert_eq!(imports(12), imports(0));
    // Other keys are another set.
    place.put(&place.object(&[], &[IDENTITY]));
    place.json(IDENTITY).expect_verdict(1, "Rejected/UnknownKey");
}
