// SPDX-License-Identifier: Apache-2.0
//! An image that needs two signatures, one of them in a signature store: where what is there is not known, what is recorded on
//! the Image stays.

use serde_json::{json, Value};

use crate::attach::Town;
use crate::support::cluster::IDENTITY;
use crate::support::hub::{Answer, Hub};
use crate::support::images::{base64, payload};
use crate::support::program::Outcome;

/// An image whose object has a signature by the scene's key, and a store for one by a second key.
struct Two {
    town: Town,
    store: Hub,
    /// The options that ask for both keys, and the policy that does.
    demands: [Vec<String>; 2],
    /// The signature by the second key.
    blob: Vec<u8>,
}

fn octets(bytes: &[u8]) -> Answer {
    Answer::ok("application/octet-stream", bytes)
}

impl Two {
    fn new() -> Self {
        let town = Town::founded();
        let (sandbox, signer) = (&town.scene.sandbox, &town.scene.signer);
        let second = signer.simple_key("Second <second@example.com>");
        let file = signer.export(&[&second], &sandbox.path("second.gpg"));
        let blob = signer.sign(&second, &payload(&town.digest, IDENTITY));
        town.store(&[&town.sign()], &town.hub.host(), false);
        town.hub.store(|store| store.has_extension = false);
        let store = Hub::tls();
        sandbox.file("ca.pem", [town.hub.ca_pem(), store.ca_pem()].concat());
        let (own, file) = (town.scene.key_file.to_str().unwrap(), file.to_str().unwrap());
        let rule = |file: &str| json!({"type": "signedBy", "keyType": "GPGKeys", "keyPath": file});
        let both = json!({"default": [rule(own), rule(file)]});
        sandbox.file("policy.json", both.to_string());
        let demands = [
            vec!["--public-key", own, "--public-key", file, "--require", "2"],
            vec!["--policy", "policy.json"],
        ];
        let demands = demands.map(|words| words.into_iter().map(str::to_owned).collect());
        let two = Self {
            town,
            store,
            demands,
            blob,
        };
        two.stores(&format!("{}/store", two.store.url()));
        two
    }

    /// Where the store is.
    fn stores(&self, url: &str) {
        let text = format!("default-docker:\n  lookaside: {url}\n");
        self.town.scene.sandbox.file("registries.d/none.yaml", text);
    }

    fn put(&self, number: usize, answer: Answer) {
        let image = self.town.digest.replace(':', "=");
        self.store
            .answer(&format!("/store/ns/app@{image}/signature-{number}"), answer);
    }

    /// What the extension of the registry lists.
    fn list(&self, entries: &Value) {
        self.town.hub.store(|store| store.has_extension = true);
        let path = format!("/extensions/v2/ns/app/signatures/{}", self.town.digest);
        let list = json!({"signatures": entries}).to_string();
        self.town.hub.answer(&path, Answer::ok("application/json", list));
    }

    fn run(&self, command: &str, image: &[&str], demand: &[String]) -> Outcome {
        let path = |name: &str| self.town.scene.sandbox.path(name).to_str().unwrap().to_owned();
        let mut run = self.town.scene.sandbox.command();
        run.arg(command).args(image);
        run.args(["--registries.d", &path("registries.d")]);
        run.args(["--registries-conf", &path("registries.conf")]);
        run.args(["--registry-ca", &path("ca.pem"), "--registry-url", "auto", "--confirm"]);
        self.town.scene.finish(run.args(demand))
    }

    fn verify(&self, demand: &[String]) -> Outcome {
        let image = [&self.town.digest, "--expected-identity", IDENTITY, "-o", "json"];
        self.run("verify", &image, demand)
    }

    fn record(&self) -> Value {
        self.town.scene.server.stored(&self.town.digest)["signatures"].clone()
    }

    /// Records by both signatures that the one on the object is trusted.
    #[track_caller]
    fn trusted(&self, demand: &[String]) -> Value {
        self.put(1, octets(&self.blob));
        self.verify(demand).expect_verdict(0, "Verified/Verified");
        let record = self.record();
        assert_eq!(record[0]["conditions"][0]["status"], "True", "{record}");
        record
    }

    /// What is in the store now leaves everything unknown, for `why`.
    #[track_caller]
    fn unknown(&self, why: &str) {
        for demand in &self.demands {
            let record = self.record();
            let item = self
                .verify(demand)
                .expect_verdict(3, "Unchecked/SourceUnavailable")
                .item();
            let message = item["message"].as_str().unwrap();
            assert!(message.contains(why), "{message}");
            assert_eq!(self.record(), record, "{demand:?}");
            let image = format!("{}={IDENTITY}", self.town.digest);
            let audited = self.run("audit", &[&image], demand).expect(1);
            assert!(audited.stdout.contains("1 image: 1 Unchecked"), "{audited:#?}");
            assert_eq!(self.record(), record, "{demand:?}");
        }
    }

