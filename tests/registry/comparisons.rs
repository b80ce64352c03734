// SPDX-License-Identifier: Apache-2.0
//! The comparison of mirrors with their source as the next step about an image whose signatures a mirror lacks.

use serde_json::json;

use super::lists::LIST;
use super::sources::REPOSITORY;
use super::tips::{command, next, policy, typed, verify_by};
use crate::registry::town::Town;
use crate::support::gpg::Signer;
use crate::support::hub::{Hub, MANIFEST};
use crate::support::images::payload;

/// Signatures are at the source, and the mirror has none.
#[test]
fn the_comparison_of_a_mirror_with_its_source() {
    let (town, source, mirror) = (Town::new(), Hub::plain(), Hub::plain());
    town.store_on_disk();
    let digest = source.store(|store| store.repository(REPOSITORY).image("v1", "gap"));
    mirror.store(|store| store.repository("copy").image("v1", "gap"));
    let reference = format!("{}/{REPOSITORY}:v1", source.host());
    town.keep(REPOSITORY, &digest, 1, &town.sign(&digest, &reference));
    town.conf(&format!("[[registry]]\nlocation = \"{}/ns/app\"\ninsecure = true\n[[registry.mirror]]\nlocation = \"{}/copy\"\ninsecure = true\n", source.host(), mirror.host()));
    let text = next(&town.verify(&[&format!("docker://{reference}"), "--explain"]).expect(1));
    let call = command(&text, "image-signature audit", " prints the command.");
    assert!(call.contains(" --mirrors "), "{call}");
    let outcome = typed(&town, &call);
    assert_ne!(outcome.status, 2, "{outcome:?}");
    assert!(outcome.stdout.contains("copy"), "{outcome:?}");
    // Each identity that is expected is one for the audit too.
    let image = format!("docker://{reference}");
    let expected = [format!("{}/other:v2", source.host()), reference];
    let args = expected.iter().flat_map(|own| ["--expected-identity", own.as_str()]);
    let args: Vec<&str> = [image.as_str(), "--explain"].into_iter().chain(args).collect();
    let text = next(&town.verify(&args).expect(1));
    let call = command(&text, "image-signature audit", " prints the command.");
    for own in &expected {
        assert!(call.contains(&format!("{image}={own}")), "{call}");
    }
    let audited = typed(&town, &format!("{} -o jsonl", call.replace('\'', ""))).stdout;
    assert!(
        expected.iter().all(|own| audited.contains(&format!("\"{own}\""))),
        "{audited}"
    );
    // A policy is asked about one at a time.
    let gpg = json!({"type": "signedBy", "keyType": "GPGKeys", "keyPath": town.key_file});
    policy(&town, &gpg);
    let stranger = Signer::new();
    let key = stranger.simple_key("stranger@example.org");
    town.keep(
        "copy",
        &digest,
        1,
        &stranger.sign(&key, &payload(&digest, &expected[1])),
    );
    let by_policy = [&args[..], &["--policy", "policy.json"]].concat();
    let text = next(&verify_by(&town, &by_policy).expect(1));
    let said = format!("policy why {} ", expected[0]);
    assert!(text.contains(&said), "{text}");
    assert!(
        text.ends_with(" shows the accepted keys for that one of the expected identities."),
        "{text}"
    );
}

/// The list has no signatures of its own: what is compared is the instance.
#[test]
fn the_comparison_of_an_instance_with_its_source() {
    let (town, source, mirror) = (Town::new(), Hub::plain(), Hub::plain());
    town.store_on_disk();
    let digests = [(&source, REPOSITORY), (&mirror, "copy")].map(|(hub, repository)| {
        let digest = hub.store(|store| store.repository(repository).image("", "instance"));
        let list = json!({"schemaVersion": 2, "mediaType": LIST, "manifests": [{
            "mediaType": MANIFEST, "size": 1, "digest": digest,
            "platform": {"os": "linux", "architecture": "amd64"},
        }]});
        hub.store(|store| {
            store
                .repository(repository)
                .push("v1", LIST, list.to_string().as_bytes())
        });
        digest
    });
    let reference = format!("{}/{REPOSITORY}:v1", source.host());
    town.keep(REPOSITORY, &digests[0], 1, &town.sign(&digests[0], &reference));
    town.conf(&format!("[[registry]]\nlocation = \"{}/ns/app\"\ninsecure = true\n[[registry.mirror]]\nlocation = \"{}/copy\"\ninsecure = true\n", source.host(), mirror.host()));
    let args = [
        &format!("docker://{reference}"),
        "--platform",
        "linux/amd64",
        "--explain",
    ];
    let explained = town.verify(&args).expect(1);
    let text = explained.words();
    let call = command(&text, "image-signature audit", " prints the command.");
    assert!(
        call.contains(&digests[0]) && call.contains(&format!("={reference}")),
        "{call}"
    );
    let shown = typed(&town, &call.replace('\'', "")).stdout;
    assert!(shown.contains("skopeo"), "{call}: {shown}");
}
