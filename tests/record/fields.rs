// SPDX-License-Identifier: Apache-2.0
//! The members that are recorded, word by word.

use serde_json::{json, Value};

use crate::record::{assert_server_takes, conditions, record_trusted, Desk, Records, IDENTITY, LONG_AGO, OTHER, OWNER};
use crate::support::calls::verify_image;
use crate::support::images::{image, payload, D1, D2};

fn now() -> i64 {
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    i64::try_from(now.as_secs()).unwrap()
}

fn seconds(time: &Value) -> i64 {
    time.as_str().unwrap().parse::<jiff::Timestamp>().unwrap().as_second()
}

#[test]
fn each_member_says_what_the_contract_demands() {
    let desk = Desk::new();
    let begin = now();
    let entry = desk.record(&desk.signed(), &[], 0);
    assert_eq!(entry["imageIdentity"], IDENTITY);
    assert_eq!(entry["issuedBy"], json!({"commonName": OWNER}));
    assert_eq!(entry["issuedTo"], json!({"publicKeyID": desk.key}));
    assert_eq!(
        entry["signedClaims"],
        json!({
            "critical.identity.docker-reference": IDENTITY,
            "critical.image.docker-manifest-digest": D1,
            "optional.creator": "test",
            "optional.timestamp": "1700000000",
        })
    );
    assert!((begin - 5..=now()).contains(&seconds(&entry["created"])), "{entry}");
    let [trusted, for_image] = entry["conditions"].as_array().unwrap().as_slice() else {
        panic!("{entry}")
    };
    assert_eq!([&trusted["type"], &for_image["type"]], ["Trusted", "ForImage"]);
    for condition in [trusted, for_image] {
        assert_eq!(condition["status"], "True");
        assert_eq!(condition["reason"], "Verified");
        assert_eq!(condition["lastProbeTime"], trusted["lastProbeTime"]);
        assert_eq!(condition["lastTransitionTime"], trusted["lastProbeTime"]);
        let probed = condition["lastProbeTime"].as_str().unwrap();
        // The server's spelling: whole seconds, capital T and Z.
        assert_eq!(probed.len(), "2026-01-01T00:00:00Z".len());
        assert!((begin..=now()).contains(&seconds(&condition["lastProbeTime"])));
    }
    let message = trusted["message"].as_str().unwrap();
    for part in ["(local)", OWNER, desk.key.as_str(), IDENTITY] {
        assert!(message.contains(part), "{part} is not in {message}");
    }
    assert!(
        !message.contains("match"),
        "nothing about options left at their default: {message}"
    );
}

#[test]
fn optional_claims_that_are_not_there_are_not_recorded() {
    let desk = Desk::new();
    let mut claim: Value = serde_json::from_slice(&payload(D1, IDENTITY)).unwrap();
    claim["optional"] = json!({});
    let blob = desk.signer.sign(&desk.key, claim.to_string().as_bytes());
    let entry = desk.record(&image(D1, &[&blob]), &[], 0);
    let names: Vec<&String> = entry["signedClaims"].as_object().unwrap().keys().collect();
    assert_eq!(
        names,
        [
            "critical.identity.docker-reference",
            "critical.image.docker-manifest-digest"
        ]
    );
}

#[test]
fn the_recorded_identity_is_canonical_and_the_claim_is_as_signed() {
    let desk = Desk::new();
    let before = image(D1, &[&desk.sign(D1, "busybox:1")]);
    desk.store(&before);
    desk.verify_as(&["--expected-identity", "docker.io/library/busybox:1"], &["--confirm"])
        .expect(0);
    let entry = &desk.read()["signatures"][0];
    assert_eq!(entry["imageIdentity"], "docker.io/library/busybox:1");
    assert_eq!(entry["signedClaims"]["critical.identity.docker-reference"], "busybox:1");
}