    /// What is there now is enough, and is where the second signature is not.
    #[track_caller]
    fn known(&self) {
        self.verify(&self.demands[0]).expect_verdict(0, "Verified/Verified");
    }
}

#[test]
fn what_is_no_signature_takes_no_record_back() {
    let two = Two::new();
    for demand in &two.demands {
        let trusted = two.trusted(demand);
        for body in [
            &b"upstream connect error"[..],
            b"{\"e\":1}",
            b"",
            &two.blob[..two.blob.len() / 2],
        ] {
            two.put(1, octets(body));
            let item = two
                .verify(demand)
                .expect_verdict(3, "Unchecked/SourceUnavailable")
                .item();
            let message = item["message"].as_str().unwrap();
            assert!(message.contains("no signature received"), "{message}");
            assert_eq!(two.record(), trusted, "{demand:?} {}", String::from_utf8_lossy(body));
        }
        // A store that has none says so: then there are too few.
        two.put(1, Answer::status(404));
        two.verify(demand).expect(1);
        assert_eq!(two.record()[0]["conditions"][0]["status"], "False");
    }
}

/// A volume that is not mounted.
#[test]
fn a_store_on_a_disk_that_is_away_takes_no_record_back() {
    let two = Two::new();
    two.trusted(&two.demands[0]);
    let path = two.town.scene.sandbox.path("volume/store");
    two.stores(&format!("file://{}", path.display()));
    two.unknown("there is no directory");
    let image = format!("ns/app@{}", two.town.digest.replace(':', "="));
    let file = format!("volume/store/{image}/signature-1");
    two.town.scene.sandbox.file(&file, &two.blob);
    two.known();
    std::fs::remove_dir_all(path.join(image)).unwrap();
    two.verify(&two.demands[0])
        .expect_verdict(1, "Rejected/ThresholdNotReached");
}

#[test]
fn a_signature_that_is_stored_in_an_unknown_way_takes_no_record_back() {
    let two = Two::new();
    two.trusted(&two.demands[0]);
    two.put(1, octets(b"\0future-format\nx"));
    two.unknown("its format is \"future-format\"");
    // However many there are, they push no other one beyond those that are judged.
    for n in 2..=128 {
        two.put(n, octets(format!("\0future-format\n{n}").as_bytes()));
    }
    two.put(129, octets(&two.blob));
    two.known();
    (1..=129).for_each(|n| two.put(n, Answer::status(404)));
    let content = base64(&two.blob);
    let entry =
        |version: Value, kind: Value| json!({"schemaVersion": version, "name": "a", "type": kind, "content": content});
    let good = entry(json!(2), json!("atomic"));
    for (other, why) in [
        (entry(json!(3), json!("atomic")), "of type \"atomic\" and version 3"),
        (entry(json!(2), json!("bundle")), "of type \"bundle\" and version 2"),
        (
            entry(json!("2"), json!("atomic")),
            "schemaVersion is not a whole number",
        ),
        (json!("temporarily unavailable"), "it is not an object"),
    ] {
        two.list(&json!([other]));
        two.unknown(why);
        two.list(&json!([other, good]));
        two.known();
    }
    two.list(&json!([]));
    two.verify(&two.demands[0])
        .expect_verdict(1, "Rejected/ThresholdNotReached");
}

/// What stands before a signature pushes it out of those that are judged.
#[test]
fn signatures_beyond_the_limit_take_no_record_back() {
    let two = Two::new();
    two.trusted(&two.demands[0]);
    let signer = &two.town.scene.signer;
    let stranger = signer.simple_key("Stranger <stranger@example.com>");
    let payload = payload(&two.town.digest, IDENTITY);
    let forged = signer.sign_with(&stranger, &["--compress-algo", "none"], &payload);
    let forge = |number: usize| {
        let mut own = forged.clone();
        *own.last_mut().unwrap() ^= u8::try_from(number).unwrap();
        two.put(number, octets(&own));
    };
    (1..=126).for_each(forge);
    // With the one on the object these are as many as are judged.
    two.put(127, octets(&two.blob));
    two.known();
    two.put(127, Answer::status(404));
    two.verify(&two.demands[0])
        .expect_verdict(1, "Rejected/ThresholdNotReached");
    two.put(127, octets(&two.blob));
    two.known();
    (127..=128).for_each(forge);
    two.put(129, octets(&two.blob));
    two.unknown("128 are looked at");
}
