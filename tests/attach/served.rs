// SPDX-License-Identifier: Apache-2.0
//! A signature store that answers something else under 200: what is recorded on the Image stays.

use serde_json::json;

use crate::attach::Town;
use crate::support::cluster::IDENTITY;
use crate::support::hub::{Answer, Hub};
use crate::support::images::payload;

/// A signature by another key than the scene's is in a store, and makes two with the one on the object.
#[test]
fn what_is_no_signature_takes_no_record_back() {
    let town = Town::founded();
    let (sandbox, signer) = (&town.scene.sandbox, &town.scene.signer);
    let second = signer.simple_key("Second <second@example.com>");
    let file = signer.export(&[&second], &sandbox.path("second.gpg"));
    town.store(&[&town.sign()], &town.hub.host(), false);
    town.hub.store(|store| store.has_extension = false);
    let store = Hub::tls();
    sandbox.file("ca.pem", [town.hub.ca_pem(), store.ca_pem()].concat());
    let text = format!("default-docker:\n  lookaside: {}/store\n", store.url());
    sandbox.file("registries.d/none.yaml", text);
    let number = |n: usize| format!("/store/ns/app@{}/signature-{n}", town.digest.replace(':', "="));
    let blob = signer.sign(&second, &payload(&town.digest, IDENTITY));
    let octets = |bytes: &[u8]| Answer::ok("application/octet-stream", bytes);
    let rule = |file: &str| json!({"type": "signedBy", "keyType": "GPGKeys", "keyPath": file});
    let own = town.scene.key_file.to_str().unwrap();
    let both = json!({"default": [rule(own), rule(file.to_str().unwrap())]});
    sandbox.file("policy.json", both.to_string());
    let common = ["--registry-url", "auto", "-o", "json", "--confirm"];
    let path = |name: &str| sandbox.path(name).to_str().unwrap().to_owned();
    let verify = |keys: &[&str]| {
        let mut command = sandbox.command();
        command.args(["verify", &town.digest, "--expected-identity", IDENTITY]);
        command.args([
            "--registries.d",
            &path("registries.d"),
            "--registries-conf",
            &path("registries.conf"),
        ]);
        command.args(["--registry-ca", &path("ca.pem")]).args(common).args(keys);
        town.scene.finish(&mut command)
    };
    let record = || town.scene.server.stored(&town.digest)["signatures"].clone();
    let by_options = [
        "--public-key",
        own,
        "--public-key",
        file.to_str().unwrap(),
        "--require",
        "2",
    ];
    for keys in [&by_options[..], &["--policy", "policy.json"]] {
        store.answer(&number(1), octets(&blob));
        verify(keys).expect_verdict(0, "Verified/Verified");
        let trusted = record();
        assert_eq!(trusted[0]["conditions"][0]["status"], "True", "{trusted}");
        for body in [
            &b"upstream connect error"[..],
            b"{\"e\":1}",
            b"",
            &blob[..blob.len() / 2],
        ] {
            store.answer(&number(1), octets(body));
            let item = verify(keys).expect_verdict(3, "Unchecked/SourceUnavailable").item();
            let message = item["message"].as_str().unwrap();
            assert!(message.contains("no signature received"), "{message}");
            assert_eq!(record(), trusted, "{keys:?} {}", String::from_utf8_lossy(body));
        }
        // A store that has none says so: then there are too few.
        store.answer(&number(1), Answer::status(404));
        verify(keys).expect(1);
        assert_eq!(record()[0]["conditions"][0]["status"], "False");
    }
}