#[test]
fn options_that_are_not_the_default_are_named() {
    let desk = Desk::new();
    desk.store(&desk.signed());
    let identity = "registry.local:5000/foo/bar:other";
    desk.verify_as(
        &["--expected-identity", identity, "--identity-match", "matchRepository"],
        &["--confirm"],
    )
    .expect(0);
    let after = desk.read();
    let entry = &after["signatures"][0];
    let message = entry["conditions"][0]["message"].as_str().unwrap();
    assert!(message.contains("matchRepository"), "{message}");
    assert!(message.contains(identity), "{message}");
    // What is recorded is the signed reference, not the expected one.
    assert_eq!(entry["imageIdentity"], IDENTITY);
}

#[test]
fn the_trust_model_is_named_where_it_decided() {
    let desk = Desk::new();
    desk.store(&desk.signed());
    let home = desk.signer.home().to_str().unwrap().to_owned();
    let args = verify_image(IDENTITY);
    desk.sandbox
        .run([&args[..], &["--confirm", "--homedir", &home, "--trust-model", "always"]].concat())
        .expect(0);
    let message = desk.read()["signatures"][0]["conditions"][0]["message"].clone();
    assert!(message.as_str().unwrap().contains("trust model always"), "{message}");
}

#[test]
fn the_time_of_the_transition_moves_only_with_the_status() {
    let desk = Desk::new();
    let mut before = desk.signed();
    record_trusted(&mut before["signatures"][0], IDENTITY, &desk.key);
    let entry = desk.record(&before, &[], 0);
    for condition in entry["conditions"].as_array().unwrap() {
        assert_eq!(condition["lastTransitionTime"], LONG_AGO);
        assert_ne!(condition["lastProbeTime"], LONG_AGO);
    }
    let entry = desk.record(&desk.read(), &["--require", "2"], 1);
    assert_ne!(entry["conditions"][0]["lastTransitionTime"], LONG_AGO, "True -> False");
    assert_eq!(entry["conditions"][1]["lastTransitionTime"], LONG_AGO, "True as before");
}

