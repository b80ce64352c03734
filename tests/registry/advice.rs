// SPDX-License-Identifier: Apache-2.0
//! What somebody is told to do next about an image in a registry.

use super::sources::{registry, REPOSITORY};
use crate::support::cosign::{self, Cosign};

/// What cosign signs by default is verified by the command line of README and image-signature-verify(1), and by no half of it.
#[test]
fn an_image_signed_by_cosign_is_verified_by_digest_and_rule_together() {
    let (town, hub, digest, reference) = registry();
    let (key, repository) = (Cosign::new(), reference.strip_suffix(":v1").unwrap());
    let payload = cosign::payload(&digest, repository);
    let signature = key.sign(&payload);
    hub.store(|store| store.repository(REPOSITORY).attach(&digest, &[(&payload, &signature)]));
    let file = town.sandbox.file("cosign.pub", key.pem());
    let by = ["--sigstore-key", file.to_str().unwrap()];
    let pinned = format!("docker://{repository}@{digest}");
    let rule = ["--identity-match", "matchRepository"];
    let verify = |args: &[&str]| town.verify_json(&[args, &by].concat());
    verify(&[&pinned, rule[0], rule[1]]).expect_verdict(0, "Verified/Verified");
    for half in [format!("docker://{reference}"), pinned] {
        verify(&[&half]).expect_verdict(1, "Rejected/IdentityMismatch");
    }
}

/// Where the sigstore signatures of an image were not asked for, nobody is sent to the publisher to ask for them.
#[test]
fn an_image_with_signatures_at_a_tag_that_is_not_asked() {
    let (town, hub, digest, reference) = registry();
    let payload = cosign::payload(&digest, &reference);
    let signature = Cosign::new().sign(&payload);
    hub.store(|store| store.repository(REPOSITORY).attach(&digest, &[(&payload, &signature)]));
    let image = format!("docker://{reference}");
    let outcome = town.verify(&[&image, "--explain"]).expect(1);
    let text = outcome.next().unwrap();
    let name = image.strip_suffix(":v1").unwrap();
    let next = format!(
        "Next: image-signature inspect {name}@{digest} --registries.d {} --registries-conf {} shows what there is in every place; --sigstore-key FILE",
        town.sandbox.path("registries.d").display(),
        town.sandbox.path("registries.conf").display()
    );
    assert!(text.contains(&next), "{text}");
    // The command is whole on a line of its own.
    let own = outcome
        .stdout
        .lines()
        .find(|line| line.trim_start().starts_with("image-signature"));
    assert!(own.is_some_and(|line| line.ends_with("registries.conf")), "{outcome:?}");
    // What is proposed shows it.
    let mut inspect = town.command(&["inspect", &format!("{name}@{digest}")]);
    let shown = town.sandbox.finish(&mut inspect, b"").expect(0).stdout;
    assert!(shown.contains(".sig: 1 signature"), "{shown}");
    // With a key they were asked for.
    let key = town.sandbox.file("cosign.pub", Cosign::new().pem());
    let text = town
        .verify(&[&image, "--explain", "--sigstore-key", key.to_str().unwrap()])
        .expect(1)
        .stdout;
    assert!(!text.contains("shows what there is"), "{text}");
}

/// Who has not named the configuration hears that the store is the built-in one, and what names another.
#[test]
fn an_image_for_which_no_lookaside_store_is_configured() {
    let (town, _hub, _, reference) = registry();
    let image = format!("docker://{reference}");
    let built_in = "no signature; built in: registries.d names no lookaside\n";
    let advice = format!(
        "name that in {}, where no file does (lookaside: URL).",
        town.sandbox.path("registries.d").display()
    );
    town.stores("");
    let text = town.verify(&[&image]).expect(1).stdout;
    assert!(text.contains(built_in), "{text}");
    let text = town.verify(&[&image, "--explain"]).expect(1).words();
    assert!(text.contains(&advice), "{text}");
    // Without that option it is one to think of.
    let mut command = town.sandbox.command();
    command
        .args(["verify", &image, "--explain", "--public-key"])
        .arg(&town.key_file);
    command
        .arg("--registries-conf")
        .arg(town.sandbox.path("registries.conf"));
    let text = town.sandbox.finish(&mut command, b"").expect(1).words();
    assert!(text.ends_with("--registries.d DIR."), "{text}");
    let store = town.sandbox.path("none");
    std::fs::create_dir(&store).unwrap();
    town.stores(&format!("default-docker:\n  lookaside: file://{}\n", store.display()));
    let text = town.verify(&[&image, "--explain"]).expect(1).words();
    assert!(!text.contains("built in") && !text.contains(&advice), "{text}");
}
