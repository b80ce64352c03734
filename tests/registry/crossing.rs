// SPDX-License-Identifier: Apache-2.0
//! Where a signature was found decides what it must be: one kind does not pass for the other.

use crate::registry::town::Town;
use crate::support::cosign::{self, Cosign};
use crate::support::hub::Hub;
use crate::support::images::payload;

#[test]
fn payloads_of_one_kind_under_signatures_of_the_other() {
    let (town, hub, key) = (Town::new(), Hub::plain(), Cosign::new());
    town.insecure(&[&hub.host()]);
    town.store_on_disk();
    let digest = hub.store(|store| store.repository("ns/app").image("v1", "crossing"));
    let reference = format!("{}/ns/app:v1", hub.host());
    let file = town.sandbox.file("cosign.pub", key.pem());
    let (gpg, sigstore) = (payload(&digest, &reference), cosign::payload(&digest, &reference));
    let image = format!("docker://{reference}");
    let verify = || town.verify_json(&[&image, "--sigstore-key", file.to_str().unwrap()]);
    let attach = |payload: &[u8]| {
        let layers: [(&[u8], &[u8]); 1] = [(payload, &key.sign(payload))];
        hub.store(|store| store.repository("ns/app").attach(&digest, &layers));
    };
    // The controls: each kind in its own place.
    attach(&sigstore);
    verify().expect_verdict(0, "Verified/Verified");
    attach(b"{}");
    town.keep("ns/app", &digest, 1, &town.signer.sign(&town.key, &gpg));
    verify().expect_verdict(0, "Verified/Verified");
    // A GPG payload as a sigstore payload, a whole OpenPGP message as one, and a sigstore payload under a GPG signature.
    let message = town.signer.sign(&town.key, &gpg);
    town.keep("ns/app", &digest, 1, &town.signer.sign(&town.key, &sigstore));
    for payload in [&gpg, &message] {
        attach(payload);
        let item = verify().expect_verdict(1, "Rejected/MalformedPayload").item();
        for signature in item["signatures"].as_array().unwrap() {
            assert_eq!(signature["reason"], "MalformedPayload", "{signature}");
        }
        assert_eq!(item["signatures"].as_array().unwrap().len(), 2);
    }
    // A sigstore signature as skopeo stores one counts in a lookaside store by the sigstore key alone.
    attach(b"{}");
    town.keep("ns/app", &digest, 1, &key.file(&digest, &reference));
    let item = verify().expect_verdict(0, "Verified/Verified").item();
    assert_eq!(item["signatures"][0]["kind"], "sigstore");
    town.verify_json(&[&image])
        .expect_verdict(1, "Unsupported/UnsupportedSignature");
}

/// The time in a payload that nodes read as none: the largest numbers of 64 bits round to one that is larger.
#[test]
fn a_time_that_nodes_refuse() {
    let (town, hub, key) = (Town::new(), Hub::plain(), Cosign::new());
    town.insecure(&[&hub.host()]);
    town.store_on_disk();
    let digest = hub.store(|store| store.repository("ns/app").image("v1", "late"));
    let reference = format!("{}/ns/app:v1", hub.host());
    let file = town.sandbox.file("cosign.pub", key.pem());
    let image = format!("docker://{reference}");
    for (time, is_read) in [
        (i64::MAX, false),
        (i64::MAX - 511, false),
        (i64::MAX - 512, true),
        (i64::MIN, true),
    ] {
        let timed = |payload: Vec<u8>| {
            let mut payload: serde_json::Value = serde_json::from_slice(&payload).unwrap();
            payload["optional"] = serde_json::json!({"timestamp": time});
            serde_json::to_vec(&payload).unwrap()
        };
        let signed = timed(cosign::payload(&digest, &reference));
        let layers: [(&[u8], &[u8]); 1] = [(&signed, &key.sign(&signed))];
        hub.store(|store| store.repository("ns/app").attach(&digest, &layers));
        let signature = town.signer.sign(&town.key, &timed(payload(&digest, &reference)));
        town.keep("ns/app", &digest, 1, &signature);
        let outcome = town.verify_json(&[&image, "--sigstore-key", file.to_str().unwrap(), "--require", "2"]);
        if is_read {
            outcome.expect_verdict(0, "Verified/Verified");
            continue;
        }
        let item = outcome.expect_verdict(1, "Rejected/MalformedPayload").item();
        let signatures = item["signatures"].as_array().unwrap();
        assert_eq!(signatures.len(), 2, "{time}: {item}");
        for signature in signatures {
            assert_eq!(signature["reason"], "MalformedPayload", "{time}: {signature}");
        }
    }
}
