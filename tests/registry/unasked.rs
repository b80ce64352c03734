// SPDX-License-Identifier: Apache-2.0
//! Of a place that was not asked, or gave no answer that says so, nobody says that there is no signature.

use serde_json::json;

use super::sources::{registry, REPOSITORY};
use crate::support::cosign::{self, Cosign};

/// The cause stands in each block, and the next step in each explanation.
#[test]
fn sigstore_signatures_that_are_not_asked_for_are_not_said_to_be_missing() {
    let (town, hub, digest, reference) = registry();
    let image = format!("docker://{reference}");
    let key = Cosign::new();
    let payload = cosign::payload(&digest, &reference);
    let layers = [(&payload[..], &key.sign(&payload)[..])];
    hub.store(|store| store.repository(REPOSITORY).attach(&digest, &layers));
    town.sandbox.file("cosign.pub", key.pem());
    town.keep(REPOSITORY, &digest, 1, &town.sign(&digest, &reference));
    let gpg = json!({"type": "signedBy", "keyType": "GPGKeys", "keyPath": town.key_file});
    let sigstore = json!({"type": "sigstoreSigned", "keyPath": town.sandbox.path("cosign.pub")});
    let other = town
        .signer
        .key("Other <other@example.com>", "rsa2048", "sign,cert", "never");
    let other = town.signer.export(&[&other], &town.sandbox.path("other.gpg"));
    let other = json!({"type": "signedBy", "keyType": "GPGKeys", "keyPath": other});
    let run = |requirements: &[&serde_json::Value], more: &[&str], status: i32| {
        let policy = json!({"default": requirements}).to_string();
        town.sandbox.file("policy.json", policy);
        let mut command = town.sandbox.command();
        command.args(["verify", &image, "--policy", "policy.json"]).args(more);
        for name in ["registries.d", "registries.conf"] {
            let option = name.replace(".conf", "-conf");
            command.arg(format!("--{option}")).arg(town.sandbox.path(name));
        }
        town.sandbox.finish(&mut command, b"").expect(status).words()
    };
    for (requirements, kinds) in [
        (vec![&gpg, &sigstore], "GPG: Verified, sigstore: not asked"),
        (vec![&sigstore], "GPG: not checked, sigstore: not asked"),
        (
            vec![&other, &sigstore],
            "GPG: Rejected (UnknownKey), sigstore: not asked",
        ),
    ] {
        let text = run(&requirements, &[], 1);
        assert!(text.contains(kinds), "{text}");
        let place = "not asked; use-sigstore-attachments is not set for";
        assert!(text.contains("source attachment ") && text.contains(place), "{text}");
        let text = run(&requirements, &["--explain"], 1);
        let next = "If it has sigstore signatures, let them be asked for: use-sigstore-attachments is not set for";
        assert!(text.contains(next), "{text}");
    }
    // Where none is wanted, the place is no matter.
    let text = run(&[&other], &[], 1);
    assert!(!text.contains("attachment") && !text.contains("sigstore"), "{text}");
    // Asked, there is one, or there is none.
    let store = town.sandbox.path("lookaside");
    town.stores(&format!(
        "default-docker:\n  lookaside: file://{}\n  use-sigstore-attachments: true\n",
        store.display()
    ));
    run(&[&gpg, &sigstore], &[], 0);
    town.sandbox.file("cosign.pub", Cosign::new().pem());
    let text = run(&[&gpg, &sigstore], &[], 1);
    assert!(
        text.contains("GPG: Verified, sigstore: Rejected (BadSignature)"),
        "{text}"
    );
    let again = hub.store(|store| store.repository(REPOSITORY).image("v1", "without"));
    town.keep(REPOSITORY, &again, 1, &town.sign(&again, &reference));
    let text = run(&[&gpg, &sigstore], &[], 1);
    assert!(text.contains("GPG: Verified, sigstore: none"), "{text}");
}

/// Somebody has pushed an image under the tag of the signatures.
#[test]
fn signatures_of_which_no_usable_answer_came_are_not_said_to_be_missing() {
    let (town, hub, digest, reference) = registry();
    let image = format!("docker://{reference}");
    town.keep(REPOSITORY, &digest, 1, &town.sign(&digest, &reference));
    let tag = format!("{}.sig", digest.replace(':', "-"));
    let kind = "application/vnd.docker.distribution.manifest.v2+json";
    hub.store(|store| store.repository(REPOSITORY).push(&tag, kind, b"{}"));
    let key = town.sandbox.file("cosign.pub", Cosign::new().pem());
    let sigstore = ["--sigstore-key", key.to_str().unwrap()];
    let both = [&[image.as_str()], &sigstore[..]].concat();
    let text = town.verify(&both).expect(0).words();
    assert!(text.contains("GPG: Verified, sigstore: not known"), "{text}");
    let two = [&both[..], &["--require", "2"]].concat();
    let text = town.verify(&two).expect(3).words();
    assert!(text.contains("GPG: Verified, sigstore: not known"), "{text}");
    // Of GPG signatures there is a store that is away.
    std::fs::remove_dir_all(town.sandbox.path("lookaside")).unwrap();
    let text = town.verify(&both).expect(3).words();
    assert!(text.contains("GPG: not known, sigstore: not known"), "{text}");
}
