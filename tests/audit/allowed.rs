// SPDX-License-Identifier: Apache-2.0
//! Images that a policy accepts as they are, among thousands of which it demands a signature.

use serde_json::json;

use super::bench::{digest, Report};
use super::fleet::{counts, expected, kind, tag, Fleet, SOURCE, WORDS};

/// The verdict that no keys alone can give.
#[test]
fn images_that_a_policy_allows_are_counted_among_all_others() {
    let fleet = Fleet::of(5000);
    let unsigned: Vec<usize> = (0..5000).filter(|n| kind(*n) == 3).collect();
    let mut scopes = serde_json::Map::new();
    for n in &unsigned {
        scopes.insert(tag(*n), json!([{"type": "insecureAcceptAnything"}]));
    }
    let signed = json!([{"type": "signedBy", "keyType": "GPGKeys", "keyPath": fleet.key_file}]);
    scopes.insert(format!("{SOURCE}/app"), signed);
    let policy = json!({"default": [{"type": "reject"}], "transports": {"docker": scopes}});
    fleet.scene.sandbox.file("policy.json", policy.to_string());
    let outcome = fleet
        .scene
        .run(&["audit", "--policy", "policy.json", "-o", "jsonl"])
        .expect(1);
    let report = Report::read(&outcome.stdout);
    let mut wanted = expected(5000);
    let allowed = wanted.remove(WORDS[3]).unwrap();
    assert_eq!(
        (allowed, wanted.insert("Allowed/Allowed".to_owned(), allowed)),
        (unsigned.len(), None)
    );
    assert_eq!(counts(&report), wanted);
    assert_eq!(report.tail.get("incomplete"), None, "{outcome:#?}");
    // Whether an image is allowed is a matter of its own scope.
    for (entry, word) in report.entries.iter().zip(report.words()) {
        let is_allowed = unsigned.iter().any(|n| entry["image"] == digest(*n));
        assert_eq!(is_allowed, word == "Allowed/Allowed", "{entry}");
    }
}