#[test]
fn one_condition_of_each_type_is_written_and_others_stay_behind_them() {
    let desk = Desk::new();
    let mut before = desk.signed();
    record_trusted(&mut before["signatures"][0], IDENTITY, &desk.key);
    let old = before["signatures"][0]["conditions"].as_array().unwrap().clone();
    let custom = json!({"type": "Scanned", "status": "Maybe", "lastProbeTime": null, "x": 1});
    let mut newer = old[0].clone();
    newer["lastProbeTime"] = "2026-02-01T00:00:00Z".into();
    newer["lastTransitionTime"] = "2026-02-01T00:00:00Z".into();
    before["signatures"][0]["conditions"] = json!([custom, old[0], newer, old[1], old[0]]);
    desk.store(&before);
    desk.verify(&["--confirm"]).expect(0);
    let after = desk.read();
    let entry = &after["signatures"][0];
    let types: Vec<&str> = entry["conditions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| c["type"].as_str().unwrap())
        .collect();
    assert_eq!(types, ["Trusted", "ForImage", "Scanned"]);
    assert_eq!(entry["conditions"][2], custom);
    // The latest of the old ones counts.
    assert_eq!(entry["conditions"][0]["lastTransitionTime"], "2026-02-01T00:00:00Z");
    // In that order the server does not panic.
    assert_server_takes(&after, &after);
}

#[test]
fn a_rejection_names_what_was_expected_and_who_says_so() {
    let desk = Desk::new();
    let entry = desk.record(&image(D1, &[&desk.sign(D1, "registry.local:5000/foo/bar:v2")]), &[], 1);
    let message = entry["conditions"][0]["message"].as_str().unwrap();
    for part in ["(local)", IDENTITY, "registry.local:5000/foo/bar:v2", "tag differs"] {
        assert!(message.contains(part), "{part} is not in {message}");
    }
    assert_eq!(conditions(&entry)[0], "Trusted=False(IdentityMismatch)");
}

/// Whatever the reason, wherever gpg verified the key.
#[test]
fn a_rejection_names_owner_fingerprint_and_the_options_that_decided() {
    let desk = Desk::new();
    let home = desk.signer.home().to_str().unwrap().to_owned();
    let other = desk.signer.simple_key("Second <second@example.com>");
    for (blob, more, reason) in [
        (desk.sign(D1, OTHER), &[][..], "IdentityMismatch"),
        (desk.sign(D2, IDENTITY), &[], "DigestMismatch"),
        (desk.signer.sign(&desk.key, b"{}"), &[], "MalformedPayload"),
        (desk.sign(D1, IDENTITY), &["--require", "2"], "ThresholdNotReached"),
        (desk.sign(D1, IDENTITY), &["--signed-by", &other], "KeyNotAccepted"),
        (
            desk.signer.sign_with(
                &desk.key,
                &["--digest-algo", "SHA512", "--default-sig-expire", "seconds=1"],
                &payload(D1, IDENTITY),
            ),
            &[],
            "SignatureExpired",
        ),
    ] {
        if reason == "SignatureExpired" {
            std::thread::sleep(std::time::Duration::from_millis(2100));
        }
        desk.store(&image(D1, &[&blob]));
        let fixed = verify_image(IDENTITY);
        let options = ["--trust-model", "always", "--identity-match", "matchExact", "--confirm"];
        desk.sandbox
            .run([&fixed[..], &["--homedir", &home], &options, more].concat())
            .expect(1);
        let entry = &desk.read()["signatures"][0];
        assert_eq!(entry["conditions"][0]["reason"], reason);
        let message = entry["conditions"][0]["message"].as_str().unwrap();
        for part in [
            "(local)",
            OWNER,
            &desk.key,
            IDENTITY,
            "matchExact",
            "trust model always",
        ] {
            assert!(message.contains(part), "{reason}: {part} is not in {message}");
        }
        assert_eq!(entry["conditions"][1]["message"], message);
    }
}

#[test]
fn a_rejection_without_a_verified_key_names_none() {
    let desk = Desk::new();
    for blob in [desk.sign(D1, IDENTITY), b"x".to_vec()] {
        desk.store(&image(D1, &[&blob]));
        let stranger = crate::support::gpg::Signer::new();
        let unknown = stranger.simple_key("Stranger <s@example.com>");
        let key_file = stranger.export(&[&unknown], &desk.sandbox.path("stranger.gpg"));
        let key_file = key_file.to_str().unwrap();
        let fixed = ["verify", "-f", "image.json", "--public-key", key_file, "--confirm"];
        desk.sandbox
            .run([&fixed[..], &["--expected-identity", IDENTITY]].concat())
            .expect(1);
        let message = desk.read()["signatures"][0]["conditions"][0]["message"].to_string();
        assert!(message.contains(IDENTITY) && message.contains("(local)"), "{message}");
        assert!(!message.contains("signed by") && !message.contains(OWNER), "{message}");
    }
}

/// However long the parts are: what is cut is the explanation.
#[test]
fn a_long_message_keeps_who_signed_and_what_was_expected() {
    let desk = Desk::new();
    let long = |n: usize| format!("registry.local:5000/{}/image{n}:v1", "x".repeat(180));
    desk.store(&image(D1, &[&desk.sign(D1, OTHER)]));
    let identities: Vec<String> = (0..40)
        .flat_map(|n| ["--expected-identity".to_owned(), long(n)])
        .collect();
    let identities: Vec<&str> = identities.iter().map(String::as_str).collect();
    desk.verify_as(&identities, &["--confirm", "--identity-match", "matchExact"])
        .expect(1);
    let entry = desk.read()["signatures"][0].clone();
    let message = entry["conditions"][0]["message"].as_str().unwrap();
    assert!(message.chars().count() <= 1025, "{}", message.len());
    for part in [OWNER, &desk.key, &long(0), "matchExact", "the repository differs"] {
        assert!(message.contains(part), "{part} is not in {message}");
    }
}
