// SPDX-License-Identifier: Apache-2.0
//! What becomes of a record that is true where a policy, or a rule for the identity, does not accept the signature.

use serde_json::{json, Value};

use super::policy::{accept, reject, signed_by, Place, ELSEWHERE};
use super::sigstore::trusted;
use crate::support::desk::{IDENTITY, OTHER};

/// A place with one signature of the key for [`IDENTITY`], recorded as trusted for it, and another one.
struct Recorded {
    place: Place,
    before: Value,
}

impl Recorded {
    fn new() -> Self {
        let place = Place::new();
        let mut before = place.object(&[IDENTITY, ELSEWHERE], &[]);
        trusted(&mut before["signatures"][0], IDENTITY, &place.desk.key);
        Self { place, before }
    }

    /// The reason that `Trusted` has after a run that records, or `kept`.
    fn after(&self, scopes: &Value, identities: &[&str]) -> String {
        self.place.put(&self.before);
        self.place.scopes(scopes);
        let mut args = vec!["--confirm", "-o", "json"];
        args.extend(identities.iter().flat_map(|identity| ["--expected-identity", identity]));
        let outcome = self.place.run(&args);
        let text = std::fs::read_to_string(self.place.desk.sandbox.path("image.json")).unwrap();
        let entry = serde_json::from_str::<Value>(&text).unwrap()["signatures"][0].clone();
        if entry == self.before["signatures"][0] {
            return outcome.item()["signatures"][0]["recorded"].as_str().unwrap().to_owned();
        }
        assert_eq!(entry["conditions"][0]["status"], "False", "{outcome:?}");
        assert!(entry["issuedTo"].is_null(), "{entry}");
        entry["conditions"][0]["reason"].as_str().unwrap().to_owned()
    }
}

fn exactly(mut requirement: Value, reference: &str) -> Value {
    requirement["signedIdentity"] = json!({"type": "exactReference", "dockerReference": reference});
    requirement
}

/// What is refused for the very reference that is recorded does not hold, whatever requirement named another one.
#[test]
fn a_record_for_the_reference_that_is_asked_for_and_refused_is_taken_back() {
    let own = Recorded::new();
    let here =
        |requirements: Value| json!({"registry.local:5000": requirements, "elsewhere.example": [signed_by("key.gpg")]});
    let another = exactly(signed_by("key.gpg"), "quay.io/a/b:1");
    for requirements in [
        json!([signed_by("other.gpg"), &another]),
        json!([&another, signed_by("other.gpg")]),
        json!([reject(), &another]),
        json!([&another]),
    ] {
        let found = own.after(&here(requirements.clone()), &[IDENTITY]);
        assert_eq!(found, "IdentityMismatch", "{requirements}");
    }
    // A second identity, for which the key may sign, does not help the first one.
    for requirements in [json!([reject()]), json!([signed_by("other.gpg")])] {
        for identities in [[IDENTITY, ELSEWHERE], [ELSEWHERE, IDENTITY]] {
            let found = own.after(&here(requirements.clone()), &identities);
            assert_eq!(found, "IdentityMismatch", "{requirements} {identities:?}");
        }
    }
    let mut remap = signed_by("key.gpg");
    remap["signedIdentity"] =
        json!({"type": "remapIdentity", "prefix": "registry.local:5000", "signedPrefix": "up.example"});
    assert_eq!(own.after(&here(json!([remap])), &[IDENTITY]), "IdentityMismatch");
}

/// Where another reference is asked for, a record is kept if nothing but the reference is against the signature.
#[test]
fn a_record_for_another_reference_is_kept_where_its_key_is_accepted() {
    let own = Recorded::new();
    let key = || signed_by("key.gpg");
    // The other requirement is for the other signer.
    for requirements in [
        json!([key()]),
        json!([key(), signed_by("other.gpg")]),
        json!([accept(), key()]),
    ] {
        let scopes = json!({"registry.local:5000": requirements});
        assert_eq!(own.after(&scopes, &[OTHER]), "kept", "{requirements}");
    }
    // One of the identities is not for this key at all, as if it were asked for alone.
    let scopes = json!({"registry.local:5000": [signed_by("other.gpg")], "elsewhere.example": [key()]});
    assert_eq!(own.after(&scopes, &[OTHER]), "UnknownKey");
    assert_eq!(own.after(&scopes, &[OTHER, ELSEWHERE]), "IdentityMismatch");
}

/// Without a policy the rule for the identity may refuse the recorded reference too.
#[test]
fn a_record_for_the_reference_that_is_remapped_is_taken_back() {
    let own = Recorded::new();
    for (identity, status) in [(IDENTITY, "False"), (OTHER, "True")] {
        own.place.put(&own.before);
        let rule = ["--identity-match", "remap:registry.local:5000=up.example", "--confirm"];
        let args = [&["-f", "image.json", "--expected-identity", identity], &rule[..]].concat();
        own.place.desk.run(&args).expect(1);
        let text = std::fs::read_to_string(own.place.desk.sandbox.path("image.json")).unwrap();
        let entry = serde_json::from_str::<Value>(&text).unwrap()["signatures"][0].clone();
        assert_eq!(entry["conditions"][0]["status"], status, "{identity}: {entry}");
    }
}

/// A signature for a reference that is asked for is not one for another reference.
#[test]
fn a_signature_for_the_reference_that_is_asked_for_is_not_called_one_for_another() {
    let own = Recorded::new();
    own.place.put(&own.before);
    own.place.scopes(&json!({
        "registry.local:5000": [signed_by("other.gpg")], "elsewhere.example": [signed_by("key.gpg")],
    }));
    let identities = ["--expected-identity", IDENTITY, "--expected-identity", ELSEWHERE];
    let outcome = own.place.run(&identities).expect(0);
    assert!(!outcome.words().contains("another reference"), "{outcome:?}");
    assert!(outcome.words().contains(": Rejected: IdentityMismatch"), "{outcome:?}");
    let outcome = own.place.run(&["--expected-identity", ELSEWHERE]).expect(0);
    let said = format!("1 more signature is good, but for another reference: {IDENTITY}");
    assert!(outcome.words().contains(&said), "{outcome:?}");
}
