// SPDX-License-Identifier: Apache-2.0
//! Statuses of every place that has an answer about an image which is judged by a sigstore key or by a policy of both kinds.

use serde_json::json;

use crate::hostile::site::{reference, Place, Site, HOST, PLACES};
use crate::hostile::REPOSITORY;
use crate::support::cosign::{payload, Cosign};
use crate::support::hub::Answer;
use crate::support::program::Outcome;

/// One of each class that is told apart; those that ask for patience are in `registry::patience`.
const STATUSES: [u16; 9] = [204, 206, 305, 400, 401, 403, 404, 500, 502];

/// How the image is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    SigstoreKey,
    Policy,
}

const WAYS: [By; 2] = [By::SigstoreKey, By::Policy];

/// A site whose image has one signature of each kind, both good.
fn site() -> Site {
    let (mut site, key) = (Site::new(), Cosign::new());
    site.sign();
    let payload = payload(&site.digest, &reference());
    let signature = key.sign(&payload);
    site.payload = site.registry.store(|store| {
        let repository = store.repository(REPOSITORY);
        repository.attach(&site.digest, &[(&payload, &signature)]);
        repository.blob(&payload)
    });
    let file = |name: &str| site.town.sandbox.path(name);
    site.town.sandbox.file("cosign.pub", key.pem());
    let policy = json!({"default": [{"type": "reject"}], "transports": {"docker": {HOST: [
        {"type": "signedBy", "keyType": "GPGKeys", "keyPath": file("key.gpg")},
        {"type": "sigstoreSigned", "keyPath": file("cosign.pub")},
    ]}}});
    site.town.sandbox.file("policy.json", policy.to_string());
    site
}

fn judged(site: &Site, by: By) -> Outcome {
    let image = format!("docker://{}", reference());
    let mut command = site.town.sandbox.command();
    command
        .args([
            "verify",
            "-o",
            "json",
            &image,
            "--registry-ca",
            "ca.pem",
            "--authfile",
            "logins.json",
        ])
        .args(["--registries.d", "registries.d", "--registries-conf", "registries.conf"])
        .env("HTTPS_PROXY", site.proxy.url());
    match by {
        By::SigstoreKey => command.args(["--sigstore-key", "cosign.pub"]),
        By::Policy => command.args(["--policy", "policy.json"]),
    };
    site.town.sandbox.finish(&mut command, b"")
}

/// By the key, what other places have does not matter; by the policy both signatures are needed. Only a plain 404 of the very
/// place says that there is none.
#[test]
fn statuses_of_every_place_by_a_sigstore_key_and_by_a_policy() {
    let tried = |place: Place| {
        let site = site();
        for by in WAYS {
            assert_eq!(judged(&site, by).verdict(), "Verified/Verified", "{by:?}");
        }
        for (status, by) in STATUSES.iter().flat_map(|status| WAYS.map(|by| (*status, by))) {
            let is_needed = match place {
                Place::Ping | Place::Manifest | Place::Attachment | Place::Blob => true,
                Place::Extension => by == By::Policy,
                Place::Lookaside | Place::Referrers => false,
            };
            site.server(place).answer(&site.path(place), Answer::status(status));
            let outcome = judged(&site, by);
            let verdict = outcome.verdict();
            let what = format!("{place:?} {by:?} {status}: {outcome:#?}");
            match (outcome.status, is_needed) {
                // Whoever asks how to log in is a registry.
                (0, true) => assert_eq!((place, status), (Place::Ping, 401), "{what}"),
                (0, false) => assert_eq!(verdict, "Verified/Verified", "{what}"),
                // It does not say then that it has the extension.
                (1, true) if (place, status, by) == (Place::Ping, 401, By::Policy) => {}
                (1, true) => {
                    let is_its_own = matches!(place, Place::Attachment | Place::Extension);
                    assert!(is_its_own && status == 404, "{what}");
                }
                (3, true) => assert!(verdict.starts_with("Unchecked/"), "{what}"),
                _ => panic!("{what}"),
            }
        }
    };
    std::thread::scope(|scope| {
        for place in PLACES {
            scope.spawn(move || tried(place));
        }
    });
}
